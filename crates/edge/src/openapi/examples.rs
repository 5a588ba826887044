//! An example for every body and answer, made of its schema: words of the process of an order.

use serde_json::{Map, Value, json};

/// How deep examples go before they leave out what is optional.
const DEPTH: usize = 4;

/// Gives every body, answer and parameter of the document its example.
pub(super) fn add(document: &mut Value) {
    let definitions = document["components"]["schemas"].clone();
    let maker = Maker { definitions };
    add_below(&mut document["components"]["responses"], &maker);
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for operation in paths.values_mut().filter_map(Value::as_object_mut) {
        for (_, operation) in operation
            .iter_mut()
            .filter(|(name, _)| *name != "parameters")
        {
            for place in ["requestBody", "responses"] {
                add_below(&mut operation[place], &maker);
            }
            if operation["requestBody"].is_null()
                && let Some(operation) = operation.as_object_mut()
            {
                operation.remove("requestBody");
            }
        }
    }
}

fn add_below(value: &mut Value, maker: &Maker) {
    let Some(object) = value.as_object_mut() else {
        return;
    };
    match object.get_mut("content").and_then(Value::as_object_mut) {
        Some(content) => {
            for media in content.values_mut() {
                let example = maker.example("", &media["schema"], 0);
                media["example"] = example;
            }
        }
        None => object
            .values_mut()
            .for_each(|inner| add_below(inner, maker)),
    }
}

struct Maker {
    definitions: Value,
}

impl Maker {
    /// A value that fits, for the field of this name.
    fn example(&self, name: &str, schema: &Value, depth: usize) -> Value {
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        for choice in [&schema["const"], &schema["examples"][0], &schema["enum"][0]] {
            if !choice.is_null() {
                return choice.clone();
            }
        }
        if let Some(name_of) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            let definition = &self.definitions[name_of];
            return self.example(name, definition, depth);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.joined(name, schema, parts, depth);
        }
        for choices in [&schema["anyOf"], &schema["oneOf"]] {
            let Some(first) = choices.as_array().and_then(|c| c.first()) else {
                continue;
            };
            return self.example(name, first, depth);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("object") => self.object(name, schema, depth),
            Some("array") => self.array(name, schema, depth),
            Some("boolean") => json!(boolean(name)),
            Some("integer") => whole(name, schema),
            Some("number") => number(name, schema),
            Some("string") => text(name, schema),
            Some("null") => Value::Null,
            _ => json!({"order": "A-1"}),
        }
    }

    fn joined(&self, name: &str, schema: &Value, parts: &[Value], depth: usize) -> Value {
        let mut joined = Map::new();
        for part in parts {
            if let Value::Object(fields) = self.example(name, part, depth) {
                joined.extend(fields);
            }
        }
        if let Some(properties) = schema["properties"].as_object() {
            for (field, schema) in properties {
                joined.insert(field.clone(), self.example(field, schema, depth + 1));
            }
        }
        if let Some(code) = joined
            .get("code")
            .and_then(Value::as_str)
            .map(str::to_owned)
        {
            refusal(&mut joined, &code);
        }
        Value::Object(joined)
    }

    fn object(&self, name: &str, schema: &Value, depth: usize) -> Value {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let required = schema["required"].as_array();
        let mut object = Map::new();
        for (field, inner) in properties {
            let needed = required.is_some_and(|names| names.iter().any(|n| n == field));
            let shown = depth < DEPTH && is_worth_showing(field) && !is_null(inner);
            if needed || shown {
                object.insert(field.clone(), self.example(field, inner, depth + 1));
            }
        }
        match &schema["additionalProperties"] {
            inner @ Value::Object(_) if depth < DEPTH => {
                let key = self.key(schema);
                object.insert(key, self.example("", inner, depth + 1));
            }
            Value::Bool(true) if properties.is_empty() => {
                if let Value::Object(words) = free(name) {
                    object = words;
                }
            }
            _ => {}
        }
        if let Some(patterns) = schema["patternProperties"].as_object()
            && let Some(inner) = patterns.values().next()
        {
            object.insert(ID.to_owned(), self.example("", inner, depth + 1));
        }
        Value::Object(object)
    }

    fn key(&self, schema: &Value) -> String {
        match self.example("", &schema["propertyNames"], 0) {
            Value::String(key) => key,
            _ => "order".to_owned(),
        }
    }

    fn array(&self, name: &str, schema: &Value, depth: usize) -> Value {
        let needed = schema["minItems"].as_u64().unwrap_or(0) > 0;
        let one = name.trim_end_matches('s');
        match needed || depth < DEPTH {
            true if schema["items"].is_object() => {
                json!([self.example(one, &schema["items"], depth + 1)])
            }
            _ => json!([]),
        }
    }
}

