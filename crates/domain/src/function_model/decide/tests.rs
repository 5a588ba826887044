use super::*;
use crate::function_model::commands::{
    ActionNodePatch, AddActionNode, AddContainerNode, ChangeActionNode, ChangeContainerNode,
    ContainerNodePatch, CreateFunctionModel, Dependency, PublishFunctionModel,
};
use crate::function_model::{ActionStatus, Deletion, NodeStatus, Permissions, evolve, replay};
use crate::ids::{ModelId, VersionId};
use crate::workflow::nesting::{NestedModel, NestedModels};
use crate::workflow::tests::{
    Sketch, action_id, boundary, empty_model, node_id, object, owner, stage, uuid,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> Instant {
    Instant::from_millis(1_756_728_060_000)
}

fn ask(model: &FunctionModel, command: Command) -> Result<Vec<Event>, DomainError> {
    decide(model, &command, owner(), now())
}

fn refused(model: &FunctionModel, command: Command, code: Code) -> DomainError {
    let refusal = ask(model, command).unwrap_err();
    assert_eq!(refusal.code, code, "{refusal:?}");
    refusal
}

/// Given a model, when a command is accepted, then these types of events follow.
fn check(model: FunctionModel, command: Command, expected: &[&str]) -> FunctionModel {
    let events = ask(&model, command).unwrap();
    let types: Vec<&str> = events.iter().map(Event::event_type).collect();
    assert_eq!(types, expected);
    for event in &events {
        assert_eq!(Event::from_json(&event.to_json()).as_ref(), Ok(event));
        assert_eq!(event.model_id(), model.model_id);
    }
    let after = events.iter().fold(model, evolve);
    assert_eq!(after.updated_at, now());
    after
}

fn sound() -> FunctionModel {
    Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["a", "b"]))
        .with(boundary("Out", "output", &["Work"]))
        .model
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn add_node(more: Value) -> Command {
    let mut body = json!({
        "nodeId": uuid(50), "nodeType": "stageNode", "name": "New", "position": {"x": 1, "y": 2}
    });
    body.as_object_mut().unwrap().extend(object(more));
    Command::AddContainerNode(from::<AddContainerNode>(body))
}

fn add_action(more: Value) -> AddActionNode {
    let mut body = json!({
        "actionId": uuid(60), "parentNodeId": node_id("Work"), "actionType": "tetherNode",
        "name": "New", "actionSpecificData": {"tetherReferenceId": "w"}
    });
    body.as_object_mut().unwrap().extend(object(more));
    from(body)
}

fn change_node(name: &str, patch: Value) -> Command {
    let changes = from::<ContainerNodePatch>(patch);
    let node_id = node_id(name);
    Command::ChangeContainerNode(ChangeContainerNode { node_id, changes })
}

fn change_action(name: &str, patch: Value) -> Command {
    Command::ChangeActionNode(ChangeActionNode {
        action_id: action_id(name),
        changes: from::<ActionNodePatch>(patch),
        nested: NestedModels::new(),
    })
}

fn edge(node: &str, dependency: &str) -> Dependency {
    Dependency {
        node_id: node_id(node),
        dependency_id: node_id(dependency),
    }
}

fn publish(version: &str) -> Command {
    Command::Publish(PublishFunctionModel {
        version: version.to_owned(),
        publish_notes: None,
        version_id: Some(VersionId::from_uuid(uuid(70))),
        nested: NestedModels::new(),
    })
}

fn deleted(mut model: FunctionModel) -> FunctionModel {
    model.deletion = Some(Deletion {
        deleted_at: now(),
        deleted_by: "somebody".to_owned(),
        retain_until: None,
    });
    model
}

fn in_status(status: ModelStatus) -> FunctionModel {
    let mut model = sound();
    model.status = status;
    model
}

mod parts;

