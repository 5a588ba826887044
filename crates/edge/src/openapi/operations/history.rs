//! Events and the audit trail.

use domain::error::Code;
use domain::event_feed::AggregateType;
use domain::ids::UserId;
use domain::instant::Instant;
use domain::upcast::MigrateEvents;
use use_cases::Migrated;
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

pub(super) fn migrate() -> Description {
    Description::new(TAG, "Store old events in their newest shape")
        .text(
            "For the service. Goes on from a checkpoint, so that whoever is interrupted asks again. \
             The events themselves never change: what is read of them has the newest shape anyhow, \
             and what is stored beside the log is for readers of the database.",
        )
        .body::<MigrateEvents>()
        .codes(&[Code::Forbidden, Code::EventStepUnknown])
        .ok::<Migrated>("How far it has come.")
}
