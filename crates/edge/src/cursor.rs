//! Cursors: where a page ended, signed, so that nobody but this program can make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use use_cases::ports::Bookmark;

use crate::problem::Problem;

/// How many bytes of the signature travel along.
const SIGNATURE_BYTES: usize = 16;

/// The key cursors are signed with.
#[derive(Clone)]
pub(crate) struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// Derives the key, so that a cursor never helps to guess the secret.
    pub(crate) fn derive(secret: &str) -> Self {
        let derived = mac(secret.as_bytes()).chain_update(b"cursor 1").finalize();
        Self(mac(&derived.into_bytes()))
    }

    /// The cursor for a place in a list. `scope` names the list: path, filters and order.
    pub(crate) fn sign(&self, scope: &str, bookmark: &Bookmark) -> String {
        let place = bookmark.0.to_string();
        let signature = self.signature(scope, &place).finalize().into_bytes();
        let (place, signature) = (
            BASE64.encode(place),
            BASE64.encode(&signature[..SIGNATURE_BYTES]),
        );
        format!("{place}.{signature}")
    }

    /// The place a cursor stands for.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it was made by somebody else or for another list.
    pub(crate) fn open(&self, scope: &str, cursor: &str) -> Result<Bookmark, Problem> {
        let bookmark = || {
            let (place, signature) = cursor.split_once('.')?;
            let place = String::from_utf8(BASE64.decode(place).ok()?).ok()?;
            let signature = BASE64.decode(signature).ok()?;
            if signature.len() != SIGNATURE_BYTES {
                return None;
            }
            self.signature(scope, &place)
                .verify_truncated_left(&signature)
                .ok()?;
            serde_json::from_str(&place).ok().map(Bookmark)
        };
        bookmark().ok_or_else(|| {
            Problem::invalid_field(
                "cursor",
                "format",
                "The cursor does not belong to this list.",
            )
        })
    }

    /// What stands for a text that must not be guessed: the same for the same text, and nothing
    /// to somebody without the key.
    pub(crate) fn blur(&self, text: &str) -> String {
        BASE64.encode(self.signature("blur", text).finalize().into_bytes())
    }

    fn signature(&self, scope: &str, place: &str) -> Hmac<Sha256> {
        let length = (scope.len() as u64).to_be_bytes();
        self.0
            .clone()
            .chain_update(length)
            .chain_update(scope)
            .chain_update(place)
    }
}

/// HMAC takes keys of any length; the empty one stands in for the error that cannot happen.
fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_opens_where_it_was_made() {
        let key = CursorKey::derive("secret");
        let bookmark = Bookmark(json!(["2025-09-01T12:00:00Z", 7]));
        let cursor = key.sign("/list", &bookmark);
        assert_eq!(key.open("/list", &cursor).unwrap(), bookmark);
        assert!(key.open("/other", &cursor).is_err());
        assert!(CursorKey::derive("another").open("/list", &cursor).is_err());
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let key = CursorKey::derive("secret");
        let cursor = key.sign("/list", &Bookmark(json!(1)));
        let (_, signature) = cursor.split_once('.').unwrap();
        let other_place = format!("{}.{signature}", BASE64.encode("2"));
        let shorter = &cursor[..cursor.len() - 4];
        for bad in [
            "",
            ".",
            "x",
            "x.y",
            &other_place,
            shorter,
            &format!("{cursor}AA"),
        ] {
            assert!(key.open("/list", bad).is_err(), "{bad}");
        }
    }
}
