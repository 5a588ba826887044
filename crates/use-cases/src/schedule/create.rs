//! Makes a schedule.

use domain::function_model::Act;
use domain::ids::ScheduleId;
use domain::schedule::{CreateSchedule, Schedule};

use super::access::{failure, ready};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::function_model::access;
use crate::ports::{Clock, Expected, Extent, Ids, Ports, Schedules};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Makes a schedule of a model that the caller may run; it fires in the caller's name.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `Forbidden`; `SCHEDULE_INVALID` and the value limits of a start with
/// every field; what forbids a run of the version now; `VERSION_NOT_FOUND`; `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: CreateSchedule,
    render: impl Fn(&Saved<Schedule>) -> StoredAnswer,
) -> Result<Saved<Schedule>, UseCaseError> {
    answered_before(ports, context).await?;
    let (id, extent) = (command.model_id, Extent::Header);
    let found = access::load(ports, context, id, extent, Act::Execute).await?;
    let now = ports.clock().instant();
    let ids = (
        ScheduleId::from_uuid(ports.ids().new_id()),
        context.actor.user_id,
    );
    let schedule = Schedule::new(ids, found.model.organization_id, command, now)?;
    let saved = Saved {
        value: ready(ports, context, &found, schedule, now).await?,
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let events = [saved.value.event("ScheduleCreated")];
    let made = ports
        .schedules()
        .save(context, &saved.value, Expected::New, &events, answer);
    done(made.await.map_err(|error| failure(context, error))?)?;
    Ok(saved)
}
