//! The log of what has happened to models and organizations.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::ids::{AgentId, CoordinationId, ModelId, OrganizationId};
use domain::upcast::{EventMigration, Upcasts};
use serde_json::Value;
use uuid::Uuid;

use super::ids::nth_id;
use super::page::page;
use super::store::{Shared, Store};
use crate::context::Context;
use crate::ports::{
    self, BatchStored, Clock, EventData, EventFilter, OldEvents, Page, PageRequest, PortError,
    StoredEvent,
};

/// A twin of the stored events.
#[derive(Debug)]
pub struct EventLog(pub(super) Rc<Shared>);

impl ports::EventLog for EventLog {
    async fn history(
        &self,
        context: &Context,
        aggregate_id: Uuid,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        self.0.faults.check("event_log.history")?;
        let store = self.0.store.borrow();
        let events = store
            .events
            .iter()
            .filter(|e| e.aggregate_id == aggregate_id);
        let wanted =
            events.filter(|e| e.aggregate_version > after_version && shows(&store, context, e));
        let upcasts = self.0.upcasts.get();
        let wanted = wanted.take(limit as usize).cloned();
        Ok(wanted.map(|e| e.in_newest_shape(&upcasts)).collect())
    }

    async fn list(
        &self,
        context: &Context,
        filter: &EventFilter,
        request: &PageRequest,
    ) -> Result<Page<StoredEvent>, PortError> {
        self.0.faults.check("event_log.list")?;
        let store = self.0.store.borrow();
        let all = store
            .events
            .iter()
            .filter(|e| filter.from.is_none_or(|from| e.occurred_at >= from))
            .filter(|e| {
                filter
                    .event_type
                    .as_ref()
                    .is_none_or(|kind| e.event_type == *kind)
            })
            .filter(|e| {
                filter
                    .aggregate_type
                    .is_none_or(|kind| e.aggregate_type == kind.as_str())
            })
            .filter(|e| filter.aggregate_id.is_none_or(|id| e.aggregate_id == id))
            .filter(|e| shows(&store, context, e))
            .cloned()
            .map(|e| e.in_newest_shape(&self.0.upcasts.get()))
            .collect();
        Ok(page(all, |event| event.bookmark().0, request))
    }

    async fn old_events(
        &self,
        migration: &EventMigration,
        limit: u32,
    ) -> Result<OldEvents, PortError> {
        self.0.faults.check("event_log.old_events")?;
        let store = self.0.store.borrow();
        let (after_position, _) = checkpoint(&store, migration);
        let end = store.events.last().map_or(0, |event| event.position);
        let old = store.events.iter().filter(|event| {
            event.position > after_position
                && event.event_type == migration.event_type
                && event.event_version == migration.from_version
        });
        let events: Vec<EventData> = old
            .take(limit as usize)
            .map(|event| EventData {
                position: event.position,
                data: event.data.clone(),
            })
            .collect();
        let full = events.last().filter(|_| events.len() == limit as usize);
        let position = full.map_or(end.max(after_position), |event| event.position);
        Ok(OldEvents {
            after_position,
            position,
            last: position >= end,
            events,
        })
    }

    async fn store_upcasts(
        &self,
        migration: &EventMigration,
        batch: &OldEvents,
    ) -> Result<BatchStored, PortError> {
        self.0.faults.check("event_log.store_upcasts")?;
        let mut store = self.0.store.borrow_mut();
        let (position, total) = checkpoint(&store, migration);
        if position != batch.after_position {
            return Ok(BatchStored {
                moved: false,
                migrated: 0,
                position,
                total,
            });
        }
        let mut migrated = 0;
        for event in &batch.events {
            let stored = store.upcasts.get(&event.position);
            if stored.is_none_or(|(version, _)| *version < migration.to_version) {
                let newer = (migration.to_version, event.data.clone());
                store.upcasts.insert(event.position, newer);
                migrated += 1;
            }
        }
        let total = total + u64::from(migrated);
        store.migrations.retain(|(known, ..)| known != migration);
        let moved = (migration.clone(), batch.position, total);
        store.migrations.push(moved);
        Ok(BatchStored {
            moved: true,
            migrated,
            position: batch.position,
            total,
        })
    }
}

/// How far a migration has come, and how many events it has stored.
fn checkpoint(store: &Store, migration: &EventMigration) -> (i64, u64) {
    let mut known = store.migrations.iter();
    let known = known.find(|(known, ..)| known == migration);
    known.map_or((0, 0), |(_, position, total)| (*position, *total))
}

/// What a test arranges behind the rules, and looks at.
impl super::World {
    /// A world whose events are read with these steps.
    pub fn with_upcasts(upcasts: Upcasts<'static>) -> Self {
        let world = Self::new();
        world.shared.upcasts.set(upcasts);
        world
    }

    /// Appends an event of any version to the stream of a model.
    pub fn plant_event(&self, model_id: Uuid, event_type: &str, event_version: u32, data: Value) {
        let mut store = self.shared.store.borrow_mut();
        let stream = store.events.iter().filter(|e| e.aggregate_id == model_id);
        let aggregate_version = stream.count() as i64 + 1;
        let position = store.events.len() as i64 + 1;
        let append = store.events.len();
        store.appends.push(append);
        store.events.push(StoredEvent {
            event_id: nth_id(1 << 32 | position.unsigned_abs()),
            event_type: event_type.to_owned(),
            aggregate_type: "function-model".to_owned(),
            aggregate_id: model_id,
            aggregate_version,
            position,
            event_version,
            occurred_at: self.shared.clock.instant(),
            actor_id: None,
            organization_id: None,
            correlation_id: None,
            causation_id: None,
            traceparent: None,
            data,
        });
    }

    /// The log as it is stored.
    pub fn stored_events(&self) -> Vec<StoredEvent> {
        self.shared.store.borrow().events.clone()
    }

    /// What is stored in a newer version, by position.
    pub fn stored_upcasts(&self) -> BTreeMap<i64, (u32, Value)> {
        self.shared.store.borrow().upcasts.clone()
    }
}

fn shows(store: &Store, context: &Context, event: &StoredEvent) -> bool {
    let id = event.aggregate_id;
    match event.aggregate_type.as_str() {
        "organization" => store
            .role(context, Some(OrganizationId::from_uuid(id)))
            .is_some(),
        "ai-agent" => store.sees_agent(context, AgentId::from_uuid(id)),
        "execution" => store.sees_coordination(context, CoordinationId::from_uuid(id)),
        "schedule" => store.sees_schedule(context, id),
        "node-link" => store.sees_link_of_stream(context, id),
        _ => store.shows(context, ModelId::from_uuid(id)),
    }
}
