//! Whether the service works: a word for everybody, the parts for whoever holds the secret key.

use serde_json::{Map, Value, json};
use use_cases::context::{Actor, Idempotency};
use use_cases::ports::{IdempotentAnswers, Ports};

use crate::call::{Answer, Wiring};
use crate::problem::{DOWN, Success};
use crate::request::Request;
use crate::response::Response;

pub(crate) async fn read<W: Wiring>(wiring: &W, request: &Request) -> Answer {
    let started = wiring.milliseconds();
    let database = database_answers(wiring).await;
    let milliseconds = (wiring.milliseconds() - started).round();
    let word = if database { "up" } else { "down" };
    let mut body = Map::from_iter([("status".to_owned(), Value::from(word))]);
    if is_service(wiring, request).await {
        let parts = json!({"database": {"status": word, "milliseconds": milliseconds}});
        body.insert("parts".to_owned(), parts);
    }
    let mut response = Response::json(Success::Ok, &body);
    if !database {
        response.status = DOWN;
    }
    Ok(response)
}

/// Asks the database for something that is never there.
async fn database_answers<W: Wiring>(wiring: &W) -> bool {
    let nobody = Actor {
        service: true,
        ..Actor::user(domain::ids::UserId::from_uuid(uuid::Uuid::nil()))
    };
    let question = Idempotency {
        key: "health".to_owned(),
        path: "GET /health".to_owned(),
        body_hash: String::new(),
    };
    let ports = wiring.service_ports();
    ports
        .idempotent_answers()
        .find(&nobody, &question)
        .await
        .is_ok()
}

async fn is_service<W: Wiring>(wiring: &W, request: &Request) -> bool {
    let (apikey, authorization) = (request.header("apikey"), request.header("authorization"));
    if apikey.is_none() && authorization.is_none() {
        return false;
    }
    let identity = wiring.identify(apikey, authorization).await;
    identity.is_ok_and(|identity| identity.actor.service)
}
