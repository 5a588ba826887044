//! UC-012: runs what is ready of a container, here and now.

use domain::error::{Code, DomainError};
use domain::ids::{ExecutionId, NodeId};
use domain::vocabulary::RunStatus;
use domain::workflow::orchestration::{OrchestrateContainer, check_running, steps_to_run};

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{
    ActionRun, Claim, Executions, Orchestrate, PortErrorKind, Ports, StepOptions, StepState, Worker,
};
use crate::writing::failure;

/// Hands what is ready of a container to this worker, also attempts that wait for their time. The
/// container's other actions follow as the plan of the run says.
///
/// # Errors
/// `Forbidden` for everybody but the service; `EXECUTION_NOT_FOUND`, `NODE_NOT_FOUND`;
/// `EXECUTION_NOT_RUNNING`; `ACTION_NOT_IN_CONTAINER`, `NO_ACTIONS`;
/// `ORCHESTRATION_ALREADY_RUNNING` while a worker has one of its actions.
pub async fn orchestrate(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    node_id: NodeId,
    command: &OrchestrateContainer,
    worker: &Worker,
) -> Result<Vec<Claim>, UseCaseError> {
    access::service_only(context)?;
    let execution = access::view(ports, context, execution_id).await?;
    let want = command.concurrency()?;
    let plan = access::plan(ports, &execution).await?;
    let runs = ports.executions().runs(context, execution_id).await?;
    let state = |step: u32| runs.iter().find(|run| run.step == step);
    let ended = |step| state(step).is_some_and(|run| run.finished_at.is_some());
    let ids = command.action_ids.as_deref();
    let steps = steps_to_run(&plan, node_id, None, |_| false).map(|_| ());
    let missing = steps
        .err()
        .filter(|refusal| refusal.code == Code::NodeNotFound);
    if missing.is_some() {
        return Err(UseCaseError::NotFound(Code::NodeNotFound));
    }
    check_running(execution.status)?;
    let wanted = steps_to_run(&plan, node_id, ids, ended)?;
    let all = steps_to_run(&plan, node_id, None, ended)?;
    let busy = |run: &ActionRun| matches!(run.status, StepState::Executing | StepState::Waiting);
    if all.iter().any(|step| state(*step).is_some_and(busy)) {
        return Err(running().into());
    }
    let others = all.into_iter().filter(|step| !wanted.contains(step));
    let order = Orchestrate {
        execution_id,
        skip: others.collect(),
        steps: wanted,
        options: StepOptions {
            failure_handling: command.failure_handling,
            context_propagation: command.context_propagation,
        },
    };
    let claims = ports
        .executions()
        .orchestrate(context, &order, worker, want);
    claims.await.map_err(|error| match error.kind {
        PortErrorKind::OtherStatus => running().into(),
        _ => failure(context, error, Code::ExecutionNotFound),
    })
}

fn running() -> DomainError {
    let message = "The container is running already.";
    DomainError::new(Code::OrchestrationAlreadyRunning, message)
        .with("from", RunStatus::Executing.as_str())
        .with("to", RunStatus::Executing.as_str())
}

#[cfg(test)]
mod tests {
    use domain::ids::ActionId;
    use domain::vocabulary::{ErrorCategory, FailureHandling};

    use super::*;
    use crate::in_memory::{World, nth_id};
    use crate::ports::{ActionError, OutcomeKind};
    use crate::testing::{Draft, Run, alice, refusal, service};

    fn worker() -> Worker {
        Worker {
            lease_token: nth_id(0xabcd),
            name: "service".into(),
            held: None,
        }
    }

    fn attempt(
        world: &World,
        who: &Context,
        run: &Run,
        node: NodeId,
        command: &OrchestrateContainer,
    ) -> Result<Vec<Claim>, UseCaseError> {
        let (id, worker) = (run.execution_id, worker());
        world.run(orchestrate(world, who, id, node, command, &worker))
    }

    fn plain() -> OrchestrateContainer {
        OrchestrateContainer::default()
    }

    /// A run whose first action waits for its second attempt.
    fn waiting(world: &World) -> (Draft, Run) {
        let draft = Draft::order_to_cash(world);
        let mut run = Run::pending(world, &draft);
        run.claim(world);
        let error = ActionError {
            code: "BROKEN".into(),
            message: "it broke".into(),
            category: ErrorCategory::Runtime,
        };
        let delay_ms = 60_000;
        run.report(world, OutcomeKind::Retry { error, delay_ms });
        (draft, run)
    }

    #[test]
    fn what_is_ready_is_handed_over_at_once_with_its_options() {
        let world = World::new();
        let (draft, run) = waiting(&world);
        let command = OrchestrateContainer {
            action_ids: Some(vec![draft.actions[0]]),
            failure_handling: Some(FailureHandling::Continue),
            context_propagation: Some(false),
            max_concurrency: Some(1),
        };
        let claims = attempt(&world, &service(), &run, draft.stage, &command).unwrap();
        assert_eq!((claims.len(), claims[0].attempt), (1, 2));
        let options = claims[0].options.as_ref().unwrap();
        assert_eq!(options.failure_handling, Some(FailureHandling::Continue));
        assert_eq!(options.context_propagation, Some(false));
        let again = attempt(&world, &service(), &run, draft.stage, &plain()).unwrap_err();
        assert_eq!(refusal(again), Code::OrchestrationAlreadyRunning);
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let world = World::new();
        let (draft, run) = waiting(&world);
        let person = attempt(&world, &alice(), &run, draft.stage, &plain()).unwrap_err();
        assert!(matches!(person, UseCaseError::Forbidden { .. }));
        let nowhere = NodeId::from_uuid(nth_id(0xfff));
        let unknown = attempt(&world, &service(), &run, nowhere, &plain()).unwrap_err();
        assert_eq!(unknown, UseCaseError::NotFound(Code::NodeNotFound));
        let empty = attempt(&world, &service(), &run, draft.input, &plain()).unwrap_err();
        assert_eq!(refusal(empty), Code::NoActions);
        let stranger = OrchestrateContainer {
            action_ids: Some(vec![ActionId::from_uuid(nth_id(0xeee))]),
            ..plain()
        };
        let stranger = attempt(&world, &service(), &run, draft.stage, &stranger).unwrap_err();
        assert_eq!(refusal(stranger), Code::ActionNotInContainer);
        let late = PortErrorKind::OtherStatus;
        world.faults().fail_next("executions.orchestrate", late);
        let late = attempt(&world, &service(), &run, draft.stage, &plain()).unwrap_err();
        assert_eq!(refusal(late), Code::OrchestrationAlreadyRunning);
        run.cancel(&world);
        let ended = attempt(&world, &service(), &run, draft.stage, &plain()).unwrap_err();
        assert_eq!(refusal(ended), Code::ExecutionNotRunning);
    }
}
