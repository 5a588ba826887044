//! What ending, pausing and resuming a run have in common.

use domain::error::{Code, DomainError, FieldError};
use domain::function_model::Act;
use domain::ids::ExecutionId;
use domain::limits;
use domain::vocabulary::ExecutionStatus;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::function_model::access::forbidden;
use crate::ports::{Clock, Control, Execution, Executions, PortError, PortErrorKind, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Longest reason, in characters.
const REASON: usize = 2000;

/// Moves a run, and what is nested in it, to another status.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; the refusal of the state, which names both
/// states; `Conflict` when the caller named another revision.
pub(super) async fn control(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    control: Control,
    reason: Option<&str>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    answered_before(ports, context).await?;
    let execution = access::control(ports, context, execution_id).await?;
    let reason = reason.map(checked_reason).transpose()?;
    let status = next(execution.status, control)?;
    expect_revision(context, execution.revision)?;
    let saved = Saved {
        revision: execution.revision + 1,
        value: Execution {
            status,
            completed_at: status.is_finished().then(|| ports.clock().instant()),
            revision: execution.revision + 1,
            ..execution
        },
    };
    let answer = answer_to_keep(context, &saved, render);
    let written =
        ports
            .executions()
            .control(context, execution_id, control, reason.as_deref(), answer);
    done(
        written
            .await
            .map_err(|error| refusal(context, control, error))?,
    )?;
    Ok(saved)
}

/// The status a run gets by this, if it may.
fn next(status: ExecutionStatus, control: Control) -> Result<ExecutionStatus, DomainError> {
    let (allowed, next) = match control {
        Control::Cancel => (status.check_cancel(), ExecutionStatus::Cancelled),
        Control::Pause => (status.check_pause(), ExecutionStatus::Paused),
        Control::Resume => (status.check_resume(), ExecutionStatus::Running),
    };
    allowed.map(|()| next)
}

/// The database judges caller and state once more; what it refuses changed a moment ago.
fn refusal(context: &Context, control: Control, error: PortError) -> UseCaseError {
    let (code, message) = match (error.kind.clone(), control) {
        (PortErrorKind::Forbidden, _) => return forbidden(Act::Execute),
        (PortErrorKind::OtherStatus, Control::Pause) => (
            Code::ExecutionNotRunning,
            "The run is not running any more.",
        ),
        (PortErrorKind::OtherStatus, _) => {
            (Code::ExecutionNotPaused, "The run is not paused any more.")
        }
        _ => return failure(context, error, Code::ExecutionNotFound),
    };
    DomainError::new(code, message).into()
}

fn checked_reason(reason: &str) -> Result<String, DomainError> {
    limits::text(reason, 0, REASON, Code::ReasonInvalid).map_err(|_| {
        let error = FieldError::new("reason", "length").limit(REASON);
        DomainError::field(Code::ReasonInvalid, "The reason is too long.", error)
    })
}
