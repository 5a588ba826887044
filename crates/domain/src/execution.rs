//! Runs: how they start, which statuses they pass through, how far they are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::execution_context::checked_parameters;
use crate::function_model::FunctionModel;
use crate::function_model::nested_action::MAX_NESTING_DEPTH;
use crate::ids::{ActionId, NodeId};
use crate::instant::Instant;
use crate::json;
use crate::limits::{self, JsonObject};
use crate::sorted;
use crate::vocabulary::words;
use crate::workflow::plan::Plan;
use crate::workflow::recovery::RecoveryPolicy;

pub use crate::vocabulary::{Environment, ExecutionStatus, JobPriority, RunMode, RunStatus};

/// Start a run; the body of UC-005.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExecuteFunctionModel {
    /// Where; production when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// What it starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<JsonObject>,
    /// A name that joins runs; made by the use case when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub session_id: Option<String>,
    /// Whether the caller waits; `async` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<RunMode>,
    /// When it starts: later than now, within a year. At once when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Instant>,
    /// Seconds from its start until the run fails, 1–2 592 000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2592000)))]
    pub timeout_seconds: Option<i64>,
    /// Whether only to say what would happen.
    pub dry_run: bool,
    /// How urgent; `normal` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<JobPriority>,
    /// Most nested models below, 1–10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub max_depth: Option<i64>,
    /// `manual` nested models that may run.
    pub approved_actions: Vec<ActionId>,
    /// Retries of whole containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// Retries of whole containers that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Recovery {
    /// Whether there are any.
    pub enable_auto_recovery: bool,
    /// 0–10.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10)))]
    pub max_retry_attempts: i64,
    /// 0–300 000 milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 300000)))]
    pub retry_delay_ms: i64,
}

/// A start that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Where.
    pub environment: Environment,
    /// What it starts with.
    pub parameters: JsonObject,
    /// A name that joins runs, when one was given.
    pub session_id: Option<String>,
    /// Whether the caller waits.
    pub mode: RunMode,
    /// When it starts, unless at once.
    pub start_at: Option<Instant>,
    /// Seconds from its start until the run fails.
    pub timeout_seconds: Option<u32>,
    /// Whether only to say what would happen.
    pub dry_run: bool,
    /// How urgent.
    pub priority: JobPriority,
    /// Most nested models below.
    pub max_depth: u32,
    /// `manual` nested models that may run.
    pub approved_actions: Vec<ActionId>,
    /// Retries of whole containers.
    pub recovery: Option<RecoveryPolicy>,
}

/// Most seconds a run may be given: thirty days.
const MAX_RUN_SECONDS: i64 = 2_592_000;
/// How far ahead a run may be started, in milliseconds: 366 days.
const MAX_START_DELAY_MS: i64 = 366 * 24 * 60 * 60 * 1000;

/// Checks the values of a start that is asked for now.
///
/// # Errors
/// `EXECUTION_CONTEXT_INVALID`, `DEPTH_INVALID`, `RECOVERY_POLICY_INVALID`, `TIMEOUT_INVALID`,
/// `START_TIME_INVALID` or `DOCUMENT_TOO_LARGE`, every field at once.
pub fn check_values(command: &ExecuteFunctionModel, now: Instant) -> Result<Start, DomainError> {
    let mut violations = Violations::new();
    if command.environment == Some(Environment::Test) {
        let error = FieldError::new("environment", "oneOf");
        let allowed = Environment::ALL[..3]
            .iter()
            .map(|e| Value::from(e.as_str()));
        let error = error.limit(allowed.collect::<Vec<_>>()).value("test");
        violations.add(Code::ExecutionContextInvalid, error);
    }
    let parameters = command.parameters.clone().unwrap_or_default();
    let parameters = violations.take("parameters", checked_parameters(parameters));
    let session = command.session_id.as_deref();
    let session = session.map(|text| limits::text(text, 1, 200, Code::ExecutionContextInvalid));
    let session_id = session.and_then(|checked| violations.take("sessionId", checked));
    let mut range = |field: &str, code, value: Option<i64>, min: i64, max: i64| {
        let value = value?;
        if !(min..=max).contains(&value) {
            let limit = serde_json::json!({ "min": min, "max": max });
            violations.add(
                code,
                FieldError::new(field, "range").limit(limit).value(value),
            );
        }
        u32::try_from(value).ok()
    };
    let (code, seconds) = (Code::TimeoutInvalid, command.timeout_seconds);
    let timeout_seconds = range("timeoutSeconds", code, seconds, 1, MAX_RUN_SECONDS);
    let deepest = i64::from(MAX_NESTING_DEPTH);
    let max_depth = range(
        "maxDepth",
        Code::DepthInvalid,
        command.max_depth,
        1,
        deepest,
    );
    if let Some(recovery) = command.recovery {
        let code = Code::RecoveryPolicyInvalid;
        let (attempts, delay) = (recovery.max_retry_attempts, recovery.retry_delay_ms);
        range("recovery.maxRetryAttempts", code, Some(attempts), 0, 10);
        range("recovery.retryDelayMs", code, Some(delay), 0, 300_000);
    }
    if let Some(start_at) = command.start_at {
        let latest = now.plus_millis(MAX_START_DELAY_MS);
        if start_at <= now || start_at > latest {
            let limit = serde_json::json!({ "after": now, "max": latest });
            let error = FieldError::new("startAt", "range").limit(limit);
            violations.add(Code::StartTimeInvalid, error.value(start_at.to_string()));
        }
    }
    violations.finish()?;
    Ok(Start {
        start_at: command.start_at,
        environment: command.environment.unwrap_or(Environment::Production),
        parameters: parameters.unwrap_or_default(),
        session_id,
        mode: command.mode.unwrap_or(RunMode::Async),
        timeout_seconds,
        dry_run: command.dry_run,
        priority: command.priority.unwrap_or(JobPriority::Normal),
        max_depth: max_depth.unwrap_or(MAX_NESTING_DEPTH),
        approved_actions: command.approved_actions.clone(),
        recovery: command.recovery.and_then(RecoveryPolicy::of),
    })
}

