use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::patch::Patch;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    name: String,
    lines: Vec<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    extra: Value,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    count: u8,
    price: f64,
    change: i32,
    kind: Kind,
    pair: (bool, char),
    sizes: BTreeMap<String, Option<Id>>,
    nothing: (),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Named(String),
    Pair(u8, u8),
    Sized { width: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id(u64);

fn order() -> Order {
    let line = |kind| Line {
        count: 3,
        price: 0.1,
        change: -4,
        kind,
        pair: (true, 'ß'),
        sizes: BTreeMap::from([("a".to_owned(), None), ("b".to_owned(), Some(Id(u64::MAX)))]),
        nothing: (),
    };
    Order {
        name: "a \"quoted\" \\ name\n\t\u{1}\u{8} ü".to_owned(),
        lines: vec![
            line(Kind::Plain),
            line(Kind::Named("n".to_owned())),
            line(Kind::Pair(1, 2)),
            line(Kind::Sized { width: 7 }),
        ],
        note: None,
        extra: json!({"list": [1, -1, 1.5, null, false, {}, []]}),
    }
}

#[test]
fn what_is_written_is_what_serde_json_writes_and_reads_back() {
    let text = to_text(&order());
    assert_eq!(text, serde_json::to_string(&order()).unwrap());
    assert_eq!(to_value(&order()), serde_json::to_value(order()).unwrap());
    assert_eq!(from_text::<Order>(&text).unwrap(), order());
    assert_eq!(from_value::<Order>(to_value(&order())).unwrap(), order());
}

#[test]
fn scalars_stand_alone() {
    assert_eq!(to_text(&1_u8), "1");
    assert_eq!(to_text("a"), "\"a\"");
    assert_eq!(to_text(&f64::NAN), "null");
    assert_eq!(to_value(&Vec::<u8>::new()), json!([]));
    assert_eq!(from_text::<Option<bool>>("null").unwrap(), None);
}

fn check_exactly<T: DeserializeOwned + std::fmt::Debug>(text: &str, path: &str, message: &str) {
    let error = exactly_from_value::<T>(value_of(text).unwrap()).unwrap_err();
    assert_eq!((error.path(), error.message()), (path, message), "{text}");
}

fn check<T: DeserializeOwned + std::fmt::Debug>(text: &str, path: &str, message: &str) {
    let error = from_text::<T>(text).unwrap_err();
    assert_eq!((error.path(), error.message()), (path, message), "{text}");
}

#[test]
fn an_error_says_where() {
    let line = |fields: &str| format!("{{\"name\":\"a\",\"lines\":[1,{{{fields}}}],\"extra\":1}}");
    check::<Order>(
        &line(""),
        "lines[0]",
        "invalid type: integer `1`, expected struct Line",
    );
    check::<Vec<Line>>(
        "[{\"count\":300}]",
        "[0].count",
        "invalid value: integer `300`, expected u8",
    );
    check::<Vec<Line>>(
        "[{\"count\":1.5}]",
        "[0].count",
        "invalid type: floating point `1.5`, expected u8",
    );
    check::<Vec<BTreeMap<String, Option<Id>>>>(
        "[{\"a\":[]}]",
        "[0].a",
        "invalid type: sequence, expected u64",
    );
    check_exactly::<Order>(
        "{\"nam\":1}",
        "",
        "unknown field `nam`, expected one of `name`, `lines`, `note`, `extra`",
    );
    check::<Order>(
        "{\"name\":null}",
        "name",
        "invalid type: null, expected a string",
    );
    check::<Order>("{}", "", "missing field `name`");
    check::<Order>("[]", "", "invalid type: sequence, expected struct Order");
    check::<(u8, u8)>(
        "[1,2,3]",
        "",
        "invalid length 3, expected fewer elements in the list",
    );
    check::<Kind>(
        "\"Other\"",
        "",
        "unknown variant `Other`, expected one of `Plain`, `Named`, `Pair`, `Sized`",
    );
    check::<Order>("{", "", "EOF while parsing an object at line 1 column 1");
    let error = from_text::<Order>("{\"name\":null}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "name: invalid type: null, expected a string"
    );
}

#[test]
fn absent_empty_and_unknown_fields_are_told_apart() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Changes {
        note: Option<String>,
        #[serde(default)]
        limit: Patch<u8>,
        #[serde(default = "seven")]
        count: u8,
    }
    fn seven() -> u8 {
        7
    }
    let read = |value| from_value::<Changes>(value).unwrap();
    let changes = |limit, count| Changes {
        note: None,
        limit,
        count,
    };
    assert_eq!(read(json!({"odd": 1})), changes(Patch::Keep, 7));
    let cleared = json!({"note": null, "limit": null, "count": 8});
    assert_eq!(read(cleared), changes(Patch::Clear, 8));
    assert_eq!(read(json!({"limit": 3})), changes(Patch::Set(3), 7));
    check_exactly::<Vec<Changes>>(
        "[{}, {\"odd\": 1}]",
        "[1]",
        "unknown field `odd`, expected one of `note`, `limit`, `count`",
    );
    check::<Vec<Changes>>(
        "[{\"count\": null}]",
        "[0].count",
        "invalid type: null, expected u8",
    );
}

#[test]
fn a_whole_number_may_be_written_with_an_empty_fraction() {
    let count = |text: &str| exactly_from_value::<i64>(from_text(text).unwrap());
    assert_eq!(count("5.0").unwrap(), 5);
    assert_eq!(count("-4e3").unwrap(), -4000);
    assert!(count("1e19").is_err());
    assert!(count("0.5").is_err());
    let small = exactly_from_value::<u8>(from_text("300.0").unwrap());
    assert!(small.is_err());
}
