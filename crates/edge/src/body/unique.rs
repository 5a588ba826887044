//! JSON in which no name stands twice in one object; otherwise one of the values would get lost
//! without a word. The values of fields called `name` come in normal form C.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::below;
use crate::host::normal_form;

/// Why there is no value.
pub(super) enum Fault<E> {
    /// It is no JSON.
    Malformed(E),
    /// The path of a name that stands twice in its object.
    Duplicate(String),
}

/// Reads a value.
pub(super) fn read<'de, D: Deserializer<'de>>(source: D) -> Result<Value, Fault<D::Error>> {
    let duplicate = Cell::default();
    let whole = Unique {
        path: "",
        duplicate: &duplicate,
    };
    let read = whole.deserialize(source);
    read.map_err(|error| match duplicate.take() {
        Some(path) => Fault::Duplicate(path),
        None => Fault::Malformed(error),
    })
}

/// Reads the value at a path.
struct Unique<'a> {
    path: &'a str,
    /// The path of the first name that stands twice.
    duplicate: &'a Cell<Option<String>>,
}

impl Unique<'_> {
    fn below<'a>(&'a self, path: &'a str) -> Unique<'a> {
        Unique {
            path,
            duplicate: self.duplicate,
        }
    }
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
            match items.next_element_seed(self.below(&path))? {
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
                self.duplicate.set(Some(path));
                return Err(A::Error::custom("a name stands twice"));
            }
            let mut value = fields.next_value_seed(self.below(&path))?;
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