#[test]
fn a_model_is_created_with_checked_values() {
    let command: CreateFunctionModel = from(json!({
        "name": " Order to cash ", "description": "  ", "metadata": {"tags": ["x"]},
        "permissions": {"editors": [uuid(9)]}
    }));
    let id = ModelId::from_uuid(uuid(2));
    let event = create(&command, id, (vec![], vec![]), owner(), now()).unwrap();
    assert_eq!(event.description, None);
    let model = replay(&[Event::from(event)]).unwrap();
    assert_eq!(model.name.as_str(), "Order to cash");
    assert_eq!((model.status, model.version_count), (ModelStatus::Draft, 1));
    assert_eq!(model.version.to_string(), "1.0.0");
    assert_eq!(model.permissions.owner, owner());
    let wrong: CreateFunctionModel = from(json!({
        "name": "x", "description": "d".repeat(5001), "metadata": {"tags": 1},
        "permissions": {"viewers": [uuid(9), uuid(9)]}
    }));
    let refusal = create(&wrong, id, (vec![], vec![]), owner(), now()).unwrap_err();
    let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(refusal.code, Code::ModelNameInvalid);
    assert_eq!(
        fields,
        [
            "name",
            "description",
            "metadata.tags",
            "permissions.viewers"
        ]
    );
    assert_eq!(replay(&[]), None);
}

#[test]
fn a_structure_is_copied_with_new_identifiers() {
    let mut next = 1000;
    let source = sound();
    let structure = copy_structure(
        &source,
        || {
            next += 1;
            uuid(next)
        },
        now(),
    );
    let command = CreateFunctionModel {
        name: "Copy".to_owned(),
        template_id: Some(source.model_id),
        ..CreateFunctionModel::default()
    };
    let id = ModelId::from_uuid(uuid(2));
    let event = create(&command, id, structure, owner(), now()).unwrap();
    let copy = replay(&[Event::from(event)]).unwrap();
    assert_eq!(copy.nodes.len(), 3);
    assert_eq!(copy.action_nodes.len(), 2);
    assert_eq!(copy.dependency_count(), 2);
    for node in copy.nodes.values() {
        assert!(!source.nodes.contains_key(&node.node_id));
        assert_eq!(node.status, NodeStatus::Draft);
        assert!(
            node.dependencies
                .iter()
                .all(|id| copy.nodes.contains_key(id))
        );
    }
    let order = crate::workflow::ordering::Graph::of(&copy)
        .execution_order()
        .unwrap();
    let names: Vec<&str> = order
        .iter()
        .map(|id| copy.nodes[id].name.as_str())
        .collect();
    assert_eq!(names, ["In", "Work", "Out"]);
}

#[test]
fn fields_of_the_model_change_one_by_one() {
    let update = |body: Value| Command::Update(from::<UpdateFunctionModel>(body));
    let body = json!({"name": "Other", "description": "d", "metadata": {"a": 1}, "aiAgentConfig": {"b": 2}});
    let model = check(sound(), update(body), &["FunctionModelUpdated"]);
    assert_eq!(model.name.as_str(), "Other");
    assert_eq!(model.metadata["a"], 1);
    let body = json!({"description": null, "aiAgentConfig": null});
    let model = check(model, update(body), &["FunctionModelUpdated"]);
    assert_eq!((model.description, model.ai_agent_config), (None, None));
    refused(&sound(), update(json!({})), Code::NothingToChange);
    refused(
        &sound(),
        update(json!({"name": "x"})),
        Code::ModelNameInvalid,
    );
    let body = json!({"aiAgentConfig": {"x": "y".repeat(70_000)}});
    refused(&sound(), update(body), Code::DocumentTooLarge);
}

#[test]
fn only_drafts_change_and_values_are_looked_at_first() {
    let commands = || {
        [
            Command::Update(from(json!({"name": "Other"}))),
            add_node(json!({})),
            change_node("Work", json!({"name": "x"})),
            Command::RemoveContainerNode(node_id("Out")),
            Command::AddDependency(edge("Out", "In")),
            Command::RemoveDependency(edge("Out", "Work")),
            Command::AddActionNode(add_action(json!({}))),
            change_action("a", json!({"priority": 9})),
            Command::RemoveActionNode(action_id("a")),
            Command::ReorderActions(ReorderActions {
                node_id: node_id("Work"),
                action_ids: vec![action_id("b"), action_id("a")],
            }),
        ]
    };
    for command in commands() {
        refused(
            &deleted(in_status(ModelStatus::Published)),
            command.clone(),
            Code::ModelDeleted,
        );
        refused(
            &in_status(ModelStatus::Published),
            command.clone(),
            Code::ModelPublished,
        );
        refused(
            &in_status(ModelStatus::Archived),
            command.clone(),
            Code::ModelArchived,
        );
        assert!(ask(&sound(), command).is_ok());
    }
    let wrong = add_node(json!({"name": " "}));
    refused(
        &in_status(ModelStatus::Published),
        wrong,
        Code::NodeNameInvalid,
    );
}

