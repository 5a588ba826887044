//! Whether an answer is what the description says of it. Every test of a route goes through here.

use std::cell::LazyCell;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::document::{document, operation_id};
use crate::operation::{Address, ROUTES};
use crate::request::Request;
use crate::response::Response;

thread_local! {
    static DOCUMENT: LazyCell<Value> = LazyCell::new(document);
}

/// Compares an answer with the description of its operation: status, headers, body.
#[track_caller]
pub(crate) fn check(request: &Request, response: &Response) {
    let Some(address) = Address::of(&request.path).filter(|_| request.function == "api") else {
        return;
    };
    let Some(operation) = address.operation(request.method) else {
        return;
    };
    let Some(route) = ROUTES.iter().find(|route| route.operation == operation) else {
        return;
    };
    let name = operation_id(route);
    DOCUMENT.with(|document| {
        let path = &document["paths"][route.template];
        let operation = &path[route.method.name().to_ascii_lowercase()];
        let described = &operation["responses"][response.status.to_string()];
        let described = described["$ref"].as_str().map_or(described, |reference| {
            document.pointer(&reference[1..]).unwrap()
        });
        let body = body(response);
        assert!(
            described.is_object(),
            "{name} may not answer {}: {body:#}",
            response.status
        );
        check_headers(&name, document, described, response);
        check_body(&name, document, described, response, &body);
    });
}

/// The body as its schema sees it: JSON, or else a text.
fn body(response: &Response) -> Value {
    let is_csv = response
        .headers
        .contains(&("content-type", "text/csv".to_owned()));
    match &response.body {
        Some(text) if is_csv => String::from_utf8_lossy(text).into(),
        _ => response.body_json(),
    }
}

fn check_headers(name: &str, document: &Value, described: &Value, response: &Response) {
    for (header, reference) in described["headers"].as_object().into_iter().flatten() {
        let reference = reference["$ref"].as_str().unwrap();
        let definition = document.pointer(&reference[1..]).unwrap();
        let there = response.headers.iter().find(|(known, _)| known == header);
        match there {
            None => assert_eq!(definition["required"], false, "{name} lacks {header}"),
            Some((_, value)) => {
                let validator = jsonschema::validator_for(&definition["schema"]).unwrap();
                assert!(
                    validator.is_valid(&json!(value)),
                    "{name} {header}: {value}"
                );
            }
        }
    }
    for (header, _) in &response.headers {
        let is_common = matches!(
            *header,
            "content-type" | "cache-control" | "x-content-type-options" | "retry-after"
        ) || header.starts_with("access-control-");
        let known = described["headers"].get(header).is_some();
        assert!(is_common || known, "{name} does not describe {header}");
    }
}

fn check_body(name: &str, document: &Value, described: &Value, response: &Response, body: &Value) {
    let Some(content) = described["content"].as_object() else {
        assert!(response.body.is_none(), "{name} describes no body");
        return;
    };
    let (media_type, media) = content.iter().next().unwrap();
    let content_type = response
        .headers
        .iter()
        .find(|(name, _)| *name == "content-type");
    assert_eq!(
        content_type.map(|(_, value)| value),
        Some(media_type),
        "{name}"
    );
    let validator = validator(document, &media["schema"]);
    let errors: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(
        errors.is_empty(),
        "{name} {}: {errors:#?}\n{body:#}",
        response.status
    );
}

fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    jsonschema::validator_for(&schema).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOTHING, Stage};

    /// Every operation with its description.
    fn operations(document: &Value) -> Vec<(String, String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let methods = ["get", "post", "put", "patch", "delete"];
        let all = paths.iter().flat_map(|(path, item)| {
            methods.iter().filter_map(move |method| {
                Some((path.clone(), method.to_uppercase(), item.get(*method)?))
            })
        });
        all.collect()
    }

    #[test]
    fn every_route_is_described_under_a_name_of_its_own() {
        let document = document();
        let operations = operations(&document);
        assert_eq!(operations.len(), ROUTES.len());
        for (path, method, operation) in operations {
            assert!(
                operation["summary"].as_str().unwrap().len() > 3,
                "{method} {path}"
            );
            for parameter in document["paths"][&path]["parameters"]
                .as_array()
                .into_iter()
                .flatten()
            {
                assert_ne!(parameter["description"], "", "{path}: {parameter}");
            }
        }
    }

    #[test]
    fn examples_are_what_they_exemplify() {
        let document = document();
        for (path, method, operation) in operations(&document) {
            let responses = operation["responses"].as_object().unwrap().values();
            let all = responses.chain([&operation["requestBody"]]);
            for media in all.filter_map(|one| one["content"].as_object()?.values().next()) {
                let validator = validator(&document, &media["schema"]);
                let errors: Vec<String> = validator
                    .iter_errors(&media["example"])
                    .map(|error| format!("{}: {error}", error.instance_path))
                    .collect();
                assert!(
                    errors.is_empty(),
                    "{method} {path}: {errors:#?}\n{:#}",
                    media["example"]
                );
            }
        }
    }

    #[test]
    fn nothing_is_left_open() {
        let mut document = document();
        super::super::schemas::each(&mut document, &mut |object| {
            if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
                assert_eq!(
                    object.get("additionalProperties"),
                    Some(&json!(false)),
                    "{object:#?}"
                );
            }
            assert!(
                !object.contains_key("default")
                    || !object["default"].is_object()
                    || !object.contains_key("responses")
            );
        });
    }

    /// Fields that hold whatever somebody put there; everything else says what it is made of.
    const FREE: &[&str] = &[
        "aiAgentConfig",
        "apiEndpoints",
        "authentication",
        "body",
        "completionCriteria",
        "configuration",
        "data",
        "dataValidationRules",
        "default",
        "endpoint",
        "eventData",
        "executionParameters",
        "headers",
        "inheritedData",
        "inputDataContract",
        "limit",
        "linkContext",
        "metadata",
        "newData",
        "oldData",
        "output",
        "outputDataContract",
        "outputs",
        "parameters",
        "previousValue",
        "replayed",
        "resourceRequirements",
        "rules",
        "schema",
        "script",
        "spec",
        "state",
        "stored",
        "toolConfigurations",
        "value",
        "visualProperties",
    ];

    #[test]
    fn only_free_fields_hold_anything() {
        let mut document = document();
        let open = |schema: &Value| {
            let says = ["type", "$ref", "oneOf", "anyOf", "allOf", "enum", "const"];
            schema["additionalProperties"] == true
                || !says.iter().any(|word| schema.get(word).is_some())
        };
        let mut found = Vec::new();
        super::super::schemas::each(&mut document["components"]["schemas"], &mut |object| {
            let Some(Value::Object(properties)) = object.get("properties") else {
                return;
            };
            for (name, schema) in properties {
                // A refusal says of its status only which code goes with it.
                if schema.is_object() && open(schema) && !FREE.contains(&name.as_str()) {
                    found.push(name.clone());
                }
            }
        });
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_parameters_described_are_those_that_are_taken() {
        let document = document();
        let stage = Stage::new();
        for (path, method, operation) in operations(&document) {
            if method != "GET" || operation["security"].is_array() {
                continue;
            }
            let words = path.split('/').skip(1);
            let address = words.fold(String::new(), |address, word| match word {
                "{version}" => address + "/1.0.0",
                word if word.starts_with('{') => address + "/" + NOTHING,
                word => address + "/" + word,
            });
            let answer = stage.get(&format!("{address}?no-such-parameter=1"));
            let refused = answer.refused(400, "INVALID_REQUEST");
            let mut taken: Vec<&str> = refused["errors"][0]["limit"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let parameters = operation["parameters"].as_array().unwrap();
            let mut described: Vec<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            taken.sort_unstable();
            described.sort_unstable();
            assert_eq!(described, taken, "{path}");
        }
    }
}
