//! What the tests of the collections share: a session over a script, and looks at what was sent.

use std::collections::HashMap;
use std::rc::Rc;

use domain::ids::UserId;
use serde_json::Value;
use use_cases::context::{Actor, Context, Idempotency, StoredAnswer};
use uuid::Uuid;

use super::client::{Client, Session};
use crate::config::Config;
use crate::http::HttpRequest;
use crate::http::script::{Script, StillClock};

/// A session over a script.
pub(crate) type Played<'a> = Session<&'a Script, &'a StillClock>;

pub(crate) const ID: &str = "0198c0de-0000-7000-8000-00000000000a";
pub(crate) const WHEN: &str = "2025-01-01T00:00:00.123456+00:00";

pub(crate) fn config() -> Config {
    let environment: HashMap<String, String> = [
        ("SUPABASE_URL", "https://a.example"),
        (
            "SUPABASE_PUBLISHABLE_KEYS",
            r#"{"default":"sb_publishable_p"}"#,
        ),
        ("SUPABASE_SECRET_KEYS", r#"{"default":"sb_secret_s"}"#),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    Config::from_map(&environment).unwrap()
}

pub(crate) fn session<'a>(script: &'a Script, clock: &'a StillClock) -> Played<'a> {
    let client = Rc::new(Client::new(script, clock, &config()));
    Session::of_user(client, "user.token").unwrap()
}

pub(crate) fn context() -> Context {
    let actor = Actor::user(UserId::from_uuid(Uuid::from_u128(7)));
    Context {
        traceparent: Some("00-a-b-01".into()),
        idempotency: Some(Idempotency {
            key: "k".into(),
            path: "/p".into(),
            body_hash: "h".into(),
        }),
        ..Context::new(actor, "request-1")
    }
}

pub(crate) fn kept() -> Option<StoredAnswer> {
    Some(StoredAnswer(serde_json::json!({"status": 201})))
}

/// The path behind `/rest/v1/` and the query of a request, decoded.
pub(crate) fn asked(request: &HttpRequest) -> (String, Vec<(String, String)>) {
    let url = url::Url::parse(&request.url).unwrap();
    let path = url.path().strip_prefix("/rest/v1/").unwrap().to_string();
    (path, url.query_pairs().into_owned().collect())
}

/// The value of one query parameter.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let (_, query) = asked(request);
    let found = query.into_iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

/// The body of a call.
pub(crate) fn body(request: &HttpRequest) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}
