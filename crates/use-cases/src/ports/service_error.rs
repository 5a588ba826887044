//! What an outside service, or the built-in one in its place, can answer instead of a result.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a service did not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServiceFailure {
    /// It took too long.
    Timeout,
    /// It could not be reached, or broke.
    Unreachable,
    /// It answered with this HTTP status or its like.
    Status(u16),
    /// Configuration or input cannot be used.
    Invalid,
    /// It refuses to serve this user.
    Denied,
    /// What was asked for is not there.
    Missing,
    /// A secret that the call would carry is not there.
    SecretMissing,
    /// A secret that the call would carry may not go to its host.
    SecretHost,
    /// A secret that the call would carry does not open.
    SecretUnreadable,
}

/// A service's refusal or fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ServiceError {
    /// Why.
    pub failure: ServiceFailure,
    /// In words for the author of the model; carries no secrets.
    pub message: String,
    /// Whether another try is known to be pointless.
    pub permanent: bool,
    /// How long the far side asked to be left alone.
    pub retry_after_ms: Option<u64>,
}

impl ServiceError {
    /// A failure of this kind.
    pub fn new(failure: ServiceFailure, message: impl Into<String>) -> Self {
        Self {
            failure,
            message: message.into(),
            permanent: false,
            retry_after_ms: None,
        }
    }
}
