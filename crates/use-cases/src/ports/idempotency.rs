//! The answers that were given to commands with an idempotency key.

use super::PortError;
use crate::context::{Actor, Idempotency, StoredAnswer};

/// The answers of the last 24 hours, per user. They are written by the commands themselves.
pub trait IdempotentAnswers {
    /// The answer this user got under this key, if any; `KeyReused` when it answered another command.
    async fn find(
        &self,
        actor: &Actor,
        idempotency: &Idempotency,
    ) -> Result<Option<StoredAnswer>, PortError>;
}
