//! What is kept of what happened: events, audit, versions.

use domain::event_feed::AggregateType;
use domain::function_model::commands::UpdateFunctionModel;
use domain::ids::ModelId;
use domain::verification::ReplayedType;
use serde_json::json;
use use_cases::function_model;
use use_cases::ports::{
    Aggregates, AuditEntry, AuditFilter, AuditLogs, AuditOperation, EventFilter, EventLog,
    ModelVersions, PageRequest, PortErrorKind, Ports, Rebuild,
};
use use_cases::verification::{rebuild_aggregate, verify_aggregate};

use crate::home::{Home, kept, model, published, read};

async fn change(home: &impl Home, id: ModelId, description: &str) {
    let command: UpdateFunctionModel = read(json!({"description": description}));
    let changed = function_model::update(home.ports(0), home.context(0), id, command, kept);
    changed.await.unwrap();
}

pub(crate) async fn a_stream_is_read_in_its_order(home: &impl Home) {
    let id = model(home, "Told").await;
    change(home, id, "once").await;
    change(home, id, "twice").await;
    let stream = id.as_uuid();
    let history = async |person: usize, after: i64, limit: u32| {
        let events = home.ports(person).event_log();
        let context = home.context(person);
        let found = events.history(context, stream, after, limit).await.unwrap();
        let told = found.into_iter();
        told.map(|event| (event.aggregate_version, event.event_type))
            .collect::<Vec<_>>()
    };
    let updated = "FunctionModelUpdated".to_owned();
    let whole = [
        (1, "FunctionModelCreated".to_owned()),
        (2, updated.clone()),
        (3, updated.clone()),
    ];
    assert_eq!(history(0, 0, 9).await, whole);
    assert_eq!(history(0, 1, 1).await, [(2, updated)]);
    assert!(history(1, 0, 9).await.is_empty());

    let filter = EventFilter {
        event_type: Some("FunctionModelUpdated".into()),
        aggregate_type: Some(AggregateType::FunctionModel),
        aggregate_id: Some(stream),
        ..EventFilter::default()
    };
    let list = async |person: usize, after| {
        let page = PageRequest {
            limit: 1,
            after,
            count: false,
        };
        let events = home.ports(person).event_log();
        events.list(home.context(person), &filter, &page).await
    };
    let mut first = list(0, None).await.unwrap();
    for _ in 0..50 {
        // The log ends before whatever transaction is still open.
        if first.next.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        first = list(0, None).await.unwrap();
    }
    assert_eq!(first.items[0].data["changes"]["description"], "once");
    assert_eq!(first.next, Some(first.items[0].bookmark()));
    let second = list(0, first.next).await.unwrap();
    assert_eq!(second.items[0].data["changes"]["description"], "twice");
    assert!(second.items[0].position > first.items[0].position);
    assert!(second.next.is_none());
    assert!(list(1, None).await.unwrap().items.is_empty());
}

pub(crate) async fn a_thing_is_reported_and_told_as_it_was(home: &impl Home) {
    let id = model(home, "Remembered").await;
    change(home, id, "first").await;
    change(home, id, "second").await;
    let record = id.as_uuid();
    let page = PageRequest::default();
    let filter = AuditFilter {
        record_id: Some(record),
        table_name: Some("function_models".into()),
        ..AuditFilter::default()
    };
    let report = async |person: usize, filter: &AuditFilter| {
        let audit = home.ports(person).audit_logs();
        let found = audit.list(home.context(person), filter, &page).await;
        found.unwrap().items
    };
    let rows = report(0, &filter).await;
    let operations: Vec<AuditOperation> = rows.iter().map(|row| row.operation).collect();
    let update = AuditOperation::Update;
    assert_eq!(operations, [update, update, AuditOperation::Create]);
    assert!(rows.iter().all(|row| row.request_id.is_some()));
    assert!(report(1, &filter).await.is_empty());
    let elsewhere = AuditFilter {
        row_id: Some(uuid::Uuid::nil()),
        ..filter
    };
    assert!(report(0, &elsewhere).await.is_empty());

    // Some homes keep a thing in more rows than one.
    let states = async |person: usize, at| {
        let audit = home.ports(person).audit_logs();
        let found = audit.states(home.context(person), record, at, &page).await;
        let mut rows = found.unwrap().items;
        rows.retain(|row| row["tableName"] == "function_models");
        rows
    };
    let now = states(0, rows[0].changed_at.plus_millis(1)).await;
    assert_eq!(now.len(), 1, "{now:?}");
    assert_eq!(now[0]["rowId"], json!(record));
    assert_eq!(now[0]["state"]["description"], "second");
    assert_eq!(now[0]["complete"], true);
    let before = rows[rows.len() - 1].changed_at.plus_millis(-1);
    assert!(states(0, before).await.is_empty());
    assert!(
        states(1, rows[0].changed_at.plus_millis(1))
            .await
            .is_empty()
    );
}

