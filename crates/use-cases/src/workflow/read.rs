//! Reads a task of the built-in workflow service.

use domain::error::Code;
use domain::ids::WorkflowId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Ports, Workflow, Workflows};

/// One task: the caller's own, or one of an organization the caller belongs to.
///
/// # Errors
/// `WORKFLOW_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    workflow_id: WorkflowId,
) -> Result<Workflow, UseCaseError> {
    let found = ports.workflows().find(context, workflow_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::WorkflowNotFound))
}
