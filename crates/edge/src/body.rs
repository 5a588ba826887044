//! Bodies: strict JSON. What is not understood is refused, with its place.

mod unique;

use domain::error::FieldError;
use domain::json::{self, Misfit};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::request::{Body, Request};
use unique::Fault;

/// The longest body of most routes, in bytes.
pub(crate) const USUAL_BYTES: usize = 1024 * 1024;
/// The longest body of bulk edits and imports, in bytes.
pub(crate) const LONG_BYTES: usize = crate::request::MAX_BODY_BYTES;
/// How deep objects and lists may be nested in each other.
const MAX_DEPTH: usize = 64;

/// Reads the body of a command; an empty one stands for `{}`.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE` before anything is parsed, otherwise `INVALID_REQUEST` with the place:
/// line and column of what is no JSON, or path and rule of a field that does not fit.
pub(crate) fn decode<T: DeserializeOwned>(
    request: &Request,
    max_bytes: usize,
) -> Result<T, Problem> {
    let value = read(request, max_bytes)?;
    json::exactly_from_value(value).map_err(|error| misfit(&error))
}

/// Reads the body as an object that no type was laid on yet.
///
/// # Errors
/// As [`decode`], but for fields.
pub(crate) fn read(request: &Request, max_bytes: usize) -> Result<Value, Problem> {
    let bytes = match &request.body {
        Body::Whole(bytes) if bytes.len() <= max_bytes => bytes.as_slice(),
        _ => return Err(Problem::payload_too_large(max_bytes)),
    };
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let detail = "The body must be of the type application/json.";
        return Err(Problem::invalid_field("content-type", "format", detail));
    }
    survey(bytes)?;
    object(bytes)
}

/// What JSON allows and a database or a stack does not: U+0000, and nesting without end.
fn survey(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'u' if in_text && escaped && bytes[index + 1..].starts_with(b"0000") => {
                let detail = format!("Text must not contain U+0000 ({}).", place(bytes, index));
                let text = std::str::from_utf8(bytes).unwrap_or_default();
                let field = json::from_text(text).ok().and_then(|value| nul(&value, ""));
                return Err(Problem::invalid_field(
                    &field.unwrap_or_default(),
                    "format",
                    detail,
                ));
            }
            _ if in_text && escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let detail = format!(
                "Nested deeper than {MAX_DEPTH} levels ({}).",
                place(bytes, index)
            );
            let error = FieldError::new("", "depth").limit(MAX_DEPTH);
            return Err(Problem::invalid_request(detail).with_error(error));
        }
    }
    Ok(())
}

/// The path of the first text with U+0000 in it.
fn nul(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(|| path.to_owned()),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| nul(item, &format!("{path}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let below = below(path, name);
            if name.contains('\0') {
                Some(path.to_owned())
            } else {
                nul(field, &below)
            }
        }),
        _ => None,
    }
}

fn place(bytes: &[u8], index: usize) -> String {
    let before = &bytes[..index];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count()
        + 1;
    format!("line {line}, column {column}")
}

/// The body as an object in which no name stands twice.
fn object(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = place(bytes, error.valid_up_to());
        let detail = format!("The body is no valid JSON: it is not UTF-8 at {place}.");
        Problem::invalid_field("", "json", detail)
    })?;
    let mut source = serde_json::Deserializer::from_str(text);
    let value = unique::read(&mut source).map_err(|fault| match fault {
        Fault::Malformed(error) => malformed(&error),
        Fault::Duplicate(path) => {
            let detail = format!("The body has {path} twice.");
            Problem::invalid_field(&path, "unique", detail)
        }
    })?;
    source.end().map_err(|error| malformed(&error))?;
    if !value.is_object() {
        let detail = "The body must be a JSON object.";
        return Err(Problem::invalid_field("", "type", detail));
    }
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = bare(error);
    let detail = format!("The body is no valid JSON: {text} at line {line}, column {column}.");
    Problem::invalid_field("", "json", detail)
}

/// The message without the place that is appended to it.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// A value that is JSON, but not what the command needs there.
fn misfit(error: &json::Error) -> Problem {
    let path = error.path();
    let wrong = match error.misfit() {
        Misfit::UnknownField(name, known) => {
            FieldError::new(below(path, name), "unknown").limit(known.to_vec())
        }
        Misfit::MissingField(name) => FieldError::new(below(path, name), "required"),
        Misfit::UnknownVariant(given, known) => {
            let given = given.as_str();
            FieldError::new(path, "oneOf")
                .limit(known.to_vec())
                .value(given)
        }
        Misfit::Expected(expected) => FieldError::new(path, "type").limit(expected.as_str()),
        Misfit::Other => FieldError::new(path, "format"),
    };
    let field = if wrong.field.is_empty() {
        "The body"
    } else {
        &wrong.field
    };
    let detail = format!("{field}: {}.", error.message());
    Problem::invalid_request(detail).with_error(wrong)
}

