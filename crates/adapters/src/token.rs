//! Who calls: a user by a signed token, or the service by a secret key.
//!
//! Tokens are JWTs of the project's Auth, signed ES256 or RS256 with a key of its set, or HS256
//! with the shared secret of older projects. The signature itself is checked by the host
//! ([`SignatureVerifier`]); everything around it is checked here. The issuer is not compared: a
//! function may know its project under another address than Auth does, and only Auth has the
//! keys. Tokens that passed are remembered, since a client sends the same one for an hour.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::ids::UserId;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use use_cases::context::Actor;
use uuid::Uuid;

use crate::config::Config;
use crate::http::Transport;
use crate::jwks::Keys;

/// The longest token, in bytes.
const LONGEST: usize = 8 * 1024;
/// How far clocks may differ, in milliseconds.
const SKEW_MS: i64 = 30 * 1000;
/// How many tokens are remembered.
const REMEMBERED: usize = 1000;
/// How long at most, in milliseconds: a withdrawn signing key stops working after this time.
const REMEMBERED_MS: i64 = 10 * 60 * 1000;
/// How many keys are tried for a token that names none.
const MOST_TRIED: usize = 4;
/// Stands for the service where a user is named; no account has it.
const SERVICE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);

/// Why nobody could be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Neither a user's token nor the secret key was sent.
    #[error("no access token was sent")]
    Missing,
    /// The token's time is over.
    #[error("the access token has expired")]
    Expired,
    /// The token is not one of ours; the text says why, for the log.
    #[error("the access token is not valid: {0}")]
    Invalid(&'static str),
    /// The keys to check it with cannot be had at the moment.
    #[error("access tokens cannot be checked at the moment")]
    Unavailable,
}

/// Checks signatures; the host implements it over its cryptography.
pub trait SignatureVerifier {
    /// Whether the base64url signature fits the signing input under the key (a JWK). `algorithm`
    /// is one of `ES256`, `RS256` and `HS256`; a key that cannot be used is an answer of no.
    async fn verify(
        &self,
        algorithm: &str,
        key: &Value,
        signing_input: &str,
        signature: &str,
    ) -> bool;
}

impl<T: SignatureVerifier> SignatureVerifier for Rc<T> {
    async fn verify(
        &self,
        algorithm: &str,
        key: &Value,
        signing_input: &str,
        signature: &str,
    ) -> bool {
        T::verify(self, algorithm, key, signing_input, signature).await
    }
}

/// Somebody who was recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Who it is.
    pub actor: Actor,
    /// The token to read the database with; absent for the service.
    pub token: Option<String>,
}

/// Recognises callers.
pub struct Tokens<H> {
    host: H,
    keys: Keys<H>,
    shared_secret: Option<Value>,
    service_keys: Vec<String>,
    remembered: RefCell<Remembered>,
}

