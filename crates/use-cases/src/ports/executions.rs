//! Runs of published versions: starting them, driving them, looking at them.

use std::rc::Rc;

use domain::execution::Progress;
use domain::ids::{
    ActionId, ExecutionId, ModelId, NodeId, OrganizationId, ScheduleId, UserId, VersionId,
};
use domain::instant::Instant;
use domain::vocabulary::{Environment, ExecutionStatus, JobPriority, RunMode};
use domain::workflow::plan::Plan;
use domain::workflow::resumption::Resumption;
use domain::workflow::retry::ActionError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Claim, Exchange, ExecutionError, LogLevel, NewExecution, Outcome, Page, PageRequest, PortError,
    PublishedVersion, Started, Step, StepOptions, StoredEvent, Worker, Written,
};
use crate::context::{Actor, Context, StoredAnswer};

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// Its id.
    pub execution_id: ExecutionId,
    /// The model.
    pub model_id: ModelId,
    /// The snapshot it runs.
    pub version_id: VersionId,
    /// The snapshot's number.
    pub version_number: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Where it takes place.
    pub environment: Environment,
    /// Its input.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Groups runs.
    pub session_id: String,
    /// Whether somebody waits.
    pub mode: RunMode,
    /// Against other runs.
    pub priority: JobPriority,
    /// Levels allowed below it.
    pub max_depth: u32,
    /// Nested models with trigger `manual` that may run.
    #[serde(default)]
    pub approved_actions: Vec<ActionId>,
    /// When it starts or was to start, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Instant>,
    /// When it fails if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
    /// How far it is.
    pub progress: Progress,
    /// What came out of it, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Map<String, Value>>,
    /// What went wrong.
    #[serde(default)]
    pub errors: Vec<ExecutionError>,
    /// The run it is nested in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_execution_id: Option<ExecutionId>,
    /// The step of that run that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_step: Option<Step>,
    /// The schedule that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<ScheduleId>,
    /// The time of the schedule that it started for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<Instant>,
    /// 0 for a run somebody started, otherwise the level of nesting.
    pub depth: u32,
    /// Who started it, or the run it is nested in.
    pub started_by: UserId,
    /// When it was asked for.
    pub created_at: Instant,
    /// When its first step began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
    /// Rises with every change.
    pub revision: i64,
}

/// Where a step of a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Some of what it depends on has not ended.
    Pending,
    /// Waiting for a worker, or for its next attempt.
    Ready,
    /// Leased to a worker.
    Executing,
    /// Waiting for a nested run.
    Waiting,
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// Never tried.
    Skipped,
    /// Ended by a cancellation.
    Cancelled,
}

/// One step of one run, from the moment something was known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionRun {
    /// The step, of any kind.
    pub step: Step,
    /// Where it stands.
    pub status: StepState,
    /// How often it was handed out.
    pub attempt: u32,
    /// How often it failed.
    pub failures: u32,
    /// Of a failed action: its container did not fail with it.
    #[serde(default)]
    pub lets_others_go_on: bool,
    /// Why it was skipped, or is going to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
    /// What came out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ActionError>,
    /// Of a failed attempt, when the next one may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// When it was first handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Instant>,
}

/// A line of a run's log as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoredLogLine {
    /// When it was stored.
    pub at: Instant,
    /// How serious.
    pub level: LogLevel,
    /// The container, when it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// The action, when it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// In words.
    pub message: String,
}

/// Which lines of a log are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFilter {
    /// At least this serious.
    pub level: Option<LogLevel>,
    /// Not before this instant.
    pub since: Option<Instant>,
}

/// What can be done to a run as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// It ends.
    Cancel,
    /// It starts nothing new.
    Pause,
    /// It goes on.
    Resume,
}

/// One more attempt at an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// The action's step.
    pub step: Step,
    /// The attempt that failed; another one there means that the action moved on.
    pub attempt: u32,
    /// How a failed run is set back; absent in a run that goes on.
    pub resumption: Option<Resumption>,
}

/// How an attempt failed, as somebody reports it who does not hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedFailure {
    /// What follows: `retry` or `failed`, with run, step and attempt.
    pub outcome: Outcome,
    /// Under which lease the attempt has to be held, if that matters.
    pub lease_token: Option<Uuid>,
}

/// What is to be run of a container, here and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orchestrate {
    /// The run.
    pub execution_id: ExecutionId,
    /// The steps to run.
    pub steps: Vec<Step>,
    /// The steps of the container that are left out.
    pub skip: Vec<Step>,
    /// What holds for the steps instead of the plan.
    pub options: StepOptions,
}

/// The runs, as the caller may see them, and the engine's own calls, which serve all users at once.
pub trait Executions {
    /// Starts runs and hands their first steps to the worker, if one is named.
    async fn start(
        &self,
        context: &Context,
        executions: &[NewExecution],
        answer: Option<StoredAnswer>,
        worker: Option<&Worker>,
        want: u32,
    ) -> Result<Written<Started>, PortError>;

    /// Records what a worker did and hands it at most `want` further steps; renews its lease.
    async fn exchange(
        &self,
        worker: &Worker,
        outcomes: &[Outcome],
        want: u32,
    ) -> Result<Exchange, PortError>;

    /// The plan of a version. It never changes, so it may be kept.
    async fn plan(&self, version_id: VersionId) -> Result<Option<Rc<Plan>>, PortError>;

    /// The published version of a model, judged as this user; for nested models during a run.
    async fn find_published_version(
        &self,
        actor: &Actor,
        model_id: ModelId,
    ) -> Result<Option<PublishedVersion>, PortError>;

    /// One run.
    async fn find(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Option<Execution>, PortError>;

    /// The runs of a model, newest first.
    async fn list(
        &self,
        context: &Context,
        model_id: ModelId,
        status: Option<ExecutionStatus>,
        page: &PageRequest,
    ) -> Result<Page<Execution>, PortError>;

    /// The steps of a run about which something is known, by number.
    async fn runs(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Vec<ActionRun>, PortError>;

    /// The log of a run, oldest line first.
    async fn logs(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> Result<Page<StoredLogLine>, PortError>;

    /// The events of a run in their order, after the given version (0: from the start).
    async fn events(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError>;

    /// Ends, pauses or resumes a run and what is nested in it; answers where it stands then.
    async fn control(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        control: Control,
        reason: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<ExecutionStatus>, PortError>;

    /// Makes one more attempt at an action possible, and takes a failed run up again for it.
    async fn retry(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        retry: &Retry,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Runs nested directly in some others.
    async fn nested(
        &self,
        context: &Context,
        execution_ids: &[ExecutionId],
    ) -> Result<Vec<Execution>, PortError>;

    /// Hands what is ready of a container to the worker; the service's alone. `OtherStatus` when
    /// the run is not running, or somebody has one of the steps.
    async fn orchestrate(
        &self,
        context: &Context,
        order: &Orchestrate,
        worker: &Worker,
        want: u32,
    ) -> Result<Vec<Claim>, PortError>;

    /// Records how an attempt failed that somebody else holds; the service's alone.
    async fn record_failure(
        &self,
        context: &Context,
        failure: &ReportedFailure,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;
}
