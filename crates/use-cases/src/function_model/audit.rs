//! Reads who changed what in a model.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AuditEntry, AuditFilter, AuditLogs, Extent, Page, PageRequest, Ports};

/// The changes to a model and its parts, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn audit(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let entries = ports
        .audit_logs()
        .find_by_model(context, model_id, filter, page);
    Ok(entries.await?)
}
