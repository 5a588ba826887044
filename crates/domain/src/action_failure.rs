//! UC-022: the report that an action failed, and what became of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, ExecutionId, NodeId};
use crate::instant::Instant;
use crate::limits;
use crate::vocabulary::{ErrorCategory, RunStatus, words};
use crate::workflow::failure::SkipSet;
use crate::workflow::plan::Plan;
use crate::workflow::retry::{ActionError, Fault};

/// The report of a failure, by the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HandleActionFailure {
    /// What went wrong.
    pub error: ReportedError,
    /// When; the present when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Instant>,
    /// The lease under which the attempt has to be held; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<ExecutionId>"))]
    pub lease_token: Option<Uuid>,
}

/// What went wrong in an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportedError {
    /// In words, 1–2000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub message: String,
    /// A code of the failure, at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub code: Option<String>,
    /// Why; read from the message when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<ErrorCategory>,
}

impl HandleActionFailure {
    /// The fault that was reported.
    ///
    /// # Errors
    /// `REASON_INVALID` for a message or code outside its limits.
    pub fn fault(&self) -> Result<Fault, DomainError> {
        let error = &self.error;
        let mut violations = Violations::new();
        let invalid = Code::ReasonInvalid;
        let message = limits::text(&error.message, 1, 2000, invalid);
        let message = violations.take("error.message", message);
        let code = error.code.as_deref().unwrap_or_default();
        let code = violations.take("error.code", limits::text(code, 0, 100, invalid));
        violations.finish()?;
        Ok(Fault {
            code: code.unwrap_or_default(),
            message: message.unwrap_or_default(),
            category: error.category,
            ..Fault::default()
        })
    }
}

words!(
    /// What was done about a failure.
    FailureAction {
        /// Another attempt follows.
        Retry => "retry",
        /// No attempt follows.
        FailFast => "fail-fast",
    }
);

words!(
    /// How far an error reaches.
    ErrorReach {
        /// The container of the action.
        Container => "container",
        /// The run.
        Execution => "execution",
    }
);

/// What became of a reported failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FailureHandled {
    /// What was done.
    pub action_taken: FailureAction,
    /// Whether another attempt follows.
    pub retry_attempted: bool,
    /// Retries so far, this one included.
    pub retry_count: u32,
    /// Milliseconds until the next attempt; 0 when there is none.
    pub backoff_delay_ms: u64,
    /// Where the action stands: `retrying` or `failed`.
    pub final_status: RunStatus,
    /// Where the error went besides.
    pub propagated_errors: Vec<PropagatedError>,
}

/// An error as it reaches what an action belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PropagatedError {
    /// What it reaches.
    pub reach: ErrorReach,
    /// The container, when that is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// The run.
    pub execution_id: ExecutionId,
    /// The action it came from.
    pub action_id: ActionId,
    /// A code of the failure.
    pub code: String,
    /// What went wrong.
    pub message: String,
}

impl PropagatedError {
    /// Where the final failure of a step goes: to its container and run, unless the container lets
    /// the others go on.
    pub fn of(
        plan: &Plan,
        step: u32,
        execution_id: ExecutionId,
        error: &ActionError,
        skip: &SkipSet,
    ) -> Vec<Self> {
        let (Some(action), Some(container)) = (plan.action(step), plan.container_of(step)) else {
            return Vec::new();
        };
        let reaching = |reach, node_id| Self {
            reach,
            node_id,
            execution_id,
            action_id: action.action_id,
            code: error.code.clone(),
            message: error.message.clone(),
        };
        if !skip.container_failed {
            return Vec::new();
        }
        vec![
            reaching(ErrorReach::Container, Some(container.node_id)),
            reaching(ErrorReach::Execution, None),
        ]
    }
}

impl FailureHandled {
    /// Another attempt follows.
    pub fn retried(retry_count: u32, backoff_delay_ms: u64) -> Self {
        Self {
            action_taken: FailureAction::Retry,
            retry_attempted: true,
            retry_count,
            backoff_delay_ms,
            final_status: RunStatus::Retrying,
            propagated_errors: Vec::new(),
        }
    }

    /// That was the last attempt.
    pub fn failed(retry_count: u32, propagated_errors: Vec<PropagatedError>) -> Self {
        Self {
            action_taken: FailureAction::FailFast,
            retry_attempted: false,
            retry_count,
            backoff_delay_ms: 0,
            final_status: RunStatus::Failed,
            propagated_errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::workflow::failure::after_failure;
    use crate::workflow::tests::plan_of_one_action;

    fn report(body: Value) -> HandleActionFailure {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_report_is_a_fault_within_limits() {
        let fault = report(json!({"error": {"message": " down ", "code": "X"}})).fault();
        let fault = fault.unwrap();
        assert_eq!((fault.message.as_str(), fault.code.as_str()), ("down", "X"));
        let long = "x".repeat(2001);
        let wrong = report(json!({"error": {"message": long, "code": "y".repeat(101)}}));
        let refusal = wrong.fault().unwrap_err();
        assert_eq!(refusal.code, Code::ReasonInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["error.message", "error.code"]);
        let odd = serde_json::from_value::<HandleActionFailure>(json!({"error": {}, "odd": 1}));
        assert!(odd.is_err());
    }

    #[test]
    fn errors_reach_container_and_run() {
        let plan = plan_of_one_action();
        let step = plan.actions().next().unwrap().0.step;
        let error = Fault::new(ErrorCategory::Runtime, "X", "down").error();
        let execution = ExecutionId::from_uuid(crate::workflow::tests::uuid(9));
        let mut skip = after_failure(&plan, step);
        let reached = PropagatedError::of(&plan, step, execution, &error, &skip);
        assert_eq!(reached.len(), 2);
        assert_eq!(reached[0].reach, ErrorReach::Container);
        assert_eq!(reached[1].node_id, None);
        skip.container_failed = false;
        assert!(PropagatedError::of(&plan, step, execution, &error, &skip).is_empty());
        assert!(PropagatedError::of(&plan, 99, execution, &error, &skip).is_empty());
    }
}
