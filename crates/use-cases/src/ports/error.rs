//! What can go wrong behind a port.

use thiserror::Error;

/// The kinds of failure a caller can act upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortErrorKind {
    /// The far side is down or too slow; after the given seconds it may be worth another try.
    Unavailable {
        /// Seconds to wait, when the far side said so.
        retry_after: Option<u64>,
    },
    /// Somebody else saved first.
    Conflict {
        /// The revision that is there now, when known.
        current_revision: Option<i64>,
    },
    /// The name is in use.
    NameTaken,
    /// A snapshot with this number exists.
    VersionTaken,
    /// The idempotency key was used with another command.
    KeyReused,
    /// There is no user of this identifier.
    UserUnknown,
    /// Missing, or hidden from the actor.
    NotFound,
    /// Row-level security said no.
    Forbidden,
    /// A stored row cannot be understood; `detail` names it.
    Corrupt,
    /// A node or action with this id exists.
    IdTaken,
    /// Another action of the container has this execution order.
    OrderTaken,
    /// The execution has ended already.
    Finished,
    /// A run or one of its actions is in another state than the command needs.
    OtherStatus,
    /// The agent has no room for the task, and it may not wait.
    AtCapacity,
    /// Such a link exists.
    LinkTaken,
    /// A batch of this name is under way.
    BatchRunning,
    /// The organization has no other owner.
    LastOwner,
    /// The organization holds models.
    NotEmpty,
    /// The owner has as many of these as may be.
    TooMany,
    /// The far side refused the request as malformed: a fault of this program.
    Invalid,
}

/// A port could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{operation}: {kind:?} ({detail})")]
pub struct PortError {
    /// What the caller can act upon.
    pub kind: PortErrorKind,
    /// The port's method, such as `function_models.save`.
    pub operation: &'static str,
    /// What the far side said; for the log, never for the client.
    pub detail: String,
}

impl PortError {
    /// A failure of this kind.
    pub fn new(kind: PortErrorKind, operation: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            detail: detail.into(),
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, PortErrorKind::Unavailable { .. })
    }
}
