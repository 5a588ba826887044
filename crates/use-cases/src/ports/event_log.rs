//! The log of what has happened.

use domain::event_feed::AggregateType;
use domain::ids::{OrganizationId, UserId};
use domain::instant::Instant;
use domain::upcast::{EventMigration, Upcasts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Bookmark, Page, PageRequest, PortError};
use crate::context::Context;

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoredEvent {
    /// Its own id.
    pub event_id: Uuid,
    /// Such as `ContainerNodeAdded`.
    pub event_type: String,
    /// Such as `function-model` or `execution`.
    pub aggregate_type: String,
    /// What it happened to.
    pub aggregate_id: Uuid,
    /// Place in the aggregate's stream: 1, 2, 3 … without gaps.
    pub aggregate_version: i64,
    /// Place in the whole log, rising, with gaps.
    pub position: i64,
    /// Version of the shape of `data`.
    pub event_version: u32,
    /// When it was stored.
    pub occurred_at: Instant,
    /// Who did it; absent for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// Whose it is; absent for what belongs to one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The request or execution that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// W3C trace context of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The facts.
    pub data: Value,
}

/// Which events of the whole log are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFilter {
    /// Not before this instant.
    pub from: Option<Instant>,
    /// Of this type only.
    pub event_type: Option<String>,
    /// Of this kind of aggregate only.
    pub aggregate_type: Option<AggregateType>,
    /// Of this aggregate only.
    pub aggregate_id: Option<Uuid>,
}

/// The data of an event at its place in the whole log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventData {
    /// Place in the whole log.
    pub position: i64,
    /// The facts.
    pub data: Value,
}

/// A stretch of the log, with the events of it that a migration is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OldEvents {
    /// The stretch begins behind this position, which is the migration's checkpoint.
    pub after_position: i64,
    /// It ends with this one.
    pub position: i64,
    /// Whether the log is final up to there and no further.
    #[serde(skip_serializing)]
    pub last: bool,
    /// The events.
    pub events: Vec<EventData>,
}

/// What came of storing a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct BatchStored {
    /// Whether the checkpoint was where the batch began; nothing was stored if not.
    pub moved: bool,
    /// How many events were stored.
    pub migrated: u32,
    /// Where the checkpoint is now.
    pub position: i64,
    /// How many events the migration stored until now.
    pub total: u64,
}

/// Events of models and organizations, as the caller may see them. Those of runs are among what a
/// migration reads, where the home keeps them in the same log.
pub trait EventLog {
    /// The stream of one aggregate in its order, after the given version (0: from the start).
    async fn history(
        &self,
        context: &Context,
        aggregate_id: Uuid,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError>;

    /// The whole log in its order, up to the point behind which nothing can appear any more.
    async fn list(
        &self,
        context: &Context,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<StoredEvent>, PortError>;

    /// The next events of a migration behind its checkpoint, in the shape they were stored in;
    /// for the service. There may be none in a batch and more behind it.
    async fn old_events(
        &self,
        migration: &EventMigration,
        limit: u32,
    ) -> Result<OldEvents, PortError>;

    /// Stores a batch whose events have the newest shape, beside the log, and moves the checkpoint
    /// behind it, both or neither; for the service.
    async fn store_upcasts(
        &self,
        migration: &EventMigration,
        batch: &OldEvents,
    ) -> Result<BatchStored, PortError>;
}

impl StoredEvent {
    /// The same in the newest shape of its type, as everybody reads it.
    pub fn in_newest_shape(mut self, upcasts: &Upcasts<'_>) -> Self {
        let data = self.data.take();
        (self.event_version, self.data) =
            upcasts.upcast(&self.event_type, self.event_version, data);
        self
    }

    /// Where a page that ends with this event ends.
    pub fn bookmark(&self) -> Bookmark {
        Bookmark(Value::from(self.position))
    }
}
