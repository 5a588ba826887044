//! Single steps on a world in memory: their time, their kinds, and what follows when they fail.

use domain::execution::{ExecuteFunctionModel, Recovery};
use domain::function_model::commands::{ContainerNodePatch, SoftDeleteFunctionModel};
use domain::ids::{ExecutionId, ModelId};
use domain::patch::Patch;
use domain::vocabulary::{ActionNodeType, ErrorCategory, ExecutionMode, ExecutionStatus};
use serde_json::json;

use super::tests::{
    DOWN, SECONDS, broken, engine_of, execution_log, look, outputs, published, start, start_with,
    status,
};
use crate::function_model::{self, Execute};
use crate::in_memory::{World, nth_id};
use crate::knowledge_content;
use crate::ports::{Executions, Ports, ServiceFailure, Worker};
use crate::testing::{Draft, alice, document, nests, object, rendered, tether};

#[test]
fn a_step_that_outlasts_its_time_is_stopped_and_tried_again() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    world
        .spindle()
        .reply_next("workflow of First", 400_000, Ok(json!({})));
    let id = start(&world, &engine, draft.model_id);
    world.run(engine.run(&world, 600));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    let logs = execution_log(&world, id);
    assert!(
        logs.iter()
            .any(|line| line.contains("timed out after 300000 ms")),
        "{logs:?}"
    );
}

#[test]
fn a_container_that_outlasts_its_time_fails_with_what_is_left_of_it() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let changes = ContainerNodePatch {
        timeout_ms: Patch::Set(10_000),
        ..ContainerNodePatch::default()
    };
    let (who, id, stage) = (alice(), draft.model_id, draft.stage);
    let changed = function_model::change_container_node(&world, &who, id, stage, changes, rendered);
    world.run(changed).unwrap();
    draft.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    for (name, length_ms) in [("First", 6_000), ("Second", 60_000)] {
        let workflow = format!("workflow of {name}");
        let reply = Ok(json!({}));
        world.spindle().reply_next(&workflow, length_ms, reply);
    }
    let id = start(&world, &engine, draft.model_id);
    world.run(engine.run(&world, SECONDS));
    let run = look(&world, id);
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    assert_eq!(run.execution.errors[0].code, "CONTAINER_TIMEOUT");
    let failed = &run.node_results[1].action_results[1];
    let category = failed.error.as_ref().map(|error| error.category);
    assert_eq!(category, Some(ErrorCategory::Timeout));
    // The second action had four seconds, and no further attempt.
    assert_eq!(world.spindle().calls().len(), 2);
    let (begun, ended) = (run.execution.started_at, run.execution.completed_at);
    let length_ms = ended.unwrap().millis_since(begun.unwrap());
    assert!((10_000..10_100).contains(&length_ms), "{length_ms}");
}

fn start_with_recovery(world: &World, draft: &Draft) -> ExecutionId {
    let command = ExecuteFunctionModel {
        recovery: Some(Recovery {
            enable_auto_recovery: true,
            max_retry_attempts: 1,
            retry_delay_ms: 3_000,
        }),
        ..ExecuteFunctionModel::default()
    };
    let who = alice();
    let asked = function_model::execute(world, &who, draft.model_id, &command, None, rendered);
    let Execute::Started { execution, .. } = world.run(asked).unwrap() else {
        panic!("a run was asked for");
    };
    execution.value.execution_id
}

#[test]
fn a_failed_container_is_tried_again_as_a_whole() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let spindle = world.spindle();
    spindle.reply_next(
        "workflow of Second",
        5,
        Err(broken(ServiceFailure::Invalid)),
    );
    let id = start_with_recovery(&world, &draft);
    world.run(engine.run(&world, SECONDS));
    let run = look(&world, id).execution;
    assert_eq!(
        (run.status, run.errors.len()),
        (ExecutionStatus::Completed, 0)
    );
    let length_ms = run
        .completed_at
        .unwrap()
        .millis_since(run.started_at.unwrap());
    assert!((3_000..4_000).contains(&length_ms), "{length_ms}");
    // What had completed is done once more, and is no repetition to the service.
    let calls = spindle.calls().into_iter();
    let keys: Vec<String> = calls.map(|call| call.idempotency_key).collect();
    let expected = ["-2", "-3", "-2-1", "-3-1"].map(|end| format!("{id}{end}"));
    assert_eq!(keys, expected);
}

#[test]
fn a_container_that_fails_every_time_fails_the_run() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    for _ in 0..2 {
        let reply = Err(broken(ServiceFailure::Invalid));
        world.spindle().reply_next("workflow of First", 5, reply);
    }
    let id = start_with_recovery(&world, &draft);
    world.run(engine.run(&world, SECONDS));
    let run = look(&world, id);
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    assert_eq!(run.execution.errors.len(), 1);
    assert_eq!(run.execution.progress.skipped_nodes, 1);
    assert_eq!(world.spindle().calls().len(), 2);
}

