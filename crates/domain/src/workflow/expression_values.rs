//! Values on their way between JSON and expressions.

use std::collections::HashMap;

use cel::objects::Key;
use serde_json::Value;

/// A JSON value as expressions see it: whole numbers are `int`, all others `double`.
///
/// The caller has bounded the nesting.
pub(super) fn from_json(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => cel::Value::Int(whole),
            None => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::from(text.as_str()),
        Value::Array(items) => cel::Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Value::Object(object) => {
            let entries: HashMap<Key, cel::Value> = object
                .iter()
                .map(|(name, value)| (Key::from(name.as_str()), from_json(value)))
                .collect();
            cel::Value::from(entries)
        }
    }
}

/// The result of an expression as JSON, at most `depth` deep.
///
/// # Errors
/// A sentence when the value has no JSON form.
pub(super) fn to_json(value: &cel::Value, depth: usize) -> Result<Value, String> {
    let below = depth
        .checked_sub(1)
        .ok_or_else(|| "The result nests too deep.".to_owned())?;
    match value {
        cel::Value::List(items) => items.iter().map(|item| to_json(item, below)).collect(),
        cel::Value::Map(map) => map
            .map
            .iter()
            .map(|(key, value)| Ok((key.to_string(), to_json(value, below)?)))
            .collect::<Result<_, String>>()
            .map(Value::Object),
        cel::Value::Float(number) if !number.is_finite() => {
            Err("The result is not a finite number.".to_owned())
        }
        cel::Value::String(text) if text.contains('\0') => {
            Err("The result holds U+0000.".to_owned())
        }
        other => other
            .json()
            .map_err(|_| "The result has no JSON form.".to_owned()),
    }
}

/// Items of the longest list, or entries of the largest object, inside a value.
pub(super) fn largest_list(value: &Value) -> usize {
    let mut open = vec![value];
    let mut largest = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => {
                largest = largest.max(items.len());
                open.extend(items);
            }
            Value::Object(object) => {
                largest = largest.max(object.len());
                open.extend(object.values());
            }
            _ => {}
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({"a": [1, -2, 2.5, null, true, "x"], "b": {"c": {}}});
        assert_eq!(to_json(&from_json(&value), 10), Ok(value.clone()));
        assert!(to_json(&from_json(&value), 2).is_err());
        assert_eq!(largest_list(&value), 6);
        let large = to_json(&from_json(&json!(u64::MAX)), 1).unwrap();
        assert_eq!(large, json!(u64::MAX as f64));
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        assert!(to_json(&cel::Value::Float(f64::NAN), 1).is_err());
        assert!(to_json(&cel::Value::from("\0"), 1).is_err());
        assert_eq!(to_json(&cel::Value::UInt(3), 1), Ok(json!(3)));
    }
}
