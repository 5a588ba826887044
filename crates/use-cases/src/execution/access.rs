//! Finding a run and judging the caller by its model.

use std::rc::Rc;

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::{ExecutionId, VersionId};
use domain::workflow::plan::Plan;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access as model;
use crate::ports::{Execution, Executions, Extent, PortError, PortErrorKind, Ports};

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

/// The plan a run follows.
///
/// # Errors
/// `Internal` when the version has none.
pub(crate) async fn plan(
    ports: &impl Ports,
    execution: &Execution,
) -> Result<Rc<Plan>, UseCaseError> {
    let plan = ports.executions().plan(execution.version_id).await?;
    plan.ok_or_else(|| no_plan(execution.version_id))
}

/// A version whose plan is lost.
pub(crate) fn no_plan(version_id: VersionId) -> UseCaseError {
    let detail = format!("version {version_id} has no plan");
    PortError::new(PortErrorKind::Corrupt, "executions.plan", detail).into()
}

/// Lets nobody pass but the service itself.
///
/// # Errors
/// `Forbidden` for everybody else.
pub(crate) fn service_only(context: &Context) -> Result<(), UseCaseError> {
    if context.actor.service {
        return Ok(());
    }
    Err(UseCaseError::Forbidden {
        required: "service".to_owned(),
    })
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
    if context.actor.service || execution.started_by == context.actor.user_id {
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
