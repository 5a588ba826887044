//! Schemas of types: one generator for what is read and one for what is written, whose
//! definitions end up side by side.

use domain::sorted::SortedMap;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::description::SchemaOf;

/// Where definitions are found in the document.
const PLACE: &str = "#/components/schemas/";
/// What is added to the name of a definition that is read in another form than it is written.
const READ: &str = "Input";

/// Both generators.
pub(super) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
    /// Definitions made of others.
    shared: Map<String, Value>,
}

impl Schemas {
    /// Nothing described yet.
    pub(super) fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        let read = settings.clone().for_deserialize().into_generator();
        let written = settings.for_serialize().into_generator();
        let shared = Map::new();
        Self {
            read,
            written,
            shared,
        }
    }

    /// A type as it is read from a request. References are marked until [`Schemas::finish`].
    pub(super) fn read(&mut self, schema: SchemaOf) -> Value {
        let schema = plain(schema(&mut self.read));
        marked(schema)
    }

    /// A type as it is written in an answer.
    pub(super) fn written(&mut self, schema: SchemaOf) -> Value {
        let mut value = plain(schema(&mut self.written));
        never_null(&mut value);
        value
    }

    /// The fields of a type as it is written, with its definition when it has one of its own.
    pub(super) fn definition(&mut self, schema: SchemaOf) -> Value {
        let value = self.written(schema);
        let Some(name) = value["$ref"].as_str().and_then(|r| r.strip_prefix(PLACE)) else {
            return value;
        };
        let mut definition = self.written.definitions()[name].clone();
        tidy(&mut definition);
        never_null(&mut definition);
        definition
    }

    /// A definition made of that of a type, under its name and a further word.
    pub(super) fn share(&mut self, of: SchemaOf, word: &str, schema: Value) -> Value {
        let value = self.written(of);
        let Some(name) = value["$ref"].as_str().and_then(|r| r.strip_prefix(PLACE)) else {
            return schema;
        };
        let name = format!("{name}{word}");
        let reference = json!({"$ref": format!("{PLACE}{name}")});
        self.shared.insert(name, schema);
        reference
    }

    /// All definitions. Those read in another form than written get a name of their own, and the
    /// document's references to them are changed.
    pub(super) fn finish(mut self, document: &mut Value) -> Map<String, Value> {
        let mut written = definitions(self.written.take_definitions(false));
        written.values_mut().for_each(never_null);
        let read = definitions(self.read.take_definitions(false));
        let mut differing: Vec<String> = Vec::new();
        loop {
            let rename = |name: &str| match differing.iter().any(|other| other == name) {
                true => format!("{name}{READ}"),
                false => name.to_owned(),
            };
            let more = read.iter().find(|(name, schema)| {
                let mut schema = (*schema).clone();
                refer(&mut schema, &rename);
                !differing.contains(name) && written.get(*name).is_some_and(|w| *w != schema)
            });
            match more.map(|(name, _)| name.clone()) {
                Some(name) => differing.push(name),
                None => break,
            }
        }
        let rename = |name: &str| {
            let name = name.trim_start_matches('~');
            match differing.iter().any(|other| other == name) {
                true => format!("{name}{READ}"),
                false => name.to_owned(),
            }
        };
        let mut all = written;
        for (name, mut schema) in read {
            refer(&mut schema, &rename);
            all.insert(rename(&name), schema);
        }
        refer(document, &|name| match name.starts_with('~') {
            true => rename(name),
            false => name.to_owned(),
        });
        all.into_iter().chain(self.shared).collect()
    }
}

fn definitions(found: Map<String, Value>) -> SortedMap<String, Value> {
    let mut definitions: SortedMap<String, Value> = found.into_iter().collect();
    definitions.values_mut().for_each(tidy);
    definitions
}

fn plain(schema: Schema) -> Value {
    let mut value = schema.to_value();
    tidy(&mut value);
    value
}

/// Marks references of what is read, which may get another name in the end.
fn marked(mut schema: Value) -> Value {
    refer(&mut schema, &|name| format!("~{name}"));
    schema
}

/// Gives references other names.
fn refer(value: &mut Value, rename: &dyn Fn(&str) -> String) {
    each(value, &mut |object| {
        if let Some(Value::String(reference)) = object.get_mut("$ref")
            && let Some(name) = reference.strip_prefix(PLACE)
        {
            *reference = format!("{PLACE}{}", rename(name));
        }
    });
}

