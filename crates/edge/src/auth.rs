//! Who asks: from headers to the context that use cases are given.

use adapters::token::{Identity, TokenError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};
use use_cases::context::{Actor, Context, Idempotency};

use crate::call::Wiring;
use crate::problem::Problem;
use crate::request::{Body, Method, Request};

/// The longest idempotency key, in characters.
const LONGEST_KEY: usize = 200;

/// Recognises the caller of a request.
///
/// # Errors
/// `UNAUTHENTICATED`, or `SERVICE_UNAVAILABLE` when tokens cannot be checked.
pub(crate) async fn identify<W: Wiring>(
    wiring: &W,
    request: &Request,
) -> Result<Identity, Problem> {
    let (apikey, authorization) = (request.header("apikey"), request.header("authorization"));
    wiring
        .identify(apikey, authorization)
        .await
        .map_err(|error| match error {
            TokenError::Missing => Problem::unauthenticated("Sign in: an access token is needed."),
            TokenError::Expired => Problem::invalid_token("The access token has expired."),
            TokenError::Invalid(_) => Problem::invalid_token("The access token is not valid."),
            TokenError::Unavailable => Problem::unavailable(None, error.to_string()),
        })
}

/// The context of a request: actor, trace, and what the headers say about repeating and revisions.
///
/// # Errors
/// `INVALID_REQUEST` for a malformed `if-match` or `idempotency-key`.
pub(crate) fn context(
    actor: Actor,
    request: &Request,
    request_id: &str,
) -> Result<Context, Problem> {
    Ok(Context {
        actor,
        request_id: request_id.to_owned(),
        traceparent: traceparent(request).map(str::to_owned),
        idempotency: idempotency(request)?,
        if_match: if_match(request)?,
    })
}

/// The trace context when it has the form W3C gives it; others are dropped, as W3C asks.
pub(crate) fn traceparent(request: &Request) -> Option<&str> {
    let given = request.header("traceparent")?;
    let parts: Vec<&str> = given.split('-').collect();
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let fits = match parts.as_slice() {
        ["00", trace, parent, flags] => is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2),
        _ => false,
    };
    fits.then_some(given)
}

/// The name of the request, when the caller gave it a usable one.
pub(crate) fn request_id(request: &Request) -> Option<&str> {
    let given = request.header("x-request-id")?;
    let fits = (1..=128).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(given)
}

/// A fingerprint of a user for the log, which names nobody.
pub(crate) fn fingerprint(actor: &Actor) -> String {
    let digest = Sha256::digest(actor.user_id.to_string());
    BASE64.encode(&digest[..9])
}

fn idempotency(request: &Request) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = request.header("idempotency-key") else {
        return Ok(None);
    };
    if request.method == Method::Get {
        return Ok(None);
    }
    let fits = !key.is_empty()
        && key.len() <= LONGEST_KEY
        && key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !fits {
        let detail = format!("The key has 1–{LONGEST_KEY} visible ASCII characters.");
        return Err(Problem::invalid_field("idempotency-key", "format", detail));
    }
    let mut digest = Sha256::new();
    for header in ["if-match", "prefer"] {
        digest.update(request.header(header).unwrap_or_default());
        digest.update([0]);
    }
    if let Body::Whole(body) = &request.body {
        digest.update(body);
    }
    Ok(Some(Idempotency {
        key: key.to_owned(),
        path: format!("{} {}", request.method_name, request.route_path()),
        body_hash: BASE64.encode(digest.finalize()),
    }))
}

fn if_match(request: &Request) -> Result<Option<i64>, Problem> {
    match request.header("if-match") {
        None | Some("*") => Ok(None),
        Some(tag) => {
            let revision = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let digits = revision.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            match digits.and_then(|revision| revision.parse().ok()) {
                Some(revision) if revision > 0 => Ok(Some(revision)),
                _ => {
                    let detail = "if-match takes one etag as it was given, such as \"3\".";
                    Err(Problem::invalid_field("if-match", "format", detail))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use serde_json::{Value, json};

    use super::*;

    fn request(method: &str, headers: Value, body: &str) -> Request {
        let headers = headers.to_string();
        Request::parse(method, "/api/things", &headers, Some(body.into())).unwrap()
    }

    fn read(headers: Value) -> Result<Context, Problem> {
        let user = UserId::parse("0192aaaa-0000-7000-8000-000000000001").unwrap();
        context(Actor::user(user), &request("POST", headers, "{}"), "r-1")
    }

    #[test]
    fn revisions_are_etags() {
        assert_eq!(
            read(json!({"if-match": "\"3\""})).unwrap().if_match,
            Some(3)
        );
        assert_eq!(read(json!({"if-match": "*"})).unwrap().if_match, None);
        for bad in ["3", "\"x\"", "W/\"3\"", "\"0\"", "\"1\", \"2\"", ""] {
            assert!(read(json!({"if-match": bad})).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_stand_for_one_command() {
        let key = |method: &str, headers: Value, body: &str| {
            idempotency(&request(method, headers, body)).unwrap()
        };
        let first = key("POST", json!({"idempotency-key": "k"}), "{}").unwrap();
        assert_eq!(first.path, "POST /things");
        let other_body = key("POST", json!({"idempotency-key": "k"}), "{ }").unwrap();
        assert_ne!(first.body_hash, other_body.body_hash);
        let other_wait = key(
            "POST",
            json!({"idempotency-key": "k", "if-match": "\"1\""}),
            "{}",
        );
        assert_ne!(first.body_hash, other_wait.unwrap().body_hash);
        assert_eq!(key("GET", json!({"idempotency-key": "k"}), ""), None);
        let long = "k".repeat(201);
        for bad in ["", "ключ", long.as_str()] {
            assert!(read(json!({"idempotency-key": bad})).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_requests_and_traces_are_checked() {
        let named = |id: &str| {
            request_id(&request("GET", json!({"x-request-id": id}), "")).map(str::to_owned)
        };
        assert_eq!(named("abc-1").as_deref(), Some("abc-1"));
        assert_eq!(named("a b"), None);
        assert_eq!(named(&"x".repeat(129)), None);
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(
            read(json!({"traceparent": trace}))
                .unwrap()
                .traceparent
                .as_deref(),
            Some(trace)
        );
        assert_eq!(
            read(json!({"traceparent": "00-zz"})).unwrap().traceparent,
            None
        );
    }
}
