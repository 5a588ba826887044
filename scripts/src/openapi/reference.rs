//! The description of the API as a page for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The whole page, in Markdown.
pub(super) fn page(description: &Value) -> String {
    let mut page = String::from(
        "# The API\n\nMade by `cargo xtask openapi` of the types that requests and answers are made of; do not edit.\nThe same as OpenAPI 3.1: `GET /functions/v1/api/openapi.json`.\n\n",
    );
    let info = text(&description["info"]["description"]);
    let _ = writeln!(page, "{info}\n\n## Contents\n");
    let tags: Vec<&str> = list(&description["tags"])
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    for tag in &tags {
        let _ = writeln!(page, "- [{tag}](#{})", anchor(tag));
    }
    page.push_str("- [Types](#types)\n");
    for tag in &tags {
        let _ = writeln!(page, "\n## {tag}");
        for (path, method, operation) in operations(description) {
            if operation["tags"][0] == **tag {
                one_operation(&mut page, description, path, method, operation);
            }
        }
    }
    page.push_str("\n## Types\n");
    for (name, schema) in fields(&description["components"]["schemas"]) {
        if !name.ends_with("Fields") {
            one_type(&mut page, name, schema);
        }
    }
    page
}

fn operations(description: &Value) -> Vec<(&str, &'static str, &Value)> {
    let mut all = Vec::new();
    for (path, item) in fields(&description["paths"]) {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((path, method, operation));
            }
        }
    }
    all
}

fn one_operation(
    page: &mut String,
    description: &Value,
    path: &str,
    method: &str,
    operation: &Value,
) {
    let method = method.to_ascii_uppercase();
    let summary = text(&operation["summary"]);
    let _ = writeln!(page, "\n### {summary}\n\n`{method} {path}`\n");
    if let Some(more) = operation["description"].as_str() {
        let _ = writeln!(page, "{more}\n");
    }
    let shared = list(&description["paths"][path]["parameters"]);
    let own = list(&operation["parameters"]);
    let mut rows = String::new();
    for parameter in shared.iter().chain(own) {
        let parameter = resolved(description, parameter);
        // What every operation takes stands in the introduction.
        if matches!(
            parameter["name"].as_str(),
            Some("X-Request-Id" | "Traceparent")
        ) {
            continue;
        }
        let _ = writeln!(
            rows,
            "| `{}` | {} | {} | {} |",
            text(&parameter["name"]),
            text(&parameter["in"]),
            kind(&parameter["schema"]),
            cell(&parameter["description"]),
        );
    }
    if !rows.is_empty() {
        let _ = writeln!(
            page,
            "| parameter | in | type | |\n| --- | --- | --- | --- |\n{rows}"
        );
    }
    if let Some(media) = media(&operation["requestBody"]) {
        let optional = match operation["requestBody"]["required"] == true {
            true => "",
            false => ", may be left out",
        };
        let _ = writeln!(page, "Body: {}{optional}.\n", kind(&media["schema"]));
        example(page, media);
    }
    page.push_str("| status | answer |\n| --- | --- |\n");
    for (status, response) in fields(&operation["responses"]) {
        let response = resolved(description, response);
        let of = match media(response) {
            Some(media) if !status.starts_with(['4', '5']) => {
                format!(" {}", kind(&media["schema"]))
            }
            _ => String::new(),
        };
        let _ = writeln!(
            page,
            "| {status} | {}{of} |",
            cell(&response["description"])
        );
    }
}

fn example(page: &mut String, media: &Value) {
    if media["example"].is_object() {
        let _ = writeln!(page, "```json\n{:#}\n```\n", media["example"]);
    }
}

fn one_type(page: &mut String, name: &str, schema: &Value) {
    let _ = writeln!(page, "\n### {name}\n");
    if let Some(text) = schema["description"].as_str() {
        let _ = writeln!(page, "{text}\n");
    }
    match schema["oneOf"].as_array() {
        Some(branches)
            if branches
                .iter()
                .all(|branch| branch["properties"].is_object()) =>
        {
            for branch in branches {
                if let Some(text) = branch["description"].as_str() {
                    let _ = writeln!(page, "{text}\n");
                }
                table(page, branch);
            }
        }
        _ if schema["properties"].is_object() => table(page, schema),
        _ if schema["enum"].is_array() => {}
        _ => {
            let _ = writeln!(page, "{}", kind(schema));
        }
    }
}

fn table(page: &mut String, schema: &Value) {
    page.push_str("| field | type | |\n| --- | --- | --- |\n");
    for (field, inner) in fields(&schema["properties"]) {
        let needed = list(&schema["required"]).iter().any(|name| name == field);
        let mark = if needed { "" } else { "?" };
        let _ = writeln!(
            page,
            "| `{field}`{mark} | {} | {} |",
            kind(inner),
            cell(&inner["description"])
        );
    }
    page.push('\n');
}

