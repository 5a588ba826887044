//! A closed-loop load: a fixed number of clients, each sending its next request when the last was answered.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client that keeps its connections.
pub(crate) type Http = Client<HttpConnector, Full<Bytes>>;

/// A client with a connection pool of its own.
pub(crate) fn client() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(256)
        .build(connector)
}

/// One request, as plain values.
#[derive(Clone)]
pub(crate) struct Call {
    /// Its method.
    pub(crate) method: Method,
    /// Its address.
    pub(crate) url: String,
    /// Its headers besides the content type.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body, JSON text.
    pub(crate) body: Option<String>,
}

impl Call {
    /// A request with this caller's token and the stack's key.
    pub(crate) fn new(
        method: Method,
        url: impl Into<String>,
        headers: &[(String, String)],
    ) -> Self {
        Self {
            method,
            url: url.into(),
            headers: headers.to_vec(),
            body: None,
        }
    }

    /// The same with a JSON body.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string());
        self
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Sends one request and reads the whole answer.
///
/// # Errors
/// When there is no answer.
pub(crate) async fn send(http: &Http, call: Call) -> anyhow::Result<(StatusCode, Bytes)> {
    let mut request = Request::builder().method(call.method).uri(&call.url);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    if call.body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = Full::new(Bytes::from(call.body.unwrap_or_default()));
    let response = http.request(request.body(body)?).await.context(call.url)?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Sends one request that has to succeed and answers its JSON, null for an empty answer.
///
/// # Errors
/// When the answer is no success or no JSON.
pub(crate) async fn json(http: &Http, call: Call) -> anyhow::Result<serde_json::Value> {
    let what = format!("{} {}", call.method, call.url);
    let (status, body) = send(http, call).await?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status.is_success(), "{what}: {status} {text}");
    if body.is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_slice(&body).with_context(|| format!("{what}: {text}"))
}

/// What a load measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// Median time to an answer.
    pub(crate) p50: Duration,
    /// 95th percentile of it.
    pub(crate) p95: Duration,
    /// Answers in all.
    pub(crate) answers: usize,
}

/// Lets `clients` work for `length`; `work(client, turn)` is one unit of it.
///
/// # Errors
/// The first error of any client.
pub(crate) async fn drive<W, F>(
    clients: usize,
    length: Duration,
    work: W,
) -> anyhow::Result<Measured>
where
    W: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let work = work.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < length {
                let begun = Instant::now();
                work(client, times.len()).await?;
                times.push(begun.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let elapsed = start.elapsed();
    Ok(measured(times, elapsed))
}

/// Sums up single times taken within `elapsed`.
pub(crate) fn measured(mut times: Vec<Duration>, elapsed: Duration) -> Measured {
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    Measured {
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        p50: at(0.50),
        p95: at(0.95),
        answers: times.len(),
    }
}

/// The middle of some figures; 0 of none.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// The median of the rounds' own ratios: what slowed a whole round down slowed both sides of it.
pub(crate) fn ratio(
    figures: impl IntoIterator<Item = f64>,
    others: impl IntoIterator<Item = f64>,
) -> f64 {
    median(
        figures
            .into_iter()
            .zip(others)
            .map(|(one, other)| one / other),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_the_sorted_times() {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let measured = measured(times, Duration::from_secs(2));
        assert_eq!(measured.p50, Duration::from_millis(51));
        assert_eq!(measured.p95, Duration::from_millis(96));
        assert!((measured.per_second - 50.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }

    #[test]
    fn a_slow_round_does_not_change_the_ratio() {
        assert!((ratio([2.0, 20.0, 4.0], [1.0, 10.0, 2.0]) - 2.0).abs() < 1e-9);
    }
}
