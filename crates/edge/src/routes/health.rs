//! Whether the service works: a word for everybody, the parts for whoever holds the secret key.

use serde::Serialize;
use use_cases::context::{Actor, Idempotency};
use use_cases::ports::{IdempotentAnswers, Ports};

use crate::call::{Answer, Wiring};
use crate::problem::{DOWN, Success};
use crate::request::Request;
use crate::response::Response;

/// Whether the service works.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Health {
    /// All of it together.
    status: HealthStatus,
    /// Its parts; only for whoever holds the secret key.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
}

/// The parts of the service.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Parts {
    /// The database.
    database: Part,
}

/// One part.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Part {
    /// Whether it works.
    status: HealthStatus,
    /// How long its answer took.
    milliseconds: f64,
}

/// Whether something works.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum HealthStatus {
    /// It works.
    Up,
    /// It does not.
    Down,
}

pub(crate) async fn read<W: Wiring>(wiring: &W, request: &Request) -> Answer {
    let started = wiring.milliseconds();
    let database = database_answers(wiring).await;
    let milliseconds = (wiring.milliseconds() - started).round();
    let status = if database {
        HealthStatus::Up
    } else {
        HealthStatus::Down
    };
    let part = Part {
        status,
        milliseconds,
    };
    let parts = is_service(wiring, request)
        .await
        .then_some(Parts { database: part });
    let mut response = Response::json(Success::Ok, &Health { status, parts });
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