#[test]
fn permissions_change_also_when_published() {
    let change = |owner: UserId, by_org_admin: bool| {
        let permissions = Permissions::of_owner(owner);
        Command::ChangePermissions(ChangePermissions {
            permissions,
            by_org_admin,
        })
    };
    let other = UserId::from_uuid(uuid(33));
    let published = in_status(ModelStatus::Published);
    let model = check(
        published.clone(),
        change(other, false),
        &["FunctionModelUpdated"],
    );
    assert_eq!((model.user_id, model.permissions.owner), (other, other));
    let by_other = |command| decide(&published, &command, other, now()).map_err(|e| e.code);
    assert_eq!(by_other(change(other, false)), Err(Code::Forbidden));
    assert!(by_other(change(other, true)).is_ok());
    refused(
        &in_status(ModelStatus::Archived),
        change(other, false),
        Code::ModelArchived,
    );
    refused(&deleted(sound()), change(other, false), Code::ModelDeleted);
}

#[test]
fn publishing_activates_drafts_and_moves_the_number() {
    let mut draft = sound();
    for node in draft.nodes.values_mut() {
        node.status = NodeStatus::Draft;
    }
    for action in draft.action_nodes.values_mut() {
        action.status = ActionStatus::Configured;
    }
    let (node, action) = ("ContainerNodeModified", "ActionNodeStatusChanged");
    let (published, created) = ("FunctionModelPublished", "FunctionModelVersionCreated");
    let expected = [node, node, node, action, action, published, created];
    let model = check(draft, publish("1.1.0"), &expected);
    assert_eq!(model.status, ModelStatus::Published);
    assert_eq!(model.version.to_string(), "1.1.0");
    assert_eq!(model.current_version, model.version);
    assert_eq!(model.version_count, 2);
    assert!(
        model
            .nodes
            .values()
            .all(|node| node.status == NodeStatus::Active)
    );
    assert!(
        model
            .action_nodes
            .values()
            .all(|a| a.status == ActionStatus::Active)
    );
    refused(&model, publish("1.2.0"), Code::ModelAlreadyPublished);
}

#[test]
fn publishing_obeys_the_version_rules() {
    refused(&sound(), publish("1.0"), Code::VersionInvalid);
    refused(&sound(), publish("1.0.1-rc.1"), Code::VersionInvalid);
    refused(&sound(), publish("1.0.0"), Code::VersionNotGreater);
    refused(&sound(), publish("1.0.2"), Code::VersionIncrementInvalid);
    refused(
        &in_status(ModelStatus::Archived),
        publish("1.0.1"),
        Code::ModelArchived,
    );
    refused(&deleted(sound()), publish("1.0.1"), Code::ModelDeleted);
    let mut reopened = sound();
    reopened.version = "1.1.0".to_owned().try_into().unwrap();
    let model = check(reopened, publish("1.1.0"), &["FunctionModelPublished"]);
    assert_eq!(model.version_count, 1);
    assert_eq!(model.current_version.to_string(), "1.1.0");
    let mut command = publish("1.0.1");
    if let Command::Publish(publish) = &mut command {
        publish.publish_notes = Some("n".repeat(2001));
    }
    refused(&sound(), command, Code::NotesInvalid);
}

#[test]
fn an_invalid_workflow_is_not_published_and_every_finding_is_told() {
    let refusal = refused(&empty_model(), publish("1.0.1"), Code::WorkflowInvalid);
    let codes: Vec<&str> = refusal.data["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        [
            "NO_INPUT",
            "NO_OUTPUT",
            "INPUT_BOUNDARY_REQUIRED",
            "OUTPUT_BOUNDARY_REQUIRED"
        ]
    );
}

#[test]
fn models_do_not_grow_beyond_their_limit() {
    assert!(guard_size(10_000, 50_000).is_ok());
    assert_eq!(guard_size(10_001, 0).unwrap_err().code, Code::ModelTooLarge);
    assert_eq!(guard_size(0, 50_001).unwrap_err().code, Code::ModelTooLarge);
}

