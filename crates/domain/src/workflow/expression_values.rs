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

/// How large a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Bytes it takes, estimated from above.
    pub(super) bytes: usize,
    /// Bytes of the largest item of a list, or entry of an object, inside it.
    pub(super) largest_item: usize,
    /// Items of the longest list, or entries of the largest object, inside it.
    pub(super) longest_list: usize,
}

/// Weighs a value; the caller has bounded the nesting.
pub(super) fn weigh(value: &Value) -> Weight {
    let mut whole = Weight {
        bytes: 64,
        ..Weight::default()
    };
    let mut add = |item: Weight, name: usize| {
        whole.bytes += item.bytes + name;
        whole.largest_item = whole
            .largest_item
            .max(item.largest_item)
            .max(item.bytes + name);
        whole.longest_list = whole.longest_list.max(item.longest_list);
    };
    let items = match value {
        Value::Array(items) => {
            items.iter().for_each(|item| add(weigh(item), 0));
            items.len()
        }
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(name, item)| add(weigh(item), name.len() + 32));
            object.len()
        }
        Value::String(text) => {
            whole.bytes += text.len();
            0
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    whole.longest_list = whole.longest_list.max(items);
    whole
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
        let weight = weigh(&value);
        assert_eq!(weight.longest_list, 6);
        assert!(weight.largest_item > 64 * 6 && weight.bytes > weight.largest_item);
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
