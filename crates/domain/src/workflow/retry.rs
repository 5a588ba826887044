//! What follows a failed attempt: its category, and whether another one is made.

use serde::{Deserialize, Serialize};

use super::plan::ActionStep;
use super::time_limit::CONTAINER_TIMEOUT;
use crate::vocabulary::ErrorCategory;

/// How an attempt failed, as an adapter reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// A code of the failure.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// The category, when the adapter knows it.
    pub category: Option<ErrorCategory>,
    /// The status of an HTTP answer, when there was one.
    pub status: Option<u16>,
    /// Whether the adapter knows that another attempt is in vain.
    pub permanent: bool,
    /// Milliseconds the far side asked to wait.
    pub retry_after_ms: Option<u64>,
}

/// A failed attempt as events and logs keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionError {
    /// A code of the failure.
    pub code: String,
    /// What went wrong, at most 2000 characters.
    pub message: String,
    /// Why.
    pub category: ErrorCategory,
}

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt after some milliseconds.
    Retry {
        /// The failure.
        error: ActionError,
        /// Milliseconds to wait.
        delay_ms: u64,
    },
    /// No further attempt.
    Fail(ActionError),
}

impl Fault {
    /// A fault of a known category.
    pub fn new(category: ErrorCategory, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            category: Some(category),
            ..Self::default()
        }
    }

    /// The category: what the adapter says, else the status of the answer, else the message.
    pub fn classify(&self) -> ErrorCategory {
        if let Some(category) = self.category {
            return category;
        }
        match self.status {
            Some(400 | 422) => return ErrorCategory::Validation,
            Some(401 | 403) => return ErrorCategory::Permission,
            Some(404) => return ErrorCategory::Dependency,
            Some(408 | 504) => return ErrorCategory::Timeout,
            _ => {}
        }
        let message = self.message.to_lowercase();
        if message.contains("timeout") || message.contains("timed out") {
            ErrorCategory::Timeout
        } else {
            ErrorCategory::Runtime
        }
    }

    /// Whether faults of this kind are worth another attempt.
    pub fn is_retryable(&self) -> bool {
        match self.classify() {
            ErrorCategory::Timeout => true,
            ErrorCategory::Runtime => !self.permanent,
            ErrorCategory::Validation | ErrorCategory::Permission | ErrorCategory::Dependency => {
                false
            }
        }
    }

    /// The failure as events keep it.
    pub fn error(&self) -> ActionError {
        let category = self.classify();
        let code = if self.code.trim().is_empty() {
            format!("ACTION_{}", category.as_str().to_uppercase())
        } else {
            self.code.clone()
        };
        let message = self.message.replace('\0', " ");
        ActionError {
            code,
            message: message.chars().take(2000).collect(),
            category,
        }
    }
}

/// Decides what follows a failed attempt. `failures` counts those before it, so that the first
/// retry is number 1; `random` in [0, 1) is for the jitter.
///
/// A child run that failed is retried as the policy of its action says, although its category is
/// `dependency`: `nested` says that this is one.
pub fn decide(
    step: &ActionStep,
    fault: &Fault,
    failures: u32,
    random: f64,
    nested: bool,
) -> Verdict {
    let retry = failures.saturating_add(1);
    let error = fault.error();
    let in_time = fault.code != CONTAINER_TIMEOUT;
    let worth_it = in_time && (fault.is_retryable() || (nested && !fault.permanent));
    if !worth_it || !step.retry_policy.should_retry(retry) {
        return Verdict::Fail(error);
    }
    match step.retry_policy.delay_ms(retry, random) {
        Ok(delay) => Verdict::Retry {
            error,
            delay_ms: delay.max(fault.retry_after_ms.unwrap_or(0).min(MAX_ASKED_MS)),
        },
        Err(_) => Verdict::Fail(error),
    }
}

/// Most milliseconds that the far side may ask to wait.
const MAX_ASKED_MS: u64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::plan::Plan;
    use crate::workflow::tests::plan_of_one_action;

    fn fault(status: Option<u16>, message: &str) -> Fault {
        Fault {
            status,
            message: message.to_owned(),
            ..Fault::default()
        }
    }

    fn check(status: Option<u16>, message: &str, category: ErrorCategory, retried: bool) {
        let fault = fault(status, message);
        assert_eq!(fault.classify(), category, "{status:?} {message}");
        assert_eq!(fault.is_retryable(), retried, "{status:?} {message}");
    }

    #[test]
    fn faults_are_classified_by_status_and_message() {
        use ErrorCategory as C;
        check(Some(400), "", C::Validation, false);
        check(Some(422), "", C::Validation, false);
        check(Some(401), "", C::Permission, false);
        check(Some(403), "", C::Permission, false);
        check(Some(404), "", C::Dependency, false);
        check(Some(408), "", C::Timeout, true);
        check(Some(500), "down", C::Runtime, true);
        check(Some(429), "busy", C::Runtime, true);
        check(None, "Request TIMED OUT", C::Timeout, true);
        check(None, "a timeout", C::Timeout, true);
        check(None, "connection refused", C::Runtime, true);
    }

    #[test]
    fn what_the_adapter_says_goes_first() {
        let known = Fault::new(ErrorCategory::Permission, "NO", "timeout\0");
        assert_eq!(known.classify(), ErrorCategory::Permission);
        assert_eq!(known.error().message, "timeout ");
        let permanent = Fault {
            permanent: true,
            ..fault(Some(500), "")
        };
        assert!(!permanent.is_retryable());
        assert_eq!(permanent.error().code, "ACTION_RUNTIME");
    }

    fn step(plan: &Plan) -> &ActionStep {
        plan.actions().next().unwrap().1
    }

    #[test]
    fn the_end_of_a_containers_time_is_final() {
        let plan = plan_of_one_action();
        let over = Fault::new(ErrorCategory::Timeout, CONTAINER_TIMEOUT, "over");
        for nested in [false, true] {
            let verdict = decide(step(&plan), &over, 0, 0.5, nested);
            assert_eq!(verdict, Verdict::Fail(over.error()));
        }
    }

    #[test]
    fn retries_end_with_the_policy() {
        let plan = plan_of_one_action();
        let step = step(&plan);
        let down = fault(Some(503), "down");
        let delays: Vec<Option<u64>> = (0..4)
            .map(|failures| match decide(step, &down, failures, 0.0, false) {
                Verdict::Retry { delay_ms, .. } => Some(delay_ms),
                Verdict::Fail(_) => None,
            })
            .collect();
        assert_eq!(delays, [Some(1000), Some(2000), Some(4000), None]);
        let asked = Fault {
            retry_after_ms: Some(9000),
            ..down
        };
        let verdict = decide(step, &asked, 0, 0.0, false);
        assert!(matches!(verdict, Verdict::Retry { delay_ms: 9000, .. }));
    }

    #[test]
    fn a_failed_child_run_is_retried_by_the_policy_of_its_action() {
        let plan = plan_of_one_action();
        let failed = Fault::new(
            ErrorCategory::Dependency,
            "CHILD_FAILED",
            "the child failed",
        );
        let verdict = |nested| decide(step(&plan), &failed, 0, 0.0, nested);
        assert!(matches!(verdict(true), Verdict::Retry { .. }));
        assert!(matches!(verdict(false), Verdict::Fail(_)));
    }
}
