//! The answers that commands stored under their callers' keys.

use serde_json::json;
use use_cases::context::{Actor, Idempotency, StoredAnswer};
use use_cases::ports::{Clock, IdempotentAnswers, PortError};

use super::client::{Call, Session};
use crate::http::Transport;

/// [`IdempotentAnswers`] over PostgREST.
pub struct PostgrestIdempotentAnswers<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestIdempotentAnswers<H, C> {
    /// The stored answers.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> IdempotentAnswers for PostgrestIdempotentAnswers<H, C> {
    async fn find(
        &self,
        actor: &Actor,
        idempotency: &Idempotency,
    ) -> Result<Option<StoredAnswer>, PortError> {
        let arguments = json!({
            "actor": actor.claims,
            "key": idempotency.key,
            "path": idempotency.path,
            "body_hash": idempotency.body_hash,
        });
        let call = Call {
            function: "find_idempotent_answer",
            arguments: &arguments,
            repeatable: true,
        };
        self.session.call("idempotent_answers.find", call).await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{body, context, session};

    #[test]
    fn a_kept_answer_is_found_by_user_key_and_path() {
        let script = Script::of([
            answer(200, r#"{"status":201}"#),
            answer(200, "null"),
            answer(400, r#"{"code":"FM003"}"#),
        ]);
        let clock = StillClock::default();
        let answers = PostgrestIdempotentAnswers::new(session(&script, &clock));
        let context = context();
        let idempotency = context.idempotency.clone().unwrap();
        let find = || block_on(answers.find(&context.actor, &idempotency));
        assert_eq!(find(), Ok(Some(StoredAnswer(json!({"status": 201})))));
        assert_eq!(find(), Ok(None));
        assert_eq!(find().unwrap_err().kind, PortErrorKind::KeyReused);
        assert_eq!(
            body(&script.sent()[0]),
            json!({"actor": context.actor.claims, "key": "k", "path": "/p", "body_hash": "h"})
        );
    }
}
