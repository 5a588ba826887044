//! JSON in which no name stands twice in one object; otherwise one of the values would get lost
//! without a word. The values of fields called `name` come in normal form C.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::below;
use crate::host::normal_form;

/// Reads a value.
///
/// # Errors
/// What is no JSON, and "duplicate field" with the path of a name that stands there twice.
pub(super) fn read<'de, D: Deserializer<'de>>(source: D) -> Result<Value, D::Error> {
    Unique { path: "" }.deserialize(source)
}

/// Reads the value at a path.
struct Unique<'a> {
    path: &'a str,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, list.len());
            match items.next_element_seed(Unique { path: &path })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = below(self.path, &name);
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{path}`")));
            }
            let mut value = fields.next_value_seed(Unique { path: &path })?;
            match &mut value {
                Value::String(text) if name == "name" && !text.is_ascii() => {
                    *text = normal_form(text);
                }
                _ => {}
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
