//! The endpoint that clients connect to: sign-in, the two directions, and the end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Json, Response};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until, timeout};

use super::Shared;
use super::broadcast::LARGEST_PAYLOAD;
use super::credential::Credential;
use super::outbox::{Drain, outbox};
use super::serializer::{Version, decode_binary, decode_text};
use super::socket::Socket;

/// A client that says nothing for so long is gone; it should send a heartbeat every 25 s.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one message may take to leave, and the last ones together.
const SENDING: Duration = Duration::from_secs(10);
/// The largest message a client may send, in bytes: a broadcast and its envelope.
const LARGEST_MESSAGE: usize = LARGEST_PAYLOAD + (1 << 16);

/// Opens a websocket for whoever shows a valid key.
pub(super) async fn connect(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let header = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let Some(key) = header.or_else(|| query.get("apikey").map(String::as_str)) else {
        return refuse(StatusCode::UNAUTHORIZED, "No API key was given");
    };
    let key = match Credential::verify(&shared.claims, key) {
        Ok(key) => key,
        Err(refusal) if refusal.code == "MalformedJWT" => {
            return refuse(StatusCode::UNAUTHORIZED, &refusal.message);
        }
        Err(refusal) => return refuse(StatusCode::FORBIDDEN, &refusal.message),
    };
    let Some(version) = Version::parse(query.get("vsn").map(String::as_str)) else {
        return refuse(StatusCode::BAD_REQUEST, "vsn must be 1.0.0 or 2.0.0");
    };
    let headers = as_json(&headers);
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(LARGEST_MESSAGE)
            .max_frame_size(LARGEST_MESSAGE)
            .on_upgrade(move |stream| async move {
                converse(&shared, stream, version, key, headers).await
            }),
        Err(rejection) => rejection.into_response(),
    }
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}

/// Headers as policies read them.
fn as_json(headers: &HeaderMap) -> Map<String, Value> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.to_string(), Value::from(value.to_str().ok()?)))
    };
    headers.iter().filter_map(text).collect()
}

async fn converse(
    shared: &Shared,
    stream: WebSocket,
    version: Version,
    key: Credential,
    headers: Map<String, Value>,
) {
    let _listening = shared.following.listen();
    let (sink, source) = stream.split();
    let (outbox, drain) = outbox();
    let mut writer = tokio::spawn(write(sink, drain));
    let mut socket = Socket {
        shared,
        version,
        key,
        headers,
        outbox: outbox.clone(),
        channels: HashMap::new(),
    };
    let mut stopping = shared.stopping.subscribe();
    let orderly = tokio::select! {
        () = read(&mut socket, source) => true,
        _ = stopping.wait_for(|stopping| *stopping) => true,
        () = outbox.overflowed() => false,
        _ = &mut writer => false,
    };
    drop((socket, outbox));
    if !(orderly && timeout(SENDING, &mut writer).await.is_ok()) {
        writer.abort();
    }
}

/// Handles the client's messages until it leaves, falls silent or breaks the protocol.
async fn read(socket: &mut Socket<'_>, mut source: futures::stream::SplitStream<WebSocket>) {
    let mut silent_at = Instant::now() + SILENCE;
    loop {
        let wake_at = socket
            .next_check()
            .map_or(silent_at, |at| at.min(silent_at));
        let received = tokio::select! {
            received = source.next() => received,
            () = sleep_until(wake_at) => {
                if Instant::now() >= silent_at {
                    return;
                }
                socket.check_tokens().await;
                continue;
            }
        };
        silent_at = Instant::now() + SILENCE;
        let message = match received {
            Some(Ok(Message::Text(text))) => decode_text(socket.version, &text),
            Some(Ok(Message::Binary(bytes))) => decode_binary(&bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
        };
        match message {
            Some(message) => socket.handle(message).await,
            None => return,
        }
    }
}

async fn write(mut sink: futures::stream::SplitSink<WebSocket, Message>, mut drain: Drain) {
    while let Some(message) = drain.next().await {
        if !matches!(timeout(SENDING, sink.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
    timeout(SENDING, sink.close()).await.ok();
}
