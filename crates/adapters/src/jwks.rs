//! The public keys that user tokens are signed with: given by the deployment or fetched from
//! Auth, kept for ten minutes, asked for again when a token names a key that is not among them.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::lock::Mutex;
use serde_json::{Value, json};

use crate::http::{HttpRequest, Method, Transport};

/// How long fetched keys are used, in milliseconds; as long as Auth lets them be cached.
const KEPT_MS: i64 = 10 * 60 * 1000;
/// Auth is asked at most this often, in milliseconds, whatever tokens name.
const ASKED_EVERY_MS: i64 = 10 * 1000;
/// How many keys of a set are looked at.
const MOST_KEYS: usize = 32;
/// How long Auth may take to answer, in milliseconds.
const TIMEOUT_MS: u32 = 5000;
/// The longest key set, in bytes.
const LONGEST_SET: usize = 64 * 1024;

/// The keys could not be had, so nothing can be said about the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeysUnavailable;

/// One key, reduced to what a verifier needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    kid: Option<String>,
    algorithm: &'static str,
    /// The JWK with its parameters only, so that no hint in it disturbs an import.
    pub(crate) jwk: Rc<Value>,
}

/// The keys of one project.
pub(crate) struct Keys<H> {
    host: H,
    url: String,
    state: RefCell<State>,
    fetching: Mutex<()>,
}

struct State {
    keys: Rc<[Key]>,
    source: Source,
    asked_ms: Option<i64>,
    failed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Nobody,
    Deployment,
    Auth { at_ms: i64 },
}

impl<H: Transport> Keys<H> {
    /// Starts with the keys of the deployment, if it brings some.
    pub(crate) fn new(host: H, url: String, given: Option<&Value>) -> Self {
        let keys: Rc<[Key]> = given.map(read_set).unwrap_or_default().into();
        let source = if keys.is_empty() {
            Source::Nobody
        } else {
            Source::Deployment
        };
        Self {
            host,
            url,
            state: RefCell::new(State {
                keys,
                source,
                asked_ms: None,
                failed: false,
            }),
            fetching: Mutex::new(()),
        }
    }

