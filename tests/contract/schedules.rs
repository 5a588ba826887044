//! Schedules.

use domain::schedule::{FireOutcome, Schedule, ScheduleStatus, UpdateSchedule};
use serde_json::json;
use use_cases::background::fire_schedules;
use use_cases::ports::{
    Clock, Executions, Expected, PageRequest, PortErrorKind, Ports, Schedules, SettledTime,
};
use use_cases::schedule;

use crate::home::{Home, kept, published, read};

async fn made(home: &impl Home, name: &str) -> Schedule {
    let (model_id, _) = published(home, name).await;
    let command = read(json!({"modelId": model_id, "cronExpression": "0 0 1 1 *"}));
    let (ports, context) = (home.ports(0), home.context(0));
    let saved = schedule::create(ports, context, command, kept).await;
    saved.unwrap().value
}

pub(crate) async fn schedules_are_kept_and_changed(home: &impl Home) {
    let made = made(home, "Scheduled").await;
    let id = made.schedule_id;
    let (ports, context) = (home.ports(0), home.context(0));
    let all = ports.schedules();
    let found = all.find(context, id).await.unwrap().unwrap();
    assert_eq!((found.revision, found.next_fire_at), (1, made.next_fire_at));
    assert_eq!(
        (&found.version, found.user_id),
        (&made.version, made.user_id)
    );
    let page = PageRequest::default();
    let listed = all.list(context, Some(made.model_id), &page).await.unwrap();
    assert_eq!(listed.items, [found]);
    let hidden = home.ports(1).schedules().find(home.context(1), id).await;
    assert!(hidden.unwrap().is_none());
    let changes: UpdateSchedule = read(json!({
        "version": "1.0.1", "parameters": {"order": 1}, "timeoutSeconds": 60,
        "startsAt": "2030-01-01T00:00:00Z", "overlapPolicy": "allowAll",
    }));
    let changed = schedule::update(ports, context, id, changes, kept)
        .await
        .unwrap();
    let stored = all.find(context, id).await.unwrap().unwrap();
    assert_eq!(
        (stored.version_id, &stored.parameters),
        (changed.value.version_id, &changed.value.parameters)
    );
    assert_eq!(
        (stored.next_fire_at, stored.revision),
        (changed.value.starts_at, 2)
    );
    let stale = all
        .save(context, &stored, Expected::Revision(1), &[], None)
        .await;
    let current_revision = Some(2);
    assert_eq!(
        stale.unwrap_err().kind,
        PortErrorKind::Conflict { current_revision }
    );
    let other = home.ports(1).schedules();
    let strange = other
        .remove(home.context(1), id, Expected::Revision(2), &[], None)
        .await;
    assert_eq!(strange.unwrap_err().kind, PortErrorKind::NotFound);
    let paused = schedule::turn(ports, context, id, ScheduleStatus::Paused, kept).await;
    assert_eq!(paused.unwrap().value.next_fire_at, None);
    schedule::remove(ports, context, id, kept).await.unwrap();
    assert!(all.find(context, id).await.unwrap().is_none());
}

pub(crate) async fn a_time_is_settled_once(home: &impl Home) {
    let mut due = made(home, "Fired").await;
    let id = due.schedule_id;
    let (ports, context) = (home.ports(0), home.context(0));
    let all = ports.schedules();
    // Its time has come half a minute ago.
    let time = ports.clock().instant().plus_millis(-30_000);
    due.next_fire_at = Some(time);
    all.save(context, &due, Expected::Revision(1), &[], None)
        .await
        .unwrap();
    // A worker of the stack may be first.
    fire_schedules(home.ports(0)).await.unwrap();
    let mut stored = all.find(context, id).await.unwrap().unwrap();
    for _ in 0..1000 {
        if stored.last_fire.is_some() {
            break;
        }
        stored = all.find(context, id).await.unwrap().unwrap();
    }
    assert_eq!(fire_schedules(home.ports(0)).await.unwrap(), 0);
    let last = stored.last_fire.unwrap();
    assert_eq!(
        (last.outcome, last.scheduled_for),
        (FireOutcome::Fired, time)
    );
    let next = stored.next_fire_at.unwrap();
    assert!(next > time);
    let run = ports
        .executions()
        .find(context, last.execution_id.unwrap())
        .await;
    let run = run.unwrap().unwrap();
    assert_eq!((run.schedule_id, run.scheduled_for), (Some(id), Some(time)));
    assert_eq!(run.started_by, due.user_id);
    let settled = |revision, scheduled_for| SettledTime {
        schedule_id: id,
        revision,
        scheduled_for,
        outcome: FireOutcome::Refused,
        next_fire_at: None,
        execution: None,
        cancel_other: false,
        code: Some("FORBIDDEN".to_owned()),
        message: Some("no".to_owned()),
    };
    assert!(
        !all.settle(&settled(2, time)).await.unwrap(),
        "the same time"
    );
    assert!(
        !all.settle(&settled(1, next)).await.unwrap(),
        "an older revision"
    );
    assert!(all.settle(&settled(2, next)).await.unwrap());
    let stored = all.find(context, id).await.unwrap().unwrap();
    assert_eq!((stored.next_fire_at, stored.revision), (None, 2));
    assert_eq!(stored.last_fire.unwrap().code.as_deref(), Some("FORBIDDEN"));
}