#[test]
fn services_hear_of_the_trace_that_the_start_belongs_to() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let mut who = alice();
    who.traceparent = Some("00-1-2-01".to_owned());
    let command = ExecuteFunctionModel::default();
    let asked = function_model::execute(&world, &who, draft.model_id, &command, None, rendered);
    world.run(asked).unwrap();
    world.run(engine.run(&world, SECONDS));
    let traces = world.spindle().calls().into_iter();
    let traces: Vec<_> = traces.filter_map(|call| call.traceparent).collect();
    assert_eq!(traces, ["00-1-2-01", "00-1-2-01"]);
}

#[test]
fn a_nested_run_hands_its_outputs_to_the_action_that_waited() {
    let world = World::new();
    let inner = Draft::named(&world, "Inner");
    inner.publish(&world, "1.0.1");
    let outer = Draft::named(&world, "Outer");
    let (who, action) = (alice(), nests(outer.stage, inner.model_id));
    let added = function_model::add_action_node(&world, &who, outer.model_id, action, rendered);
    world.run(added).unwrap();
    outer.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, outer.model_id);
    world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    let key = format!("level_1_{}", inner.model_id);
    assert!(outputs(&world, id)[&key].is_object());
}

#[test]
fn a_failed_nested_run_is_started_again_as_the_policy_says() {
    let world = World::new();
    let inner = Draft::named(&world, "Inner");
    inner.publish(&world, "1.0.1");
    let outer_model = nesting_model(&world, inner.model_id);
    let engine = engine_of(1, 4);
    world
        .spindle()
        .reply_next("workflow of First", 0, Err(broken(ServiceFailure::Invalid)));
    let id = start(&world, &engine, outer_model);
    world.run(engine.run(&world, 120));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    assert_eq!(
        world.spindle().calls().len(),
        3,
        "one call of the failed child, two of the next"
    );
}

fn nesting_model(world: &World, inner: ModelId) -> ModelId {
    let outer = Draft::named(world, "Whole");
    for action in &outer.actions {
        let who = alice();
        let removed =
            function_model::remove_action_node(world, &who, outer.model_id, *action, rendered);
        world.run(removed).unwrap();
    }
    let (who, action) = (alice(), nests(outer.stage, inner));
    let added = function_model::add_action_node(world, &who, outer.model_id, action, rendered);
    world.run(added).unwrap();
    outer.publish(world, "1.0.1");
    outer.model_id
}

#[test]
fn a_nested_version_that_cannot_be_read_is_waited_for() {
    let world = World::new();
    let inner = Draft::named(&world, "Inner");
    inner.publish(&world, "1.0.1");
    let model = nesting_model(&world, inner.model_id);
    let engine = engine_of(1, 4);
    let id = start_with(&world, &engine, model, json!({}), 0);
    world
        .faults()
        .fail_next("executions.find_published_version", DOWN);
    world.run(engine.run(&world, SECONDS));
    assert_eq!(
        status(&world, id),
        ExecutionStatus::Completed,
        "an unreadable version is waited for"
    );
}

#[test]
fn a_document_is_read_in_the_name_of_who_started_the_run() {
    let world = World::new();
    let content = document(&world, &alice(), None, "Policy", "Pay in thirty days");
    let draft = Draft::order_to_cash(&world);
    let mut action = tether(draft.stage, "Policy");
    action.action_type = domain::vocabulary::ActionNodeType::KbNode;
    action.action_specific_data = object(json!({
        "kbReferenceId": content.content_id, "shortDescription": "Terms", "searchKeywords": ["pay"],
    }));
    let who = alice();
    let added = function_model::add_action_node(&world, &who, draft.model_id, action, rendered);
    world.run(added).unwrap();
    draft.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, draft.model_id);
    world.run(engine.run(&world, SECONDS));
    assert_eq!(outputs(&world, id)["content"]["title"], "Policy");
}

#[test]
fn a_data_transformation_calls_nobody() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let mut action = tether(draft.stage, "Sum");
    action.action_specific_data = object(json!({
        "tetherReferenceId": "none",
        "integrationConfig": {"kind": "data-transformation", "script": "{\"total\": order.price * 2}"},
    }));
    let who = alice();
    let added = function_model::add_action_node(&world, &who, draft.model_id, action, rendered);
    world.run(added).unwrap();
    draft.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    let id = start_with(
        &world,
        &engine,
        draft.model_id,
        json!({"order": {"price": 21}}),
        1,
    );
    world.run(engine.run(&world, SECONDS));
    assert_eq!(outputs(&world, id)["total"], 42);
    assert_eq!(world.spindle().calls().len(), 2);
}

