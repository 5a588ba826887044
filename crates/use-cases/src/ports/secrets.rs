//! Secrets that calls of services carry, and the key they are encrypted under.

use domain::ids::{OrganizationId, SecretId};
use domain::secret::{Secret, SecretValue};
use serde::{Deserialize, Serialize};

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// A secret with its value, encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// What is told of it.
    pub secret: Secret,
    /// The value; absent where it may not go.
    #[serde(default)]
    pub sealed: Option<String>,
}

/// The secrets the caller may see.
pub trait Secrets {
    /// One of them.
    async fn find(
        &self,
        context: &Context,
        secret_id: SecretId,
    ) -> Result<Option<Secret>, PortError>;

    /// All of them, or those of an organization, newest first.
    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<Secret>, PortError>;

    /// Stores a secret and its encrypted value; answers its revision. `TooMany` beyond what an
    /// owner may have, `NameTaken`.
    async fn save(
        &self,
        context: &Context,
        secret: &Secret,
        sealed: &str,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes a secret and its value.
    async fn remove(
        &self,
        context: &Context,
        secret_id: SecretId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// For the service: the next secrets behind one that are encrypted under another key.
    async fn stale(
        &self,
        context: &Context,
        key_id: &str,
        after: Option<SecretId>,
    ) -> Result<Vec<SealedSecret>, PortError>;

    /// For the service: brings a value back under the key that the secret now names; false when
    /// the secret changed meanwhile.
    async fn reseal(
        &self,
        context: &Context,
        secret: &Secret,
        sealed: &str,
    ) -> Result<bool, PortError>;
}

/// Encrypts values of secrets. The keys are the deployment's and never leave it.
pub trait Vault {
    /// The name of the key that values are encrypted under at present.
    ///
    /// # Errors
    /// `Unavailable` when the deployment has no key.
    fn key_id(&self) -> Result<String, PortError>;

    /// A value, encrypted under the present key and bound to a place.
    async fn seal(&self, place: &str, value: &SecretValue) -> Result<String, PortError>;

    /// The value that was bound to this place under a key; nothing when it does not open: another
    /// key, another place, or not what was sealed.
    async fn open(
        &self,
        key_id: &str,
        place: &str,
        sealed: &str,
    ) -> Result<Option<SecretValue>, PortError>;
}
