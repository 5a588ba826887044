//! What PostgREST and the way to it really answered, and what that means to a port's caller.
//!
//! Codes decide, never messages: SQLSTATEs of PostgreSQL, our own `FM…` and `PT409`, and the
//! `PGRST…` codes of both generations of PostgREST (12 and 13 onwards name some things anew).

use serde::Deserialize;
use thiserror::Error;
use use_cases::ports::{PortError, PortErrorKind};

use crate::http::retry::retry_after_ms;
use crate::http::{HttpResponse, TransportError, TransportErrorKind};

/// A call to PostgREST that brought no rows.
#[derive(Clone, Debug, PartialEq, Error)]
pub(crate) enum AdapterError {
    /// There was no answer.
    #[error("no answer: {0}")]
    Transport(TransportError),
    /// PostgREST, PostgreSQL or the gateway refused.
    #[error("HTTP {status} {code}: {message} {details}")]
    Refused {
        status: u16,
        code: String,
        message: String,
        details: String,
        retry_after: Option<u64>,
    },
    /// The answer is not what was asked for.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// The request could not be built.
    #[error("the request cannot be built: {0}")]
    Unsendable(String),
}

/// The body of PostgREST's refusals. Some gateways answer without one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
    details: Option<serde_json::Value>,
}

impl AdapterError {
    /// Reads a refusal. The body is parsed whatever its content type says.
    pub(crate) fn refused(response: &HttpResponse) -> AdapterError {
        let body: Body = domain::json::from_text(&response.body).unwrap_or_default();
        let details = match body.details {
            Some(serde_json::Value::String(text)) => text,
            Some(serde_json::Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        AdapterError::Refused {
            status: response.status,
            code: body.code.unwrap_or_default(),
            message: body.message.unwrap_or_default(),
            details,
            retry_after: retry_after_ms(response).map(|ms| ms / 1000),
        }
    }

    /// Whether a read that ended like this is worth repeating at once: PostgREST has no
    /// connection, or the database gave up on a lock.
    pub(crate) fn is_worth_repeating(&self) -> bool {
        match self {
            AdapterError::Transport(error) => error.kind == TransportErrorKind::Network,
            AdapterError::Refused { status, code, .. } => {
                *status == 503 || matches!(code.as_str(), "40P01" | "55P03")
            }
            AdapterError::Unreadable(_) | AdapterError::Unsendable(_) => false,
        }
    }

    /// The same in the words of ports.
    pub(crate) fn into_port(self, operation: &'static str) -> PortError {
        PortError::new(self.kind(), operation, self.to_string())
    }

    fn kind(&self) -> PortErrorKind {
        match self {
            AdapterError::Transport(error) if error.kind == TransportErrorKind::TooLarge => {
                PortErrorKind::Corrupt
            }
            AdapterError::Transport(_) => PortErrorKind::Unavailable { retry_after: None },
            AdapterError::Unreadable(_) => PortErrorKind::Corrupt,
            AdapterError::Unsendable(_) => PortErrorKind::Invalid,
            AdapterError::Refused {
                status,
                code,
                details,
                retry_after,
                ..
            } => by_code(code, details).unwrap_or_else(|| by_class(code, *status, *retry_after)),
        }
    }
}

/// What our own functions raise, and the few codes of PostgreSQL that mean one thing here.
fn by_code(code: &str, details: &str) -> Option<PortErrorKind> {
    Some(match code {
        "PT409" => PortErrorKind::Conflict {
            current_revision: details.trim().parse().ok(),
        },
        "FM001" => PortErrorKind::NameTaken,
        "FM002" => PortErrorKind::VersionTaken,
        "FM003" => PortErrorKind::KeyReused,
        "FM004" => PortErrorKind::NotFound,
        "FM005" => PortErrorKind::IdTaken,
        "FM006" => PortErrorKind::OrderTaken,
        "FM007" => PortErrorKind::Finished,
        "FM040" => PortErrorKind::LinkTaken,
        "FM041" => PortErrorKind::BatchRunning,
        "FM050" => PortErrorKind::LastOwner,
        "FM051" => PortErrorKind::NotEmpty,
        "FM008" => PortErrorKind::OtherStatus,
        "FM020" => PortErrorKind::AtCapacity,
        "FM060" => PortErrorKind::TooMany,
        "FM090" => PortErrorKind::UserUnknown,
        // Lost races that a constraint or the database itself noticed.
        "23505" | "23P01" | "40001" => PortErrorKind::Conflict {
            current_revision: None,
        },
        // Not allowed; a token that PostgREST does not accept (any more).
        "42501" | "PGRST301" | "PGRST302" | "PGRST303" => PortErrorKind::Forbidden,
        _ => return None,
    })
}

/// Connections, resources, operator's intervention, deadlocks, time-outs are temporary; what else
/// is 4xx means that this program and the database do not fit together.
fn by_class(code: &str, status: u16, retry_after: Option<u64>) -> PortErrorKind {
    const TEMPORARY: [&str; 11] = [
        "08", "40", "53", "55P", "57", "58", "XX", "PGRST000", "PGRST001", "PGRST002", "PGRST003",
    ];
    let temporary = TEMPORARY.iter().any(|class| code.starts_with(class));
    let ours = code.starts_with("PGRST") || code.len() == 5;
    match status {
        _ if temporary => PortErrorKind::Unavailable { retry_after },
        408 | 429 | 502 | 503 | 504 => PortErrorKind::Unavailable { retry_after },
        401 | 403 => PortErrorKind::Forbidden,
        500.. if !ours => PortErrorKind::Unavailable { retry_after },
        _ => PortErrorKind::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str, details: &str) -> PortErrorKind {
        let body =
            serde_json::json!({"code": code, "message": "m", "details": details, "hint": null});
        let response = HttpResponse {
            status,
            headers: vec![("retry-after".into(), "7".into())],
            body: body.to_string(),
        };
        AdapterError::refused(&response).into_port("a.b").kind
    }

    #[test]
    fn our_own_refusals_are_told_apart_by_code() {
        let conflict = |current_revision| PortErrorKind::Conflict { current_revision };
        assert_eq!(kind(409, "PT409", "12"), conflict(Some(12)));
        assert_eq!(kind(409, "PT409", ""), conflict(None));
        assert_eq!(kind(400, "FM001", ""), PortErrorKind::NameTaken);
        assert_eq!(kind(400, "FM002", ""), PortErrorKind::VersionTaken);
        assert_eq!(kind(400, "FM003", ""), PortErrorKind::KeyReused);
        assert_eq!(kind(400, "FM004", ""), PortErrorKind::NotFound);
        assert_eq!(kind(400, "FM005", ""), PortErrorKind::IdTaken);
        assert_eq!(kind(400, "FM006", ""), PortErrorKind::OrderTaken);
        assert_eq!(kind(400, "FM007", ""), PortErrorKind::Finished);
        assert_eq!(kind(400, "FM040", ""), PortErrorKind::LinkTaken);
        assert_eq!(kind(400, "FM041", ""), PortErrorKind::BatchRunning);
        assert_eq!(kind(400, "FM050", ""), PortErrorKind::LastOwner);
        assert_eq!(kind(400, "FM051", ""), PortErrorKind::NotEmpty);
        assert_eq!(kind(400, "FM008", ""), PortErrorKind::OtherStatus);
        assert_eq!(kind(400, "FM020", ""), PortErrorKind::AtCapacity);
        assert_eq!(kind(409, "23505", ""), conflict(None));
        assert_eq!(kind(500, "40001", ""), conflict(None));
        assert_eq!(kind(401, "42501", ""), PortErrorKind::Forbidden);
    }

    #[test]
    fn both_generations_of_postgrest_mean_the_same() {
        for code in ["PGRST301", "PGRST302", "PGRST303"] {
            assert_eq!(kind(401, code, ""), PortErrorKind::Forbidden);
        }
        for (status, code) in [
            (404, "42P01"),
            (404, "PGRST205"),
            (404, "PGRST202"),
            (415, "PGRST107"),
            (406, "PGRST107"),
            (500, "42P17"),
            (400, "22P02"),
            (400, "P0001"),
            (500, "P0002"),
            (404, "42883"),
        ] {
            assert_eq!(kind(status, code, ""), PortErrorKind::Invalid, "{code}");
        }
    }

    #[test]
    fn what_passes_is_temporary() {
        let expected = PortErrorKind::Unavailable {
            retry_after: Some(7),
        };
        for (status, code) in [
            (503, "PGRST000"),
            (503, "PGRST002"),
            (504, "PGRST003"),
            (500, "57014"),
            (503, "57P01"),
            (500, "40P01"),
            (500, "55P03"),
            (503, "53300"),
            (503, "08006"),
            (500, "XX000"),
            (502, ""),
            (503, ""),
            (429, ""),
            (500, ""),
        ] {
            assert_eq!(kind(status, code, ""), expected, "{status} {code}");
        }
        assert_eq!(kind(401, "", ""), PortErrorKind::Forbidden);
        assert_eq!(kind(404, "", ""), PortErrorKind::Invalid);
    }

    #[test]
    fn a_body_that_is_no_refusal_leaves_the_status() {
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"code":null,"details":{"a":1}}"#,
        ] {
            let response = HttpResponse {
                status: 502,
                headers: vec![],
                body: body.into(),
            };
            let error = AdapterError::refused(&response);
            assert!(error.to_string().starts_with("HTTP 502"), "{error}");
            assert!(error.into_port("a.b").is_temporary());
        }
    }

    #[test]
    fn faults_without_an_answer_keep_their_words_for_the_log() {
        let transport = |kind| {
            AdapterError::Transport(TransportError {
                kind,
                message: "reset".into(),
            })
        };
        let network = transport(TransportErrorKind::Network);
        assert!(network.is_worth_repeating());
        let port = network.into_port("a.b");
        assert!(port.is_temporary());
        assert_eq!(port.detail, "no answer: reset");
        assert!(!transport(TransportErrorKind::Timeout).is_worth_repeating());
        assert_eq!(
            transport(TransportErrorKind::TooLarge).into_port("a").kind,
            PortErrorKind::Corrupt
        );
        let unreadable = AdapterError::Unreadable("x".into());
        assert!(!unreadable.is_worth_repeating());
        assert_eq!(unreadable.into_port("a").kind, PortErrorKind::Corrupt);
        let unsendable = AdapterError::Unsendable("x".into());
        assert_eq!(unsendable.into_port("a").kind, PortErrorKind::Invalid);
    }
}
