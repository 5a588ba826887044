//! Refusals in the shape clients expect: `{code, error_code, msg}`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::keys::TokenError;

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    InvalidCredentials,
    UserExists,
    WeakPassword {
        minimum: usize,
    },
    SignUpsOff,
    AnonymousOff,
    Invalid(&'static str),
    NoToken,
    BadToken(TokenError),
    SessionGone,
    UserGone,
    RefreshTokenUnknown,
    RefreshTokenUsed,
    UnsupportedGrant,
    BadJson,
    /// The database did not answer as it should; the log has the reason.
    Unexpected(anyhow::Error),
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Unexpected(error)
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unexpected(error.into())
    }
}

impl Refusal {
    fn parts(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        let (status, code, message) = match self {
            Self::InvalidCredentials => (
                S::BAD_REQUEST,
                "invalid_credentials",
                "Invalid login credentials",
            ),
            Self::UserExists => (
                S::UNPROCESSABLE_ENTITY,
                "user_already_exists",
                "User already registered",
            ),
            Self::WeakPassword { minimum } => {
                let message = format!("Password should be at least {minimum} characters.");
                return (S::UNPROCESSABLE_ENTITY, "weak_password", message);
            }
            Self::SignUpsOff => (
                S::UNPROCESSABLE_ENTITY,
                "signup_disabled",
                "Signups not allowed for this instance",
            ),
            Self::AnonymousOff => (
                S::UNPROCESSABLE_ENTITY,
                "anonymous_provider_disabled",
                "Anonymous sign-ins are disabled",
            ),
            Self::Invalid(message) => (S::BAD_REQUEST, "validation_failed", *message),
            Self::NoToken => (
                S::UNAUTHORIZED,
                "no_authorization",
                "This endpoint requires a valid Bearer token",
            ),
            Self::BadToken(error) => {
                let message = format!("invalid JWT: unable to parse or verify signature, {error}");
                return (S::FORBIDDEN, "bad_jwt", message);
            }
            Self::SessionGone => (
                S::FORBIDDEN,
                "session_not_found",
                "Session from session_id claim in JWT does not exist",
            ),
            Self::UserGone => (
                S::FORBIDDEN,
                "user_not_found",
                "User from sub claim in JWT does not exist",
            ),
            Self::RefreshTokenUnknown => (
                S::BAD_REQUEST,
                "refresh_token_not_found",
                "Invalid Refresh Token: Refresh Token Not Found",
            ),
            Self::RefreshTokenUsed => (
                S::BAD_REQUEST,
                "refresh_token_already_used",
                "Invalid Refresh Token: Already Used",
            ),
            Self::UnsupportedGrant => (
                S::BAD_REQUEST,
                "unsupported_grant_type",
                "unsupported_grant_type",
            ),
            Self::BadJson => (
                S::BAD_REQUEST,
                "bad_json",
                "Could not parse request body as JSON",
            ),
            Self::Unexpected(_) => (
                S::INTERNAL_SERVER_ERROR,
                "unexpected_failure",
                "Unexpected failure, please check server logs",
            ),
        };
        (status, code, message.to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let mut body = json!({ "code": status.as_u16(), "error_code": code, "msg": message });
        if let Self::WeakPassword { .. } = self {
            body["weak_password"] = json!({ "reasons": ["length"] });
        }
        (status, axum::Json(body)).into_response()
    }
}