/// Checks a start against the plan of the published version: every stage is active, every action
/// can run, and every parameter that the input boundaries ask for is given.
///
/// # Errors
/// `NODE_INACTIVE` with the stages, `WORKFLOW_INVALID` with every finding, `EXECUTION_CONTEXT_INVALID` with every missing parameter.
pub fn check_start(plan: &Plan, start: &Start) -> Result<(), DomainError> {
    if !plan.inactive_stages.is_empty() {
        let stages: Vec<String> = plan.inactive_stages.iter().map(NodeId::to_string).collect();
        let message = "A stage of the published version is not active.";
        return Err(DomainError::new(Code::NodeInactive, message).with("nodeIds", stages));
    }
    if !plan.unready.is_empty() {
        let message = format!(
            "The published version has {} findings that forbid a run.",
            plan.unready.len()
        );
        let findings = json::to_value(&plan.unready);
        return Err(DomainError::new(Code::WorkflowInvalid, message).with("findings", findings));
    }
    check_parameters(&plan.required_parameters, &start.parameters)
}

/// Checks that every parameter asked for is there.
///
/// # Errors
/// `EXECUTION_CONTEXT_INVALID` with every missing one.
pub fn check_parameters(required: &[String], parameters: &JsonObject) -> Result<(), DomainError> {
    let mut violations = Violations::new();
    for name in required {
        if parameters.get(name).is_none_or(Value::is_null) {
            let error = FieldError::new(format!("parameters.{name}"), "required");
            violations.add(Code::ExecutionContextInvalid, error);
        }
    }
    violations.finish()
}

/// The names that the contracts of the input boundaries list as `required`, each once, sorted.
pub fn required_parameters(model: &FunctionModel) -> Vec<String> {
    let boundaries = model.nodes.values().filter(|node| node.accepts_input());
    let contracts = boundaries.filter_map(|node| node.as_io()?.input_data_contract.as_ref());
    let mut names: Vec<String> = contracts
        .filter_map(|contract| contract.get("required")?.as_array())
        .flatten()
        .filter_map(|name| Some(name.as_str()?.trim().to_owned()))
        .filter(|name| !name.is_empty())
        .collect();
    sorted::sort(&mut names);
    names.dedup();
    names
}

words!(
    /// A part of a run, in order.
    Phase {
        /// Containers are sorted.
        DependencyAnalysis => "dependency-analysis",
        /// Contexts are prepared.
        ContextSetup => "context-setup",
        /// Steps are handed out.
        Orchestration => "orchestration",
        /// Actions run.
        NodeExecution => "node-execution",
        /// Outputs are gathered.
        Completion => "completion",
    }
);

/// How far a run is. The percentage never falls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The part it is in.
    pub phase: Phase,
    /// 0–100.
    pub percentage: f64,
    /// All nodes.
    pub total_nodes: u32,
    /// Nodes that ended well.
    pub completed_nodes: u32,
    /// Nodes that ended badly.
    pub failed_nodes: u32,
    /// Nodes that never ran.
    pub skipped_nodes: u32,
}

impl Phase {
    /// The percentage reached when the phase ends.
    pub fn percentage(self) -> f64 {
        match self {
            Self::DependencyAnalysis => 20.0,
            Self::ContextSetup => 40.0,
            Self::Orchestration => 60.0,
            Self::NodeExecution => 90.0,
            Self::Completion => 100.0,
        }
    }
}

