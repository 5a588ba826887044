//! Who asks, and with which request: what every use case is told besides its command.

use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Somebody whose identity has been verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// The user; of the service itself the id it was configured with.
    pub user_id: UserId,
    /// The verified claims, as row-level security is going to see them.
    pub claims: Value,
    /// The address in the claims, if any.
    pub email: Option<String>,
    /// Whether the caller holds the secret key: model permissions are skipped, domain rules never.
    pub service: bool,
}

impl Actor {
    /// A signed-in user about whom nothing but the id is known, such as who started a run.
    pub fn user(user_id: UserId) -> Self {
        let claims = serde_json::json!({"sub": user_id, "role": "authenticated"});
        Self {
            user_id,
            claims,
            email: None,
            service: false,
        }
    }
}

/// A key under which the first answer of a command is kept for 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key, at most 200 characters.
    pub key: String,
    /// What the key was used for; the same key elsewhere is another key.
    pub path: String,
    /// Fingerprint of the command; the same key with another fingerprint is refused.
    pub body_hash: String,
}

/// The answer of a command as the outermost layer gave it; opaque here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredAnswer(pub Value);

/// The circumstances of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// Who asks.
    pub actor: Actor,
    /// Name of the request; becomes the correlation id of its events.
    pub request_id: String,
    /// W3C trace context, passed on.
    pub traceparent: Option<String>,
    /// Set when the caller wants a repetition to be recognised.
    pub idempotency: Option<Idempotency>,
    /// The only revision the caller wants changed.
    pub if_match: Option<i64>,
}

impl Context {
    /// A request of this actor without idempotency and without an expected revision.
    pub fn new(actor: Actor, request_id: impl Into<String>) -> Self {
        Self {
            actor,
            request_id: request_id.into(),
            traceparent: None,
            idempotency: None,
            if_match: None,
        }
    }
}
