//! What the answer of a called service means for the action that called it.
//!
//! The texts reach the author of the model and the run's log, so they carry neither the address
//! nor anything the far side wrote: either may hold a secret.

use serde_json::{Value, json};
use use_cases::ports::{ServiceError, ServiceFailure};

use crate::http::guard::Refusal;
use crate::http::retry::retry_after_ms;
use crate::http::{CallError, HttpResponse, TransportErrorKind};

/// The deepest nesting of an output.
const DEEPEST: usize = 100;

/// The answer as an expression sees it: status, headers, body.
///
/// # Errors
/// The answer is not a success, or its body cannot be an output.
pub(super) fn read(response: &HttpResponse) -> Result<Value, ServiceError> {
    if !(200..300).contains(&response.status) {
        return Err(refused(response));
    }
    let headers: serde_json::Map<String, Value> = response
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    Ok(json!({
        "status": response.status,
        "headers": headers,
        "body": body(response)?,
    }))
}

fn refused(response: &HttpResponse) -> ServiceError {
    let failure = ServiceFailure::Status(response.status);
    let message = format!("The service answered with status {}.", response.status);
    ServiceError {
        retry_after_ms: retry_after_ms(response),
        ..ServiceError::new(failure, message)
    }
}

/// JSON where the answer says so, text otherwise, null for nothing.
fn body(response: &HttpResponse) -> Result<Value, ServiceError> {
    if response.body.is_empty() {
        return Ok(Value::Null);
    }
    let media_type = response.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    if !is_json {
        return check(Value::String(response.body.clone()));
    }
    // The parser itself gives up at 128 levels, so nothing deep gets further than here.
    match serde_json::from_str(&response.body) {
        Ok(value) => check(value),
        Err(_) => Err(invalid(
            "The service's answer is not JSON that can be read.",
        )),
    }
}

/// An output is stored as JSON in the database, which bounds what may be in it.
///
/// # Errors
/// It nests too deep or holds the character U+0000.
pub(super) fn check(value: Value) -> Result<Value, ServiceError> {
    if holds_nul(&value) {
        return Err(invalid("The service's answer holds the character U+0000."));
    }
    if depth(&value) > DEEPEST {
        return Err(invalid(
            "The service's answer nests more than 100 levels deep.",
        ));
    }
    Ok(value)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// What a call without an answer means.
pub(super) fn failed(error: &CallError) -> ServiceError {
    match error {
        CallError::Refused(Refusal::Unknown) => ServiceError::new(
            ServiceFailure::Unreachable,
            "The service's host name has no address.",
        ),
        CallError::Refused(refusal) => {
            invalid(&format!("The service cannot be called: {refusal}."))
        }
        CallError::Header(name) => invalid(&format!("The header {name} cannot be sent.")),
        CallError::Redirects => invalid("The service redirects to nowhere, or too often."),
        CallError::Transport(error) => match error.kind {
            TransportErrorKind::Timeout => ServiceError::new(
                ServiceFailure::Timeout,
                "The service did not answer in time.",
            ),
            TransportErrorKind::Network => ServiceError::new(
                ServiceFailure::Unreachable,
                "The service could not be reached.",
            ),
            TransportErrorKind::TooLarge => invalid("The service's answer is longer than 1 MiB."),
        },
    }
}

/// Something that stays as it is until the workflow or the service changes.
pub(super) fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ServiceFailure::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::TransportError;

    fn response(status: u16, content_type: &str, body: &str) -> HttpResponse {
        HttpResponse {
            status,
            headers: vec![
                ("content-type".into(), content_type.into()),
                ("retry-after".into(), "2".into()),
            ],
            body: body.into(),
        }
    }

    fn body_of(content_type: &str, body: &str) -> Value {
        read(&response(200, content_type, body)).unwrap()["body"].clone()
    }

    fn failure(content_type: &str, body: &str) -> ServiceFailure {
        read(&response(201, content_type, body))
            .unwrap_err()
            .failure
    }

    #[test]
    fn json_is_read_and_text_is_kept() {
        assert_eq!(
            body_of("application/json; charset=utf-8", r#"{"a":1}"#),
            json!({"a": 1})
        );
        assert_eq!(body_of("application/problem+json", "[1]"), json!([1]));
        assert_eq!(body_of("text/plain", "[1]"), json!("[1]"));
        assert_eq!(body_of("", "x"), json!("x"));
        assert_eq!(body_of("application/json", ""), Value::Null);
        let whole = read(&response(204, "text/plain", "")).unwrap();
        assert_eq!(
            (&whole["status"], &whole["headers"]["retry-after"]),
            (&json!(204), &json!("2"))
        );
    }

    #[test]
    fn what_the_database_cannot_keep_is_refused() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(failure("application/json", "{"), ServiceFailure::Invalid);
        assert_eq!(
            failure("application/json", r#"{"a":"\u0000"}"#),
            ServiceFailure::Invalid
        );
        assert_eq!(
            failure("application/json", r#"[{"\u0000":1}]"#),
            ServiceFailure::Invalid
        );
        assert_eq!(failure("text/plain", "\0"), ServiceFailure::Invalid);
        assert_eq!(
            failure("application/json", &deep(101)),
            ServiceFailure::Invalid
        );
        assert_eq!(
            failure("application/json", &deep(5000)),
            ServiceFailure::Invalid
        );
        assert!(body_of("application/json", &deep(100)).is_array());
        let objects = format!("{}1{}", r#"{"a":"#.repeat(101), "}".repeat(101));
        assert_eq!(
            failure("application/json", &objects),
            ServiceFailure::Invalid
        );
    }

    #[test]
    fn a_status_is_passed_on_with_the_hint_and_nothing_else() {
        for status in [302, 401, 404, 408, 429, 503, 504] {
            let error = read(&response(status, "text/plain", "secret")).unwrap_err();
            assert_eq!(error.failure, ServiceFailure::Status(status));
            assert_eq!(error.retry_after_ms, Some(2000));
            assert!(!error.message.contains("secret"));
        }
    }

    #[test]
    fn faults_keep_addresses_to_themselves() {
        let transport = |kind| {
            CallError::Transport(TransportError {
                kind,
                message: "https://secret.example".into(),
            })
        };
        for (error, failure) in [
            (
                transport(TransportErrorKind::Timeout),
                ServiceFailure::Timeout,
            ),
            (
                transport(TransportErrorKind::Network),
                ServiceFailure::Unreachable,
            ),
            (
                transport(TransportErrorKind::TooLarge),
                ServiceFailure::Invalid,
            ),
            (
                CallError::Refused(Refusal::Unknown),
                ServiceFailure::Unreachable,
            ),
            (
                CallError::Refused(Refusal::NotPublic),
                ServiceFailure::Invalid,
            ),
            (CallError::Header("x".into()), ServiceFailure::Invalid),
            (CallError::Redirects, ServiceFailure::Invalid),
        ] {
            let told = failed(&error);
            assert_eq!(told.failure, failure);
            assert!(!told.message.contains("secret"), "{}", told.message);
        }
    }
}
