//! What travels between a worker and the database. Field names are those of the wire.

use domain::ids::{ActionId, ExecutionId, ModelId, NodeId, OrganizationId, UserId, VersionId};
use domain::instant::Instant;
use domain::vocabulary::{
    Environment, ErrorCategory, ExecutionStatus, FailureHandling, JobPriority, RunMode,
};
use domain::workflow::recovery::RecoveryPolicy;
use domain::workflow::retry::ActionError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Number of a step within its plan, from 0.
pub type Step = u32;

/// A process that works on runs. Its lease token fences it: what it reports after losing the lease is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// Names the lease; one per worker and lifetime.
    pub lease_token: Uuid,
    /// For people who look into the tables.
    pub name: String,
    /// Sent after a reply got lost: everything leased to this token and not listed goes back to ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Vec<ClaimKey>>,
}

/// One attempt at one step of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClaimKey {
    /// The run.
    pub execution_id: ExecutionId,
    /// The step.
    pub step: Step,
    /// Counts every time the step was handed out, from 1.
    pub attempt: u32,
}

/// A run to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewExecution {
    /// Its id.
    pub execution_id: ExecutionId,
    /// The model.
    pub model_id: ModelId,
    /// The snapshot that runs; fixed from here on.
    pub version_id: VersionId,
    /// Where it takes place.
    pub environment: Environment,
    /// The input, at most 64 KiB.
    pub parameters: Map<String, Value>,
    /// Groups runs, at most 200 characters.
    pub session_id: String,
    /// Whether somebody waits.
    pub mode: RunMode,
    /// Against other runs.
    pub priority: JobPriority,
    /// How many levels of nested models are allowed below this run, 0–10.
    pub max_depth: u32,
    /// Nested models with trigger `manual` that may run.
    pub approved_actions: Vec<ActionId>,
    /// When it starts; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Instant>,
    /// 1–2 592 000 from its start; when it has passed the run fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Whether containers that fail are tried again as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryPolicy>,
}

impl NewExecution {
    /// When it fails if it has not ended by then, when it is stored now.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let seconds = i64::try_from(self.timeout_seconds?).unwrap_or(i64::MAX);
        let start = self.start_at.unwrap_or(now);
        Some(start.plus_millis(seconds.saturating_mul(1000)))
    }
}

/// What starting answers about one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StartedExecution {
    /// Its id.
    pub execution_id: ExecutionId,
    /// A run without actions has ended already.
    pub status: ExecutionStatus,
    /// By the database's clock.
    pub created_at: Instant,
}

/// Runs that were started, and what of them the worker may do at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The runs, in the order asked for.
    pub executions: Vec<StartedExecution>,
    /// Work for the worker that was named, if any.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// A step handed to a worker, with everything needed to do it besides the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The run.
    pub execution_id: ExecutionId,
    /// The step, always one of kind action.
    pub step: Step,
    /// Counts every time the step was handed out, from 1.
    pub attempt: u32,
    /// Counts the tries that failed, from 0; decides on further retries.
    pub failures: u32,
    /// The model.
    pub model_id: ModelId,
    /// The snapshot; names the plan.
    pub version_id: VersionId,
    /// Its number.
    pub version_number: String,
    /// On whose behalf the step is done.
    pub started_by: UserId,
    /// Whose run it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Where it takes place.
    pub environment: Environment,
    /// The input of the run.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Groups runs.
    pub session_id: String,
    /// 0 for a run somebody started, otherwise the level of nesting.
    pub depth: u32,
    /// Levels allowed below this run.
    pub max_depth: u32,
    /// Nested models with trigger `manual` that may run.
    #[serde(default)]
    pub approved_actions: Vec<ActionId>,
    /// When the run fails if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
    /// For how long the step's container has been under way, in milliseconds; only where it has a time limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_elapsed_ms: Option<u64>,
    /// Whether containers of the run that fail are tried again as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryPolicy>,
    /// How often the step's container was tried again.
    #[serde(default)]
    pub container_restarts: u32,
    /// The trace that the start of the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How earlier action steps ended, by step number.
    #[serde(default)]
    pub results: Vec<StepResult>,
    /// The nested run this step was waiting for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ChildResult>,
    /// What holds for this step instead of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<StepOptions>,
}

/// What holds for a step of one run instead of its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepOptions {
    /// What its final failure does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_handling: Option<FailureHandling>,
    /// Whether it sees the outputs of those before it in its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_propagation: Option<bool>,
}

impl Claim {
    /// The attempt this claim stands for.
    pub fn key(&self) -> ClaimKey {
        ClaimKey {
            execution_id: self.execution_id,
            step: self.step,
            attempt: self.attempt,
        }
    }
}

/// How a step can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// With an output.
    Completed,
    /// For good.
    Failed,
    /// Without having been tried.
    Skipped,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepResult {
    /// The step.
    pub step: Step,
    /// How.
    pub status: StepStatus,
    /// What came out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// How a nested run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChildResult {
    /// The nested run.
    pub execution_id: ExecutionId,
    /// How it ended.
    pub status: ExecutionStatus,
    /// What came out of it.
    #[serde(default)]
    pub outputs: Map<String, Value>,
    /// What went wrong in it.
    #[serde(default)]
    pub errors: Vec<ExecutionError>,
}

/// Something that went wrong in a run, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExecutionError {
    /// The container, when it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// The action, when it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// SCREAMING_SNAKE_CASE.
    pub code: String,
    /// In words.
    pub message: String,
    /// Of what kind, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<ErrorCategory>,
}

/// How serious a line of a run's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For the one who looks for a fault.
    Debug,
    /// The usual.
    Info,
    /// Something is odd.
    Warn,
    /// Something went wrong.
    Error,
}

