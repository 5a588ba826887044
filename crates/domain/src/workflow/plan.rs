//! The plan of a version: its containers and actions as a graph of numbered steps.
//!
//! A version is compiled once, when it is published; its runs only count steps down. Steps are
//! numbered so that every step comes after those it waits for, and those of one container stand
//! together.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::condition::Condition;
use crate::error::{Code, DomainError};
use crate::finding::Finding;
use crate::function_model::{ActionKind, RetryPolicy};
use crate::ids::{ActionId, NodeId};
use crate::limits::JsonObject;
use crate::vocabulary::{ActionNodeType, ContainerNodeType, ExecutionMode, FailureHandling, words};

/// The number of this form of plans.
pub const PLAN_VERSION: u32 = 1;

/// What all runs of a version share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The form of the plan.
    pub plan_version: u32,
    /// The steps; a step's number is its place.
    pub steps: Vec<Step>,
    /// Parallel groups in which not all members may run at once.
    pub groups: Vec<Group>,
    /// The containers, in the order of execution.
    pub containers: Vec<PlanContainer>,
    /// The action steps whose outputs are the outputs of a run.
    pub outputs: Vec<u32>,
    /// Parameters that the input boundaries ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_parameters: Vec<String>,
    /// Stages that are not active, which refuse a start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inactive_stages: Vec<NodeId>,
    /// What else forbids every run of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unready: Vec<Finding>,
    /// Most nested models below this one, as its actions state it.
    pub max_depth: u32,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its number.
    pub step: u32,
    /// What it stands for.
    pub kind: StepKind,
    /// The place of its container.
    pub container: u32,
    /// How many steps, or releases of its group, it waits for.
    pub indegree: u32,
    /// The steps that wait for it.
    pub successors: Vec<u32>,
    /// Its group, when not all members of that may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// What a step of kind `action` runs.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Box<ActionStep>>,
}

words!(
    /// What a step stands for.
    StepKind {
        /// A container without actions.
        Pass => "pass",
        /// The start of a container.
        Open => "open",
        /// The end of a container.
        Close => "close",
        /// The end of a parallel group that another group follows.
        Join => "join",
        /// An action, handed to a worker.
        Action => "action",
    }
);

/// What an action step runs, with every default filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionStep {
    /// The action.
    pub action_id: ActionId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub action_type: ActionNodeType,
    /// How it runs beside its neighbours.
    pub execution_mode: ExecutionMode,
    /// 1–10, 10 most urgent.
    pub priority: u8,
    /// Milliseconds one attempt may take; absent means no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The effective retry policy: its own, the stage's, or that of its type.
    pub retry_policy: RetryPolicy,
    /// What must hold for it to run; only of conditional actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// What its final failure does: its own, the stage's, or `retry`.
    pub failure_handling: FailureHandling,
    /// Whether its failure stops the stage even when that would run on.
    pub critical: bool,
    /// The fields of its type.
    pub spec: JsonObject,
    /// What the events of a run repeat about it.
    pub event: ActionEvent,
    /// Why every run skips it, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
}

/// What the events of a run repeat about an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionEvent {
    /// The action.
    pub action_id: ActionId,
    /// Its type.
    pub action_type: ActionNodeType,
    /// Its name.
    pub action_name: String,
    /// Its stage.
    pub parent_node_id: NodeId,
    /// How it runs.
    pub execution_context: ActionExecutionContext,
}

/// How an action runs, as its event of starting tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionExecutionContext {
    /// How it runs beside its neighbours.
    pub execution_mode: ExecutionMode,
    /// 1–10.
    pub priority: u8,
    /// Estimated minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_duration_minutes: Option<f64>,
    /// The effective retry policy.
    pub retry_policy: RetryPolicy,
}

/// A parallel group in which not all members may run at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its steps in the order they start; whatever comes before releases the first `concurrency`
    /// of them, and each finished member releases the next.
    pub members: Vec<u32>,
    /// How many run at once.
    pub concurrency: u32,
}

/// A container of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlanContainer {
    /// The container.
    pub node_id: NodeId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub node_type: ContainerNodeType,
    /// The places of the containers it waits for.
    pub dependencies: Vec<u32>,
    /// Its first step.
    pub first: u32,
    /// Its last step.
    pub last: u32,
    /// The number of its actions.
    pub action_count: u32,
    /// Whether its failure stops the run.
    pub critical: bool,
    /// Its time limit in milliseconds, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Its level: 0 for those that wait for nothing.
    pub level: u32,
}

impl Plan {
    /// A step by its number.
    pub fn step(&self, number: u32) -> Option<&Step> {
        self.steps.get(number as usize)
    }

    /// The action of a step by its number.
    pub fn action(&self, number: u32) -> Option<&ActionStep> {
        self.step(number)?.action.as_deref()
    }

    /// The container of a step by its number.
    pub fn container_of(&self, number: u32) -> Option<&PlanContainer> {
        self.containers.get(self.step(number)?.container as usize)
    }

    /// The number of the step that runs an action.
    pub fn step_of(&self, action_id: ActionId) -> Option<u32> {
        let is_it = |step: &&Step| {
            step.action
                .as_ref()
                .is_some_and(|a| a.action_id == action_id)
        };
        self.steps.iter().find(is_it).map(|step| step.step)
    }

    /// The action steps with their actions, in order.
    pub fn actions(&self) -> impl Iterator<Item = (&Step, &ActionStep)> {
        self.steps
            .iter()
            .filter_map(|step| Some((step, step.action.as_deref()?)))
    }
}

impl ActionStep {
    /// The fields of the action's type, read.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` when a stored plan cannot be read.
    pub fn kind(&self) -> Result<ActionKind, DomainError> {
        let data = Value::Object(self.spec.clone());
        ActionKind::from_data(self.action_type, data).map_err(|error| {
            let message = format!("The action's data is malformed: {error}");
            DomainError::new(Code::ActionConfigurationInvalid, message)
        })
    }
}
