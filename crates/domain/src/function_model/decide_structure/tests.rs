use super::super::decide::decide as decide_command;
use super::super::{Command, Delta};
use super::*;
use crate::workflow::tests::{Sketch, action_id, boundary, node_id, owner, stage, uuid};
use serde_json::json;

fn model() -> FunctionModel {
    Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["a", "b"]))
        .with(stage("Late", &["Work"]).actions(&["c"]))
        .with(boundary("Out", "output", &["Late"]))
        .model
}

fn read(command: Value) -> EditStructure {
    serde_json::from_value(command).unwrap()
}

fn ask(model: &FunctionModel, command: Value) -> Result<FunctionModel, DomainError> {
    let at = model.created_at.plus_millis(60_000);
    let command = Command::EditStructure(read(command));
    let events = decide_command(model, &command, owner(), at)?;
    let after = events.iter().fold(model.clone(), evolve);
    // What a save writes is what the events did.
    let delta = Delta::of(&events);
    assert!(
        delta
            .containers_put
            .iter()
            .all(|id| after.nodes.contains_key(id))
    );
    assert!(
        delta
            .actions_put
            .iter()
            .all(|id| after.action_nodes.contains_key(id))
    );
    assert!(
        delta
            .containers_removed
            .iter()
            .all(|id| !after.nodes.contains_key(id))
    );
    assert!(
        delta
            .actions_removed
            .iter()
            .all(|id| !after.action_nodes.contains_key(id))
    );
    Ok(after)
}

/// Every finding as `path CODE`.
fn check(model: &FunctionModel, command: Value, expected: &[&str]) -> DomainError {
    let refusal = ask(model, command).unwrap_err();
    let found: Vec<String> = refusal
        .errors
        .iter()
        .map(|error| format!("{} {}", error.field, error.code.unwrap()))
        .collect();
    assert_eq!(found, expected);
    refusal
}

fn id(n: u64) -> String {
    uuid(n).to_string()
}

fn new_stage(n: u64) -> Value {
    json!({"nodeId": id(n), "nodeType": "stageNode", "name": format!("Stage {n}"), "position": {"x": 1, "y": 1}})
}

fn new_action(n: u64, parent: impl ToString) -> Value {
    json!({"actionId": id(n), "parentNodeId": parent.to_string(), "actionType": "tetherNode",
           "name": format!("Action {n}"), "actionSpecificData": {"tetherReferenceId": "w"}})
}

#[test]
fn parts_of_all_kinds_change_together() {
    let before = model();
    let after = ask(
        &before,
        json!({
            "containers": {
                "add": [new_stage(100), new_stage(101)],
                "change": [{"nodeId": node_id("Work"), "changes": {"name": "Work harder"}}],
                "remove": [node_id("Late")]
            },
            "actions": {
                "add": [new_action(200, id(100)), new_action(201, id(100)), new_action(202, node_id("Work"))],
                "change": [{"actionId": action_id("a"), "changes": {"executionOrder": 2, "priority": 9}},
                           {"actionId": action_id("b"), "changes": {"executionOrder": 1}}]
            },
            "dependencies": {
                "add": [{"nodeId": id(100), "dependencyId": node_id("Work")},
                        {"nodeId": node_id("Out"), "dependencyId": id(100)}],
                "remove": [{"nodeId": node_id("Out"), "dependencyId": node_id("Late")}]
            }
        }),
    )
    .unwrap();
    assert_eq!(after.nodes.len(), 5);
    assert!(
        !after.action_nodes.contains_key(&action_id("c")),
        "went with its stage"
    );
    assert_eq!(after.nodes[&node_id("Work")].name, "Work harder");
    let order = |name: &str| after.action_nodes[&action_id(name)].execution_order;
    assert_eq!((order("a"), order("b")), (2, 1), "places are exchanged");
    let place = |n: u64| after.action_nodes[&ActionId::from_uuid(uuid(n))].execution_order;
    assert_eq!((place(200), place(201), place(202)), (1, 2, 3));
    let graph = Graph::of(&after);
    let first = |n: u64| graph.place(NodeId::from_uuid(uuid(n))).unwrap();
    assert!(
        first(100) < first(101),
        "the list's order is the order of creation"
    );
    let out = &after.nodes[&node_id("Out")];
    assert_eq!(out.dependencies, [NodeId::from_uuid(uuid(100))]);
}

