//! The engine on a world in memory, in simulated time.

use domain::execution::ExecuteFunctionModel;
use domain::ids::{ExecutionId, ModelId};
use domain::limits::JsonObject;
use domain::vocabulary::{ErrorCategory, ExecutionStatus};
use serde_json::{Value, json};

use super::{Engine, EngineOptions};
use crate::execution::{self, ExecutionDetails};
use crate::function_model::{self, Execute, Hands};
use crate::in_memory::{World, nth_id};
use crate::ports::{Clock, PortErrorKind, Ports, ServiceError, ServiceFailure, Worker};
use crate::testing::{Draft, alice, object, rendered};

pub(super) const SECONDS: u32 = 60;
pub(super) const DOWN: PortErrorKind = PortErrorKind::Unavailable { retry_after: None };

pub(super) fn engine_of(world_number: u64, concurrency: usize) -> Engine {
    Engine::new(EngineOptions {
        worker: Worker {
            lease_token: nth_id(0xe0 + world_number),
            name: format!("engine {world_number}"),
            held: None,
        },
        concurrency,
    })
}

pub(super) fn start_with(
    world: &World,
    engine: &Engine,
    model_id: ModelId,
    parameters: Value,
    want: u32,
) -> ExecutionId {
    let command = ExecuteFunctionModel {
        parameters: Some(object(parameters)),
        ..ExecuteFunctionModel::default()
    };
    let hands = Hands {
        worker: engine.worker(),
        want,
    };
    let who = alice();
    let asked = function_model::execute(world, &who, model_id, &command, Some(hands), rendered);
    let Execute::Started { execution, claims } = world.run(asked).unwrap() else {
        panic!("a run was asked for");
    };
    engine.hand_over(claims);
    execution.value.execution_id
}

pub(super) fn start(world: &World, engine: &Engine, model_id: ModelId) -> ExecutionId {
    start_with(world, engine, model_id, json!({}), 1)
}

pub(super) fn look(world: &World, id: ExecutionId) -> ExecutionDetails {
    world.run(execution::read(world, &alice(), id)).unwrap()
}

pub(super) fn status(world: &World, id: ExecutionId) -> ExecutionStatus {
    look(world, id).execution.status
}

pub(super) fn published(world: &World) -> Draft {
    let draft = Draft::order_to_cash(world);
    draft.publish(world, "1.0.1");
    draft
}

pub(super) fn outputs(world: &World, id: ExecutionId) -> JsonObject {
    look(world, id).execution.outputs.unwrap()
}

pub(super) fn broken(failure: ServiceFailure) -> ServiceError {
    ServiceError::new(failure, "ordered by a test")
}

#[test]
fn a_run_ends_with_the_outputs_of_its_last_container() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    world
        .spindle()
        .reply_next("workflow of First", 5, Ok(json!({"a": 1})));
    world
        .spindle()
        .reply_next("workflow of Second", 5, Ok(json!({"b": 2})));
    let id = start_with(&world, &engine, draft.model_id, json!({"order": 7}), 1);
    let worked = world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    assert_eq!(Value::Object(outputs(&world, id)), json!({"a": 1, "b": 2}));
    assert_eq!(worked.steps, 2);
    // The start handed out the first step, and each exchange carried one outcome: n + 1 calls for n actions.
    assert_eq!(worked.exchanges, 2, "{worked:?}");
    let calls = world.spindle().calls();
    assert_eq!(calls[0].context, json!({"order": 7}));
    assert_eq!(calls[1].context, json!({"order": 7, "a": 1}));
    assert_eq!(calls[0].idempotency_key, format!("{id}-2"));
}

#[test]
fn what_nobody_was_handed_is_fetched() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 2);
    let ids: Vec<ExecutionId> = (0..5)
        .map(|_| start_with(&world, &engine, draft.model_id, json!({}), 0))
        .collect();
    let worked = world.run(engine.run(&world, SECONDS));
    assert_eq!(worked.steps, 10);
    assert!(
        ids.iter()
            .all(|id| status(&world, *id) == ExecutionStatus::Completed)
    );
}

