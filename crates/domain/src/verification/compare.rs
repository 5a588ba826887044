//! Stored rows against replayed ones.

use serde::Serialize;
use serde_json::{Map, Value};

/// The most differences that are told of one aggregate; the rest is counted.
pub const MOST_DIFFERENCES: usize = 100;
/// The most characters that are told of a value.
const MOST_CHARACTERS: usize = 500;

/// Where stored and replayed rows differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The table, the row, the column and the place in it, with slashes between.
    pub path: String,
    /// What is stored; absent for what is missing. A long value is cut to its first 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Value>,
    /// What the events say; absent for what should not be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Value>,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The first differences, by path.
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub count: usize,
}

/// Names every difference between stored and replayed rows. An absent column is one that holds
/// nothing; inside of documents, absent and null are two things.
pub fn compare(stored: &Value, replayed: &Value) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.objects("", 0, stored, replayed);
    comparison
}

/// How deep columns are: table, row, column.
const COLUMN: usize = 2;

impl Comparison {
    fn objects(&mut self, path: &str, depth: usize, stored: &Value, replayed: &Value) {
        let none = Map::new();
        let stored = stored.as_object().unwrap_or(&none);
        let replayed = replayed.as_object().unwrap_or(&none);
        let mut names: Vec<&String> = stored.keys().chain(replayed.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let path = match path {
                "" => name.clone(),
                path => format!("{path}/{name}"),
            };
            self.values(&path, depth, stored.get(name), replayed.get(name));
        }
    }

    fn values(&mut self, path: &str, depth: usize, one: Option<&Value>, two: Option<&Value>) {
        let held = |value: &&Value| depth != COLUMN || !value.is_null();
        match (one.filter(held), two.filter(held)) {
            (Some(one @ Value::Object(_)), Some(two @ Value::Object(_))) => {
                self.objects(path, depth + 1, one, two);
            }
            // A table none of whose rows is there names each of them.
            (Some(one @ Value::Object(_)), None) if depth == 0 => {
                self.objects(path, 1, one, &Value::Null);
            }
            (None, Some(two @ Value::Object(_))) if depth == 0 => {
                self.objects(path, 1, &Value::Null, two);
            }
            (Some(Value::Array(one)), Some(Value::Array(two))) if one.len() == two.len() => {
                for (place, (one, two)) in one.iter().zip(two).enumerate() {
                    self.values(&format!("{path}/{place}"), depth + 1, Some(one), Some(two));
                }
            }
            (one, two) if same(one, two) => {}
            (one, two) => self.add(path, one, two),
        }
    }

    fn add(&mut self, path: &str, stored: Option<&Value>, replayed: Option<&Value>) {
        self.count += 1;
        if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(Difference {
                path: path.to_owned(),
                stored: stored.map(shown),
                replayed: replayed.map(shown),
            });
        }
    }
}

/// Numbers are the same however they are written.
fn same(one: Option<&Value>, two: Option<&Value>) -> bool {
    match (one, two) {
        (Some(Value::Number(one)), Some(Value::Number(two))) => {
            one == two || (one.is_f64() || two.is_f64()) && one.as_f64() == two.as_f64()
        }
        (one, two) => one == two,
    }
}

fn shown(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => value.to_string(),
        _ => return value.clone(),
    };
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => value.clone(),
        Some((end, _)) => Value::String(format!("{}…", &text[..end])),
    }
}
