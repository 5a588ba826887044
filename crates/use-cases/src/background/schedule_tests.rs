//! What times of schedules lead to, told on a world in memory.

use domain::ids::ScheduleId;
use domain::schedule::{FireOutcome, Schedule, UpdateSchedule};
use domain::vocabulary::{ExecutionStatus, ModelStatus};
use serde_json::{Value, json};

use super::fire_schedules;
use crate::in_memory::World;
use crate::ports::{
    Clock, Execution, Executions, PageRequest, PortErrorKind, Ports, Schedules, SettledTime,
};
use crate::schedule::{create, turn, update};
use crate::testing::{Draft, alice, bob, rendered};

/// A world at a full minute, with a published model and a schedule of it.
struct Scene {
    world: World,
    draft: Draft,
    id: ScheduleId,
}

impl Scene {
    fn of(more: Value) -> Self {
        let world = World::new();
        let into_minute = world.clock().instant().as_millis().rem_euclid(60_000);
        world.clock().advance(60_000 - into_minute.unsigned_abs());
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let mut body = json!({"modelId": draft.model_id, "cronExpression": "* * * * *"});
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let command = serde_json::from_value(body).unwrap();
        let made = world.run(create(&world, &alice(), command, rendered));
        let id = made.unwrap().value.schedule_id;
        Self { world, draft, id }
    }

    fn fire(&self) -> u32 {
        self.world.run(fire_schedules(&self.world)).unwrap()
    }

    fn schedule(&self) -> Schedule {
        let who = alice();
        let found = self.world.schedules().find(&who, self.id);
        self.world.run(found).unwrap().unwrap()
    }

    fn runs(&self) -> Vec<Execution> {
        let (who, request) = (alice(), PageRequest::default());
        let runs = self.world.executions();
        let list = runs.list(&who, self.draft.model_id, None, &request);
        self.world.run(list).unwrap().items
    }

    fn outcome(&self) -> (FireOutcome, Option<String>) {
        let last = self.schedule().last_fire.unwrap();
        (last.outcome, last.code)
    }
}

#[test]
fn a_time_starts_one_run_however_many_look() {
    let scene = Scene::of(json!({"overlapPolicy": "allowAll"}));
    assert_eq!(scene.fire(), 0);
    scene.world.clock().advance(60_000);
    let claimed = scene.world.run(scene.world.schedules().claim(9)).unwrap();
    assert_eq!(
        (claimed.len(), scene.fire()),
        (1, 0),
        "somebody else has it"
    );
    scene.world.clock().advance(10_000);
    assert_eq!(scene.fire(), 1, "and is lost");
    let schedule = &claimed[0].schedule;
    let late = SettledTime {
        schedule_id: scene.id,
        revision: 1,
        scheduled_for: schedule.next_fire_at.unwrap(),
        outcome: FireOutcome::Skipped,
        next_fire_at: None,
        execution: None,
        cancel_other: false,
        code: None,
        message: None,
    };
    let done = scene.world.run(scene.world.schedules().settle(&late));
    assert!(!done.unwrap(), "comes back too late");
    let runs = scene.runs();
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].schedule_id, runs[0].scheduled_for),
        (Some(scene.id), schedule.next_fire_at)
    );
    assert_eq!(runs[0].started_by, alice().actor.user_id);
    assert_eq!(scene.outcome(), (FireOutcome::Fired, None));
    let next = schedule.next_fire_at.unwrap().plus_millis(60_000);
    assert_eq!(scene.schedule().next_fire_at, Some(next));
}

#[test]
fn earlier_runs_are_left_awaited_or_cancelled() {
    for (policy, runs, status) in [
        ("skip", 1, ExecutionStatus::Pending),
        ("allowAll", 2, ExecutionStatus::Pending),
        ("cancelOther", 2, ExecutionStatus::Cancelled),
    ] {
        let scene = Scene::of(json!({"overlapPolicy": policy}));
        for _ in 0..2 {
            scene.world.clock().advance(60_000);
            scene.fire();
        }
        let found = scene.runs();
        assert_eq!(found.len(), runs, "{policy}");
        assert_eq!(found[runs - 1].status, status, "{policy}");
        let skipped = scene.outcome().0 == FireOutcome::Skipped;
        assert_eq!(skipped, policy == "skip");
    }
}

#[test]
fn missed_times_are_caught_up_within_the_window() {
    let scene = Scene::of(json!({"overlapPolicy": "allowAll", "catchupWindowSeconds": 150}));
    scene.world.clock().advance(600_000);
    assert_eq!(scene.fire(), 3, "8, 9 and 10 minutes in");
    let scene = Scene::of(json!({"catchupWindowSeconds": 10, "cronExpression": "*/5 * * * *"}));
    scene.world.clock().advance(3_600_000 + 30_000);
    let first = scene.schedule().next_fire_at.unwrap();
    assert_eq!(scene.fire(), 0);
    assert_eq!(scene.outcome().0, FireOutcome::Missed);
    let schedule = scene.schedule();
    assert_eq!(schedule.last_fire.unwrap().scheduled_for, first);
    assert!(schedule.next_fire_at.unwrap() > scene.world.clock().instant());
}

#[test]
fn rights_that_were_withdrawn_refuse_the_time() {
    let scene = Scene::of(json!({}));
    let who = alice();
    let paused = domain::schedule::ScheduleStatus::Paused;
    let turned = turn(&scene.world, &who, scene.id, paused, rendered);
    scene.world.run(turned).unwrap();
    scene.world.clock().advance(120_000);
    assert_eq!(scene.fire(), 0, "a paused one rests");
    let active = domain::schedule::ScheduleStatus::Active;
    let turned = turn(&scene.world, &who, scene.id, active, rendered);
    scene.world.run(turned).unwrap();
    let archive = |status| {
        let model_id = scene.draft.model_id;
        scene.world.arrange(model_id, |model| model.status = status);
    };
    archive(ModelStatus::Archived);
    scene.world.clock().advance(60_000);
    assert_eq!(scene.fire(), 0);
    let refused = |code: &str| (FireOutcome::Refused, Some(code.to_owned()));
    assert_eq!(scene.outcome(), refused("MODEL_ARCHIVED"));
    archive(ModelStatus::Published);
    let faults = scene.world.faults();
    faults.fail_next("schedules.settle", PortErrorKind::Forbidden);
    scene.world.clock().advance(60_000);
    assert_eq!(scene.fire(), 0);
    assert_eq!(scene.outcome(), refused("FORBIDDEN"));
    assert!(scene.runs().is_empty());
    let unavailable = PortErrorKind::Unavailable { retry_after: None };
    faults.fail_next("schedules.settle", unavailable);
    scene.world.clock().advance(60_000);
    assert!(scene.world.run(fire_schedules(&scene.world)).is_err());
    scene.world.clock().advance(10_000);
    assert_eq!(scene.fire(), 1, "whoever looks next does it");
    let (stranger, nothing) = (bob(), UpdateSchedule::default());
    let strange = update(&scene.world, &stranger, scene.id, nothing, rendered);
    assert!(scene.world.run(strange).is_err());
}