pub(crate) async fn every_change_leaves_rows_of_audit(home: &impl Home) {
    let id = model(home, "Audited").await;
    change(home, id, "new").await;
    let rows = async |person: usize, filter: &AuditFilter| -> Vec<AuditEntry> {
        let audit = home.ports(person).audit_logs();
        let page = PageRequest {
            limit: 100,
            ..PageRequest::default()
        };
        let context = home.context(person);
        let found = audit.find_by_model(context, id, filter, &page).await;
        found.unwrap().items
    };
    let shown = |rows: &[AuditEntry], table: &str| {
        let of_table = rows.iter().filter(|row| row.table_name == table);
        let shown = of_table.map(|row| (row.operation, row.event_type.clone().unwrap_or_default()));
        shown.collect::<Vec<_>>()
    };
    let [created, updated] = ["FunctionModelCreated", "FunctionModelUpdated"].map(str::to_owned);
    let all = rows(0, &AuditFilter::default()).await;
    let (create, update) = (AuditOperation::Create, AuditOperation::Update);
    let model_rows = [(update, updated.clone()), (create, created.clone())];
    assert_eq!(shown(&all, "function_models"), model_rows, "newest first");
    let event_rows = [(create, updated.clone()), (create, created)];
    assert_eq!(shown(&all, "domain_events"), event_rows);
    assert!(all[0].changed_at >= all[all.len() - 1].changed_at);
    let by = Some(home.context(0).actor.user_id);
    assert!(all.iter().all(|row| row.changed_by == by));
    let told = all.iter().find(|row| row.table_name == "domain_events");
    let told = told.unwrap().event_data.as_ref().unwrap();
    assert_eq!(told["changes"]["description"], "new");
    let filter = AuditFilter {
        operation: Some(update),
        event_type: Some(updated),
        ..AuditFilter::default()
    };
    let narrow = rows(0, &filter).await;
    assert_eq!(narrow.len(), 1);
    assert_eq!(narrow[0].new_data.as_ref().unwrap()["description"], "new");
    let others = AuditFilter {
        changed_by: Some(home.context(1).actor.user_id),
        ..AuditFilter::default()
    };
    assert!(rows(0, &others).await.is_empty());
    assert!(rows(1, &AuditFilter::default()).await.is_empty());
}

pub(crate) async fn versions_are_frozen_and_listed(home: &impl Home) {
    let (id, version_id) = published(home, "Versioned").await;
    let (versions, context) = (home.ports(0).model_versions(), home.context(0));
    let page = |after| PageRequest {
        limit: 1,
        after,
        count: true,
    };
    let newest = versions.list(context, id, &page(None)).await.unwrap();
    let shown = &newest.items[0];
    assert_eq!(
        (shown.version_id, shown.is_published, newest.total),
        (version_id, true, Some(2))
    );
    assert!(shown.version_data.is_none());
    let first = versions
        .list(context, id, &page(newest.next))
        .await
        .unwrap();
    assert_eq!(first.items[0].version_number, "1.0.0");
    assert!(first.next.is_none());
    let found = versions.find(context, id, "1.0.1").await.unwrap().unwrap();
    assert_eq!(found.previous_version.as_deref(), Some("1.0.0"));
    let data = found.version_data.unwrap();
    assert_eq!(data["nodes"].as_object().unwrap().len(), 3);
    assert!(versions.find(context, id, "9.0.0").await.unwrap().is_none());
    let (theirs, eve) = (home.ports(1).model_versions(), home.context(1));
    assert!(theirs.find(eve, id, "1.0.1").await.unwrap().is_none());
    let hidden = theirs.list(eve, id, &page(None)).await.unwrap();
    assert!(hidden.items.is_empty());
}

pub(crate) async fn rows_are_what_events_say(home: &impl Home) {
    let id = model(home, "Verified").await;
    change(home, id, "once").await;
    let mut context = home.context(0).clone();
    context.actor.service = true;
    context.actor.claims = json!({"sub": context.actor.user_id, "role": "service_role"});
    let (ports, kind) = (home.ports(0), ReplayedType::FunctionModel);
    let id = id.as_uuid();
    let look = async || verify_aggregate(ports, &context, kind, id).await.unwrap();
    let verdict = look().await;
    assert_eq!(verdict.differences, []);
    assert!(verdict.intact);
    // What is asked for is what the rows become; here another name, as a corruption would have it.
    let mut stored = ports.aggregates().find(&context, kind, id).await.unwrap();
    assert_eq!((stored.stream_version, stored.events.len()), (2, 2));
    let name = &mut stored.rows["function_models"][id.to_string()]["name"];
    *name = "Corrupted".into();
    let mut rebuild = Rebuild {
        aggregate_type: kind,
        aggregate_id: id,
        stream_version: 1,
        rows: stored.rows,
        plans: Default::default(),
    };
    let stale = ports.aggregates().rebuild(&context, &rebuild).await;
    let stale = stale.unwrap_err().kind;
    assert!(matches!(stale, PortErrorKind::Conflict { .. }), "{stale:?}");
    rebuild.stream_version = 2;
    let done = ports.aggregates().rebuild(&context, &rebuild).await;
    done.unwrap();
    let verdict = look().await;
    let paths: Vec<&str> = verdict
        .differences
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(paths, [format!("function_models/{id}/name")]);
    let rebuilt = rebuild_aggregate(ports, &context, kind, id).await.unwrap();
    assert_eq!(rebuilt, verdict);
    assert!(look().await.intact);
    let found = ports.aggregates().next(&context, kind, None, 100).await;
    assert!(found.unwrap().iter().any(|one| one.aggregate_id == id));
    let events = ports.aggregates().events(&context, id, 1).await.unwrap();
    assert_eq!(events[0].event_type, "FunctionModelUpdated");
}
