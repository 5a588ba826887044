//! Typed values from a [`Value`].

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value, map};

use super::Error;

/// The only deserializer of typed values.
pub(super) struct Reader(pub(super) Value);

/// Calls the one method of a visitor that fits a scalar, so that the others are not compiled.
macro_rules! scalars {
    ($($method:ident => $take:ident,)*) => {
        $(
            fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
                $take(self.0, visitor)
            }
        )*
    };
}

fn number<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::Number(number) => visit_number(&number, visitor),
        other => Err(misfit(&other, &visitor)),
    }
}

fn visit_number<V: Visitor<'static>>(number: &Number, visitor: V) -> Result<V::Value, Error> {
    if let Some(number) = number.as_u64() {
        visitor.visit_u64(number)
    } else if let Some(number) = number.as_i64() {
        visitor.visit_i64(number)
    } else {
        visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
    }
}

fn text<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::String(text) => visitor.visit_string(text),
        other => Err(misfit(&other, &visitor)),
    }
}

fn boolean<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::Bool(flag) => visitor.visit_bool(flag),
        other => Err(misfit(&other, &visitor)),
    }
}

fn nothing<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::Null => visitor.visit_unit(),
        other => Err(misfit(&other, &visitor)),
    }
}

fn list<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::Array(items) => {
            let mut items = Items::new(items);
            let read = visitor.visit_seq(&mut items)?;
            items.end().map(|()| read)
        }
        other => Err(misfit(&other, &visitor)),
    }
}

fn object<V: Visitor<'static>>(value: Value, visitor: V) -> Result<V::Value, Error> {
    match value {
        Value::Object(fields) => visitor.visit_map(&mut Fields::new(fields)),
        other => Err(misfit(&other, &visitor)),
    }
}

fn misfit(value: &Value, expected: &dyn Expected) -> Error {
    let found = match value {
        Value::Null => return Error::new(format!("invalid type: null, expected {expected}")),
        Value::Bool(flag) => Unexpected::Bool(*flag),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (None, Some(number)) => Unexpected::Signed(number),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    };
    Error::invalid_type(found, expected)
}

impl Deserializer<'static> for Reader {
    type Error = Error;

    scalars! {
        deserialize_bool => boolean,
        deserialize_i8 => number,
        deserialize_i16 => number,
        deserialize_i32 => number,
        deserialize_i64 => number,
        deserialize_u8 => number,
        deserialize_u16 => number,
        deserialize_u32 => number,
        deserialize_u64 => number,
        deserialize_f32 => number,
        deserialize_f64 => number,
        deserialize_char => text,
        deserialize_str => text,
        deserialize_string => text,
        deserialize_bytes => list,
        deserialize_byte_buf => list,
        deserialize_unit => nothing,
        deserialize_seq => list,
        deserialize_map => object,
        deserialize_identifier => text,
    }

    fn deserialize_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => visit_number(&number, visitor),
            Value::String(text) => visitor.visit_string(text),
            value @ Value::Array(_) => list(value, visitor),
            value @ Value::Object(_) => object(value, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        nothing(self.0, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'static>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        list(self.0, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        list(self.0, visitor)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        object(self.0, visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, data) = match self.0 {
            Value::String(name) => (name, Value::Null),
            Value::Object(fields) if fields.len() == 1 => {
                fields.into_iter().next().unwrap_or_default()
            }
            other => return Err(misfit(&other, &visitor)),
        };
        visitor.visit_enum(Variant { name, data })
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The fields of an object; errors inside of them get their names.
struct Fields {
    rest: map::IntoIter,
    current: Option<(String, Value)>,
}

impl Fields {
    fn new(fields: Map<String, Value>) -> Self {
        Self {
            rest: fields.into_iter(),
            current: None,
        }
    }
}

impl MapAccess<'static> for &mut Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'static>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.rest.next();
        match &self.current {
            Some((name, _)) => seed
                .deserialize(name.as_str().into_deserializer())
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, value) = self.current.take().unwrap_or_default();
        seed.deserialize(Reader(value))
            .map_err(|error| error.under(&name))
    }
}

/// The items of a list; errors inside of them get their places.
struct Items {
    rest: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Items {
    fn new(items: Vec<Value>) -> Self {
        Self {
            rest: items.into_iter(),
            taken: 0,
        }
    }

    fn end(&self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(Error::invalid_length(
                self.taken + more,
                &"fewer elements in the list",
            )),
        }
    }
}

impl SeqAccess<'static> for &mut Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'static>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.rest.next() else {
            return Ok(None);
        };
        let index = self.taken;
        self.taken += 1;
        seed.deserialize(Reader(value))
            .map(Some)
            .map_err(|error| error.under(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant by name, with its data; `null` where it has none.
struct Variant {
    name: String,
    data: Value,
}

impl EnumAccess<'static> for Variant {
    type Error = Error;
    type Variant = Reader;

    fn variant_seed<V: DeserializeSeed<'static>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader), Error> {
        let name = seed.deserialize(self.name.as_str().into_deserializer())?;
        Ok((name, Reader(self.data)))
    }
}

impl VariantAccess<'static> for Reader {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'static>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'static>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        list(self.0, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        object(self.0, visitor)
    }
}
