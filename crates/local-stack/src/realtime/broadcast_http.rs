//! Sending messages without a websocket.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Shared;
use super::authorization::{Asker, Extension, may_write};
use super::broadcast::{Body, Broadcast, LARGEST_PAYLOAD};
use super::channel::truth;
use super::credential::Credential;
use super::topics::Topic;

/// One message of a batch.
struct Outgoing {
    topic: Topic,
    broadcast: Broadcast,
}

/// Why nothing was sent.
pub(super) enum Refused {
    /// No valid token or key.
    Unauthorized,
    /// Policies forbid it.
    Forbidden,
    /// The faults by field.
    Invalid(Value),
    /// Neither JSON nor bytes.
    MediaType,
    /// The policies could not be asked.
    DatabaseDown,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "You do not have permissions to write to this Channel topic",
            ),
            Self::Invalid(errors) => {
                let body = Json(json!({"errors": errors}));
                return (StatusCode::UNPROCESSABLE_ENTITY, body).into_response();
            }
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json or application/octet-stream",
            ),
            Self::DatabaseDown => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Realtime was unable to connect to the project database",
            ),
        };
        (status, Json(json!({"message": message}))).into_response()
    }
}

/// `POST /api/broadcast`: several messages at once.
/// Those the caller may not send are dropped, and the answer stays 202.
pub(super) async fn batch(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let caller = caller(&shared, &headers)?;
    let messages = parse(&body).map_err(Refused::Invalid)?;
    let private = messages.iter().filter(|message| message.topic.private);
    let asked: HashSet<&str> = private.map(|message| message.topic.name.as_str()).collect();
    let mut allowed = HashSet::new();
    for name in asked {
        if may_send(&shared, &caller, name).await? {
            allowed.insert(name.to_owned());
        }
    }
    for Outgoing { topic, broadcast } in messages {
        if !topic.private || allowed.contains(&topic.name) {
            shared.topics.publish(&topic, &broadcast, None);
        }
    }
    Ok(StatusCode::ACCEPTED)
}

/// `POST /api/broadcast/{topic}/events/{event}`: the body is the payload.
pub(super) async fn single(
    State(shared): State<Arc<Shared>>,
    Path((name, event)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let caller = caller(&shared, &headers)?;
    let private = query
        .get("private")
        .is_some_and(|private| private == "true");
    let body = payload(&headers, body)?;
    if private && !may_send(&shared, &caller, &name).await? {
        return Err(Refused::Forbidden);
    }
    let broadcast = Broadcast::from_client(event, body);
    shared
        .topics
        .publish(&Topic { name, private }, &broadcast, None);
    Ok(StatusCode::ACCEPTED)
}

fn caller(shared: &Shared, headers: &HeaderMap) -> Result<Credential, Refused> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let token = bearer
        .or_else(|| text("apikey"))
        .ok_or(Refused::Unauthorized)?;
    Credential::verify(&shared.claims, token).map_err(|_| Refused::Unauthorized)
}

async fn may_send(shared: &Shared, caller: &Credential, topic: &str) -> Result<bool, Refused> {
    let asker = Asker {
        claims: caller.claims(),
        headers: &Map::new(),
        topic,
    };
    let answer = may_write(&shared.database, asker, Extension::Broadcast).await;
    answer.map_err(|error| {
        eprintln!("realtime: the policies could not be asked: {error:#}");
        Refused::DatabaseDown
    })
}

/// Reads the body of a single message by its content type.
fn payload(headers: &HeaderMap, body: Bytes) -> Result<Body, Refused> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    let fault = |fault: &str| Err(Refused::Invalid(json!({"payload": [fault]})));
    match kind.trim() {
        _ if body.len() > LARGEST_PAYLOAD => fault("Payload size exceeds tenant limit"),
        "application/octet-stream" => Ok(Body::Binary(body)),
        "application/json" if serde_json::from_slice::<Value>(&body).is_ok() => {
            Ok(Body::JsonBytes(body))
        }
        "application/json" => fault("is invalid"),
        _ => Err(Refused::MediaType),
    }
}

/// Reads a batch; otherwise the faults of each message by field.
fn parse(body: &[u8]) -> Result<Vec<Outgoing>, Value> {
    let missing = || json!({"messages": ["can't be blank"]});
    let body: Value = serde_json::from_slice(body).map_err(|_| missing())?;
    let messages = body["messages"].as_array().ok_or_else(missing)?;
    let read: Vec<_> = messages.iter().map(parse_one).collect();
    if read.iter().any(Result::is_err) {
        let faults: Vec<Value> = read
            .into_iter()
            .map(|one| one.err().unwrap_or_else(|| json!({})))
            .collect();
        return Err(json!({"messages": faults}));
    }
    Ok(read.into_iter().flatten().collect())
}

fn parse_one(message: &Value) -> Result<Outgoing, Value> {
    let text = |field: &str| message[field].as_str().filter(|text| !text.is_empty());
    let payload = &message["payload"];
    match (text("topic"), text("event"), payload) {
        (Some(name), Some(event), Value::Object(_))
            if payload.to_string().len() <= LARGEST_PAYLOAD =>
        {
            Ok(Outgoing {
                topic: Topic {
                    name: name.to_owned(),
                    private: truth(&message["private"]),
                },
                broadcast: Broadcast::from_client(event.to_owned(), Body::Json(payload.clone())),
            })
        }
        (name, event, payload) => {
            let fault = |wrong: bool, fault: &str| wrong.then(|| json!([fault]));
            let object = payload.is_object();
            let faults = [
                ("topic", fault(name.is_none(), "can't be blank")),
                ("event", fault(event.is_none(), "can't be blank")),
                ("payload", fault(!object, "is invalid")),
                (
                    "payload",
                    fault(
                        name.and(event).is_some() && object,
                        "Payload size exceeds tenant limit",
                    ),
                ),
            ];
            let faults = faults
                .into_iter()
                .filter_map(|(field, fault)| Some((field.to_owned(), fault?)));
            Err(Value::Object(faults.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_the_faults_of_each_message() {
        let body = json!({"messages": [
            {"topic": "a", "event": "e", "payload": {}},
            {"topic": "", "payload": []},
        ]});
        let faults = parse(body.to_string().as_bytes()).err().unwrap();
        assert_eq!(
            faults,
            json!({"messages": [{}, {
                "topic": ["can't be blank"], "event": ["can't be blank"], "payload": ["is invalid"],
            }]})
        );
        assert!(parse(b"{}").is_err());
        assert!(parse(b"no json").is_err());
    }

    #[test]
    fn a_message_is_public_unless_it_says_otherwise() {
        let body = json!({"messages": [
            {"topic": "a", "event": "e", "payload": {"x": 1}},
            {"topic": "a", "event": "e", "payload": {}, "private": true},
        ]});
        let messages = parse(body.to_string().as_bytes()).unwrap();
        let private: Vec<bool> = messages
            .iter()
            .map(|message| message.topic.private)
            .collect();
        assert_eq!(private, [false, true]);
    }
}
