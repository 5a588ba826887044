//! Lists the runs of a model.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;
use domain::vocabulary::ExecutionStatus;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access;
use crate::ports::{Execution, Executions, Extent, Page, PageRequest, Ports};

/// The runs of a model, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    status: Option<ExecutionStatus>,
    page: &PageRequest,
) -> Result<Page<Execution>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let runs = ports.executions().list(context, model_id, status, page);
    Ok(runs.await?)
}
