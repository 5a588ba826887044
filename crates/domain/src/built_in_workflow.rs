//! Workflows of the built-in Spindle: one HTTP call each.

use crate::sorted::SortedMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::OrganizationId;
use crate::json;
use crate::limits::{self, Fields, JsonObject};
use crate::secret::{self, SecretValue};
use crate::vocabulary::words;
use crate::workflow::expression::Expression;
use crate::workflow::mapping::Mapping;

words!(
    /// The method of an HTTP call.
    Method {
        /// Reads.
        Get => "GET",
        /// Adds.
        Post => "POST",
        /// Replaces.
        Put => "PUT",
        /// Changes.
        Patch => "PATCH",
        /// Removes.
        Delete => "DELETE",
    }
);

/// Create a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateWorkflow {
    /// The organization it belongs to; without one it is the caller's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// 1–200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: String,
    /// What it calls.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::given::GivenTask"))]
    pub definition: JsonObject,
}

/// Change a workflow; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateWorkflow {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: Option<String>,
    /// The definition as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::GivenTask>")
    )]
    pub definition: Option<JsonObject>,
}

/// What an HTTP task calls, and what becomes of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HttpTask {
    /// The method.
    pub method: Method,
    /// The address: `http` or `https`, at most 2000 characters. Values of the run stand in it as
    /// `{dotted.path}`.
    pub url: String,
    /// Headers; their values may hold `{dotted.path}` too, and `{secrets.name}`.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub headers: SortedMap<String, String>,
    /// The body: JSON as it is, or an expression over the run's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// What the task puts out of `{status, headers, body}`; the body alone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Expression>,
    /// Milliseconds the call may take, 1–300 000; 30 000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 300_000)))]
    pub timeout_ms: Option<u32>,
    /// Whether a failed call may be made again; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
}

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Body {
    /// An expression whose value is the body.
    Expression(Expression),
    /// The body itself.
    Json(Value),
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let expression = json::exactly_from_value(value.clone());
        Ok(expression.map_or(Self::Json(value), Self::Expression))
    }
}

/// What stands before the name of a secret in a template.
const SECRETS: &str = "secrets.";
const MAX_URL: usize = 2000;
const MAX_HEADERS: usize = 50;
const MAX_HEADER: usize = 4000;

/// Checks the name of a workflow.
///
/// # Errors
/// `WORKFLOW_CONFIGURATION_INVALID` on field `name`.
pub fn workflow_name(text: &str) -> Result<String, DomainError> {
    let mut violations = Violations::new();
    let checked = limits::text(text, 1, 200, Code::WorkflowConfigurationInvalid);
    let name = violations.take("name", checked).unwrap_or_default();
    violations.finish().map(|()| name)
}

