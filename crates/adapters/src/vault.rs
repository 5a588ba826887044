//! The vault: AES-256-GCM under keys of the function secrets, done by the host's cryptography.

use std::rc::Rc;

use domain::secret::SecretValue;
use use_cases::ports::{PortError, PortErrorKind, Vault};

use crate::config::VaultKey;

/// Encrypts and decrypts; the host implements it over its cryptography.
pub trait Cipher {
    /// Encrypts text under a key (32 bytes, base64url) with a fresh nonce, bound to other text;
    /// base64url of nonce, ciphertext and tag. Nothing when the key cannot be used.
    async fn encrypt(&self, key: &str, bound_to: &str, plain: &str) -> Option<String>;

    /// The text, unless anything about it is not as it was sealed.
    async fn decrypt(&self, key: &str, bound_to: &str, sealed: &str) -> Option<String>;
}

/// [`Vault`] over the host's AES-256-GCM.
pub struct AesVault<H> {
    host: H,
    keys: Rc<[VaultKey]>,
}

impl<H: Cipher> AesVault<H> {
    /// A vault with these keys: the first encrypts, all decrypt.
    pub fn new(host: H, keys: Rc<[VaultKey]>) -> Self {
        Self { host, keys }
    }

    fn present(&self, operation: &'static str) -> Result<&VaultKey, PortError> {
        let kind = PortErrorKind::Unavailable { retry_after: None };
        let missing = || PortError::new(kind, operation, "FM_SECRET_KEYS is not set");
        self.keys.first().ok_or_else(missing)
    }
}

impl<H: Cipher> Vault for AesVault<H> {
    fn key_id(&self) -> Result<String, PortError> {
        Ok(self.present("vault.key_id")?.id.clone())
    }

    async fn seal(&self, place: &str, value: &SecretValue) -> Result<String, PortError> {
        const OPERATION: &str = "vault.seal";
        let key = self.present(OPERATION)?;
        let sealed = self.host.encrypt(&key.key, place, value.reveal()).await;
        let failed = || PortError::new(PortErrorKind::Invalid, OPERATION, "nothing was sealed");
        sealed.ok_or_else(failed)
    }

    async fn open(
        &self,
        key_id: &str,
        place: &str,
        sealed: &str,
    ) -> Result<Option<SecretValue>, PortError> {
        let Some(key) = self.keys.iter().find(|key| key.id == key_id) else {
            return Ok(None);
        };
        let opened = self.host.decrypt(&key.key, place, sealed).await;
        Ok(opened.map(SecretValue::kept))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    /// Writes down what it was asked, and opens what it wrote.
    struct Scribe;

    impl Cipher for Scribe {
        async fn encrypt(&self, key: &str, bound_to: &str, plain: &str) -> Option<String> {
            (key != "unusable").then(|| format!("{key}/{bound_to}/{plain}"))
        }

        async fn decrypt(&self, key: &str, bound_to: &str, sealed: &str) -> Option<String> {
            let plain = sealed.strip_prefix(&format!("{key}/{bound_to}/"))?;
            Some(plain.to_owned())
        }
    }

    fn vault(keys: &[(&str, &str)]) -> AesVault<Scribe> {
        let keys = keys.iter().map(|(id, key)| VaultKey {
            id: (*id).to_owned(),
            key: (*key).to_owned(),
        });
        AesVault::new(Scribe, keys.collect())
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let value = SecretValue::kept("correct horse".into());
        let old = block_on(vault(&[("k1", "a")]).seal("here", &value)).unwrap();
        let rotated = vault(&[("k2", "b"), ("k1", "a")]);
        assert_eq!(rotated.key_id().unwrap(), "k2");
        let new = block_on(rotated.seal("here", &value)).unwrap();
        assert_eq!(new, "b/here/correct horse");
        let open = |id: &str, place: &str, sealed: &str| {
            block_on(rotated.open(id, place, sealed)).unwrap()
        };
        assert_eq!(open("k1", "here", &old), Some(value.clone()));
        assert_eq!(open("k2", "here", &new), Some(value));
        assert_eq!(open("k2", "here", &old), None);
        assert_eq!(open("k1", "there", &old), None);
        assert_eq!(open("k0", "here", &old), None);
    }

    #[test]
    fn without_a_usable_key_nothing_is_sealed() {
        let value = SecretValue::kept("correct horse".into());
        let error = block_on(vault(&[]).seal("here", &value)).unwrap_err();
        assert!(error.is_temporary());
        assert!(vault(&[]).key_id().unwrap_err().is_temporary());
        let broken = vault(&[("k1", "unusable")]);
        let error = block_on(broken.seal("here", &value)).unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid);
        assert!(!format!("{error}").contains("horse"));
    }
}
