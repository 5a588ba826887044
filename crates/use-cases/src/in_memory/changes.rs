//! What somebody sees who watches the commits of the runs, and who may disturb them.

use domain::ids::{ExecutionId, VersionId};
use domain::instant::Instant;
use domain::vocabulary::ExecutionStatus;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use crate::ports::{ClaimKey, Step, StepState};

/// Something a commit changed. Those of one commit come together: first what was done, then how
/// rows differ from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A worker's lease was prolonged.
    LeaseRenewed {
        /// The lease.
        lease_token: Uuid,
        /// How long it holds now.
        until: Instant,
    },
    /// A step went to a worker.
    HandedOut {
        /// The attempt.
        key: ClaimKey,
        /// Tries that failed before.
        failures: u32,
        /// Whose.
        lease_token: Uuid,
    },
    /// An outcome counts.
    Accepted {
        /// The attempt.
        key: ClaimKey,
        /// Who reported it.
        lease_token: Uuid,
        /// What it said.
        report: Report,
    },
    /// A step was taken back from a worker that did not report.
    Returned {
        /// The attempt.
        key: ClaimKey,
        /// Who had it.
        lease_token: Uuid,
        /// Whether the lease had run out; otherwise the worker itself did not know of it.
        lost: bool,
    },
    /// A worker named what it holds, since it does not know what became of a request.
    Named {
        /// Who.
        lease_token: Uuid,
        /// The attempts it knows of.
        held: Vec<ClaimKey>,
        /// When this was asked; what was committed until then and is not named was taken back.
        at: Instant,
    },
    /// A container that failed begins anew.
    ContainerRestarted {
        /// The run.
        execution_id: ExecutionId,
        /// The container's first step.
        first: Step,
        /// And its last.
        last: Step,
    },
    /// Somebody asked for one more attempt.
    RetriedByHand {
        /// The run.
        execution_id: ExecutionId,
        /// The action's step.
        step: Step,
        /// Whether the run had failed and goes on.
        takes_up: bool,
    },
    /// A run appeared, or its status changed.
    Run {
        /// The run.
        execution_id: ExecutionId,
        /// What it runs.
        version_id: VersionId,
        /// The run it is nested in.
        parent: Option<ExecutionId>,
        /// Its status before; `None` when it is new.
        from: Option<ExecutionStatus>,
        /// Its status now.
        to: ExecutionStatus,
    },
    /// The status of a step changed, or it was handed out once more.
    Step {
        /// The run.
        execution_id: ExecutionId,
        /// The step.
        step: Step,
        /// Its status before.
        from: StepState,
        /// Its status now.
        to: StepState,
    },
    /// An event was written.
    Event {
        /// The run.
        execution_id: ExecutionId,
        /// Its place in the run's stream, from 1.
        version: i64,
        /// Its type.
        event_type: String,
    },
}

/// What an outcome said, as far as it matters to the order of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Done.
    Completed,
    /// Failed, and due again at this instant.
    Retry(Instant),
    /// Failed for good.
    Failed,
    /// Passed over.
    Skipped,
    /// Waits for a nested run.
    Child(ExecutionId),
    /// Given back, and due again at this instant.
    Released(Instant),
}

/// Whoever stands between the statements of the transactions; without one they take no time.
pub trait Interference {
    /// Lets time pass between two statements. `false`: the connection is lost, and with it all the
    /// transaction did.
    fn between(&self) -> LocalBoxFuture<'_, bool>;

    /// A transaction was committed.
    fn committed(&self, at: Instant, changes: Vec<Change>);
}

/// A fault planted in the twin, so that those who look for faults can show that they find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// An outcome counts whoever reports it, about whichever attempt.
    NotFenced,
    /// An outcome of an earlier attempt counts for the present one.
    AttemptNotFenced,
    /// An outcome that was told twice counts twice.
    OutcomeAppliedTwice,
    /// The reply goes out before the commit, which may still fail.
    AcknowledgedBeforeCommit,
    /// A step that was given back is ready but not queued.
    WakeUpLost,
    /// The row of a run is not locked.
    RunNotLocked,
    /// What was read before waiting for the lock is written after it.
    ReadBeforeLock,
    /// A queue row is taken without looking at the step's own row.
    HintBelieved,
    /// The sweep never finds a lease that has run out.
    LeaseNeverExpires,
    /// The sweep takes steps from workers whose lease holds.
    LivingWorkersSwept,
    /// The sweep misses steps whose lease row is gone.
    LeaselessStepsMissed,
    /// What a worker was handed in a reply that got lost stays with it.
    LostReplyKept,
    /// A step that ended counts its successors down by two.
    JoinCountsTwice,
    /// A member that ended releases two others.
    GroupLimitIgnored,
    /// A retry is due at once.
    BackoffForgotten,
    /// A try that failed is not counted.
    FailuresForgotten,
    /// Attempts begin at 1 again in a failed run that is taken up.
    AttemptsForgotten,
    /// The end of a nested run is not told to the run above.
    NestedEndUnannounced,
    /// A step that starts a nested run does not wait for its end.
    NestedNotAwaited,
    /// What is nested in a run that is stopped runs on.
    NestedRunsOn,
    /// The steps of a cancelled run are still handed out.
    CancelledHandedOut,
    /// The steps of a paused run are still handed out.
    PausedHandedOut,
    /// Resuming does not queue again what pausing dropped.
    ResumeForgets,
    /// The version of an event is used up, but the event is not written.
    EventLost,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::NotFenced,
        Self::AttemptNotFenced,
        Self::OutcomeAppliedTwice,
        Self::AcknowledgedBeforeCommit,
        Self::WakeUpLost,
        Self::RunNotLocked,
        Self::ReadBeforeLock,
        Self::HintBelieved,
        Self::LeaseNeverExpires,
        Self::LivingWorkersSwept,
        Self::LeaselessStepsMissed,
        Self::LostReplyKept,
        Self::JoinCountsTwice,
        Self::GroupLimitIgnored,
        Self::BackoffForgotten,
        Self::FailuresForgotten,
        Self::AttemptsForgotten,
        Self::NestedEndUnannounced,
        Self::NestedNotAwaited,
        Self::NestedRunsOn,
        Self::CancelledHandedOut,
        Self::PausedHandedOut,
        Self::ResumeForgets,
        Self::EventLost,
    ];
}
