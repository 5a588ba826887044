//! What all use cases that write have in common: recognising repetitions, and lost races.

use domain::error::Code;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{IdempotentAnswers, PortError, PortErrorKind, Ports, Written};

/// What a change left behind, and the revision it has now.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<T> {
    /// What the caller gets to see.
    pub value: T,
    /// The revision that a following change may name.
    pub revision: i64,
}

/// How often a commutative command is tried again after somebody else saved first.
pub(crate) const REPETITIONS: u32 = 3;

/// Ends a use case early when the same request was answered before.
///
/// # Errors
/// `Replayed` with that answer; `IDEMPOTENCY_KEY_REUSED` when the key stood for another command.
pub(crate) async fn answered_before(
    ports: &impl Ports,
    context: &Context,
) -> Result<(), UseCaseError> {
    let Some(idempotency) = &context.idempotency else {
        return Ok(());
    };
    let found = ports.idempotent_answers().find(&context.actor, idempotency);
    match found.await? {
        Some(answer) => Err(UseCaseError::Replayed(answer)),
        None => Ok(()),
    }
}

/// The answer to keep with a write, when the request has an idempotency key.
pub(crate) fn answer_to_keep<T>(
    context: &Context,
    saved: &Saved<T>,
    render: impl Fn(&Saved<T>) -> StoredAnswer,
) -> Option<StoredAnswer> {
    context.idempotency.is_some().then(|| render(saved))
}

/// What a write answered, unless it turned out to be a repetition.
pub(crate) fn done<T>(written: Written<T>) -> Result<T, UseCaseError> {
    match written {
        Written::Done(value) => Ok(value),
        Written::Replayed(answer) => Err(UseCaseError::Replayed(answer)),
    }
}

/// Refuses when the caller named another revision than the one that was read.
///
/// # Errors
/// `Conflict` with the revision that was read.
pub(crate) fn expect_revision(context: &Context, read: i64) -> Result<(), UseCaseError> {
    match context.if_match {
        Some(wanted) if wanted != read => Err(UseCaseError::Conflict {
            current_revision: Some(read),
            if_match: true,
        }),
        _ => Ok(()),
    }
}

/// The failure of a write, in the words of what was to be written: `missing` when it is gone
/// meanwhile, `Conflict` when somebody else saved first.
pub(crate) fn failure(context: &Context, error: PortError, missing: Code) -> UseCaseError {
    match error.kind {
        PortErrorKind::NotFound => UseCaseError::NotFound(missing),
        PortErrorKind::Conflict { current_revision } => UseCaseError::Conflict {
            current_revision,
            if_match: context.if_match.is_some(),
        },
        _ => error.into(),
    }
}
