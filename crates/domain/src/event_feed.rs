//! Who follows the log of events, and the form in which events leave: CloudEvents 1.0 JSON.

#[cfg(feature = "schema")]
mod answers;
mod cloud_event;

use serde::Deserialize;
use uuid::Uuid;

use crate::error::{Code, DomainError, FieldError};
use crate::instant::Instant;
use crate::vocabulary::words;

#[cfg(feature = "schema")]
pub use answers::{CloudEvent, DeadLetter, EventBatch, EventSubscription};
pub use cloud_event::{cloud_event, cloud_events};

/// Most types a filter names.
const MOST_TYPES: usize = 100;
/// Most events of a batch.
const MOST_EVENTS: u32 = 1000;
/// The longest lease, in seconds.
const LONGEST_LEASE: u32 = 3600;
/// Most attempts at an event.
const MOST_ATTEMPTS: u32 = 100;

words!(
    /// The kinds of things that have streams of events.
    AggregateType {
        /// A model.
        FunctionModel => "function-model",
        /// A link.
        NodeLink => "node-link",
        /// An agent.
        AiAgent => "ai-agent",
        /// An organization.
        Organization => "organization",
        /// A schedule.
        Schedule => "schedule",
        /// A run, or a coordination of agents.
        Execution => "execution",
    }
);

/// Make a subscription, or change or move one.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveEventSubscription {
    /// Only events of these types, 1–100 of them; absent means all.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MOST_TYPES)))]
    pub event_types: Option<Vec<String>>,
    /// Only events of things of these kinds; absent means all.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MOST_TYPES)))]
    pub aggregate_types: Option<Vec<AggregateType>>,
    /// How often an event is tried before it is parked, 1–100; 8 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MOST_ATTEMPTS)))]
    pub max_attempts: Option<u32>,
    /// Go on after this place in the log; 0 is its start. Absent leaves an old subscription where
    /// it is, and lets a new one begin now.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub after_position: Option<i64>,
    /// Go on with what happened at this time or later; instead of a place.
    #[serde(default)]
    pub from: Option<Instant>,
}

/// Ask for the next batch of a subscription.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FetchEvents {
    /// Most events, 1–1000; 100 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MOST_EVENTS)))]
    pub limit: Option<u32>,
    /// For how long nobody else is given a batch, 1–3600 s; 60 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = LONGEST_LEASE)))]
    pub lease_seconds: Option<u32>,
    /// The batch the caller has: it is given up, and what it held comes again.
    #[serde(default)]
    pub batch: Option<i64>,
}

/// End a batch: what is not among the failures was handled, except what comes after a failure of
/// the same thing, which comes again.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleEvents {
    /// The batch.
    pub batch: i64,
    /// Events that could not be handled, at most 1000.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = MOST_EVENTS)))]
    pub failures: Vec<EventFailure>,
}

/// An event that could not be handled.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventFailure {
    /// Its `id`.
    pub event_id: Uuid,
    /// Why, for whoever looks at the parked ones; 2000 characters of it are kept.
    pub error: String,
}

/// Checks the name of a subscription: small letters, digits and hyphens, 1–63 of them.
///
/// # Errors
/// `SUBSCRIPTION_INVALID`.
pub fn subscription_name(name: &str) -> Result<&str, DomainError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = (1..=63).contains(&name.len())
        && name.chars().all(|c| plain(c) || c == '-')
        && name.starts_with(plain)
        && name.ends_with(plain);
    if fits {
        return Ok(name);
    }
    Err(invalid("name", "format"))
}

impl SaveEventSubscription {
    /// Checks the values.
    ///
    /// # Errors
    /// `SUBSCRIPTION_INVALID`.
    pub fn check(&self) -> Result<(), DomainError> {
        let length = |count: Option<usize>| count.is_none_or(|n| (1..=MOST_TYPES).contains(&n));
        if !length(self.event_types.as_ref().map(Vec::len)) {
            return Err(invalid("eventTypes", "length"));
        }
        if !length(self.aggregate_types.as_ref().map(Vec::len)) {
            return Err(invalid("aggregateTypes", "length"));
        }
        range("maxAttempts", self.max_attempts, MOST_ATTEMPTS)?;
        if self.after_position.is_some_and(|place| place < 0) {
            return Err(invalid("afterPosition", "range"));
        }
        match (self.after_position, self.from) {
            (Some(_), Some(_)) => Err(invalid("from", "exclusive")),
            _ => Ok(()),
        }
    }
}

