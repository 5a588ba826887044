//! Pauses and resumes a schedule.

use domain::ids::ScheduleId;
use domain::schedule::{Schedule, ScheduleStatus};

use super::access::{failure, load, ready};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ports, Schedules};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Pauses a schedule, or makes it active again; it is the caller's from then on. Times that pass
/// while it is paused are not caught up.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`; `Forbidden`; `Conflict`; `STATUS_TRANSITION_INVALID` when it is so already;
/// to make it active, as a new one; `Replayed` for a repetition.
pub async fn turn(
    ports: &impl Ports,
    context: &Context,
    schedule_id: ScheduleId,
    status: ScheduleStatus,
    render: impl Fn(&Saved<Schedule>) -> StoredAnswer,
) -> Result<Saved<Schedule>, UseCaseError> {
    answered_before(ports, context).await?;
    let (schedule, found) = load(ports, context, schedule_id).await?;
    expect_revision(context, schedule.revision)?;
    let now = ports.clock().instant();
    let mut turned = schedule.turned(context.actor.user_id, status, now)?;
    let event_type = match status {
        ScheduleStatus::Paused => "SchedulePaused",
        ScheduleStatus::Active => "ScheduleResumed",
    };
    if status == ScheduleStatus::Active {
        turned = ready(ports, context, &found, turned, now).await?;
    }
    let saved = Saved {
        value: turned,
        revision: schedule.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let events = [saved.value.event(event_type)];
    let expected = Expected::Revision(schedule.revision);
    let written = ports
        .schedules()
        .save(context, &saved.value, expected, &events, answer);
    done(written.await.map_err(|error| failure(context, error))?)?;
    Ok(saved)
}
