//! UC-022: what follows when the service reports that an action failed.

use domain::action_failure::{FailureHandled, HandleActionFailure, PropagatedError};
use domain::error::{Code, DomainError};
use domain::ids::{ActionId, ExecutionId};
use domain::vocabulary::RunStatus;
use domain::workflow::failure::after_failure;
use domain::workflow::retry::{self, Verdict};

use super::access;
use super::read::run_status;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    ActionRun, Executions, Ids, LogLevel, LogLine, Outcome, OutcomeKind, PortErrorKind, Ports,
    ReportedFailure, StepState,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Records a failure of the attempt that is under way: it is tried again as the policy says, or
/// fails for good with what depends on it.
///
/// # Errors
/// `Forbidden` for everybody but the service; `EXECUTION_NOT_FOUND`, `ACTION_NOT_FOUND`;
/// `STATUS_TRANSITION_INVALID` when the action is not executing, or under another lease.
pub async fn handle_action_failure(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    action_id: ActionId,
    command: &HandleActionFailure,
    render: impl Fn(&Saved<FailureHandled>) -> StoredAnswer,
) -> Result<Saved<FailureHandled>, UseCaseError> {
    answered_before(ports, context).await?;
    access::service_only(context)?;
    let execution = access::view(ports, context, execution_id).await?;
    let plan = access::plan(ports, &execution).await?;
    let step = plan.step_of(action_id);
    let Some((step, action)) = step.and_then(|step| Some((step, plan.action(step)?))) else {
        return Err(UseCaseError::NotFound(Code::ActionNotFound));
    };
    let fault = command.fault()?;
    let runs = ports.executions().runs(context, execution_id).await?;
    let run = runs.iter().find(|run| run.step == step);
    let Some(run) = run.filter(|run| run.status == StepState::Executing) else {
        return Err(not_executing(run).into());
    };
    let random = ports.ids().fraction();
    let verdict = retry::decide(action, &fault, run.failures, random, false);
    let (kind, handled) = match verdict {
        Verdict::Retry { error, delay_ms } => {
            let handled = FailureHandled::retried(run.failures + 1, delay_ms);
            (OutcomeKind::Retry { error, delay_ms }, handled)
        }
        Verdict::Fail(error) => {
            let skip = after_failure(&plan, step);
            let propagated = PropagatedError::of(&plan, step, execution_id, &error, &skip);
            let handled = FailureHandled::failed(run.failures, propagated);
            let kind = OutcomeKind::Failed {
                error,
                skip: skip.steps(),
                reason: skip.reason().to_owned(),
                restart_after_ms: None,
                container_failed: skip.container_failed,
            };
            (kind, handled)
        }
    };
    let saved = Saved {
        value: handled,
        revision: execution.revision + 1,
    };
    let report = ReportedFailure {
        outcome: Outcome {
            execution_id,
            step,
            attempt: run.attempt,
            kind,
            logs: vec![LogLine {
                level: LogLevel::Warn,
                message: format!(
                    "“{}” was reported as failed: {}",
                    action.name, fault.message
                ),
            }],
        },
        lease_token: command.lease_token,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports.executions().record_failure(context, &report, answer);
    let written = written.await.map_err(|error| match error.kind {
        PortErrorKind::OtherStatus => not_executing(None).into(),
        _ => failure(context, error, Code::ExecutionNotFound),
    });
    done(written?)?;
    Ok(saved)
}

fn not_executing(run: Option<&ActionRun>) -> DomainError {
    let status = run.and_then(run_status);
    let from = status.map_or("pending", RunStatus::as_str);
    let to = RunStatus::Failed.as_str();
    let message = match status {
        None => "The action is not being executed, or under another lease.".to_owned(),
        Some(_) => format!("An action that is {from} cannot become {to}."),
    };
    DomainError::new(Code::StatusTransitionInvalid, message)
        .with("from", from)
        .with("to", to)
}

#[cfg(test)]
mod tests {
    use domain::action_failure::{FailureAction, ReportedError};
    use domain::vocabulary::{ErrorCategory, ExecutionStatus};

    use super::*;
    use crate::execution::read;
    use crate::in_memory::World;
    use crate::testing::{Draft, Run, alice, refusal, rendered, service};

    fn report(category: Option<ErrorCategory>) -> HandleActionFailure {
        HandleActionFailure {
            error: ReportedError {
                message: "it broke".into(),
                code: None,
                category,
            },
            occurred_at: None,
            lease_token: None,
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        run: &Run,
        action: ActionId,
        command: &HandleActionFailure,
    ) -> Result<FailureHandled, UseCaseError> {
        let id = run.execution_id;
        let handled = handle_action_failure(world, context, id, action, command, rendered);
        world.run(handled).map(|saved| saved.value)
    }

    #[test]
    fn a_passing_failure_is_retried_and_a_lasting_one_ends_the_run() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        let first = draft.actions[0];
        let early = attempt(&world, &service(), &run, first, &report(None)).unwrap_err();
        assert_eq!(refusal(early), Code::StatusTransitionInvalid);
        run.claim(&world);
        let retried = attempt(&world, &service(), &run, first, &report(None)).unwrap();
        assert_eq!(retried.action_taken, FailureAction::Retry);
        assert_eq!(retried.final_status, RunStatus::Retrying);
        assert_eq!((retried.retry_count, retried.backoff_delay_ms), (1, 1000));
        let twice = attempt(&world, &service(), &run, first, &report(None)).unwrap_err();
        assert_eq!(refusal(twice), Code::StatusTransitionInvalid);
        world.clock().advance(1000);
        run.claim = None;
        run.claim(&world);
        let lasting = report(Some(ErrorCategory::Validation));
        let failed = attempt(&world, &service(), &run, first, &lasting).unwrap();
        assert_eq!(failed.action_taken, FailureAction::FailFast);
        assert!(!failed.retry_attempted);
        assert_eq!(failed.propagated_errors.len(), 2);
        let ended = world.run(read(&world, &alice(), run.execution_id)).unwrap();
        assert_eq!(ended.execution.status, ExecutionStatus::Failed);
    }

    #[test]
    fn only_the_service_reports_and_only_under_the_present_lease() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        let first = draft.actions[0];
        let person = attempt(&world, &alice(), &run, first, &report(None)).unwrap_err();
        assert!(matches!(person, UseCaseError::Forbidden { .. }));
        let mut other = report(None);
        other.lease_token = Some(crate::in_memory::nth_id(77));
        let lost = attempt(&world, &service(), &run, first, &other).unwrap_err();
        assert_eq!(refusal(lost), Code::StatusTransitionInvalid);
        let unknown = ActionId::from_uuid(crate::in_memory::nth_id(0xabc));
        let missing = attempt(&world, &service(), &run, unknown, &report(None)).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::ActionNotFound));
        let blank = HandleActionFailure {
            error: ReportedError {
                message: " ".into(),
                code: None,
                category: None,
            },
            ..report(None)
        };
        let invalid = attempt(&world, &service(), &run, first, &blank).unwrap_err();
        assert_eq!(refusal(invalid), Code::ReasonInvalid);
    }
}
