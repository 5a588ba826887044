//! What the database answers to subscribers, for the description of the API alone: the answers
//! pass through without being read.

use schemars::JsonSchema;
use uuid::Uuid;

use super::AggregateType;
use crate::instant::Instant;
use crate::limits::JsonObject;

/// Who follows the log, and how far they have come.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct EventSubscription {
    /// Its name.
    pub name: String,
    /// Only events of these types; absent means all.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// Only events of things of these kinds; absent means all.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub aggregate_types: Option<Vec<AggregateType>>,
    /// Everything up to this place in the log was handled, set aside or parked.
    pub position: u64,
    /// How many places of the log are still to come.
    pub lag: u64,
    /// How many events wait for another try, or behind one that does.
    pub set_aside: u64,
    /// How many events are parked.
    pub dead_letters: u64,
    /// How often an event is tried before it is parked.
    pub max_attempts: u32,
    /// Until when a consumer has a batch; absent when none has.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When its checkpoint or its filter changed last.
    pub updated_at: Instant,
}

/// A batch of events: those that are tried again first, then new ones, in the order of the log.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct EventBatch {
    /// Its number, to settle it with.
    pub batch: u64,
    /// Until when nobody else is given one.
    pub leased_until: Instant,
    /// The events.
    pub events: Vec<CloudEvent>,
}

/// A parked event.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct DeadLetter {
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// When it was parked.
    pub parked_at: Instant,
    /// The event.
    pub event: CloudEvent,
}

/// An event in the form of CloudEvents 1.0.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub struct CloudEvent {
    /// `1.0`.
    pub specversion: String,
    /// The event; handlers recognise a repetition by it.
    pub id: Uuid,
    /// The kind of thing it happened to, as a path.
    pub source: String,
    /// Such as `FunctionModelPublished`.
    #[schemars(rename = "type")]
    pub event_type: String,
    /// The thing it happened to.
    pub subject: Uuid,
    /// When.
    pub time: Instant,
    /// `application/json`.
    pub datacontenttype: String,
    /// Its place in the whole log: digits that sort as text.
    pub sequence: String,
    /// Its place in the stream of the thing it happened to.
    pub aggregateversion: u32,
    /// The version of the shape of `data`.
    pub eventversion: u32,
    /// Who did it; absent for the system.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub actorid: Option<Uuid>,
    /// Whose it is.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub organizationid: Option<Uuid>,
    /// The request or run that caused it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// The event that caused it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// W3C trace context of the request.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The how-manieth try this is.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The facts.
    pub data: JsonObject,
}
