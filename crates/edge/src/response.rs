//! An answer as plain values, and the headers every answer carries.

use domain::json;
use serde::Serialize;
use serde_json::{Map, Value, json};
use use_cases::context::StoredAnswer;

use crate::problem::{Problem, Success};

/// What browsers are told about requests from other origins; they carry a token, never a cookie.
const CORS: [(&str, &str); 2] = [
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "allow, etag, link, location, preference-applied, retry-after, server-timing, www-authenticate, x-request-id",
    ),
];

/// What a preflight request is told besides.
const PREFLIGHT: [(&str, &str); 3] = [
    (
        "access-control-allow-methods",
        "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    ),
    (
        "access-control-allow-headers",
        "apikey, authorization, content-type, idempotency-key, if-match, prefer, traceparent, tracestate, x-client-info, x-region, x-request-id",
    ),
    ("access-control-max-age", "86400"),
];

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Names in lower case with their values.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body, if any.
    pub(crate) body: Option<Vec<u8>>,
}

impl Response {
    /// An answer without body.
    pub(crate) fn empty(status: Success) -> Self {
        Self {
            status: status.number(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: Success, body: &impl Serialize) -> Self {
        Self {
            status: status.number(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: Some(json::to_text(body).into_bytes()),
        }
    }

    /// An answer whose body is JSON already.
    pub(crate) fn text(status: Success, body: String) -> Self {
        Self {
            status: status.number(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: Some(body.into_bytes()),
        }
    }

    /// What a preflight request gets.
    pub(crate) fn preflight() -> Self {
        let headers = PREFLIGHT.map(|(name, value)| (name, value.to_owned()));
        Self::empty(Success::NoContent).with_all(headers)
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the revision as an entity tag.
    #[must_use]
    pub(crate) fn with_revision(self, revision: i64) -> Self {
        self.with("etag", format!("\"{revision}\""))
    }

    /// Adds where the thing made can be found; `path` is relative to the API.
    #[must_use]
    pub(crate) fn with_location(self, path: &str) -> Self {
        self.with("location", public_path(path))
    }

    /// Adds headers every answer has.
    #[must_use]
    pub(crate) fn finish(self, request_id: &str, milliseconds: f64) -> Self {
        self.with_all(CORS.map(|(name, value)| (name, value.to_owned())))
            .with("cache-control", "no-store")
            .with("x-content-type-options", "nosniff")
            .with("x-request-id", request_id)
            .with("server-timing", format!("total;dur={milliseconds:.1}"))
    }

    fn with_all(mut self, headers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The headers as a JSON object, for the shell.
    pub(crate) fn headers_json(&self) -> String {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        json::to_text(&headers)
    }

    /// The body as JSON; `null` without one.
    pub(crate) fn body_json(&self) -> Value {
        self.body
            .as_deref()
            .and_then(|body| std::str::from_utf8(body).ok())
            .and_then(|body| json::from_text(body).ok())
            .unwrap_or_default()
    }

    /// The answer as it is kept under an idempotency key.
    pub(crate) fn to_stored(&self) -> StoredAnswer {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        StoredAnswer(json!({"status": self.status, "headers": headers, "body": self.body_json()}))
    }

    /// The answer that was kept, once more.
    pub(crate) fn from_stored(StoredAnswer(stored): &StoredAnswer) -> Result<Self, Problem> {
        let unreadable = || Problem::internal("a stored answer cannot be read".to_owned());
        let status = stored["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok());
        let kept = stored["headers"].as_object().ok_or_else(unreadable)?;
        let headers = ["content-type", "etag", "location", "preference-applied"]
            .into_iter()
            .filter_map(|name| Some((name, kept.get(name)?.as_str()?.to_owned())))
            .collect();
        let body = Some(&stored["body"])
            .filter(|body| !body.is_null())
            .map(|body| body.to_string().into_bytes());
        Ok(Self {
            status: status.ok_or_else(unreadable)?,
            headers,
            body,
        })
    }
}

/// The path as a client sees it.
pub(crate) fn public_path(path: &str) -> String {
    format!("/functions/v1/api{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_answer_comes_back_as_it_was() {
        let answer = Response::json(Success::Created, &json!({"a": 1}))
            .with_revision(3)
            .with_location("/things/1");
        assert_eq!(Response::from_stored(&answer.to_stored()).unwrap(), answer);
        let nothing = Response::empty(Success::NoContent);
        assert_eq!(
            Response::from_stored(&nothing.to_stored()).unwrap(),
            nothing
        );
        assert!(Response::from_stored(&StoredAnswer(json!({}))).is_err());
    }

    #[test]
    fn every_answer_may_be_read_from_another_origin() {
        let answer = Response::empty(Success::NoContent).finish("r-1", 1.25);
        let headers: Value = serde_json::from_str(&answer.headers_json()).unwrap();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["x-request-id"], "r-1");
        assert_eq!(headers["server-timing"], "total;dur=1.2");
    }
}
