//! Changes a schedule.

use domain::ids::ScheduleId;
use domain::schedule::{Schedule, UpdateSchedule};

use super::access::{failure, load, ready};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ports, Schedules};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Changes a schedule, which is the caller's from then on. Times that have passed meanwhile are not
/// caught up.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`; `Forbidden`; `Conflict`; `NOTHING_TO_CHANGE`; as a new one; `Replayed` for a
/// repetition.
pub async fn update(
    ports: &impl Ports,
    context: &Context,
    schedule_id: ScheduleId,
    changes: UpdateSchedule,
    render: impl Fn(&Saved<Schedule>) -> StoredAnswer,
) -> Result<Saved<Schedule>, UseCaseError> {
    answered_before(ports, context).await?;
    let (schedule, found) = load(ports, context, schedule_id).await?;
    expect_revision(context, schedule.revision)?;
    let now = ports.clock().instant();
    let changed = schedule.changed(context.actor.user_id, changes, now)?;
    let saved = Saved {
        value: ready(ports, context, &found, changed, now).await?,
        revision: schedule.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let events = [saved.value.event("ScheduleUpdated")];
    let expected = Expected::Revision(schedule.revision);
    let written = ports
        .schedules()
        .save(context, &saved.value, expected, &events, answer);
    done(written.await.map_err(|error| failure(context, error))?)?;
    Ok(saved)
}
