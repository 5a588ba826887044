//! UC-012: the actions of one container: how they are grouped, what they need, how far they are.

use serde::{Deserialize, Serialize};

use super::nesting::NestedModels;
use super::plan::Plan;
use super::structure;
use crate::error::{Code, DomainError, FieldError};
use crate::finding::Finding;
use crate::function_model::{ActionKind, ActionNode, ContainerNode, FunctionModel};
use crate::ids::{ActionId, NodeId};
use crate::sorted;
use crate::vocabulary::{
    ActionNodeType, ExecutionMode, ExecutionStatus, FailureHandling, RunStatus, Severity,
};

/// How the actions of a container run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerPlan {
    /// The container.
    pub node_id: NodeId,
    /// Its groups; each starts when the one before has ended.
    pub groups: Vec<ActionGroup>,
    /// Sums over all groups.
    pub totals: ContainerTotals,
    /// What its actions state that they need, added up.
    pub resources: ContainerResources,
    /// What is odd about it.
    pub warnings: Vec<Finding>,
}

/// Neighbours of one execution mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionGroup {
    /// How they run beside each other.
    pub mode: ExecutionMode,
    /// Its actions in the order they start.
    pub actions: Vec<PlannedAction>,
    /// How many run at once.
    pub concurrency: usize,
    /// Minutes it takes: the longest of a parallel group, else the sum.
    pub estimate_minutes: f64,
}

/// An action of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlannedAction {
    /// The action.
    pub action_id: ActionId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub action_type: ActionNodeType,
    /// Its place in the container.
    pub execution_order: u32,
    /// 1–10, 10 most urgent.
    pub priority: u8,
    /// Minutes it is taken to last.
    pub estimate_minutes: f64,
}

/// Sums over the groups of a container.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerTotals {
    /// Its actions.
    pub actions: usize,
    /// Its groups.
    pub groups: usize,
    /// Minutes all groups take, one after another.
    pub estimate_minutes: f64,
}

/// What the actions of a container need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerResources {
    /// Processors.
    pub cpu: f64,
    /// Megabytes of memory.
    pub memory_mb: f64,
    /// Seconds their attempts may take at most, one after another.
    pub timeout_seconds: u64,
    /// Whether many of them, or several at once, keep processors busy.
    pub cpu_intensive: bool,
    /// Connections.
    pub network: usize,
    /// Files.
    pub disk: usize,
}

/// The groups of a container, with estimates and needs.
///
/// # Errors
/// `NODE_NOT_FOUND`.
pub fn container_plan(
    model: &FunctionModel,
    node_id: NodeId,
) -> Result<ContainerPlan, DomainError> {
    let node = model.node(node_id)?;
    let mut actions = model.actions_of(node_id);
    sort(&mut actions);
    let groups: Vec<ActionGroup> = actions
        .chunk_by(|a, b| a.execution_mode == b.execution_mode)
        .map(|group| planned_group(node, group))
        .collect();
    let estimate_minutes = groups.iter().map(|group| group.estimate_minutes).sum();
    let findings = structure::validate(model, &NestedModels::new());
    let warnings = findings.into_iter().filter(|finding| {
        finding.node_id == Some(node_id) && finding.severity == Severity::Warning
    });
    Ok(ContainerPlan {
        node_id,
        totals: ContainerTotals {
            actions: actions.len(),
            groups: groups.len(),
            estimate_minutes,
        },
        resources: resources(node, &actions),
        groups,
        warnings: warnings.collect(),
    })
}

/// By order, then the most urgent first, then as they were.
fn sort(actions: &mut [&ActionNode]) {
    sorted::sort_by_key(actions, |action| {
        (action.execution_order, std::cmp::Reverse(action.priority))
    });
}

fn planned_group(node: &ContainerNode, group: &[&ActionNode]) -> ActionGroup {
    let mode = group
        .first()
        .map_or(ExecutionMode::Sequential, |a| a.execution_mode);
    let parallel = mode == ExecutionMode::Parallel;
    let mut members = group.to_vec();
    if parallel {
        sorted::sort_by_key(&mut members, |action| std::cmp::Reverse(action.priority));
    }
    let estimates = members.iter().map(|action| estimate_minutes(action));
    ActionGroup {
        mode,
        concurrency: if parallel {
            super::compile::concurrency(node, members.len())
        } else {
            1
        },
        estimate_minutes: if parallel {
            estimates.fold(0.0, f64::max)
        } else {
            estimates.sum()
        },
        actions: members.into_iter().map(planned).collect(),
    }
}

