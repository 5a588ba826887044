use domain::ids::UserId;
use futures::executor::block_on;
use use_cases::context::Actor;
use use_cases::in_memory::Vault;
use use_cases::ports::Vault as _;
use uuid::Uuid;

use super::*;
use crate::http::script::{Script, Step, StillClock, answer, answer_with, fault};
use crate::http::{AllowedHosts, TransportErrorKind};
use crate::postgrest::script::{ID, WHEN, body, session};

fn workflow(definition: Value) -> Step {
    let row = json!({
        "workflowId": ID, "organizationId": null, "userId": ID, "name": "w", "definition": definition,
        "createdAt": WHEN, "updatedAt": WHEN, "revision": 1,
    });
    answer(200, &row.to_string())
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn run_as(script: &Script, workflow_id: &str) -> Result<Value, ServiceError> {
    run_beside(script, workflow_id, AllowedHosts::default())
}

fn run_beside(
    script: &Script,
    workflow_id: &str,
    allowed: AllowedHosts,
) -> Result<Value, ServiceError> {
    let clock = StillClock::default();
    let http = Rc::new(HttpClient::new(script, &clock, allowed));
    let vault = Rc::new(Vault::new(&["k1"]));
    let spindle = BuiltInSpindle::new(session(script, &clock), http, vault);
    let actor = Actor::user(UserId::from_uuid(Uuid::from_u128(7)));
    block_on(spindle.execute_workflow(WorkflowCall {
        actor: &actor,
        organization_id: None,
        workflow_id,
        parameters: &json!({"step": "pay", "n": 3}),
        context: &json!({"order": {"id": "o-1"}}),
        idempotency_key: "run-4",
        traceparent: Some(TRACE),
        timeout_ms: 5000,
    }))
}

fn run(definition: Value, step: Step) -> (Result<Value, ServiceError>, Option<HttpRequest>) {
    let script = Script::of([workflow(definition), step]);
    let result = run_as(&script, ID);
    (result, script.sent().get(1).cloned())
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let found = request.headers.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn a_task_is_called_with_what_its_expressions_give() {
    let definition = json!({
        "method": "POST",
        "url": "https://api.example.com/{order.id}?s={context.order.id}",
        "headers": {"X-Step": "{parameters.step}", "Authorization": "Bearer abc"},
        "body": {"expression": "{'n': parameters.n, 'm': n, 'o': context.order.id}"},
        "output": {"expression": "body.total"},
        "timeoutMs": 2000,
    });
    let (result, sent) = run(definition, answer(201, r#"{"total": 12}"#));
    assert_eq!(result, Ok(json!(12)));
    let sent = sent.unwrap();
    assert_eq!(sent.url, "https://api.example.com/o-1?s=o-1");
    assert_eq!((sent.method, sent.timeout_ms), (Method::Post, 2000));
    assert_eq!(sent.body.as_deref(), Some(r#"{"m":3,"n":3,"o":"o-1"}"#));
    assert_eq!(sent.max_body_bytes, Some(MAX_OUTSIDE_BODY));
    assert_eq!(header(&sent, "idempotency-key"), Some("run-4"));
    assert_eq!(header(&sent, "traceparent"), Some(TRACE));
    assert_eq!(header(&sent, "x-step"), Some("pay"));
    assert_eq!(header(&sent, "authorization"), Some("Bearer abc"));
    assert_eq!(header(&sent, "content-type"), Some("application/json"));
    assert_eq!(header(&sent, "apikey"), None);
}

#[test]
fn without_an_output_expression_the_body_is_the_output() {
    let get = || json!({"method": "GET", "url": "https://a.example/"});
    let (result, sent) = run(get(), answer(200, r#"{"a":1}"#));
    assert_eq!(result, Ok(json!({"a": 1})));
    assert_eq!(header(&sent.unwrap(), "content-type"), None);
    assert_eq!(run(get(), answer(204, "")).0, Ok(Value::Null));
}

#[test]
fn text_is_sent_as_text_when_the_task_says_so() {
    let definition = json!({
        "method": "PUT", "url": "https://a.example/", "headers": {"content-type": "text/plain"},
        "body": {"expression": "'hello ' + parameters.step"},
    });
    let (_, sent) = run(definition, answer(200, ""));
    assert_eq!(sent.unwrap().body.as_deref(), Some("hello pay"));
}

#[test]
fn the_workflow_is_read_as_the_user_who_started_the_run() {
    let script = Script::of([answer(200, "null")]);
    let error = run_as(&script, ID).unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Missing);
    let asked = body(&script.sent()[0]);
    assert_eq!(
        asked["actor"]["sub"],
        json!(UserId::from_uuid(Uuid::from_u128(7)))
    );
    assert_eq!(asked["command"], json!({"workflowId": ID}));
    let none = Script::of([]);
    assert_eq!(
        run_as(&none, "nightly").unwrap_err().failure,
        ServiceFailure::Missing
    );
    let down = Script::of([answer(500, r#"{"code":"57014"}"#)]);
    assert_eq!(
        run_as(&down, ID).unwrap_err().failure,
        ServiceFailure::Unreachable
    );
}

#[test]
fn a_failure_says_what_kind_it_is_and_whether_to_try_again() {
    let task = |retryable: bool| json!({"method": "POST", "url": "https://a.example/", "retryable": retryable});
    let busy = || answer_with(429, "retry-after", "3", "");
    let error = run(task(true), busy()).0.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Status(429));
    assert_eq!((error.permanent, error.retry_after_ms), (false, Some(3000)));
    assert!(run(task(false), busy()).0.unwrap_err().permanent);
    for (step, failure) in [
        (fault(TransportErrorKind::Timeout), ServiceFailure::Timeout),
        (
            fault(TransportErrorKind::Network),
            ServiceFailure::Unreachable,
        ),
        (fault(TransportErrorKind::TooLarge), ServiceFailure::Invalid),
        (answer(422, "{}"), ServiceFailure::Status(422)),
        (answer(200, "{"), ServiceFailure::Invalid),
    ] {
        let error = run(task(true), step).0.unwrap_err();
        assert_eq!(error.failure, failure);
        assert!(!error.message.contains("10.0.0.7"), "{}", error.message);
    }
}

#[test]
fn nothing_is_sent_that_must_not_be() {
    let with = |more: Value| {
        let mut definition = json!({"method": "POST", "url": "https://a.example/"});
        let more = more.as_object().cloned().unwrap();
        definition.as_object_mut().unwrap().extend(more);
        definition
    };
    for definition in [
        with(json!({"url": "http://169.254.169.254/latest"})),
        with(json!({"url": "http://localhost:54321/rest/v1/"})),
        with(json!({"url": "https://a.example/{missing}"})),
        with(json!({"url": 7})),
        with(json!({"headers": {"cookie": "b"}})),
        with(json!({"headers": {"Idempotency-Key": "b"}})),
        with(json!({"headers": {"x": "{context.order}"}})),
        with(json!({"headers": {"x": "caf\u{e9}"}})),
        with(json!({"body": {"expression": "parameters.missing"}})),
        with(json!({"method": "GET", "body": {"a": 1}})),
        json!("nonsense"),
    ] {
        let script = Script::of([workflow(definition.clone())]);
        let error = run_as(&script, ID).unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Invalid, "{definition}");
        assert_eq!(script.sent().len(), 1, "{definition}");
    }
}

#[test]
fn a_body_that_grew_too_long_is_not_sent() {
    let definition = json!({
        "method": "POST", "url": "https://a.example/", "body": {"expression": "context.big"},
    });
    let task = HttpTask::parse(definition.as_object().unwrap()).unwrap();
    let data = json!({"context": {"big": "a".repeat(LONGEST_BODY)}});
    let error = request(&task, String::new(), &data, &Values::new()).unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Invalid);
}

#[test]
fn an_output_that_cannot_be_computed_is_a_fault_of_the_workflow() {
    let definition = json!({
        "method": "GET", "url": "https://a.example/", "output": {"expression": "body.missing"},
    });
    let error = run(definition, answer(200, "{}")).0.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Invalid);
    assert!(error.message.contains("output"));
}

const VALUE: &str = "marker-of-a-secret";

/// The row of a secret, sealed as if by the deployment, with the hosts it may go to.
fn kept(name: &str, hosts: &[&str], is_open: bool) -> Value {
    let mut row = json!({
        "secretId": ID, "organizationId": null, "userId": ID, "name": name, "hosts": hosts,
        "keyId": "k1", "rotatedAt": WHEN, "createdAt": WHEN, "revision": 1,
    });
    let mut fields = row.clone();
    fields.as_object_mut().unwrap().remove("organizationId");
    let secret: domain::secret::Secret = serde_json::from_value(fields).unwrap();
    let value = domain::secret::SecretValue::kept(VALUE.into());
    let sealed = block_on(Vault::new(&["k1"]).seal(&secret.place(), &value)).unwrap();
    row["organizationId"] = Value::Null;
    json!({"secret": row, "sealed": is_open.then_some(sealed)})
}

/// Runs a task that carries a secret to an address, and what was sent.
fn carry(
    url: &str,
    secrets: Value,
    rest: &[Step],
    allowed: &str,
) -> (Result<Value, ServiceError>, Vec<HttpRequest>) {
    let definition = json!({
        "method": "GET", "url": url, "headers": {"authorization": "Bearer {secrets.key}"},
        "output": "body",
    });
    let mut steps = vec![workflow(definition), answer(200, &secrets.to_string())];
    steps.extend(rest.iter().cloned());
    let script = Script::of(steps);
    let allowed = AllowedHosts::parse(allowed).unwrap();
    let result = run_beside(&script, ID, allowed);
    (result, script.sent())
}

#[test]
fn a_secret_goes_into_the_call_and_does_not_come_back() {
    let secrets = json!([kept("key", &["a.example"], true)]);
    let echo = answer(200, &json!({"you": format!("sent {VALUE}")}).to_string());
    let (result, sent) = carry("https://a.example/x", secrets, &[echo], "");
    assert_eq!(result, Ok(json!({"you": "sent [secret]"})));
    let question = &body(&sent[1])["command"];
    assert_eq!(question["names"], json!(["key"]));
    assert_eq!(question["targets"], json!(["a.example:443", "a.example"]));
    let call = sent.last().unwrap();
    assert_eq!(
        header(call, "authorization"),
        Some(&*format!("Bearer {VALUE}"))
    );
}

#[test]
fn a_call_with_a_secret_to_another_host_is_not_made() {
    let check = |url: &str, secrets: Value, failure: ServiceFailure| {
        let (result, sent) = carry(url, secrets, &[], "");
        let error = result.unwrap_err();
        assert_eq!((error.failure, error.permanent), (failure, true), "{url}");
        assert!(!error.message.contains(VALUE));
        assert_eq!(sent.len(), 2, "nothing is sent to {url}");
    };
    let open = || json!([kept("key", &["a.example"], true)]);
    check("https://b.example/", open(), ServiceFailure::SecretHost);
    check(
        "https://a.example.b.example/",
        open(),
        ServiceFailure::SecretHost,
    );
    check(
        "https://a.example:8443/",
        open(),
        ServiceFailure::SecretHost,
    );
    check("http://a.example/", open(), ServiceFailure::SecretHost);
    let closed = json!([kept("key", &["a.example"], false)]);
    check("https://a.example/", closed, ServiceFailure::SecretHost);
    check(
        "https://a.example/",
        json!([]),
        ServiceFailure::SecretMissing,
    );
    let mut moved = open();
    moved[0]["secret"]["hosts"] = json!(["b.example"]);
    check(
        "https://b.example/",
        moved,
        ServiceFailure::SecretUnreadable,
    );
    let mut lost = open();
    lost[0]["secret"]["keyId"] = json!("k0");
    check("https://a.example/", lost, ServiceFailure::SecretUnreadable);
}

#[test]
fn a_secret_goes_unencrypted_only_where_the_operator_allows_the_host() {
    let secrets = json!([kept("key", &["127.0.0.1:9000"], true)]);
    let url = "http://127.0.0.1:9000/";
    let (result, _) = carry(url, secrets, &[answer(200, "{}")], "127.0.0.1:9000");
    assert_eq!(result, Ok(json!({})));
}

#[test]
fn a_secret_does_not_follow_a_redirect_to_another_host() {
    use crate::http::script::redirect_to;
    let secrets = json!([kept("key", &["a.example"], true)]);
    let steps = [redirect_to(307, "https://b.example/"), answer(200, "{}")];
    let (result, sent) = carry("https://a.example/", secrets, &steps, "");
    assert_eq!(result, Ok(json!({})));
    assert!(header(&sent[2], "authorization").is_some());
    assert_eq!(sent[3].url, "https://b.example/");
    assert!(!format!("{:?}", sent[3]).contains(VALUE));
}
