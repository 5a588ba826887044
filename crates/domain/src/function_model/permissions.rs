//! Who may do what with a model.

use crate::sorted::SortedSet;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::UserId;
use crate::organization::OrganizationRole;

/// The lists of a model. The owner is one user; every list holds at most 200, none twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Permissions {
    /// Who may do almost everything.
    pub owner: UserId,
    /// Who may edit, version, publish, run and archive.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub editors: Vec<UserId>,
    /// Who may look.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub viewers: Vec<UserId>,
    /// Who may publish.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub publishers: Vec<UserId>,
    /// Who may run.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub executors: Vec<UserId>,
    /// Who may archive.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub archivers: Vec<UserId>,
    /// Who may change these lists, and archive.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub administrators: Vec<UserId>,
}

/// The six lists as a creation may give them; the owner is always the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PermissionLists {
    /// See [`Permissions::editors`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub editors: Vec<UserId>,
    /// See [`Permissions::viewers`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub viewers: Vec<UserId>,
    /// See [`Permissions::publishers`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub publishers: Vec<UserId>,
    /// See [`Permissions::executors`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub executors: Vec<UserId>,
    /// See [`Permissions::archivers`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub archivers: Vec<UserId>,
    /// See [`Permissions::administrators`].
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_PER_LIST)))]
    pub administrators: Vec<UserId>,
}

/// Something a person may want to do with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Look at it, validate it, read its statistics and audit trail.
    View,
    /// Change it, or store a version.
    Edit,
    /// Publish it.
    Publish,
    /// Run it and control its runs.
    Execute,
    /// Change its permissions.
    ChangePermissions,
    /// Archive it.
    Archive,
    /// Mark it deleted.
    SoftDelete,
    /// Restore it, list and read it when deleted.
    Restore,
}

impl Act {
    /// The word that a refusal names in `required`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Publish => "publish",
            Self::Execute => "execute",
            Self::ChangePermissions => "change-permissions",
            Self::Archive => "archive",
            Self::SoftDelete => "soft-delete",
            Self::Restore => "restore",
        }
    }
}

const MAX_PER_LIST: usize = 200;

impl Permissions {
    /// The lists of a model that only its owner may touch.
    pub fn of_owner(owner: UserId) -> Self {
        Self::with_lists(owner, PermissionLists::default())
    }

    /// An owner with lists, unchecked; see [`Permissions::check`].
    pub fn with_lists(owner: UserId, lists: PermissionLists) -> Self {
        Self {
            owner,
            editors: lists.editors,
            viewers: lists.viewers,
            publishers: lists.publishers,
            executors: lists.executors,
            archivers: lists.archivers,
            administrators: lists.administrators,
        }
    }

    /// Checks the lists.
    ///
    /// # Errors
    /// `PERMISSIONS_INVALID` with every list that is too long or names somebody twice.
    pub fn check(&self) -> Result<(), DomainError> {
        let mut violations = Violations::new();
        for (name, list) in self.lists() {
            if list.len() > MAX_PER_LIST {
                let error = FieldError::new(name, "length").limit(MAX_PER_LIST);
                violations.add(Code::PermissionsInvalid, error);
            }
            let mut seen = SortedSet::new();
            if let Some(twice) = list.iter().find(|user| !seen.insert(**user)) {
                let error = FieldError::new(name, "unique").value(twice.to_string());
                violations.add(Code::PermissionsInvalid, error);
            }
        }
        violations.finish()
    }

    /// Every list with its name on the wire.
    pub fn lists(&self) -> [(&'static str, &[UserId]); 6] {
        [
            ("editors", &self.editors),
            ("viewers", &self.viewers),
            ("publishers", &self.publishers),
            ("executors", &self.executors),
            ("archivers", &self.archivers),
            ("administrators", &self.administrators),
        ]
    }

    /// Whether the user may do this, given their role in the model's organization, if any.
    ///
    /// A model without organization has no org admin; its owner may restore it, which needs
    /// `has_organization` to be false.
    pub fn allows(
        &self,
        act: Act,
        user: UserId,
        role: Option<OrganizationRole>,
        has_organization: bool,
    ) -> bool {
        let role = role.filter(|_| has_organization);
        let owner = self.owner == user;
        let editor = self.editors.contains(&user) || role == Some(OrganizationRole::Editor);
        let viewer = self.viewers.contains(&user) || role == Some(OrganizationRole::Viewer);
        let admin = role.is_some_and(OrganizationRole::is_admin);
        let publisher = self.publishers.contains(&user);
        let executor = self.executors.contains(&user);
        let archiver = self.archivers.contains(&user);
        let administrator = self.administrators.contains(&user);
        match act {
            Act::View => {
                let listed = publisher || executor || archiver || administrator;
                owner || editor || viewer || listed || admin
            }
            Act::Edit => owner || editor,
            Act::Publish => owner || editor || publisher,
            Act::Execute => owner || editor || executor,
            Act::ChangePermissions => owner || administrator || admin,
            Act::Archive => owner || editor || archiver || administrator || admin,
            Act::SoftDelete => owner || admin,
            Act::Restore => admin || (owner && !has_organization),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    const ACTS: [Act; 8] = [
        Act::View,
        Act::Edit,
        Act::Publish,
        Act::Execute,
        Act::ChangePermissions,
        Act::Archive,
        Act::SoftDelete,
        Act::Restore,
    ];

    /// A row of the table: one letter for each act that is allowed.
    fn row(person: UserId, role: Option<OrganizationRole>, has_organization: bool) -> String {
        let permissions = Permissions::with_lists(
            user(1),
            PermissionLists {
                editors: vec![user(2)],
                viewers: vec![user(3)],
                publishers: vec![user(4)],
                executors: vec![user(5)],
                archivers: vec![user(6)],
                administrators: vec![user(7)],
            },
        );
        ACTS.iter()
            .zip("vepxcasr".chars())
            .filter(|(act, _)| permissions.allows(**act, person, role, has_organization))
            .map(|(_, letter)| letter)
            .collect()
    }

    #[test]
    fn the_lists_grant_what_the_table_says() {
        let rows: Vec<String> = (1..=8).map(|n| row(user(n), None, true)).collect();
        assert_eq!(rows, ["vepxcas", "vepxa", "v", "vp", "vx", "va", "vca", ""]);
    }

    #[test]
    fn roles_in_the_organization_grant_what_the_table_says() {
        use OrganizationRole as R;
        let check = |role, expected: &str| assert_eq!(row(user(9), Some(role), true), expected);
        check(R::Owner, "vcasr");
        check(R::Admin, "vcasr");
        check(R::Editor, "vepxa");
        check(R::Viewer, "v");
        check(R::Member, "");
        assert_eq!(row(user(9), Some(R::Owner), false), "");
        assert_eq!(row(user(1), None, false), "vepxcasr");
    }

    #[test]
    fn lists_are_bounded_and_without_duplicates() {
        let mut permissions = Permissions::of_owner(user(1));
        permissions.editors = (0..201).map(|n| user(n + 1)).collect();
        permissions.viewers = vec![user(1), user(1)];
        let refusal = permissions.check().unwrap_err();
        assert_eq!(refusal.code, Code::PermissionsInvalid);
        let rules: Vec<&str> = refusal.errors.iter().map(|e| e.rule.as_str()).collect();
        assert_eq!(rules, ["length", "unique"]);
        assert_eq!(Act::Execute.as_str(), "execute");
        let words: SortedSet<&str> = ACTS.iter().map(|act| act.as_str()).collect();
        assert_eq!(words.len(), ACTS.len());
    }
}
