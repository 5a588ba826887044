//! Commands: one call, one transaction, judged as the actor it carries.

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{Clock, PortError, PortErrorKind, Written};

use super::client::{Call, Session};
use super::table::parse;
use crate::http::Transport;

/// The three arguments that all commands have.
#[derive(Serialize)]
struct Arguments<'a, C> {
    actor: &'a Value,
    request: Request<'a>,
    command: &'a C,
}

/// What the database keeps about the request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency: Option<Kept<'a>>,
}

/// The answer that is stored under the caller's key, in the command's own transaction.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    key: &'a str,
    path: &'a str,
    body_hash: &'a str,
    answer: &'a StoredAnswer,
}

impl<'a> Request<'a> {
    fn new(context: &'a Context, answer: Option<&'a StoredAnswer>) -> Self {
        let idempotency = context.idempotency.as_ref().zip(answer);
        Self {
            request_id: &context.request_id,
            traceparent: context.traceparent.as_deref(),
            idempotency: idempotency.map(|(idempotency, answer)| Kept {
                key: &idempotency.key,
                path: &idempotency.path,
                body_hash: &idempotency.body_hash,
                answer,
            }),
        }
    }
}

/// The answer of a command that changes one aggregate.
#[derive(serde::Deserialize)]
pub(super) struct Revision {
    pub(super) revision: i64,
}

impl<H: Transport, C: Clock> Session<H, C> {
    /// Carries out a command, unless it was carried out before under the same key.
    pub(super) async fn command<T: DeserializeOwned>(
        &self,
        (operation, function): (&'static str, &'static str),
        context: &Context,
        answer: Option<&StoredAnswer>,
        command: &impl Serialize,
    ) -> Result<Written<T>, PortError> {
        let arguments = Arguments {
            actor: &context.actor.claims,
            request: Request::new(context, answer),
            command,
        };
        let call = Call {
            function,
            arguments: &arguments,
            repeatable: false,
        };
        let mut reply: Value = self.call(operation, call).await?;
        match reply.get_mut("replayed").map(Value::take) {
            Some(answer) => Ok(Written::Replayed(StoredAnswer(answer))),
            None => Ok(Written::Done(parse(operation, reply)?)),
        }
    }

    /// Carries out a command that answers the new revision.
    pub(super) async fn save(
        &self,
        names: (&'static str, &'static str),
        context: &Context,
        answer: Option<&StoredAnswer>,
        command: &impl Serialize,
    ) -> Result<Written<i64>, PortError> {
        let written = self.command::<Revision>(names, context, answer, command);
        Ok(match written.await? {
            Written::Done(saved) => Written::Done(saved.revision),
            Written::Replayed(answer) => Written::Replayed(answer),
        })
    }

    /// Carries out a command whose answer says nothing.
    pub(super) async fn remove(
        &self,
        names: (&'static str, &'static str),
        context: &Context,
        answer: Option<&StoredAnswer>,
        command: &impl Serialize,
    ) -> Result<Written<()>, PortError> {
        let written = self.command::<IgnoredAny>(names, context, answer, command);
        Ok(match written.await? {
            Written::Done(_) => Written::Done(()),
            Written::Replayed(answer) => Written::Replayed(answer),
        })
    }

    /// Asks something on behalf of an actor whose token is not at hand. What is not there or not
    /// visible answers `None`.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        (operation, function): (&'static str, &'static str),
        actor: &Actor,
        question: &impl Serialize,
    ) -> Result<Option<T>, PortError> {
        let arguments = Arguments {
            actor: &actor.claims,
            request: Request {
                request_id: operation,
                traceparent: None,
                idempotency: None,
            },
            command: question,
        };
        let call = Call {
            function,
            arguments: &arguments,
            repeatable: true,
        };
        let answer = self.call::<Option<Value>>(operation, call).await;
        match answer {
            Ok(Some(row)) => parse(operation, row).map(Some),
            Ok(None) => Ok(None),
            Err(error) if error.kind == PortErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{body, context, kept, session};

    fn save(
        reply: &str,
        answer_to_keep: Option<&StoredAnswer>,
    ) -> (Result<Written<i64>, PortError>, Value) {
        let (script, clock) = (Script::of([answer(200, reply)]), StillClock::default());
        let names = ("things.save", "save_thing");
        let saved = block_on(session(&script, &clock).save(
            names,
            &context(),
            answer_to_keep,
            &json!({"a": 1}),
        ));
        (saved, body(&script.sent()[0]))
    }

    #[test]
    fn a_command_carries_actor_request_and_the_answer_to_keep() {
        let (saved, sent) = save(r#"{"revision":4}"#, kept().as_ref());
        assert_eq!(saved, Ok(Written::Done(4)));
        assert_eq!(sent["actor"], context().actor.claims);
        assert_eq!(sent["command"], json!({"a": 1}));
        assert_eq!(
            sent["request"],
            json!({
                "requestId": "request-1", "traceparent": "00-a-b-01",
                "idempotency": {"key": "k", "path": "/p", "bodyHash": "h", "answer": {"status": 201}},
            })
        );
        let (_, without) = save(r#"{"revision":4}"#, None);
        assert_eq!(without["request"].get("idempotency"), None);
    }

    #[test]
    fn a_repeated_command_answers_what_was_kept() {
        let (saved, _) = save(r#"{"replayed":{"status":201}}"#, kept().as_ref());
        assert_eq!(
            saved,
            Ok(Written::Replayed(StoredAnswer(json!({"status": 201}))))
        );
    }

    #[test]
    fn an_answer_without_revision_is_corrupt() {
        for reply in ["{}", "null", "[]", "not json"] {
            let (saved, _) = save(reply, None);
            assert_eq!(saved.unwrap_err().kind, PortErrorKind::Corrupt, "{reply}");
        }
    }

    #[test]
    fn a_removal_and_a_question_read_what_they_need() {
        let script = Script::of([
            answer(200, r#"{"revision":2}"#),
            answer(200, r#"{"replayed":{"status":204}}"#),
            answer(200, "7"),
            answer(200, "null"),
            answer(400, r#"{"code":"FM004"}"#),
            answer(400, r#"{"code":"22P02"}"#),
        ]);
        let clock = StillClock::default();
        let session = session(&script, &clock);
        let names = ("things.remove", "save_thing");
        let remove = || block_on(session.remove(names, &context(), None, &json!({})));
        assert_eq!(remove(), Ok(Written::Done(())));
        assert!(matches!(remove(), Ok(Written::Replayed(_))));
        let ask =
            || block_on(session.ask::<i64>(("things.ask", "ask"), &context().actor, &json!({})));
        assert_eq!(ask(), Ok(Some(7)));
        assert_eq!(ask(), Ok(None));
        assert_eq!(ask(), Ok(None));
        assert_eq!(ask().unwrap_err().kind, PortErrorKind::Invalid);
    }
}
