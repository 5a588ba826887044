//! `verify_jwt`: whether a request may reach a function that asks for a token.

use axum::http::{HeaderMap, Method};

use crate::keys::{Keys, TokenError};

/// Why a request is refused, in the words of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoAuthorizationHeader,
    InvalidFormat,
    UnsupportedAlgorithm,
    Legacy,
    Asymmetric,
}

impl Refusal {
    /// The code in the body and in the header `sb-error-code`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoAuthorizationHeader => "UNAUTHORIZED_NO_AUTH_HEADER",
            Self::InvalidFormat => "UNAUTHORIZED_INVALID_JWT_FORMAT",
            Self::UnsupportedAlgorithm => "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
            Self::Legacy => "UNAUTHORIZED_LEGACY_JWT",
            Self::Asymmetric => "UNAUTHORIZED_ASYMMETRIC_JWT",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NoAuthorizationHeader => "Missing authorization header",
            Self::InvalidFormat => "Invalid Token or Protected Header formatting",
            Self::UnsupportedAlgorithm => "Unsupported JWT algorithm",
            Self::Legacy | Self::Asymmetric => "Invalid JWT",
        }
    }
}

/// Judges a request whose API key has been translated into `sb-api-key`.
///
/// Preflight requests pass. The token is the bearer of `Authorization`, else `sb-api-key`.
pub(crate) fn admit(keys: &Keys, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method == Method::OPTIONS {
        return Ok(());
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = match header("authorization") {
        Some(value) => Some(
            value
                .strip_prefix("Bearer ")
                .ok_or(Refusal::InvalidFormat)?,
        ),
        None => None,
    };
    let token = bearer
        .or_else(|| header("sb-api-key"))
        .ok_or(Refusal::NoAuthorizationHeader)?;
    // An API key that stands in `Authorization` counts as the key it is.
    keys.verify(keys.translate(token))
        .map(drop)
        .map_err(|error| match error {
            TokenError::Malformed => Refusal::InvalidFormat,
            TokenError::Algorithm => Refusal::UnsupportedAlgorithm,
            TokenError::UnknownKey => Refusal::Asymmetric,
            TokenError::Expired | TokenError::Signature if is_shared_secret(token) => {
                Refusal::Legacy
            }
            TokenError::Expired | TokenError::Signature => Refusal::Asymmetric,
        })
}

fn is_shared_secret(token: &str) -> bool {
    jsonwebtoken::decode_header(token)
        .is_ok_and(|header| header.alg == jsonwebtoken::Algorithm::HS256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::PUBLISHABLE_KEY;

    fn check(headers: &[(&'static str, &str)], expected: Result<(), Refusal>) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("key.pem")).unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse().unwrap(),
                    value.replace("ANON", keys.anon()).parse().unwrap(),
                )
            })
            .collect();
        assert_eq!(admit(&keys, &Method::POST, &headers), expected);
    }

    #[test]
    fn without_any_key_a_call_is_refused() {
        check(&[], Err(Refusal::NoAuthorizationHeader));
    }

    #[test]
    fn a_translated_api_key_alone_is_enough() {
        check(&[("sb-api-key", "ANON")], Ok(()));
    }

    #[test]
    fn the_token_in_authorization_goes_first() {
        check(
            &[("authorization", "Bearer junk"), ("sb-api-key", "ANON")],
            Err(Refusal::InvalidFormat),
        );
        check(
            &[("authorization", "Basic abc"), ("sb-api-key", "ANON")],
            Err(Refusal::InvalidFormat),
        );
        check(
            &[("authorization", &format!("Bearer {PUBLISHABLE_KEY}"))],
            Ok(()),
        );
    }

    #[test]
    fn a_forged_legacy_token_is_refused_as_such() {
        check(&[("authorization", "Bearer ANONx")], Err(Refusal::Legacy));
    }
}