#[test]
fn what_was_not_read_counts_towards_the_limit() {
    let model = sound();
    let read = model.nodes.len() + model.action_nodes.len();
    for (besides, fits) in [(10_000 - read - 1, true), (10_000 - read, false)] {
        let Command::AddContainerNode(mut node) = add_node(json!({})) else {
            panic!("a container");
        };
        node.besides = besides;
        let mut action = add_action(json!({}));
        action.besides = besides;
        let commands = [
            Command::AddContainerNode(node),
            Command::AddActionNode(action),
        ];
        for command in commands {
            let answer = ask(&model, command)
                .map(|_| ())
                .map_err(|refusal| refusal.code);
            assert_eq!(
                answer,
                if fits {
                    Ok(())
                } else {
                    Err(Code::ModelTooLarge)
                }
            );
        }
    }
}

/// A command with names out of a small world, so that many are accepted.
fn any_command() -> impl Strategy<Value = Command> {
    let name = || prop::sample::select(vec!["In", "Work", "Out", "n1", "n2"]);
    let action = || prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        (name(), prop::bool::ANY).prop_map(|(name, is_stage)| {
            let kind = if is_stage { "stageNode" } else { "ioNode" };
            let body = json!({"nodeId": node_id(name), "nodeType": kind, "name": name, "position": {"x": 0, "y": 0}});
            Command::AddContainerNode(from(body))
        }),
        (name(), name()).prop_map(|(a, b)| Command::AddDependency(edge(a, b))),
        (name(), name()).prop_map(|(a, b)| Command::RemoveDependency(edge(a, b))),
        name().prop_map(|name| Command::RemoveContainerNode(node_id(name))),
        (name(), "[a-z]{1,5}").prop_map(|(name, text)| change_node(name, json!({"description": text}))),
        (action(), name()).prop_map(|(action, parent)| Command::AddActionNode(add_action(
            json!({"actionId": action_id(action), "parentNodeId": node_id(parent)})
        ))),
        (action(), 1..12).prop_map(|(action, n)| change_action(
            action,
            json!({"priority": n, "executionOrder": n, "description": null})
        )),
        action().prop_map(|action| Command::RemoveActionNode(action_id(action))),
        Just(publish("1.0.1")),
    ]
}

proptest! {
    #[test]
    fn replay_equals_state_and_the_delta_names_what_changed(
        commands in prop::collection::vec(any_command(), 0..30)
    ) {
        let command = CreateFunctionModel { name: "Played".to_owned(), ..Default::default() };
        let id = ModelId::from_uuid(uuid(2));
        let created = create(&command, id, (vec![], vec![]), owner(), now()).unwrap();
        let mut log = vec![Event::from(created)];
        let mut state = replay(&log).unwrap();
        for command in &commands {
            let Ok(events) = decide(&state, command, owner(), now()) else { continue };
            let before = state.clone();
            state = events.iter().fold(state, evolve);
            let delta = crate::function_model::Delta::of(&events);
            for (id, node) in &state.nodes {
                let mut former = before.nodes.get(id).cloned();
                if let Some(former) = &mut former {
                    former.updated_at = node.updated_at;
                }
                prop_assert!(former.as_ref() == Some(node) || delta.containers_put.contains(id));
            }
            for id in before.nodes.keys().filter(|id| !state.nodes.contains_key(id)) {
                prop_assert!(delta.containers_removed.contains(id));
            }
            for id in before.action_nodes.keys().filter(|id| !state.action_nodes.contains_key(id)) {
                prop_assert!(delta.actions_removed.contains(id));
            }
            log.extend(events);
        }
        let stored: Vec<Event> = log.iter().map(|event| Event::from_json(&event.to_json()).unwrap()).collect();
        prop_assert_eq!(replay(&stored).unwrap(), state.clone());
        let json = serde_json::to_value(&state).unwrap();
        prop_assert_eq!(serde_json::from_value::<FunctionModel>(json).unwrap(), state.clone());
        let data = crate::function_model::snapshot(&state);
        prop_assert_eq!(FunctionModel::from_snapshot(state.clone(), &data).unwrap(), state.clone());
        prop_assert!(crate::workflow::ordering::Graph::of(&state).find_cycle().is_none());
    }
}
