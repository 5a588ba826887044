//! Who changed what, as the database's triggers wrote it down.

use std::collections::HashMap;

use domain::ids::{ModelId, OrganizationId, UserId};
use domain::instant::Instant;
use serde::Deserialize;
use serde_json::{Value, json};
use use_cases::context::Context;
use use_cases::ports::{
    AuditEntry, AuditFilter, AuditLogs, AuditOperation, Clock, Page, PageRequest, PortError,
    SealedRows, SortOrder,
};
use uuid::Uuid;

use super::client::{Call, Read, Session};
use super::query::{self, Order};
use super::table::{Table, page_of_rows};
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
        "organization_id",
        "event_id",
        "request_id",
    ],
);
/// The order of the table's only index, read backwards.
const NEWEST_FIRST: Order = Order::newest_first("changed_at", "audit_id");
const SEAL: &[&str] = &[
    "seal_number",
    "kind",
    "month",
    "after_position",
    "last_position",
    "row_count",
    "merkle_root",
    "details",
    "sealed_at",
    "previous_hash",
    "seal_hash",
];
const LAST_SEAL_FIRST: Order = Order::newest_first("seal_number", "seal_number");
const STATE: &[&str] = &[
    "table_name",
    "row_id",
    "state",
    "complete",
    "changed_at",
    "changed_by",
];
const BY_TABLE: Order = Order {
    column: "table_name",
    tie: "row_id",
    direction: SortOrder::Asc,
};
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
    organization_id: Option<OrganizationId>,
    event_id: Option<Uuid>,
    request_id: Option<String>,
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
            organization_id: self.organization_id,
            event_id: self.event_id,
            request_id: self.request_id,
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

    fn filtered(&self, filter: &AuditFilter) -> Read {
        let mut read = TABLE.read(&self.session);
        for (column, id) in [("record_id", filter.record_id), ("row_id", filter.row_id)] {
            if let Some(id) = id {
                read = read.eq(column, id);
            }
        }
        read = read.of_organization(filter.organization_id);
        if let Some(model_id) = filter.model_id {
            read = read.eq("model_id", model_id);
        }
        if let Some(table_name) = &filter.table_name {
            read = read.eq("table_name", table_name);
        }
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

/// Rows as they go out: what is null in the database is absent, instants have their usual form.
fn told(mut page: Page<Value>) -> Page<Value> {
    for row in page.items.iter_mut().filter_map(Value::as_object_mut) {
        row.retain(|_, value| !value.is_null());
        for name in ["sealedAt", "changedAt"] {
            if let Some(value) = row.get_mut(name)
                && let Some(instant) = value.as_str().and_then(Instant::parse)
            {
                *value = instant.to_string().into();
            }
        }
    }
    page
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
        let of_model = AuditFilter {
            record_id: Some(model_id.as_uuid()),
            ..filter.clone()
        };
        let read = self.filtered(&of_model);
        let rows = TABLE
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await?;
        let mut events = self.events(model_id, &rows.items).await?;
        Ok(rows.map(|row| row.into_entry(&mut events)))
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError> {
        let read = self.filtered(filter);
        let rows = TABLE.page(&self.session, "audit_logs.list", read, NEWEST_FIRST, page);
        let mut no_events = HashMap::new();
        Ok(rows.await?.map(|row| row.into_entry(&mut no_events)))
    }

    async fn states(
        &self,
        _context: &Context,
        record_id: Uuid,
        at: Instant,
        page: &PageRequest,
    ) -> Result<Page<Value>, PortError> {
        let operation = "audit_logs.states";
        let arguments = json!({ "record_id": record_id, "at": at });
        let columns = query::selected(STATE);
        let read = self.session.found("read_states", &arguments, columns);
        let found = page_of_rows(&self.session, operation, read, BY_TABLE, page);
        found.await.map(told)
    }

    async fn seals(
        &self,
        _context: &Context,
        page: &PageRequest,
    ) -> Result<Page<Value>, PortError> {
        let read = self.session.read("audit_seals", query::selected(SEAL));
        let operation = "audit_logs.seals";
        let found = page_of_rows(&self.session, operation, read, LAST_SEAL_FIRST, page);
        found.await.map(told)
    }

    async fn sealed_rows(&self, after: i64, count: u32) -> Result<SealedRows, PortError> {
        let call = Call {
            function: "read_sealed_rows",
            arguments: &json!({ "after_seal": after, "max_seals": count }),
            repeatable: true,
        };
        self.session.call("audit_logs.sealed_rows", call).await
    }

    async fn take_seal_to_publish(&self) -> Result<Value, PortError> {
        let call = Call {
            function: "take_seal_to_publish",
            arguments: &json!({}),
            repeatable: false,
        };
        self.session
            .call("audit_logs.take_seal_to_publish", call)
            .await
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
            ..AuditFilter::default()
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
    fn reports_are_narrowed_by_whatever_is_named() {
        let rows = json!([row("function_models", Some(ID), json!({}))]).to_string();
        let (script, clock) = (Script::of([answer(200, &rows)]), StillClock::default());
        let logs = PostgrestAuditLogs::new(session(&script, &clock));
        let id = Uuid::parse_str(ID).unwrap();
        let filter = AuditFilter {
            organization_id: OrganizationId::parse(ID).ok(),
            model_id: ModelId::parse(ID).ok(),
            record_id: Some(id),
            row_id: Some(id),
            table_name: Some("function_models".into()),
            ..AuditFilter::default()
        };
        let page = block_on(logs.list(&context(), &filter, &PageRequest::default())).unwrap();
        assert_eq!(page.items.len(), 1);
        let (_, query) = asked(&script.sent()[0]);
        let names: Vec<&str> = query[1..6].iter().map(|(name, _)| name.as_str()).collect();
        let wanted = [
            "record_id",
            "row_id",
            "organization_id",
            "model_id",
            "table_name",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn seals_and_states_are_pages_and_the_service_reads_what_is_sealed() {
        let seal = json!({
            "sealNumber": 3, "kind": "rows", "month": "2025-01", "afterPosition": 4, "lastPosition": 9,
            "rowCount": 5, "merkleRoot": "aa", "details": null, "sealedAt": "2025-01-01T00:00:00.123+00:00",
            "previousHash": "bb", "sealHash": "cc",
        });
        let sealed = json!({
            "seals": [seal], "retirements": [], "rows": [["5", null]], "firstSeal": 3, "lastSeal": 3, "newestSeal": 3,
            "previous": null,
        });
        let state = json!([{"tableName": "function_models", "rowId": ID, "state": {"name": "a"}, "complete": true,
            "changedAt": WHEN, "changedBy": null}]);
        let answers = [json!([seal]), state, sealed, seal, Value::Null];
        let script = Script::of(answers.map(|body| answer(200, &body.to_string())));
        let clock = StillClock::default();
        let logs = PostgrestAuditLogs::new(session(&script, &clock));
        let (id, at) = (Uuid::parse_str(ID).unwrap(), Instant::parse(WHEN).unwrap());
        block_on(async {
            let page = PageRequest::default();
            let seals = logs.seals(&context(), &page).await.unwrap();
            assert_eq!(seals.items[0]["sealedAt"], "2025-01-01T00:00:00.123Z");
            let states = logs.states(&context(), id, at, &page).await.unwrap();
            assert_eq!(states.items[0]["state"]["name"], "a");
            let rows = logs.sealed_rows(2, 10).await.unwrap();
            assert_eq!((rows.rows[0].position(), rows.previous), (Some(5), None));
            assert_eq!(logs.take_seal_to_publish().await.unwrap()["sealNumber"], 3);
            assert_eq!(logs.take_seal_to_publish().await, Ok(Value::Null));
        });
        let sent = script.sent();
        assert_eq!(asked(&sent[1]).0, "rpc/read_states");
        assert_eq!(asked(&sent[2]).0, "rpc/read_sealed_rows");
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
