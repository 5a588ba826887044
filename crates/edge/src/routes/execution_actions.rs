//! Actions of a run: reports of failures, and one more attempt.

use domain::action_failure::{FailureHandled, HandleActionFailure};
use domain::ids::{ActionId, ExecutionId};
use serde::Deserialize;
use use_cases::Saved;
use use_cases::execution;
use use_cases::ports::Execution;

use super::executions::controlled;
use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

pub(crate) async fn fail<W: Wiring>(call: &Call<'_, W>, execution: &str, action: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let action_id = id("actionId", action, ActionId::parse)?;
    let command: HandleActionFailure = call.body()?;
    let render = |saved: &Saved<FailureHandled>| Response::json(Success::Ok, &saved.value);
    let keep = |saved: &Saved<FailureHandled>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let handled =
        execution::handle_action_failure(ports, context, execution_id, action_id, &command, keep);
    let saved = handled.await?;
    call.wiring.wake_engine();
    Ok(render(&saved))
}

/// The body of asking for one more attempt.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(crate) struct RetryAction {
    /// Whether the limits of the policy count; they do when absent.
    force: bool,
}

pub(crate) async fn retry<W: Wiring>(call: &Call<'_, W>, execution: &str, action: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let action_id = id("actionId", action, ActionId::parse)?;
    let RetryAction { force } = call.body()?;
    let keep = |saved: &Saved<Execution>| controlled(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let retried = execution::retry_action(ports, context, execution_id, action_id, force, keep);
    let saved = retried.await?;
    call.wiring.wake_engine();
    Ok(controlled(&saved))
}
