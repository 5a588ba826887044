//! Organizations: their name, the roles of their members, what happened to them.

mod membership;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Code, DomainError};
use crate::ids::{OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits;
use crate::vocabulary::words;

pub use membership::{
    ChangeMember, INVITATION_MS, Invitation, InviteMember, Member, MembershipEvent, MembershipFact,
    accept, change_role, invite, remove_member,
};

words!(
    /// What a member is in an organization.
    OrganizationRole {
        /// Administrates it, and may make others owners.
        Owner => "owner",
        /// Administrates it.
        Admin => "admin",
        /// Counts as editor of every model.
        Editor => "editor",
        /// Counts as viewer of every model.
        Viewer => "viewer",
        /// Belongs to it; grants nothing by itself.
        Member => "member",
    }
);

impl OrganizationRole {
    /// Whether the rules about an "org admin" hold for this role.
    pub fn is_admin(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether members of this role may change the organization's workflows and articles.
    pub fn may_edit_shared(self) -> bool {
        self.is_admin() || self == Self::Editor
    }
}

/// The command that founds an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrganization {
    /// Its name, 1–100 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub name: String,
}

/// The command that renames an organization; the name is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateOrganization {
    /// Its name, 1–100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub name: Option<String>,
}

/// The name of an organization after an update.
///
/// # Errors
/// `NOTHING_TO_CHANGE`; `ORGANIZATION_NAME_INVALID`.
pub fn rename(command: &UpdateOrganization) -> Result<String, DomainError> {
    match &command.name {
        Some(name) => organization_name(name),
        None => {
            let message = "At least one changed field is needed.";
            Err(DomainError::new(Code::NothingToChange, message))
        }
    }
}

/// An organization was founded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrganizationCreated {
    /// The new organization.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Who founded it, and is now its owner.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
}

impl OrganizationCreated {
    /// The type on the wire.
    pub const EVENT_TYPE: &'static str = "OrganizationCreated";

    /// The event as the log keeps it.
    pub fn to_json(&self) -> Value {
        serde_json::json!({ "eventType": Self::EVENT_TYPE, "eventVersion": 1, "data": self })
    }
}

/// An organization got another name, or is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrganizationChanged {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Its name now; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its name before.
    pub previous_name: String,
    /// Who did it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

impl OrganizationChanged {
    /// The event as the log keeps it: `OrganizationRenamed` or `OrganizationRemoved`.
    pub fn to_json(&self) -> Value {
        let event_type = match self.name {
            Some(_) => "OrganizationRenamed",
            None => "OrganizationRemoved",
        };
        let data = crate::json::to_value(self);
        serde_json::json!({ "eventType": event_type, "eventVersion": 1, "data": data })
    }
}

/// The schemas of the events' data.
#[cfg(feature = "schema")]
pub(crate) fn event_schemas() -> Vec<(&'static str, schemars::Schema)> {
    use crate::event_schema::of;
    vec![
        (OrganizationCreated::EVENT_TYPE, of::<OrganizationCreated>()),
        ("OrganizationRenamed", of::<OrganizationChanged>()),
        ("OrganizationRemoved", of::<OrganizationChanged>()),
        ("OrganizationMemberAdded", of::<MembershipEvent>()),
        ("OrganizationMemberRoleChanged", of::<MembershipEvent>()),
        ("OrganizationMemberRemoved", of::<MembershipEvent>()),
    ]
}

/// Founds an organization; its founder becomes its owner.
///
/// # Errors
/// `ORGANIZATION_NAME_INVALID`.
pub fn create(
    command: &CreateOrganization,
    organization_id: OrganizationId,
    by: UserId,
    now: Instant,
) -> Result<OrganizationCreated, DomainError> {
    Ok(OrganizationCreated {
        organization_id,
        name: organization_name(&command.name)?,
        created_by: by,
        created_at: now,
    })
}

/// Reads an organization's name: trimmed, 1–100 characters.
///
/// # Errors
/// `ORGANIZATION_NAME_INVALID` on field `name`.
pub fn organization_name(text: &str) -> Result<String, DomainError> {
    limits::text(text, 1, 100, Code::OrganizationNameInvalid).map_err(|mut refusal| {
        for error in &mut refusal.errors {
            error.field = "name".to_owned();
        }
        refusal
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn founding_checks_the_name() {
        let id = OrganizationId::from_uuid(Uuid::from_u128(1));
        let by = UserId::from_uuid(Uuid::from_u128(2));
        let now = Instant::from_millis(0);
        let name = |name: &str| CreateOrganization { name: name.into() };
        let event = create(&name(" Acme "), id, by, now).unwrap();
        assert_eq!(event.name, "Acme");
        assert_eq!(event.to_json()["data"]["name"], "Acme");
        assert_eq!(event.to_json()["eventType"], "OrganizationCreated");
        let refusal = create(&name(" "), id, by, now).unwrap_err();
        assert_eq!(refusal.code, Code::OrganizationNameInvalid);
        assert_eq!(refusal.errors[0].field, "name");
    }

    #[test]
    fn renaming_needs_a_name() {
        let named = |name: Option<&str>| UpdateOrganization {
            name: name.map(str::to_owned),
        };
        assert_eq!(rename(&named(Some(" Beta "))), Ok("Beta".to_owned()));
        let blank = rename(&named(Some(" "))).unwrap_err();
        assert_eq!(blank.code, Code::OrganizationNameInvalid);
        assert_eq!(
            rename(&named(None)).unwrap_err().code,
            Code::NothingToChange
        );
    }

    #[test]
    fn roles_say_what_they_may() {
        use OrganizationRole as R;
        let admins: Vec<&R> = R::ALL.iter().filter(|role| role.is_admin()).collect();
        assert_eq!(admins, [&R::Owner, &R::Admin]);
        let editors = R::ALL.iter().filter(|role| role.may_edit_shared()).count();
        assert_eq!(editors, 3);
    }
}