/// What a schema stands for, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return match name.strip_suffix("Fields") {
            Some(_) => "some of its fields".to_owned(),
            None => format!("[{name}](#{})", anchor(name)),
        };
    }
    for (choices, word) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")] {
        if let Some(choices) = schema[choices].as_array() {
            let kinds: Vec<String> = choices.iter().map(kind).collect();
            return kinds.join(word);
        }
    }
    if let Some(word) = schema.get("const") {
        return format!("`{word}`").replace('"', "");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap_or("null")))
            .collect();
        return words.join(", ");
    }
    let kinds: Vec<String> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(|k| simple(k, schema)).collect(),
        Value::String(_) => vec![simple(&schema["type"], schema)],
        _ => vec!["anything".to_owned()],
    };
    kinds.join(" or ")
}

fn simple(kind_of: &Value, schema: &Value) -> String {
    let bounds = |least: &str, most: &str| match (&schema[least], &schema[most]) {
        (Value::Number(least), Value::Number(most)) if is_small(most) => {
            format!(" {least}–{most}")
        }
        (Value::Null, Value::Number(most)) if is_small(most) => format!(" at most {most}"),
        (Value::Number(least), _) if is_small(least) => format!(" from {least}"),
        _ => String::new(),
    };
    match kind_of.as_str() {
        Some("array") => format!(
            "list of {}{}",
            kind(&schema["items"]),
            bounds("minItems", "maxItems")
        ),
        Some("object") => {
            let inner = &schema["additionalProperties"];
            match fields(&schema["patternProperties"]).first() {
                Some((_, inner)) => format!("{} by identifier", kind(inner)),
                None if inner.is_object() => format!("{} by name", kind(inner)),
                None if schema["properties"].is_object() => inside(schema),
                None => "free object".to_owned(),
            }
        }
        Some("string") => match schema["format"].as_str() {
            Some(format) => format!("text ({format})"),
            None => format!("text{}", bounds("minLength", "maxLength")),
        },
        Some("integer") => format!("whole number{}", bounds("minimum", "maximum")),
        Some("number") => format!("number{}", bounds("minimum", "maximum")),
        Some("boolean") => "true or false".to_owned(),
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// An object without a name of its own: its fields in a row.
fn inside(schema: &Value) -> String {
    let properties = fields(&schema["properties"]);
    if properties.len() > 4 {
        return "object".to_owned();
    }
    let names = properties.iter();
    let names: Vec<String> = names
        .map(|(name, inner)| format!("`{name}`: {}", kind(inner)))
        .collect();
    format!("object ({})", names.join(", "))
}

/// Whether a bound is meant rather than the end of what a type can hold.
fn is_small(bound: &serde_json::Number) -> bool {
    bound.as_f64().is_some_and(|bound| bound.abs() < 1e9)
}

fn media(content: &Value) -> Option<&Value> {
    content["content"].as_object()?.values().next()
}

fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| {
        let pointer = reference.strip_prefix('#')?;
        description.pointer(pointer)
    });
    target.unwrap_or(value)
}

fn fields(value: &Value) -> Vec<(&str, &Value)> {
    let object: Option<&Map<String, Value>> = value.as_object();
    object
        .into_iter()
        .flatten()
        .map(|(name, inner)| (name.as_str(), inner))
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text that fits a cell of a table.
fn cell(value: &Value) -> String {
    let first = text(value).split("\n\n").next().unwrap_or_default();
    first.replace('\n', " ").replace('|', "\\|")
}

/// The name under which a heading is found.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Value, expected: &str) {
        assert_eq!(kind(&schema), expected);
    }

    #[test]
    fn schemas_are_told_in_words() {
        check(
            json!({"$ref": "#/components/schemas/ModelId"}),
            "[ModelId](#modelid)",
        );
        check(
            json!({"type": ["integer", "null"], "minimum": 1, "maximum": 10}),
            "whole number 1–10 or null",
        );
        check(
            json!({"type": "array", "items": {"type": "string", "maxLength": 50}}),
            "list of text at most 50",
        );
        check(
            json!({"type": "object", "additionalProperties": true}),
            "free object",
        );
        check(
            json!({"enum": ["asc", "desc"], "type": "string"}),
            "`asc`, `desc`",
        );
    }

    #[test]
    fn the_page_names_operations_and_types() {
        let description = json!({
            "info": {"description": "About."},
            "tags": [{"name": "Things"}],
            "paths": {"/things": {"get": {
                "tags": ["Things"],
                "summary": "List things",
                "responses": {"200": {"description": "The things."}},
            }}},
            "components": {"schemas": {"Thing": {"type": "object", "properties": {"name": {"type": "string"}}}}},
        });
        let page = page(&description);
        assert!(page.contains("### List things\n\n`GET /things`"), "{page}");
        assert!(page.contains("| 200 | The things. |"), "{page}");
        assert!(page.contains("### Thing\n"), "{page}");
    }
}
