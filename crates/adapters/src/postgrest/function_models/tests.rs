use domain::function_model::Delta;
use domain::instant::Instant;
use domain::organization::OrganizationRole;
use domain::vocabulary::ModelStatus;
use futures::executor::block_on;
use use_cases::ports::{Expected, SortOrder};

use super::*;
use crate::http::script::{Script, StillClock, answer};
use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

const NODE: &str = "0198c0de-0000-7000-8000-000000000001";
const STAGE: &str = "0198c0de-0000-7000-8000-000000000002";
const ACTION: &str = "0198c0de-0000-7000-8000-000000000003";

fn header() -> Value {
    json!({
        "modelId": ID, "name": "Order to cash", "description": null, "version": "1.0.0",
        "currentVersion": "1.0.0", "versionCount": 1, "status": "draft", "aiAgentConfig": null,
        "metadata": {}, "permissions": {"owner": ID}, "userId": ID, "organizationId": null,
        "createdAt": WHEN, "updatedAt": WHEN, "lastSavedAt": WHEN, "deletedAt": null,
        "deletedBy": null, "revision": 3,
    })
}

fn node(id: &str, kind: &str, data: Value, dependencies: Value) -> Value {
    json!({
        "nodeId": id, "modelId": ID, "nodeType": kind, "name": "N", "description": null,
        "position": {"x": 1.5, "y": 2.0}, "dependencies": dependencies, "executionType": "sequential",
        "status": "active", "timeoutMs": null, "metadata": {}, "visualProperties": {},
        "typeSpecificData": data, "createdAt": WHEN, "updatedAt": WHEN,
    })
}

fn whole() -> Value {
    let mut row = header();
    row["nodes"] = json!({
        NODE: node(NODE, "ioNode", json!({"boundaryType": "input"}), json!([])),
        STAGE: node(STAGE, "stageNode", json!({"stageType": "process"}), json!([NODE])),
    });
    row["actionNodes"] = json!({ACTION: {
        "actionId": ACTION, "modelId": ID, "parentNodeId": STAGE, "actionType": "tetherNode",
        "name": "A", "description": null, "executionMode": "sequential", "executionOrder": 1,
        "status": "active", "priority": 5, "estimatedDurationMinutes": null, "retryPolicy": null,
        "raci": {"responsible": ["System"]}, "metadata": {}, "createdAt": WHEN, "updatedAt": WHEN,
        "actionSpecificData": {"tetherReferenceId": ID},
    }});
    row["published"] = json!([{"versionId": ID, "versionNumber": "1.0.0"}]);
    row["organization"] = json!({"members": [{"role": "editor"}]});
    row
}

fn found_in(row: Value, extent: Extent) -> (Result<Option<FoundModel>, PortError>, Script) {
    let (script, clock) = (
        Script::of([answer(200, &row.to_string())]),
        StillClock::default(),
    );
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let found = block_on(models.find_by_id(&context(), ModelId::parse(ID).unwrap(), extent));
    (found, script)
}

/// A container as a row beside its model's, its action with it.
fn container_row() -> Value {
    let mut row = node(
        STAGE,
        "stageNode",
        json!({"stageType": "process"}),
        json!([]),
    );
    row["dependencies"] = json!([
        {"dependencyId": ACTION, "position": 7},
        {"dependencyId": NODE, "position": 2},
    ]);
    (row["positionX"], row["positionY"]) = (json!(1.5), json!(2.0));
    row["actions"] = json!([whole()["actionNodes"][ACTION]]);
    row
}

