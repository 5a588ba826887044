//! The keys of one stack: the ES256 key that signs users' tokens, the shared
//! secret of older projects, and the API keys. Shared by every part that signs,
//! verifies or translates.
//!
//! The shared secret and the API keys are the well-known constants of
//! `supabase start`: they open nothing but programs on the loopback address.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The publishable API key: the rights of `anon`.
pub const PUBLISHABLE_KEY: &str = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";
/// The secret API key: the rights of `service_role`.
pub const SECRET_KEY: &str = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";
/// The shared secret of tokens signed with HS256.
pub const JWT_SECRET: &str = "super-secret-jwt-token-with-at-least-32-characters-long";

/// Seconds a token may be past its end, for clocks that disagree; PostgREST allows the same.
const LEEWAY: u64 = 30;

/// What a stack signs and verifies with. Cheap to share behind an `Arc`.
pub struct Keys {
    key_id: String,
    x: String,
    y: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    shared: DecodingKey,
    anon: String,
    service_role: String,
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64 with JSON inside.
    #[error("the token is malformed")]
    Malformed,
    /// Signed in a way this stack does not sign.
    #[error("the token's algorithm is not supported")]
    Algorithm,
    /// Names a key that is not this stack's.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// Past its end.
    #[error("the token is expired")]
    Expired,
    /// The signature does not fit.
    #[error("the token's signature is invalid")]
    Signature,
}

impl Keys {
    /// The keys kept in `file`, made and written (readable by its owner only) when absent.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds no P-256 private key.
    pub fn load_or_create(file: &Path) -> anyhow::Result<Self> {
        if file.exists() {
            let pem =
                fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            let key = p256::SecretKey::from_pkcs8_pem(&pem)
                .with_context(|| format!("{} holds no P-256 key", file.display()))?;
            return Self::from_secret(&key);
        }
        let key = p256::SecretKey::random(&mut p256::elliptic_curve::rand_core::OsRng);
        let pem = key.to_pkcs8_pem(LineEnding::LF)?;
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .and_then(|mut out| out.write_all(pem.as_bytes()))
            .with_context(|| format!("writing {}", file.display()))?;
        Self::from_secret(&key)
    }

    fn from_secret(key: &p256::SecretKey) -> anyhow::Result<Self> {
        let point = key.public_key().to_encoded_point(false);
        let (x, y) = point
            .x()
            .zip(point.y())
            .context("a public key is a point with two coordinates")?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let digest = Sha256::digest(format!("{x}.{y}"));
        let key_id = URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default());
        Ok(Self {
            verifying: DecodingKey::from_ec_components(&x, &y)?,
            signing: EncodingKey::from_ec_der(key.to_pkcs8_der()?.as_bytes()),
            shared: DecodingKey::from_secret(JWT_SECRET.as_bytes()),
            anon: legacy_key("anon")?,
            service_role: legacy_key("service_role")?,
            key_id,
            x,
            y,
        })
    }

    /// The legacy API key with the rights of `anon`.
    #[must_use]
    pub fn anon(&self) -> &str {
        &self.anon
    }

    /// The legacy API key with the rights of `service_role`.
    #[must_use]
    pub fn service_role(&self) -> &str {
        &self.service_role
    }

    /// The public keys, as `/.well-known/jwks.json` serves them.
    #[must_use]
    pub fn public_set(&self) -> Value {
        json!({ "keys": [self.public_key()] })
    }

    /// The public key and the shared secret, for PostgREST.
    #[must_use]
    pub fn verification_set(&self) -> Value {
        let secret = URL_SAFE_NO_PAD.encode(JWT_SECRET);
        json!({ "keys": [self.public_key(), { "kty": "oct", "alg": "HS256", "k": secret }] })
    }

    fn public_key(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "key_ops": ["verify"],
            "kid": self.key_id, "x": self.x, "y": self.y,
        })
    }

    /// A token with these claims, signed with ES256.
    ///
    /// # Errors
    /// Signing failed; with a valid key that does not happen.
    pub fn sign(&self, claims: &Map<String, Value>) -> anyhow::Result<String> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, claims, &self.signing)?)
    }

    /// The claims of a token of this stack, signed with either kind of key.
    ///
    /// # Errors
    /// Says why the token is refused.
    pub fn verify(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        use jsonwebtoken::errors::ErrorKind;

        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // The library knows no `none` and refuses unknown names while reading.
            ErrorKind::Json(_) if names_an_algorithm(token) => TokenError::Algorithm,
            _ => TokenError::Malformed,
        })?;
        let key = match header.alg {
            Algorithm::ES256 if header.kid.as_ref().is_some_and(|kid| *kid != self.key_id) => {
                return Err(TokenError::UnknownKey);
            }
            Algorithm::ES256 => &self.verifying,
            Algorithm::HS256 => &self.shared,
            _ => return Err(TokenError::Algorithm),
        };
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_aud = false;
        match jsonwebtoken::decode(token, key, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                ErrorKind::InvalidSignature => TokenError::Signature,
                _ => TokenError::Malformed,
            }),
        }
    }

    /// The token that stands for an API key of the new kind; anything else stays as it is.
    #[must_use]
    pub fn translate<'a>(&'a self, api_key: &'a str) -> &'a str {
        match api_key {
            SECRET_KEY => &self.service_role,
            PUBLISHABLE_KEY => &self.anon,
            other => other,
        }
    }
}

