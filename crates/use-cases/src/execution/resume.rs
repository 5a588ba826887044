//! UC-005: resumes a paused run, and everything nested in it.

use domain::ids::ExecutionId;

use super::control::control;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Control, Execution, Ports};
use crate::writing::Saved;

/// Lets a paused run go on; its tests are those of pausing.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; `EXECUTION_NOT_PAUSED`; `Conflict` when
/// the caller named another revision.
pub async fn resume(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    reason: Option<&str>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    control(
        ports,
        context,
        execution_id,
        Control::Resume,
        reason,
        render,
    )
    .await
}