#[test]
fn one_container_comes_with_what_it_waits_for_and_its_actions() {
    let id = |text| domain::ids::NodeId::parse(text).unwrap();
    let action_id = domain::ids::ActionId::parse(ACTION).unwrap();
    let mut by_container = header();
    by_container["containers"] = json!([container_row()]);
    by_container["published"] = json!([]);
    let mut by_action = header();
    by_action["parents"] = json!([{"container": container_row()}]);
    by_action["published"] = json!([]);
    let asked = [
        (
            by_container,
            Extent::Container(id(STAGE)),
            "containers.node_id",
        ),
        (
            by_action,
            Extent::ContainerOf(action_id),
            "parents.action_id",
        ),
    ];
    for (row, extent, narrowed) in asked {
        let (found, script) = found_in(json!([row]), extent);
        let model = found.unwrap().unwrap().model;
        let stage = model.node(id(STAGE)).unwrap();
        assert_eq!(stage.dependencies, [id(NODE), id(ACTION)]);
        assert_eq!((stage.position.x(), stage.position.y()), (1.5, 2.0));
        assert_eq!(model.actions_of(id(STAGE)).len(), 1);
        let sent = &script.sent()[0];
        assert!(parameter(sent, narrowed).unwrap().starts_with("eq."));
        assert!(!parameter(sent, "select").unwrap().contains(",nodes,"));
    }
    let mut nothing = header();
    nothing["containers"] = json!([]);
    nothing["published"] = json!([]);
    let (found, _) = found_in(json!([nothing]), Extent::Container(id(STAGE)));
    assert!(found.unwrap().unwrap().model.nodes.is_empty());
}

#[test]
fn a_whole_model_comes_in_one_read_with_what_judges_the_caller() {
    let (found, script) = found_in(json!([whole()]), Extent::Whole);
    let found = found.unwrap().unwrap();
    assert_eq!(
        (found.model.nodes.len(), found.model.action_nodes.len()),
        (2, 1)
    );
    assert_eq!(found.model.dependency_count(), 1);
    assert_eq!(found.role, Some(OrganizationRole::Editor));
    assert_eq!(found.published.unwrap().version_number, "1.0.0");
    assert_eq!(found.model.deletion, None);
    let sent = &script.sent()[0];
    assert_eq!(asked(sent).0, "function_models");
    let select = parameter(sent, "select").unwrap();
    assert!(select.contains(",nodes,actionNodes:action_nodes,"));
    assert_eq!(
        parameter(sent, "published.is_published").as_deref(),
        Some("is.true")
    );
    let user = context().actor.user_id;
    assert_eq!(
        parameter(sent, "organization.members.user_id"),
        Some(format!("eq.{user}"))
    );
}

#[test]
fn a_header_leaves_the_structure_where_it_is() {
    let mut row = header();
    row["published"] = json!([]);
    row["organization"] = Value::Null;
    row["deletedAt"] = WHEN.into();
    row["deletedBy"] = "someone".into();
    let (found, script) = found_in(json!([row]), Extent::Header);
    let found = found.unwrap().unwrap();
    assert_eq!((found.role, found.published), (None, None));
    assert_eq!(found.model.deletion.unwrap().deleted_by, "someone");
    assert!(
        !parameter(&script.sent()[0], "select")
            .unwrap()
            .contains("nodes")
    );
    assert_eq!(found_in(json!([]), Extent::Header).0, Ok(None));
}

#[test]
fn a_model_that_cannot_be_read_is_named() {
    for row in [json!({"modelId": ID}), header()] {
        let error = found_in(json!([row]), Extent::Header).0.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Corrupt);
        assert!(error.detail.contains(ID), "{}", error.detail);
    }
}

fn listed(filter: &ModelFilter) -> Vec<(String, String)> {
    let (script, clock) = (
        Script::of([answer(200, &json!([header()]).to_string())]),
        StillClock::default(),
    );
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let page = block_on(models.list(&context(), filter, &PageRequest::default())).unwrap();
    assert_eq!(page.items[0].revision, 3);
    asked(&script.sent()[0]).1.split_off(1)
}

#[test]
fn a_list_leaves_out_what_is_deleted_or_archived() {
    let expected = [
        ("deleted_at", "is.null"),
        ("status", "neq.archived"),
        ("order", "updated_at.desc,model_id.desc"),
    ];
    assert_eq!(
        listed(&ModelFilter::default()),
        expected.map(|(a, b)| (a.into(), b.into()))
    );
}

