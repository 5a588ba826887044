//! Containers that failed are tried again as a whole, where the start of the run asked for it.

use serde::{Deserialize, Serialize};

use super::failure::SkipSet;
use crate::execution::Recovery;

/// How often, and after which pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecoveryPolicy {
    /// Further tries of each container: 2 make 3 tries.
    pub max_retry_attempts: u32,
    /// Milliseconds before each.
    pub retry_delay_ms: u64,
}

impl RecoveryPolicy {
    /// What a checked start asks for; nothing when it is switched off or allows no further try.
    pub fn of(recovery: Recovery) -> Option<Self> {
        let policy = Self {
            max_retry_attempts: u32::try_from(recovery.max_retry_attempts).ok()?,
            retry_delay_ms: u64::try_from(recovery.retry_delay_ms).ok()?,
        };
        (recovery.enable_auto_recovery && policy.max_retry_attempts > 0).then_some(policy)
    }

    /// The pause before the container of a failed action is tried again, after so many further
    /// tries; none when it stays failed. Until then the containers behind it wait.
    pub fn restart_after_ms(self, consequence: &SkipSet, restarts: u32) -> Option<u64> {
        let again = consequence.container_failed && restarts < self.max_retry_attempts;
        again.then_some(self.retry_delay_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(enable_auto_recovery: bool, max_retry_attempts: i64) -> Option<RecoveryPolicy> {
        RecoveryPolicy::of(Recovery {
            enable_auto_recovery,
            max_retry_attempts,
            retry_delay_ms: 500,
        })
    }

    #[test]
    fn two_retries_are_three_tries() {
        let policy = asked(true, 2).unwrap();
        let failed = SkipSet {
            container_failed: true,
            ..SkipSet::default()
        };
        let pauses = [0, 1, 2].map(|restarts| policy.restart_after_ms(&failed, restarts));
        assert_eq!(pauses, [Some(500), Some(500), None]);
        assert_eq!(policy.restart_after_ms(&SkipSet::default(), 0), None);
    }

    #[test]
    fn nothing_is_tried_again_unless_asked_for() {
        assert_eq!(asked(false, 2), None);
        assert_eq!(asked(true, 0), None);
    }
}
