//! The endpoints.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Auth;
use super::error::Refusal;
use super::store::{Scope, Session};
use super::token;
use crate::clock;

/// What bcrypt takes into account; a longer password is refused.
const LONGEST_PASSWORD: usize = 72;

type Answer = Result<Response, Refusal>;

#[derive(Deserialize)]
pub(super) struct SignUp {
    email: Option<String>,
    password: Option<String>,
    #[serde(default)]
    data: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct GrantType {
    #[serde(default)]
    grant_type: String,
}

#[derive(Deserialize)]
struct PasswordGrant {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct RefreshGrant {
    #[serde(default)]
    refresh_token: String,
}

#[derive(Deserialize)]
struct UserChange {
    data: Option<Value>,
    password: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LogOut {
    scope: Option<String>,
}

pub(super) async fn sign_up(State(auth): State<Arc<Auth>>, body: Bytes) -> Response {
    respond(&auth, try_sign_up(&auth, &body).await)
}

async fn try_sign_up(auth: &Auth, body: &Bytes) -> Answer {
    let request: SignUp = read(body)?;
    if !auth.settings.enable_signup {
        return Err(Refusal::SignUpsOff);
    }
    let metadata = request
        .data
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    let email = request
        .email
        .map(|email| email.trim().to_lowercase())
        .filter(|email| !email.is_empty());
    let user = match email {
        None if !auth.settings.enable_anonymous_sign_ins => return Err(Refusal::AnonymousOff),
        None => auth.store.create_user(None, &metadata).await?,
        Some(email) => {
            check_email(&email)?;
            let password = request.password.filter(|password| !password.is_empty());
            let password = password.ok_or(Refusal::Invalid("Signup requires a valid password"))?;
            check_password(auth, &password)?;
            auth.store
                .create_user(Some((&email, &password)), &metadata)
                .await?
        }
    };
    signed_in(auth, auth.store.sign_in(user).await?)
}

pub(super) async fn token(
    State(auth): State<Arc<Auth>>,
    Query(GrantType { grant_type }): Query<GrantType>,
    body: Bytes,
) -> Response {
    let answer = match grant_type.as_str() {
        "password" => by_password(&auth, &body).await,
        "refresh_token" => by_refresh_token(&auth, &body).await,
        _ => Err(Refusal::UnsupportedGrant),
    };
    respond(&auth, answer)
}

async fn by_password(auth: &Auth, body: &Bytes) -> Answer {
    let PasswordGrant { email, password } = read(body)?;
    let user = auth
        .store
        .find_by_password(&email.trim().to_lowercase(), &password)
        .await?;
    signed_in(auth, auth.store.sign_in(user).await?)
}

async fn by_refresh_token(auth: &Auth, body: &Bytes) -> Answer {
    let RefreshGrant { refresh_token } = read(body)?;
    signed_in(auth, auth.store.refresh(&refresh_token).await?)
}

pub(super) async fn user(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    let answer = async {
        let (user, session) = caller(&auth, &headers)?;
        Ok(Json(auth.store.user_of(user, session).await?).into_response())
    };
    respond(&auth, answer.await)
}

pub(super) async fn update_user(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        let (user, session) = caller(&auth, &headers)?;
        let UserChange { data, password } = read(&body)?;
        if let Some(password) = &password {
            check_password(&auth, password)?;
        }
        auth.store.user_of(user, session).await?;
        let data = data.filter(Value::is_object);
        Ok(Json(
            auth.store
                .update_user(user, data.as_ref(), password.as_deref())
                .await?,
        )
        .into_response())
    };
    respond(&auth, answer.await)
}

pub(super) async fn log_out(
    State(auth): State<Arc<Auth>>,
    Query(LogOut { scope }): Query<LogOut>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let (user, session) = caller(&auth, &headers)?;
        let scope = match scope.as_deref() {
            None | Some("global") => Scope::All,
            Some("local") => Scope::This,
            Some("others") => Scope::Others,
            Some(_) => return Err(Refusal::Invalid("Unsupported logout scope")),
        };
        auth.store.user_of(user, session).await?;
        auth.store.sign_out(user, session, scope).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    respond(&auth, answer.await)
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({
        "name": "GoTrue", "version": "local-stack", "description": "stand-in for the platform's Auth server",
    }))
}

pub(super) async fn settings(State(auth): State<Arc<Auth>>) -> Json<Value> {
    Json(json!({
        "external": { "email": true, "phone": false, "anonymous_users": auth.settings.enable_anonymous_sign_ins },
        "disable_signup": !auth.settings.enable_signup,
        "mailer_autoconfirm": true,
        "phone_autoconfirm": false,
        "saml_enabled": false,
    }))
}

pub(super) async fn public_keys(State(auth): State<Arc<Auth>>) -> Response {
    let headers = [(header::CACHE_CONTROL, "public, max-age=600")];
    (headers, Json(auth.keys.public_set())).into_response()
}

fn signed_in(auth: &Auth, session: Session) -> Answer {
    let now = clock::now();
    let lifetime = auth.settings.jwt_expiry;
    let claims = token::claims(
        &auth.issuer,
        &session.user,
        session.id,
        session.signed_in,
        now,
        lifetime,
    );
    Ok(Json(json!({
        "access_token": auth.keys.sign(&claims)?,
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": now.timestamp() + i64::from(lifetime),
        "refresh_token": session.refresh_token,
        "user": session.user,
    }))
    .into_response())
}

/// The user and session of the bearer token.
fn caller(auth: &Auth, headers: &HeaderMap) -> Result<(Uuid, Uuid), Refusal> {
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Refusal::NoToken)?;
    let claims = auth.keys.verify(token).map_err(Refusal::BadToken)?;
    let id = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
    };
    match (id("sub"), id("session_id")) {
        (Some(user), Some(session)) => Ok((user, session)),
        (None, _) => Err(Refusal::Invalid("invalid claim: missing sub claim")),
        (_, None) => Err(Refusal::SessionGone),
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::BadJson)
}

fn check_email(email: &str) -> Result<(), Refusal> {
    let valid = email.len() <= 255
        && !email.contains(char::is_whitespace)
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
        });
    if valid {
        Ok(())
    } else {
        Err(Refusal::Invalid(
            "Unable to validate email address: invalid format",
        ))
    }
}

fn check_password(auth: &Auth, password: &str) -> Result<(), Refusal> {
    let minimum = auth.settings.minimum_password_length;
    if password.len() > LONGEST_PASSWORD {
        Err(Refusal::Invalid(
            "Password cannot be longer than 72 characters",
        ))
    } else if password.chars().count() < minimum {
        Err(Refusal::WeakPassword { minimum })
    } else {
        Ok(())
    }
}

fn respond(auth: &Auth, answer: Answer) -> Response {
    answer.unwrap_or_else(|refusal| {
        if let Refusal::Unexpected(error) = &refusal {
            auth.log.line(&format!("auth: {error:#}"));
        }
        refusal.into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_a_name_or_a_host_are_refused() {
        assert!(check_email("a@example.com").is_ok());
        for address in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a@.com",
            "a b@example.com",
            "a@b@example.com",
        ] {
            assert!(check_email(address).is_err(), "{address}");
        }
    }
}