fn names_an_algorithm(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .is_some_and(|header| header.get("alg").is_some_and(Value::is_string))
}

/// Issued 2025-01-01, valid for ten years; the same on every start.
fn legacy_key(role: &str) -> anyhow::Result<String> {
    let claims = json!({
        "iss": "supabase", "ref": "local", "role": role, "iat": 1_735_689_600, "exp": 2_051_222_400,
    });
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &key,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn keys() -> (tempfile::TempDir, Keys) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("key.pem")).unwrap();
        (folder, keys)
    }

    fn claims(expires_in: i64) -> Map<String, Value> {
        let exp = clock::now().timestamp() + expires_in;
        json!({ "sub": "someone", "role": "authenticated", "exp": exp })
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn a_signed_token_is_accepted_again_also_after_a_restart() {
        let (folder, keys) = keys();
        let token = keys.sign(&claims(60)).unwrap();
        let reloaded = Keys::load_or_create(&folder.path().join("key.pem")).unwrap();
        assert_eq!(reloaded.verify(&token).unwrap(), claims(60));
    }

    #[test]
    fn another_stacks_token_is_refused() {
        let (_folder, ours) = keys();
        let (_other_folder, theirs) = keys();
        let token = theirs.sign(&claims(60)).unwrap();
        assert_eq!(ours.verify(&token), Err(TokenError::UnknownKey));
    }

    #[test]
    fn an_expired_token_is_refused_after_the_leeway() {
        let (_folder, keys) = keys();
        assert!(keys.verify(&keys.sign(&claims(-20)).unwrap()).is_ok());
        assert_eq!(
            keys.verify(&keys.sign(&claims(-60)).unwrap()),
            Err(TokenError::Expired)
        );
    }

    #[test]
    fn a_changed_claim_breaks_the_signature() {
        let (_folder, keys) = keys();
        let token = keys.sign(&claims(60)).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let mut forged = claims(60);
        forged.insert("role".into(), "service_role".into());
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&forged).unwrap());
        let forged = format!("{}.{body}.{}", parts[0], parts[2]);
        assert_eq!(keys.verify(&forged), Err(TokenError::Signature));
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let (_folder, keys) = keys();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let body = URL_SAFE_NO_PAD.encode(r#"{"role":"service_role"}"#);
        assert_eq!(
            keys.verify(&format!("{header}.{body}.")),
            Err(TokenError::Algorithm)
        );
        assert_eq!(keys.verify("nonsense"), Err(TokenError::Malformed));
    }

    #[test]
    fn api_keys_are_translated_to_tokens_with_their_role() {
        let (_folder, keys) = keys();
        let role = |token: &str| keys.verify(token).unwrap()["role"].clone();
        assert_eq!(role(keys.translate(SECRET_KEY)), "service_role");
        assert_eq!(role(keys.translate(PUBLISHABLE_KEY)), "anon");
        assert_eq!(keys.translate("something else"), "something else");
    }

    #[test]
    fn the_shared_secret_never_leaves_through_the_public_set() {
        let (_folder, keys) = keys();
        assert!(
            keys.public_set()["keys"]
                .as_array()
                .unwrap()
                .iter()
                .all(|key| key["kty"] == "EC")
        );
    }
}
