//! JSON: the one way in and the one way out.
//!
//! Serde copies the code of every type for each format it is read from or written to, and this
//! program has many types. So that there is one copy of each, typed values are read from
//! [`Value`] alone, by [`from_value`], and written by one serializer, to text or to a [`Value`].
//!
//! For the same reason avoid `#[serde(flatten)]`, `untagged` and `tag`: each brings a format of
//! its own along. `#[serde(alias)]` is not understood. `#[serde(deny_unknown_fields)]` describes a
//! type, but whether unknown fields are refused is up to who reads: [`exactly_from_value`].

mod read;
mod write;

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, Expected, Unexpected};
use serde_json::Value;

/// Reads a typed value from text.
///
/// # Errors
/// What is no JSON, or where a field does not fit the type.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_value(value_of(text)?)
}

/// Reads a typed value from JSON. Fields that no type asks for are passed over: what was stored
/// by a newer version can be read.
///
/// # Errors
/// Where a field does not fit the type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    let value = Some(value);
    T::deserialize(read::Reader {
        value,
        exact: false,
    })
}

/// Reads a typed value from JSON. Fields that no type asks for are refused: what somebody asks
/// for is understood or refused.
///
/// # Errors
/// Where a field does not fit the type, or is unknown.
pub fn exactly_from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    let value = Some(value);
    T::deserialize(read::Reader { value, exact: true })
}

/// Writes a typed value as text; its fields keep their order.
pub fn to_text<T: Serialize + ?Sized>(value: &T) -> String {
    write::text(|writer| value.serialize(writer))
}

/// Writes a typed value as JSON.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Value {
    write::value(|writer| value.serialize(writer))
}

fn value_of(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::new(error.to_string()))
}

/// In which way a value does not fit a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Misfit {
    /// A field the type does not have, and those it has.
    UnknownField(String, &'static [&'static str]),
    /// A field that is absent.
    MissingField(&'static str),
    /// A word, and those it may be.
    UnknownVariant(String, &'static [&'static str]),
    /// A value of another type or size than this.
    Expected(String),
    /// Something the type itself says about it, or no JSON at all.
    Other,
}

/// Why JSON cannot be read as a type, and where.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    path: String,
    message: String,
    misfit: Misfit,
    /// Whether a list has too few or too many items.
    is_length: bool,
}

impl Error {
    fn new(message: String) -> Self {
        Self::of(Misfit::Other, message)
    }

    fn of(misfit: Misfit, message: String) -> Self {
        Self(Box::new(Inner {
            path: String::new(),
            message,
            misfit,
            is_length: false,
        }))
    }

    /// A value of the wrong type or size.
    fn unexpected(found: fmt::Arguments, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let message = format!("{found}, expected {expected}");
        Self::of(Misfit::Expected(expected), message)
    }

    fn is_length(&self) -> bool {
        self.0.is_length
    }

    /// The path to the value that does not fit, such as `nodes[3].name`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong with it, for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What is wrong with it, for programs.
    pub fn misfit(&self) -> &Misfit {
        &self.0.misfit
    }

    /// The same error as the container of the value sees it.
    fn under(mut self, place: &str) -> Self {
        let inner = &mut self.0;
        inner.is_length = false;
        let joint = if inner.path.is_empty() || inner.path.starts_with('[') {
            ""
        } else {
            "."
        };
        inner.path = format!("{place}{joint}{}", inner.path);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path)?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::unexpected(format_args!("invalid type: {found}"), expected)
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::unexpected(format_args!("invalid value: {found}"), expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let mut error = Self::unexpected(format_args!("invalid length {length}"), expected);
        error.0.is_length = true;
        error
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let message = format!("unknown field `{field}`{}", one_of(known));
        Self::of(Misfit::UnknownField(field.to_owned(), known), message)
    }

    fn missing_field(field: &'static str) -> Self {
        let message = format!("missing field `{field}`");
        Self::of(Misfit::MissingField(field), message)
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let message = format!("unknown variant `{variant}`{}", one_of(known));
        Self::of(Misfit::UnknownVariant(variant.to_owned(), known), message)
    }
}

/// What would have been right: `, expected one of …`.
fn one_of(known: &[&str]) -> String {
    let listed = known.iter().map(|name| format!("`{name}`"));
    match (known.len(), listed.collect::<Vec<_>>().join(", ")) {
        (0, _) => ", there are none".to_owned(),
        (1, only) => format!(", expected {only}"),
        (_, all) => format!(", expected one of {all}"),
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

#[cfg(test)]
mod tests;
