//! Subscriptions to the log of events: one way through for all that is asked about them.

use domain::event_feed::{FetchEvents, SaveEventSubscription, SettleEvents, subscription_name};
use domain::ids::EntityId;
use domain::json;
use serde_json::{Value, json};
use use_cases::event_feed;
use use_cases::ports::{Bookmark, FeedCall, Page, PageRequest};

use crate::body;
use crate::call::{Answer, Call, Wiring, id};
use crate::operation::Operation;
use crate::problem::{Problem, Success};
use crate::query::PAGE;
use crate::request::Request;
use crate::response::Response;

/// Answers what is asked about subscriptions.
pub(crate) async fn serve<W: Wiring>(
    call: &Call<'_, W>,
    operation: Operation,
    name: &str,
    event: &str,
) -> Answer {
    let query = call.query(match operation {
        Operation::ListSubscriptions | Operation::ReadSubscription => &[&["fields"]],
        Operation::ListDeadLetters => &[&PAGE],
        _ => &[],
    })?;
    let page = match operation {
        Operation::ListDeadLetters => call.page(&query, 20)?,
        _ => PageRequest::default(),
    };
    let (what, command) = command(call.request, operation, name, event, &page)?;
    let answer = event_feed(call.ports(), &call.context, what, &command).await?;
    Ok(match operation {
        Operation::ListSubscriptions => call.list(&query, &whole(answer)),
        Operation::ListDeadLetters => call.list(&query, &letters(answer, &page)),
        Operation::ReadSubscription => call.one(&query, &answer),
        Operation::SaveSubscription | Operation::FetchEvents | Operation::SettleEvents => {
            Response::json(Success::Ok, &answer)
        }
        _ => Response::empty(Success::NoContent),
    })
}

/// What the database is asked. Bodies go there as they came, once they are known to be right.
fn command(
    request: &Request,
    operation: Operation,
    name: &str,
    event: &str,
    page: &PageRequest,
) -> Result<(FeedCall, Value), Problem> {
    let body = || body::read(request, body::USUAL_BYTES);
    let (what, mut command) = match operation {
        Operation::ListSubscriptions => return Ok((FeedCall::Read, json!({}))),
        Operation::SaveSubscription => {
            subscription_name(name)?;
            body::decode::<SaveEventSubscription>(request, body::USUAL_BYTES)?.check()?;
            (FeedCall::Save, body()?)
        }
        Operation::RemoveSubscription => (FeedCall::Save, json!({"remove": true})),
        Operation::FetchEvents => {
            body::decode::<FetchEvents>(request, body::USUAL_BYTES)?.check()?;
            (FeedCall::Fetch, body()?)
        }
        Operation::SettleEvents => {
            body::decode::<SettleEvents>(request, body::USUAL_BYTES)?.check()?;
            (FeedCall::Settle, body()?)
        }
        Operation::ListDeadLetters => {
            let after = page.after.as_ref().map(|Bookmark(after)| after);
            let asked =
                json!({"limit": page.limit + 1, "afterPosition": after, "count": page.count});
            (FeedCall::ReadDeadLetters, asked)
        }
        Operation::DropDeadLetter | Operation::ReplayDeadLetter => {
            let event_id = id("eventId", event, EntityId::parse)?;
            let replay = operation == Operation::ReplayDeadLetter;
            let asked = json!({"eventId": json::to_value(&event_id), "replay": replay});
            (FeedCall::SettleDeadLetter, asked)
        }
        _ => (FeedCall::Read, json!({})),
    };
    command["name"] = name.into();
    Ok((what, command))
}

