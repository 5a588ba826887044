//! Finding a run and judging the caller by its model.

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::ExecutionId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access as model;
use crate::ports::{Execution, Executions, Extent, Ports};

/// A run whose model the caller may view. The database shows no other.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when it is missing or hidden.
pub(crate) async fn view(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
) -> Result<Execution, UseCaseError> {
    let found = ports.executions().find(context, execution_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::ExecutionNotFound))
}

/// A run that the caller may control: who may execute the model, and who started the run.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when it is missing or hidden; `Forbidden` for those who may only look.
pub(crate) async fn control(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
) -> Result<Execution, UseCaseError> {
    let execution = view(ports, context, execution_id).await?;
    if execution.started_by == context.actor.user_id {
        return Ok(execution);
    }
    let loaded = model::load(
        ports,
        context,
        execution.model_id,
        Extent::Header,
        Act::Execute,
    );
    match loaded.await {
        Ok(_) => Ok(execution),
        Err(UseCaseError::NotFound(_)) => Err(UseCaseError::NotFound(Code::ExecutionNotFound)),
        Err(error) => Err(error),
    }
}
