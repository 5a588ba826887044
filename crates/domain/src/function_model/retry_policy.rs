//! How often, and after which delay, a failed action is tried again.

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::vocabulary::{ActionNodeType, BackoffStrategy};

/// A checked retry policy. Delays are milliseconds; attempts count retries after the first one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", try_from = "RawRetryPolicy")]
pub struct RetryPolicy {
    enabled: bool,
    max_attempts: u32,
    strategy: BackoffStrategy,
    base_delay_ms: u64,
    max_delay_ms: u64,
    multiplier: f64,
    jitter_ms: u64,
}

/// A retry policy as it is asked for; absent fields take their defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRetryPolicy {
    /// Whether there are retries at all; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Retries after the first attempt, 0–100; default 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100)))]
    pub max_attempts: Option<i64>,
    /// How the delay grows; default exponential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<BackoffStrategy>,
    /// First delay in milliseconds, at most `maxDelayMs`; default 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MAX_DELAY_MS)))]
    pub base_delay_ms: Option<i64>,
    /// Longest delay in milliseconds, at most 300 000; default 30 000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MAX_DELAY_MS)))]
    pub max_delay_ms: Option<i64>,
    /// Growth of exponential delays, 1–10, above 1 when exponential; default 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub multiplier: Option<f64>,
    /// Most milliseconds added at random, at most `maxDelayMs`; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MAX_DELAY_MS)))]
    pub jitter_ms: Option<i64>,
}

const MAX_DELAY_MS: i64 = 300_000;

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            max_attempts: 3,
            strategy: BackoffStrategy::Exponential,
            base_delay_ms: 1000,
            max_delay_ms: 30_000,
            multiplier: 2.0,
            jitter_ms: 0,
        }
    }
}

impl RetryPolicy {
    /// Checks a policy.
    ///
    /// # Errors
    /// `RETRY_POLICY_INVALID` with every field outside its limits.
    pub fn parse(raw: &RawRetryPolicy) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let mut whole = |name: &str, given: Option<i64>, default: i64, max: i64| {
            let value = given.unwrap_or(default);
            if !(0..=max).contains(&value) {
                let limit = serde_json::json!({ "min": 0, "max": max });
                let error = FieldError::new(name, "range").limit(limit).value(value);
                violations.add(Code::RetryPolicyInvalid, error);
            }
            value.clamp(0, max)
        };
        let max_attempts = whole("maxAttempts", raw.max_attempts, 3, 100);
        let max_delay = whole("maxDelayMs", raw.max_delay_ms, 30_000, MAX_DELAY_MS);
        let base_delay = whole("baseDelayMs", raw.base_delay_ms, 1000, max_delay);
        let jitter = whole("jitterMs", raw.jitter_ms, 0, max_delay);
        let strategy = raw.strategy.unwrap_or(BackoffStrategy::Exponential);
        let multiplier = raw.multiplier.unwrap_or(2.0);
        let grows = multiplier > 1.0 || strategy != BackoffStrategy::Exponential;
        if !(1.0..=10.0).contains(&multiplier) || !grows {
            let limit = serde_json::json!({ "min": 1, "max": 10, "above": 1 });
            let error = FieldError::new("multiplier", "range")
                .limit(limit)
                .value(multiplier);
            violations.add(Code::RetryPolicyInvalid, error);
        }
        violations.finish()?;
        Ok(Self {
            enabled: raw.enabled.unwrap_or(true),
            max_attempts: max_attempts.unsigned_abs() as u32,
            strategy,
            base_delay_ms: base_delay.unsigned_abs(),
            max_delay_ms: max_delay.unsigned_abs(),
            multiplier,
            jitter_ms: jitter.unsigned_abs(),
        })
    }

    /// The policy of an action type that states none.
    pub fn default_of(action_type: ActionNodeType) -> Self {
        match action_type {
            ActionNodeType::TetherNode | ActionNodeType::KbNode => Self::default(),
            ActionNodeType::FunctionModelContainer => Self {
                strategy: BackoffStrategy::Linear,
                base_delay_ms: 5000,
                max_delay_ms: 50_000,
                ..Self::default()
            },
        }
    }

    /// Milliseconds before retry `n`, with a random number in [0, 1) for the jitter.
    ///
    /// # Errors
    /// `RETRY_POLICY_INVALID` when `n` is 0.
    pub fn delay_ms(&self, n: u32, random: f64) -> Result<u64, DomainError> {
        if n == 0 {
            let error = FieldError::new("n", "range").limit(1).value(n);
            let message = "Retries are counted from 1.";
            return Err(DomainError::field(Code::RetryPolicyInvalid, message, error));
        }
        if !self.enabled {
            return Ok(0);
        }
        let base = self.base_delay_ms as f64;
        let grown = match self.strategy {
            BackoffStrategy::Immediate => return Ok(0),
            BackoffStrategy::Linear => base * f64::from(n),
            BackoffStrategy::Exponential => base * self.multiplier.powf(f64::from(n - 1)),
        };
        let jitter = (random.clamp(0.0, 1.0) * self.jitter_ms as f64).floor();
        // A product of 0 and infinity is no number; a base of 0 stays 0.
        let grown = if base == 0.0 { 0.0 } else { grown };
        Ok((grown + jitter).min(self.max_delay_ms as f64) as u64)
    }

    /// Whether retry `n` takes place.
    pub fn should_retry(&self, n: u32) -> bool {
        self.enabled && n >= 1 && n <= self.max_attempts
    }

    /// The policy as it would be asked for.
    pub fn to_raw(&self) -> RawRetryPolicy {
        let whole = |ms: u64| i64::try_from(ms).ok();
        RawRetryPolicy {
            enabled: Some(self.enabled),
            max_attempts: Some(self.max_attempts.into()),
            strategy: Some(self.strategy),
            base_delay_ms: whole(self.base_delay_ms),
            max_delay_ms: whole(self.max_delay_ms),
            multiplier: Some(self.multiplier),
            jitter_ms: whole(self.jitter_ms),
        }
    }

    /// Retries after the first attempt.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Whether there are retries at all.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }
}