/// Calls a function with every object, the innermost first.
pub(super) fn each(value: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| each(inner, visit));
            visit(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, visit)),
        _ => {}
    }
}

/// Brings what the generator makes into the form that clients and their tools read best.
fn tidy(value: &mut Value) {
    each(value, &mut |object| {
        words(object);
        numbers(object);
        spread(object);
        close(object);
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        if object.contains_key("properties") {
            object.remove("title");
        }
    });
}

/// A choice of words, each with its meaning, as a plain enumeration.
fn words(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get("oneOf") else {
        return;
    };
    let mut values = Vec::new();
    let mut meanings = String::new();
    for choice in choices {
        match (&choice["const"], &choice["enum"], &choice["description"]) {
            (Value::String(word), _, description) => {
                values.push(Value::from(word.as_str()));
                let meaning = description.as_str().unwrap_or_default().replace('\n', " ");
                if meaning.trim_matches('`') != word {
                    meanings.push_str(&format!("\n- `{word}`: {meaning}"));
                }
            }
            (_, Value::Array(words), _) => values.extend(words.iter().cloned()),
            _ => return,
        }
    }
    object.remove("oneOf");
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), Value::Array(values));
    if !meanings.is_empty() {
        let text = object.get("description").and_then(Value::as_str);
        let text = format!("{}\n{meanings}", text.unwrap_or_default());
        object.insert("description".to_owned(), text.trim().into());
    }
}

/// Numbers have the bounds of the types they are read into.
fn numbers(object: &mut Map<String, Value>) {
    let (min, max) = match object.get("format").and_then(Value::as_str) {
        Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
        Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
        Some("uint64" | "uint") => (json!(0), json!(i64::MAX)),
        Some("uint32") => (json!(0), json!(u32::MAX)),
        Some("uint16") => (json!(0), json!(u16::MAX)),
        Some("uint8") => (json!(0), json!(u8::MAX)),
        Some("double") => (json!(f64::MIN), json!(f64::MAX)),
        _ => return,
    };
    object.entry("minimum").or_insert(min);
    object.entry("maximum").or_insert(max);
    if object["format"] != "double" && object["format"] != "int32" {
        object.insert("format".to_owned(), json!("int64"));
    }
}

/// Fields that stand beside a choice are spread over its branches, which then can be closed.
fn spread(object: &mut Map<String, Value>) {
    let Some(Value::Object(common)) = object.get("properties").cloned() else {
        return;
    };
    let required = object.get("required").and_then(Value::as_array).cloned();
    let Some(Value::Array(branches)) = object.get_mut("oneOf") else {
        return;
    };
    for branch in branches.iter_mut().filter_map(Value::as_object_mut) {
        let properties = branch.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            for (name, schema) in &common {
                properties.entry(name.as_str()).or_insert(schema.clone());
            }
        }
        let names = branch.entry("required").or_insert_with(|| json!([]));
        if let Some(names) = names.as_array_mut() {
            names.extend(required.iter().flatten().cloned());
        }
        close(branch);
    }
    for name in ["properties", "required", "type", "additionalProperties"] {
        object.remove(name);
    }
    object.remove("unevaluatedProperties");
}

/// What names its fields has no others.
fn close(object: &mut Map<String, Value>) {
    if object.contains_key("properties") && object.contains_key("type") {
        object.remove("unevaluatedProperties");
        object.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// Optional fields of answers are absent rather than null.
fn never_null(value: &mut Value) {
    each(value, &mut |object| {
        let required: Vec<String> = object
            .get("required")
            .and_then(Value::as_array)
            .map(|names| {
                names
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
        let Some(Value::Object(properties)) = object.get_mut("properties") else {
            return;
        };
        for (name, schema) in properties.iter_mut() {
            if !required.contains(name) {
                without_null(schema);
            }
        }
    });
}

fn without_null(schema: &mut Value) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema["type"] = only;
        }
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else {
        return;
    };
    branches.retain(|branch| branch["type"] != "null");
    if let [only] = branches.as_slice() {
        let only = only.clone();
        if let (Value::Object(schema), Value::Object(only)) = (schema, only) {
            schema.remove("anyOf");
            schema.extend(only);
        }
    }
}
