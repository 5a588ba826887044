//! Between the functions and the database's API: hands requests on, and treats some of them badly.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::bench::load::{Http, client};
use crate::dice::Dice;

/// One call of a function of the database in so many is treated badly.
const RARITY: usize = 25;
/// Longest body, in bytes.
const LONGEST: usize = 32 * 1024 * 1024;

/// A running proxy; ends when dropped.
pub(super) struct Proxy {
    /// Where it is.
    pub(super) url: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

struct Inner {
    http: Http,
    target: OnceLock<String>,
    misbehaves: AtomicBool,
    faults: AtomicUsize,
    dice: Mutex<Dice>,
}

/// What can happen to a request.
enum Fate {
    Passes,
    /// It never arrives.
    IsDropped,
    /// It does its work, and nobody hears of it.
    LosesItsReply,
    /// It arrives twice, and the second answer counts.
    IsRepeated,
    /// Others overtake it.
    IsLate(Duration),
}

impl Proxy {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn start(seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let inner = Arc::new(Inner {
            http: client(),
            target: OnceLock::new(),
            misbehaves: AtomicBool::new(false),
            faults: AtomicUsize::new(0),
            dice: Mutex::new(Dice::new(seed)),
        });
        let service = Router::new()
            .fallback(hand_on)
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Self { url, inner, server })
    }

    /// Says where requests go.
    pub(super) fn forward_to(&self, url: &str) {
        self.inner.target.get_or_init(|| url.to_owned());
    }

    /// Begins or ends treating requests badly.
    pub(super) fn misbehave(&self, misbehaves: bool) {
        self.inner.misbehaves.store(misbehaves, Ordering::Relaxed);
    }

    /// How many requests were treated badly.
    pub(super) fn faults(&self) -> usize {
        self.inner.faults.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inner {
    fn fate(&self, path: &str) -> Fate {
        if !self.misbehaves.load(Ordering::Relaxed) || !path.starts_with("/rest/v1/rpc/") {
            return Fate::Passes;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        if dice.below(RARITY) > 0 {
            return Fate::Passes;
        }
        self.faults.fetch_add(1, Ordering::Relaxed);
        match dice.below(4) {
            0 => Fate::IsDropped,
            1 => Fate::LosesItsReply,
            2 => Fate::IsRepeated,
            _ => Fate::IsLate(Duration::from_millis(50 + dice.below(1_500) as u64)),
        }
    }

    async fn forward(&self, request: &axum::http::request::Parts, body: Bytes) -> Response {
        let Some(target) = self.target.get() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let mut forwarded = hyper::Request::builder()
            .method(request.method.clone())
            .uri(format!("{target}{}", request.uri));
        for (name, value) in &request.headers {
            if name != header::HOST && name != header::CONTENT_LENGTH {
                forwarded = forwarded.header(name, value);
            }
        }
        let answer = match forwarded.body(Full::new(body)) {
            Ok(forwarded) => self.http.request(forwarded).await,
            Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        };
        match answer {
            Ok(answer) => answer
                .map(|body| Body::new(body.map_err(axum::Error::new)))
                .into_response(),
            Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}

async fn hand_on(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match inner.fate(request.uri.path()) {
        Fate::Passes => {}
        Fate::IsDropped => return broken(),
        Fate::LosesItsReply => {
            drop(inner.forward(&request, body).await);
            return broken();
        }
        Fate::IsRepeated => drop(inner.forward(&request, body.clone()).await),
        Fate::IsLate(time) => tokio::time::sleep(time).await,
    }
    inner.forward(&request, body).await
}

/// An answer whose connection breaks.
fn broken() -> Response {
    let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures::stream::once(async move { Err::<Bytes, _>(lost) })).into_response()
}
