//! Reads the events of a run.

use domain::ids::ExecutionId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, Ports, StoredEvent};

/// The stream of a run in its order, after the given version (0: from the start).
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden.
pub async fn events(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    after_version: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, UseCaseError> {
    access::view(ports, context, execution_id).await?;
    let events = ports
        .executions()
        .events(context, execution_id, after_version, limit);
    Ok(events.await?)
}
