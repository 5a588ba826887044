//! Who belongs to an organization, as what, and who is asked to join.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OrganizationRole;
use crate::error::{Code, DomainError, FieldError};
use crate::ids::{InvitationId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::json;

/// How long an invitation can be accepted, in milliseconds: 7 days.
pub const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// The longest e-mail address, in characters.
const EMAIL: usize = 254;

/// Somebody who belongs to an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Who belongs to it.
    pub user_id: UserId,
    /// As what.
    pub role: OrganizationRole,
    /// Since when.
    pub created_at: Instant,
}

/// Give a member another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeMember {
    /// The new role.
    pub role: OrganizationRole,
}

/// Ask somebody to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InviteMember {
    /// The address of an account, whether it exists already or not; case does not matter.
    #[cfg_attr(feature = "schema", schemars(length(min = 3, max = EMAIL), extend("format" = "email")))]
    pub email: String,
    /// The role to have, not above the caller's own.
    pub role: OrganizationRole,
}

/// A standing offer to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invitation {
    /// Its id.
    pub invitation_id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Who may accept it, in small letters.
    pub email: String,
    /// The role that comes with it.
    pub role: OrganizationRole,
    /// Who made it; it lapses when they may no longer give that role.
    pub invited_by: UserId,
    /// When it was made.
    pub created_at: Instant,
    /// Until when it can be accepted.
    pub expires_at: Instant,
    /// What accepting it takes; shown only once, in the answer to making it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What happened to a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipFact {
    /// It began.
    Added,
    /// It is another one now.
    RoleChanged,
    /// It ended.
    Removed,
}

/// Something happened to a membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MembershipEvent {
    /// What it was.
    #[serde(skip)]
    pub fact: MembershipFact,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Whose membership.
    pub user_id: UserId,
    /// The role now; of an ended membership the last one.
    pub role: OrganizationRole,
    /// The role before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_role: Option<OrganizationRole>,
    /// Who did it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

impl MembershipEvent {
    /// The event as the log keeps it.
    pub fn to_json(&self) -> Value {
        let event_type = match self.fact {
            MembershipFact::Added => "OrganizationMemberAdded",
            MembershipFact::RoleChanged => "OrganizationMemberRoleChanged",
            MembershipFact::Removed => "OrganizationMemberRemoved",
        };
        let data = json::to_value(self);
        serde_json::json!({ "eventType": event_type, "eventVersion": 1, "data": data })
    }
}

impl OrganizationRole {
    /// Whether members of this role may make others members of that role, and unmake them.
    pub fn may_give(self, role: Self) -> bool {
        self == Self::Owner || (self == Self::Admin && role != Self::Owner)
    }
}

/// Gives a member another role; nothing happens when it is the same.
///
/// # Errors
/// `LAST_OWNER` when nobody else owns the organization.
pub fn change_role(
    member: &Member,
    role: OrganizationRole,
    is_last_owner: bool,
    by: UserId,
    now: Instant,
) -> Result<Option<MembershipEvent>, DomainError> {
    if member.role == role {
        return Ok(None);
    }
    keep_an_owner(is_last_owner, role.as_str())?;
    Ok(Some(MembershipEvent {
        fact: MembershipFact::RoleChanged,
        organization_id: member.organization_id,
        user_id: member.user_id,
        role,
        previous_role: Some(member.role),
        changed_by: by,
        changed_at: now,
    }))
}

/// Ends a membership.
///
/// # Errors
/// `LAST_OWNER` when nobody else owns the organization.
pub fn remove_member(
    member: &Member,
    is_last_owner: bool,
    by: UserId,
    now: Instant,
) -> Result<MembershipEvent, DomainError> {
    keep_an_owner(is_last_owner, "none")?;
    Ok(MembershipEvent {
        fact: MembershipFact::Removed,
        organization_id: member.organization_id,
        user_id: member.user_id,
        role: member.role,
        previous_role: None,
        changed_by: by,
        changed_at: now,
    })
}

fn keep_an_owner(is_last_owner: bool, to: &str) -> Result<(), DomainError> {
    if !is_last_owner {
        return Ok(());
    }
    let message = "The last owner can neither leave nor become something else.";
    Err(DomainError::new(Code::LastOwner, message)
        .with("from", OrganizationRole::Owner.as_str())
        .with("to", to))
}

/// Makes an invitation.
///
/// # Errors
/// `INVALID_REQUEST` on field `email`.
pub fn invite(
    command: &InviteMember,
    invitation_id: InvitationId,
    organization_id: OrganizationId,
    by: UserId,
    now: Instant,
) -> Result<Invitation, DomainError> {
    Ok(Invitation {
        invitation_id,
        organization_id,
        email: email(&command.email)?,
        role: command.role,
        invited_by: by,
        created_at: now,
        expires_at: now.plus_millis(INVITATION_MS),
        token: None,
    })
}

/// Reads an address: trimmed, in small letters, something on both sides of one `@`.
fn email(text: &str) -> Result<String, DomainError> {
    let email = text.trim().to_lowercase();
    let parts = email.split_once('@');
    let sound = parts
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let blank = email.chars().any(|c| c.is_whitespace() || c.is_control());
    if sound && !blank && email.chars().count() <= EMAIL {
        return Ok(email);
    }
    let error = FieldError::new("email", "format").value(text);
    let message = "An e-mail address is needed.";
    Err(DomainError::field(Code::InvalidRequest, message, error))
}