impl Progress {
    /// The progress of a run of which some nodes have finished.
    pub fn of(
        total: u32,
        completed: u32,
        failed: u32,
        skipped: u32,
        status: ExecutionStatus,
    ) -> Self {
        let finished = completed.saturating_add(failed).saturating_add(skipped);
        let share = if total == 0 {
            1.0
        } else {
            f64::from(finished.min(total)) / f64::from(total)
        };
        let (phase, percentage) = match status {
            ExecutionStatus::Pending => (Phase::DependencyAnalysis, 0.0),
            ExecutionStatus::Completed => (Phase::Completion, 100.0),
            _ => (Phase::NodeExecution, 60.0 + 30.0 * share),
        };
        Self {
            phase,
            percentage: (percentage * 100.0).round() / 100.0,
            total_nodes: total,
            completed_nodes: completed,
            failed_nodes: failed,
            skipped_nodes: skipped,
        }
    }

    /// The later of two states of progress, so that the percentage never falls.
    #[must_use]
    pub fn at_least(mut self, former: Self) -> Self {
        self.percentage = self.percentage.max(former.percentage);
        self
    }
}

impl ExecutionStatus {
    /// Whether a run may move from this status to another. Failed runs start again only by hand.
    pub fn may_become(self, next: Self) -> bool {
        use ExecutionStatus as S;
        match self {
            S::Pending => matches!(next, S::Running | S::Failed | S::Cancelled),
            S::Running => matches!(next, S::Paused | S::Completed | S::Failed | S::Cancelled),
            S::Paused => matches!(next, S::Running | S::Failed | S::Cancelled),
            S::Failed => matches!(next, S::Running),
            S::Completed | S::Cancelled => false,
        }
    }

    /// Whether the run is over.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether the run may be paused.
    ///
    /// # Errors
    /// `EXECUTION_NOT_RUNNING`.
    pub fn check_pause(self) -> Result<(), DomainError> {
        self.check(
            Self::Paused,
            self == Self::Running,
            Code::ExecutionNotRunning,
        )
    }

    /// Whether the run may be resumed.
    ///
    /// # Errors
    /// `EXECUTION_NOT_PAUSED`.
    pub fn check_resume(self) -> Result<(), DomainError> {
        self.check(
            Self::Running,
            self == Self::Paused,
            Code::ExecutionNotPaused,
        )
    }

    /// Whether the run may be cancelled.
    ///
    /// # Errors
    /// `EXECUTION_ALREADY_FINISHED`.
    pub fn check_cancel(self) -> Result<(), DomainError> {
        self.check(
            Self::Cancelled,
            !self.is_finished(),
            Code::ExecutionAlreadyFinished,
        )
    }

