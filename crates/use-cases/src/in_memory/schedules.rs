//! Schedules, and two zones to tell them apart by.

use std::rc::Rc;

use chrono::{Datelike, Days, NaiveDate};
use domain::function_model::Act;
use domain::ids::{ExecutionId, ModelId, ScheduleId};
use domain::instant::Instant;
use domain::schedule::{FireOutcome, LastFire, MOST, Schedule};
use serde_json::{Value, json};

use super::machine::Origin;
use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, Clock, DueSchedule, Expected, Page, PageRequest, PortError, PortErrorKind, SettledTime,
    Written,
};

/// For how long nobody else gets what was claimed, in milliseconds.
const CLAIM_MS: i64 = 10_000;

/// A schedule with what the engine keeps about it.
#[derive(Clone, Debug)]
pub(super) struct ScheduleRow {
    pub(super) schedule: Schedule,
    claimed_until: Option<Instant>,
    unfinished: Vec<ExecutionId>,
}

/// A twin of the stored schedules.
#[derive(Debug)]
pub struct Schedules(pub(super) Rc<Shared>);

/// `UTC`, and `Europe/Berlin` by the rule that holds since 1996.
#[derive(Debug)]
pub struct TimeZones;

impl ports::TimeZones for TimeZones {
    fn offset(&self, zone: &str, at: Instant) -> Option<i32> {
        let at = at.as_datetime().naive_utc();
        let change = |month| {
            let last = NaiveDate::from_ymd_opt(at.year(), month, 31)?;
            let weekday = last.weekday().num_days_from_sunday();
            let sunday = last.checked_sub_days(Days::new(u64::from(weekday)))?;
            sunday.and_hms_opt(1, 0, 0)
        };
        match zone {
            "UTC" => Some(0),
            "Europe/Berlin" if (change(3)?..change(10)?).contains(&at) => Some(7200),
            "Europe/Berlin" => Some(3600),
            _ => None,
        }
    }
}

impl Store {
    /// Whether the user may know of a schedule, removed ones included: they see its model.
    pub(super) fn sees_schedule(&self, context: &Context, id: uuid::Uuid) -> bool {
        let first = self.events.iter().find(|event| event.aggregate_id == id);
        let model = first.and_then(|event| event.data["modelId"].as_str());
        let model = model.and_then(|text| ModelId::parse(text).ok());
        model.is_some_and(|model| self.shows(context, model))
    }

    fn guard_schedule(
        &self,
        context: &Context,
        model_id: ModelId,
        operation: &'static str,
    ) -> Result<(), PortError> {
        let model = self.models.get(&model_id);
        let visible = model.filter(|_| self.shows(context, model_id));
        let kind = match visible {
            None => PortErrorKind::NotFound,
            Some(model) if self.allows(context, model, Act::Execute) => return Ok(()),
            Some(_) => PortErrorKind::Forbidden,
        };
        Err(PortError::new(kind, operation, ""))
    }
}

impl ports::Schedules for Schedules {
    async fn find(
        &self,
        context: &Context,
        schedule_id: ScheduleId,
    ) -> Result<Option<Schedule>, PortError> {
        self.0.faults.check("schedules.find")?;
        let store = self.0.store.borrow();
        let found = store.schedules.get(&schedule_id).map(|row| &row.schedule);
        let visible = found.filter(|schedule| store.shows(context, schedule.model_id));
        Ok(visible.cloned())
    }

    async fn list(
        &self,
        context: &Context,
        model_id: Option<ModelId>,
        request: &PageRequest,
    ) -> Result<Page<Schedule>, PortError> {
        self.0.faults.check("schedules.list")?;
        let store = self.0.store.borrow();
        let all = store.schedules.values().map(|row| &row.schedule);
        let mut all: Vec<Schedule> = all
            .filter(|schedule| model_id.is_none_or(|id| schedule.model_id == id))
            .filter(|schedule| store.shows(context, schedule.model_id))
            .cloned()
            .collect();
        all.sort_by_key(|schedule| std::cmp::Reverse((schedule.created_at, schedule.schedule_id)));
        Ok(page(all, |schedule| json!(schedule.schedule_id), request))
    }