/// Accepts an invitation; somebody who is a member already gets the role if it says more.
///
/// # Errors
/// `INVITATION_NOT_FOUND` when its time is over.
pub fn accept(
    invitation: &Invitation,
    role: Option<OrganizationRole>,
    by: UserId,
    now: Instant,
) -> Result<(OrganizationRole, Option<MembershipEvent>), DomainError> {
    if now >= invitation.expires_at {
        let message = "The invitation is over.";
        return Err(DomainError::new(Code::InvitationNotFound, message));
    }
    // Roles are ordered from the one that says most to the one that says least.
    if let Some(role) = role.filter(|role| *role <= invitation.role) {
        return Ok((role, None));
    }
    let event = MembershipEvent {
        fact: match role {
            None => MembershipFact::Added,
            Some(_) => MembershipFact::RoleChanged,
        },
        organization_id: invitation.organization_id,
        user_id: by,
        role: invitation.role,
        previous_role: role,
        changed_by: by,
        changed_at: now,
    };
    Ok((invitation.role, Some(event)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn member(role: OrganizationRole) -> Member {
        Member {
            organization_id: OrganizationId::from_uuid(Uuid::from_u128(1)),
            user_id: user(2),
            role,
            created_at: Instant::from_millis(0),
        }
    }

    fn now() -> Instant {
        Instant::from_millis(1_756_728_000_000)
    }

    #[test]
    fn only_owners_make_and_unmake_owners() {
        use OrganizationRole::{Admin, Editor, Member, Owner, Viewer};
        for role in OrganizationRole::ALL {
            assert!(Owner.may_give(*role));
            assert_eq!(Admin.may_give(*role), *role != Owner);
            for other in [Editor, Viewer, Member] {
                assert!(!other.may_give(*role));
            }
        }
    }

    #[test]
    fn the_last_owner_stays() {
        let owner = member(OrganizationRole::Owner);
        let role = OrganizationRole::Admin;
        let refusal = change_role(&owner, role, true, user(2), now()).unwrap_err();
        assert_eq!(refusal.code, Code::LastOwner);
        assert_eq!(
            (&refusal.data["from"], &refusal.data["to"]),
            (&"owner".into(), &"admin".into())
        );
        let refusal = remove_member(&owner, true, user(2), now()).unwrap_err();
        assert_eq!(refusal.code, Code::LastOwner);
        let same = change_role(&owner, OrganizationRole::Owner, true, user(2), now());
        assert_eq!(same, Ok(None));
        let changed = change_role(&owner, role, false, user(3), now()).unwrap();
        let json = changed.unwrap().to_json();
        assert_eq!(json["eventType"], "OrganizationMemberRoleChanged");
        assert_eq!(json["data"]["role"], "admin");
        assert_eq!(json["data"]["previousRole"], "owner");
        assert_eq!(json["data"]["changedAt"], "2025-09-01T12:00:00.000Z");
        let json = remove_member(&owner, false, user(2), now())
            .unwrap()
            .to_json();
        assert_eq!(json["eventType"], "OrganizationMemberRemoved");
        assert_eq!(json["data"].as_object().map(serde_json::Map::len), Some(5));
    }

    fn invitation(email: &str, role: OrganizationRole) -> Result<Invitation, DomainError> {
        let command = InviteMember {
            email: email.into(),
            role,
        };
        let id = InvitationId::from_uuid(Uuid::from_u128(9));
        let organization_id = OrganizationId::from_uuid(Uuid::from_u128(1));
        invite(&command, id, organization_id, user(1), now())
    }

    #[test]
    fn an_invitation_needs_an_address() {
        let made = invitation(" Ada@Example.org ", OrganizationRole::Editor).unwrap();
        assert_eq!(made.email, "ada@example.org");
        assert_eq!(made.expires_at.millis_since(now()), INVITATION_MS);
        let long = format!("{}@example.org", "a".repeat(250));
        for email in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a\u{0}@b", &long] {
            let refusal = invitation(email, OrganizationRole::Editor).unwrap_err();
            assert_eq!(refusal.errors[0].field, "email", "{email}");
        }
    }

    #[test]
    fn accepting_makes_a_member_or_a_greater_one() {
        use OrganizationRole::{Admin, Editor, Viewer};
        let offer = invitation("a@b", Editor).unwrap();
        let check = |role, expected, fact: Option<MembershipFact>| {
            let (role, event) = accept(&offer, role, user(5), now()).unwrap();
            assert_eq!((role, event.map(|event| event.fact)), (expected, fact));
        };
        check(None, Editor, Some(MembershipFact::Added));
        check(Some(Viewer), Editor, Some(MembershipFact::RoleChanged));
        check(Some(Editor), Editor, None);
        check(Some(Admin), Admin, None);
        let late = accept(&offer, None, user(5), offer.expires_at).unwrap_err();
        assert_eq!(late.code, Code::InvitationNotFound);
        let last = offer.expires_at.plus_millis(-1);
        let (_, event) = accept(&offer, None, user(5), last).unwrap();
        assert_eq!(
            event.unwrap().to_json()["eventType"],
            "OrganizationMemberAdded"
        );
    }
}
