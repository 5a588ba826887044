//! Organizations and who belongs to them.

use domain::ids::{OrganizationId, UserId};
use domain::instant::Instant;
use domain::organization::OrganizationRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// An organization as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// The organizations the caller belongs to.
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
}
