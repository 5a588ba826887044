//! Reads a schedule.

use domain::error::Code;
use domain::ids::ScheduleId;
use domain::instant::Instant;
use domain::schedule::{PREVIEW, Schedule, ScheduleStatus};
use serde::Serialize;

use super::access::wall_clock;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Clock, Ports, Schedules};

/// A schedule and when it is going to start runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScheduleDetails {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// Its next times, at most 5; none when it is paused.
    pub next_fires: Vec<Instant>,
}

/// A schedule with its next times.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    schedule_id: ScheduleId,
) -> Result<ScheduleDetails, UseCaseError> {
    let found = ports.schedules().find(context, schedule_id).await?;
    let schedule = found.ok_or(UseCaseError::NotFound(Code::ScheduleNotFound))?;
    let now = ports.clock().instant();
    let next_fires = match schedule.status {
        ScheduleStatus::Paused => Vec::new(),
        ScheduleStatus::Active => {
            let clock = wall_clock(ports, &schedule.time_zone, now)?;
            schedule.times(clock, now, PREVIEW)
        }
    };
    Ok(ScheduleDetails {
        schedule,
        next_fires,
    })
}