#[test]
fn every_filter_reaches_the_database() {
    let query = listed(&ModelFilter {
        status: Some(ModelStatus::Published),
        tags: vec!["a\"b".into()],
        created_after: Instant::parse(WHEN),
        created_before: Instant::parse(WHEN),
        organization_id: domain::ids::OrganizationId::parse(ID).ok(),
        include_archived: true,
        sort_by: ModelSort::Name,
        sort_order: SortOrder::Asc,
    });
    let expected = [
        ("deleted_at", "is.null".to_string()),
        ("status", "eq.published".into()),
        ("metadata", r#"cs.{"tags":["a\"b"]}"#.into()),
        ("created_at", "gt.2025-01-01T00:00:00.123Z".into()),
        ("created_at", "lt.2025-01-01T00:00:00.123Z".into()),
        ("organization_id", format!("eq.{ID}")),
        ("order", "name.asc,model_id.asc".into()),
    ];
    assert_eq!(query, expected.map(|(a, b)| (a.to_string(), b)));
    for (sort_by, column) in [
        (ModelSort::CreatedAt, "created_at"),
        (ModelSort::LastSavedAt, "last_saved_at"),
    ] {
        let query = listed(&ModelFilter {
            sort_by,
            include_archived: true,
            ..ModelFilter::default()
        });
        assert_eq!(query[1].1, format!("{column}.desc,model_id.desc"));
    }
}

fn save(delta: &Delta, version: Option<NewVersion>) -> Value {
    let model = found_in(json!([whole()]), Extent::Whole)
        .0
        .unwrap()
        .unwrap()
        .model;
    let (script, clock) = (
        Script::of([answer(200, r#"{"revision":4}"#)]),
        StillClock::default(),
    );
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let change = ModelSave {
        model: &model,
        expected: Expected::Revision(3),
        delta,
        events: &[],
        version,
        answer: kept(),
    };
    assert_eq!(
        block_on(models.save(&context(), change)),
        Ok(Written::Done(4))
    );
    let sent = &script.sent()[0];
    assert_eq!(asked(sent).0, "rpc/save_function_model");
    body(sent)["command"].take()
}

#[test]
fn a_save_carries_only_what_changed() {
    let mut delta = Delta::default();
    delta.columns.extend(["name", "description"]);
    let command = save(&delta, None);
    assert_eq!(
        command,
        json!({
            "modelId": ID, "expectedRevision": 3, "events": [],
            "model": {"name": "Order to cash", "description": null},
        })
    );
}

#[test]
fn a_save_carries_whole_nodes_and_single_dependencies() {
    let (node, stage) = (NODE.parse().unwrap(), STAGE.parse().unwrap());
    let edge = domain::function_model::commands::Dependency {
        node_id: stage,
        dependency_id: node,
    };
    let delta = Delta {
        containers_put: [stage].into(),
        containers_removed: [node].into(),
        actions_put: [ACTION.parse().unwrap()].into(),
        dependencies_added: vec![edge],
        dependencies_removed: [edge].into(),
        ..Delta::default()
    };
    let command = save(&delta, None);
    assert_eq!(command["containers"]["put"][0]["nodeId"], STAGE);
    assert_eq!(
        command["containers"]["put"][0]["typeSpecificData"]["stageType"],
        "process"
    );
    assert_eq!(command["containers"]["remove"], json!([NODE]));
    assert_eq!(command["actions"]["put"][0]["actionId"], ACTION);
    assert_eq!(command["actions"]["remove"], json!([]));
    let edge = json!([{"nodeId": STAGE, "dependencyId": NODE}]);
    assert_eq!(
        command["dependencies"],
        json!({"add": edge, "remove": edge})
    );
}

#[test]
fn a_version_travels_with_its_model() {
    let version = |notes: Option<&str>| NewVersion {
        version_id: ID.parse().unwrap(),
        version_number: "1.1.0".into(),
        version_data: json!({}),
        is_published: false,
        notes: notes.map(str::to_string),
        previous_version: notes.map(|_| "1.0.0".into()),
        plan: None,
    };
    let bare = save(&Delta::default(), Some(version(None)));
    assert_eq!(
        bare["version"],
        json!({"versionId": ID, "versionNumber": "1.1.0", "versionData": {}, "isPublished": false})
    );
    let noted = save(&Delta::default(), Some(version(Some("n"))));
    assert_eq!(
        (
            &noted["version"]["notes"],
            &noted["version"]["previousVersion"]
        ),
        (&json!("n"), &json!("1.0.0"))
    );
}

#[test]
fn facts_that_change_nothing_are_recorded() {
    let (script, clock) = (Script::of([answer(200, "{}")]), StillClock::default());
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let events = vec![json!({"eventType": "WorkflowValidationCompleted"})];
    let id = ModelId::parse(ID).unwrap();
    assert_eq!(
        block_on(models.record_events(&context(), id, events)),
        Ok(())
    );
    let command = body(&script.sent()[0])["command"].take();
    assert_eq!(
        (&command["aggregateType"], &command["aggregateId"]),
        (&json!("function-model"), &json!(ID))
    );
}

#[test]
fn models_are_found_by_words_the_best_first() {
    let mut row = header();
    row["rank"] = json!(600_000);
    row["description"] = json!("Takes orders");
    let (script, clock) = (
        Script::of([
            answer(200, &json!([row.clone(), row]).to_string()),
            answer(200, "[]"),
        ]),
        StillClock::default(),
    );
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let mut page = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let filter = ModelFilter {
        status: Some(ModelStatus::Draft),
        ..ModelFilter::default()
    };
    let look =
        |page: &PageRequest| block_on(models.search(&context(), "order", &filter, true, page));
    let found = look(&page).unwrap();
    let highlights = &found.items[0].highlights;
    assert_eq!(
        highlights.name.as_deref(),
        Some("<mark>Order</mark> to cash")
    );
    assert_eq!(
        highlights.description.as_deref(),
        Some("Takes <mark>orders</mark>")
    );
    page.after = found.next;
    assert!(page.after.is_some());
    look(&page).unwrap();
    let sent = script.sent();
    assert_eq!(asked(&sent[0]).0, "rpc/search_function_models");
    assert_eq!(body(&sent[0]), json!({"query": "order"}));
    assert_eq!(
        parameter(&sent[0], "order").as_deref(),
        Some("rank.desc,model_id.desc")
    );
    assert_eq!(parameter(&sent[0], "status").as_deref(), Some("eq.draft"));
    assert_eq!(parameter(&sent[1], "rank").as_deref(), Some("lte.600000"));
}

#[test]
fn one_edit_of_a_large_model_sends_only_what_changed() {
    use domain::function_model::commands::{ChangeContainerNode, ContainerNodePatch};
    use domain::function_model::{Command, decide, evolve};
    let (found, _) = found_in(json!([whole()]), Extent::Whole);
    let mut model = found.unwrap().unwrap().model;
    let stage = model.nodes[&domain::ids::NodeId::parse(STAGE).unwrap()].clone();
    for n in 0..5000_u32 {
        let mut node = stage.clone();
        let id = format!("0198c0de-0000-7000-9000-{n:012}");
        node.node_id = domain::ids::NodeId::parse(&id).unwrap();
        model.nodes.insert(node.node_id, node);
    }
    let change = ChangeContainerNode {
        node_id: stage.node_id,
        changes: ContainerNodePatch {
            name: Some("Renamed".into()),
            ..ContainerNodePatch::default()
        },
    };
    let at = model.created_at;
    let events = decide(
        &model,
        &Command::ChangeContainerNode(change),
        model.user_id,
        at,
    )
    .unwrap();
    let after = events.iter().fold(model, evolve);
    let (script, clock) = (
        Script::of([answer(200, "{\"revision\": 4}")]),
        StillClock::default(),
    );
    let models = PostgrestFunctionModels::new(session(&script, &clock));
    let change = ModelSave {
        model: &after,
        expected: Expected::Revision(3),
        delta: &Delta::of(&events),
        events: &events,
        version: None,
        answer: None,
    };
    block_on(models.save(&context(), change)).unwrap();
    let sent = body(&script.sent()[0]);
    assert_eq!(
        sent["command"]["containers"]["put"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let bytes = script.sent()[0].body.as_deref().map_or(0, str::len);
    assert!(bytes < 2048, "{bytes} bytes");
}