#[test]
fn no_more_steps_run_at_a_time_than_the_engine_may() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 2);
    for _ in 0..6 {
        world
            .spindle()
            .reply_next("workflow of First", 1000, Ok(json!({})));
        start_with(&world, &engine, draft.model_id, json!({}), 0);
    }
    let before = world.clock().now();
    world.run(engine.run(&world, SECONDS));
    let passed = (world.clock().now() - before).num_milliseconds();
    assert!(
        passed >= 3000,
        "six seconds of work two at a time took {passed} ms"
    );
}

#[test]
fn a_passing_fault_is_tried_again_under_the_same_key() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let down = || Err(broken(ServiceFailure::Status(503)));
    world.spindle().reply_next("workflow of First", 0, down());
    world.spindle().reply_next("workflow of First", 0, down());
    let id = start(&world, &engine, draft.model_id);
    let before = world.clock().now();
    world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
    let passed = (world.clock().now() - before).num_milliseconds();
    assert!(
        (3000..6000).contains(&passed),
        "1 s and 2 s of backoff took {passed} ms"
    );
    let keys: Vec<String> = world
        .spindle()
        .calls()
        .into_iter()
        .map(|c| c.idempotency_key)
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[1], keys[2]);
    assert_ne!(keys[2], keys[3]);
}

#[test]
fn a_lasting_fault_fails_the_run_and_skips_the_rest() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let refused = Err(broken(ServiceFailure::Status(422)));
    world.spindle().reply_next("workflow of First", 0, refused);
    let id = start(&world, &engine, draft.model_id);
    world.run(engine.run(&world, SECONDS));
    let found = look(&world, id);
    assert_eq!(found.execution.status, ExecutionStatus::Failed);
    assert_eq!(world.spindle().calls().len(), 1);
    let errors = &found.execution.errors;
    assert_eq!(errors[0].code, "SERVICE_ANSWERED_422");
    let logs = execution_log(&world, id);
    assert!(
        logs.iter().any(|line| line.contains("failed for good")),
        "{logs:?}"
    );
}

pub(super) fn execution_log(world: &World, id: ExecutionId) -> Vec<String> {
    let page = crate::ports::PageRequest {
        limit: 100,
        ..Default::default()
    };
    let who = alice();
    let filter = Default::default();
    let lines = world
        .run(execution::logs(world, &who, id, &filter, &page))
        .unwrap();
    lines.items.into_iter().map(|line| line.message).collect()
}

#[test]
fn every_kind_of_service_failure_has_its_category() {
    let cases = [
        (ServiceFailure::Invalid, ErrorCategory::Validation),
        (ServiceFailure::Denied, ErrorCategory::Permission),
        (ServiceFailure::Missing, ErrorCategory::Dependency),
        (ServiceFailure::Status(401), ErrorCategory::Permission),
        (ServiceFailure::Status(404), ErrorCategory::Dependency),
    ];
    for (failure, category) in cases {
        let world = World::new();
        let draft = published(&world);
        let engine = engine_of(1, 4);
        world
            .spindle()
            .reply_next("workflow of First", 0, Err(broken(failure)));
        let id = start(&world, &engine, draft.model_id);
        world.run(engine.run(&world, SECONDS));
        let results = look(&world, id).node_results;
        let errors: Vec<_> = results
            .iter()
            .flat_map(|node| &node.action_results)
            .filter_map(|action| action.error.as_ref())
            .map(|error| error.category)
            .collect();
        assert_eq!(errors, [category], "{failure:?}");
        assert_eq!(status(&world, id), ExecutionStatus::Failed);
    }
}

#[test]
fn unreachable_and_slow_services_are_tried_again() {
    for failure in [ServiceFailure::Unreachable, ServiceFailure::Timeout] {
        let world = World::new();
        let draft = published(&world);
        let engine = engine_of(1, 4);
        world
            .spindle()
            .reply_next("workflow of First", 0, Err(broken(failure)));
        let id = start(&world, &engine, draft.model_id);
        world.run(engine.run(&world, SECONDS));
        assert_eq!(
            status(&world, id),
            ExecutionStatus::Completed,
            "{failure:?}"
        );
        assert_eq!(world.spindle().calls().len(), 3);
    }
}

