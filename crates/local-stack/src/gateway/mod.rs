//! One port in front of all parts, with the platform's routes.
//!
//! - [`access`]: which API key stands for which token.
//! - [`proxy`]: hands a request on, body and answer as streams.
//! - [`functions`]: the way to an edge function.
//! - [`control`]: `/_local/…`, what only this stack has.

pub(crate) mod access;
pub(crate) mod control;
mod functions;
pub(crate) mod proxy;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use serde_json::json;
use tokio::time::Instant;

use crate::functions::registry::Functions;
use crate::keys::Keys;
use crate::log::Log;
use crate::postgrest;
use control::Controls;
use proxy::Proxy;

/// What the routes need.
pub(crate) struct Gateway {
    pub(crate) keys: Arc<Keys>,
    pub(crate) proxy: Proxy,
    pub(crate) postgrest: postgrest::Ports,
    pub(crate) functions: Arc<Functions>,
    pub(crate) controls: Controls,
    pub(crate) log: Log,
}

/// The routes; `auth` and `realtime` are the parts that run inside this process.
pub(crate) fn router(gateway: Arc<Gateway>, auth: Router, realtime: Router) -> Router {
    let served_here = Router::new()
        .nest("/auth/v1", auth)
        .nest("/realtime/v1", realtime)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&gateway),
            translate_key,
        ));
    Router::new()
        .route("/rest/v1", any(rest))
        .route("/rest/v1/", any(rest))
        .route("/rest/v1/{*path}", any(rest))
        .route("/rest-admin/v1/{*path}", any(rest_admin))
        .route("/functions/v1/{*path}", any(functions::call))
        .merge(control::router())
        .with_state(Arc::clone(&gateway))
        .merge(served_here)
        .fallback(unknown)
        .layer(middleware::from_fn(allow_origins))
        .layer(middleware::from_fn_with_state(gateway, record))
}

async fn rest(State(gateway): State<Arc<Gateway>>, mut request: Request) -> Response {
    if let Err(refusal) = access::authorize(&gateway.keys, request.headers_mut()) {
        return refusal.into_response();
    }
    gateway
        .proxy
        .forward(request, gateway.postgrest.api, "/rest/v1", proxy::PATIENCE)
        .await
        .unwrap_or_else(|failure| {
            gateway.log.line(&format!("rest: {failure}"));
            failure.as_gateway()
        })
}

async fn rest_admin(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let answer = gateway
        .proxy
        .forward(
            request,
            gateway.postgrest.admin,
            "/rest-admin/v1",
            proxy::PATIENCE,
        )
        .await;
    answer.unwrap_or_else(|failure| failure.as_gateway())
}

async fn translate_key(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    match access::authorize(&gateway.keys, request.headers_mut()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn unknown() -> Response {
    json_answer(
        StatusCode::NOT_FOUND,
        json!({ "message": "no Route matched with those values" }),
    )
}

/// Browsers of any origin may call everything but functions, which speak for themselves.
async fn allow_origins(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/functions/v1/") {
        return next.run(request).await;
    }
    let wanted = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        StatusCode::OK.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    if is_preflight {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            wanted.unwrap_or(HeaderValue::from_static(
                "authorization,x-client-info,apikey,content-type",
            )),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("3600"),
        );
    }
    response
}

/// One line per request; keys and tokens are not written.
async fn record(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    gateway.log.line(&format!(
        "{line} {} {:.1} ms",
        response.status().as_u16(),
        start.elapsed().as_secs_f64() * 1e3
    ));
    response
}

/// A JSON answer of the gateway's own.
pub(crate) fn json_answer(status: StatusCode, body: serde_json::Value) -> Response {
    (status, axum::Json(body)).into_response()
}
