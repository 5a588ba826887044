//! The whole document: what is said of the operations, and what they have in common.

use domain::function_model::Version;
use domain::ids::{
    ActionId, AgentId, ContentId, CoordinationId, EntityId, ExecutionId, InvitationId, LinkId,
    ModelId, NodeId, OrganizationId, ScheduleId, SecretId, TaskId, UserId, WorkflowId,
};
use domain::verification::ReplayedType;
use domain::vocabulary::FeatureType;
use serde_json::{Map, Value, json};

use super::description::{Answer, Content, Description, SchemaOf, schema};
use super::schemas::Schemas;
use super::{examples, operations, refusals};
use crate::operation::{ROUTES, Route};

/// The description of the API, an OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for route in ROUTES {
        let description = operations::describe(route.operation);
        if !tags.contains(&description.tag) {
            tags.push(description.tag);
        }
        let path = paths.entry(route.template).or_insert_with(|| {
            let parameters: Vec<Value> = names(route.template)
                .map(|name| path_parameter(name, &mut schemas))
                .collect();
            match parameters.is_empty() {
                true => json!({}),
                false => json!({ "parameters": parameters }),
            }
        });
        path[route.method.name().to_ascii_lowercase()] =
            operation(route, &description, &mut schemas);
    }
    let problem = refusals::problem(&mut schemas);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{"url": "/functions/v1/api", "description": "The edge function of the project"}],
        "security": [{"user": []}, {"service": []}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": headers(),
            "parameters": request_headers(),
            "responses": refusals::alike(),
            "securitySchemes": {
                "user": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of a signed-in user."},
                "service": {"type": "apiKey", "in": "header", "name": "apikey", "description": "The secret key of the project: the service itself."},
            },
        },
    });
    let mut all = schemas.finish(&mut document);
    all.insert("Problem".to_owned(), problem);
    document["components"]["schemas"] = Value::Object(all);
    examples::add(&mut document);
    document
}

fn info() -> Value {
    json!({
        "title": "Function models",
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        "description": "Business process models: people design them, publish immutable versions, run them, watch them and account for every change.\n\nRequests and answers are JSON. Refusals are problem+json with a stable `code`; every wrong field is reported at once. A thing that the caller may not see is missing (404). Lists come in pages: `{items, nextCursor?}` and a `Link` header; cursors are opaque. Revisions travel as `ETag` and `If-Match`. A command that is sent again with the same `Idempotency-Key` within 24 hours gets the first answer again. Times are UTC, RFC 3339, to the millisecond. Text must not hold U+0000.",
    })
}

/// The names in braces of a template.
pub(super) fn names(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('/')
        .filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'))
}

/// What may stand in place of a name of an address, and what it says.
fn named(name: &str) -> (SchemaOf, &'static str) {
    match name {
        "modelId" => (schema::<ModelId>(), "The model."),
        "nodeId" => (schema::<NodeId>(), "The container."),
        "dependencyId" => (schema::<NodeId>(), "The container that is waited for."),
        "actionId" => (schema::<ActionId>(), "The action."),
        "version" => (schema::<Version>(), "The number of the version, `x.y.z`."),
        "executionId" => (schema::<ExecutionId>(), "The run."),
        "organizationId" => (schema::<OrganizationId>(), "The organization."),
        "userId" => (schema::<UserId>(), "The user."),
        "workflowId" => (schema::<WorkflowId>(), "The workflow."),
        "scheduleId" => (schema::<ScheduleId>(), "The schedule."),
        "secretId" => (schema::<SecretId>(), "The secret."),
        "contentId" => (schema::<ContentId>(), "The article."),
        "agentId" => (schema::<AgentId>(), "The agent."),
        "taskId" => (schema::<TaskId>(), "The task."),
        "coordinationId" => (schema::<CoordinationId>(), "The coordination."),
        "entityId" => (
            schema::<EntityId>(),
            "The entity the node belongs to; the model, for models.",
        ),
        "featureType" => (schema::<FeatureType>(), "The feature of the entity."),
        "subscription" => (schema::<String>(), "The name of the subscription."),
        "eventId" => (schema::<EntityId>(), "The event."),
        "linkId" => (schema::<LinkId>(), "The link."),
        "aggregateType" => (schema::<ReplayedType>(), "What kind of thing it is."),
        "aggregateId" => (schema::<uuid::Uuid>(), "The thing."),
        "recordId" => (
            schema::<uuid::Uuid>(),
            "The thing: a model, link, agent, organization, or what else has a history.",
        ),
        "invitationId" => (schema::<InvitationId>(), "The invitation."),
        "token" => (schema::<String>(), "The word that the invitation carries."),
        _ => (schema::<String>(), ""),
    }
}

