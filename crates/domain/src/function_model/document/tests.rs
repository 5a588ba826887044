use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::workflow::ordering::Graph;
use crate::workflow::tests::{Sketch, boundary, node_id, object, owner, stage, uuid};

fn now() -> Instant {
    Instant::from_millis(1_760_000_000_000)
}

fn read(document: Document) -> Result<FunctionModel, DomainError> {
    let command = ImportFunctionModel {
        document,
        name: None,
        organization_id: None,
        nested: NestedModels::new(),
    };
    let model_id = ModelId::from_uuid(uuid(77));
    import(command, model_id, owner(), now()).map(|created| evolve::create(&created))
}

fn text(model: &FunctionModel) -> String {
    serde_json::to_string(&document(model)).unwrap()
}

#[track_caller]
fn check(document: Value, expected: &[&str]) {
    let refusal = read(serde_json::from_value(document).unwrap()).unwrap_err();
    let found = refusal.errors.iter();
    let found: Vec<String> = found
        .map(|e| format!("{} {}", e.field, e.code.unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_document_tells_the_design_and_nothing_else() {
    let mut model = Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["a", "b"]))
        .action("b", |action| action.status = ActionStatus::Inactive)
        .model;
    model.metadata = object(json!({"tags": ["x"]}));
    let json = serde_json::to_value(document(&model)).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    let expected = [
        "$schema",
        "actions",
        "containers",
        "dependencies",
        "documentVersion",
        "metadata",
        "name",
        "statuses",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        json["dependencies"][0]["nodeId"],
        node_id("Work").to_string()
    );
    for absent in [
        "createdAt",
        "userId",
        "permissions",
        "modelId",
        "organizationId",
    ] {
        assert!(!json.to_string().contains(absent), "{absent}");
    }
    let again = read(document(&model)).unwrap();
    assert_eq!(text(&again), text(&model));
    let resting = again
        .action_nodes
        .values()
        .filter(|a| a.status == ActionStatus::Inactive);
    assert_eq!(resting.count(), 1);
}

#[test]
fn everything_that_is_wrong_with_a_document_is_told_at_once() {
    let stage = |n: u64| json!({"nodeId": uuid(n), "nodeType": "stageNode", "name": "S", "position": {"x": 0, "y": 0}});
    let action = json!({"actionId": uuid(9), "parentNodeId": uuid(8), "actionType": "kbNode", "name": "A", "actionSpecificData": {}});
    check(
        json!({
            "$schema": "urn:other", "documentVersion": 2, "name": "x", "description": "d".repeat(5001),
            "metadata": {"auditing": 1}, "aiAgentConfig": {"a": "b".repeat(70_000)},
            "containers": [stage(1), stage(1), stage(2)], "actions": [action],
            "dependencies": [{"nodeId": uuid(1), "dependencyId": uuid(2)}, {"nodeId": uuid(2), "dependencyId": uuid(1)}],
            "statuses": [{"id": uuid(5), "status": "inactive"}]
        }),
        &[
            "document.documentVersion INVALID_REQUEST",
            "document.$schema INVALID_REQUEST",
            "document.name MODEL_NAME_INVALID",
            "document.description DESCRIPTION_INVALID",
            "document.metadata.auditing METADATA_INVALID",
            "document.aiAgentConfig DOCUMENT_TOO_LARGE",
            "document.statuses[0].id NODE_NOT_FOUND",
            "document.containers[1].nodeId PART_NAMED_TWICE",
            "document.actions[0].actionSpecificData.kbReferenceId ACTION_CONFIGURATION_INVALID",
            "document.actions[0].actionSpecificData.shortDescription ACTION_CONFIGURATION_INVALID",
            "document.actions[0].parentNodeId NODE_NOT_FOUND",
            "document.dependencies[0] CIRCULAR_DEPENDENCY",
        ],
    );
}

#[test]
fn an_import_belongs_to_whoever_imports_and_may_be_renamed() {
    let command = ImportFunctionModel {
        document: document(&Sketch::new().model),
        name: Some("Renamed".into()),
        organization_id: None,
        nested: NestedModels::new(),
    };
    let created = import(command, ModelId::from_uuid(uuid(3)), owner(), now()).unwrap();
    assert_eq!(
        (created.name.as_str(), created.created_by),
        ("Renamed", owner())
    );
    assert_eq!(created.permissions, Permissions::of_owner(owner()));
}

/// Containers, the stages' actions, and edges from later to earlier ones.
fn documents() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        Just(json!(0.1)),
        Just(json!(7)),
        Just(json!(1e3)),
        Just(json!(null))
    ];
    let free = prop::collection::btree_map("[a-z]{1,6}", number, 0..3);
    let container = (
        "[A-Z][a-z ]{0,12}[a-z]",
        0..4_usize,
        0.0..10_000.0,
        free.clone(),
    );
    let containers = prop::collection::vec(container, 1..12);
    let actions = prop::collection::vec(
        (any::<prop::sample::Index>(), 0..3_usize, 1..10_i64, free),
        0..20,
    );
    let edges = prop::collection::vec(
        (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        0..20,
    );
    (containers, actions, edges, any::<u64>()).prop_map(|(containers, actions, edges, seed)| {
        // Identifiers whose order is not the order of creation.
        let id = |n: usize| uuid((n as u64 + 1).wrapping_mul(seed | 1) % 0xffff_ffff_ffff);
        let kinds = [
            json!({"nodeType": "ioNode", "typeSpecificData": {"boundaryType": "input"}}),
            json!({"nodeType": "ioNode", "typeSpecificData": {"boundaryType": "output", "outputDataContract": {"dataFormat": "csv"}}}),
            json!({"nodeType": "stageNode"}),
            json!({"nodeType": "stageNode", "timeoutMs": 5, "executionType": "parallel",
                   "typeSpecificData": {"stageGoals": ["b", "a"], "retryPolicy": {"maxAttempts": 2}}}),
        ];
        let nodes: Vec<Value> = containers.iter().enumerate().map(|(n, (name, kind, x, metadata))| {
            let mut node = kinds[*kind].clone();
            let more = json!({"nodeId": id(n), "name": name, "position": {"x": x, "y": 1}, "visualProperties": metadata});
            node.as_object_mut().unwrap().extend(object(more));
            node
        }).collect();
        let stages: Vec<usize> = (0..nodes.len()).filter(|n| containers[*n].1 > 1).collect();
        let bodies = [
            ("tetherNode", json!({"tetherReferenceId": "w", "resourceRequirements": {"cpu": 0.5, "memory": "2Gi"}, "outputMapping": {"a": "b.c"}})),
            ("kbNode", json!({"kbReferenceId": "k", "shortDescription": "s", "searchKeywords": ["B", "a"]})),
            ("tetherNode", json!({"tetherReferenceId": "x", "executionTriggers": ["z", "a"]})),
        ];
        let actions: Vec<Value> = actions.iter().enumerate().filter(|_| !stages.is_empty()).map(|(n, (at, body, priority, metadata))| {
            let (kind, data) = &bodies[*body];
            json!({"actionId": id(1000 + n), "parentNodeId": id(*at.get(&stages)), "actionType": kind, "name": format!("Action {n}"),
                   "actionSpecificData": data, "priority": priority, "metadata": metadata, "estimatedDurationMinutes": 0.25,
                   "retryPolicy": {"strategy": "linear", "jitterMs": 3}, "raci": {"responsible": ["Zoe", "Al"]}})
        }).collect();
        let mut edges: Vec<Value> = edges.iter().filter_map(|(a, b)| {
            let (a, b) = (a.index(nodes.len()), b.index(nodes.len()));
            let (first, last) = (a.min(b), a.max(b));
            (first != last && containers[last].1 != 0)
                .then(|| json!({"nodeId": id(last), "dependencyId": id(first)}))
        }).collect();
        edges.sort_by_key(ToString::to_string);
        edges.dedup();
        json!({"documentVersion": 1, "name": "Generated", "containers": nodes, "actions": actions, "dependencies": edges})
    })
}

proptest! {
    #[test]
    fn the_document_of_an_imported_document_is_the_same(document in documents()) {
        let first = read(serde_json::from_value(document).unwrap()).unwrap();
        let exported = text(&first);
        let second = read(serde_json::from_str(&exported).unwrap()).unwrap();
        prop_assert_eq!(text(&second), exported);
        let order = |model: &FunctionModel| Graph::of(model).execution_order().unwrap();
        prop_assert_eq!(order(&second), order(&first));
        let (mut a, mut b) = (first, second);
        (a.model_id, b.model_id) = (ModelId::from_uuid(uuid(1)), ModelId::from_uuid(uuid(1)));
        prop_assert_eq!(a, b);
    }
}
