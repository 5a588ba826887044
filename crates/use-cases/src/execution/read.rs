//! Reads a run with what became of its containers and actions.

use domain::sorted::SortedMap;

use domain::ids::{ActionId, ExecutionId, NodeId};
use domain::instant::Instant;
use domain::vocabulary::{ExecutionStatus, RunStatus};
use domain::workflow::plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{ActionError, ActionRun, Execution, Executions, Ports, Step, StepState};

/// A run in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExecutionDetails {
    /// The run itself.
    #[serde(flatten)]
    pub execution: Execution,
    /// Its containers, in the order in which they can run.
    pub node_results: Vec<ContainerResult>,
}

/// Where a container of a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OrchestrationStatus {
    /// Its turn has not come.
    Planning,
    /// Under way.
    Executing,
    /// Starting nothing new.
    Paused,
    /// All its actions ended, none badly.
    Completed,
    /// An action failed for good, or the run was stopped while it was under way.
    Failed,
    /// Its turn never came.
    Skipped,
}

/// What became of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerResult {
    /// The container.
    pub node_id: NodeId,
    /// Its name in the snapshot.
    pub name: String,
    /// Where it stands.
    pub status: OrchestrationStatus,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When its turn came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When its last action ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
    /// Its actions as far as their turn has come, in plan order.
    pub action_results: Vec<ActionResult>,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionResult {
    /// The action.
    pub action_id: ActionId,
    /// Its name in the snapshot.
    pub name: String,
    /// Where it stands.
    pub status: RunStatus,
    /// How often a worker took it up.
    pub attempts: u32,
    /// What came out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ActionError>,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was first tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
    /// Milliseconds between the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
}

/// A run and what became of its parts so far.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
) -> Result<ExecutionDetails, UseCaseError> {
    let execution = access::view(ports, context, execution_id).await?;
    let runs = ports.executions().runs(context, execution_id).await?;
    let plan = access::plan(ports, &execution).await?;
    let node_results = container_results(&plan, &runs, execution.status);
    Ok(ExecutionDetails {
        execution,
        node_results,
    })
}

/// Sorts the steps of a run by container.
pub(crate) fn container_results(
    plan: &Plan,
    runs: &[ActionRun],
    status: ExecutionStatus,
) -> Vec<ContainerResult> {
    let runs: SortedMap<Step, &ActionRun> = runs.iter().map(|run| (run.step, run)).collect();
    let containers = plan.containers.iter();
    let results = containers.map(|container| {
        let first = runs.get(&container.first).copied();
        let last = runs.get(&container.last).copied();
        let steps = container.first..=container.last;
        let own: Vec<&ActionRun> = steps.filter_map(|step| runs.get(&step).copied()).collect();
        let failed = own
            .iter()
            .any(|run| run.status == StepState::Failed && !run.lets_others_go_on);
        let actions = own.iter().filter_map(|run| action_result(plan, run));
        ContainerResult {
            node_id: container.node_id,
            name: container.name.clone(),
            status: container_status(first, last, failed, status),
            reason: first.and_then(|run| run.skip_reason.clone()),
            started_at: first.and_then(|run| run.started_at.or(run.finished_at)),
            completed_at: last.and_then(|run| run.finished_at),
            action_results: actions.collect(),
        }
    });
    results.collect()
}

fn container_status(
    first: Option<&ActionRun>,
    last: Option<&ActionRun>,
    failed: bool,
    run: ExecutionStatus,
) -> OrchestrationStatus {
    use OrchestrationStatus as S;
    let state = |run: Option<&ActionRun>| run.map(|run| run.status);
    let ended = last.is_some_and(|run| run.finished_at.is_some());
    match state(first) {
        Some(StepState::Skipped) => S::Skipped,
        Some(StepState::Completed) if ended && state(last) != Some(StepState::Cancelled) => {
            if failed {
                S::Failed
            } else {
                S::Completed
            }
        }
        Some(StepState::Completed) if run.is_finished() => S::Failed,
        Some(StepState::Completed) if run == ExecutionStatus::Paused => S::Paused,
        Some(StepState::Completed) => S::Executing,
        _ if run.is_finished() => S::Skipped,
        _ => S::Planning,
    }
}

/// Where an action stands; `None` before its turn has come.
pub(super) fn run_status(run: &ActionRun) -> Option<RunStatus> {
    Some(match run.status {
        StepState::Pending => return None,
        StepState::Ready if run.failures > 0 => RunStatus::Retrying,
        StepState::Ready => RunStatus::Ready,
        StepState::Executing | StepState::Waiting => RunStatus::Executing,
        StepState::Completed => RunStatus::Completed,
        StepState::Failed => RunStatus::Failed,
        StepState::Skipped => RunStatus::Skipped,
        StepState::Cancelled => RunStatus::Cancelled,
    })
}