/// Runs a draft with one more action and answers the code and category of its failure.
fn failure_of(world: &World, draft: &Draft) -> (String, ErrorCategory) {
    let engine = engine_of(1, 4);
    let id = start(world, &engine, draft.model_id);
    world.run(engine.run(world, SECONDS));
    let run = look(world, id);
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    let actions = run
        .node_results
        .iter()
        .flat_map(|node| &node.action_results);
    let failed = actions.filter_map(|action| action.error.as_ref()).next();
    let failed = failed.unwrap();
    (failed.code.clone(), failed.category)
}

#[test]
fn a_document_that_is_gone_fails_the_action_at_once() {
    let world = World::new();
    let content = document(&world, &alice(), None, "Policy", "Pay in thirty days");
    let draft = Draft::order_to_cash(&world);
    let mut action = tether(draft.stage, "Policy");
    action.action_type = ActionNodeType::KbNode;
    action.action_specific_data =
        object(json!({"kbReferenceId": content.content_id, "shortDescription": "Terms"}));
    let who = alice();
    let added = function_model::add_action_node(&world, &who, draft.model_id, action, rendered);
    world.run(added).unwrap();
    draft.publish(&world, "1.0.1");
    let removed = knowledge_content::remove(&world, &who, content.content_id, rendered);
    world.run(removed).unwrap();
    let (code, category) = failure_of(&world, &draft);
    assert_eq!(
        (code.as_str(), category),
        ("CONTENT_NOT_FOUND", ErrorCategory::Dependency)
    );
}

#[test]
fn an_action_whose_condition_does_not_hold_is_skipped() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let mut action = tether(draft.stage, "Reminder");
    action.execution_mode = Some(ExecutionMode::Conditional);
    let condition = json!([{"path": "order.isLate", "operator": "eq", "value": true}]);
    action.metadata = Some(object(json!({"condition": condition})));
    let who = alice();
    let added = function_model::add_action_node(&world, &who, draft.model_id, action, rendered);
    world.run(added).unwrap();
    draft.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, draft.model_id);
    world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    assert_eq!(world.spindle().calls().len(), 2);
    let logs = execution_log(&world, id);
    let told = logs.iter().any(|line| line.contains("“Reminder” skipped"));
    assert!(told, "{logs:?}");
}

#[test]
fn a_nested_model_that_is_gone_fails_the_action_at_once() {
    let world = World::new();
    let inner = Draft::named(&world, "Inner");
    inner.publish(&world, "1.0.1");
    let outer = Draft::order_to_cash(&world);
    let (who, action) = (alice(), nests(outer.stage, inner.model_id));
    let added = function_model::add_action_node(&world, &who, outer.model_id, action, rendered);
    world.run(added).unwrap();
    outer.publish(&world, "1.0.1");
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, outer.model_id);
    let command = SoftDeleteFunctionModel {
        enforce_referential_integrity: false,
        ..SoftDeleteFunctionModel::default()
    };
    let deleted = function_model::soft_delete(&world, &who, inner.model_id, &command, rendered);
    world.run(deleted).unwrap();
    world.run(engine.run(&world, SECONDS));
    let run = look(&world, id).execution;
    assert_eq!(run.status, ExecutionStatus::Failed);
    assert_eq!(run.errors[0].code, "NESTED_MODEL_UNAVAILABLE");
}

#[test]
fn a_step_that_kills_its_workers_comes_to_an_end() {
    let world = World::new();
    let draft = published(&world);
    let command = ExecuteFunctionModel::default();
    let who = alice();
    let asked = function_model::execute(&world, &who, draft.model_id, &command, None, rendered);
    let Execute::Started { execution, .. } = world.run(asked).unwrap() else {
        panic!("a run was asked for");
    };
    for number in 0..4 {
        let doomed = Worker {
            lease_token: nth_id(0xd0 + number),
            name: "doomed".to_owned(),
            held: None,
        };
        let handed = world.executions().exchange(&doomed, &[], 1);
        assert_eq!(world.run(handed).unwrap().claims.len(), 1);
        world.clock().advance(4_500);
        world.run(world.executions().sweep()).unwrap();
    }
    let engine = engine_of(1, 4);
    world.run(engine.run(&world, SECONDS));
    let run = look(&world, execution.value.execution_id).execution;
    assert_eq!(run.errors[0].code, "WORKER_LOST");
    assert!(world.spindle().calls().is_empty());
}
