//! Who changed what. Rows are written by the database itself, never through this port.

use domain::ids::{ModelId, UserId};
use domain::instant::Instant;
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
}

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
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
}