impl HttpTask {
    /// Reads a definition; paths of errors lie below `definition`.
    ///
    /// # Errors
    /// `WORKFLOW_CONFIGURATION_INVALID` with every field that is wrong, `DOCUMENT_TOO_LARGE`.
    pub fn parse(definition: &JsonObject) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        violations.take("definition", limits::document(definition));
        let code = Code::WorkflowConfigurationInvalid;
        let mut fields = Fields::new(definition.clone(), "definition", code, &mut violations);
        if !fields.has("method") {
            fields.broken("method", "required", Value::Null);
        }
        let method = fields.word("method", Method::ALL, Method::as_str);
        let url = fields.required_text("url", 1, MAX_URL);
        if let Some(url) = &url
            && let Err((rule, limit)) = check_url(url)
        {
            fields.broken("url", rule, limit);
        }
        let headers = read_headers(&mut fields);
        let body = fields
            .raw("body")
            .and_then(|raw| read_body(&mut fields, raw));
        let output = fields.raw("output").and_then(|raw| {
            let expression = match &raw {
                Value::String(source) => Expression::parse(source),
                _ => Expression::parse_json(&raw),
            };
            fields.take("output", expression.map_err(in_workflow))
        });
        let timeout_ms = fields.integer("timeoutMs", 1, 300_000);
        let retryable = fields.boolean("retryable");
        fields.finish();
        violations.finish()?;
        match (method, url) {
            (Some(method), Some(url)) => Ok(Self {
                method,
                url,
                headers,
                body,
                output,
                timeout_ms: timeout_ms.and_then(|ms| u32::try_from(ms).ok()),
                retryable,
            }),
            _ => Err(DomainError::new(code, "The definition is incomplete.")),
        }
    }

    /// Milliseconds the call may take.
    pub fn timeout_ms(&self) -> u32 {
        self.timeout_ms.unwrap_or(30_000)
    }

    /// The address with the run's values in it, escaped for their place.
    ///
    /// # Errors
    /// A sentence when a path leads nowhere or to something but text, number or truth value.
    pub fn url_for(&self, data: &Value) -> Result<String, String> {
        fill(&self.url, escape, |path| found(data, path))
    }

    /// The names of the secrets that its headers carry, each once.
    pub fn secrets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for template in self.headers.values() {
            let paths = template.split('{').skip(1);
            let paths = paths.filter_map(|rest| rest.split('}').next());
            names.extend(paths.filter_map(|path| path.trim().strip_prefix(SECRETS)));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The headers with the run's values and the secrets, by their names, in them.
    ///
    /// # Errors
    /// A sentence when a path leads nowhere, or a value would break the header.
    pub fn headers_for(
        &self,
        data: &Value,
        secrets: &SortedMap<String, SecretValue>,
    ) -> Result<SortedMap<String, String>, String> {
        let mut headers = SortedMap::new();
        for (name, template) in &self.headers {
            let value = fill(template, str::to_owned, |path| {
                match path.strip_prefix(SECRETS) {
                    Some(secret) => secrets.get(secret).map(|value| value.reveal().to_owned()),
                    None => found(data, path),
                }
            })?;
            if value.contains(|sign: char| sign.is_control()) {
                return Err(format!("The header {name} would hold a control character."));
            }
            headers.insert(name.clone(), value);
        }
        Ok(headers)
    }

    /// The body for the run's data.
    ///
    /// # Errors
    /// A sentence when its expression fails.
    pub fn body_for(&self, data: &Value) -> Result<Option<Value>, String> {
        match &self.body {
            None => Ok(None),
            Some(Body::Json(body)) => Ok(Some(body.clone())),
            Some(Body::Expression(expression)) => expression.evaluate(data).map(Some),
        }
    }

    /// What the task puts out of an answer `{status, headers, body}`.
    ///
    /// # Errors
    /// A sentence when its expression fails.
    pub fn output_of(&self, answer: &Value) -> Result<Value, String> {
        match &self.output {
            None => Ok(answer.get("body").cloned().unwrap_or(Value::Null)),
            Some(expression) => expression.evaluate(answer),
        }
    }
}

fn in_workflow(mut refusal: DomainError) -> DomainError {
    refusal.code = Code::WorkflowConfigurationInvalid;
    refusal
}

fn read_body(fields: &mut Fields<'_>, raw: Value) -> Option<Body> {
    let is_expression = |object: &JsonObject| {
        object.len() == 1 && object.get("expression").is_some_and(Value::is_string)
    };
    if !raw.as_object().is_some_and(is_expression) {
        return Some(Body::Json(raw));
    }
    let expression = Expression::parse_json(&raw).map_err(in_workflow);
    fields.take("body", expression).map(Body::Expression)
}

fn read_headers(fields: &mut Fields<'_>) -> SortedMap<String, String> {
    let mut headers = SortedMap::new();
    let given = fields.object("headers").unwrap_or_default();
    if given.len() > MAX_HEADERS {
        fields.broken("headers", "length", MAX_HEADERS);
    }
    for (name, value) in given {
        let place = format!("headers.{name}");
        let name = name.trim().to_ascii_lowercase();
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            fields.broken(&place, "name", "a header's name");
        } else if FORBIDDEN_HEADERS.contains(&name.as_str()) {
            fields.broken(&place, "forbidden", FORBIDDEN_HEADERS.to_vec());
        }
        let fits = |text: &&str| {
            text.len() <= MAX_HEADER && !text.contains(|sign: char| sign.is_control())
        };
        match value.as_str().filter(fits) {
            Some(text) => {
                match check_template(text, !TRAVELLING_HEADERS.contains(&name.as_str())) {
                    Ok(()) => {
                        headers.insert(name, text.to_owned());
                    }
                    Err(limit) => fields.broken(&place, "template", limit),
                }
            }
            None => fields.broken(&place, "type", "text without control characters"),
        }
    }
    headers
}

/// Headers that follow a redirect to another host, and thus never carry a secret.
pub const TRAVELLING_HEADERS: [&str; 6] = [
    "accept",
    "accept-language",
    "content-type",
    "idempotency-key",
    "traceparent",
    "user-agent",
];

/// Headers that belong to the connection, not to the call.
const FORBIDDEN_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
];

