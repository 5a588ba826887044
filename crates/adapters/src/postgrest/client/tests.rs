use std::collections::HashMap;

use futures::executor::block_on;
use serde_json::json;
use use_cases::ports::{Bookmark, PageRequest};

use super::*;
use crate::http::TransportErrorKind;
use crate::http::script::{Script, StillClock, answer, answer_with, fault};
use crate::postgrest::table::Table;

fn config(secret: &str) -> Config {
    let environment: HashMap<String, String> = [
        ("SUPABASE_URL", "https://a.example"),
        ("SUPABASE_ANON_KEY", "publishable"),
        ("SUPABASE_SERVICE_ROLE_KEY", secret),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    Config::from_map(&environment).unwrap()
}

type Played<'a> = Session<&'a Script, &'a StillClock>;

fn user<'a>(script: &'a Script, clock: &'a StillClock) -> Played<'a> {
    let client = Rc::new(Client::new(script, clock, &config("sb_secret_s")));
    Session::of_user(client, "user.token").unwrap()
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let found = request.headers.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn things() -> Table<Value> {
    Table::new("things", &["thing_id", "created_at"])
}

const BY_AGE: Order = Order::newest_first("created_at", "thing_id");

#[test]
fn a_read_carries_the_user_and_the_publishable_key() {
    let (script, clock) = (Script::of([answer(200, "[]")]), StillClock::default());
    let session = user(&script, &clock);
    let read = things()
        .read(&session)
        .eq("name", "a&b=c,(d)")
        .is("deleted_at", "null");
    let found = block_on(things().find(&session, "things.find", read)).unwrap();
    assert_eq!(found, None);
    let sent = &script.sent()[0];
    assert_eq!(sent.method, Method::Get);
    assert_eq!(
        sent.url,
        "https://a.example/rest/v1/things?select=thingId%3Athing_id%2CcreatedAt%3Acreated_at&name=eq.a%26b%3Dc%2C%28d%29&deleted_at=is.null"
    );
    assert_eq!(header(sent, "apikey"), Some("publishable"));
    assert_eq!(header(sent, "authorization"), Some("Bearer user.token"));
    assert_eq!(header(sent, "range"), Some("0-0"));
    assert_eq!(sent.body, None);
    assert_eq!(sent.timeout_ms, TIMEOUT_MS);
}

#[test]
fn every_filter_is_written_as_postgrest_reads_it() {
    let (script, clock) = (Script::of([answer(200, "[]")]), StillClock::default());
    let session = user(&script, &clock);
    let read = things()
        .read(&session)
        .neq("a", 1)
        .gt("b", 2)
        .gte("c", 3)
        .lt("d", 4)
        .lte("e", 5)
        .any_of("f", &["x,y".into(), "z".into()])
        .contains("g", &json!({"tags": ["a"]}));
    block_on(things().all(&session, "things.all", read)).unwrap();
    let url = url::Url::parse(&script.sent()[0].url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().skip(1).collect();
    let expected = [
        ("a", "neq.1"),
        ("b", "gt.2"),
        ("c", "gte.3"),
        ("d", "lt.4"),
        ("e", "lte.5"),
        ("f", r#"in.("x,y","z")"#),
        ("g", r#"cs.{"tags":["a"]}"#),
    ];
    assert_eq!(
        pairs,
        expected.map(|(name, value)| (name.into(), value.into()))
    );
}

#[test]
fn a_call_carries_the_secret_key_and_nobody_s_token() {
    let (script, clock) = (
        Script::of([answer(200, "7"), answer(204, "")]),
        StillClock::default(),
    );
    let session = user(&script, &clock);
    let arguments = json!({"a": 1});
    let call = || Call {
        function: "f",
        arguments: &arguments,
        repeatable: false,
    };
    assert_eq!(block_on(session.call::<i64>("a.f", call())), Ok(7));
    assert_eq!(
        block_on(session.call::<Option<i64>>("a.f", call())),
        Ok(None)
    );
    let sent = &script.sent()[0];
    assert_eq!(
        (sent.method, sent.url.as_str()),
        (Method::Post, "https://a.example/rest/v1/rpc/f")
    );
    assert_eq!(header(sent, "apikey"), Some("sb_secret_s"));
    assert_eq!(header(sent, "authorization"), None);
    assert_eq!(header(sent, "content-type"), Some("application/json"));
    assert_eq!(sent.body.as_deref(), Some(r#"{"a":1}"#));
}

#[test]
fn a_legacy_key_is_its_own_token() {
    let script = Script::of([answer(200, "[]"), answer(200, "null")]);
    let clock = StillClock::default();
    let client = Rc::new(Client::new(&script, &clock, &config("legacy.jwt.key")));
    let session = Session::of_service(client).clone();
    block_on(things().all(&session, "a", things().read(&session))).unwrap();
    let call = Call {
        function: "f",
        arguments: &json!({}),
        repeatable: true,
    };
    block_on(session.call::<Value>("a", call)).unwrap();
    for sent in script.sent() {
        assert_eq!(header(&sent, "apikey"), Some("legacy.jwt.key"));
        assert_eq!(
            header(&sent, "authorization"),
            Some("Bearer legacy.jwt.key")
        );
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_refused() {
    let (script, clock) = (Script::of([]), StillClock::default());
    let client = Rc::new(Client::new(&script, &clock, &config("sb_secret_s")));
    for bad in ["", "a b", "a\r\nx: y", "ä", "\0"] {
        let refused = Session::of_user(Rc::clone(&client), bad).err().unwrap();
        assert_eq!(refused.kind, PortErrorKind::Forbidden);
    }
}

#[test]
fn a_page_knows_whether_another_one_follows() {
    let row = |n: u32| json!({"thingId": n.to_string(), "createdAt": "t"});
    let rows = |ns: std::ops::Range<u32>| Value::Array(ns.map(row).collect()).to_string();
    let script = Script::of([
        answer_with(206, "content-range", "0-2/5", &rows(0..3)),
        answer(200, &rows(2..4)),
        answer_with(206, "content-range", "0-0/5", &rows(0..1)),
    ]);
    let clock = StillClock::default();
    let session = user(&script, &clock);
    let page = |request| {
        block_on(things().page(&session, "a", things().read(&session), BY_AGE, &request)).unwrap()
    };
    let first = page(PageRequest {
        limit: 2,
        after: None,
        count: true,
    });
    assert_eq!((first.items.len(), first.total), (2, Some(5)));
    assert_eq!(first.next, Some(Bookmark(json!(["created_at", "t", "1"]))));
    let last = page(PageRequest {
        limit: 2,
        after: first.next,
        count: true,
    });
    assert_eq!(
        (last.items.len(), last.next, last.total),
        (2, None, Some(5))
    );
    let sent = script.sent();
    assert_eq!(header(&sent[0], "prefer"), Some("count=exact"));
    assert_eq!(header(&sent[0], "range"), Some("0-2"));
    assert_eq!(header(&sent[1], "prefer"), None);
    let query: Vec<(String, String)> = url::Url::parse(&sent[1].url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    assert_eq!(query[1], ("created_at".into(), "lte.t".into()));
    assert_eq!(
        query[2],
        (
            "or".into(),
            r#"(created_at.lt."t",and(created_at.eq."t",thing_id.lt."1"))"#.into()
        )
    );
    assert_eq!(
        query[3],
        ("order".into(), "created_at.desc,thing_id.desc".into())
    );
    assert!(!sent[2].url.contains("created_at=lte"));
}

#[test]
fn pages_upwards_go_on_above_their_bookmark() {
    let (script, clock) = (Script::of([answer(200, "[]")]), StillClock::default());
    let session = user(&script, &clock);
    let order = Order {
        direction: SortOrder::Asc,
        ..BY_AGE
    };
    let request = PageRequest {
        after: Some(Bookmark(json!(["created_at", "t", "1"]))),
        ..PageRequest::default()
    };
    let read = things().read(&session);
    block_on(things().page(&session, "a", read, order, &request)).unwrap();
    assert!(script.sent()[0].url.contains("created_at=gte.t"));
}

#[test]
fn a_foreign_bookmark_is_not_sent() {
    let (script, clock) = (Script::of([]), StillClock::default());
    let session = user(&script, &clock);
    let request = PageRequest {
        after: Some(Bookmark(json!(["name", "a", "b"]))),
        ..PageRequest::default()
    };
    let read = things().read(&session);
    let error = block_on(things().page(&session, "a", read, BY_AGE, &request)).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
}

#[test]
fn reads_are_repeated_while_the_database_is_away() {
    let script = Script::of([
        answer(503, r#"{"code":"PGRST002"}"#),
        fault(TransportErrorKind::Network),
        answer(200, "[]"),
    ]);
    let clock = StillClock::default();
    let session = user(&script, &clock);
    block_on(things().all(&session, "a", things().read(&session))).unwrap();
    let slept = clock.slept();
    assert_eq!(slept.len(), 2);
    assert!(slept[0] <= 100 && slept[1] <= 200);
}

#[test]
fn repetition_ends_and_spares_what_will_not_change() {
    for (steps, tries) in [
        (vec![answer(500, r#"{"code":"40P01"}"#); 3], 3),
        (vec![answer(500, r#"{"code":"57014"}"#)], 1),
        (vec![answer(400, r#"{"code":"22P02"}"#)], 1),
        (vec![fault(TransportErrorKind::Timeout)], 1),
    ] {
        let (script, clock) = (Script::of(steps), StillClock::default());
        let session = user(&script, &clock);
        assert!(block_on(things().all(&session, "a", things().read(&session))).is_err());
        assert_eq!(script.sent().len(), tries);
    }
}

#[test]
fn commands_are_sent_once() {
    let (script, clock) = (Script::of([answer(503, "")]), StillClock::default());
    let session = user(&script, &clock);
    let call = Call {
        function: "f",
        arguments: &json!({}),
        repeatable: false,
    };
    let error = block_on(session.call::<Value>("a.f", call)).unwrap_err();
    assert!(error.is_temporary());
    assert_eq!(error.operation, "a.f");
    assert_eq!(script.sent().len(), 1);
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let table: Table<HashMap<String, u32>> = Table::new("t", &["thing_id"]);
    let script = Script::of([
        answer(200, r#"[{"thingId":"x"}]"#),
        answer(200, "{}"),
        answer(200, "7"),
    ]);
    let clock = StillClock::default();
    let session = user(&script, &clock);
    let error = block_on(table.find(&session, "a", table.read(&session))).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Corrupt);
    assert!(
        error.detail.starts_with(r#"thingId "x""#),
        "{}",
        error.detail
    );
    let error = block_on(table.find(&session, "a", table.read(&session))).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Corrupt);
    assert!(crate::postgrest::table::parse::<String>("a", json!(7)).is_err());
}
