//! What all use cases of schedules share: finding one, judging the caller, and its next time.

use domain::error::{Code, DomainError};
use domain::execution;
use domain::function_model::Act;
use domain::ids::ScheduleId;
use domain::instant::Instant;
use domain::schedule::{self, Schedule, ScheduleStatus, WallClock};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::{access, runnable};
use crate::ports::{
    Executions, Extent, FoundModel, ModelVersions, PortError, PortErrorKind, Ports, Schedules,
    TimeZones,
};
use crate::writing;

/// A schedule that the caller may change: who may run its model.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND` when it is missing or hidden; `Forbidden`.
pub(super) async fn load(
    ports: &impl Ports,
    context: &Context,
    schedule_id: ScheduleId,
) -> Result<(Schedule, FoundModel), UseCaseError> {
    let hidden = || UseCaseError::NotFound(Code::ScheduleNotFound);
    let found = ports.schedules().find(context, schedule_id).await?;
    let found = found.ok_or_else(hidden)?;
    let (extent, act) = (Extent::Header, Act::Execute);
    let model = access::load(ports, context, found.model_id, extent, act).await;
    match model {
        Ok(model) => Ok((found, model)),
        Err(UseCaseError::NotFound(_)) => Err(hidden()),
        Err(error) => Err(error),
    }
}

/// The wall clock of a zone.
///
/// # Errors
/// `SCHEDULE_INVALID` for an unknown zone.
pub(crate) fn wall_clock<'a>(
    ports: &'a impl Ports,
    zone: &'a str,
    now: Instant,
) -> Result<WallClock<impl Fn(Instant) -> i32 + Copy + 'a>, DomainError> {
    let zones = ports.time_zones();
    if zones.offset(zone, now).is_none() {
        return Err(schedule::unknown_zone(zone));
    }
    Ok(WallClock(move |at| zones.offset(zone, at).unwrap_or(0)))
}

/// The schedule with the snapshot it runs, if that is fixed, and its next time.
///
/// # Errors
/// `MODEL_DELETED`, `MODEL_ARCHIVED`, `MODEL_NOT_PUBLISHED`; `VERSION_NOT_FOUND`; those of a start of
/// the version; `SCHEDULE_INVALID` for an unknown zone.
pub(super) async fn ready(
    ports: &impl Ports,
    context: &Context,
    found: &FoundModel,
    schedule: Schedule,
    now: Instant,
) -> Result<Schedule, UseCaseError> {
    let published = runnable(found)?;
    let version_id = match schedule.fixed_version() {
        None => None,
        Some(number) => {
            let version = ports
                .model_versions()
                .find(context, schedule.model_id, number);
            let unknown = UseCaseError::NotFound(Code::VersionNotFound);
            Some(version.await?.ok_or(unknown)?.version_id)
        }
    };
    let runs = version_id.unwrap_or(published.version_id);
    let Some(plan) = ports.executions().plan(runs).await? else {
        let message = "This version has never been published.";
        return Err(DomainError::new(Code::ModelNotPublished, message).into());
    };
    execution::check_start(&plan, &schedule.start_now(now)?)?;
    let clock = wall_clock(ports, &schedule.time_zone, now)?;
    let next = match schedule.status {
        ScheduleStatus::Active => schedule.times(clock, now, 1).first().copied(),
        ScheduleStatus::Paused => None,
    };
    Ok(Schedule {
        version_id,
        next_fire_at: next,
        ..schedule
    })
}

/// The failure of a write in the words of schedules.
pub(super) fn failure(context: &Context, error: PortError) -> UseCaseError {
    match error.kind {
        PortErrorKind::TooMany => schedule::too_many().into(),
        PortErrorKind::Forbidden => access::forbidden(Act::Execute),
        _ => writing::failure(context, error, Code::ScheduleNotFound),
    }
}
