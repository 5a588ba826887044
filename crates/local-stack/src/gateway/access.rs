//! Which API key stands for which token.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::json_answer;
use crate::keys::Keys;

/// The header in which API keys travel.
pub(crate) const API_KEY: &str = "apikey";

/// A key of the new kind that is not one of this stack's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownKey;

impl UnknownKey {
    /// The platform's answer.
    pub(crate) fn into_response(self) -> Response {
        json_answer(
            StatusCode::UNAUTHORIZED,
            json!({ "message": "Invalid API key", "hint": "Double check your API key." }),
        )
    }
}

/// Sets `Authorization` from the API key, unless it already holds a token.
///
/// A user's token stays: then the request runs as the user, whichever key it carries.
///
/// # Errors
/// The API key is of the new kind and unknown.
pub(crate) fn authorize(keys: &Keys, headers: &mut HeaderMap) -> Result<(), UnknownKey> {
    if let Some(value) = headers.get(header::AUTHORIZATION)
        && !value.as_bytes().starts_with(b"Bearer sb_")
    {
        return Ok(());
    }
    headers.remove(header::AUTHORIZATION);
    if let Some(token) = translated(keys, headers)?
        && let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}"))
    {
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(())
}

/// The token that the API key of a request stands for.
///
/// # Errors
/// The API key is of the new kind and unknown.
pub(crate) fn translated<'a>(
    keys: &'a Keys,
    headers: &'a HeaderMap,
) -> Result<Option<&'a str>, UnknownKey> {
    let Some(key) = headers.get(API_KEY).and_then(|key| key.to_str().ok()) else {
        return Ok(None);
    };
    let token = keys.translate(key);
    if token.starts_with("sb_") {
        Err(UnknownKey)
    } else {
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{PUBLISHABLE_KEY, SECRET_KEY};

    /// `ANON` and `SERVICE` stand for the legacy keys.
    fn check(given: &[(&'static str, &str)], expected: Result<Option<&str>, UnknownKey>) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("key.pem")).unwrap();
        let mut headers: HeaderMap = given
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let outcome = authorize(&keys, &mut headers).map(|()| {
            let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap();
            Some(
                value
                    .replace(keys.anon(), "ANON")
                    .replace(keys.service_role(), "SERVICE"),
            )
        });
        assert_eq!(outcome, expected.map(|value| value.map(str::to_owned)));
    }

    #[test]
    fn keys_of_the_new_kind_become_the_roles_tokens() {
        check(&[("apikey", SECRET_KEY)], Ok(Some("Bearer SERVICE")));
        check(&[("apikey", PUBLISHABLE_KEY)], Ok(Some("Bearer ANON")));
    }

    #[test]
    fn a_users_token_wins_over_any_key() {
        check(
            &[("apikey", SECRET_KEY), ("authorization", "Bearer user")],
            Ok(Some("Bearer user")),
        );
    }

    #[test]
    fn a_key_in_authorization_counts_only_through_the_apikey_header() {
        let secret = format!("Bearer {SECRET_KEY}");
        check(
            &[("apikey", PUBLISHABLE_KEY), ("authorization", &secret)],
            Ok(Some("Bearer ANON")),
        );
        check(&[("authorization", &secret)], Ok(None));
    }

    #[test]
    fn a_legacy_key_alone_is_its_own_token() {
        check(&[("apikey", "legacy")], Ok(Some("Bearer legacy")));
    }

    #[test]
    fn an_unknown_key_of_the_new_kind_is_refused() {
        check(&[("apikey", "sb_secret_guess")], Err(UnknownKey));
    }

    #[test]
    fn without_any_key_nothing_is_added() {
        check(&[], Ok(None));
    }
}
