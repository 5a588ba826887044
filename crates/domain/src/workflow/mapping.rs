//! Where a value is found: a dotted path, or an expression in its place.

use crate::sorted::SortedMap;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::expression::Expression;
use crate::error::{Code, DomainError, FieldError, join};
use crate::json;
use crate::limits::{Fields, JsonObject};

/// One side of a mapping.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Mapping {
    /// Names joined by dots; a number picks from a list.
    Path(String),
    /// An expression over the same data.
    Expression(Expression),
}

/// Longest dotted path, in characters.
const MAX_PATH: usize = 500;

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(path) => Ok(Self::Path(path)),
            other => json::from_value(other)
                .map(Self::Expression)
                .map_err(de::Error::custom),
        }
    }
}

impl Mapping {
    /// Reads text or `{"expression": "…"}`.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` when it is neither, blank, too long or does not compile.
    pub fn parse(value: &Value) -> Result<Self, DomainError> {
        match value {
            Value::String(path) => {
                let code = Code::ActionConfigurationInvalid;
                let path = crate::limits::text(path, 1, MAX_PATH, code)?;
                if path.split('.').any(str::is_empty) {
                    return Err(refused("path", "names joined by single dots"));
                }
                Ok(Self::Path(path))
            }
            Value::Object(_) => Expression::parse_json(value).map(Self::Expression),
            _ => Err(refused("type", "a dotted path or an expression")),
        }
    }

    /// Reads a field that holds mappings by name.
    pub(crate) fn read_all(fields: &mut Fields<'_>, name: &str) -> SortedMap<String, Self> {
        let mut mappings = SortedMap::new();
        for (key, value) in fields.object(name).unwrap_or_default() {
            let place = join(name, &key);
            if key.trim().is_empty() {
                fields.broken(&place, "length", 1);
            }
            let mapping = fields.take(&place, Self::parse(&value));
            mappings.extend(mapping.map(|mapping| (key.trim().to_owned(), mapping)));
        }
        mappings
    }

    /// The value found in the data; nothing when the path leads nowhere.
    ///
    /// # Errors
    /// A sentence when an expression cannot be evaluated.
    pub fn find(&self, data: &Value) -> Result<Option<Value>, String> {
        match self {
            Self::Path(path) => Ok(lookup(data, path).cloned()),
            Self::Expression(expression) => expression.evaluate(data).map(Some),
        }
    }

    /// The first name of a path.
    pub fn root(&self) -> Option<&str> {
        match self {
            Self::Path(path) => path.split('.').next(),
            Self::Expression(_) => None,
        }
    }
}

fn refused(rule: &str, limit: &str) -> DomainError {
    DomainError::field(
        Code::ActionConfigurationInvalid,
        "A mapping is a dotted path or an expression.",
        FieldError::new("", rule).limit(limit),
    )
}

/// Follows a dotted path; a part that is a number also picks from a list.
pub fn lookup<'a>(data: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(data, |value, name| match value {
        Value::Object(object) => object.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// What an action puts into the context: its whole result, or what its mapping finds there.
///
/// # Errors
/// A sentence when a path leads nowhere or an expression fails; the attempt has then failed with
/// category `validation`.
pub fn map_output(mapping: &SortedMap<String, Mapping>, result: Value) -> Result<Value, String> {
    if mapping.is_empty() {
        return Ok(result);
    }
    let mut output = JsonObject::new();
    for (name, mapping) in mapping {
        let found = mapping
            .find(&result)
            .map_err(|error| format!("The output {name} cannot be found: {error}"))?;
        let found =
            found.ok_or_else(|| format!("The result holds nothing for the output {name}."))?;
        output.insert(name.clone(), found);
    }
    Ok(Value::Object(output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_through_objects_and_lists() {
        let data = json!({"a": {"b": [1, {"c": 2}], "0": 3}});
        let check = |path: &str, expected: Option<Value>| {
            let mapping = Mapping::parse(&json!(path)).unwrap();
            assert_eq!(mapping.find(&data).unwrap(), expected, "{path}");
        };
        check("a.b.0", Some(json!(1)));
        check("a.b.1.c", Some(json!(2)));
        check("a.0", Some(json!(3)));
        check("a.b.x", None);
        check("a.b.0.c", None);
        check(" z ", None);
        assert_eq!(Mapping::parse(&json!("a.b")).unwrap().root(), Some("a"));
    }

    #[test]
    fn malformed_mappings_are_refused() {
        for bad in [
            json!(""),
            json!("a..b"),
            json!("a."),
            json!(1),
            json!({"expression": "1 +"}),
            json!({"expression": "1", "more": 1}),
        ] {
            assert!(Mapping::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn outputs_are_mapped_by_path_and_expression() {
        let mapping = [
            ("id", json!("order.id")),
            (
                "total",
                json!({"expression": "order.lines.map(l, l.price * l.count)[0]"}),
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Mapping::parse(&value).unwrap()))
        .collect();
        let result = json!({"order": {"id": "o1", "lines": [{"price": 3, "count": 2}]}});
        let output = map_output(&mapping, result.clone()).unwrap();
        assert_eq!(output, json!({"id": "o1", "total": 6}));
        assert!(map_output(&mapping, json!({"order": {"id": 1}})).is_err());
        assert!(map_output(&mapping, json!({})).is_err());
        assert_eq!(
            map_output(&SortedMap::new(), result.clone()).unwrap(),
            result
        );
    }

    #[test]
    fn json_reads_back() {
        for value in [json!("a.b"), json!({"expression": "a + 1"})] {
            let mapping: Mapping = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&mapping).unwrap(), value);
        }
        let expression = Mapping::parse(&json!({"expression": "1"})).unwrap();
        assert_eq!(expression.root(), None);
    }
}