fn path_parameter(name: &str, schemas: &mut Schemas) -> Value {
    let (schema, text) = named(name);
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": text,
        "schema": schemas.read(schema),
    })
}

fn operation(route: &Route, description: &Description, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    for parameter in &description.query {
        let mut schema = schemas.read(parameter.schema);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
        }
        parameters.push(json!({
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.text,
            "schema": schema,
        }));
    }
    for name in description
        .headers
        .iter()
        .chain(&["X-Request-Id", "Traceparent"])
    {
        parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
    }
    let mut responses = Map::new();
    for answer in &description.answers {
        let response = response(answer, description.media_type, schemas);
        responses.insert(answer.status.to_string(), response);
    }
    let is_public = route.operation.is_public();
    for (status, codes) in refusals::codes(description, is_public) {
        let entry = responses.entry(status.to_string());
        entry.or_insert_with(|| refusals::answer(status, &codes));
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [description.tag],
        "summary": description.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if !description.text.is_empty() {
        operation["description"] = description.text.into();
    }
    if is_public {
        operation["security"] = json!([]);
    }
    if let Some((schema, may_be_left_out)) = description.body {
        operation["requestBody"] = json!({
            "required": !may_be_left_out,
            "description": format!("At most {} KiB.", description.max_bytes / 1024),
            "content": {"application/json": {"schema": schemas.read(schema)}},
        });
    }
    operation
}

/// `ReadFunctionModel` as `readFunctionModel`.
pub(super) fn operation_id(route: &Route) -> String {
    let name = format!("{:?}", route.operation);
    name[..1].to_ascii_lowercase() + &name[1..]
}

fn response(answer: &Answer, media_type: &str, schemas: &mut Schemas) -> Value {
    let mut headers = Map::new();
    let always = [("x-request-id", true), ("server-timing", true)];
    for (name, always) in answer.headers.iter().chain(&always) {
        let reference = format!("#/components/headers/{name}");
        let header = match always {
            true => json!({ "$ref": reference }),
            false => json!({"$ref": format!("{reference}-sometimes")}),
        };
        headers.insert((*name).to_owned(), header);
    }
    let mut response = json!({"description": answer.text, "headers": headers});
    if let Some(content) = &answer.content {
        let schema = content_schema(*content, answer.on_request, schemas);
        response["content"] = json!({media_type: {"schema": schema}});
    }
    response
}

fn content_schema(content: Content, on_request: &[&str], schemas: &mut Schemas) -> Value {
    match content {
        Content::One(of) if on_request.is_empty() => schemas.written(of),
        Content::One(of) => without(schemas.definition(of), on_request),
        Content::Sparse(of) => sparse(of, on_request, schemas),
        Content::List(of) => list(sparse(of, on_request, schemas), false),
        Content::Page(of) => list(sparse(of, on_request, schemas), true),
    }
}

/// All fields of a thing, or those that were asked for.
fn sparse(of: SchemaOf, on_request: &[&str], schemas: &mut Schemas) -> Value {
    let whole = match on_request.is_empty() {
        true => schemas.written(of),
        false => without(schemas.definition(of), on_request),
    };
    let mut part = schemas.definition(of);
    for branch in branches(&mut part) {
        branch.remove("required");
        branch.remove("description");
    }
    any_branch(&mut part);
    part["description"] = "What `fields` asked for.".into();
    json!({"anyOf": [whole, schemas.share(of, "Fields", part)]})
}

