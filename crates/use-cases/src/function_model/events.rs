//! Reads what has happened: to one model, or in the whole log.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{EventFilter, EventLog, Extent, Page, PageRequest, Ports, StoredEvent};

/// The stream of a model in its order, after the given version (0: from the start).
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn events(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    after_version: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let log = ports.event_log();
    let history = log.history(context, model_id.as_uuid(), after_version, limit);
    Ok(history.await?)
}

/// The whole log in its order, as far as the caller may view what it is about.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn event_log(
    ports: &impl Ports,
    context: &Context,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Page<StoredEvent>, UseCaseError> {
    Ok(ports.event_log().list(context, filter, page).await?)
}
