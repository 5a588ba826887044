//! Decisions about containers, dependencies and actions.

use super::*;

#[test]
fn containers_come_change_and_go() {
    let body = json!({"description": "d", "timeoutMs": 5, "executionType": "parallel",
        "typeSpecificData": {"stageGoals": ["g"]}, "metadata": {"priority": 3}});
    let model = check(sound(), add_node(body), &["ContainerNodeAdded"]);
    let id = crate::ids::NodeId::from_uuid(uuid(50));
    assert_eq!(model.nodes[&id].timeout_ms, Some(5));
    refused(&model, add_node(json!({})), Code::NodeAlreadyExists);
    let patch = json!({
        "name": "W", "description": "d", "position": {"x": 5, "y": 5}, "timeoutMs": 7,
        "typeSpecificData": {"stageGoals": ["h"]}, "executionType": "conditional",
        "metadata": {"critical": true}, "visualProperties": {"c": 1}, "status": "inactive"
    });
    let model = check(
        model,
        change_node("Work", patch),
        &["ContainerNodeModified"],
    );
    let work = &model.nodes[&node_id("Work")];
    assert!(work.is_critical());
    assert_eq!((work.name.as_str(), work.timeout_ms), ("W", Some(7)));
    assert_eq!(work.as_stage().unwrap().stage_goals, ["h"]);
    let patch = json!({"description": null, "timeoutMs": null});
    let model = check(
        model,
        change_node("Work", patch),
        &["ContainerNodeModified"],
    );
    assert_eq!(model.nodes[&node_id("Work")].timeout_ms, None);
    let out = Command::RemoveContainerNode(node_id("Out"));
    let model = check(model, out, &["ContainerNodeRemoved"]);
    let work = Command::RemoveContainerNode(node_id("Work"));
    let model = check(model, work, &["ContainerNodeRemoved"]);
    assert!(model.action_nodes.is_empty());
}

#[test]
fn containers_are_refused_with_every_wrong_value() {
    let body = json!({
        "name": "", "position": {"x": -1, "y": 20000}, "timeoutMs": -1, "description": "d".repeat(1001),
        "metadata": {"priority": 0}, "typeSpecificData": {"odd": 1}
    });
    let refusal = refused(&sound(), add_node(body), Code::NodeNameInvalid);
    let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "name",
            "description",
            "position.x",
            "position.y",
            "timeoutMs",
            "metadata.priority",
            "typeSpecificData.odd"
        ]
    );
    let Command::AddContainerNode(mut nameless) = add_node(json!({})) else {
        unreachable!("it adds a container")
    };
    nameless.node_id = None;
    refused(
        &sound(),
        Command::AddContainerNode(nameless),
        Code::IdInvalid,
    );
    refused(
        &sound(),
        change_node("gone", json!({"name": "x"})),
        Code::NodeNotFound,
    );
    refused(
        &sound(),
        change_node("Work", json!({})),
        Code::NothingToChange,
    );
    refused(
        &sound(),
        change_node("Work", json!({"timeoutMs": -1})),
        Code::TimeoutInvalid,
    );
    let same = json!({"status": "active"});
    refused(
        &sound(),
        change_node("Work", same),
        Code::StatusTransitionInvalid,
    );
    let dependents = Command::RemoveContainerNode(node_id("Work"));
    let refusal = refused(&sound(), dependents, Code::NodeHasDependents);
    assert_eq!(refusal.data["dependents"], json!([node_id("Out")]));
}

#[test]
fn dependencies_are_checked_in_the_order_of_the_rules() {
    let add = |node: &str, dependency: &str| Command::AddDependency(edge(node, dependency));
    let model = check(sound(), add("Out", "In"), &["NodeDependencyAdded"]);
    assert_eq!(
        model.nodes[&node_id("Out")].dependencies,
        [node_id("Work"), node_id("In")]
    );
    refused(&sound(), add("gone", "In"), Code::NodeNotFound);
    refused(&sound(), add("In", "gone"), Code::NodeNotFound);
    refused(&sound(), add("Work", "Work"), Code::SelfDependency);
    refused(&sound(), add("Work", "In"), Code::DependencyAlreadyExists);
    refused(&sound(), add("In", "Out"), Code::InputHasDependencies);
    let cycle = refused(&sound(), add("Work", "Out"), Code::CircularDependency);
    assert_eq!(cycle.data["cycle"].as_array().map(Vec::len), Some(3));
    let remove = |node: &str, dependency: &str| Command::RemoveDependency(edge(node, dependency));
    let model = check(model, remove("Out", "Work"), &["NodeDependencyRemoved"]);
    assert_eq!(model.nodes[&node_id("Out")].dependencies, [node_id("In")]);
    refused(&sound(), remove("Out", "In"), Code::DependencyNotFound);
}