/// Without the field that tells them apart, a part of a thing may be a part of several kinds of it.
fn any_branch(part: &mut Value) {
    if let Some(object) = part.as_object_mut()
        && let Some(branches) = object.remove("oneOf")
    {
        object.insert("anyOf".into(), branches);
    }
}

/// The objects a schema may stand for.
fn branches(schema: &mut Value) -> Vec<&mut Map<String, Value>> {
    if schema.get("oneOf").is_some() {
        let branches = schema["oneOf"].as_array_mut().into_iter().flatten();
        return branches.filter_map(Value::as_object_mut).collect();
    }
    schema.as_object_mut().into_iter().collect()
}

/// Some fields are there only when they were asked for.
fn without(mut schema: Value, fields: &[&str]) -> Value {
    for branch in branches(&mut schema) {
        if let Some(Value::Array(required)) = branch.get_mut("required") {
            required.retain(|name| !fields.iter().any(|field| name == field));
        }
    }
    schema
}

fn list(item: Value, paged: bool) -> Value {
    let mut properties = json!({"items": {"type": "array", "items": item}});
    if paged {
        properties["nextCursor"] = json!({"type": "string", "description": "Where the next page starts; absent on the last one."});
        properties["total"] = json!({"type": "integer", "minimum": 0, "description": "All items; with `count=exact`."});
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": ["items"],
        "additionalProperties": false,
    })
}

fn headers() -> Value {
    let mut headers = Map::new();
    for (name, text, pattern) in [
        (
            "x-request-id",
            "The name of the request: as it was given, or a new one.",
            "^[!-~]{1,128}$",
        ),
        (
            "server-timing",
            "How long the request took, in milliseconds.",
            "^total;dur=",
        ),
        ("etag", "The revision, for `If-Match`.", "^\"[0-9]+\"$"),
        (
            "location",
            "Where the thing can be found.",
            "^/functions/v1/api/",
        ),
        (
            "link",
            "The next page; absent on the last one.",
            "^<[^>]+>; rel=\"next\"$",
        ),
        (
            "preference-applied",
            "How many seconds it waited at most.",
            "^wait=[0-9]+$",
        ),
        (
            "retry-after",
            "After how many seconds to try again.",
            "^[0-9]+$",
        ),
        ("www-authenticate", "How to sign in.", "^Bearer "),
    ] {
        let header = |required: bool| {
            json!({
                "description": text,
                "required": required,
                "schema": {"type": "string", "pattern": pattern},
            })
        };
        let always = name != "retry-after";
        headers.insert(name.to_owned(), header(always));
        headers.insert(format!("{name}-sometimes"), header(false));
    }
    Value::Object(headers)
}

fn request_headers() -> Value {
    let mut headers = Map::new();
    for (name, example, text, schema) in [
        (
            "If-Match",
            "*",
            "The `etag` that the caller read; when it is stale, the answer is 412.",
            json!({"type": "string", "pattern": "^(\\*|\"[1-9][0-9]{0,17}\")$"}),
        ),
        (
            "Idempotency-Key",
            "order-4711",
            "A key of the caller's for this command: sent again within 24 hours, it gets the first answer.",
            json!({"type": "string", "pattern": "^[!-~]([ -~]{0,198}[!-~])?$"}),
        ),
        (
            "Prefer",
            "wait=1",
            "`wait=<seconds>`, 1–60: answer when the run has ended, or then at the latest.",
            json!({"type": "string"}),
        ),
        (
            "X-Request-Id",
            "01936b1c-4f6a-7c3e-9d57-2f1f6a0c8e42",
            "A name for the request: 1–128 visible ASCII characters. Others are replaced.",
            json!({"type": "string"}),
        ),
        (
            "Traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "W3C trace context. What is malformed is dropped.",
            json!({"type": "string"}),
        ),
    ] {
        let header = json!({"name": name, "in": "header", "required": false, "description": text, "schema": schema, "example": example});
        headers.insert(name.to_owned(), header);
    }
    Value::Object(headers)
}