    async fn save(
        &self,
        context: &Context,
        schedule: &Schedule,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "schedules.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let id = schedule.schedule_id;
        let stored = store.schedules.get(&id);
        let model_id = stored.map_or(schedule.model_id, |row| row.schedule.model_id);
        store.guard_schedule(context, model_id, OPERATION)?;
        compare(expected, stored.map(|row| row.schedule.revision), OPERATION)?;
        let of_model = |row: &&ScheduleRow| row.schedule.model_id == model_id;
        if stored.is_none() && store.schedules.values().filter(of_model).count() >= MOST {
            return Err(PortError::new(PortErrorKind::TooMany, OPERATION, ""));
        }
        let kept = stored.cloned();
        let saved = Schedule {
            revision: expected.next(),
            user_id: context.actor.user_id,
            last_fire: kept.as_ref().and_then(|row| row.schedule.last_fire.clone()),
            ..schedule.clone()
        };
        let stream = ("schedule", id.as_uuid(), saved.organization_id);
        let row = ScheduleRow {
            schedule: saved,
            claimed_until: None,
            unfinished: kept.map(|row| row.unfinished).unwrap_or_default(),
        };
        store.schedules.insert(id, row);
        let now = self.0.clock.instant();
        store.append(context, stream, events.to_vec(), now);
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        schedule_id: ScheduleId,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "schedules.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.schedules.get(&schedule_id).map(|row| &row.schedule);
        if let Some(schedule) = stored {
            store.guard_schedule(context, schedule.model_id, OPERATION)?;
        }
        compare(
            expected,
            stored.map(|schedule| schedule.revision),
            OPERATION,
        )?;
        let organization_id = stored.and_then(|schedule| schedule.organization_id);
        store.schedules.remove(&schedule_id);
        let stream = ("schedule", schedule_id.as_uuid(), organization_id);
        let now = self.0.clock.instant();
        store.append(context, stream, events.to_vec(), now);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn claim(&self, want: u32) -> Result<Vec<DueSchedule>, PortError> {
        self.0.faults.check("schedules.claim")?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        let machine = self.0.machine.borrow();
        let ended = |id: &ExecutionId| {
            let run = machine.runs.get(id);
            run.is_none_or(|run| run.execution.status.is_finished())
        };
        let due = store.schedules.values_mut().filter(|row| {
            row.schedule.next_fire_at.is_some_and(|at| at <= now)
                && row.claimed_until.is_none_or(|until| until <= now)
        });
        let mut due: Vec<&mut ScheduleRow> = due.collect();
        due.sort_by_key(|row| row.schedule.next_fire_at);
        let claimed = due.into_iter().take(want as usize).map(|row| {
            row.claimed_until = Some(now.plus_millis(CLAIM_MS));
            row.unfinished.retain(|id| !ended(id));
            DueSchedule {
                schedule: row.schedule.clone(),
                unfinished: row.unfinished.clone(),
                now,
            }
        });
        Ok(claimed.collect())
    }

    async fn settle(&self, settled: &SettledTime) -> Result<bool, PortError> {
        const OPERATION: &str = "schedules.settle";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        let Some(row) = store.schedules.get(&settled.schedule_id).cloned() else {
            return Ok(false);
        };
        let ScheduleRow {
            mut schedule,
            mut unfinished,
            ..
        } = row;
        if schedule.next_fire_at != Some(settled.scheduled_for)
            || schedule.revision != settled.revision
        {
            return Ok(false);
        }
        let owner = Context::new(Actor::user(schedule.user_id), "");
        if let Some(new) = &settled.execution {
            store.guard_schedule(&owner, schedule.model_id, OPERATION)?;
            let mut machine = self.0.machine.borrow_mut();
            if settled.cancel_other {
                for id in unfinished.drain(..) {
                    let reason = Some("The next run of the schedule started");
                    machine.cancel(id, schedule.user_id, reason, now);
                }
            }
            let origin = Origin {
                organization_id: schedule.organization_id,
                started_by: schedule.user_id,
                parent: None,
                depth: 0,
                traceparent: None,
            };
            let id = new.execution_id;
            if !machine.start(new.clone(), origin, now) {
                return Err(PortError::new(PortErrorKind::NotFound, OPERATION, ""));
            }
            if let Some(run) = machine.runs.get_mut(&id) {
                run.execution.schedule_id = Some(schedule.schedule_id);
                run.execution.scheduled_for = Some(settled.scheduled_for);
            }
            unfinished.push(id);
        }
        let execution_id = settled.execution.as_ref().map(|new| new.execution_id);
        schedule.next_fire_at = settled.next_fire_at;
        schedule.last_fire = Some(LastFire {
            scheduled_for: settled.scheduled_for,
            outcome: settled.outcome,
            at: now,
            execution_id,
            code: settled.code.clone(),
        });
        let event_type = match settled.outcome {
            FireOutcome::Fired => "ScheduleFired",
            FireOutcome::Skipped => "ScheduleSkipped",
            FireOutcome::Missed => "ScheduleMissed",
            FireOutcome::Refused => "ScheduleRefused",
        };
        let data = json!({
            "scheduleId": schedule.schedule_id, "scheduledFor": settled.scheduled_for,
            "executionId": execution_id, "code": settled.code,
        });
        let stream = (
            "schedule",
            schedule.schedule_id.as_uuid(),
            schedule.organization_id,
        );
        let event = json!({"eventType": event_type, "data": data});
        store.append(&owner, stream, vec![event], now);
        let row = ScheduleRow {
            schedule,
            claimed_until: None,
            unfinished,
        };
        store.schedules.insert(settled.schedule_id, row);
        Ok(true)
    }
}