#[test]
fn a_lost_reply_loses_no_step() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let ids: Vec<ExecutionId> = (0..3)
        .map(|_| start_with(&world, &engine, draft.model_id, json!({}), 0))
        .collect();
    // The database hands out the first steps, but nobody hears of it.
    let unavailable = DOWN;
    world
        .faults()
        .fail_next("executions.exchange.reply", unavailable);
    world.run(engine.run(&world, SECONDS));
    for id in ids {
        assert_eq!(status(&world, id), ExecutionStatus::Completed);
    }
    assert_eq!(
        world.spindle().calls().len(),
        6,
        "each action was called once"
    );
}

#[test]
fn an_unreachable_database_is_asked_until_it_answers() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, draft.model_id);
    for _ in 0..5 {
        world.faults().fail_next("executions.exchange", DOWN);
    }
    world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
}

#[test]
fn an_outcome_that_cannot_be_stored_fails_its_step_alone() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, draft.model_id);
    // The first exchange only asks for more work; the second carries the outcome.
    for _ in 0..2 {
        world
            .faults()
            .fail_next("executions.exchange", PortErrorKind::Corrupt);
    }
    world.run(engine.run(&world, SECONDS));
    let found = look(&world, id);
    assert_eq!(found.execution.status, ExecutionStatus::Failed);
    assert_eq!(found.execution.errors[0].code, "OUTCOME_REFUSED");
}

#[test]
fn what_is_not_done_in_time_is_given_back_for_another_worker() {
    let world = World::new();
    let draft = published(&world);
    let (first, second) = (engine_of(1, 4), engine_of(2, 4));
    world
        .spindle()
        .reply_next("workflow of First", 100_000, Ok(json!({})));
    let id = start(&world, &first, draft.model_id);
    world.run(first.run(&world, 5));
    assert_eq!(status(&world, id), ExecutionStatus::Running);
    world.run(second.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
}

#[test]
fn the_steps_of_a_vanished_worker_are_done_by_another() {
    let world = World::new();
    let draft = published(&world);
    let (first, second) = (engine_of(1, 4), engine_of(2, 4));
    let id = start(&world, &first, draft.model_id);
    // The first engine never runs: its lease lapses, and a sweep takes its step back.
    world.clock().advance(4_500);
    world.run(world.executions().sweep()).unwrap();
    world.run(second.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
}

/// A published model whose only action runs another.
#[test]
fn whoever_waits_for_a_run_hears_of_its_end() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    world
        .spindle()
        .reply_next("workflow of First", 3_000, Ok(json!({})));
    let id = start(&world, &engine, draft.model_id);
    let (worked, ended) = world.run(async {
        futures_util::join!(
            engine.run(&world, SECONDS),
            engine.finished(world.clock(), id, 10_000)
        )
    });
    assert!(ended && !worked.joined);
    assert!(
        !world.run(engine.finished(world.clock(), id, 1_000)),
        "a run ends once"
    );
}

#[test]
fn a_second_call_joins_the_loop_that_runs() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    world
        .spindle()
        .reply_next("workflow of First", 3_000, Ok(json!({})));
    start(&world, &engine, draft.model_id);
    let (first, second) = world.run(async {
        futures_util::join!(engine.run(&world, SECONDS), engine.run(&world, SECONDS))
    });
    assert!(!first.joined && second.joined);
    assert_eq!(first.steps, 2);
}

#[test]
fn an_idle_engine_stops_by_itself() {
    let world = World::new();
    let before = world.clock().now();
    let worked = world.run(engine_of(1, 4).run(&world, SECONDS));
    assert_eq!((worked.steps, worked.exchanges), (0, 1));
    assert!((world.clock().now() - before).num_milliseconds() < 1_000);
}

#[test]
fn a_plan_that_cannot_be_read_puts_its_step_off() {
    let world = World::new();
    let draft = published(&world);
    let engine = engine_of(1, 4);
    let id = start(&world, &engine, draft.model_id);
    world.faults().fail_next("executions.plan", DOWN);
    world.run(engine.run(&world, SECONDS));
    assert_eq!(status(&world, id), ExecutionStatus::Completed);
}
