//! UC-005: pauses a run, and everything nested in it.

use domain::ids::ExecutionId;

use super::control::control;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Control, Execution, Ports};
use crate::writing::Saved;

/// Pauses a run: actions under way end and are recorded, no new one starts.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; `EXECUTION_NOT_RUNNING`; `Conflict` when
/// the caller named another revision.
pub async fn pause(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    reason: Option<&str>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    control(ports, context, execution_id, Control::Pause, reason, render).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::vocabulary::ExecutionStatus;
    use serde_json::json;

    use super::*;
    use crate::execution::{read, resume};
    use crate::in_memory::World;
    use crate::ports::{OutcomeKind, PortErrorKind};
    use crate::testing::{Draft, Run, alice, bob, refusal, rendered};

    fn attempt(world: &World, context: &Context, run: &Run) -> Result<Execution, UseCaseError> {
        let paused = pause(world, context, run.execution_id, Some("lunch"), rendered);
        world.run(paused).map(|saved| saved.value)
    }

    fn go_on(world: &World, run: &Run) -> Result<Execution, UseCaseError> {
        let who = alice();
        let resumed = resume(world, &who, run.execution_id, None, rendered);
        world.run(resumed).map(|saved| saved.value)
    }

    #[test]
    fn what_runs_ends_and_nothing_new_starts_until_the_run_is_resumed() {
        let world = World::new();
        let mut run = Run::pending(&world, &Draft::order_to_cash(&world));
        let early = refusal(attempt(&world, &alice(), &run).unwrap_err());
        assert_eq!(early, Code::ExecutionNotRunning);
        run.claim(&world);
        let paused = attempt(&world, &alice(), &run).unwrap();
        assert_eq!(paused.status, ExecutionStatus::Paused);
        run.report(&world, OutcomeKind::Completed { output: json!(1) });
        assert!(run.claim.is_none(), "nothing new starts");
        let twice = refusal(attempt(&world, &alice(), &run).unwrap_err());
        assert_eq!(twice, Code::ExecutionNotRunning);
        assert_eq!(
            go_on(&world, &run).unwrap().status,
            ExecutionStatus::Running
        );
        let again = refusal(go_on(&world, &run).unwrap_err());
        assert_eq!(again, Code::ExecutionNotPaused);
        run.claim(&world);
        run.report(&world, OutcomeKind::Completed { output: json!(2) });
        let ended = world.run(read(&world, &alice(), run.execution_id)).unwrap();
        assert_eq!(ended.execution.status, ExecutionStatus::Completed);
    }

    #[test]
    fn a_run_whose_last_action_ended_meanwhile_ends_when_it_is_resumed() {
        let world = World::new();
        let mut run = Run::pending(&world, &Draft::order_to_cash(&world));
        run.claim(&world);
        run.report(&world, OutcomeKind::Completed { output: json!(1) });
        attempt(&world, &alice(), &run).unwrap();
        run.report(&world, OutcomeKind::Completed { output: json!(2) });
        let status = || {
            let details = world.run(read(&world, &alice(), run.execution_id));
            details.unwrap().execution.status
        };
        assert_eq!(status(), ExecutionStatus::Paused);
        go_on(&world, &run).unwrap();
        assert_eq!(status(), ExecutionStatus::Completed);
    }

    #[test]
    fn strangers_and_lost_races_are_refused() {
        let world = World::new();
        let mut run = Run::pending(&world, &Draft::order_to_cash(&world));
        run.claim(&world);
        let hidden = attempt(&world, &bob(), &run).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
        let moved = PortErrorKind::OtherStatus;
        world.faults().fail_next("executions.pause", moved.clone());
        let late = refusal(attempt(&world, &alice(), &run).unwrap_err());
        assert_eq!(late, Code::ExecutionNotRunning);
        attempt(&world, &alice(), &run).unwrap();
        world.faults().fail_next("executions.resume", moved);
        let late = refusal(go_on(&world, &run).unwrap_err());
        assert_eq!(late, Code::ExecutionNotPaused);
        let mut stale = alice();
        stale.if_match = Some(1);
        let resumed = resume(&world, &stale, run.execution_id, None, rendered);
        let conflict = world.run(resumed).unwrap_err();
        assert!(matches!(
            conflict,
            UseCaseError::Conflict { if_match: true, .. }
        ));
    }
}
