//! Who changed what. Rows are written, and sealed, by the database itself, never through this port.

use domain::audit::{Seal, SealedRow};
use domain::ids::{ModelId, OrganizationId, UserId};
use domain::instant::Instant;
use domain::limits::JsonObject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Page, PageRequest, PortError};
use crate::context::Context;

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuditOperation {
    /// It came to be.
    Create,
    /// Some of its columns changed.
    Update,
    /// It is gone.
    Delete,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its own id.
    pub audit_id: Uuid,
    /// The table.
    pub table_name: String,
    /// What was done.
    pub operation: AuditOperation,
    /// The row; of a row with a compound key the parts joined.
    pub record_id: String,
    /// What was there, as far as it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_data: Option<Value>,
    /// What is there since, as far as it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_data: Option<Value>,
    /// Who did it; absent for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<UserId>,
    /// When.
    pub changed_at: Instant,
    /// The event in whose transaction it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The facts of that event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_data: Option<Value>,
    /// The model it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The event in whose transaction it happened, as an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// The request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
    /// Only those of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those of this model and its parts.
    pub model_id: Option<ModelId>,
    /// Only those of this thing: a model, a link, an agent, an organization, with its parts.
    pub record_id: Option<Uuid>,
    /// Only those of this row.
    pub row_id: Option<Uuid>,
    /// Only those of this table.
    pub table_name: Option<String>,
    /// Only this kind of change.
    pub operation: Option<AuditOperation>,
    /// Only those of this event type.
    pub event_type: Option<String>,
    /// Only those by this user.
    pub changed_by: Option<UserId>,
    /// Not before this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
}

/// A row as it was at some time, put together from its changes. States pass through as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RowState {
    /// The table.
    pub table_name: String,
    /// The row.
    pub row_id: Uuid,
    /// Its columns.
    pub state: JsonObject,
    /// Whether its creation is in the log; without it only columns that changed since are known.
    pub complete: bool,
    /// When it was last changed.
    pub changed_at: Instant,
    /// By whom; absent for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<UserId>,
}

/// Some seals in a row, and everything they are compared with.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedRows {
    /// The seal before the first.
    #[serde(default)]
    pub previous: Option<Seal>,
    /// The seals, in their order.
    pub seals: Vec<Seal>,
    /// All retirements of the chain.
    pub retirements: Vec<Seal>,
    /// Every row in the range of the seals, in the order of sealing.
    pub rows: Vec<SealedRow>,
    /// The number the first seal should have.
    pub first_seal: i64,
    /// The number the last seal should have.
    pub last_seal: i64,
    /// The number of the newest seal of all; 0 when there is none.
    pub newest_seal: i64,
}

/// The audit trail, as the caller may see it.
pub trait AuditLogs {
    /// Changes to a model and its parts, newest first.
    async fn find_by_model(
        &self,
        context: &Context,
        model_id: ModelId,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError>;

    /// Changes to anything the caller may see, newest first, without the facts of events.
    async fn list(
        &self,
        context: &Context,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError>;

    /// The rows of a thing as they were after everything that began until then, by table and row,
    /// as JSON: each a [`RowState`].
    async fn states(
        &self,
        context: &Context,
        record_id: Uuid,
        at: Instant,
        page: &PageRequest,
    ) -> Result<Page<Value>, PortError>;

    /// The seals, newest first, as JSON: each a [`Seal`].
    async fn seals(&self, context: &Context, page: &PageRequest) -> Result<Page<Value>, PortError>;

    /// Seals behind a number with what they cover, for the service alone. Seals that share a range
    /// of rows come together, so there may be more than asked for.
    async fn sealed_rows(&self, after: i64, count: u32) -> Result<SealedRows, PortError>;

    /// The newest seal as JSON, null when it was taken before; for the service alone.
    async fn take_seal_to_publish(&self) -> Result<Value, PortError>;
}
