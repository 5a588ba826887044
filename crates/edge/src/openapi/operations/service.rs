//! The service itself.

use domain::event_schema::EventSchemas;
use serde_json::Map;

use super::Description;
use crate::openapi::description::{Content, schema};
use crate::problem::{DOWN, Success};
use crate::routes::health::Health;

const TAG: &str = "Service";

pub(super) fn health() -> Description {
    let mut description = Description::new(TAG, "Ask whether the service works")
        .text("Public. Whoever holds the secret key is told about the parts.")
        .ok::<Health>("It works.")
        .answer(
            Success::Ok,
            "It does not.",
            Some(Content::One(schema::<Health>())),
        );
    if let Some(answer) = description.answers.last_mut() {
        answer.status = DOWN;
    }
    description
}

pub(super) fn description() -> Description {
    Description::new(TAG, "Read this description")
        .text("Public. OpenAPI 3.1.")
        .ok::<Map<String, serde_json::Value>>("The description.")
}

pub(super) fn event_schemas() -> Description {
    Description::new(TAG, "Read the JSON Schemas of events")
        .text("Public. What the data of each type of event holds, in its newest version.")
        .ok::<EventSchemas>("The schemas.")
}