fn action_result(plan: &Plan, run: &ActionRun) -> Option<ActionResult> {
    let action = plan.action(run.step)?;
    let status = run_status(run)?;
    let span = run.started_at.zip(run.finished_at);
    Some(ActionResult {
        action_id: action.action_id,
        name: action.name.clone(),
        status,
        attempts: run.attempt,
        output: run.output.clone(),
        error: run.error.clone(),
        reason: run.skip_reason.clone(),
        started_at: run.started_at,
        completed_at: run.finished_at,
        duration_ms: span.map(|(started, ended)| ended.millis_since(started)),
    })
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{LogLevel, LogLine, OutcomeKind};
    use crate::testing::{Draft, Run, alice, bob};

    fn look(world: &World, run: &Run) -> ExecutionDetails {
        world.run(read(world, &alice(), run.execution_id)).unwrap()
    }

    fn statuses(details: &ExecutionDetails) -> Vec<OrchestrationStatus> {
        details
            .node_results
            .iter()
            .map(|result| result.status)
            .collect()
    }

    fn broken() -> ActionError {
        ActionError {
            code: "BROKEN".into(),
            message: "it broke".into(),
            category: domain::vocabulary::ErrorCategory::Runtime,
        }
    }

    #[test]
    fn a_run_shows_where_its_parts_stand() {
        use OrchestrationStatus as S;
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        assert_eq!(
            statuses(&look(&world, &run)),
            [S::Planning, S::Planning, S::Planning]
        );
        run.claim(&world);
        let details = look(&world, &run);
        assert_eq!(
            statuses(&details),
            [S::Completed, S::Executing, S::Planning]
        );
        let actions = &details.node_results[1].action_results;
        assert_eq!(
            (actions.len(), actions[0].status),
            (1, RunStatus::Executing)
        );
        assert_eq!(
            (actions[0].action_id, actions[0].attempts),
            (draft.actions[0], 1)
        );
        world.clock().advance(250);
        let retry = OutcomeKind::Retry {
            error: broken(),
            delay_ms: 100,
        };
        run.report(&world, retry);
        let retrying = look(&world, &run).node_results[1].action_results[0].clone();
        assert_eq!(
            (retrying.status, retrying.error),
            (RunStatus::Retrying, Some(broken()))
        );
        world.clock().advance(100);
        run.claim(&world);
        world.clock().advance(50);
        run.report(
            &world,
            OutcomeKind::Completed {
                output: json!({"x": 1}),
            },
        );
        let done = look(&world, &run).node_results[1].action_results[0].clone();
        assert_eq!(
            (done.status, done.attempts, done.duration_ms),
            (RunStatus::Completed, 2, Some(50))
        );
        assert_eq!(done.output, Some(json!({"x": 1})));
        run.report(&world, OutcomeKind::Completed { output: json!(2) });
        let details = look(&world, &run);
        assert_eq!(statuses(&details), [S::Completed; 3]);
        assert_eq!(details.execution.status, ExecutionStatus::Completed);
        assert_eq!(json!(details)["outputs"], json!({"x": 1, "Second": 2}));
    }

    #[test]
    fn a_failure_shows_what_it_took_along() {
        use OrchestrationStatus as S;
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        let plan = world.run(
            world
                .executions()
                .plan(look(&world, &run).execution.version_id),
        );
        let plan = plan.unwrap().unwrap();
        let last = plan.containers[2].first;
        let failed = OutcomeKind::Failed {
            error: broken(),
            skip: vec![run.claim.as_ref().unwrap().step + 1, last],
            reason: "DEPENDENCY_FAILED".into(),
            restart_after_ms: None,
            container_failed: true,
        };
        run.report(&world, failed);
        let details = look(&world, &run);
        assert_eq!(statuses(&details), [S::Completed, S::Failed, S::Skipped]);
        assert_eq!(details.execution.status, ExecutionStatus::Failed);
        assert_eq!(
            details.node_results[2].reason.as_deref(),
            Some("DEPENDENCY_FAILED")
        );
        let skipped = &details.node_results[1].action_results[1];
        assert_eq!((skipped.status, skipped.attempts), (RunStatus::Skipped, 0));
    }

    #[test]
    fn a_stopped_run_shows_what_was_under_way() {
        use OrchestrationStatus as S;
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        run.cancel(&world);
        let details = look(&world, &run);
        assert_eq!(statuses(&details), [S::Completed, S::Failed, S::Skipped]);
        let stopped = &details.node_results[1].action_results[0];
        assert_eq!(stopped.status, RunStatus::Cancelled);
    }

    #[test]
    fn strangers_find_nothing_and_a_lost_plan_is_an_internal_fault() {
        let world = World::new();
        let run = Run::pending(&world, &Draft::order_to_cash(&world));
        let hidden = world
            .run(read(&world, &bob(), run.execution_id))
            .unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
        world.lose_plans();
        let lost = world
            .run(read(&world, &alice(), run.execution_id))
            .unwrap_err();
        assert!(matches!(lost, UseCaseError::Internal(_)));
    }

    #[test]
    fn waiting_for_a_nested_run_counts_as_executing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        let child = run.child(&world);
        run.logs = vec![LogLine {
            level: LogLevel::Info,
            message: "descends".into(),
        }];
        run.report(
            &world,
            OutcomeKind::Child {
                child: Box::new(child),
            },
        );
        let action = look(&world, &run).node_results[1].action_results[0].clone();
        assert_eq!(action.status, RunStatus::Executing);
        assert_eq!(action.completed_at, None);
    }
}