/// A whole list as one page.
fn whole(list: Value) -> Page<Value> {
    let items = match list {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    Page {
        items,
        next: None,
        total: None,
    }
}

/// Parked events as a page: `{letters, total}`, with one more than wanted if there are more.
fn letters(mut answer: Value, page: &PageRequest) -> Page<Value> {
    let limit = page.limit as usize;
    let mut found = whole(answer["letters"].take());
    let more = found.items.len() > limit;
    found.items.truncate(limit);
    let last = found.items.last().filter(|_| more);
    let place = last.and_then(|letter| letter["event"]["sequence"].as_str()?.parse::<i64>().ok());
    found.next = place.map(|place| Bookmark(place.into()));
    found.total = answer["total"].as_u64();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use use_cases::ports::{PortError, PortErrorKind, Ports as _};

    use super::*;
    use crate::testing::{NOTHING, SECRET, Stage};

    const AT: &str = "/event-subscriptions/mail";

    fn state() -> Value {
        json!({"name": "mail", "position": 4, "lag": 0, "setAside": 0, "deadLetters": 1,
            "maxAttempts": 8, "createdAt": "2025-01-01T00:00:00.000Z",
            "updatedAt": "2025-01-01T00:00:00.000Z"})
    }

    fn stored(position: i64) -> Value {
        json!({"eventId": NOTHING, "eventType": "FunctionModelCreated",
            "aggregateType": "function-model", "aggregateId": NOTHING, "aggregateVersion": 1,
            "position": position, "eventVersion": 1, "occurredAt": "2025-01-01T00:00:00.000Z",
            "attempt": 1, "data": {"name": "A"}})
    }

    #[test]
    fn a_subscription_is_made_read_and_consumed() {
        let stage = Stage::new();
        let reply = |value: Value| stage.world.event_feed().reply_next(Ok(value));
        let send = |method, path: &str, body: Value| {
            let asked = stage.ask(method, path).by("").header("apikey", SECRET);
            match body {
                Value::Null => asked.send(),
                body => asked.json(body).send(),
            }
        };
        reply(state());
        let saved = send("PUT", AT, json!({"eventTypes": ["FunctionModelCreated"]}));
        assert_eq!(saved.ok(200)["position"], 4);
        reply(json!([state()]));
        let listed = send("GET", "/event-subscriptions", Value::Null).ok(200);
        assert_eq!(listed["items"][0]["name"], "mail");
        reply(state());
        assert_eq!(send("GET", AT, Value::Null).ok(200)["lag"], 0);
        reply(
            json!({"batch": 1, "leasedUntil": "2025-01-01T00:01:00.000Z", "events": [stored(5)]}),
        );
        let batch = send("POST", &format!("{AT}/fetch"), json!({"limit": 10})).ok(200);
        assert_eq!(batch["events"][0]["sequence"], "00000000000000000005");
        reply(state());
        let failure = json!({"eventId": NOTHING, "error": "no"});
        let settle = json!({"batch": 1, "failures": [failure]});
        send("POST", &format!("{AT}/settle"), settle.clone()).ok(200);
        let calls = stage.world.event_feed().calls();
        let mut told = settle;
        told["name"] = json!("mail");
        assert_eq!(calls.last(), Some(&(FeedCall::Settle, told)));
        reply(json!({}));
        send("DELETE", AT, Value::Null).ok(204);
    }

    #[test]
    fn parked_events_come_in_pages() {
        let stage = Stage::new();
        let letter = |position| {
            json!({"attempts": 8, "error": "no", "parkedAt": "2025-01-01T00:00:00.000Z",
                "event": stored(position)})
        };
        let feed = stage.world.event_feed();
        feed.reply_next(Ok(json!({"letters": [letter(5), letter(9)], "total": 2})));
        let get = |query: &str| {
            let path = format!("{AT}/dead-letters{query}");
            stage
                .ask("GET", &path)
                .by("")
                .header("apikey", SECRET)
                .send()
        };
        let page = get("?limit=1&count=exact").ok(200);
        assert_eq!(page["items"][0]["event"]["attempt"], 1);
        assert_eq!(
            (&page["items"][1], &page["total"]),
            (&Value::Null, &json!(2))
        );
        let cursor = page["nextCursor"].as_str().unwrap();
        feed.reply_next(Ok(json!({"letters": [letter(9)]})));
        let rest = get(&format!("?limit=1&cursor={cursor}")).ok(200);
        assert_eq!(rest.get("nextCursor"), None);
        let told = json!({"name": "mail", "limit": 2, "afterPosition": 5, "count": false});
        assert_eq!(feed.calls().pop().unwrap().1, told);
        for (method, path) in [("DELETE", ""), ("POST", "/replay")] {
            let path = format!("{AT}/dead-letters/{NOTHING}{path}");
            feed.reply_next(Ok(json!({})));
            stage
                .ask(method, &path)
                .by("")
                .header("apikey", SECRET)
                .send()
                .ok(204);
            let call = feed.calls().pop().unwrap();
            assert_eq!(call.1["replay"], method == "POST");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        let stage = Stage::new();
        let put = |path: &str, body: Value| {
            stage
                .ask("PUT", path)
                .by("")
                .header("apikey", SECRET)
                .json(body)
                .send()
        };
        put("/event-subscriptions/Mail", json!({})).refused(422, "SUBSCRIPTION_INVALID");
        put(AT, json!({"maxAttempts": 0})).refused(422, "SUBSCRIPTION_INVALID");
        put(AT, json!({"tries": 1})).refused(400, "INVALID_REQUEST");
        stage.get(AT).refused(403, "FORBIDDEN");
        let ask = |word: &str, body: Value| {
            let path = format!("{AT}/{word}");
            stage
                .ask("POST", &path)
                .by("")
                .header("apikey", SECRET)
                .json(body)
                .send()
        };
        ask("fetch", json!({"limit": 1001})).refused(422, "SUBSCRIPTION_INVALID");
        ask("fetch", json!({})).refused(404, "SUBSCRIPTION_NOT_FOUND");
        let fail = |kind| {
            let error = PortError::new(kind, "test", "");
            stage.world.event_feed().reply_next(Err(error));
        };
        fail(PortErrorKind::BatchRunning);
        ask("fetch", json!({})).refused(409, "BATCH_IN_PROGRESS");
        fail(PortErrorKind::Finished);
        ask("settle", json!({"batch": 1})).refused(409, "BATCH_NOT_OPEN");
        let path = format!("{AT}/dead-letters/{NOTHING}");
        let gone = stage
            .ask("DELETE", &path)
            .by("")
            .header("apikey", SECRET)
            .send();
        gone.refused(404, "DEAD_LETTER_NOT_FOUND");
    }
}