#[test]
fn containers_leave_together_with_those_that_wait_for_them() {
    let command =
        json!({"containers": {"remove": [node_id("Work"), node_id("Late"), node_id("Out")]}});
    let after = ask(&model(), command).unwrap();
    assert_eq!((after.nodes.len(), after.action_nodes.len()), (1, 0));
    let refusal = check(
        &model(),
        json!({"containers": {"remove": [node_id("Work")]}}),
        &["containers.remove[0] NODE_HAS_DEPENDENTS"],
    );
    assert_eq!(refusal.errors[0].limit, Some(json!([node_id("Late")])));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_path() {
    let mut policy = new_action(203, node_id("Work"));
    policy["retryPolicy"] = json!({"maxAttempts": 500, "multiplier": 0});
    let mut taken = new_action(204, node_id("Work"));
    taken["executionOrder"] = json!(2);
    let mut misplaced = new_stage(110);
    misplaced["position"] = json!({"x": -1, "y": 20000});
    misplaced["name"] = json!(" ");
    let refusal = check(
        &model(),
        json!({
            "containers": {
                "add": [misplaced, {"nodeId": node_id("In"), "nodeType": "stageNode", "name": "Twin", "position": {"x": 0, "y": 0}}],
                "change": [{"nodeId": id(999), "changes": {"name": "Nobody"}},
                           {"nodeId": node_id("Out"), "changes": {"status": "draft"}},
                           {"nodeId": node_id("Late"), "changes": {}}],
            },
            "actions": {
                "add": [new_action(205, node_id("In")), new_action(206, id(998)), new_action(207, id(110)), policy, taken],
                "change": [{"actionId": action_id("c"), "changes": {"status": "draft", "priority": 11}}],
                "remove": [id(997)]
            },
            "dependencies": {
                "add": [{"nodeId": node_id("In"), "dependencyId": node_id("Out")},
                        {"nodeId": node_id("Work"), "dependencyId": node_id("In")},
                        {"nodeId": node_id("Work"), "dependencyId": node_id("Work")},
                        {"nodeId": node_id("Work"), "dependencyId": node_id("Out")},
                        {"nodeId": id(996), "dependencyId": node_id("Out")}],
                "remove": [{"nodeId": node_id("Out"), "dependencyId": node_id("In")}]
            }
        }),
        &[
            "dependencies.remove[0] DEPENDENCY_NOT_FOUND",
            "actions.remove[0] ACTION_NOT_FOUND",
            "containers.add[0].name NODE_NAME_INVALID",
            "containers.add[0].position.x POSITION_INVALID",
            "containers.add[0].position.y POSITION_INVALID",
            "containers.change[0].nodeId NODE_NOT_FOUND",
            "containers.change[2].changes NOTHING_TO_CHANGE",
            "actions.add[3].retryPolicy.maxAttempts RETRY_POLICY_INVALID",
            "actions.add[3].retryPolicy.multiplier RETRY_POLICY_INVALID",
            "actions.change[0].changes.priority PRIORITY_INVALID",
            "containers.add[1].nodeId NODE_ALREADY_EXISTS",
            "containers.change[1].changes.status STATUS_TRANSITION_INVALID",
            "actions.add[0].parentNodeId PARENT_NOT_A_STAGE",
            "actions.add[1].parentNodeId NODE_NOT_FOUND",
            "actions.add[4].executionOrder EXECUTION_ORDER_TAKEN",
            "dependencies.add[0].nodeId INPUT_HAS_DEPENDENCIES",
            "dependencies.add[1] DEPENDENCY_ALREADY_EXISTS",
            "dependencies.add[2].dependencyId SELF_DEPENDENCY",
            "dependencies.add[4].nodeId NODE_NOT_FOUND",
            "dependencies.add[3] CIRCULAR_DEPENDENCY",
        ],
    );
    assert_eq!(refusal.data["cycle"].as_array().unwrap().len(), 4);
    assert_eq!(refusal.code, Code::DependencyNotFound);
}

#[test]
fn identifiers_stand_once() {
    check(
        &model(),
        json!({"containers": {"add": [new_stage(100), new_stage(100)]},
               "actions": {"remove": [action_id("a"), action_id("a")]}}),
        &[
            "containers.add[1].nodeId PART_NAMED_TWICE",
            "actions.remove[1] PART_NAMED_TWICE",
        ],
    );
    check(
        &model(),
        json!({"containers": {"add": [{"nodeType": "stageNode", "name": "No id", "position": {"x": 0, "y": 0}}]}}),
        &["containers.add[0].nodeId ID_INVALID"],
    );
}

#[test]
fn boundaries_hold_no_actions_and_nested_models_are_judged() {
    let mut nested = new_action(210, node_id("Work"));
    nested["actionType"] = json!("functionModelContainer");
    nested["actionSpecificData"] = json!({"nestedModelId": model().model_id});
    let mut absent = nested.clone();
    absent["actionId"] = json!(id(211));
    absent["actionSpecificData"] = json!({"nestedModelId": id(212)});
    check(
        &model(),
        json!({"actions": {"add": [new_action(209, node_id("In")), nested, absent]}}),
        &[
            "actions.add[0].parentNodeId PARENT_NOT_A_STAGE",
            "actions.add[1].actionSpecificData.nestedModelId NESTING_CYCLE",
            "actions.add[2].actionSpecificData.nestedModelId NESTED_MODEL_UNAVAILABLE",
        ],
    );
}

#[test]
fn frozen_models_and_empty_edits_are_refused() {
    assert_eq!(
        ask(&model(), json!({})).unwrap_err().code,
        Code::NothingToChange
    );
    let mut frozen = model();
    frozen.status = crate::vocabulary::ModelStatus::Published;
    let edit = json!({"actions": {"remove": [action_id("a")]}});
    assert_eq!(
        ask(&frozen, edit.clone()).unwrap_err().code,
        Code::ModelPublished
    );
    frozen.status = crate::vocabulary::ModelStatus::Archived;
    assert_eq!(ask(&frozen, edit).unwrap_err().code, Code::ModelArchived);
}

#[test]
fn a_model_has_a_size() {
    let many: Vec<Value> = (0..9_995).map(|n| new_stage(10_000 + n)).collect();
    let refusal = ask(&model(), json!({"containers": {"add": many}})).unwrap_err();
    assert_eq!(refusal.code, Code::ModelTooLarge);
    let limit = json!({"nodes": 10_000, "dependencies": 50_000});
    assert_eq!(refusal.errors[0].limit, Some(limit.clone()));
    let fits: Vec<Value> = (0..9_993).map(|n| new_stage(10_000 + n)).collect();
    assert!(ask(&model(), json!({"containers": {"add": fits}})).is_ok());
    let more: Vec<Value> = (0..10_001).map(|n| new_stage(10_000 + n)).collect();
    let refusal = ask(&model(), json!({"containers": {"add": more}})).unwrap_err();
    assert_eq!(
        (refusal.code, &refusal.data["limit"]),
        (Code::ModelTooLarge, &limit)
    );
}
