//! Typed values to text or to a [`Value`].
//!
//! The serializer tells a [`Sink`] what it meets, one [`Token`] after the other.

use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Map, Number, Value};

use super::Error;

/// Runs `written` with a writer of text.
pub(super) fn text(written: impl FnOnce(Writer<'_>) -> Result<(), Error>) -> String {
    let mut text = Text::default();
    // Nothing here refuses to be written; a type that did would leave its text unfinished.
    let _ = written(Writer(&mut text));
    text.text
}

/// Runs `written` with a writer of a [`Value`].
pub(super) fn value(written: impl FnOnce(Writer<'_>) -> Result<(), Error>) -> Value {
    let mut tree = Tree::default();
    let _ = written(Writer(&mut tree));
    tree.root
}

/// One thing that a JSON text is made of.
enum Token<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    Name(&'a str),
    OpenList,
    OpenObject,
    Close,
}

/// Where tokens go.
trait Sink {
    fn put(&mut self, token: Token<'_>);
}

/// Makes text of tokens.
#[derive(Default)]
struct Text {
    text: String,
    closers: String,
    /// Whether the next token needs a comma before it.
    follows: bool,
}

impl Sink for Text {
    fn put(&mut self, token: Token<'_>) {
        if self.follows && !matches!(token, Token::Close) {
            self.text.push(',');
        }
        self.follows = !matches!(token, Token::Name(_) | Token::OpenList | Token::OpenObject);
        match token {
            Token::Null => self.text.push_str("null"),
            Token::Bool(flag) => self.text.push_str(if flag { "true" } else { "false" }),
            Token::Number(number) => {
                let _ = write!(self.text, "{number}");
            }
            Token::Text(text) => quote(text, &mut self.text),
            Token::Name(name) => {
                quote(name, &mut self.text);
                self.text.push(':');
            }
            Token::OpenList => {
                self.text.push('[');
                self.closers.push(']');
            }
            Token::OpenObject => {
                self.text.push('{');
                self.closers.push('}');
            }
            Token::Close => self.text.extend(self.closers.pop()),
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..0x20 => b'u',
            _ => continue,
        };
        out.push_str(&text[plain..index]);
        plain = index + 1;
        out.push('\\');
        out.push(char::from(short));
        if short == b'u' {
            let _ = write!(out, "{byte:04x}");
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Makes a [`Value`] of tokens.
#[derive(Default)]
struct Tree {
    root: Value,
    /// The containers that are open around `root`, each with the name that `root` has there.
    open: Vec<(Value, String)>,
    name: String,
}

impl Sink for Tree {
    fn put(&mut self, token: Token<'_>) {
        let value = match token {
            Token::Null => Value::Null,
            Token::Bool(flag) => Value::Bool(flag),
            Token::Number(number) => Value::Number(number),
            Token::Text(text) => Value::String(text.to_owned()),
            Token::Name(name) => {
                self.name = name.to_owned();
                return;
            }
            Token::OpenList => return self.enter(Value::Array(Vec::new())),
            Token::OpenObject => return self.enter(Value::Object(Map::new())),
            Token::Close => match self.open.pop() {
                Some((around, name)) => {
                    self.name = name;
                    std::mem::replace(&mut self.root, around)
                }
                None => return,
            },
        };
        match &mut self.root {
            Value::Array(items) => items.push(value),
            Value::Object(fields) => {
                fields.insert(std::mem::take(&mut self.name), value);
            }
            root => *root = value,
        }
    }
}

impl Tree {
    fn enter(&mut self, container: Value) {
        let around = std::mem::replace(&mut self.root, container);
        self.open.push((around, std::mem::take(&mut self.name)));
    }
}

/// The only serializer of typed values.
pub(super) struct Writer<'a>(&'a mut dyn Sink);

impl<'a> Writer<'a> {
    fn token(self, token: Token<'_>) -> Result<(), Error> {
        self.0.put(token);
        Ok(())
    }

    fn open(self, token: Token<'_>) -> Result<Open<'a>, Error> {
        self.0.put(token);
        Ok(Open {
            sink: self.0,
            depth: 1,
        })
    }

    /// Opens the object that names a variant, and the container of its data.
    fn open_variant(self, name: &str, token: Token<'_>) -> Result<Open<'a>, Error> {
        self.0.put(Token::OpenObject);
        self.0.put(Token::Name(name));
        self.0.put(token);
        Ok(Open {
            sink: self.0,
            depth: 2,
        })
    }
}

/// A container that is being written.
pub(super) struct Open<'a> {
    sink: &'a mut dyn Sink,
    /// How many containers end with this one.
    depth: u8,
}

impl Open<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer(self.sink))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.sink.put(Token::Name(name));
        self.item(value)
    }

    fn close(self) -> Result<(), Error> {
        for _ in 0..self.depth {
            self.sink.put(Token::Close);
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty,)*) => {
        $(
            fn $method(self, number: $type) -> Result<(), Error> {
                self.token(Token::Number(number.into()))
            }
        )*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    numbers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
    }

    fn serialize_bool(self, flag: bool) -> Result<(), Error> {
        self.token(Token::Bool(flag))
    }

    fn serialize_f32(self, number: f32) -> Result<(), Error> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Error> {
        // JSON knows neither infinity nor "not a number".
        self.token(Number::from_f64(number).map_or(Token::Null, Token::Number))
    }

    fn serialize_char(self, character: char) -> Result<(), Error> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.token(Token::Text(text))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        bytes.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.token(Token::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.token(Token::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.token(Token::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.token(Token::Text(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut open = self.open(Token::OpenObject)?;
        open.field(variant, value)?;
        open.close()
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Open<'a>, Error> {
        self.open(Token::OpenList)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Open<'a>, Error> {
        self.open(Token::OpenList)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open(Token::OpenList)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open_variant(variant, Token::OpenList)
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Open<'a>, Error> {
        self.open(Token::OpenObject)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Open<'a>, Error> {
        self.open(Token::OpenObject)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Open<'a>, Error> {
        self.open_variant(variant, Token::OpenObject)
    }
}

macro_rules! lists {
    ($($kind:ident: $method:ident,)*) => {
        $(
            impl $kind for Open<'_> {
                type Ok = ();
                type Error = Error;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                    self.item(value)
                }

                fn end(self) -> Result<(), Error> {
                    self.close()
                }
            }
        )*
    };
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! structs {
    ($($kind:ident,)*) => {
        $(
            impl $kind for Open<'_> {
                type Ok = ();
                type Error = Error;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), Error> {
                    self.field(name, value)
                }

                fn end(self) -> Result<(), Error> {
                    self.close()
                }
            }
        )*
    };
}

structs! {
    SerializeStruct,
    SerializeStructVariant,
}

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let name = match super::to_value(key) {
            Value::String(name) => name,
            other => other.to_string(),
        };
        self.sink.put(Token::Name(&name));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
