//! The answers that were given to commands with an idempotency key.

use std::rc::Rc;

use super::store::Shared;
use crate::context::{Actor, Context, Idempotency, StoredAnswer};
use crate::ports::{self, PortError};

/// A twin of the kept answers.
#[derive(Debug)]
pub struct IdempotentAnswers(pub(super) Rc<Shared>);

impl ports::IdempotentAnswers for IdempotentAnswers {
    async fn find(
        &self,
        actor: &Actor,
        idempotency: &Idempotency,
    ) -> Result<Option<StoredAnswer>, PortError> {
        const OPERATION: &str = "idempotent_answers.find";
        self.0.faults.check(OPERATION)?;
        let mut context = Context::new(actor.clone(), "");
        context.idempotency = Some(idempotency.clone());
        self.0.store.borrow().replay(&context, OPERATION)
    }
}
