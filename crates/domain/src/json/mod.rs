//! JSON: the one way in and the one way out.
//!
//! Serde copies the code of every type for each format it is read from or written to, and this
//! program has many types. So that there is one copy of each, typed values are read from
//! [`Value`] alone, by [`from_value`], and written by one serializer, to text or to a [`Value`].
//!
//! For the same reason avoid `#[serde(flatten)]`, `untagged` and `tag`: each brings a format of
//! its own along.

mod read;
mod write;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a typed value from text.
///
/// # Errors
/// What is no JSON, or where a field does not fit the type.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_value(value_of(text)?)
}

/// Reads a typed value from JSON.
///
/// # Errors
/// Where a field does not fit the type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(read::Reader(value))
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

/// Why JSON cannot be read as a type, and where.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    path: String,
    message: String,
}

impl Error {
    fn new(message: String) -> Self {
        let path = String::new();
        Self(Box::new(Inner { path, message }))
    }

    /// The path to the value that does not fit, such as `nodes[3].name`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong with it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same error as the container of the value sees it.
    fn under(mut self, place: &str) -> Self {
        let inner = &mut self.0;
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
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

#[cfg(test)]
mod tests;
