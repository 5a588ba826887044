//! Reads the log of a run.

use domain::ids::ExecutionId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, LogFilter, Page, PageRequest, Ports, StoredLogLine};

/// The lines that workers wrote, oldest first.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden.
pub async fn logs(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    filter: &LogFilter,
    page: &PageRequest,
) -> Result<Page<StoredLogLine>, UseCaseError> {
    access::view(ports, context, execution_id).await?;
    let lines = ports.executions().logs(context, execution_id, filter, page);
    Ok(lines.await?)
}
