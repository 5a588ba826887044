//! HTTP as this room needs it: values for a request and its answer, and the one door out.
//!
//! - `guard` refuses addresses that a server must not call on behalf of a user
//! - `client` calls addresses that users wrote: guarded, redirects by hand, bodies bounded
//! - `retry` decides whether and when a call is repeated
//! - `headers` checks names and values before they reach a header
//!
//! Nothing here knows the runtime: whoever wires the module implements [`Transport`] and
//! [`guard::Resolver`] over the host's fetch and name resolution.

pub mod client;
pub mod guard;
pub mod headers;
pub mod retry;

use std::rc::Rc;

use thiserror::Error;

pub use client::{CallError, HttpClient};
pub use guard::{AllowedHosts, Resolver};

/// The longest body, in bytes, that is read from an address a user wrote (1 MiB).
pub const MAX_OUTSIDE_BODY: usize = 1024 * 1024;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the headers only.
    Head,
    /// Creates, or calls a procedure.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Reads the upper-case name of a method; `None` for every other one.
    pub fn parse(name: &str) -> Option<Method> {
        Some(match name {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return None,
        })
    }

    /// The upper-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// One request, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute address, percent-encoded.
    pub url: String,
    /// Names in lower case with their values, checked by [`headers`].
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<String>,
    /// How long the whole exchange may take, in milliseconds; the transport gives up afterwards.
    pub timeout_ms: u32,
    /// The longest body of the answer, in bytes; the transport stops reading a longer one. Without
    /// it the whole body is read, whatever its length: only for services of the platform itself.
    pub max_body_bytes: Option<usize>,
}

/// The answer to a request. Redirects are answers too: a transport never follows them.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names in lower case with their values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl HttpResponse {
    /// The value of the first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// The time given with the request has passed.
    Timeout,
    /// The connection could not be made or broke.
    Network,
    /// The answer's body is longer than the request allows.
    TooLarge,
}

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{message}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// The runtime's words, for the log only: they may name addresses.
    pub message: String,
}

/// The one door out of the module.
pub trait Transport {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// No answer in time, no connection, or a body beyond the request's limit.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

impl<T: Transport> Transport for Rc<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        T::send(self, request).await
    }
}

#[cfg(test)]
pub(crate) mod script;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_keep_their_names() {
        for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(Method::parse(name).map(Method::as_str), Some(name));
        }
        assert_eq!(Method::parse("get"), None);
        assert_eq!(Method::parse("TRACE"), None);
    }

    #[test]
    fn a_header_is_found_by_its_lower_case_name() {
        let response = HttpResponse {
            status: 200,
            headers: vec![("etag".into(), "\"1\"".into())],
            body: String::new(),
        };
        assert_eq!(response.header("etag"), Some("\"1\""));
        assert_eq!(response.header("location"), None);
    }
}
