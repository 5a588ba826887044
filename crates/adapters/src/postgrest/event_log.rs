//! The log of what happened to models and organizations.

use domain::json;
use domain::upcast::{EventMigration, Upcasts};
use serde_json::{Value, json};
use use_cases::context::Context;
use use_cases::ports::{
    BatchStored, Bookmark, Clock, EventFilter, EventLog, OldEvents, Page, PageRequest, PortError,
    PortErrorKind, StoredEvent,
};
use uuid::Uuid;

use super::client::{Call, Read, Session};
use super::table::Table;
use crate::http::Transport;

/// The columns of both logs, that of models and that of runs.
pub(super) const COLUMNS: &[&str] = &[
    "event_id",
    "event_type",
    "aggregate_type",
    "aggregate_id",
    "aggregate_version",
    "position",
    "event_version",
    "occurred_at",
    "actor_id",
    "organization_id",
    "correlation_id",
    "causation_id",
    "traceparent",
    "data",
];
const TABLE: Table<StoredEvent> = Table::new("domain_events", COLUMNS);

/// The events that fit, each in the newest shape of its type.
pub(super) async fn newest<H: Transport, C: Clock>(
    table: &Table<StoredEvent>,
    session: &Session<H, C>,
    upcasts: &Upcasts<'_>,
    (operation, read): (&'static str, Read),
) -> Result<Vec<StoredEvent>, PortError> {
    let events = table.all(session, operation, read).await?;
    let newest = events.into_iter();
    Ok(newest.map(|event| event.in_newest_shape(upcasts)).collect())
}

/// [`EventLog`] over PostgREST.
pub struct PostgrestEventLog<H, C> {
    session: Session<H, C>,
    upcasts: Upcasts<'static>,
}

impl<H: Transport, C: Clock> PostgrestEventLog<H, C> {
    /// The events that the session's caller may see, in the newest shape that these steps make.
    pub fn new(session: Session<H, C>, upcasts: Upcasts<'static>) -> Self {
        Self { session, upcasts }
    }

    fn filtered(&self, filter: &EventFilter) -> Read {
        let mut read = TABLE.read(&self.session);
        if let Some(from) = filter.from {
            read = read.gte("occurred_at", from);
        }
        if let Some(event_type) = &filter.event_type {
            read = read.eq("event_type", event_type);
        }
        if let Some(kind) = filter.aggregate_type {
            read = read.eq("aggregate_type", kind.as_str());
        }
        if let Some(aggregate_id) = filter.aggregate_id {
            read = read.eq("aggregate_id", aggregate_id);
        }
        read
    }

    /// The position behind which everything is final. A transaction that is still open may put an
    /// event before the newest visible one, never before this.
    async fn watermark(&self) -> Result<i64, PortError> {
        let call = Call {
            function: "read_watermark",
            arguments: &json!({}),
            repeatable: true,
        };
        self.session.call("event_log.list", call).await
    }
}

impl<H: Transport, C: Clock> EventLog for PostgrestEventLog<H, C> {
    async fn history(
        &self,
        _context: &Context,
        aggregate_id: Uuid,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        let read = stream(
            TABLE.read(&self.session),
            aggregate_id,
            after_version,
            limit,
        );
        let read = ("event_log.history", read);
        newest(&TABLE, &self.session, &self.upcasts, read).await
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<StoredEvent>, PortError> {
        let operation = "event_log.list";
        let limit = page.limit.clamp(1, 100);
        let final_up_to = self.watermark().await?;
        let all = self.filtered(filter).lte("position", final_up_to);
        let mut rest = all.clone().order("position.asc".into()).limit(limit + 1);
        if let Some(Bookmark(after)) = &page.after {
            let after = after.as_i64().ok_or_else(|| {
                PortError::new(
                    PortErrorKind::Invalid,
                    operation,
                    "a bookmark of another list",
                )
            })?;
            rest = rest.gt("position", after);
        }
        let mut items = newest(&TABLE, &self.session, &self.upcasts, (operation, rest)).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let total = match page.count {
            true => {
                self.session
                    .rows(operation, all.counted().limit(1))
                    .await?
                    .1
            }
            false => None,
        };
        let next = items.last().filter(|_| more).map(StoredEvent::bookmark);
        Ok(Page { items, next, total })
    }

    async fn old_events(
        &self,
        migration: &EventMigration,
        limit: u32,
    ) -> Result<OldEvents, PortError> {
        let call = Call {
            function: "read_old_events",
            arguments: &json!({ "command": about(migration, &json!({ "limit": limit })) }),
            repeatable: true,
        };
        self.session.call("event_log.old_events", call).await
    }

    async fn store_upcasts(
        &self,
        migration: &EventMigration,
        batch: &OldEvents,
    ) -> Result<BatchStored, PortError> {
        let batch = json::to_value(batch);
        let call = Call {
            function: "save_upcast_events",
            arguments: &json!({ "command": about(migration, &batch) }),
            repeatable: false,
        };
        self.session.call("event_log.store_upcasts", call).await
    }
}

/// A migration, and what is asked about it.
fn about(migration: &EventMigration, more: &Value) -> Value {
    let mut command = json::to_value(migration);
    if let (Some(command), Some(more)) = (command.as_object_mut(), more.as_object()) {
        command.extend(more.clone());
    }
    command
}

/// One aggregate's events in their order. Its versions have no gaps and are given out under a
/// lock, so what is visible of one stream is final.
pub(super) fn stream(read: Read, aggregate_id: Uuid, after_version: i64, limit: u32) -> Read {
    read.eq("aggregate_id", aggregate_id)
        .gt("aggregate_version", after_version)
        .order("aggregate_version.asc".into())
        .limit(limit)
}

#[cfg(test)]
mod tests {
    use domain::upcast::{Step, UPCASTS};
    use futures::executor::block_on;

    use super::*;
    use crate::http::script::{Script, StillClock, answer, answer_with};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, parameter, session};

    fn event(position: i64) -> serde_json::Value {
        json!({
            "eventId": ID, "eventType": "FunctionModelCreated", "aggregateType": "function-model",
            "aggregateId": ID, "aggregateVersion": position, "position": position, "eventVersion": 1,
            "occurredAt": WHEN, "actorId": ID, "organizationId": null, "correlationId": "r",
            "causationId": null, "traceparent": null, "data": {},
        })
    }

    #[test]
    fn a_stream_is_read_in_its_order() {
        let (script, clock) = (
            Script::of([answer(200, &json!([event(3)]).to_string())]),
            StillClock::default(),
        );
        let log = PostgrestEventLog::new(session(&script, &clock), UPCASTS);
        let id = Uuid::parse_str(ID).unwrap();
        let events = block_on(log.history(&context(), id, 2, 50)).unwrap();
        assert_eq!(events[0].aggregate_version, 3);
        let sent = &script.sent()[0];
        assert_eq!(
            parameter(sent, "aggregate_version").as_deref(),
            Some("gt.2")
        );
        assert_eq!(
            parameter(sent, "order").as_deref(),
            Some("aggregate_version.asc")
        );
    }

    #[test]
    fn the_whole_log_ends_where_nothing_can_appear_any_more() {
        let script = Script::of([
            answer(200, "90"),
            answer(200, &json!([event(5), event(7)]).to_string()),
            answer_with(
                206,
                "content-range",
                "0-0/2",
                &json!([event(5)]).to_string(),
            ),
        ]);
        let clock = StillClock::default();
        let log = PostgrestEventLog::new(session(&script, &clock), UPCASTS);
        let filter = EventFilter {
            from: domain::instant::Instant::parse(WHEN),
            event_type: Some("FunctionModelCreated".into()),
            aggregate_type: Some(domain::event_feed::AggregateType::FunctionModel),
            aggregate_id: Uuid::parse_str(ID).ok(),
        };
        let request = PageRequest {
            limit: 1,
            after: Some(Bookmark(json!(4))),
            count: true,
        };
        let page = block_on(log.list(&context(), &filter, &request)).unwrap();
        assert_eq!((page.items.len(), page.total), (1, Some(2)));
        assert_eq!(page.next, Some(Bookmark(json!(5))));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/read_watermark");
        let (_, query) = asked(&sent[1]);
        for wanted in [
            ("position", "lte.90"),
            ("position", "gt.4"),
            ("event_type", "eq.FunctionModelCreated"),
            ("occurred_at", "gte.2025-01-01T00:00:00.123Z"),
        ] {
            assert!(
                query.contains(&(wanted.0.into(), wanted.1.into())),
                "{wanted:?}"
            );
        }
        assert!(!asked(&sent[2]).1.iter().any(|(_, value)| value == "gt.4"));
    }

    /// A step that an old shape of this file's event needs.
    const STEPS: Upcasts<'static> = Upcasts(&[Step {
        event_type: "FunctionModelCreated",
        from: 1,
        make: |data| {
            data.insert("added".to_owned(), json!(true));
        },
    }]);

    #[test]
    fn old_events_are_read_in_the_newest_shape() {
        let script = Script::of([answer(200, &json!([event(3)]).to_string())]);
        let clock = StillClock::default();
        let log = PostgrestEventLog::new(session(&script, &clock), STEPS);
        let id = Uuid::parse_str(ID).unwrap();
        let events = block_on(log.history(&context(), id, 2, 50)).unwrap();
        assert_eq!(events[0].event_version, 2);
        assert_eq!(events[0].data, json!({"added": true}));
    }

    #[test]
    fn a_batch_goes_out_and_comes_back() {
        let handed = json!({"afterPosition": 4, "position": 9, "last": true,
            "events": [{"position": 7, "data": {"a": 1}}]});
        let stored = json!({"moved": true, "migrated": 1, "position": 9, "total": 3});
        let script = Script::of([
            answer(200, &handed.to_string()),
            answer(200, &stored.to_string()),
        ]);
        let clock = StillClock::default();
        let log = PostgrestEventLog::new(session(&script, &clock), STEPS);
        let migration = EventMigration {
            event_type: "FunctionModelCreated".into(),
            from_version: 1,
            to_version: 2,
        };
        let batch = block_on(log.old_events(&migration, 5)).unwrap();
        assert!(batch.last);
        let stored = block_on(log.store_upcasts(&migration, &batch)).unwrap();
        assert_eq!((stored.moved, stored.total), (true, 3));
        let sent = script.sent();
        let which = json!({"eventType": "FunctionModelCreated", "fromVersion": 1, "toVersion": 2});
        for (request, function, more) in [
            (&sent[0], "rpc/read_old_events", json!({"limit": 5})),
            (
                &sent[1],
                "rpc/save_upcast_events",
                json!({"afterPosition": 4, "position": 9, "events": handed["events"]}),
            ),
        ] {
            assert_eq!(asked(request).0, function);
            let mut command = which.clone();
            let fields = command.as_object_mut().unwrap();
            fields.extend(more.as_object().unwrap().clone());
            assert_eq!(body(request), json!({ "command": command }));
        }
    }

    #[test]
    fn a_foreign_bookmark_is_refused() {
        let (script, clock) = (Script::of([answer(200, "90")]), StillClock::default());
        let log = PostgrestEventLog::new(session(&script, &clock), UPCASTS);
        let request = PageRequest {
            after: Some(Bookmark(json!(["created_at", "a", "b"]))),
            ..PageRequest::default()
        };
        let error = block_on(log.list(&context(), &EventFilter::default(), &request)).unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid);
    }
}
