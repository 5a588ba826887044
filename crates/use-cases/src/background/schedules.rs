//! What times of schedules lead to.
//!
//! The database says whose time has come, by its own clock, and moves a schedule on from that time in
//! the transaction that starts the run: whichever worker is second finds another time and does nothing.

use domain::error::{Code, DomainError};
use domain::execution;
use domain::ids::{ExecutionId, VersionId};
use domain::instant::Instant;
use domain::schedule::{Due, FireOutcome, Overlap, Schedule};
use domain::vocabulary::{ModelStatus, RunMode};

use crate::context::Actor;
use crate::ports::{
    DueSchedule, Executions, Ids, NewExecution, PortError, PortErrorKind, Ports, Schedules,
    SettledTime,
};
use crate::schedule::wall_clock;

/// Schedules claimed at a time, and most times of it in one go.
const BATCH: u32 = 20;
const MOST_BATCHES: u32 = 50;

/// Does what is due; answers how many runs were started, which any worker may take up.
///
/// # Errors
/// When the database cannot answer; what was claimed is left to the next who looks.
pub async fn fire_schedules(ports: &impl Ports) -> Result<u32, PortError> {
    let mut started = 0;
    for _ in 0..MOST_BATCHES {
        let due = ports.schedules().claim(BATCH).await?;
        if due.is_empty() {
            break;
        }
        for due in due {
            started += u32::from(settle(ports, due).await?);
        }
    }
    Ok(started)
}

/// Settles one time; answers whether a run was started.
async fn settle(ports: &impl Ports, due: DueSchedule) -> Result<bool, PortError> {
    let Some(settled) = decide(ports, &due).await? else {
        return Ok(false);
    };
    let schedules = ports.schedules();
    match schedules.settle(&settled).await {
        Ok(done) => Ok(done && settled.outcome == FireOutcome::Fired),
        // The database judges the owner once more; what it refuses was withdrawn a moment ago.
        Err(error)
            if matches!(
                error.kind,
                PortErrorKind::Forbidden | PortErrorKind::NotFound
            ) =>
        {
            let settled = SettledTime {
                outcome: FireOutcome::Refused,
                execution: None,
                cancel_other: false,
                code: Some("FORBIDDEN".to_owned()),
                message: Some(NOT_ALLOWED.to_owned()),
                ..settled
            };
            schedules.settle(&settled).await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

const NOT_ALLOWED: &str = "The schedule's owner may not run the model.";

/// What the time leads to; nothing when it has not come.
async fn decide(ports: &impl Ports, due: &DueSchedule) -> Result<Option<SettledTime>, PortError> {
    let (schedule, now) = (&due.schedule, due.now);
    let Some(scheduled_for) = schedule.next_fire_at else {
        return Ok(None);
    };
    let mut settled = SettledTime {
        schedule_id: schedule.schedule_id,
        revision: schedule.revision,
        scheduled_for,
        outcome: FireOutcome::Missed,
        next_fire_at: None,
        execution: None,
        cancel_other: false,
        code: None,
        message: None,
    };
    let clock = match wall_clock(ports, &schedule.time_zone, now) {
        Ok(clock) => clock,
        Err(unknown) => return Ok(Some(refused(settled, unknown))),
    };
    let next = |after: Instant| schedule.times(clock, after, 1).first().copied();
    match schedule.due(now) {
        Due::NotYet => return Ok(None),
        Due::Missed => {
            let from = schedule.caught_up_from(now).plus_millis(-1);
            settled.next_fire_at = next(from.max(scheduled_for));
            return Ok(Some(settled));
        }
        Due::Fire => settled.next_fire_at = next(scheduled_for),
    }
    match schedule.overlap_policy.judge(due.unfinished.len()) {
        Overlap::Skip => {
            settled.outcome = FireOutcome::Skipped;
            return Ok(Some(settled));
        }
        Overlap::Start => {}
        Overlap::Cancel => settled.cancel_other = true,
    }
    match prepare(ports, schedule, now).await? {
        Ok(execution) => {
            settled.outcome = FireOutcome::Fired;
            settled.execution = Some(execution);
            Ok(Some(settled))
        }
        Err(refusal) => Ok(Some(refused(settled, refusal))),
    }
}

fn refused(settled: SettledTime, refusal: DomainError) -> SettledTime {
    SettledTime {
        outcome: FireOutcome::Refused,
        cancel_other: false,
        code: Some(refusal.code.as_str().to_owned()),
        message: Some(refusal.message),
        ..settled
    }
}

/// The run, judged as the schedule's owner.
async fn prepare(
    ports: &impl Ports,
    schedule: &Schedule,
    now: Instant,
) -> Result<Result<NewExecution, DomainError>, PortError> {
    let owner = Actor::user(schedule.user_id);
    let executions = ports.executions();
    let found = executions.find_published_version(&owner, schedule.model_id);
    let refusal = |code, message: &str| Ok(Err(DomainError::new(code, message)));
    let version_id: VersionId = match found.await? {
        None => return refusal(Code::FunctionModelNotFound, NOT_ALLOWED),
        Some(found) if found.deleted => {
            return refusal(Code::ModelDeleted, "The model is deleted.");
        }
        Some(found) if found.model_status == ModelStatus::Archived => {
            return refusal(Code::ModelArchived, "The model is archived.");
        }
        Some(found) if !found.may_execute => return refusal(Code::Forbidden, NOT_ALLOWED),
        Some(found) => schedule.version_id.unwrap_or(found.version_id),
    };
    let Some(plan) = executions.plan(version_id).await? else {
        return refusal(Code::VersionNotFound, "The version is not there.");
    };
    let checked = schedule.start_now(now);
    let checked = checked.and_then(|start| execution::check_start(&plan, &start).map(|()| start));
    let start = match checked {
        Ok(start) => start,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let id = ports.ids().new_id();
    Ok(Ok(NewExecution {
        execution_id: ExecutionId::from_uuid(id),
        model_id: schedule.model_id,
        version_id,
        environment: start.environment,
        parameters: start.parameters,
        session_id: format!("schedule-{}", schedule.schedule_id),
        mode: RunMode::Async,
        priority: start.priority,
        max_depth: start.max_depth.min(plan.max_depth),
        approved_actions: Vec::new(),
        start_at: None,
        timeout_seconds: start.timeout_seconds.map(u64::from),
        recovery: None,
    }))
}
