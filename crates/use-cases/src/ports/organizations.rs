//! Organizations and who belongs to them.

use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::instant::Instant;
use domain::organization::{Invitation, Member, MembershipEvent, OrganizationRole};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// An organization as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub organization_id: OrganizationId,
    /// 1–100 characters.
    pub name: String,
    /// Who founded it.
    pub created_by: UserId,
    /// The caller's role in it, when the caller is a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrganizationRole>,
    /// When it was founded.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

/// An organization to found; its founder becomes its owner.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrganization {
    /// Its id.
    pub organization_id: OrganizationId,
    /// Its checked name.
    pub name: String,
    /// Events to append, each `{eventType, eventVersion, data}`.
    pub events: Vec<Value>,
    /// The answer to keep under the request's idempotency key.
    pub answer: Option<StoredAnswer>,
}

/// A member, and whether nobody else owns the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMember {
    /// The member.
    pub member: Member,
    /// Whether this is the only owner.
    pub is_last_owner: bool,
}

/// A change of one membership.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberChange {
    /// The member as the change was decided on.
    pub member: Member,
    /// The new role; nothing when the membership ends.
    pub role: Option<OrganizationRole>,
    /// What happened.
    pub event: MembershipEvent,
    /// The answer to keep under the request's idempotency key.
    pub answer: Option<StoredAnswer>,
}

/// An invitation of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The role the caller has in the organization already.
    #[serde(default)]
    pub role: Option<OrganizationRole>,
}

/// The acceptance of an invitation.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    /// What the invitation goes by.
    pub token: String,
    /// What happened; nothing for somebody who had as much before.
    pub event: Option<MembershipEvent>,
    /// The answer to keep under the request's idempotency key.
    pub answer: Option<StoredAnswer>,
}

/// The organizations the caller belongs to, who else does, and who is asked to.
pub trait Organizations {
    /// Founds one; answers its revision.
    async fn create(
        &self,
        context: &Context,
        organization: NewOrganization,
    ) -> Result<Written<i64>, PortError>;

    /// One of the caller's organizations.
    async fn find(
        &self,
        context: &Context,
        organization_id: OrganizationId,
    ) -> Result<Option<Organization>, PortError>;

    /// All of them, by name.
    async fn list(
        &self,
        context: &Context,
        page: &PageRequest,
    ) -> Result<Page<Organization>, PortError>;

    /// Renames one; answers its revision.
    async fn rename(
        &self,
        context: &Context,
        organization: &Organization,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes one that holds no model, and everything else in it.
    async fn remove(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Its members, longest first.
    async fn members(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Member>, PortError>;

    /// One of its members.
    async fn find_member(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Option<FoundMember>, PortError>;

    /// Changes or ends a membership.
    async fn save_member(
        &self,
        context: &Context,
        change: MemberChange,
    ) -> Result<Written<()>, PortError>;

    /// Its open invitations, newest first, for those who may make some.
    async fn invitations(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, PortError>;

    /// Stores an invitation and what its token comes to.
    async fn invite(
        &self,
        context: &Context,
        invitation: &Invitation,
        token: &str,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Takes an open invitation back.
    async fn revoke(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        invitation_id: InvitationId,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// The open invitation of this token, if the caller has confirmed its address and its maker
    /// may still give the role.
    async fn find_invitation(
        &self,
        context: &Context,
        token: &str,
    ) -> Result<Option<FoundInvitation>, PortError>;

    /// Uses an invitation up; its role becomes the caller's when something happened.
    async fn accept(
        &self,
        context: &Context,
        acceptance: Acceptance,
    ) -> Result<Written<()>, PortError>;
}
