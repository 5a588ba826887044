//! Schedules: what starts runs at times.

use domain::error::Code;
use domain::ids::ModelId;
use domain::schedule::{CreateSchedule, Schedule, UpdateSchedule};
use use_cases::schedule::ScheduleDetails;

use super::Description;

const TAG: &str = "Schedules";
/// What forbids a schedule, as it would a start.
const REFUSALS: &[Code] = &[
    Code::Forbidden,
    Code::ScheduleInvalid,
    Code::ExecutionContextInvalid,
    Code::TimeoutInvalid,
    Code::DocumentTooLarge,
    Code::ModelDeleted,
    Code::ModelArchived,
    Code::ModelNotPublished,
    Code::VersionNotFound,
    Code::NodeInactive,
    Code::WorkflowInvalid,
];

pub(super) fn create() -> Description {
    Description::new(TAG, "Make a schedule")
        .text("Starts runs of a model by a cron expression of five fields on the wall clock of a time zone, in the name of whoever made or last changed the schedule. A time that the clock skips when it is put forward comes at the first instant after the gap; a time that it shows twice when it is put back comes once, at the first. Each time starts one run, however many workers look.")
        .command()
        .body::<CreateSchedule>()
        .made::<Schedule>("It was made.")
        .etag()
        .codes(REFUSALS)
        .codes(&[Code::FunctionModelNotFound])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List schedules")
        .query::<ModelId>("modelId", "Only schedules of this model.")
        .page::<Schedule>("The schedules, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read a schedule")
        .text("With the next five times at which it starts runs, and what the last one led to.")
        .one::<ScheduleDetails>("The schedule.")
        .etag()
        .codes(&[Code::ScheduleNotFound])
}

pub(super) fn update() -> Description {
    Description::new(TAG, "Change a schedule")
        .text("What is absent stays. The schedule is the caller's from then on.")
        .change()
        .body::<UpdateSchedule>()
        .ok::<Schedule>("The schedule.")
        .etag()
        .codes(REFUSALS)
        .codes(&[Code::ScheduleNotFound, Code::NothingToChange])
}

pub(super) fn pause() -> Description {
    turn("Pause a schedule")
}

pub(super) fn resume() -> Description {
    turn("Resume a schedule")
        .text("Times that passed meanwhile are not caught up.")
        .codes(REFUSALS)
}

fn turn(title: &'static str) -> Description {
    Description::new(TAG, title)
        .change()
        .ok::<Schedule>("The schedule.")
        .etag()
        .codes(&[
            Code::ScheduleNotFound,
            Code::Forbidden,
            Code::StatusTransitionInvalid,
        ])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove a schedule")
        .text("Runs it started go on.")
        .change()
        .removed("It was removed.")
        .codes(&[Code::ScheduleNotFound, Code::Forbidden])
}
