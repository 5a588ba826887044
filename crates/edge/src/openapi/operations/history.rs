//! Events and the audit trail.

use domain::event_feed::AggregateType;
use domain::ids::UserId;
use domain::instant::Instant;
use use_cases::ports::{AuditEntry, AuditOperation, StoredEvent};
use uuid::Uuid;

use super::Description;
use crate::openapi::description::Position;

const TAG: &str = "Events and audit";

pub(super) fn of_model() -> Description {
    Description::new(TAG, "List the events of a model")
        .of_model()
        .stream::<StoredEvent>("The events, in their order.")
}

pub(super) fn audit() -> Description {
    Description::new(TAG, "List the changes of a model's rows")
        .of_model()
        .query::<AuditOperation>("operation", "Only changes of this kind.")
        .query::<String>("eventType", "Only changes that came with this event.")
        .query::<UserId>("changedBy", "Only changes by this user.")
        .query::<Instant>("from", "Not before this instant.")
        .query::<Instant>("to", "Before this instant.")
        .page::<AuditEntry>("The changes, newest first.")
}

pub(super) fn log() -> Description {
    Description::new(TAG, "List all events the caller may see")
        .query::<Instant>("from", "Not before this instant.")
        .query::<Position>(
            "afterPosition",
            "Only what came after this place in the log.",
        )
        .query::<String>("eventType", "Only events of this type.")
        .query::<AggregateType>("aggregateType", "Only events of things of this kind.")
        .query::<Uuid>("aggregateId", "Only events of this thing.")
        .page::<StoredEvent>("The events, in the order of the log.")
}
