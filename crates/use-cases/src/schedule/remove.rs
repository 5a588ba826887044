//! Removes a schedule.

use domain::ids::ScheduleId;

use super::access::{failure, load};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ports, Schedules};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Removes a schedule; the runs it started go on.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`; `Forbidden`; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    schedule_id: ScheduleId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<(), UseCaseError> {
    answered_before(ports, context).await?;
    let (schedule, _) = load(ports, context, schedule_id).await?;
    expect_revision(context, schedule.revision)?;
    let saved = Saved {
        value: (),
        revision: schedule.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let events = [schedule.removal(context.actor.user_id, ports.clock().instant())];
    let expected = Expected::Revision(schedule.revision);
    let removed = ports
        .schedules()
        .remove(context, schedule_id, expected, &events, answer);
    done(removed.await.map_err(|error| failure(context, error))?)
}
