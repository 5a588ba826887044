//! problem+json: what every refusal looks like, and which ones an operation has.

use domain::sorted::SortedMap;

use domain::error::FieldError;
use domain::finding::Finding;
use domain::function_model::recovery::RepairItem;
use serde_json::{Map, Value, json};

use super::description::{Description, schema};
use super::schemas::Schemas;
use crate::problem;

/// The data that some refusals carry besides, with the schema of each.
fn data(schemas: &mut Schemas) -> Vec<(&'static str, &'static str, Value)> {
    let text = || json!({"type": "string"});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    let whole = || json!({"type": "integer", "format": "int64"});
    let instant = || json!({"type": "string", "format": "date-time"});
    let plan = json!({"type": "array", "items": schemas.written(schema::<RepairItem>())});
    let findings = json!({"type": "array", "items": schemas.written(schema::<Finding>())});
    vec![
        ("actionId", "The action concerned.", text()),
        ("agentId", "The agent concerned.", text()),
        ("allowed", "What would have been allowed.", texts()),
        ("currentRevision", "The revision there is.", whole()),
        ("cycle", "The circle, from a part back to itself.", texts()),
        (
            "cycles",
            "Circles, each from a part back to itself.",
            json!({"type": "array", "items": texts()}),
        ),
        ("deletedAt", "When it was deleted.", instant()),
        (
            "dependents",
            "Who waits for it, or which models nest it.",
            texts(),
        ),
        ("executionStatus", "Where the run stands.", text()),
        ("findings", "What was found.", findings),
        ("from", "The state it is in.", text()),
        (
            "hiddenDependents",
            "How many models nest it that the caller may not see.",
            whole(),
        ),
        (
            "isReadable",
            "Whether the model can be read at all.",
            json!({"type": "boolean"}),
        ),
        ("limit", "The limit that was passed.", whole()),
        ("maxAttempts", "Most attempts.", whole()),
        ("maxBytes", "The longest body, in bytes.", whole()),
        ("missing", "What is not there.", texts()),
        ("modelId", "The model concerned.", text()),
        ("nodeId", "The container concerned.", text()),
        ("nodeIds", "The containers concerned.", texts()),
        ("path", "The path of nested models.", texts()),
        (
            "repairPlan",
            "What a restore with `autoRepair` would do.",
            plan,
        ),
        ("required", "The permission that is needed.", text()),
        ("retainUntil", "Until when it is kept.", instant()),
        (
            "retryAfterMs",
            "How long to wait, in milliseconds.",
            whole(),
        ),
        ("risks", "What makes the risk high.", texts()),
        ("to", "The state that was asked for.", text()),
        (
            "windowEndsAt",
            "Until when it could be restored.",
            instant(),
        ),
    ]
}

/// The schema of all refusals.
pub(super) fn problem(schemas: &mut Schemas) -> Value {
    let mut properties = json!({
        "type": {"type": "string", "description": "`/problems/` and the code in small letters with hyphens.", "pattern": "^/problems/[a-z0-9-]+$"},
        "title": {"type": "string", "description": "The code in words."},
        "status": {"type": "integer", "description": "The status code.", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "instance": {"type": "string", "description": "The path that was asked for, below the function."},
        "code": {"type": "string", "description": "Which rule said no.", "pattern": "^[A-Z0-9_]+$"},
        "requestId": {"type": "string", "description": "The name of the request, as in `x-request-id`."},
    });
    let errors = schemas.written(schema::<FieldError>());
    properties["errors"] =
        json!({"type": "array", "items": errors, "description": "Every field that is wrong."});
    for (name, text, mut schema) in data(schemas) {
        schema["description"] = text.into();
        properties[name] = schema;
    }
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457). Some carry data besides, named after what it is.",
        "properties": properties,
        "required": ["type", "title", "status", "detail", "instance", "code", "requestId"],
        "additionalProperties": false,
    })
}

/// The refusals of an operation: codes by status.
pub(super) fn codes(
    description: &Description,
    is_public: bool,
) -> SortedMap<u16, Vec<&'static str>> {
    let mut codes: SortedMap<u16, Vec<&'static str>> = SortedMap::new();
    let mut add = |status: u16, code: &'static str| {
        let list = codes.entry(status).or_default();
        if !list.contains(&code) {
            list.push(code);
        }
    };
    add(400, "INVALID_REQUEST");
    add(500, "INTERNAL_ERROR");
    add(503, "SERVICE_UNAVAILABLE");
    if !is_public {
        add(401, "UNAUTHENTICATED");
    }
    if description.body.is_some() {
        add(413, "PAYLOAD_TOO_LARGE");
    }
    for code in &description.codes {
        add(problem::status_of(*code), problem::code_of(*code));
        if *code == domain::error::Code::RevisionConflict {
            add(412, code.as_str());
        }
    }
    codes
}

/// The refusals that are the same wherever they may happen, by name.
const ALIKE: [(&str, u16, &str); 5] = [
    ("Malformed", 400, "INVALID_REQUEST"),
    ("Unauthenticated", 401, "UNAUTHENTICATED"),
    ("TooLong", 413, "PAYLOAD_TOO_LARGE"),
    ("Fault", 500, "INTERNAL_ERROR"),
    ("Unavailable", 503, "SERVICE_UNAVAILABLE"),
];

/// The definitions of the refusals that are the same wherever they may happen.
pub(super) fn alike() -> Map<String, Value> {
    let answers = ALIKE.map(|(name, status, code)| (name.to_owned(), whole(status, &[code])));
    answers.into_iter().collect()
}

/// The answer with one status.
pub(super) fn answer(status: u16, codes: &[&'static str]) -> Value {
    let same = ALIKE
        .iter()
        .find(|(_, other, code)| *other == status && [*code] == codes);
    match same {
        Some((name, ..)) => json!({"$ref": format!("#/components/responses/{name}")}),
        None => whole(status, codes),
    }
}

fn whole(status: u16, codes: &[&'static str]) -> Value {
    let mut headers = Map::new();
    for name in ["x-request-id", "server-timing"] {
        headers.insert(
            name.to_owned(),
            json!({"$ref": format!("#/components/headers/{name}")}),
        );
    }
    let extra = match status {
        401 => Some("www-authenticate"),
        429 | 503 => Some("retry-after"),
        _ => None,
    };
    if let Some(name) = extra {
        headers.insert(
            name.to_owned(),
            json!({"$ref": format!("#/components/headers/{name}")}),
        );
    }
    let list: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    json!({
        "description": format!("{}: {}.", meaning(status), list.join(", ")),
        "headers": headers,
        "content": {"application/problem+json": {"schema": {
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "properties": {"code": {"enum": codes}, "status": {"const": status}},
        }}},
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed",
        401 => "Nobody knows who asks",
        403 => "The caller may not do this",
        404 => "It is missing, or hidden from the caller",
        409 => "It is taken, or was changed meanwhile",
        412 => "It is no longer as the caller read it",
        413 => "The body is too long",
        422 => "A rule says no",
        429 => "Too many at once",
        500 => "A fault on the server's side",
        _ => "A part of the service is not available",
    }
}
