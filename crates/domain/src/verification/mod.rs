//! Whether what is stored of an aggregate is what its events say.
//!
//! Replaying gives the *rows* of an aggregate, `{table: {key: row}}` with the columns by their
//! names in the database, as the database itself tells them. `compare` names every difference.
//! A column that replaying does not know is a difference too, so that none is forgotten; the few
//! that no event tells are left out by whoever reads the rows.
//!
//! Times of rows are those of the events' envelopes, to the microsecond, and travel as text; of
//! containers and actions they are in the events themselves.

mod agent;
mod compare;
mod link;
mod model;
mod organization;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::{Code, DomainError};
use crate::ids::{OrganizationId, UserId};
use crate::instant::Instant;
use crate::upcast::{UPCASTS, Upcasts};
use crate::vocabulary::words;

pub use compare::{Comparison, Difference, MOST_DIFFERENCES, compare};
pub use model::{model_rows, plans};

words!(
    /// What can be replayed.
    ReplayedType {
        /// A model with its nodes and versions.
        FunctionModel => "function-model",
        /// A link.
        NodeLink => "node-link",
        /// An agent.
        AiAgent => "ai-agent",
        /// An organization with its members.
        Organization => "organization",
    }
);

/// An event as verifying reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Place in the stream.
    pub aggregate_version: i64,
    /// Such as `ContainerNodeAdded`.
    pub event_type: String,
    /// Version of the shape of `data`.
    pub event_version: u32,
    /// When it was stored, exactly.
    pub occurred_at: String,
    /// Who did it.
    #[serde(default)]
    pub actor_id: Option<UserId>,
    /// Whose it is, as long as the organization exists.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// The request that caused it.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// The facts.
    pub data: Value,
}

impl Recorded {
    /// The same in the newest shape of its type.
    fn upcast(mut self, upcasts: &Upcasts<'_>) -> Self {
        let data = self.data.take();
        (self.event_version, self.data) =
            upcasts.upcast(&self.event_type, self.event_version, data);
        self
    }

    fn field(&self, name: &str) -> Value {
        self.data.get(name).cloned().unwrap_or_default()
    }
}

/// The rows that a stream of events makes; `{}` when nothing is left. Old events count as what they
/// are in the newest shape of their type.
///
/// `gone_users` are people of the events whose accounts, and with them their memberships, are gone.
///
/// # Errors
/// `EVENT_SCHEMA_INVALID` for an event that cannot be read, or a stream that does not begin with
/// a creation.
pub fn replay(
    aggregate_type: ReplayedType,
    events: &[Recorded],
    gone_users: &[Uuid],
) -> Result<Value, DomainError> {
    let events = &in_newest_shape(events, &UPCASTS);
    let rows = match aggregate_type {
        ReplayedType::FunctionModel => model::replay(events)?,
        ReplayedType::NodeLink => link::replay(events)?,
        ReplayedType::AiAgent => agent::replay(events)?,
        ReplayedType::Organization => organization::replay(events, gone_users)?,
    };
    Ok(rows.map_or_else(|| json!({}), Value::Object))
}

/// Borrowed when nothing is old.
fn in_newest_shape<'a>(events: &'a [Recorded], upcasts: &Upcasts<'_>) -> Cow<'a, [Recorded]> {
    let is_old = |event: &Recorded| upcasts.newest(&event.event_type) > event.event_version;
    if !events.iter().any(is_old) {
        return Cow::Borrowed(events);
    }
    let newest = events.iter().cloned().map(|event| event.upcast(upcasts));
    Cow::Owned(newest.collect())
}

/// Rows by table and key.
type Rows = Map<String, Value>;

/// A table with one row.
fn one(table: &str, key: impl ToString, row: Map<String, Value>) -> Rows {
    let mut rows = Map::new();
    rows.insert(table.to_owned(), json!({ key.to_string(): row }));
    rows
}

/// An instant as the database writes one.
pub fn timestamp(instant: Instant) -> String {
    let text = instant.to_string();
    let text = text.trim_end_matches('Z').trim_end_matches('0');
    format!("{}+00:00", text.trim_end_matches('.'))
}

/// The columns of fields as the wire names them.
pub fn columns(fields: Value) -> Map<String, Value> {
    let Value::Object(fields) = fields else {
        return Map::new();
    };
    let renamed = fields
        .into_iter()
        .map(|(name, value)| (snake(&name), value));
    renamed.collect()
}

fn snake(name: &str) -> String {
    let mut column = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(letter.to_ascii_lowercase());
    }
    column
}

/// Counts saves: all events of one have the same time and the same cause.
#[derive(Default)]
struct Saves<'a> {
    count: i64,
    last: Option<(&'a str, Option<&'a str>)>,
}

impl<'a> Saves<'a> {
    /// Takes an event that changed something; answers whether a save begins with it.
    fn take(&mut self, event: &'a Recorded) -> bool {
        let cause = (event.occurred_at.as_str(), event.correlation_id.as_deref());
        let begins = self.last != Some(cause);
        if begins {
            self.last = Some(cause);
            self.count += 1;
        }
        begins
    }
}

/// The refusal of a stream that cannot be read.
fn unreadable(event: &Recorded, why: &str) -> DomainError {
    let (version, name) = (event.aggregate_version, &event.event_type);
    let message = format!("Event {version} ({name}) cannot be replayed: {why}");
    DomainError::new(Code::EventSchemaInvalid, message)
}

/// What a stream begins with.
fn first(
    event: &Recorded,
    row: Option<Map<String, Value>>,
) -> Result<Map<String, Value>, DomainError> {
    row.ok_or_else(|| unreadable(event, "nothing was created before it"))
}

#[cfg(test)]
mod tests;
