//! `/_local/…`: what only this stack has, for tests that make parts fail.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::{Gateway, access, json_answer};
use crate::keys::SECRET_KEY;
use crate::supervisor::part::Part;

/// The parts that can be made to fail, besides the functions.
pub(crate) struct Controls {
    pub(crate) postgres: Arc<Part>,
    pub(crate) postgrest: Arc<Part>,
}

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/_local/health", get(health))
        .route("/_local/kill/{part}", post(kill))
}

/// Says that a stack of this kind listens here.
async fn health() -> Response {
    json_answer(
        StatusCode::OK,
        json!({ "name": "local-stack", "pid": std::process::id() }),
    )
}

/// Ends a part with `SIGKILL` and answers 204 once it is dead. The part is
/// `postgres`, `postgrest`, `functions`, or the name of a function.
async fn kill(
    State(gateway): State<Arc<Gateway>>,
    Path(part): Path<String>,
    headers: HeaderMap,
) -> Response {
    let key = headers.get(access::API_KEY).map(|key| key.as_bytes());
    if key != Some(SECRET_KEY.as_bytes()) && key != Some(gateway.keys.service_role().as_bytes()) {
        return json_answer(
            StatusCode::UNAUTHORIZED,
            json!({ "message": "this needs the secret key" }),
        );
    }
    let killed = match part.as_str() {
        "postgres" => gateway.controls.postgres.kill().await.map(|()| 1),
        "postgrest" => gateway.controls.postgrest.kill().await.map(|()| 1),
        "functions" => gateway.functions.kill(None).await,
        name => gateway.functions.kill(Some(name)).await,
    };
    match killed {
        Ok(0) => json_answer(
            StatusCode::NOT_FOUND,
            json!({ "message": "no such part is running" }),
        ),
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => json_answer(
            StatusCode::CONFLICT,
            json!({ "message": format!("{error:#}") }),
        ),
    }
}
