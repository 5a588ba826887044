//! What agents are asked to do: a queue that survives the workers, and coordinations of several.

use domain::ai_agent::Agent;
use domain::ai_agent::coordination::{
    PartError, PartResult, StageResult, SynchronizationPoint, Synchronized,
};
use domain::ids::{AgentId, CoordinationId, ExecutionId, OrganizationId, TaskId, UserId};
use domain::instant::Instant;
use domain::limits::JsonObject;
use domain::vocabulary::{AgentTaskStatus, AgentTaskType, CoordinationMode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{PortError, Written};
use crate::context::{Actor, Context, StoredAnswer};

/// A task to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAgentTask {
    /// Its id.
    pub task_id: TaskId,
    /// Who does it.
    pub agent_id: AgentId,
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do.
    pub task: String,
    /// What the agent should know.
    pub parameters: JsonObject,
    /// 0–10.
    pub priority: u8,
    /// Milliseconds of one attempt.
    pub timeout_ms: u32,
    /// Further attempts.
    pub max_retries: u32,
    /// Whether it may wait for room.
    pub queue_if_busy: bool,
    /// The worker that begins it at once when there is room; absent: it waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_token: Option<Uuid>,
    /// The run of which it is a step; that run's worker does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
}

/// What became of a new task.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StartedTask {
    /// Running or queued.
    pub status: AgentTaskStatus,
    /// The task, when the worker named with it begins it.
    #[serde(default)]
    pub claim: Option<Box<TaskClaim>>,
}

/// A task a worker is to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskClaim {
    /// Its id.
    pub task_id: TaskId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do.
    pub task: String,
    /// What the agent should know.
    pub parameters: JsonObject,
    /// Milliseconds of one attempt.
    pub timeout_ms: u32,
    /// Further attempts.
    pub max_retries: u32,
    /// On whose behalf.
    pub requested_by: UserId,
    /// Whose agent it is.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// The coordination it is part of.
    #[serde(default)]
    pub coordination_id: Option<CoordinationId>,
    /// Who does it.
    pub agent: Agent,
}

/// A task as it is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentTask {
    /// Its id.
    pub task_id: TaskId,
    /// Who does it.
    pub agent_id: AgentId,
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do.
    pub task: String,
    /// What the agent should know.
    #[serde(default)]
    pub parameters: JsonObject,
    /// 0–10.
    pub priority: u8,
    /// Milliseconds of one attempt.
    pub timeout_ms: u32,
    /// Further attempts.
    pub max_retries: u32,
    /// Where it stands.
    pub status: AgentTaskStatus,
    /// Attempts that were begun.
    pub attempts: u32,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed, or its last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<PartError>,
    /// Tools the agent used.
    #[serde(default)]
    pub tools_used: Vec<String>,
    /// How long it took, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Who asked for it.
    pub requested_by: UserId,
    /// The run of which it is a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// The coordination it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordination_id: Option<CoordinationId>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
}

/// What a worker has to say about a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    /// The task.
    pub task_id: TaskId,
    /// The attempt it is about.
    pub attempt: u32,
    /// `completed`, `failed`, or `retry`: this attempt failed, the next is under way.
    pub kind: &'static str,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<PartError>,
    /// Tools the agent used.
    pub tools_used: Vec<String>,
    /// Whether the agent is taken out of service for it.
    pub isolate: bool,
}

/// A worker and what it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskWorker {
    /// Names its leases.
    pub lease_token: Uuid,
    /// Tasks whose leases it wants to keep.
    pub held: Vec<TaskId>,
}

/// A stage of a coordination whose tasks have ended.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndedStage {
    /// The coordination.
    pub coordination_id: CoordinationId,
    /// How its tasks follow each other.
    pub mode: CoordinationMode,
    /// What happens after which stage.
    pub synchronization_points: Vec<SynchronizationPoint>,
    /// Whether later stages run after a failure.
    pub continue_on_failure: bool,
    /// How many tasks it has.
    pub task_count: usize,
    /// Which stage.
    pub stage: u32,
    /// What earlier stages came to.
    pub earlier: Vec<StageResult>,
    /// What its tasks came to, in their order.
    pub results: Vec<PartResult>,
    /// The stage that follows, if any.
    #[serde(default)]
    pub next_stage: Option<u32>,
    /// Whether its time is up.
    pub timed_out: bool,
    /// When it began.
    pub started_at: Instant,
    /// The database's time.
    pub now: Instant,
}

