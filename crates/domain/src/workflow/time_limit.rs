//! How long one attempt at an action may take: its own limit, or what is left of its container's.

use super::plan::Plan;
use super::retry::Fault;
use crate::vocabulary::ErrorCategory;

/// The code of a fault by which a container's time is over.
pub const CONTAINER_TIMEOUT: &str = "CONTAINER_TIMEOUT";
/// Milliseconds of an attempt without any limit: seven weeks.
const UNLIMITED_MS: u64 = u32::MAX as u64;

/// The time that an attempt has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// None.
    Unlimited,
    /// As much as the action may take.
    Action(u64),
    /// What is left to its container, which may be nothing.
    Container {
        /// Milliseconds left.
        left_ms: u64,
        /// Milliseconds the container has in all.
        of_ms: u64,
    },
}

impl TimeLimit {
    /// The limit of a step whose container has been under way for so long; the shorter one counts.
    pub fn of(plan: &Plan, step: u32, container_elapsed_ms: u64) -> Self {
        let own = plan.action(step).and_then(|action| action.timeout_ms);
        let container = plan.container_of(step);
        let shared = container.and_then(|container| container.timeout_ms);
        let shared = shared.map(|of_ms| (of_ms.saturating_sub(container_elapsed_ms), of_ms));
        match (own, shared) {
            (Some(own_ms), Some((left_ms, _))) if own_ms < left_ms => Self::Action(own_ms),
            (_, Some((left_ms, of_ms))) => Self::Container { left_ms, of_ms },
            (Some(own_ms), None) => Self::Action(own_ms),
            (None, None) => Self::Unlimited,
        }
    }

    /// Milliseconds until it is over.
    pub fn ms(self) -> u64 {
        match self {
            Self::Unlimited => UNLIMITED_MS,
            Self::Action(ms) | Self::Container { left_ms: ms, .. } => ms,
        }
    }

    /// Whole seconds of it, at least one, as nested runs count; none without a limit.
    pub fn seconds(self) -> Option<u64> {
        (self != Self::Unlimited).then(|| (self.ms() / 1000).max(1))
    }

    /// What it means that it is over. An action may be tried again; a container's time stays over.
    pub fn fault(self) -> Fault {
        let timeout = ErrorCategory::Timeout;
        match self {
            Self::Container { of_ms, .. } => Fault {
                permanent: true,
                ..Fault::new(
                    timeout,
                    CONTAINER_TIMEOUT,
                    format!("its container timed out after {of_ms} ms"),
                )
            },
            limit => Fault::new(
                timeout,
                "TIMEOUT",
                format!("timed out after {} ms", limit.ms()),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, stage};

    fn plan(own: Option<u64>, shared: Option<u64>) -> Plan {
        let mut plan = Sketch::new().with(stage("a", &[]).actions(&["a1"])).plan();
        plan.containers[0].timeout_ms = shared;
        let step = plan.steps.iter_mut().find(|step| step.action.is_some());
        step.unwrap().action.as_mut().unwrap().timeout_ms = own;
        plan
    }

    fn limit(own: Option<u64>, shared: Option<u64>, elapsed_ms: u64) -> TimeLimit {
        let plan = plan(own, shared);
        let (step, _) = plan.actions().next().unwrap();
        TimeLimit::of(&plan, step.step, elapsed_ms)
    }

    #[test]
    fn the_shorter_limit_counts() {
        assert_eq!(limit(Some(500), Some(2_000), 1_000), TimeLimit::Action(500));
        let rest = TimeLimit::Container {
            left_ms: 200,
            of_ms: 2_000,
        };
        assert_eq!(limit(Some(500), Some(2_000), 1_800), rest);
        assert_eq!(limit(None, Some(2_000), 1_800), rest);
        assert_eq!(limit(Some(500), None, 9_000), TimeLimit::Action(500));
        assert_eq!(limit(None, None, 9_000), TimeLimit::Unlimited);
        assert_eq!(limit(None, Some(2_000), 9_000).ms(), 0);
    }

    #[test]
    fn a_containers_time_stays_over() {
        let fault = limit(None, Some(2_000), 2_000).fault();
        assert!(fault.permanent);
        assert_eq!(fault.code, "CONTAINER_TIMEOUT");
        assert_eq!(fault.category, Some(ErrorCategory::Timeout));
        assert_eq!(fault.message, "its container timed out after 2000 ms");
        let fault = limit(Some(500), None, 0).fault();
        assert!(!fault.permanent);
        assert_eq!(fault.message, "timed out after 500 ms");
    }

    #[test]
    fn nested_runs_count_in_whole_seconds() {
        assert_eq!(limit(Some(2_500), None, 0).seconds(), Some(2));
        assert_eq!(limit(Some(10), None, 0).seconds(), Some(1));
        assert_eq!(limit(None, None, 0).seconds(), None);
    }
}