fn planned(action: &ActionNode) -> PlannedAction {
    PlannedAction {
        action_id: action.action_id,
        name: action.name.clone(),
        action_type: action.action_type(),
        execution_order: action.execution_order,
        priority: action.priority,
        estimate_minutes: estimate_minutes(action),
    }
}

/// Minutes an action is taken to last: as stated, else 10 for a nested model and 1 for others.
pub fn estimate_minutes(action: &ActionNode) -> f64 {
    action
        .estimated_duration_minutes
        .unwrap_or(match action.kind {
            ActionKind::Nested(_) => 10.0,
            _ => 1.0,
        })
}

fn resources(node: &ContainerNode, actions: &[&ActionNode]) -> ContainerResources {
    let n = actions.len();
    let stage = node.as_stage();
    let mut sum = ContainerResources {
        cpu_intensive: n > 3 || stage.is_some_and(|stage| stage.parallel_execution),
        network: n,
        disk: n / 2,
        ..ContainerResources::default()
    };
    for action in actions {
        if let ActionKind::Tether(tether) = &action.kind
            && let Some(stated) = &tether.resource_requirements
        {
            sum.cpu += stated.cpus().unwrap_or_default();
            sum.memory_mb += stated.memory_mb().unwrap_or_default();
            sum.timeout_seconds += u64::from(stated.timeout_seconds.unwrap_or_default());
        }
    }
    if n > 0 && sum.memory_mb == 0.0 {
        sum.memory_mb = (64.0 * n as f64).max(128.0);
    }
    sum
}

/// The order that closes gaps: by order, then the most urgent first, then as they were.
///
/// # Errors
/// `NODE_NOT_FOUND`; `NO_ACTIONS`.
pub fn suggested_order(
    model: &FunctionModel,
    node_id: NodeId,
) -> Result<Vec<ActionId>, DomainError> {
    model.node(node_id)?;
    let mut actions = model.actions_of(node_id);
    if actions.is_empty() {
        return Err(no_actions("The container has no actions."));
    }
    sort(&mut actions);
    Ok(actions.iter().map(|action| action.action_id).collect())
}

fn no_actions(message: &str) -> DomainError {
    DomainError::new(Code::NoActions, message)
}

/// How the actions of a container did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerMetrics {
    /// All actions.
    pub total: usize,
    /// Ended well.
    pub completed: usize,
    /// Ended badly.
    pub failed: usize,
    /// Never tried.
    pub skipped: usize,
    /// Completed of those that ended, 0 when none has, 2 decimals.
    pub success_rate: f64,
    /// Milliseconds all ended actions took.
    pub total_duration_ms: i64,
    /// Milliseconds an ended action took on average.
    pub average_duration_ms: f64,
}

impl ContainerMetrics {
    /// The metrics of actions by status and, of those that ran and ended, milliseconds.
    pub fn of(total: usize, ended: &[(RunStatus, Option<i64>)]) -> Self {
        let count = |status| ended.iter().filter(|(s, _)| *s == status).count();
        let durations: Vec<i64> = ended.iter().filter_map(|(_, duration)| *duration).collect();
        let total_duration_ms = durations.iter().sum();
        let (completed, failed) = (count(RunStatus::Completed), count(RunStatus::Failed));
        let share = |part: f64, whole: usize| match whole {
            0 => 0.0,
            whole => (part / whole as f64 * 100.0).round() / 100.0,
        };
        Self {
            total,
            completed,
            failed,
            skipped: count(RunStatus::Skipped) + count(RunStatus::Cancelled),
            success_rate: share(completed as f64, completed + failed),
            total_duration_ms,
            average_duration_ms: share(total_duration_ms as f64, durations.len()),
        }
    }

    /// 100 · finished ÷ total with 2 decimals; 100 for a container without actions.
    pub fn progress(&self) -> f64 {
        let finished = self.completed + self.failed + self.skipped;
        match self.total {
            0 => 100.0,
            total => (10_000.0 * finished as f64 / total as f64).round() / 100.0,
        }
    }
}

/// Run the actions of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OrchestrateContainer {
    /// Only these; the others of the container are skipped. All when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_ids: Option<Vec<ActionId>>,
    /// What a final failure does; as the version says when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_handling: Option<FailureHandling>,
    /// Whether actions see the outputs of those before them in the container; they do when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_propagation: Option<bool>,
    /// How many run at once at most, 1–100; as the version says when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub max_concurrency: Option<u32>,
}

/// How many actions one call takes at once when nothing is said.
const USUAL_CONCURRENCY: u32 = 8;

