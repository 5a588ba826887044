//! UC-022: one more attempt at an action, asked for by hand.

use domain::error::{Code, DomainError};
use domain::ids::{ActionId, ExecutionId};
use domain::vocabulary::{ExecutionStatus, RunStatus};
use domain::workflow::plan::Plan;
use domain::workflow::resumption::{Again, EndedStep, Standing, once_more, take_up};

use super::access;
use super::read::run_status;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::function_model::access::forbidden;
use crate::ports::{ActionRun, Clock, Execution, Executions, PortErrorKind, Ports, Retry};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Makes the next attempt of an action possible now. A failed run is taken up again from the
/// action: what was completed stays, and what was skipped because of its failure gets its turn.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`, `ACTION_NOT_FOUND`; `Forbidden`; `STATUS_TRANSITION_INVALID` with the
/// states, `ACTION_ALREADY_EXECUTING`; unless forced `MAX_RETRIES_EXCEEDED` or `RETRY_TOO_EARLY`;
/// `Conflict` when the run moved on meanwhile.
pub async fn retry_action(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    action_id: ActionId,
    force: bool,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    answered_before(ports, context).await?;
    let execution = access::control(ports, context, execution_id).await?;
    let plan = access::plan(ports, &execution).await?;
    let runs = ports.executions().runs(context, execution_id).await?;
    let step = plan.step_of(action_id);
    let Some((step, action)) = step.and_then(|step| Some((step, plan.action(step)?))) else {
        return Err(UseCaseError::NotFound(Code::ActionNotFound));
    };
    let run = runs.iter().find(|run| run.step == step);
    let standing = Standing {
        status: run.and_then(run_status),
        failures: run.map_or(0, |run| run.failures),
        due_at: run.and_then(|run| run.due_at),
        ended_at: run.and_then(|run| run.finished_at),
    };
    let now = ports.clock().instant();
    let again = once_more(execution.status, action, &standing, now, force)?;
    if again == Again::TakeUp {
        check_top(&execution)?;
    }
    expect_revision(context, execution.revision)?;
    let retry = Retry {
        step,
        attempt: run.map_or(0, |run| run.attempt),
        resumption: (again == Again::TakeUp).then(|| take_up(&plan, step, &ended(&plan, &runs))),
    };
    let saved = Saved {
        revision: execution.revision + 1,
        value: Execution {
            status: ExecutionStatus::Running,
            completed_at: None,
            outputs: None,
            errors: Vec::new(),
            revision: execution.revision + 1,
            ..execution
        },
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports
        .executions()
        .retry(context, execution_id, &retry, answer);
    let written = written.await.map_err(|error| match error.kind {
        PortErrorKind::Forbidden => forbidden(domain::function_model::Act::Execute),
        _ => failure(context, error, Code::ExecutionNotFound),
    });
    done(written?)?;
    Ok(saved)
}

/// A nested run has given its result to the run above, which alone can ask for another.
fn check_top(execution: &Execution) -> Result<(), DomainError> {
    let Some(parent) = execution.parent_execution_id else {
        return Ok(());
    };
    let message =
        "A nested run is not taken up again by itself: retry the action of the run above.";
    let refusal = DomainError::new(Code::StatusTransitionInvalid, message);
    Err(refusal
        .with("from", execution.status.as_str())
        .with("to", ExecutionStatus::Running.as_str())
        .with("parentExecutionId", parent.to_string()))
}

fn ended<'a>(plan: &Plan, runs: &'a [ActionRun]) -> Vec<EndedStep<'a>> {
    let known = runs.iter().filter(|run| plan.step(run.step).is_some());
    known
        .filter_map(|run| {
            Some(EndedStep {
                step: run.step,
                status: run_status(run).filter(|status| *status != RunStatus::Cancelled)?,
                skip_reason: run.skip_reason.as_deref(),
                lets_others_go_on: run.lets_others_go_on,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::ErrorCategory;
    use serde_json::json;

    use super::*;
    use crate::execution::{events, read};
    use crate::in_memory::World;
    use crate::ports::{ActionError, OutcomeKind};
    use crate::testing::{Draft, Run, alice, bob, refusal, rendered, with_key};

    fn broken() -> ActionError {
        ActionError {
            code: "BROKEN".into(),
            message: "it broke".into(),
            category: ErrorCategory::Runtime,
        }
    }

    /// A run of two actions in a row of which the first failed for good.
    fn failed(world: &World) -> (Draft, Run) {
        let draft = Draft::order_to_cash(world);
        let mut run = Run::pending(world, &draft);
        run.claim(world);
        let step = run.claim.as_ref().unwrap().step;
        let plan = world.run(
            world
                .executions()
                .plan(run.claim.as_ref().unwrap().version_id),
        );
        let plan = plan.unwrap().unwrap();
        let skip = domain::workflow::failure::after_failure(&plan, step);
        run.report(
            world,
            OutcomeKind::Failed {
                error: broken(),
                skip: skip.steps(),
                reason: skip.reason().into(),
                restart_after_ms: None,
                container_failed: true,
            },
        );
        (draft, run)
    }

    fn attempt(
        world: &World,
        context: &Context,
        run: &Run,
        action: ActionId,
        force: bool,
    ) -> Result<Saved<Execution>, UseCaseError> {
        let retried = retry_action(world, context, run.execution_id, action, force, rendered);
        world.run(retried)
    }

    fn status(world: &World, run: &Run) -> ExecutionStatus {
        let details = world.run(read(world, &alice(), run.execution_id));
        details.unwrap().execution.status
    }

    #[test]
    fn a_failed_run_goes_on_from_the_action() {
        let world = World::new();
        let (draft, mut run) = failed(&world);
        assert_eq!(status(&world, &run), ExecutionStatus::Failed);
        let early = attempt(&world, &alice(), &run, draft.actions[0], false).unwrap_err();
        assert_eq!(refusal(early), Code::RetryTooEarly);
        world.clock().advance(1000);
        let keyed = with_key(alice(), "k", "h");
        let saved = attempt(&world, &keyed, &run, draft.actions[0], false).unwrap();
        assert_eq!(saved.value.status, ExecutionStatus::Running);
        let again = attempt(&world, &keyed, &run, draft.actions[0], false).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&saved)));
        run.claim(&world);
        assert_eq!(run.claim.as_ref().unwrap().attempt, 2);
        run.report(
            &world,
            OutcomeKind::Completed {
                output: json!({"a": 1}),
            },
        );
        run.report(
            &world,
            OutcomeKind::Completed {
                output: json!({"b": 2}),
            },
        );
        let details = world.run(read(&world, &alice(), run.execution_id)).unwrap();
        assert_eq!(details.execution.status, ExecutionStatus::Completed);
        assert_eq!(details.execution.progress.completed_nodes, 3);
        assert!(details.execution.errors.is_empty());
        let story = world.run(events(&world, &alice(), run.execution_id, 0, 100));
        let types: Vec<String> = story.unwrap().into_iter().map(|e| e.event_type).collect();
        let place = |name: &str| types.iter().position(|t| t == name).unwrap();
        assert!(place("WorkflowExecutionFailed") < place("ActionNodeExecutionRetried"));
        assert!(place("ActionNodeExecutionRetried") < place("WorkflowExecutionResumed"));
        assert_eq!(types.last().unwrap(), "WorkflowExecutionCompleted");
    }

    #[test]
    fn a_waiting_attempt_is_brought_forward() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        let (error, delay_ms) = (broken(), 60_000);
        run.report(&world, OutcomeKind::Retry { error, delay_ms });
        assert!(run.claim.is_none());
        let early = attempt(&world, &alice(), &run, draft.actions[0], false).unwrap_err();
        assert_eq!(refusal(early), Code::RetryTooEarly);
        attempt(&world, &alice(), &run, draft.actions[0], true).unwrap();
        run.claim(&world);
        assert_eq!(run.claim.as_ref().unwrap().attempt, 2);
        let busy = attempt(&world, &alice(), &run, draft.actions[0], true).unwrap_err();
        assert_eq!(refusal(busy), Code::ActionAlreadyExecuting);
    }

    #[test]
    fn who_may_not_and_what_is_not_there_are_refused() {
        let world = World::new();
        let (draft, run) = failed(&world);
        let action = draft.actions[0];
        let hidden = attempt(&world, &bob(), &run, action, true).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &run, action, true).unwrap_err();
        let required = "execute".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        let unknown = ActionId::from_uuid(crate::in_memory::nth_id(0xabc));
        let missing = attempt(&world, &alice(), &run, unknown, true).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::ActionNotFound));
        let skipped = attempt(&world, &alice(), &run, draft.actions[1], true).unwrap_err();
        assert_eq!(refusal(skipped), Code::StatusTransitionInvalid);
        world
            .faults()
            .fail_next("executions.retry", PortErrorKind::OtherStatus);
        let moved = attempt(&world, &alice(), &run, action, true).unwrap_err();
        assert!(matches!(moved, UseCaseError::Conflict { .. }));
    }
}
