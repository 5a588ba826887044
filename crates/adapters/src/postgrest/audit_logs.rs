//! Who changed what, as the database's triggers wrote it down.

use std::collections::HashMap;

use domain::ids::{ModelId, UserId};
use domain::instant::Instant;
use serde::Deserialize;
use serde_json::Value;
use use_cases::context::Context;
use use_cases::ports::{
    AuditEntry, AuditFilter, AuditLogs, AuditOperation, Clock, Page, PageRequest, PortError,
};
use uuid::Uuid;

use super::client::{Read, Session};
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<Row> = Table::new(
    "audit_logs",
    &[
        "audit_id",
        "table_name",
        "operation",
        "record_id",
        "row_id",
        "model_id",
        "old_data",
        "new_data",
        "changed_by",
        "changed_at",
        "event_type",
    ],
);
/// The order of the table's only index, read backwards.
const NEWEST_FIRST: Order = Order::newest_first("changed_at", "audit_id");
const EVENTS: Table<EventData> = Table::new("domain_events", &["aggregate_version", "data"]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    audit_id: Uuid,
    table_name: String,
    operation: AuditOperation,
    record_id: Uuid,
    row_id: Option<Uuid>,
    model_id: Option<ModelId>,
    old_data: Option<Value>,
    new_data: Option<Value>,
    changed_by: Option<UserId>,
    changed_at: Instant,
    event_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventData {
    aggregate_version: i64,
    data: Value,
}

impl Row {
    /// The place in the model's stream of the event that this row stands for. Such rows refer to
    /// the event instead of repeating it.
    fn version_of_event(&self) -> Option<i64> {
        let new_data = self
            .new_data
            .as_ref()
            .filter(|_| self.table_name == "domain_events");
        new_data?.get("aggregateVersion")?.as_i64()
    }

    fn into_entry(self, events: &mut HashMap<i64, Value>) -> AuditEntry {
        let event_data = self
            .version_of_event()
            .and_then(|version| events.remove(&version));
        AuditEntry {
            audit_id: self.audit_id,
            table_name: self.table_name,
            operation: self.operation,
            record_id: self.row_id.unwrap_or(self.record_id).to_string(),
            old_data: self.old_data,
            new_data: self.new_data,
            changed_by: self.changed_by,
            changed_at: self.changed_at,
            event_type: self.event_type,
            event_data,
            model_id: self.model_id,
        }
    }
}

/// [`AuditLogs`] over PostgREST.
pub struct PostgrestAuditLogs<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestAuditLogs<H, C> {
    /// The audit rows that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    fn filtered(&self, model_id: ModelId, filter: &AuditFilter) -> Read {
        let mut read = TABLE.read(&self.session).eq("record_id", model_id);
        if let Some(operation) = filter.operation {
            let word = match operation {
                AuditOperation::Create => "create",
                AuditOperation::Update => "update",
                AuditOperation::Delete => "delete",
            };
            read = read.eq("operation", word);
        }
        if let Some(event_type) = &filter.event_type {
            read = read.eq("event_type", event_type);
        }
        if let Some(user) = filter.changed_by {
            read = read.eq("changed_by", user);
        }
        if let Some(from) = filter.from {
            read = read.gte("changed_at", from);
        }
        if let Some(to) = filter.to {
            read = read.lt("changed_at", to);
        }
        read
    }

    /// What the events of these rows say, by place in the stream.
    async fn events(
        &self,
        model_id: ModelId,
        rows: &[Row],
    ) -> Result<HashMap<i64, Value>, PortError> {
        let versions = rows.iter().filter_map(Row::version_of_event);
        let versions: Vec<String> = versions.map(|version| version.to_string()).collect();
        if versions.is_empty() {
            return Ok(HashMap::new());
        }
        let read = EVENTS
            .read(&self.session)
            .eq("aggregate_id", model_id)
            .any_of("aggregate_version", &versions);
        let events = EVENTS
            .all(&self.session, "audit_logs.find_by_model", read)
            .await?;
        let by_version = events
            .into_iter()
            .map(|event| (event.aggregate_version, event.data));
        Ok(by_version.collect())
    }
}

impl<H: Transport, C: Clock> AuditLogs for PostgrestAuditLogs<H, C> {
    async fn find_by_model(
        &self,
        _context: &Context,
        model_id: ModelId,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError> {
        let operation = "audit_logs.find_by_model";
        let read = self.filtered(model_id, filter);
        let rows = TABLE
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await?;
        let mut events = self.events(model_id, &rows.items).await?;
        Ok(rows.map(|row| row.into_entry(&mut events)))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, context, session};

    fn row(table: &str, row_id: Option<&str>, new_data: Value) -> Value {
        json!({
            "auditId": ID, "tableName": table, "operation": "update", "recordId": ID, "rowId": row_id,
            "modelId": ID, "oldData": null, "newData": new_data, "changedBy": null, "changedAt": WHEN,
            "eventType": "FunctionModelUpdated",
        })
    }

    #[test]
    fn rows_name_what_changed_and_rows_of_events_say_what_happened() {
        let other = "0198c0de-0000-7000-8000-00000000000b";
        let rows = json!([
            row("container_nodes", Some(other), json!({"name": "b"})),
            row("domain_events", None, json!({"aggregateVersion": 4})),
        ]);
        let events = json!([{"aggregateVersion": 4, "data": {"name": "b"}}]);
        let script = Script::of([
            answer(200, &rows.to_string()),
            answer(200, &events.to_string()),
        ]);
        let clock = StillClock::default();
        let logs = PostgrestAuditLogs::new(session(&script, &clock));
        let id = ModelId::parse(ID).unwrap();
        let filter = AuditFilter {
            operation: Some(AuditOperation::Update),
            event_type: Some("FunctionModelUpdated".into()),
            changed_by: UserId::parse(ID).ok(),
            from: Instant::parse(WHEN),
            to: Instant::parse(WHEN),
        };
        let page =
            block_on(logs.find_by_model(&context(), id, &filter, &PageRequest::default())).unwrap();
        assert_eq!(
            (page.items[0].record_id.as_str(), &page.items[0].event_data),
            (other, &None)
        );
        assert_eq!(
            (page.items[1].record_id.as_str(), &page.items[1].event_data),
            (ID, &Some(json!({"name": "b"})))
        );
        let sent = script.sent();
        let (_, query) = asked(&sent[0]);
        let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names[1..],
            [
                "record_id",
                "operation",
                "event_type",
                "changed_by",
                "changed_at",
                "changed_at",
                "order"
            ]
        );
        assert!(
            asked(&sent[1])
                .1
                .contains(&("aggregate_version".into(), r#"in.("4")"#.into()))
        );
    }

    #[test]
    fn without_events_one_read_is_enough() {
        for operation in [AuditOperation::Create, AuditOperation::Delete] {
            let rows = json!([row("function_models", Some(ID), json!({}))]).to_string();
            let (script, clock) = (Script::of([answer(200, &rows)]), StillClock::default());
            let logs = PostgrestAuditLogs::new(session(&script, &clock));
            let filter = AuditFilter {
                operation: Some(operation),
                ..AuditFilter::default()
            };
            let id = ModelId::parse(ID).unwrap();
            let page =
                block_on(logs.find_by_model(&context(), id, &filter, &PageRequest::default()));
            assert_eq!(page.unwrap().items.len(), 1);
        }
    }
}