fn check_url(url: &str) -> Result<(), (&'static str, &'static str)> {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or(("scheme", "http or https"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains(['@', '{', '}', '\\']) {
        return Err(("host", "a fixed host without credentials"));
    }
    if url.contains(|sign: char| sign.is_whitespace() || sign.is_control()) {
        return Err(("format", "no white space"));
    }
    check_template(url, false).map_err(|limit| ("template", limit))
}

/// Every `{` of a template is closed and holds a dotted path, or a secret where one may stand.
fn check_template(template: &str, takes_secrets: bool) -> Result<(), &'static str> {
    let mut rest = template;
    while let Some((_, behind)) = rest.split_once('{') {
        let (path, behind) = behind.split_once('}').ok_or("{dotted.path}")?;
        if let Some(name) = path.trim().strip_prefix(SECRETS) {
            if !takes_secrets {
                return Err("no secret: only headers meant for the called host carry one");
            }
            if !secret::is_name(name) {
                return Err("{secrets.name}");
            }
        }
        let path = Value::String(path.to_owned());
        Mapping::parse(&path).map_err(|_| "{dotted.path}")?;
        rest = behind;
    }
    Ok(())
}

/// The text at a path of the run's data.
fn found(data: &Value, path: &str) -> Option<String> {
    match crate::workflow::mapping::lookup(data, path)? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    }
}

