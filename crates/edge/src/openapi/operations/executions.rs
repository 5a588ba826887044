//! Runs.

use domain::action_failure::{FailureHandled, HandleActionFailure};
use domain::error::Code;
use domain::execution::ExecuteFunctionModel;
use domain::instant::Instant;
use domain::vocabulary::ExecutionStatus;
use use_cases::execution::ExecutionDetails;
use use_cases::function_model::DryRun;
use use_cases::ports::{Execution, LogLevel, StoredEvent, StoredLogLine};

use super::Description;
use crate::routes::execution_actions::RetryAction;
use crate::routes::executions::ControlExecution;

const TAG: &str = "Runs";

/// A start answers what it did, depending on what it was asked for.
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum Ended {
    /// The run, which ended while the caller waited.
    Run(ExecutionDetails),
    /// What a run would do.
    DryRun(DryRun),
}

/// A run under way, with or without its parts.
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum UnderWay {
    /// The run.
    Run(Execution),
    /// The run and its parts, when the caller waited in vain.
    Details(ExecutionDetails),
}

pub(super) fn start() -> Description {
    Description::new(TAG, "Start a run")
        .text("Runs the published version, at once or at `startAt`: until then the run is `pending` and can be cancelled. Answers at once, or when the run has ended: with mode `sync` or `Prefer: wait=<seconds>`.")
        .command()
        .header("Prefer")
        .of_model()
        .optional_body::<ExecuteFunctionModel>()
        .accepted::<UnderWay>("It was started.")
        .with("preference-applied", false)
        .ok::<Ended>("It has ended, or it was only rehearsed (`dryRun`).")
        .with("preference-applied", false)
        .with("etag", false)
        .codes(&[
            Code::Forbidden,
            Code::ExecutionContextInvalid,
            Code::DepthInvalid,
            Code::RecoveryPolicyInvalid,
            Code::TimeoutInvalid,
            Code::StartTimeInvalid,
            Code::DocumentTooLarge,
            Code::ModelDeleted,
            Code::ModelArchived,
            Code::ModelNotPublished,
            Code::NodeInactive,
            Code::WorkflowInvalid,
            Code::NestingTooDeep,
            Code::NestingCycle,
            Code::NestedModelUnavailable,
            Code::ExecutionNotFound,
        ])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List the runs of a model")
        .of_model()
        .query::<ExecutionStatus>("status", "Only runs in this status.")
        .page::<Execution>("The runs, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read a run")
        .one::<ExecutionDetails>("The run and what became of its parts so far.")
        .etag()
        .codes(&[Code::ExecutionNotFound])
}

pub(super) fn logs() -> Description {
    Description::new(TAG, "List the log of a run")
        .query::<LogLevel>("level", "Only lines at least this serious.")
        .query::<Instant>("since", "Not before this instant.")
        .page::<StoredLogLine>("The lines, oldest first.")
        .codes(&[Code::ExecutionNotFound])
}

pub(super) fn events() -> Description {
    Description::new(TAG, "List the events of a run")
        .stream::<StoredEvent>("The events, in their order.")
        .codes(&[Code::ExecutionNotFound])
}

pub(super) fn cancel() -> Description {
    control("Cancel a run").codes(&[Code::ExecutionAlreadyFinished])
}

pub(super) fn pause() -> Description {
    control("Pause a run").codes(&[Code::ExecutionNotRunning])
}

pub(super) fn resume() -> Description {
    control("Resume a run").codes(&[Code::ExecutionNotPaused])
}

fn control(summary: &'static str) -> Description {
    Description::new(TAG, summary)
        .change()
        .optional_body::<ControlExecution>()
        .ok::<Execution>("The run.")
        .etag()
        .codes(&[
            Code::ExecutionNotFound,
            Code::Forbidden,
            Code::ReasonInvalid,
        ])
}

pub(super) fn handle_action_failure() -> Description {
    Description::new(TAG, "Report the failure of an action")
        .text("Only the service itself may.")
        .command()
        .body::<HandleActionFailure>()
        .ok::<FailureHandled>("What is done about it.")
        .codes(&[
            Code::Forbidden,
            Code::ExecutionNotFound,
            Code::ActionNotFound,
            Code::StatusTransitionInvalid,
            Code::RevisionConflict,
        ])
}

pub(super) fn retry_action() -> Description {
    Description::new(TAG, "Try a failed action once more")
        .change()
        .optional_body::<RetryAction>()
        .ok::<Execution>("The run.")
        .etag()
        .codes(&[
            Code::ExecutionNotFound,
            Code::ActionNotFound,
            Code::Forbidden,
            Code::StatusTransitionInvalid,
            Code::ActionAlreadyExecuting,
            Code::MaxRetriesExceeded,
            Code::RetryTooEarly,
        ])
}
