//! The data of events that the database writes by itself, or that are put together by hand: those of
//! runs, agents and contexts. Nothing is ever read into these types.
#![expect(dead_code, reason = "only their schemas are used")]

use schemars::{JsonSchema, Schema};
use uuid::Uuid;

use super::of;
use crate::ai_agent::Capabilities;
use crate::ai_agent::coordination::PartError;
use crate::execution::Environment;
use crate::ids::{
    ActionId, AgentId, ContextId, CoordinationId, EntityId, ExecutionId, ModelId, NodeId,
    ScheduleId, TaskId, UserId,
};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::schedule::{OverlapPolicy, ScheduleStatus};
use crate::vocabulary::{CoordinationMode, ErrorCategory, FeatureType, JobPriority};
use crate::workflow::plan::ActionEvent;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $($event_type:literal)+ { $($fields:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(JsonSchema)]
            #[schemars(rename_all = "camelCase")]
            struct $name { $($fields)* }
        )*

        /// Their schemas.
        pub(super) fn event_schemas() -> Vec<(&'static str, Schema)> {
            vec![$($(($event_type, of::<$name>()),)+)*]
        }
    };
}

/// What every event of a run carries.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct OfRun {
    /// The run.
    execution_id: ExecutionId,
    /// Its model; `null` once the run was purged.
    model_id: Option<ModelId>,
}

/// Why something failed.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Failure {
    /// Which fault.
    code: String,
    /// In words.
    message: String,
    /// Of what kind.
    #[schemars(skip_serializing_if = "Option::is_none")]
    category: Option<ErrorCategory>,
    /// The container.
    #[schemars(skip_serializing_if = "Option::is_none")]
    node_id: Option<NodeId>,
    /// The action.
    #[schemars(skip_serializing_if = "Option::is_none")]
    action_id: Option<ActionId>,
}

/// What an action came to.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct ActionResult {
    success: bool,
    output: serde_json::Value,
    duration_ms: i64,
}

/// What a task came to.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct TaskResult {
    success: bool,
    output: serde_json::Value,
    duration_ms: i64,
    tools_used: Vec<String>,
}

/// Why a task began.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct TaskTrigger {
    event_type: String,
    triggered_by: UserId,
}

/// How a task is done.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct TaskContext {
    available_tools: Vec<String>,
    execution_mode: String,
    timeout_ms: Option<i64>,
}

/// What every event about a time of a schedule carries.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct OfTime {
    /// The schedule.
    schedule_id: ScheduleId,
    /// Its model.
    model_id: ModelId,
    /// Whose it is.
    owner_id: UserId,
    /// The time.
    scheduled_for: Instant,
    /// When this happened.
    at: Instant,
    /// The time after it, if there is one.
    #[schemars(skip_serializing_if = "Option::is_none")]
    next_fire_at: Option<Instant>,
}