impl OrchestrateContainer {
    /// How many actions are taken at once.
    ///
    /// # Errors
    /// `INVALID_REQUEST` outside 1–100.
    pub fn concurrency(&self) -> Result<u32, DomainError> {
        match self.max_concurrency {
            Some(n) if !(1..=100).contains(&n) => {
                let limit = serde_json::json!({"min": 1, "max": 100});
                let error = FieldError::new("maxConcurrency", "range")
                    .limit(limit)
                    .value(n);
                let message = "Between 1 and 100 actions run at once.";
                Err(DomainError::field(Code::InvalidRequest, message, error))
            }
            given => Ok(given.unwrap_or(USUAL_CONCURRENCY)),
        }
    }
}

/// Whether containers of a run can be orchestrated.
///
/// # Errors
/// `EXECUTION_NOT_RUNNING` with the status.
pub fn check_running(status: ExecutionStatus) -> Result<(), DomainError> {
    if status == ExecutionStatus::Running {
        return Ok(());
    }
    let message = format!("Containers run in a run that is running; this one is {status}.");
    let refusal = DomainError::new(Code::ExecutionNotRunning, message);
    Err(refusal
        .with("from", status.as_str())
        .with("to", ExecutionStatus::Running.as_str()))
}

/// The steps of a container that are to run: those asked for that have not ended.
///
/// # Errors
/// `NODE_NOT_FOUND`; `ACTION_NOT_IN_CONTAINER` with every action that is not; `NO_ACTIONS`.
pub fn steps_to_run(
    plan: &Plan,
    node_id: NodeId,
    action_ids: Option<&[ActionId]>,
    ended: impl Fn(u32) -> bool,
) -> Result<Vec<u32>, DomainError> {
    let container = plan
        .containers
        .iter()
        .find(|container| container.node_id == node_id);
    let Some(container) = container else {
        return Err(DomainError::new(
            Code::NodeNotFound,
            "The run has no such container.",
        ));
    };
    let own: Vec<(u32, ActionId)> = (container.first..=container.last)
        .filter_map(|step| Some((step, plan.action(step)?.action_id)))
        .collect();
    let strangers = action_ids.unwrap_or_default().iter();
    let strangers: Vec<String> = strangers
        .filter(|id| !own.iter().any(|(_, own)| own == *id))
        .map(ActionId::to_string)
        .collect();
    if !strangers.is_empty() {
        let message = "An action belongs to another container.";
        let refusal = DomainError::new(Code::ActionNotInContainer, message);
        return Err(refusal.with("actionIds", strangers));
    }
    let wanted = |id: &ActionId| action_ids.is_none_or(|ids| ids.contains(id));
    let steps: Vec<u32> = own
        .iter()
        .filter(|(step, id)| wanted(id) && !ended(*step))
        .map(|(step, _)| *step)
        .collect();
    if steps.is_empty() {
        return Err(no_actions("Nothing of the container is left to run."));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflow::tests::{Sketch, action_id, boundary, node_id, object, stage};

    /// 60 + 90 sequential, then 45 and 30 at once, then 120 if its condition holds.
    fn sketch() -> Sketch {
        let minutes = [
            ("a", 60.0),
            ("b", 90.0),
            ("c", 45.0),
            ("d", 30.0),
            ("e", 120.0),
        ];
        let part = stage("s", &["in"])
            .actions(&["a", "b"])
            .parallel(&["c", "d"]);
        let sketch = Sketch::new()
            .with(boundary("in", "input", &[]))
            .with(part.conditional(&["e"]))
            .with(stage("empty", &["s"]));
        minutes.into_iter().fold(sketch, |sketch, (name, minutes)| {
            sketch.action(name, |action| {
                action.estimated_duration_minutes = Some(minutes)
            })
        })
    }

    #[test]
    fn neighbours_of_one_mode_form_groups() {
        let model = sketch().action("d", |action| action.priority = 9).model;
        let plan = container_plan(&model, node_id("s")).unwrap();
        let estimates: Vec<f64> = plan.groups.iter().map(|g| g.estimate_minutes).collect();
        assert_eq!(estimates, [150.0, 45.0, 120.0]);
        assert_eq!(plan.totals.estimate_minutes, 315.0);
        assert_eq!((plan.totals.actions, plan.totals.groups), (5, 3));
        assert_eq!(plan.groups[1].concurrency, 2);
        assert_eq!(
            plan.groups[1].actions[0].name, "d",
            "the urgent one starts first"
        );
        assert!(
            plan.warnings
                .iter()
                .all(|w| w.node_id == Some(node_id("s")))
        );
        let empty = container_plan(&model, node_id("empty")).unwrap();
        assert!(empty.groups.is_empty());
        assert!(!empty.warnings.is_empty(), "an empty stage is odd");
        let unknown = container_plan(&model, node_id("nowhere")).unwrap_err();
        assert_eq!(unknown.code, Code::NodeNotFound);
    }

    #[test]
    fn needs_add_up() {
        let needing = |cpu, memory, seconds| {
            json!({"tetherReferenceId": "w", "resourceRequirements": {
                "cpu": cpu, "memory": memory, "timeoutSeconds": seconds}})
        };
        let with = |sketch: Sketch, name: &str, data| {
            sketch.action(name, |action| {
                action.kind = ActionKind::parse(ActionNodeType::TetherNode, object(data)).unwrap();
            })
        };
        let sketch = with(sketch(), "a", needing(json!(2), json!(1024), 300));
        let sketch = with(sketch, "b", needing(json!("4000m"), json!("2Gi"), 600));
        let sum = container_plan(&sketch.model, node_id("s"))
            .unwrap()
            .resources;
        assert_eq!(
            (sum.cpu, sum.memory_mb, sum.timeout_seconds),
            (6.0, 3072.0, 900)
        );
        assert!(sum.cpu_intensive);
        assert_eq!((sum.network, sum.disk), (5, 2));
        let plain = Sketch::new().with(stage("s", &[]).actions(&["a"])).model;
        let sum = container_plan(&plain, node_id("s")).unwrap().resources;
        assert_eq!((sum.memory_mb, sum.cpu_intensive), (128.0, false));
    }

    #[test]
    fn the_suggested_order_is_stable() {
        let model = sketch()
            .action("a", |action| action.execution_order = 7)
            .model;
        let order = suggested_order(&model, node_id("s")).unwrap();
        assert_eq!(order, ["b", "c", "d", "e", "a"].map(action_id));
        let code = |name| suggested_order(&model, node_id(name)).unwrap_err().code;
        assert_eq!(code("empty"), Code::NoActions);
        assert_eq!(code("nowhere"), Code::NodeNotFound);
    }

    #[test]
    fn metrics_count_what_ended() {
        use RunStatus as S;
        let ended = [
            (S::Completed, Some(100)),
            (S::Failed, Some(50)),
            (S::Skipped, None),
        ];
        let metrics = ContainerMetrics::of(4, &ended);
        assert_eq!(
            (metrics.completed, metrics.failed, metrics.skipped),
            (1, 1, 1)
        );
        assert_eq!(
            (metrics.success_rate, metrics.average_duration_ms),
            (0.5, 75.0)
        );
        assert_eq!(metrics.progress(), 75.0);
        assert_eq!(ContainerMetrics::of(3, &ended[..1]).progress(), 33.33);
        assert_eq!(ContainerMetrics::default().progress(), 100.0);
        assert_eq!(ContainerMetrics::default().success_rate, 0.0);
    }

    #[test]
    fn the_limit_and_the_status_are_checked() {
        let asked = |max_concurrency| OrchestrateContainer {
            max_concurrency,
            ..OrchestrateContainer::default()
        };
        assert_eq!(asked(None).concurrency(), Ok(8));
        assert_eq!(asked(Some(100)).concurrency(), Ok(100));
        for wrong in [0, 101] {
            let refusal = asked(Some(wrong)).concurrency().unwrap_err();
            assert_eq!(refusal.code, Code::InvalidRequest);
        }
        assert!(check_running(ExecutionStatus::Running).is_ok());
        let refusal = check_running(ExecutionStatus::Paused).unwrap_err();
        assert_eq!(refusal.code, Code::ExecutionNotRunning);
        assert_eq!(refusal.data["from"], "paused");
    }

    #[test]
    fn only_what_is_left_of_the_container_runs() {
        let plan = sketch().plan();
        let run = |node: &str, ids: Option<&[ActionId]>, ended: bool| {
            steps_to_run(&plan, node_id(node), ids, |_| ended).map_err(|refusal| refusal.code)
        };
        assert_eq!(run("s", None, false).unwrap().len(), 5);
        let one = [action_id("c")];
        assert_eq!(run("s", Some(&one), false).unwrap().len(), 1);
        assert_eq!(run("s", None, true), Err(Code::NoActions));
        assert_eq!(run("empty", None, false), Err(Code::NoActions));
        assert_eq!(
            run("empty", Some(&one), false),
            Err(Code::ActionNotInContainer)
        );
        assert_eq!(run("nowhere", None, false), Err(Code::NodeNotFound));
    }
}