impl FetchEvents {
    /// Checks the values.
    ///
    /// # Errors
    /// `SUBSCRIPTION_INVALID`.
    pub fn check(&self) -> Result<(), DomainError> {
        range("limit", self.limit, MOST_EVENTS)?;
        range("leaseSeconds", self.lease_seconds, LONGEST_LEASE)
    }
}

impl SettleEvents {
    /// Checks the values.
    ///
    /// # Errors
    /// `SUBSCRIPTION_INVALID`.
    pub fn check(&self) -> Result<(), DomainError> {
        match self.failures.len() > MOST_EVENTS as usize {
            true => Err(invalid("failures", "length")),
            false => Ok(()),
        }
    }
}

fn range(field: &str, value: Option<u32>, most: u32) -> Result<(), DomainError> {
    match value.is_none_or(|value| (1..=most).contains(&value)) {
        true => Ok(()),
        false => Err(invalid(field, "range")),
    }
}

fn invalid(field: &str, rule: &str) -> DomainError {
    let message = "A subscription is not described like this.";
    DomainError::field(
        Code::SubscriptionInvalid,
        message,
        FieldError::new(field, rule),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(outcome: Result<(), DomainError>) -> String {
        let refusal = outcome.unwrap_err();
        assert_eq!(refusal.code, Code::SubscriptionInvalid);
        refusal.errors[0].field.clone()
    }

    #[test]
    fn names_are_words() {
        for name in ["a", "search-index", "7", &"x".repeat(63)] {
            assert_eq!(subscription_name(name), Ok(name));
        }
        for name in ["", "-a", "a-", "A", "a b", "ä", &"x".repeat(64)] {
            assert!(subscription_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn values_have_their_bounds() {
        let save = SaveEventSubscription::default;
        assert_eq!(save().check(), Ok(()));
        let types = |count: usize| SaveEventSubscription {
            event_types: Some(vec!["FunctionModelCreated".into(); count]),
            ..save()
        };
        assert_eq!(types(100).check(), Ok(()));
        assert_eq!(field(types(0).check()), "eventTypes");
        assert_eq!(field(types(101).check()), "eventTypes");
        let kinds = SaveEventSubscription {
            aggregate_types: Some(vec![]),
            ..save()
        };
        assert_eq!(field(kinds.check()), "aggregateTypes");
        let attempts = |max_attempts| SaveEventSubscription {
            max_attempts: Some(max_attempts),
            ..save()
        };
        assert_eq!(attempts(100).check(), Ok(()));
        assert_eq!(field(attempts(0).check()), "maxAttempts");
        assert_eq!(field(attempts(101).check()), "maxAttempts");
        let place = |after_position, from| SaveEventSubscription {
            after_position: Some(after_position),
            from,
            ..save()
        };
        assert_eq!(place(0, None).check(), Ok(()));
        assert_eq!(field(place(-1, None).check()), "afterPosition");
        let both = place(0, Some(Instant::from_millis(0)));
        assert_eq!(field(both.check()), "from");
    }

    #[test]
    fn batches_have_their_bounds() {
        let fetch = |limit, lease_seconds| FetchEvents {
            limit: Some(limit),
            lease_seconds: Some(lease_seconds),
            batch: None,
        };
        assert_eq!(fetch(1000, 3600).check(), Ok(()));
        assert_eq!(field(fetch(1001, 1).check()), "limit");
        assert_eq!(field(fetch(1, 0).check()), "leaseSeconds");
        let settle = |count: usize| SettleEvents {
            batch: 1,
            failures: vec![
                EventFailure {
                    event_id: Uuid::nil(),
                    error: String::new()
                };
                count
            ],
        };
        assert_eq!(settle(1000).check(), Ok(()));
        assert_eq!(field(settle(1001).check()), "failures");
    }
}