/// The path of a field of the object at `path`.
fn below(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Command {
        name: String,
        #[serde(default)]
        position: Option<Position>,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        items: Vec<Position>,
        #[serde(default)]
        metadata: Value,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Position {
        #[expect(dead_code, reason = "only its shape matters here")]
        x: f64,
    }

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Two,
    }

    fn read(content_type: &str, body: Body) -> Result<Command, Problem> {
        let headers = json!({"content-type": content_type}).to_string();
        let mut request = Request::parse("POST", "/api/x", &headers, None).unwrap();
        request.body = body;
        decode(&request, USUAL_BYTES)
    }

    fn refused(body: &str) -> Value {
        let problem = read("application/json", Body::Whole(body.into())).unwrap_err();
        problem.to_response("/x", "r").body_json()
    }

    fn check(body: &str, field: &str, rule: &str) -> Value {
        let answer = refused(body);
        assert_eq!(answer["code"], "INVALID_REQUEST", "{answer}");
        assert_eq!(answer["errors"][0]["field"], field, "{answer}");
        assert_eq!(answer["errors"][0]["rule"], rule, "{answer}");
        answer
    }

    #[test]
    fn a_good_body_is_read() {
        let body = br#" {"name":"\\u0000 is fine escaped","kind":"two","metadata":{"a":[1]}} "#;
        let command = read(
            "Application/JSON; charset=utf-8",
            Body::Whole(body.to_vec()),
        )
        .unwrap();
        assert_eq!(command.name, r"\u0000 is fine escaped");
        assert!(matches!(command.kind, Some(Kind::Two)));
        assert!(command.position.is_none() && command.items.is_empty());
        assert_eq!(command.metadata["a"][0], 1);
    }

    #[test]
    fn names_come_in_normal_form() {
        let body = br#"{"name":"Cafe\u0301","metadata":{"note":"e\u0301"}}"#;
        let command = read("application/json", Body::Whole(body.to_vec())).unwrap();
        assert_eq!(command.name, "Caf\u{e9}");
        assert_eq!(command.metadata["note"], "e\u{301}");
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let answer = check("{\n  \"name\": oops}", "", "json");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("line 2, column"), "{detail}");
        for body in [
            "{",
            "{\"name\":\"a\"} x",
            "{\"name\":\"\u{1}\"}",
            "nonsense",
            "{\"name\":1e999}",
        ] {
            check(body, "", "json");
        }
        let broken = read(
            "application/json",
            Body::Whole(b"{\"name\":\"\xff\"}".to_vec()),
        );
        assert!(broken.is_err());
    }

    #[test]
    fn fields_that_do_not_fit_are_named() {
        let answer = check(r#"{"name":"a","nmae":1}"#, "nmae", "unknown");
        assert!(
            answer["errors"][0]["limit"]
                .as_array()
                .unwrap()
                .contains(&json!("name"))
        );
        check(
            r#"{"name":"a","position":{"x":1,"z":2}}"#,
            "position.z",
            "unknown",
        );
        check(r#"{}"#, "name", "required");
        check(r#"{"name":"a","position":{}}"#, "position.x", "required");
        check(r#"{"name":5}"#, "name", "type");
        check(r#"{"name":null}"#, "name", "type");
        check(
            r#"{"name":"a","position":{"x":"wide"}}"#,
            "position.x",
            "type",
        );
        check(
            r#"{"name":"a","items":[{"x":1},{"x":true}]}"#,
            "items[1].x",
            "type",
        );
        check(r#"{"name":"a","name":"b"}"#, "name", "unique");
        let answer = check(r#"{"name":"a","kind":"three"}"#, "kind", "oneOf");
        assert_eq!(answer["errors"][0]["limit"], json!(["one", "two"]));
        assert_eq!(answer["errors"][0]["value"], "three");
    }

    #[test]
    fn only_objects_are_commands() {
        for body in ["[]", "5", "\"text\"", "null", "[\"a\"]"] {
            check(body, "", "type");
        }
        let nothing = read("", Body::Whole(Vec::new())).unwrap_err();
        assert!(
            nothing
                .to_response("/", "r")
                .body_json()
                .to_string()
                .contains("required")
        );
    }

    #[test]
    fn the_nul_character_and_endless_nesting_are_refused() {
        check(r#"{"name":"a\u0000"}"#, "name", "format");
        check(
            r#"{"name":"a","metadata":{"b":[1,"\u0000"]}}"#,
            "metadata.b[1]",
            "format",
        );
        check(
            r#"{"name":"a","metadata":{"b\u0000":1}}"#,
            "metadata",
            "format",
        );
        let deep = format!(
            r#"{{"name":"a","metadata":{}{}}}"#,
            "[".repeat(64),
            "]".repeat(64)
        );
        check(&deep, "", "depth");
        let bottomless = "[".repeat(100_000);
        check(&bottomless, "", "depth");
        let brackets_in_text = format!(r#"{{"name":"{}"}}"#, "[\\\"{".repeat(100));
        assert!(read("application/json", Body::Whole(brackets_in_text.into())).is_ok());
    }

    #[test]
    fn long_bodies_are_refused_unread() {
        for body in [Body::TooLong, Body::Whole(vec![b'['; USUAL_BYTES + 1])] {
            let problem = read("application/json", body).unwrap_err();
            assert_eq!(problem.code(), "PAYLOAD_TOO_LARGE");
        }
    }

    #[test]
    fn other_types_than_json_are_refused() {
        for content_type in ["", "text/plain", "application/x-www-form-urlencoded"] {
            let problem = read(content_type, Body::Whole(b"{}".to_vec())).unwrap_err();
            assert_eq!(problem.code(), "INVALID_REQUEST");
        }
    }
}
