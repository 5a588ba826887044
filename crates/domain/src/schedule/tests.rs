//! What schedules may be, when they fire, and what a time that has come leads to.

use uuid::Uuid;

use super::*;

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn now() -> Instant {
    at("2026-03-01T12:00:00Z")
}

fn id(n: u64) -> Uuid {
    format!("00000000-0000-7000-8000-{n:012}").parse().unwrap()
}

fn made(more: Value) -> Result<Schedule, DomainError> {
    let mut body = json!({"modelId": id(1), "cronExpression": "0 9 * * 1-5"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let command: CreateSchedule = serde_json::from_value(body).unwrap();
    let ids = (ScheduleId::from_uuid(id(2)), UserId::from_uuid(id(3)));
    Schedule::new(ids, None, command, now())
}

fn utc() -> WallClock<impl Fn(Instant) -> i32> {
    WallClock(|_: Instant| 0)
}

#[test]
fn a_schedule_takes_its_defaults() {
    let schedule = made(json!({})).unwrap();
    assert_eq!(
        (schedule.version.as_str(), schedule.fixed_version()),
        ("published", None)
    );
    assert_eq!(
        (schedule.time_zone.as_str(), schedule.catchup_window_seconds),
        ("UTC", 60)
    );
    assert_eq!(schedule.overlap_policy, OverlapPolicy::Skip);
    let times = schedule.times(utc(), now(), 3);
    let wanted = [
        "2026-03-02T09:00:00Z",
        "2026-03-03T09:00:00Z",
        "2026-03-04T09:00:00Z",
    ];
    assert_eq!(times, wanted.map(at));
}

#[test]
fn every_wrong_value_is_told() {
    let refusal = made(json!({
        "version": "newest", "cronExpression": "@daily", "timeZone": "Europe/Köln",
        "startsAt": "2026-03-02T00:00:00Z", "endsAt": "2026-03-02T00:00:00Z",
        "catchupWindowSeconds": 9, "timeoutSeconds": 0, "environment": "test",
    }));
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.code, Code::ScheduleInvalid);
    let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
    let wanted = [
        "version",
        "cronExpression",
        "timeZone",
        "endsAt",
        "catchupWindowSeconds",
        "environment",
        "timeoutSeconds",
    ];
    assert_eq!(fields, wanted);
    let odd = json!({"modelId": id(1), "cronExpression": "* * * * *", "zone": "UTC"});
    assert!(serde_json::from_value::<CreateSchedule>(odd).is_err());
}

#[test]
fn times_stay_within_the_bounds() {
    let bounds = json!({"startsAt": "2026-03-03T09:00:00Z", "endsAt": "2026-03-04T09:00:00Z"});
    let schedule = made(bounds).unwrap();
    let wanted = ["2026-03-03T09:00:00Z", "2026-03-04T09:00:00Z"];
    assert_eq!(schedule.times(utc(), now(), 5), wanted.map(at));
    let never = made(json!({"cronExpression": "0 0 30 2 *"})).unwrap();
    assert!(never.times(utc(), now(), 5).is_empty());
}

#[test]
fn a_change_makes_it_the_changers() {
    let schedule = made(json!({"timeoutSeconds": 60})).unwrap();
    let other = UserId::from_uuid(id(4));
    let changes: UpdateSchedule =
        serde_json::from_value(json!({"timeoutSeconds": null, "version": "1.2.0"})).unwrap();
    let changed = schedule
        .changed(other, changes, now().plus_millis(1))
        .unwrap();
    assert_eq!(
        (changed.user_id, changed.timeout_seconds, changed.revision),
        (other, None, 2)
    );
    assert_eq!(changed.fixed_version(), Some("1.2.0"));
    let nothing = schedule
        .changed(other, UpdateSchedule::default(), now())
        .unwrap_err();
    assert_eq!(nothing.code, Code::NothingToChange);
    let paused = schedule
        .turned(other, ScheduleStatus::Paused, now())
        .unwrap();
    assert_eq!(
        (paused.status, paused.next_fire_at),
        (ScheduleStatus::Paused, None)
    );
    let again = paused
        .turned(other, ScheduleStatus::Paused, now())
        .unwrap_err();
    assert_eq!(again.code, Code::StatusTransitionInvalid);
}

#[test]
fn a_time_is_fired_for_within_the_window() {
    let mut schedule = made(json!({})).unwrap();
    assert_eq!(schedule.due(now()), Due::NotYet);
    for (late_ms, due) in [
        (-1, Due::NotYet),
        (0, Due::Fire),
        (60_000, Due::Fire),
        (60_001, Due::Missed),
    ] {
        schedule.next_fire_at = Some(now().plus_millis(-late_ms));
        assert_eq!(schedule.due(now()), due, "{late_ms}");
    }
}

#[test]
fn earlier_runs_are_judged_by_the_policy() {
    let judge = |unfinished| {
        OverlapPolicy::ALL
            .iter()
            .map(move |policy| policy.judge(unfinished))
    };
    assert!(judge(0).all(|overlap| overlap == Overlap::Start));
    let two: Vec<Overlap> = judge(2).collect();
    assert_eq!(two, [Overlap::Skip, Overlap::Start, Overlap::Cancel]);
}