/// A line a worker adds to a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// How serious.
    pub level: LogLevel,
    /// In words; carries no secrets.
    pub message: String,
}

/// What a worker reports about a step it was handed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The run.
    pub execution_id: ExecutionId,
    /// The step.
    pub step: Step,
    /// The attempt it was handed.
    pub attempt: u32,
    /// What became of it.
    #[serde(flatten)]
    pub kind: OutcomeKind,
    /// Lines for the run's log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLine>,
}

impl Outcome {
    /// The attempt this outcome is about.
    pub fn key(&self) -> ClaimKey {
        ClaimKey {
            execution_id: self.execution_id,
            step: self.step,
            attempt: self.attempt,
        }
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum OutcomeKind {
    /// It was done.
    Completed {
        /// At most 1 MiB.
        output: Value,
    },
    /// It failed and is due again after the delay, counted from the database's now.
    Retry {
        /// Why it failed.
        error: ActionError,
        /// Milliseconds until then.
        delay_ms: u64,
    },
    /// It failed for good; steps that have not started are going to be skipped.
    Failed {
        /// Why it failed.
        error: ActionError,
        /// The steps this failure skips.
        skip: Vec<Step>,
        /// The reason written on them.
        reason: String,
        /// Whether the container fails with it; otherwise the run may still complete.
        #[serde(default = "yes")]
        container_failed: bool,
        /// The container is tried again as a whole after this pause, as soon as all of it has ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart_after_ms: Option<u64>,
    },
    /// It was not done, and nobody minds.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It waits for a nested run, which starts now.
    Child {
        /// The nested run.
        child: Box<NewExecution>,
    },
    /// It is given back as if nothing had been tried, and due again after the delay.
    Released {
        /// Milliseconds until then.
        #[serde(default)]
        delay_ms: u64,
    },
}

fn yes() -> bool {
    true
}

/// A run that ended in an exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FinishedExecution {
    /// The run.
    pub execution_id: ExecutionId,
    /// How it ended.
    pub status: ExecutionStatus,
}

/// The reply to a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Steps for the worker, leased to it.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Outcomes that came too late: somebody else has the step.
    #[serde(default)]
    pub refused: Vec<ClaimKey>,
    /// Runs that ended.
    #[serde(default)]
    pub finished: Vec<FinishedExecution>,
    /// Milliseconds until the next step that waits is due, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The wire form is what the database's functions read and write.
    fn check<T>(wire: Value)
    where
        T: Serialize + for<'de> Deserialize<'de>,
    {
        let value: T = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!(serde_json::to_value(value).unwrap(), wire);
    }

    const RUN: &str = "01990000-0000-7000-8000-000000000001";

    fn outcome(more: Value) -> Value {
        let mut outcome = json!({"executionId": RUN, "step": 3, "attempt": 1});
        let fields = more.as_object().cloned().unwrap();
        outcome.as_object_mut().unwrap().extend(fields);
        outcome
    }

    #[test]
    fn outcomes_travel_flat_with_their_kind() {
        let error = json!({"code": "BROKEN", "message": "it broke", "category": "runtime"});
        check::<Outcome>(outcome(json!({"kind": "completed", "output": {"x": 1}})));
        check::<Outcome>(outcome(
            json!({"kind": "retry", "error": error, "delayMs": 500}),
        ));
        check::<Outcome>(outcome(json!({
            "kind": "failed", "error": error, "skip": [4, 5], "reason": "DEPENDENCY_FAILED",
            "containerFailed": true, "logs": [{"level": "error", "message": "it broke"}],
        })));
        check::<Outcome>(outcome(json!({"kind": "skipped", "reason": "NOT_MET"})));
        check::<Outcome>(outcome(json!({"kind": "released", "delayMs": 0})));
        check::<Outcome>(outcome(json!({"kind": "child", "child": {
            "executionId": RUN, "modelId": RUN, "versionId": RUN, "environment": "production",
            "parameters": {}, "sessionId": "s", "mode": "async", "priority": "normal",
            "maxDepth": 9, "approvedActions": [], "timeoutSeconds": 60,
        }})));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let released: Outcome =
            serde_json::from_value(outcome(json!({"kind": "released"}))).unwrap();
        assert_eq!(released.kind, OutcomeKind::Released { delay_ms: 0 });
        let error = json!({"code": "BROKEN", "message": "it broke", "category": "runtime"});
        let failed = outcome(json!({"kind": "failed", "error": error, "skip": [], "reason": ""}));
        let failed: Outcome = serde_json::from_value(failed).unwrap();
        let container_failed = |kind| match kind {
            OutcomeKind::Failed {
                container_failed, ..
            } => container_failed,
            _ => false,
        };
        assert!(container_failed(failed.kind));
        let exchange: Exchange = serde_json::from_value(json!({})).unwrap();
        assert_eq!(exchange, Exchange::default());
    }

    #[test]
    fn a_claim_names_its_attempt() {
        let wire = json!({
            "executionId": RUN, "step": 2, "attempt": 3, "failures": 1, "modelId": RUN,
            "versionId": RUN, "versionNumber": "1.0.1", "startedBy": RUN,
            "environment": "production", "parameters": {"a": 1}, "sessionId": "s", "depth": 0,
            "maxDepth": 10, "approvedActions": [], "containerRestarts": 1, "deadline": "2025-09-01T12:00:00.000Z",
            "results": [{"step": 1, "status": "completed", "output": 7}],
            "child": {"executionId": RUN, "status": "failed", "outputs": {}, "errors": []},
        });
        check::<Claim>(wire.clone());
        let claim: Claim = serde_json::from_value(wire).unwrap();
        assert_eq!((claim.key().step, claim.key().attempt), (2, 3));
    }
}
