//! Ends a run, and everything nested in it.

use domain::error::{Code, DomainError, FieldError};
use domain::ids::ExecutionId;
use domain::limits;
use domain::vocabulary::ExecutionStatus;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Execution, Executions, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Longest reason, in characters.
const REASON: usize = 2000;

/// Ends a run; what is being done for it right now ends as cancelled.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; `EXECUTION_ALREADY_FINISHED`.
pub async fn cancel(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    reason: Option<&str>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    answered_before(ports, context).await?;
    let execution = access::control(ports, context, execution_id).await?;
    let reason = reason.map(checked_reason).transpose()?;
    if execution.status.is_finished() {
        let message = "The run has ended already.";
        return Err(DomainError::new(Code::ExecutionAlreadyFinished, message).into());
    }
    let saved = Saved {
        revision: execution.revision + 1,
        value: Execution {
            status: ExecutionStatus::Cancelled,
            completed_at: Some(ports.clock().instant()),
            ..execution
        },
    };
    let answer = answer_to_keep(context, &saved, render);
    let cancelled = ports
        .executions()
        .cancel(context, execution_id, reason.as_deref(), answer);
    done(cancelled.await?)?;
    Ok(saved)
}

fn checked_reason(reason: &str) -> Result<String, DomainError> {
    limits::text(reason, 0, REASON, Code::ReasonInvalid).map_err(|_| {
        let error = FieldError::new("reason", "length").limit(REASON);
        DomainError::field(Code::ReasonInvalid, "The reason is too long.", error)
    })
}