const ID: &str = "01936b1c-4f6a-7c3e-9d57-2f1f6a0c8e41";

/// The parts of a refusal that follow from its code.
fn refusal(problem: &mut Map<String, Value>, code: &str) {
    let kept = [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "requestId",
    ];
    problem.retain(|name, _| kept.contains(&name.as_str()));
    let kebab = code.to_ascii_lowercase().replace('_', "-");
    let words = kebab.replace('-', " ");
    let title = words[..1].to_ascii_uppercase() + &words[1..];
    problem.insert("type".to_owned(), format!("/problems/{kebab}").into());
    problem.insert("detail".to_owned(), format!("{title}.").into());
    problem.insert("title".to_owned(), title.into());
    problem.insert("instance".to_owned(), "/function-models".into());
}

/// What only says where to go on, or that something is special, is left out.
fn is_worth_showing(field: &str) -> bool {
    !matches!(
        field,
        "nextCursor"
            | "total"
            | "deletedAt"
            | "deletedBy"
            | "templateId"
            | "nodes"
            | "actionNodes"
            | "recovery"
    )
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
}

fn free(name: &str) -> Value {
    match name {
        "metadata" => json!({"category": "sales"}),
        "visualProperties" => json!({"color": "#336699"}),
        _ => json!({"order": "A-1"}),
    }
}

fn boolean(name: &str) -> bool {
    !matches!(name, "dryRun" | "critical" | "retryable")
}

fn whole(name: &str, schema: &Value) -> Value {
    let least = schema["minimum"].as_i64().unwrap_or(1);
    let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
    let wished = match name {
        "priority" => 5,
        "status" => 422,
        "timeoutMs" => 30_000,
        "timeoutSeconds" => 300,
        "durationMs" => 120,
        name if name.ends_with("DelayMs") || name.ends_with("retryDelayMs") => 1000,
        _ => 1,
    };
    wished.clamp(least, most).into()
}

fn number(name: &str, schema: &Value) -> Value {
    let wished = match name {
        "x" | "y" => 120.0,
        "percentage" => 100.0,
        "multiplier" => 2.0,
        "estimatedDurationMinutes" => 5.0,
        _ => 0.5,
    };
    let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    json!(f64::clamp(wished, least, most))
}

fn text(name: &str, schema: &Value) -> Value {
    match schema["format"].as_str() {
        Some("uuid") => return ID.into(),
        Some("date-time") => return "2026-11-01T12:00:00.000Z".into(),
        Some("uri") => return "https://example.com/credit".into(),
        _ => {}
    }
    let word = match name {
        "name" => "Check the order",
        "description" => "Looks at the order and decides",
        "title" => "How orders are checked",
        "body" => "Every order is checked before it is accepted.",
        "shortDescription" => "How orders are checked",
        "url" | "endpoint" => "https://example.com/credit",
        "version" | "versionNumber" | "currentVersion" | "previousVersion" => "1.1.0",
        "expression" => "order.total > 100",
        "path" => "order.total",
        "requestId" | "correlationId" => "01936b1c-4f6a-7c3e-9d57-2f1f6a0c8e42",
        "type" => "/problems/invalid-request",
        "instance" => "/function-models",
        "code" => "INVALID_REQUEST",
        "eventType" => "ContainerNodeAdded",
        "aggregateType" => "function-model",
        "tableName" => "function_models",
        "publishNotes" | "notes" => "Checks credit as well",
        "reason" => "No longer needed",
        "field" => "position.x",
        "rule" => "range",
        "responsible" => "Sales",
        "tag" => "sales",
        "published" => "1:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        _ => "order",
    };
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let fits = u64::try_from(word.len()).is_ok_and(|length| length <= most);
    if fits { word } else { "order" }.into()
}
