//! What follows a fault of an action: whether it is tried again, and what a final failure takes along.

use serde_json::Value;

use super::plan::{Plan, StepKind};
use crate::limits;
use crate::vocabulary::{ErrorCategory, FailureHandling};

/// Most bytes of an action's output, as JSON text.
pub const OUTPUT_BYTES: usize = 1024 * 1024;
/// Deepest nesting of an action's output.
pub const OUTPUT_DEPTH: usize = 100;
/// What is written on the steps that a failure takes along.
pub const DEPENDENCY_FAILED: &str = "DEPENDENCY_FAILED";

/// Whether a fault of this category may pass by itself.
pub fn is_retried(category: ErrorCategory) -> bool {
    matches!(category, ErrorCategory::Timeout | ErrorCategory::Runtime)
}

/// The category of a refusal that came as an HTTP status.
pub fn category_of_status(status: u16) -> ErrorCategory {
    match status {
        408 | 504 => ErrorCategory::Timeout,
        401 | 403 => ErrorCategory::Permission,
        404 | 410 => ErrorCategory::Dependency,
        425 | 429 => ErrorCategory::Runtime,
        400..=499 => ErrorCategory::Validation,
        _ => ErrorCategory::Runtime,
    }
}

/// The category of a fault of which only the text is known.
pub fn category_of_message(message: &str) -> ErrorCategory {
    let message = message.to_lowercase();
    if message.contains("timeout") || message.contains("timed out") {
        ErrorCategory::Timeout
    } else {
        ErrorCategory::Runtime
    }
}

/// Checks what an action answered: at most 1 MiB of JSON, nested at most 100 deep, without U+0000.
///
/// # Errors
/// A sentence naming the limit; the attempt has then failed with category `validation`.
pub fn check_output(output: &Value) -> Result<(), String> {
    limits::value(output, OUTPUT_BYTES, OUTPUT_DEPTH)
        .map_err(|refusal| format!("The output cannot be kept: {}", refusal.message))
}

/// What the final failure of an action takes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Steps that are not begun any more, ascending.
    pub skip: Vec<u32>,
    /// Whether the failure stops its container; otherwise the others run on.
    pub container_failed: bool,
}

/// The consequence of the final failure of the action at `step`.
///
/// With failure handling `continue` the other actions run on, unless the action is critical.
/// Otherwise the rest of the container is skipped, and every container that waits for it, directly
/// or not; when the container is critical, everything. Takes time linear in the plan.
pub fn after_failure(plan: &Plan, step: u32) -> Consequence {
    let runs_on = plan.action(step).is_some_and(|action| {
        action.failure_handling == FailureHandling::Continue && !action.critical
    });
    let Some(failed) = plan.step(step).map(|step| step.container) else {
        return Consequence {
            skip: Vec::new(),
            container_failed: true,
        };
    };
    if runs_on {
        return Consequence {
            skip: Vec::new(),
            container_failed: false,
        };
    }
    let stops_all = plan
        .containers
        .get(failed as usize)
        .is_some_and(|container| container.critical);
    let taken_along = dependents_of(plan, failed);
    let is_skipped = |container: u32| {
        container != failed && (stops_all || taken_along.get(container as usize) == Some(&true))
    };
    let skip = plan.steps.iter().filter(|other| {
        let of_same = other.container == failed && other.kind == StepKind::Action;
        other.step != step && (of_same || is_skipped(other.container))
    });
    Consequence {
        skip: skip.map(|other| other.step).collect(),
        container_failed: true,
    }
}

/// For every container, whether it waits for this one, directly or not.
///
/// Containers are stored in the order of execution, so one pass is enough.
fn dependents_of(plan: &Plan, failed: u32) -> Vec<bool> {
    let mut waits = vec![false; plan.containers.len()];
    for (place, container) in plan.containers.iter().enumerate() {
        let depends = |other: &u32| *other == failed || waits.get(*other as usize) == Some(&true);
        let depends = container.dependencies.iter().any(depends);
        if let Some(slot) = waits.get_mut(place) {
            *slot = depends;
        }
    }
    waits
}