impl<H: Transport + SignatureVerifier + Clone> Tokens<H> {
    /// Recognises the callers of this deployment.
    pub fn new(host: H, config: &Config) -> Self {
        Self {
            keys: Keys::new(host.clone(), config.jwks_url(), config.jwks.as_ref()),
            host,
            shared_secret: config.jwt_secret.as_ref().map(
                |secret| json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(secret)}),
            ),
            service_keys: config.service_keys.clone(),
            remembered: RefCell::default(),
        }
    }

    /// Recognises the sender of a request by its `apikey` and `authorization` headers. A user's
    /// token goes first: with it even the holder of the secret key acts as that user.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn identify(
        &self,
        apikey: Option<&str>,
        authorization: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Identity, TokenError> {
        match authorization.map(bearer).transpose()? {
            Some(key) if self.is_service_key(key) => Ok(service()),
            Some(key) if key.starts_with("sb_") && Some(key) != apikey => Err(TokenError::Invalid(
                "the API key is not the apikey header's",
            )),
            Some(token) if !token.starts_with("sb_") => self.user(token, now).await,
            _ if apikey.is_some_and(|key| self.is_service_key(key)) => Ok(service()),
            _ => Err(TokenError::Missing),
        }
    }

    /// Whether the text is one of the service's keys. Takes the same time for every key of the
    /// same length, so that none can be guessed letter by letter.
    pub fn is_service_key(&self, key: &str) -> bool {
        self.service_keys
            .iter()
            .fold(false, |found, known| same(known, key) | found)
    }

    async fn user(&self, token: &str, now: DateTime<Utc>) -> Result<Identity, TokenError> {
        let now_ms = now.timestamp_millis();
        let known = self.remembered.borrow().get(token, now_ms);
        let identity = match known {
            Some(identity) => identity,
            None => {
                let (identity, expires_ms) = self.check(token, now_ms).await?;
                let until_ms = expires_ms.min(now_ms + REMEMBERED_MS);
                let mut remembered = self.remembered.borrow_mut();
                remembered.put(token, identity.clone(), until_ms);
                identity
            }
        };
        Ok((*identity).clone())
    }

    /// The identity a token proves, and when that ends.
    async fn check(&self, token: &str, now_ms: i64) -> Result<(Rc<Identity>, i64), TokenError> {
        let parts = Parts::read(token)?;
        let times: Times = read_json(parts.claims)?;
        let expires_ms = times.check(now_ms)?;
        let identity = identity(token, read_json(parts.claims)?)?;
        if !self.is_signed(&parts, now_ms).await? {
            return Err(TokenError::Invalid("its signature does not fit"));
        }
        Ok((Rc::new(identity), expires_ms))
    }

    /// The algorithm decides which kind of key is taken, never the other way round: a public key
    /// can thus never serve as a shared secret.
    async fn is_signed(&self, parts: &Parts<'_>, now_ms: i64) -> Result<bool, TokenError> {
        let Header { alg, kid, .. } = &parts.header;
        if alg == "HS256" {
            let secret = self.shared_secret.as_ref();
            let secret = secret.ok_or(TokenError::Invalid("it is signed with HS256"))?;
            return Ok(self
                .host
                .verify(alg, secret, parts.signed, parts.signature)
                .await);
        }
        if alg != "ES256" && alg != "RS256" {
            return Err(TokenError::Invalid("its algorithm is not accepted"));
        }
        let keys = self.keys.find(alg, kid.as_deref(), now_ms).await;
        for key in keys
            .map_err(|_| TokenError::Unavailable)?
            .iter()
            .take(MOST_TRIED)
        {
            if self
                .host
                .verify(alg, &key.jwk, parts.signed, parts.signature)
                .await
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The credentials of an `Authorization: Bearer …` header.
fn bearer(header: &str) -> Result<&str, TokenError> {
    match header.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(TokenError::Invalid("the scheme is not Bearer")),
    }
}

fn same(known: &str, given: &str) -> bool {
    if known.len() != given.len() {
        return false;
    }
    let pairs = known.bytes().zip(given.bytes());
    black_box(pairs.fold(0, |different, (a, b)| black_box(different | (a ^ b)))) == 0
}

fn service() -> Identity {
    Identity {
        actor: Actor {
            user_id: UserId::from_uuid(SERVICE),
            claims: json!({"sub": SERVICE, "role": "service_role"}),
            email: None,
            service: true,
        },
        token: None,
    }
}

/// Whom the claims name. Only the two roles that this project knows are accepted; the audience is
/// asked of users only, because the service's old token has none.
fn identity(token: &str, claims: Value) -> Result<Identity, TokenError> {
    match claims["role"].as_str() {
        Some("service_role") => return Ok(service()),
        Some("authenticated") => {}
        _ => return Err(TokenError::Invalid("its role is not authenticated")),
    }
    let audience = match &claims["aud"] {
        Value::Array(several) => several.iter().any(|one| one == "authenticated"),
        one => one == "authenticated",
    };
    if !audience {
        return Err(TokenError::Invalid("it is meant for another audience"));
    }
    let user_id = claims["sub"]
        .as_str()
        .and_then(|text| UserId::parse(text).ok())
        .ok_or(TokenError::Invalid("it names no user"))?;
    let email = claims["email"].as_str().filter(|text| !text.is_empty());
    Ok(Identity {
        actor: Actor {
            user_id,
            email: email.map(str::to_string),
            claims,
            service: false,
        },
        token: Some(token.to_string()),
    })
}

/// A token taken apart.
struct Parts<'a> {
    header: Header,
    claims: &'a str,
    signed: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'a> Parts<'a> {
    fn read(token: &'a str) -> Result<Parts<'a>, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid("it is too long"));
        }
        let shape = || TokenError::Invalid("it is not a signed JWT");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(shape)?;
        let (header, claims) = signed.split_once('.').ok_or_else(shape)?;
        if claims.contains('.') || URL_SAFE_NO_PAD.decode(signature).is_err() {
            return Err(shape());
        }
        let header: Header = read_json(header)?;
        if header.crit.is_some() {
            return Err(TokenError::Invalid("it asks for an extension"));
        }
        Ok(Parts {
            header,
            claims,
            signed,
            signature,
        })
    }
}

fn read_json<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let unreadable = TokenError::Invalid("it cannot be read");
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| unreadable.clone())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable.clone())?;
    domain::json::from_text(text).map_err(|_| unreadable)
}

/// When a token holds, in seconds since 1970.
#[derive(Deserialize)]
struct Times {
    exp: f64,
    nbf: Option<f64>,
}

impl Times {
    /// When the token ends, in milliseconds, the skew included.
    fn check(&self, now_ms: i64) -> Result<i64, TokenError> {
        let ends_ms = milliseconds(self.exp).saturating_add(SKEW_MS);
        if now_ms >= ends_ms {
            return Err(TokenError::Expired);
        }
        let begins_ms = self.nbf.map_or(i64::MIN, milliseconds);
        if begins_ms > now_ms.saturating_add(SKEW_MS) {
            return Err(TokenError::Invalid("it is not valid yet"));
        }
        Ok(ends_ms)
    }
}

/// Out-of-range numbers end at the last instant there is.
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// Tokens that were checked, at most [`REMEMBERED`]; the oldest makes room.
#[derive(Default)]
struct Remembered {
    identities: HashMap<Rc<str>, (Rc<Identity>, i64)>,
    order: VecDeque<Rc<str>>,
}

impl Remembered {
    fn get(&self, token: &str, now_ms: i64) -> Option<Rc<Identity>> {
        let (identity, until_ms) = self.identities.get(token)?;
        (now_ms < *until_ms).then(|| Rc::clone(identity))
    }

    fn put(&mut self, token: &str, identity: Rc<Identity>, until_ms: i64) {
        let token: Rc<str> = token.into();
        if self
            .identities
            .insert(Rc::clone(&token), (identity, until_ms))
            .is_none()
        {
            self.order.push_back(token);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.identities.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