impl TryFrom<RawRetryPolicy> for RetryPolicy {
    type Error = DomainError;

    fn try_from(raw: RawRetryPolicy) -> Result<Self, DomainError> {
        Self::parse(&raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(json: &str) -> Result<RetryPolicy, DomainError> {
        RetryPolicy::parse(&serde_json::from_str(json).unwrap())
    }

    fn check(json: &str, delays: &[u64]) {
        let policy = policy(json).unwrap();
        let actual: Vec<u64> = (1..=delays.len() as u32)
            .map(|n| policy.delay_ms(n, 0.0).unwrap())
            .collect();
        assert_eq!(actual, delays, "{json}");
    }

    #[test]
    fn delays_follow_the_formula() {
        check("{}", &[1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        check(
            r#"{"strategy":"linear","baseDelayMs":500}"#,
            &[500, 1000, 1500],
        );
        check(r#"{"strategy":"immediate"}"#, &[0, 0]);
        check(r#"{"enabled":false}"#, &[0]);
        check(r#"{"baseDelayMs":0}"#, &[0, 0]);
        let jittered = policy(r#"{"jitterMs":100}"#).unwrap();
        assert_eq!(jittered.delay_ms(1, 0.5).unwrap(), 1050);
        assert_eq!(jittered.delay_ms(u32::MAX, 0.5).unwrap(), 30_000);
        assert!(jittered.delay_ms(0, 0.0).is_err());
    }

    #[test]
    fn limits_are_reported_together() {
        let refusal =
            policy(r#"{"maxAttempts":101,"baseDelayMs":40000,"multiplier":1,"jitterMs":-1}"#)
                .unwrap_err();
        assert_eq!(refusal.code, Code::RetryPolicyInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            ["maxAttempts", "baseDelayMs", "jitterMs", "multiplier"]
        );
        assert!(policy(r#"{"strategy":"linear","multiplier":1}"#).is_ok());
        assert!(policy(r#"{"maxDelayMs":300001}"#).is_err());
    }

    #[test]
    fn retries_are_counted_after_the_first_attempt() {
        let policy = RetryPolicy::default();
        assert!(!policy.should_retry(0));
        assert!(policy.should_retry(3));
        assert!(!policy.should_retry(4));
        let nested = RetryPolicy::default_of(ActionNodeType::FunctionModelContainer);
        assert_eq!(nested.delay_ms(2, 0.0).unwrap(), 10_000);
        assert!(nested.is_enabled());
        assert_eq!(nested.max_attempts(), 3);
    }

    #[test]
    fn json_is_complete_and_reads_back() {
        let json = serde_json::to_value(RetryPolicy::default()).unwrap();
        assert_eq!(json["baseDelayMs"], 1000);
        let read: RetryPolicy = serde_json::from_value(json).unwrap();
        assert_eq!(read, RetryPolicy::default());
        assert!(serde_json::from_str::<RetryPolicy>(r#"{"maxAttempts":-1}"#).is_err());
    }

    proptest! {
        #[test]
        fn backoff_is_bounded(
            n in 1u32..=u32::MAX,
            base in 0i64..=300_000,
            max in 0i64..=300_000,
            multiplier in 1.001f64..=10.0,
            jitter in 0i64..=300_000,
            random in 0.0f64..1.0,
            strategy in proptest::sample::select(BackoffStrategy::ALL),
        ) {
            let raw = RawRetryPolicy {
                base_delay_ms: Some(base.min(max)),
                max_delay_ms: Some(max),
                multiplier: Some(multiplier),
                jitter_ms: Some(jitter.min(max)),
                strategy: Some(strategy),
                ..RawRetryPolicy::default()
            };
            let delay = RetryPolicy::parse(&raw).unwrap().delay_ms(n, random).unwrap();
            prop_assert!(delay <= max.unsigned_abs());
        }
    }
}
