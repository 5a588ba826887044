//! Typed values from a [`Value`].

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value, map};

use super::Error;

/// The only deserializer of typed values.
pub(super) struct Reader {
    /// What is read; nothing stands for a field that is absent.
    pub(super) value: Option<Value>,
    /// Whether fields that no type asks for are refused.
    pub(super) exact: bool,
}

/// Calls the one method of a visitor that fits a scalar, so that the others are not compiled.
macro_rules! scalars {
    ($($method:ident => $take:ident,)*) => {
        $(
            fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
                $take(self, visitor)
            }
        )*
    };
}

fn number<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Number(number)) => visit_number(&number, visitor),
        other => Err(misfit(other, &visitor)),
    }
}

/// Whole numbers, also those that are written with an empty fraction: `5.0` is the number 5.
fn whole<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match &reader.value {
        Some(Value::Number(number)) => match without_fraction(number) {
            Some(whole) => visitor.visit_i64(whole),
            None => visit_number(number, visitor),
        },
        _ => Err(misfit(reader.value, &visitor)),
    }
}

/// The number behind one such as `5.0`.
fn without_fraction(number: &Number) -> Option<i64> {
    /// Numbers below this one fit; it is a power of two and therefore exact.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let number = number.as_f64().filter(|_| number.is_f64())?;
    (number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
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

fn text<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::String(text)) => visitor.visit_string(text),
        other => Err(misfit(other, &visitor)),
    }
}

fn boolean<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Bool(flag)) => visitor.visit_bool(flag),
        other => Err(misfit(other, &visitor)),
    }
}

fn nothing<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Null) => visitor.visit_unit(),
        other => Err(misfit(other, &visitor)),
    }
}

fn list<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Array(items)) => {
            let mut items = Items {
                rest: items.into_iter(),
                taken: 0,
                exact: reader.exact,
            };
            let read = visitor.visit_seq(&mut items)?;
            items.end().map(|()| read)
        }
        other => Err(misfit(other, &visitor)),
    }
}

fn object<V: Visitor<'static>>(reader: Reader, visitor: V) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Object(fields)) => visitor.visit_map(&mut Entries {
            rest: fields.into_iter(),
            current: Value::Null,
            name: String::new(),
            exact: reader.exact,
        }),
        other => Err(misfit(other, &visitor)),
    }
}

/// Reads the fields of a struct in the order in which it declares them, as if they were a list:
/// half the code of reading them by name in any order.
fn fields<V: Visitor<'static>>(
    reader: Reader,
    names: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Error> {
    match reader.value {
        Some(Value::Object(object)) => {
            let mut fields = Fields {
                object,
                names: names.iter(),
                last: "",
                exact: reader.exact,
            };
            fields.check()?;
            visitor
                .visit_seq(&mut fields)
                .map_err(|error| fields.named(error))
        }
        other => Err(misfit(other, &visitor)),
    }
}

fn misfit(value: Option<Value>, expected: &dyn Expected) -> Error {
    let found = match &value {
        None => return Error::new(String::new()),
        Some(Value::Null) => Unexpected::Other("null"),
        Some(Value::Bool(flag)) => Unexpected::Bool(*flag),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (None, Some(number)) => Unexpected::Signed(number),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Some(Value::String(text)) => Unexpected::Str(text),
        Some(Value::Array(_)) => Unexpected::Seq,
        Some(Value::Object(_)) => Unexpected::Map,
    };
    Error::invalid_type(found, expected)
}

impl Deserializer<'static> for Reader {
    type Error = Error;

    scalars! {
        deserialize_bool => boolean,
        deserialize_i8 => whole,
        deserialize_i16 => whole,
        deserialize_i32 => whole,
        deserialize_i64 => whole,
        deserialize_u8 => whole,
        deserialize_u16 => whole,
        deserialize_u32 => whole,
        deserialize_u64 => whole,
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
        match self.value {
            Some(Value::Null) => visitor.visit_unit(),
            Some(Value::Bool(flag)) => visitor.visit_bool(flag),
            Some(Value::Number(number)) => visit_number(&number, visitor),
            Some(Value::String(text)) => visitor.visit_string(text),
            Some(Value::Array(_)) => list(self, visitor),
            Some(Value::Object(_)) => object(self, visitor),
            None => Err(misfit(None, &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            None | Some(Value::Null) => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        nothing(self, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            // What wraps an option may tell an absent field from an empty one.
            None => Err(misfit(None, &visitor)),
            Some(_) => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'static>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        list(self, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        list(self, visitor)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        _name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        fields(self, names, visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, value) = match self.value {
            Some(Value::String(name)) => (name, Value::Null),
            Some(Value::Object(fields)) if fields.len() == 1 => {
                fields.into_iter().next().unwrap_or_default()
            }
            other => return Err(misfit(other, &visitor)),
        };
        let data = Reader {
            value: Some(value),
            exact: self.exact,
        };
        visitor.visit_enum(Variant { name, data })
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The fields of an object whose names are known; errors inside of them get these names.
struct Fields {
    object: Map<String, Value>,
    names: std::slice::Iter<'static, &'static str>,
    /// The field that was asked for last.
    last: &'static str,
    exact: bool,
}

impl Fields {
    fn check(&self) -> Result<(), Error> {
        let names = self.names.as_slice();
        let mut given = self.object.keys();
        match given.find(|name| self.exact && !names.contains(&name.as_str())) {
            Some(unknown) => Err(Error::unknown_field(unknown, names)),
            None => Ok(()),
        }
    }

    /// A list that ends too early is a field that is missing.
    fn named(&self, error: Error) -> Error {
        if error.is_length() {
            Error::missing_field(self.last)
        } else {
            error
        }
    }
}

impl SeqAccess<'static> for &mut Fields {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'static>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.last = self.names.next().copied().unwrap_or_default();
        let value = self.object.remove(self.last);
        let absent = value.is_none();
        let exact = self.exact;
        match seed.deserialize(Reader { value, exact }) {
            Ok(value) => Ok(Some(value)),
            Err(_) if absent => Ok(None),
            Err(error) => Err(error.under(self.last)),
        }
    }
}

/// The entries of a map; errors inside of them get their names.
struct Entries {
    rest: map::IntoIter,
    name: String,
    current: Value,
    exact: bool,
}

impl MapAccess<'static> for &mut Entries {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'static>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        (self.name, self.current) = (name, value);
        seed.deserialize(self.name.as_str().into_deserializer())
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = Some(self.current.take());
        let exact = self.exact;
        seed.deserialize(Reader { value, exact })
            .map_err(|error| error.under(&self.name))
    }
}

/// The items of a list; errors inside of them get their places.
struct Items {
    rest: std::vec::IntoIter<Value>,
    taken: usize,
    exact: bool,
}

impl Items {
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
        let value = self.rest.next();
        if value.is_none() {
            return Ok(None);
        }
        let index = self.taken;
        self.taken += 1;
        let exact = self.exact;
        seed.deserialize(Reader { value, exact })
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
    data: Reader,
}

impl EnumAccess<'static> for Variant {
    type Error = Error;
    type Variant = Reader;

    fn variant_seed<V: DeserializeSeed<'static>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader), Error> {
        let name = seed.deserialize(self.name.as_str().into_deserializer())?;
        Ok((name, self.data))
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
        list(self, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        fields(self, names, visitor)
    }
}
