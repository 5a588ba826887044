//! Hands a request on to another program on this machine. Bodies pass as
//! streams in both directions.

use std::error::Error as _;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::{LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use super::json_answer;

/// Largest request body, in bytes.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// How long the first byte of an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// Headers that concern one connection only.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A pool of connections to the parts.
#[derive(Clone)]
pub(crate) struct Proxy(Client<HttpConnector, Body>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("no answer in time")]
    TimedOut,
    #[error("the part accepts no connections: {0}")]
    Down(String),
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl Failure {
    /// What the platform's gateway answers.
    pub(crate) fn as_gateway(&self) -> Response {
        let (status, message) = match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request size limit exceeded"),
            Self::TimedOut => (
                StatusCode::GATEWAY_TIMEOUT,
                "The upstream server is timing out",
            ),
            Self::Down(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "failure to get a peer from the ring-balancer",
            ),
            Self::Broken(_) => (
                StatusCode::BAD_GATEWAY,
                "An invalid response was received from the upstream server",
            ),
        };
        json_answer(status, json!({ "message": message }))
    }
}

impl Proxy {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(20))
                .build(connector),
        )
    }

    /// Sends `request` to `port` with `prefix` taken from its path.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub(crate) async fn forward(
        &self,
        request: Request,
        port: u16,
        prefix: &str,
        patience: Duration,
    ) -> Result<Response, Failure> {
        if declared_length(request.headers()) > BODY_LIMIT {
            return Err(Failure::TooLarge);
        }
        let (mut parts, body) = request.into_parts();
        let path = stripped(&parts.uri, prefix);
        forwarded_headers(&mut parts.headers, &parts.uri, port);
        parts.uri = Uri::builder()
            .scheme("http")
            .authority(format!("127.0.0.1:{port}"))
            .path_and_query(path)
            .build()
            .map_err(|error| Failure::Broken(error.to_string()))?;
        parts.version = axum::http::Version::HTTP_11;
        let request = Request::from_parts(parts, Body::new(Limited::new(body, BODY_LIMIT)));
        let answer = tokio::time::timeout(patience, self.0.request(request))
            .await
            .map_err(|_| Failure::TimedOut)?;
        let mut answer = answer.map_err(|error| failure(&error))?;
        remove_hop_by_hop(answer.headers_mut());
        Ok(answer.map(Body::new))
    }

    /// Sends a request that is addressed already.
    pub(crate) async fn send(
        &self,
        request: Request,
    ) -> Result<hyper::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        self.0.request(request).await
    }
}

fn failure(error: &hyper_util::client::legacy::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Failure::TooLarge;
        }
        text = format!("{text}: {error}");
        cause = error.source();
    }
    if error.is_connect() {
        Failure::Down(text)
    } else {
        Failure::Broken(text)
    }
}

fn declared_length(headers: &HeaderMap) -> usize {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    length.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// The path and query without `prefix`; always starts with `/`.
fn stripped(uri: &Uri, prefix: &str) -> PathAndQuery {
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.strip_prefix(prefix).unwrap_or(whole);
    let rest = if rest.starts_with('/') {
        rest.to_owned()
    } else {
        format!("/{rest}")
    };
    rest.parse()
        .unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

/// Replaces what concerned the first connection and says where the request came from.
fn forwarded_headers(headers: &mut HeaderMap, uri: &Uri, port: u16) {
    let host = headers
        .get(header::HOST)
        .cloned()
        .or_else(|| HeaderValue::from_str(uri.host()?).ok());
    remove_hop_by_hop(headers);
    if let Some(host) = host {
        headers.insert("x-forwarded-host", host);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    headers.insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
    if let Ok(host) = HeaderValue::from_str(&format!("127.0.0.1:{port}")) {
        headers.insert(header::HOST, host);
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_taken_and_the_query_stays() {
        let check = |uri: &'static str, expected: &str| {
            assert_eq!(
                stripped(&Uri::from_static(uri), "/rest/v1").as_str(),
                expected
            );
        };
        check("/rest/v1/things?id=eq.1", "/things?id=eq.1");
        check("/rest/v1", "/");
        check("/rest/v1?select=*", "/?select=*");
        check("http://host/rest/v1/a%2Fb", "/a%2Fb");
    }
}
