//! What happened in runs, in a form that says nothing of where it was recorded.

use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use serde::{Deserialize, Serialize};
use use_cases::ports::StepState;
use uuid::Uuid;

/// Something that happened. The entries of a history stand in the order in which they happened;
/// those of one transaction of the database stand together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970 by the database's clock.
    pub at: i64,
    /// Which transaction it belongs to, if it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<u64>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// One attempt at one step of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attempt {
    /// The run.
    pub run: Uuid,
    /// The step of its plan, from 0.
    pub step: u32,
    /// Counts every time the step was handed out, from 1.
    pub attempt: u32,
}

/// How a worker said an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Report {
    /// Done.
    Completed,
    /// Failed, to be tried again.
    Retry,
    /// Failed for good.
    Failed,
    /// Passed over.
    Skipped,
    /// Waits for a nested run.
    Child,
    /// Given back.
    Released,
}

/// What happens to runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum What {
    /// The plan of a version, told before the first run of it.
    Planned {
        /// The version.
        version: Uuid,
        /// Its plan.
        plan: Box<Plan>,
    },
    /// A run appeared (`from` absent), or its status changed.
    RunState {
        /// The run.
        run: Uuid,
        /// The version it runs.
        version: Uuid,
        /// The run it is nested in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<Uuid>,
        /// Before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<ExecutionStatus>,
        /// Now.
        to: ExecutionStatus,
    },
    /// The status of a step changed, or it was handed out anew.
    StepState {
        /// The run.
        run: Uuid,
        /// The step.
        step: u32,
        /// Before.
        from: StepState,
        /// Now.
        to: StepState,
    },
    /// An event of a run was written.
    Event {
        /// The run.
        run: Uuid,
        /// Its place in the run's stream, from 1.
        version: i64,
        /// Its type.
        event_type: String,
    },
    /// A step went to a worker.
    HandedOut {
        /// The attempt.
        #[serde(flatten)]
        attempt: Attempt,
        /// Tries that failed before.
        failures: u32,
        /// The worker's lease.
        worker: Uuid,
    },
    /// An outcome was stored.
    Accepted {
        /// The attempt.
        #[serde(flatten)]
        attempt: Attempt,
        /// The worker's lease.
        worker: Uuid,
        /// What it said.
        report: Report,
        /// When the step is due again, in milliseconds since 1970, if it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<i64>,
        /// The nested run it waits for, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child: Option<Uuid>,
    },
    /// A step was taken from a worker that had not reported.
    Returned {
        /// The attempt.
        #[serde(flatten)]
        attempt: Attempt,
        /// The worker's lease.
        worker: Uuid,
        /// Whether the lease had run out; otherwise the worker did not name it among what it held.
        lost: bool,
    },
    /// A worker named all it holds, since it does not know what became of a request.
    Named {
        /// The worker's lease.
        worker: Uuid,
        /// What it knows of.
        held: Vec<Attempt>,
        /// When it was asked, in milliseconds since 1970: what was handed out until then is its no
        /// longer unless it is named.
        asked: i64,
    },
    /// A worker's lease was prolonged.
    LeaseRenewed {
        /// The lease.
        worker: Uuid,
        /// Until when, in milliseconds since 1970.
        until: i64,
    },
    /// A container that failed begins anew.
    ContainerRestarted {
        /// The run.
        run: Uuid,
        /// The container's first step.
        first: u32,
        /// Its last.
        last: u32,
    },
    /// Somebody asked for one more attempt.
    RetriedByHand {
        /// The run.
        run: Uuid,
        /// The step.
        step: u32,
        /// Whether the run had failed and goes on.
        takes_up: bool,
    },
    /// A worker read that its outcome was stored.
    Acknowledged {
        /// The attempt.
        #[serde(flatten)]
        attempt: Attempt,
        /// The worker's lease.
        worker: Uuid,
    },
    /// A worker read that its outcome came too late.
    Refused {
        /// The attempt.
        #[serde(flatten)]
        attempt: Attempt,
        /// The worker's lease.
        worker: Uuid,
    },
    /// Somebody read that a run was started.
    StartAcknowledged {
        /// The run.
        run: Uuid,
    },
    /// Somebody read that a run was cancelled.
    CancelAcknowledged {
        /// The run.
        run: Uuid,
    },
    /// A call arrived at a remote service.
    Called {
        /// The idempotency key.
        key: String,
    },
    /// A remote service did what it was called for.
    Effect {
        /// The idempotency key.
        key: String,
    },
    /// A worker was killed.
    Killed {
        /// Its lease.
        worker: Uuid,
    },
    /// A worker does not know whether its request arrived.
    ReplyLost {
        /// Its lease.
        worker: Uuid,
    },
    /// A request of a worker arrived once more.
    RequestRepeated {
        /// Its lease.
        worker: Uuid,
    },
}
