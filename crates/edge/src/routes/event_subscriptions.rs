//! Subscriptions to the log of events.

use domain::event_feed::{FetchEvents, SaveEventSubscription, SettleEvents, subscription_name};
use domain::ids::EntityId;
use domain::json;
use serde_json::Value;
use use_cases::event_feed;
use use_cases::ports::{Bookmark, FeedCall, Page};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::PAGE;
use crate::response::Response;

/// Carries out a call about the subscription of a name.
async fn ask<W: Wiring>(
    call: &Call<'_, W>,
    what: FeedCall,
    name: &str,
    mut command: Value,
) -> Result<Value, crate::problem::Halt> {
    command["name"] = name.into();
    Ok(event_feed(call.ports(), &call.context, what, &command).await?)
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let nothing = serde_json::json!({});
    let found = event_feed(call.ports(), &call.context, FeedCall::Read, &nothing).await?;
    Ok(call.list(&query, &whole(found)))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let found = ask(call, FeedCall::Read, name, serde_json::json!({})).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn save<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let command: SaveEventSubscription = call.body()?;
    subscription_name(name)?;
    command.check()?;
    let saved = ask(call, FeedCall::Save, name, json::to_value(&command)).await?;
    Ok(Response::json(Success::Ok, &saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let removal = serde_json::json!({"remove": true});
    ask(call, FeedCall::Save, name, removal).await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn fetch<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let command: FetchEvents = call.body()?;
    command.check()?;
    let batch = ask(call, FeedCall::Fetch, name, json::to_value(&command)).await?;
    Ok(Response::json(Success::Ok, &batch))
}

pub(crate) async fn settle<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let command: SettleEvents = call.body()?;
    command.check()?;
    let settled = ask(call, FeedCall::Settle, name, json::to_value(&command)).await?;
    Ok(Response::json(Success::Ok, &settled))
}

pub(crate) async fn dead_letters<W: Wiring>(call: &Call<'_, W>, name: &str) -> Answer {
    let query = call.query(&[&PAGE])?;
    let page = call.page(&query, 20)?;
    let limit = page.limit as usize;
    let mut command = serde_json::json!({"limit": limit + 1});
    if let Some(Bookmark(after)) = page.after {
        command["afterPosition"] = after;
    }
    let total = match page.count {
        true => {
            ask(call, FeedCall::Read, name, serde_json::json!({})).await?["deadLetters"].as_u64()
        }
        false => None,
    };
    let mut found = whole(ask(call, FeedCall::ReadDeadLetters, name, command).await?);
    let more = found.items.len() > limit;
    found.items.truncate(limit);
    let last = found.items.last().filter(|_| more);
    let place = last.and_then(|letter| letter["event"]["sequence"].as_str()?.parse::<i64>().ok());
    found.next = place.map(|place| Bookmark(place.into()));
    found.total = total;
    Ok(call.list(&query, &found))
}

pub(crate) async fn settle_letter<W: Wiring>(
    call: &Call<'_, W>,
    name: &str,
    event: &str,
    replay: bool,
) -> Answer {
    let event_id = id("eventId", event, EntityId::parse)?;
    let command = serde_json::json!({"eventId": event_id, "replay": replay});
    ask(call, FeedCall::SettleDeadLetter, name, command).await?;
    Ok(Response::empty(Success::NoContent))
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
            let asked = stage.ask(method, path).apikey(SECRET);
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
        feed.reply_next(Ok(state()));
        feed.reply_next(Ok(json!([letter(5), letter(9)])));
        let get = |query: &str| {
            let path = format!("{AT}/dead-letters{query}");
            stage.ask("GET", &path).apikey(SECRET).send()
        };
        let page = get("?limit=1&count=exact").ok(200);
        assert_eq!(page["items"][0]["event"]["attempt"], 1);
        assert_eq!(
            (&page["items"][1], &page["total"]),
            (&Value::Null, &json!(1))
        );
        let cursor = page["nextCursor"].as_str().unwrap();
        feed.reply_next(Ok(json!([letter(9)])));
        get(&format!("?limit=1&count=exact&cursor={cursor}"))
            .refused(404, "SUBSCRIPTION_NOT_FOUND");
        for (method, path) in [("DELETE", ""), ("POST", "/replay")] {
            let path = format!("{AT}/dead-letters/{NOTHING}{path}");
            feed.reply_next(Ok(json!({})));
            stage.ask(method, &path).apikey(SECRET).send().ok(204);
            let call = feed.calls().pop().unwrap();
            assert_eq!(call.1["replay"], method == "POST");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        let stage = Stage::new();
        let put = |path: &str, body: Value| stage.ask("PUT", path).apikey(SECRET).json(body).send();
        put("/event-subscriptions/Mail", json!({})).refused(422, "SUBSCRIPTION_INVALID");
        put(AT, json!({"maxAttempts": 0})).refused(422, "SUBSCRIPTION_INVALID");
        put(AT, json!({"tries": 1})).refused(400, "INVALID_REQUEST");
        stage.get(AT).refused(403, "FORBIDDEN");
        let ask = |word: &str, body: Value| {
            let path = format!("{AT}/{word}");
            stage.ask("POST", &path).apikey(SECRET).json(body).send()
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
        let gone = stage.ask("DELETE", &path).apikey(SECRET).send();
        gone.refused(404, "DEAD_LETTER_NOT_FOUND");
    }
}
