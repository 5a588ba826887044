//! Why a use case did not do what was asked.

use domain::error::{Code, DomainError, FieldError};
use thiserror::Error;

use crate::context::StoredAnswer;
use crate::ports::{PortError, PortErrorKind};

/// How long to wait before asking a busy agent again.
const CAPACITY_PAUSE_MS: u64 = 2_000;

/// What a use case answers instead of its result.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum UseCaseError {
    /// Missing, or hidden from the caller; the code says what.
    #[error("{0}")]
    NotFound(Code),
    /// The caller may view, but not do this.
    #[error("the permission to {required} is needed")]
    Forbidden {
        /// The permission that is missing.
        required: String,
    },
    /// Somebody else was faster.
    #[error("changed meanwhile")]
    Conflict {
        /// The revision that is there now, when known.
        current_revision: Option<i64>,
        /// Whether the caller had named the revision it wanted to change.
        if_match: bool,
    },
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] DomainError),
    /// The database or another service is down or too slow.
    #[error("unavailable")]
    Unavailable {
        /// Seconds to wait, when known.
        retry_after: Option<u64>,
        /// What happened; for the log.
        source: PortError,
    },
    /// The command had been carried out before under the same idempotency key; this was the answer.
    #[error("answered before")]
    Replayed(StoredAnswer),
    /// A fault of this program or of what is stored.
    #[error("internal error")]
    Internal(#[source] PortError),
}

impl From<PortError> for UseCaseError {
    fn from(error: PortError) -> Self {
        let refused = |code, message: &str| Self::Refused(DomainError::new(code, message));
        match error.kind {
            PortErrorKind::Unavailable { retry_after } => Self::Unavailable {
                retry_after,
                source: error,
            },
            PortErrorKind::Conflict { current_revision } => Self::Conflict {
                current_revision,
                if_match: false,
            },
            PortErrorKind::NameTaken => refused(Code::ModelNameTaken, "The name is in use."),
            PortErrorKind::VersionTaken => {
                refused(Code::VersionAlreadyExists, "The version exists already.")
            }
            PortErrorKind::KeyReused => refused(
                Code::IdempotencyKeyReused,
                "The idempotency key was used with another command.",
            ),
            PortErrorKind::OrderTaken => refused(
                Code::ExecutionOrderTaken,
                "Another action of the container has this execution order.",
            ),
            PortErrorKind::Finished => {
                refused(Code::ExecutionAlreadyFinished, "The run has ended already.")
            }
            PortErrorKind::OtherStatus => Self::Conflict {
                current_revision: None,
                if_match: false,
            },
            PortErrorKind::AtCapacity => {
                Self::Refused(domain::ai_agent::task::at_capacity(CAPACITY_PAUSE_MS))
            }
            PortErrorKind::LinkTaken => refused(
                Code::LinkAlreadyExists,
                "A link of these ends and this type exists already.",
            ),
            PortErrorKind::LastOwner => refused(
                Code::LastOwner,
                "The last owner can neither leave nor become something else.",
            ),
            PortErrorKind::NotEmpty => refused(
                Code::OrganizationNotEmpty,
                "The organization holds models, deleted ones included.",
            ),
            PortErrorKind::BatchRunning => {
                refused(Code::BatchInProgress, "A batch of this name is under way.")
            }
            PortErrorKind::UserUnknown => {
                let error = FieldError::new("owner", "exists");
                let message = "There is no user of this identifier.";
                let code = Code::PermissionsInvalid;
                Self::Refused(DomainError::field(code, message, error))
            }
            PortErrorKind::Forbidden => Self::Forbidden {
                required: "edit".to_owned(),
            },
            PortErrorKind::TooMany => Self::Refused(domain::secret::too_many()),
            PortErrorKind::IdTaken => refused(Code::NodeAlreadyExists, "The identifier is in use."),
            PortErrorKind::NotFound | PortErrorKind::Corrupt | PortErrorKind::Invalid => {
                Self::Internal(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: PortErrorKind, expected: Code) {
        match UseCaseError::from(PortError::new(kind, "test", "detail")) {
            UseCaseError::Refused(error) => assert_eq!(error.code, expected),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn what_the_database_guards_becomes_the_refusal_of_the_rule() {
        check(PortErrorKind::NameTaken, Code::ModelNameTaken);
        check(PortErrorKind::VersionTaken, Code::VersionAlreadyExists);
        check(PortErrorKind::KeyReused, Code::IdempotencyKeyReused);
        check(PortErrorKind::UserUnknown, Code::PermissionsInvalid);
        check(PortErrorKind::OrderTaken, Code::ExecutionOrderTaken);
        check(PortErrorKind::IdTaken, Code::NodeAlreadyExists);
        check(PortErrorKind::Finished, Code::ExecutionAlreadyFinished);
        check(PortErrorKind::LastOwner, Code::LastOwner);
        check(PortErrorKind::NotEmpty, Code::OrganizationNotEmpty);
        check(PortErrorKind::LinkTaken, Code::LinkAlreadyExists);
        check(PortErrorKind::BatchRunning, Code::BatchInProgress);
    }

    #[test]
    fn faults_of_ours_stay_internal_and_say_nothing() {
        for kind in [
            PortErrorKind::NotFound,
            PortErrorKind::Corrupt,
            PortErrorKind::Invalid,
        ] {
            let error = UseCaseError::from(PortError::new(kind, "port.call", "secret"));
            assert!(matches!(error, UseCaseError::Internal(_)));
            assert_eq!(error.to_string(), "internal error");
        }
        let error = PortError::new(PortErrorKind::Corrupt, "port.call", "row 7");
        assert_eq!(error.to_string(), "port.call: Corrupt (row 7)");
        assert!(!error.is_temporary());
    }

    #[test]
    fn lost_races_and_row_level_security_have_their_own_answers() {
        let conflict = PortErrorKind::Conflict {
            current_revision: Some(3),
        };
        let error = UseCaseError::from(PortError::new(conflict, "test", ""));
        let expected = UseCaseError::Conflict {
            current_revision: Some(3),
            if_match: false,
        };
        assert_eq!(error, expected);
        let error = UseCaseError::from(PortError::new(PortErrorKind::Forbidden, "test", ""));
        assert_eq!(error.to_string(), "the permission to edit is needed");
    }
}