    fn check(self, next: Self, allowed: bool, code: Code) -> Result<(), DomainError> {
        if allowed {
            return Ok(());
        }
        let message = format!("A run that is {self} cannot become {next}.");
        Err(DomainError::new(code, message)
            .with("from", self.as_str())
            .with("to", next.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, FindingCode};
    use crate::workflow::tests::{Sketch, object, stage};
    use serde_json::json;

    fn start(body: Value) -> Result<Start, DomainError> {
        check_values(&serde_json::from_value(body).unwrap(), now())
    }

    fn now() -> Instant {
        Instant::parse("2026-03-01T12:00:00Z").unwrap()
    }

    #[test]
    fn a_start_may_lie_ahead_up_to_a_year() {
        let at = |text: &str| start(json!({"startAt": text})).map(|start| start.start_at);
        let soon = Instant::parse("2026-03-01T12:00:00.001Z");
        assert_eq!(at("2026-03-01T13:00:00.001+01:00"), Ok(soon));
        let last = Instant::parse("2027-03-02T12:00:00Z");
        assert_eq!(at("2027-03-02T12:00:00Z"), Ok(last));
        for odd in [
            "2026-03-01T12:00:00Z",
            "2025-01-01T00:00:00Z",
            "2027-03-02T12:00:00.001Z",
        ] {
            let refusal = at(odd).unwrap_err();
            assert_eq!(refusal.code, Code::StartTimeInvalid);
            assert_eq!(refusal.errors[0].field, "startAt");
        }
    }

    #[test]
    fn starts_take_their_defaults() {
        let start = start(json!({"parameters": {" a ": 1}})).unwrap();
        assert_eq!(start.environment, Environment::Production);
        assert_eq!(
            (start.mode, start.priority),
            (RunMode::Async, JobPriority::Normal)
        );
        assert_eq!((start.max_depth, start.timeout_seconds), (10, None));
        assert_eq!(start.parameters["a"], 1);
    }

    #[test]
    fn every_wrong_value_of_a_start_is_reported() {
        let refusal = start(json!({
            "environment": "test", "parameters": {" ": 1}, "sessionId": " ", "timeoutSeconds": 0,
            "maxDepth": 11, "recovery": {"maxRetryAttempts": 11, "retryDelayMs": -1}
        }))
        .unwrap_err();
        assert_eq!(refusal.code, Code::ExecutionContextInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "environment",
                "parameters",
                "sessionId",
                "timeoutSeconds",
                "maxDepth",
                "recovery.maxRetryAttempts",
                "recovery.retryDelayMs",
            ]
        );
        let code = |body| start(body).unwrap_err().code;
        assert_eq!(code(json!({"maxDepth": 0})), Code::DepthInvalid);
        assert_eq!(
            code(json!({"timeoutSeconds": 2_592_001})),
            Code::TimeoutInvalid
        );
        let recovery = json!({"recovery": {"maxRetryAttempts": -1}});
        assert_eq!(code(recovery), Code::RecoveryPolicyInvalid);
        let large = json!({"parameters": {"a": "x".repeat(70_000)}});
        assert_eq!(code(large), Code::DocumentTooLarge);
        let unknown = serde_json::from_value::<ExecuteFunctionModel>(json!({"odd": 1}));
        assert!(unknown.is_err());
    }

    #[test]
    fn a_start_needs_active_stages_and_the_parameters_asked_for() {
        let mut plan = Sketch::new().with(stage("s", &[])).plan();
        let started = start(json!({"parameters": {"order": 1, "empty": null}})).unwrap();
        assert_eq!(check_start(&plan, &started), Ok(()));
        plan.required_parameters = vec!["order".into(), "empty".into(), "amount".into()];
        let refusal = check_start(&plan, &started).unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["parameters.empty", "parameters.amount"]);
        plan.inactive_stages = vec![plan.containers[0].node_id];
        let refusal = check_start(&plan, &started).unwrap_err();
        assert_eq!(refusal.code, Code::NodeInactive);
        plan.inactive_stages.clear();
        let finding = Finding::new(FindingCode::ActionNotReady, "a is error.");
        plan.unready = vec![finding.on_node(plan.containers[0].node_id)];
        let refusal = check_start(&plan, &started).unwrap_err();
        assert_eq!(refusal.code, Code::WorkflowInvalid);
        assert_eq!(refusal.data["findings"][0]["code"], "ACTION_NOT_READY");
        assert_eq!(check_parameters(&[], &object(json!({}))), Ok(()));
    }

    #[test]
    fn runs_move_as_the_table_says() {
        use ExecutionStatus as S;
        let targets = |from: S| S::ALL.iter().filter(|to| from.may_become(**to)).count();
        let counts: Vec<usize> = S::ALL.iter().map(|from| targets(*from)).collect();
        assert_eq!(counts, [3, 4, 3, 0, 1, 0]);
        assert!(S::Failed.may_become(S::Running));
        assert!(!S::Pending.may_become(S::Paused));
        let code = |result: Result<(), DomainError>| result.err().map(|e| e.code);
        assert_eq!(
            code(S::Pending.check_pause()),
            Some(Code::ExecutionNotRunning)
        );
        assert_eq!(code(S::Running.check_pause()), None);
        assert_eq!(
            code(S::Running.check_resume()),
            Some(Code::ExecutionNotPaused)
        );
        assert_eq!(
            code(S::Failed.check_cancel()),
            Some(Code::ExecutionAlreadyFinished)
        );
        assert_eq!(code(S::Paused.check_cancel()), None);
    }

    #[test]
    fn progress_rises_from_phase_to_phase() {
        use ExecutionStatus as S;
        let percentage = |finished, status| Progress::of(3, finished, 0, 0, status).percentage;
        assert_eq!(percentage(0, S::Pending), 0.0);
        assert_eq!(percentage(1, S::Running), 70.0);
        assert_eq!(percentage(3, S::Running), 90.0);
        assert_eq!(percentage(3, S::Completed), 100.0);
        let early = Progress::of(3, 1, 0, 0, S::Running);
        let late = Progress::of(3, 1, 1, 1, S::Failed);
        assert_eq!(early.at_least(late).percentage, 90.0);
        assert_eq!(Progress::of(0, 0, 0, 0, S::Running).percentage, 90.0);
        let ends: Vec<f64> = Phase::ALL.iter().map(|phase| phase.percentage()).collect();
        assert_eq!(ends, [20.0, 40.0, 60.0, 90.0, 100.0]);
    }
}