/// What a stage came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advance {
    /// The coordination.
    pub coordination_id: CoordinationId,
    /// The stage.
    pub stage: u32,
    /// Its result.
    pub result: StageResult,
    /// What synchronization points made of the outputs.
    pub synchronized: Vec<Synchronized>,
    /// The stage that begins; absent: the coordination has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_stage: Option<u32>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// What is told.
    pub events: Vec<Value>,
}

/// What a worker gets to do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TaskExchange {
    /// Tasks.
    pub claims: Vec<TaskClaim>,
    /// Ended stages.
    pub stages: Vec<EndedStage>,
    /// Reports that came too late.
    pub refused: Vec<TaskId>,
}

/// One task of a new coordination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPart {
    /// The task's id.
    pub task_id: TaskId,
    /// The caller's name for it.
    pub name: String,
    /// Who does it.
    pub agent_id: AgentId,
    /// When.
    pub stage: u32,
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do.
    pub task: String,
    /// What the agent should know.
    pub parameters: JsonObject,
    /// 0–10.
    pub priority: u8,
    /// Milliseconds of one attempt.
    pub timeout_ms: u32,
    /// Further attempts.
    pub max_retries: u32,
}

/// A new coordination.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCoordination {
    /// Its id.
    pub coordination_id: CoordinationId,
    /// How its tasks follow each other.
    pub mode: CoordinationMode,
    /// What happens after which stage.
    pub synchronization_points: Vec<SynchronizationPoint>,
    /// Whether later stages run after a failure.
    pub continue_on_failure: bool,
    /// How long it may take.
    pub timeout_ms: u32,
    /// Its tasks, in their order.
    pub parts: Vec<NewPart>,
    /// What is told.
    pub events: Vec<Value>,
}

/// A coordination as it is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Coordination {
    /// Its id.
    pub coordination_id: CoordinationId,
    /// How its tasks follow each other.
    pub mode: CoordinationMode,
    /// `running`, `completed`, `failed` or `partial`.
    pub status: String,
    /// What ended stages came to.
    #[serde(default)]
    pub stages: Vec<StageResult>,
    /// What synchronization points made of the outputs.
    #[serde(default)]
    pub synchronized: Vec<Synchronized>,
    /// How long it has taken.
    pub duration_ms: i64,
    /// Who asked for it.
    pub requested_by: UserId,
    /// When.
    pub created_at: Instant,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
}

/// The tasks of agents.
pub trait AgentTasks {
    /// Has an agent do something, judged as the context's actor.
    ///
    /// `NotFound`, `Forbidden`; `OtherStatus` when the agent is disabled, `AtCapacity` without room.
    async fn start(
        &self,
        context: &Context,
        task: &NewAgentTask,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<StartedTask>, PortError>;

    /// One task of an agent the actor sees.
    async fn find(&self, actor: &Actor, task_id: TaskId) -> Result<Option<AgentTask>, PortError>;

    /// Reports, keeps leases, and takes at most so many tasks.
    async fn exchange(
        &self,
        worker: &TaskWorker,
        reports: &[TaskReport],
        want: u32,
    ) -> Result<TaskExchange, PortError>;

    /// Begins a coordination, judged as the context's actor; failures as with `start`.
    async fn start_coordination(
        &self,
        context: &Context,
        coordination: &NewCoordination,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Says what an ended stage came to; false when it was another worker's by then.
    async fn advance(&self, worker: &TaskWorker, advance: &Advance) -> Result<bool, PortError>;

    /// One coordination the actor asked for.
    async fn find_coordination(
        &self,
        actor: &Actor,
        coordination_id: CoordinationId,
    ) -> Result<Option<Coordination>, PortError>;
}
