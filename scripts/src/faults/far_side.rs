//! The service that runs call. It does a thing once for every idempotency key, and keeps count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running service; ends when dropped.
pub(super) struct FarSide {
    /// Where it is.
    pub(super) url: String,
    ledger: Shared,
    server: JoinHandle<()>,
}

/// What it counted.
#[derive(Default)]
pub(super) struct Ledger {
    /// Calls by key.
    pub(super) calls: BTreeMap<String, u32>,
    /// How often each thing was done, by what was asked for: an order and a step of it.
    pub(super) effects: BTreeMap<(String, String), u32>,
}

type Shared = Arc<Mutex<Ledger>>;

fn open(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FarSide {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let ledger = Shared::default();
        let service = Router::new()
            .route("/{behaviour}", axum::routing::post(answer))
            .with_state(Arc::clone(&ledger));
        let server = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Self {
            url,
            ledger,
            server,
        })
    }

    /// All calls.
    pub(super) fn calls(&self) -> u64 {
        open(&self.ledger)
            .calls
            .values()
            .copied()
            .map(u64::from)
            .sum()
    }

    /// Different things that were done.
    pub(super) fn effects(&self) -> usize {
        open(&self.ledger).effects.len()
    }

    /// Looks at what was counted.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&open(&self.ledger))
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// `POST /{behaviour}` with `{order, step}`.
async fn answer(
    State(ledger): State<Shared>,
    Path(behaviour): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = headers.get("idempotency-key");
    let key = key.and_then(|key| key.to_str().ok()).unwrap_or("");
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| asked[name].as_str().unwrap_or("").to_owned();
    let (calls, refuses) = {
        let mut ledger = open(&ledger);
        let calls = ledger.calls.entry(key.to_owned()).or_default();
        *calls += 1;
        let calls = *calls;
        let refuses = behaviour == "flaky" && calls == 1;
        let first = calls == if behaviour == "flaky" { 2 } else { 1 };
        if first {
            // A second key for the same thing would do it twice.
            *ledger
                .effects
                .entry((text("order"), text("step")))
                .or_default() += 1;
        }
        (calls, refuses)
    };
    if refuses {
        return (StatusCode::SERVICE_UNAVAILABLE, "not now").into_response();
    }
    match behaviour.as_str() {
        "slow" => tokio::time::sleep(Duration::from_millis(400)).await,
        "hang" if calls == 1 => tokio::time::sleep(Duration::from_secs(600)).await,
        _ => {}
    }
    let json = match behaviour.as_str() {
        "nul" => json!({"text": "a\u{0}b"}).to_string(),
        "huge" => format!("{{\"text\": \"{}\"}}", "x".repeat(10 * 1024 * 1024)),
        "deep" => format!("{}{}", "[".repeat(1_000), "]".repeat(1_000)),
        _ => json!({text("step"): {"done": true}}).to_string(),
    };
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