fn fill(
    template: &str,
    put: fn(&str) -> String,
    find: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (path, behind) = behind.split_once('}').ok_or("A brace is not closed.")?;
        let text = find(path.trim());
        let text = text.ok_or_else(|| format!("There is no text or number at {path}."))?;
        filled.push_str(before);
        filled.push_str(&put(&text));
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Escapes everything but letters, digits and the signs that mean nothing in an address.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// What a tether hands to a workflow: the visible context, with its own parameters on top, and
/// those once more under `parameters` unless that name is taken.
pub fn task_data(context: &JsonObject, parameters: &JsonObject) -> Value {
    let mut data = context.clone();
    data.extend(parameters.clone());
    data.entry("parameters")
        .or_insert_with(|| Value::Object(parameters.clone()));
    Value::Object(data)
}

/// The definition after a change of a workflow, and its name.
///
/// # Errors
/// `NOTHING_TO_CHANGE`, `WORKFLOW_CONFIGURATION_INVALID`.
pub fn updated(
    name: &str,
    task: &HttpTask,
    change: &UpdateWorkflow,
) -> Result<(String, HttpTask), DomainError> {
    if *change == UpdateWorkflow::default() {
        let message = "At least one changed field is needed.";
        return Err(DomainError::new(Code::NothingToChange, message));
    }
    let mut violations = Violations::new();
    let name = workflow_name(change.name.as_deref().unwrap_or(name));
    let name = violations.take("", name);
    let task = change
        .definition
        .as_ref()
        .map_or_else(|| Ok(task.clone()), HttpTask::parse);
    let task = violations.take("", task);
    violations.finish()?;
    name.zip(task).ok_or_else(|| {
        let error = FieldError::new("definition", "required");
        DomainError::field(Code::WorkflowConfigurationInvalid, "Incomplete.", error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn task(definition: Value) -> Result<HttpTask, Vec<String>> {
        HttpTask::parse(&definition.as_object().cloned().unwrap()).map_err(|refusal| {
            let errors = refusal.errors.into_iter();
            errors.map(|e| format!("{} {}", e.field, e.rule)).collect()
        })
    }

    fn get(mut more: Value) -> Result<HttpTask, Vec<String>> {
        let more = more.as_object_mut().unwrap();
        more.entry("method").or_insert(json!("GET"));
        more.entry("url").or_insert(json!("https://example.com/"));
        task(Value::Object(more.clone()))
    }

    #[test]
    fn definitions_report_every_wrong_field() {
        let check = |more: Value, broken: &[&str]| assert_eq!(get(more).unwrap_err(), broken);
        assert_eq!(
            task(json!({})).unwrap_err(),
            ["definition.method required", "definition.url required"]
        );
        check(json!({"method": "SHOUT"}), &["definition.method oneOf"]);
        check(json!({"url": "ftp://x/"}), &["definition.url scheme"]);
        check(json!({"url": "https://"}), &["definition.url host"]);
        check(json!({"url": "https://a@b/"}), &["definition.url host"]);
        check(json!({"url": "https://{host}/"}), &["definition.url host"]);
        check(json!({"url": "https://a/b c"}), &["definition.url format"]);
        check(json!({"url": "https://a/{x"}), &["definition.url template"]);
        check(
            json!({"url": "https://a/{x..y}"}),
            &["definition.url template"],
        );
        check(json!({"timeoutMs": 0}), &["definition.timeoutMs range"]);
        check(json!({"retryable": 1}), &["definition.retryable type"]);
        check(json!({"output": 1}), &["definition.output type"]);
        check(json!({"output": "1 +"}), &["definition.output expression"]);
        check(
            json!({"body": {"expression": "1 +"}}),
            &["definition.body expression"],
        );
        check(json!({"colour": 1}), &["definition.colour unknown"]);
        check(
            json!({"headers": {"Host": "x", "a b": "x", "c": 1, "d": "{"}}),
            &[
                "definition.headers.Host forbidden",
                "definition.headers.a b name",
                "definition.headers.c type",
                "definition.headers.d template",
            ],
        );
    }

    fn no_secrets() -> SortedMap<String, SecretValue> {
        SortedMap::new()
    }

    #[test]
    fn secrets_stand_in_headers_alone() {
        let task = get(json!({"headers": {
            "Authorization": "Bearer {secrets.api-key}", "x-two": "{ secrets.a }{secrets.api-key}",
        }}))
        .unwrap();
        assert_eq!(task.secrets(), ["a", "api-key"]);
        let value = |text: &str| SecretValue::kept(text.to_owned());
        let mut secrets = SortedMap::new();
        secrets.insert("a".to_owned(), value("first"));
        let data = json!({"secrets": {"api-key": "of the run"}});
        assert!(task.headers_for(&data, &secrets).is_err());
        secrets.insert("api-key".to_owned(), value("second"));
        let headers = task.headers_for(&data, &secrets).unwrap();
        assert_eq!(headers["authorization"], "Bearer second");
        assert_eq!(headers["x-two"], "firstsecond");
        let url = get(json!({"url": "https://example.com/{secrets.a}"}));
        assert_eq!(url.unwrap_err(), ["definition.url template"]);
        let name = get(json!({"headers": {"x": "{secrets.a.b}"}}));
        assert_eq!(name.unwrap_err(), ["definition.headers.x template"]);
        for header in TRAVELLING_HEADERS {
            let refused = get(json!({"headers": {header: "{secrets.a}"}})).unwrap_err();
            assert_eq!(refused, [format!("definition.headers.{header} template")]);
        }
    }

    #[test]
    fn values_of_the_run_stand_in_their_places() {
        let task = get(json!({
            "url": "https://example.com/orders/{order.id}?note={note}",
            "headers": {"X-Note": "{note}"},
            "body": {"expression": "{'sum': order.total + 1}"},
            "output": "body.items.map(i, i.id)"
        }))
        .unwrap();
        let data = json!({"order": {"id": "a/b", "total": 2}, "note": true});
        let url = task.url_for(&data).unwrap();
        assert_eq!(url, "https://example.com/orders/a%2Fb?note=true");
        assert_eq!(
            task.headers_for(&data, &no_secrets()).unwrap()["x-note"],
            "true"
        );
        assert_eq!(task.body_for(&data).unwrap(), Some(json!({"sum": 3})));
        let answer = json!({"status": 200, "headers": {}, "body": {"items": [{"id": 1}]}});
        assert_eq!(task.output_of(&answer).unwrap(), json!([1]));
        assert!(task.url_for(&json!({"order": {}})).is_err());
        let bad = json!({"order": {"id": 1}, "note": "a\r\nb: c"});
        assert!(task.headers_for(&bad, &no_secrets()).is_err());
    }

    #[test]
    fn plain_tasks_put_out_the_body() {
        let task = get(json!({"body": {"a": {"expression": "kept"}}})).unwrap();
        assert_eq!(task.timeout_ms(), 30_000);
        assert_eq!(
            task.body_for(&json!({})).unwrap(),
            Some(json!({"a": {"expression": "kept"}}))
        );
        assert_eq!(task.output_of(&json!({"body": 1})).unwrap(), json!(1));
        assert_eq!(get(json!({})).unwrap().body_for(&json!({})).unwrap(), None);
        let json = serde_json::to_value(&task).unwrap();
        assert_eq!(serde_json::from_value::<HttpTask>(json).unwrap(), task);
    }

    #[test]
    fn changes_need_a_field_and_are_checked() {
        let task = get(json!({})).unwrap();
        let nothing = updated("n", &task, &UpdateWorkflow::default()).unwrap_err();
        assert_eq!(nothing.code, Code::NothingToChange);
        let change = UpdateWorkflow {
            name: Some(" ".to_owned()),
            definition: Some(JsonObject::new()),
        };
        let refusal = updated("n", &task, &change).unwrap_err();
        assert_eq!(refusal.errors.len(), 3);
        let change = UpdateWorkflow {
            name: Some("Other".to_owned()),
            definition: None,
        };
        assert_eq!(updated("n", &task, &change).unwrap().0, "Other");
        let context = json!({"a": 1, "b": 1});
        let data = task_data(
            context.as_object().unwrap(),
            json!({"b": 2}).as_object().unwrap(),
        );
        assert_eq!(data, json!({"a": 1, "b": 2, "parameters": {"b": 2}}));
    }
}