#[test]
fn actions_come_with_defaults() {
    let command = Command::AddActionNode(add_action(json!({})));
    let model = check(sound(), command.clone(), &["ActionNodeAdded"]);
    let action = &model.action_nodes[&crate::ids::ActionId::from_uuid(uuid(60))];
    assert_eq!((action.execution_order, action.priority), (3, 5));
    assert_eq!(action.status, ActionStatus::Draft);
    refused(&model, command, Code::ActionAlreadyExists);
    let refuse = |more: Value, code| {
        refused(&sound(), Command::AddActionNode(add_action(more)), code);
    };
    refuse(json!({"parentNodeId": node_id("gone")}), Code::NodeNotFound);
    refuse(
        json!({"parentNodeId": node_id("In")}),
        Code::ParentNotAStage,
    );
    refuse(json!({"executionOrder": 2}), Code::ExecutionOrderTaken);
    refuse(json!({"executionOrder": 0}), Code::ExecutionOrderInvalid);
    refuse(json!({"priority": 11}), Code::PriorityInvalid);
    refuse(json!({"name": " "}), Code::ActionNameInvalid);
    refuse(
        json!({"estimatedDurationMinutes": 0}),
        Code::EstimatedDurationInvalid,
    );
    refuse(
        json!({"retryPolicy": {"maxAttempts": -1}}),
        Code::RetryPolicyInvalid,
    );
    refuse(json!({"raci": {"responsible": []}}), Code::RaciInvalid);
    refuse(
        json!({"actionSpecificData": {}}),
        Code::ActionConfigurationInvalid,
    );
    refuse(
        json!({"metadata": {"condition": 1}}),
        Code::ActionConfigurationInvalid,
    );
    let mut nameless = add_action(json!({}));
    nameless.action_id = None;
    refused(&sound(), Command::AddActionNode(nameless), Code::IdInvalid);
}

#[test]
fn nested_models_must_be_there_and_not_nest_back() {
    let nested = uuid(80);
    let add = |known: NestedModels| {
        let body = json!({"actionType": "functionModelContainer", "actionSpecificData": {"nestedModelId": nested}});
        let mut command = add_action(body);
        command.nested = known;
        Command::AddActionNode(command)
    };
    let known = |nests: Vec<ModelId>| {
        let mut models = NestedModels::new();
        models.insert(
            ModelId::from_uuid(nested),
            NestedModel {
                is_available: true,
                nests,
            },
        );
        models
    };
    refused(
        &sound(),
        add(NestedModels::new()),
        Code::NestedModelUnavailable,
    );
    refused(
        &sound(),
        add(known(vec![sound().model_id])),
        Code::NestingCycle,
    );
    check(sound(), add(known(vec![])), &["ActionNodeAdded"]);
}

#[test]
fn actions_change_with_one_event_for_each_kind() {
    let patch = json!({
        "name": "A", "description": "d", "executionMode": "parallel", "executionOrder": 9, "status": "inactive",
        "priority": 2, "estimatedDurationMinutes": 1.5, "retryPolicy": {"maxAttempts": 1},
        "raci": {"responsible": ["Ann"]}, "actionSpecificData": {"tetherReferenceId": "v"}, "metadata": {"x": 1}
    });
    let kinds = [
        "ActionNodeModified",
        "ActionNodeExecutionOrderChanged",
        "ActionNodeExecutionModeChanged",
        "ActionNodePriorityChanged",
        "ActionNodeRetryPolicyUpdated",
        "ActionNodeStatusChanged",
    ];
    let model = check(sound(), change_action("a", patch), &kinds);
    let action = &model.action_nodes[&action_id("a")];
    assert_eq!(
        (
            action.name.as_str(),
            action.execution_order,
            action.priority
        ),
        ("A", 9, 2)
    );
    assert_eq!(
        action.retry_policy.map(|policy| policy.max_attempts()),
        Some(1)
    );
    assert_eq!(action.status, ActionStatus::Inactive);
    let clear = json!({"description": null, "estimatedDurationMinutes": null, "retryPolicy": null});
    let model = check(model, change_action("a", clear), &[kinds[0], kinds[4]]);
    let action = &model.action_nodes[&action_id("a")];
    assert_eq!(
        (action.retry_policy, action.estimated_duration_minutes),
        (None, None)
    );
    let refuse = |patch: Value, code| refused(&sound(), change_action("a", patch), code);
    refuse(json!({}), Code::NothingToChange);
    refuse(json!({"executionOrder": 1}), Code::NothingToChange);
    refuse(json!({"executionOrder": 2}), Code::ExecutionOrderTaken);
    refuse(json!({"status": "draft"}), Code::StatusTransitionInvalid);
    refuse(
        json!({"actionSpecificData": {"x": 1}}),
        Code::ActionConfigurationInvalid,
    );
    refused(
        &sound(),
        change_action("gone", json!({"name": "x"})),
        Code::ActionNotFound,
    );
    let gone = Command::RemoveActionNode(action_id("gone"));
    refused(&sound(), gone, Code::ActionNotFound);
    check(
        sound(),
        Command::RemoveActionNode(action_id("a")),
        &["ActionNodeRemoved"],
    );
}

#[test]
fn a_new_order_names_every_action_once() {
    let order = |names: &[&str]| {
        let action_ids = names.iter().map(|name| action_id(name)).collect();
        let node_id = node_id("Work");
        Command::ReorderActions(ReorderActions {
            node_id,
            action_ids,
        })
    };
    let moved = "ActionNodeExecutionOrderChanged";
    let model = check(sound(), order(&["b", "a"]), &[moved, moved]);
    assert_eq!(model.action_nodes[&action_id("b")].execution_order, 1);
    refused(&sound(), order(&["a", "b"]), Code::NothingToChange);
    for names in [&["a"][..], &["a", "a"], &["a", "b", "c"]] {
        refused(&sound(), order(names), Code::ActionOrderIncomplete);
    }
}
