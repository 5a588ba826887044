//! Subscriptions to the log: one function call each.

use serde_json::{Value, json};
use use_cases::ports::{Clock, EventFeed, FeedCall, PortError};

use super::client::{Call, Session};
use crate::http::Transport;

/// [`EventFeed`] over PostgREST.
pub struct PostgrestEventFeed<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestEventFeed<H, C> {
    /// The feed, for the service.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> EventFeed for PostgrestEventFeed<H, C> {
    async fn call(&self, call: FeedCall, command: &Value) -> Result<Value, PortError> {
        let (operation, function, repeatable) = match call {
            FeedCall::Save => ("event_feed.save", "save_event_subscription", false),
            FeedCall::Read => ("event_feed.read", "read_event_subscriptions", true),
            FeedCall::Fetch => ("event_feed.fetch", "fetch_events", false),
            FeedCall::Settle => ("event_feed.settle", "settle_events", false),
            FeedCall::ReadDeadLetters => ("event_feed.letters", "read_dead_letters", true),
            FeedCall::SettleDeadLetter => ("event_feed.letter", "settle_dead_letter", false),
        };
        let call = Call {
            function,
            arguments: &json!({ "command": command }),
            repeatable,
        };
        self.session.call(operation, call).await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{asked, body, session};

    #[test]
    fn each_call_is_one_function() {
        for (call, function) in [
            (FeedCall::Save, "rpc/save_event_subscription"),
            (FeedCall::Read, "rpc/read_event_subscriptions"),
            (FeedCall::Fetch, "rpc/fetch_events"),
            (FeedCall::Settle, "rpc/settle_events"),
            (FeedCall::ReadDeadLetters, "rpc/read_dead_letters"),
            (FeedCall::SettleDeadLetter, "rpc/settle_dead_letter"),
        ] {
            let script = Script::of([answer(200, r#"{"batch":1}"#)]);
            let clock = StillClock::default();
            let feed = PostgrestEventFeed::new(session(&script, &clock));
            let command = json!({"name": "mail"});
            let answered = block_on(feed.call(call, &command));
            assert_eq!(answered, Ok(json!({"batch": 1})));
            assert_eq!(asked(&script.sent()[0]).0, function);
            assert_eq!(body(&script.sent()[0]), json!({"command": command}));
        }
    }

    #[test]
    fn a_settled_batch_is_told_from_one_that_is_not_there() {
        for (code, kind) in [
            ("FM004", PortErrorKind::NotFound),
            ("FM007", PortErrorKind::Finished),
            ("FM041", PortErrorKind::BatchRunning),
        ] {
            let body = json!({ "code": code }).to_string();
            let (script, clock) = (Script::of([answer(400, &body)]), StillClock::default());
            let feed = PostgrestEventFeed::new(session(&script, &clock));
            let refused = block_on(feed.call(FeedCall::Settle, &json!({})));
            assert_eq!(refused.unwrap_err().kind, kind);
        }
    }
}
