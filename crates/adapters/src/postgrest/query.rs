//! The parts of a PostgREST query that must be written with care: quoted values, pages by key,
//! and the range it answers with.

use serde_json::Value;
use use_cases::ports::{Bookmark, SortOrder};

/// Quotes a value for a place where commas, dots and brackets mean something, such as `or=(…)`
/// and `in.(…)`.
pub(super) fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// A regular expression that matches this text and nothing else.
pub(super) fn literal_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// Asks for columns under their names on the wire: `model_id` as `modelId`.
pub(super) fn selected(columns: &[&str]) -> String {
    let aliased: Vec<String> = columns
        .iter()
        .map(|column| match camel(column) {
            same if same == *column => same,
            alias => format!("{alias}:{column}"),
        })
        .collect();
    aliased.join(",")
}

/// `snake_case` as `camelCase`.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut words = name.split('_');
    camel.extend(words.next());
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The total order of a list: a column, and a unique one that settles ties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) column: &'static str,
    pub(super) tie: &'static str,
    pub(super) direction: SortOrder,
}

impl Order {
    pub(super) const fn newest_first(column: &'static str, tie: &'static str) -> Order {
        Order {
            column,
            tie,
            direction: SortOrder::Desc,
        }
    }

    /// The value of `order=`.
    pub(super) fn text(&self) -> String {
        let direction = match self.direction {
            SortOrder::Asc => "asc",
            SortOrder::Desc => "desc",
        };
        if self.column == self.tie {
            return format!("{}.{direction}", self.column);
        }
        format!("{}.{direction},{}.{direction}", self.column, self.tie)
    }

    /// Where a page ends whose last row this is. Taken from the row as it came, since the
    /// database's instants are finer than ours.
    pub(super) fn bookmark(&self, row: &Value) -> Bookmark {
        let part = |column| row.get(camel(column)).cloned().unwrap_or_default();
        Bookmark(Value::Array(vec![
            self.column.into(),
            part(self.column),
            part(self.tie),
        ]))
    }

    /// How the list goes on behind a bookmark. `None`: the bookmark is another list's.
    pub(super) fn after(&self, bookmark: &Bookmark) -> Option<After> {
        let [column, value, tie] = bookmark.0.as_array()?.as_slice() else {
            return None;
        };
        if column != self.column {
            return None;
        }
        let (value, tie) = (scalar(value)?, scalar(tie)?);
        let strict = match self.direction {
            SortOrder::Asc => "gt",
            SortOrder::Desc => "lt",
        };
        let (first, second) = (self.column, self.tie);
        let (value_quoted, tie_quoted) = (quoted(&value), quoted(&tie));
        Some(After {
            value,
            or: format!(
                "{first}.{strict}.{value_quoted},and({first}.eq.{value_quoted},{second}.{strict}.{tie_quoted})"
            ),
        })
    }
}

/// How a list goes on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct After {
    /// Bounds the sort column, so that an index serves.
    pub(super) value: String,
    /// The inside of an `or=(…)` that settles ties.
    pub(super) or: String,
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The total in a `Content-Range` header, `0-19/214` or `*/0`; `None` when it was not counted.
pub(super) fn total(content_range: Option<&str>) -> Option<u64> {
    content_range?.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quoting_leaves_no_way_out_of_the_value() {
        assert_eq!(quoted("a,b.c)"), r#""a,b.c)""#);
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(quoted(""), r#""""#);
    }

    #[test]
    fn a_pattern_means_its_letters() {
        assert_eq!(literal_pattern("a.b* c"), r"a\.b\* c");
    }

    #[test]
    fn columns_are_asked_for_under_their_wire_names() {
        assert_eq!(camel("last_saved_at"), "lastSavedAt");
        assert_eq!(camel("name"), "name");
        assert_eq!(selected(&["model_id", "name"]), "modelId:model_id,name");
    }

    #[test]
    fn a_list_goes_on_behind_its_bookmark() {
        let order = Order::newest_first("created_at", "model_id");
        assert_eq!(order.text(), "created_at.desc,model_id.desc");
        let row = json!({"createdAt": "2025-01-01T00:00:00.123456+00:00", "modelId": "m"});
        let after = order.after(&order.bookmark(&row)).unwrap();
        assert_eq!(after.value, "2025-01-01T00:00:00.123456+00:00");
        assert_eq!(
            after.or,
            r#"created_at.lt."2025-01-01T00:00:00.123456+00:00",and(created_at.eq."2025-01-01T00:00:00.123456+00:00",model_id.lt."m")"#
        );
    }

    #[test]
    fn ascending_lists_and_numbers_go_on_upwards() {
        let order = Order {
            column: "position",
            tie: "position",
            direction: SortOrder::Asc,
        };
        assert_eq!(order.text(), "position.asc");
        let after = order
            .after(&order.bookmark(&json!({"position": 7})))
            .unwrap();
        assert_eq!(after.value, "7");
        assert_eq!(
            after.or,
            r#"position.gt."7",and(position.eq."7",position.gt."7")"#
        );
    }

    #[test]
    fn a_bookmark_of_another_list_is_not_understood() {
        let order = Order::newest_first("created_at", "model_id");
        for bookmark in [
            json!(null),
            json!("x"),
            json!(["created_at", "a"]),
            json!(["updated_at", "a", "b"]),
            json!(["created_at", null, "b"]),
            json!(["created_at", "a", {}]),
        ] {
            assert_eq!(order.after(&Bookmark(bookmark)), None);
        }
    }

    #[test]
    fn the_total_stands_behind_the_slash() {
        assert_eq!(total(Some("0-19/214")), Some(214));
        assert_eq!(total(Some("*/0")), Some(0));
        for unknown in [Some("0-19/*"), Some("nonsense"), Some(""), None] {
            assert_eq!(total(unknown), None);
        }
    }
}