events! {
    /// A schedule, as it is from then on.
    ScheduleDefined = "ScheduleCreated" "ScheduleUpdated" "SchedulePaused" "ScheduleResumed" {
        schedule_id: ScheduleId,
        model_id: ModelId,
        version: String,
        parameters: JsonObject,
        environment: Environment,
        priority: JobPriority,
        timeout_seconds: Option<u32>,
        cron_expression: String,
        time_zone: String,
        starts_at: Option<Instant>,
        ends_at: Option<Instant>,
        overlap_policy: OverlapPolicy,
        catchup_window_seconds: i64,
        status: ScheduleStatus,
        by: UserId,
        at: Instant,
    }
    /// A schedule is gone.
    ScheduleRemoved = "ScheduleDeleted" {
        schedule_id: ScheduleId,
        model_id: ModelId,
        by: UserId,
        at: Instant,
    }
    /// A time of a schedule started a run.
    TimeFired = "ScheduleFired" {
        #[schemars(flatten)]
        of: OfTime,
        execution_id: ExecutionId,
        /// Earlier runs that were cancelled for it.
        #[schemars(skip_serializing_if = "Option::is_none")]
        cancelled: Option<Vec<ExecutionId>>,
    }
    /// A time of a schedule started nothing: earlier runs had not ended, or it was found too late.
    TimePassed = "ScheduleSkipped" "ScheduleMissed" {
        #[schemars(flatten)]
        of: OfTime,
    }
    /// A time of a schedule started nothing, since its owner may not, or the model cannot run.
    TimeRefused = "ScheduleRefused" {
        #[schemars(flatten)]
        of: OfTime,
        code: String,
        message: String,
    }
    /// A model is gone for good.
    ModelPurged = "FunctionModelPurged" {
        model_id: ModelId,
        purged_by: Option<UserId>,
        purged_at: Instant,
    }
    /// A run began.
    RunStarted = "WorkflowExecutionStarted" {
        #[schemars(flatten)]
        of: OfRun,
        version: String,
        environment: Environment,
        started_by: UserId,
        started_at: Instant,
        #[schemars(skip_serializing_if = "Option::is_none")]
        parent_execution_id: Option<ExecutionId>,
    }
    /// A run ended well.
    RunCompleted = "WorkflowExecutionCompleted" {
        #[schemars(flatten)]
        of: OfRun,
        outputs: Option<serde_json::Value>,
        duration_ms: i64,
        completed_nodes: serde_json::Value,
        completed_at: Instant,
    }
    /// A run failed.
    RunFailed = "WorkflowExecutionFailed" {
        #[schemars(flatten)]
        of: OfRun,
        errors: Vec<Failure>,
        failed_nodes: serde_json::Value,
        skipped_nodes: serde_json::Value,
        duration_ms: i64,
        failed_at: Instant,
    }
    /// A run was stopped for a while, goes on, or was stopped for good.
    RunTurned = "WorkflowExecutionPaused" "WorkflowExecutionResumed" "WorkflowExecutionCancelled" {
        #[schemars(flatten)]
        of: OfRun,
        #[schemars(skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        at: Instant,
        #[schemars(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    /// A container began.
    ContainerStarted = "ContainerNodeOrchestrationStarted" {
        #[schemars(flatten)]
        of: OfRun,
        node_id: NodeId,
        node_name: String,
        action_count: u32,
        started_at: Instant,
    }
    /// A container ended.
    ContainerCompleted = "ContainerNodeOrchestrationCompleted" {
        #[schemars(flatten)]
        of: OfRun,
        node_id: NodeId,
        node_name: String,
        success_count: u32,
        failure_count: u32,
        skipped_count: u32,
        duration_ms: i64,
        completed_at: Instant,
    }
    /// A worker has an action.
    ActionStarted = "ActionNodeExecutionStarted" {
        #[schemars(flatten)]
        of: OfRun,
        #[schemars(flatten)]
        action: ActionEvent,
        started_at: Instant,
        triggered_by: UserId,
    }
    /// An action ended well.
    ActionCompleted = "ActionNodeExecutionCompleted" {
        #[schemars(flatten)]
        of: OfRun,
        action_id: ActionId,
        action_name: String,
        execution_result: ActionResult,
        started_at: Instant,
        completed_at: Instant,
    }
    /// An attempt at an action failed.
    ActionFailed = "ActionNodeExecutionFailed" {
        #[schemars(flatten)]
        of: OfRun,
        action_id: ActionId,
        action_name: String,
        error: Failure,
        retry_attempt: u32,
        will_retry: bool,
        started_at: Option<Instant>,
        failed_at: Instant,
    }
    /// An action is tried again.
    ActionRetried = "ActionNodeExecutionRetried" {
        #[schemars(flatten)]
        of: OfRun,
        action_id: ActionId,
        action_name: String,
        retry_attempt: u32,
        max_retries: u32,
        retry_delay_ms: i64,
        reason: String,
        retried_at: Instant,
    }
    /// A run went into a nested model, or came back.
    LevelChanged = "FractalOrchestrationLevelChanged" {
        #[schemars(flatten)]
        of: OfRun,
        nested_model_id: Option<ModelId>,
        old_level: u32,
        new_level: u32,
        changed_at: Instant,
    }
    /// A context changed: of a model, or of a run.
    ContextUpdated = "NodeContextUpdated" {
        #[schemars(skip_serializing_if = "Option::is_none")]
        execution_id: Option<ExecutionId>,
        model_id: Option<ModelId>,
        node_id: NodeId,
        context_id: ContextId,
        requesting_node_id: NodeId,
        changed_properties: Vec<String>,
        emergency: bool,
        updated_by: UserId,
        updated_at: Instant,
    }
    /// An agent was registered.
    AgentConfigured = "AIAgentConfigured" {
        agent_id: AgentId,
        feature_type: FeatureType,
        entity_id: EntityId,
        #[schemars(skip_serializing_if = "Option::is_none")]
        node_id: Option<NodeId>,
        agent_name: String,
        #[schemars(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        instructions: String,
        tools: Vec<String>,
        capabilities: Capabilities,
        /// Absent when it is.
        #[schemars(skip_serializing_if = "Option::is_none")]
        is_enabled: Option<bool>,
        configured_by: UserId,
        configured_at: Instant,
    }
    /// An agent is configured differently.
    AgentReconfigured = "AIAgentConfigurationUpdated" {
        agent_id: AgentId,
        configuration: JsonObject,
        updated_by: UserId,
        updated_at: Instant,
    }
    /// An agent began a task.
    TaskStarted = "AIAgentExecutionStarted" {
        agent_id: AgentId,
        task_id: TaskId,
        agent_name: String,
        trigger: TaskTrigger,
        execution_context: TaskContext,
        started_at: Instant,
    }
    /// An agent did a task.
    TaskCompleted = "AIAgentExecutionCompleted" {
        agent_id: AgentId,
        task_id: TaskId,
        agent_name: String,
        result: TaskResult,
        completed_at: Instant,
    }
    /// An agent failed, in a task or by what somebody reported.
    TaskFailed = "AIAgentExecutionFailed" {
        agent_id: AgentId,
        #[schemars(skip_serializing_if = "Option::is_none")]
        task_id: Option<Uuid>,
        agent_name: String,
        error: PartError,
        failed_at: Instant,
    }
    /// An agent was taken out of service.
    AgentIsolated = "AIAgentIsolated" {
        agent_id: AgentId,
        reason: String,
        failure_count: u64,
        isolated_at: Instant,
    }
    /// A coordination began.
    CoordinationStarted = "AgentWorkflowStarted" {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        task_count: u32,
        started_by: UserId,
        started_at: Instant,
    }
    /// A stage of it ended.
    CoordinationStage = "AgentWorkflowStageCompleted" {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        stage: u32,
        results: serde_json::Value,
        completed_at: Instant,
    }
    /// It ended.
    CoordinationCompleted = "AgentWorkflowCompleted" {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        status: String,
        duration_ms: i64,
        completed_at: Instant,
    }
}