    /// The keys that may have signed a token of this algorithm and key id; none when it is
    /// unknown.
    ///
    /// # Errors
    /// Auth cannot be asked and no key at hand fits.
    pub(crate) async fn find(
        &self,
        algorithm: &str,
        kid: Option<&str>,
        now_ms: i64,
    ) -> Result<Vec<Key>, KeysUnavailable> {
        if self.is_fresh(now_ms) {
            let found = self.look_up(algorithm, kid);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        self.refresh(now_ms).await;
        let found = self.look_up(algorithm, kid);
        if found.is_empty() && self.state.borrow().failed {
            return Err(KeysUnavailable);
        }
        Ok(found)
    }

    fn is_fresh(&self, now_ms: i64) -> bool {
        match self.state.borrow().source {
            Source::Nobody => false,
            Source::Deployment => true,
            Source::Auth { at_ms } => now_ms - at_ms < KEPT_MS,
        }
    }

    fn look_up(&self, algorithm: &str, kid: Option<&str>) -> Vec<Key> {
        let state = self.state.borrow();
        let fits =
            |key: &&Key| key.algorithm == algorithm && (kid.is_none() || key.kid.as_deref() == kid);
        state.keys.iter().filter(fits).cloned().collect()
    }

    /// Asks Auth, unless that was done just now. Callers that come while it answers wait for the
    /// same answer.
    async fn refresh(&self, now_ms: i64) {
        let _one_at_a_time = self.fetching.lock().await;
        let asked = self.state.borrow().asked_ms;
        if asked.is_some_and(|at| now_ms - at < ASKED_EVERY_MS) {
            return;
        }
        self.state.borrow_mut().asked_ms = Some(now_ms);
        let fetched = self.fetch().await;
        let mut state = self.state.borrow_mut();
        state.failed = fetched.is_none();
        if let Some(keys) = fetched {
            state.keys = keys.into();
            state.source = Source::Auth { at_ms: now_ms };
        }
    }

    async fn fetch(&self) -> Option<Vec<Key>> {
        let request = HttpRequest {
            method: Method::Get,
            url: self.url.clone(),
            headers: vec![("accept".into(), "application/json".into())],
            body: None,
            timeout_ms: TIMEOUT_MS,
            max_body_bytes: Some(LONGEST_SET),
        };
        let response = self.host.send(request).await.ok()?;
        if response.status != 200 {
            return None;
        }
        let set: Value = serde_json::from_str(&response.body).ok()?;
        set["keys"].is_array().then(|| read_set(&set))
    }
}

fn read_set(set: &Value) -> Vec<Key> {
    let keys = set["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    keys.iter().take(MOST_KEYS).filter_map(read_key).collect()
}

/// Public keys for ES256 and RS256. Symmetric keys are left out on purpose: a set that is
/// published must not make anybody a signer.
fn read_key(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk[name].as_str().filter(|text| !text.is_empty());
    let (algorithm, public) = match text("kty")? {
        "EC" if text("crv")? == "P-256" => (
            "ES256",
            json!({"kty": "EC", "crv": "P-256", "x": text("x")?, "y": text("y")?}),
        ),
        // 2,048 bits are 342 characters in base64url.
        "RSA" if text("n")?.len() >= 342 => (
            "RS256",
            json!({"kty": "RSA", "n": text("n")?, "e": text("e")?}),
        ),
        _ => return None,
    };
    let meant_for_signing = text("use").is_none_or(|purpose| purpose == "sig");
    let same_algorithm = text("alg").is_none_or(|name| name == algorithm);
    (meant_for_signing && same_algorithm).then(|| Key {
        kid: text("kid").map(str::to_string),
        algorithm,
        jwk: Rc::new(public),
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::http::TransportErrorKind;
    use crate::http::script::{Script, answer, fault};

    fn ec(kid: &str) -> Value {
        json!({"kty":"EC","crv":"P-256","kid":kid,"x":"a","y":"b","use":"sig","alg":"ES256","key_ops":["verify"]})
    }

    fn set(kids: &[&str]) -> Value {
        json!({"keys": kids.iter().map(|kid| ec(kid)).collect::<Vec<_>>()})
    }

    fn keys<'a>(script: &'a Script, given: Option<&Value>) -> Keys<&'a Script> {
        Keys::new(script, "https://a.example/jwks.json".into(), given)
    }

    fn count(keys: &Keys<&Script>, kid: &str, now_ms: i64) -> Result<usize, KeysUnavailable> {
        block_on(keys.find("ES256", Some(kid), now_ms)).map(|found| found.len())
    }

    #[test]
    fn given_keys_need_no_question() {
        let script = Script::of([]);
        let keys = keys(&script, Some(&set(&["a", "b"])));
        let found = block_on(keys.find("ES256", Some("a"), 0)).unwrap();
        assert_eq!(
            *found[0].jwk,
            json!({"kty":"EC","crv":"P-256","x":"a","y":"b"})
        );
        assert_eq!(block_on(keys.find("ES256", None, 0)).unwrap().len(), 2);
    }

    #[test]
    fn an_unknown_key_is_asked_for_once_in_ten_seconds() {
        let body = set(&["b"]).to_string();
        let script = Script::of([answer(200, &body), answer(200, &body)]);
        let keys = keys(&script, Some(&set(&["a"])));
        assert_eq!(count(&keys, "b", 1000), Ok(1));
        assert_eq!(count(&keys, "x", 2000), Ok(0));
        assert_eq!(count(&keys, "x", 10_999), Ok(0));
        assert_eq!(script.sent().len(), 1);
        assert_eq!(count(&keys, "x", 11_000), Ok(0));
        assert_eq!(script.sent().len(), 2);
    }

    #[test]
    fn fetched_keys_are_renewed_after_ten_minutes_and_outlive_a_failure() {
        let script = Script::of([
            answer(200, &set(&["a"]).to_string()),
            fault(TransportErrorKind::Network),
            answer(200, &set(&["b"]).to_string()),
        ]);
        let keys = keys(&script, None);
        assert_eq!(count(&keys, "a", 0), Ok(1));
        assert_eq!(count(&keys, "a", KEPT_MS - 1), Ok(1));
        assert_eq!(script.sent().len(), 1);
        assert_eq!(count(&keys, "a", KEPT_MS), Ok(1));
        assert_eq!(count(&keys, "a", KEPT_MS + ASKED_EVERY_MS), Ok(0));
        assert_eq!(script.sent().len(), 3);
    }

    #[test]
    fn without_any_key_nothing_can_be_said() {
        for step in [
            fault(TransportErrorKind::Timeout),
            answer(500, "{}"),
            answer(200, "no"),
            answer(200, "{}"),
        ] {
            let script = Script::of([step]);
            let keys = keys(&script, None);
            assert_eq!(count(&keys, "a", 0), Err(KeysUnavailable));
            assert_eq!(count(&keys, "a", 1), Err(KeysUnavailable));
        }
    }

    #[test]
    fn callers_wait_for_one_answer() {
        let script = Script::of([answer(200, &set(&["a"]).to_string())]);
        let keys = keys(&script, None);
        let (first, second) = block_on(async {
            futures_util::future::join(
                keys.find("ES256", Some("a"), 0),
                keys.find("ES256", Some("a"), 0),
            )
            .await
        });
        assert_eq!((first.unwrap().len(), second.unwrap().len()), (1, 1));
    }

    #[test]
    fn keys_that_cannot_verify_are_left_out() {
        let long = "n".repeat(342);
        let set = json!({"keys": [
            {"kty":"oct","k":"secret","alg":"HS256"},
            {"kty":"EC","crv":"P-384","x":"a","y":"b"},
            {"kty":"EC","crv":"P-256","x":"a"},
            {"kty":"RSA","n":"short","e":"AQAB"},
            {"kty":"RSA","n":long,"e":"AQAB","use":"enc"},
            {"kty":"RSA","n":long,"e":"AQAB","alg":"PS256"},
            {"kty":"RSA","n":long,"e":"AQAB"},
            "nonsense",
        ]});
        let found = read_set(&set);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].algorithm, "RS256");
    }
}
