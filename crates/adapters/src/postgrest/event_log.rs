//! The log of what happened to models and organizations.

use serde_json::json;
use use_cases::context::Context;
use use_cases::ports::{
    Bookmark, Clock, EventFilter, EventLog, Page, PageRequest, PortError, PortErrorKind,
    StoredEvent,
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
    operation: &'static str,
    read: Read,
) -> Result<Vec<StoredEvent>, PortError> {
    let events = table.all(session, operation, read).await?;
    Ok(events
        .into_iter()
        .map(StoredEvent::in_newest_shape)
        .collect())
}

/// [`EventLog`] over PostgREST.
pub struct PostgrestEventLog<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestEventLog<H, C> {
    /// The events that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
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
        newest(&TABLE, &self.session, "event_log.history", read).await
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
        let mut items = newest(&TABLE, &self.session, operation, rest).await?;
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
    use futures::executor::block_on;

    use super::*;
    use crate::http::script::{Script, StillClock, answer, answer_with};
    use crate::postgrest::script::{ID, WHEN, asked, context, parameter, session};

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
        let log = PostgrestEventLog::new(session(&script, &clock));
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
        let log = PostgrestEventLog::new(session(&script, &clock));
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

    #[test]
    fn a_foreign_bookmark_is_refused() {
        let (script, clock) = (Script::of([answer(200, "90")]), StillClock::default());
        let log = PostgrestEventLog::new(session(&script, &clock));
        let request = PageRequest {
            after: Some(Bookmark(json!(["created_at", "a", "b"]))),
            ..PageRequest::default()
        };
        let error = block_on(log.list(&context(), &EventFilter::default(), &request)).unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid);
    }
}
