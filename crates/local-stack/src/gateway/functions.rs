//! `/functions/v1/<name>/…`: the way to an edge function.
//!
//! The function sees `/<name>/…`. `Authorization` stays as the caller wrote it;
//! the token of the API key goes into `sb-api-key`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::proxy::{self, Failure};
use super::{Gateway, access, json_answer};
use crate::functions::admission::{self, Refusal};

const PREFIX: &str = "/functions/v1";
const API_KEY_TOKEN: &str = "sb-api-key";
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

pub(super) async fn call(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    if !METHODS.contains(request.method()) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request
        .uri()
        .path()
        .strip_prefix(PREFIX)
        .unwrap_or_default();
    let name = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    match gateway.functions.find(&name).await {
        Ok(Some(function)) => serve(&gateway, &name, &function, request).await,
        Ok(None) => refuse(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "Requested function was not found",
        ),
        Err(error) => boot_error(&gateway, &name, &format!("{error:#}")),
    }
}

async fn serve(
    gateway: &Gateway,
    name: &str,
    function: &crate::functions::registry::Function,
    mut request: Request,
) -> Response {
    let token = match access::translated(&gateway.keys, request.headers()) {
        Ok(token) => token.and_then(|token| HeaderValue::from_str(token).ok()),
        Err(unknown) => return unknown.into_response(),
    };
    let headers = request.headers_mut();
    headers.remove(API_KEY_TOKEN);
    if let Some(token) = token {
        headers.insert(API_KEY_TOKEN, token);
    }
    if function.verify_jwt
        && let Err(refusal) = admission::admit(&gateway.keys, request.method(), request.headers())
    {
        return unauthorized(refusal);
    }
    if let Err(error) = function.ready().await {
        return boot_error(gateway, name, &format!("{error:#}"));
    }
    let answer = gateway
        .proxy
        .forward(request, function.port, PREFIX, proxy::PATIENCE)
        .await;
    answer.unwrap_or_else(|failure| {
        gateway.log.line(&format!("function {name}: {failure}"));
        match failure {
            Failure::TooLarge => failure.as_gateway(),
            Failure::TimedOut => refuse(
                StatusCode::GATEWAY_TIMEOUT,
                "IDLE_TIMEOUT",
                "The function did not answer in time",
            ),
            Failure::Down(_) => boot_error(gateway, name, "it accepts no connections"),
            Failure::Broken(_) => refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "WORKER_ERROR",
                "Function exited due to an error",
            ),
        }
    })
}

fn boot_error(gateway: &Gateway, name: &str, detail: &str) -> Response {
    // The rest of the detail is the end of the function's own log.
    let reason = detail.lines().next().unwrap_or_default();
    gateway
        .log
        .line(&format!("function {name} is not up: {reason}"));
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "BOOT_ERROR",
        "Function failed to start (please check logs)",
    )
}

fn unauthorized(refusal: Refusal) -> Response {
    let message = refusal.message();
    let body = json!({ "code": refusal.code(), "message": message, "msg": message });
    let mut response = json_answer(StatusCode::UNAUTHORIZED, body);
    response
        .headers_mut()
        .insert("sb-error-code", HeaderValue::from_static(refusal.code()));
    response
}

fn refuse(status: StatusCode, code: &'static str, message: &str) -> Response {
    let mut response = json_answer(status, json!({ "code": code, "message": message }));
    response
        .headers_mut()
        .insert("sb-error-code", HeaderValue::from_static(code));
    response
}
