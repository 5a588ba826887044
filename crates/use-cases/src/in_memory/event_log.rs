//! The log of what has happened to models and organizations.

use std::rc::Rc;

use domain::ids::{AgentId, CoordinationId, ModelId, OrganizationId};
use uuid::Uuid;

use super::page::page;
use super::store::{Shared, Store};
use crate::context::Context;
use crate::ports::{self, EventFilter, Page, PageRequest, PortError, StoredEvent};

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
        Ok(wanted.take(limit as usize).cloned().collect())
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
            .collect();
        Ok(page(all, |event| event.bookmark().0, request))
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
