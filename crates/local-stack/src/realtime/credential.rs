//! A verified token or key, and why one is refused.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Claims;

/// How long a token is trusted before it is verified again, at most.
const LONGEST_TRUST: Duration = Duration::from_secs(300);

/// A token or key with its verified claims.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    token: String,
    claims: Value,
}

/// Why a token is refused, in the platform's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// A word for programs.
    pub(super) code: &'static str,
    /// A sentence for people.
    pub(super) message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Credential {
    /// Verifies a token or key.
    pub(super) fn verify(claims: &Claims, token: &str) -> Result<Self, Refusal> {
        let found = claims(token).ok_or_else(|| refusal(token))?;
        let is_key = token.starts_with("sb_");
        if !found["role"].is_string() || !(is_key || found["exp"].is_number()) {
            let message = "Fields `role` and `exp` are required in JWT";
            return Err(Refusal::new("InvalidJWTToken", message));
        }
        match seconds_past(&found) {
            Some(seconds) => Err(expired(seconds)),
            None => Ok(Self {
                token: token.to_owned(),
                claims: found,
            }),
        }
    }

    /// What the token says.
    pub(super) fn claims(&self) -> &Value {
        &self.claims
    }

    /// The token itself.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// How long until the token has to be verified again.
    pub(super) fn trusted_for(&self) -> Duration {
        let until_expiry = self.claims["exp"].as_f64().map(|expiry| {
            let left = (expiry - now()).max(0.0);
            Duration::try_from_secs_f64(left).unwrap_or(LONGEST_TRUST)
        });
        until_expiry.map_or(LONGEST_TRUST, |left| left.min(LONGEST_TRUST))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.unwrap_or_default().as_secs_f64()
}

/// How long ago the claims expired; `None` when they still hold.
fn seconds_past(claims: &Value) -> Option<u64> {
    let past = now() - claims["exp"].as_f64()?;
    (past >= 0.0).then_some(past as u64)
}

fn expired(seconds: u64) -> Refusal {
    let message = format!("Token has expired {seconds} seconds ago");
    Refusal::new("InvalidJWTToken", message)
}

/// Finds out why a token did not verify, from what it says about itself.
fn refusal(token: &str) -> Refusal {
    let body = token.split('.').nth(1);
    let body = body.and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
    let claims: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
    match claims.map(|claims| seconds_past(&claims)) {
        None => Refusal::new("MalformedJWT", "The token provided is not a valid JWT"),
        Some(Some(seconds)) => expired(seconds),
        Some(None) => Refusal::new("JwtSignatureError", "Failed to validate JWT signature"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    /// Claims that any token yields, or none.
    fn check(claims: Option<Value>, token: &str) -> Result<Credential, &'static str> {
        let claims: Claims = Arc::new(move |_: &str| claims.clone());
        Credential::verify(&claims, token).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_token_needs_a_role_and_an_expiry_and_a_key_only_a_role() {
        let later = now() + 1000.0;
        assert!(check(Some(json!({"role": "anon", "exp": later})), "t").is_ok());
        assert!(check(Some(json!({"role": "anon"})), "sb_publishable_x").is_ok());
        let refused = Some("InvalidJWTToken");
        assert_eq!(check(Some(json!({"role": "anon"})), "t").err(), refused);
        assert_eq!(check(Some(json!({"exp": later})), "t").err(), refused);
        let past = json!({"role": "anon", "exp": now() - 5.0});
        assert_eq!(check(Some(past), "t").err(), refused);
    }

    #[test]
    fn a_token_is_looked_at_again_when_it_expires_and_every_five_minutes() {
        let trusted = |exp: f64| {
            let claims = json!({"role": "anon", "exp": now() + exp});
            check(Some(claims), "t").unwrap().trusted_for()
        };
        assert!(trusted(10.0) <= Duration::from_secs(10));
        assert!(trusted(10.0) > Duration::from_secs(9));
        assert_eq!(trusted(1e6), LONGEST_TRUST);
    }

    #[test]
    fn the_reason_of_a_refusal_is_read_from_the_token() {
        let token = |claims: Value| format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
        assert_eq!(refusal("nonsense").code, "MalformedJWT");
        assert_eq!(refusal(&token(json!({"exp": 5}))).code, "InvalidJWTToken");
        let fresh = token(json!({"exp": now() + 100.0}));
        assert_eq!(refusal(&fresh).code, "JwtSignatureError");
    }
}
