//! Which address leads where, and what every answer has in common.

use serde_json::json;

use crate::auth;
use crate::call::{Answer, Call, Wiring};
use crate::problem::{Halt, Problem};
use crate::request::{Method, Request};
use crate::response::Response;
use crate::routes::{
    actions, dependencies, events, executions, function_models, health, knowledge_contents, nodes,
    organizations, versions, workflows,
};

/// The function whose addresses are those of the API.
const API: &str = "api";
/// The function that only drives executions.
const WORKER: &str = "background-worker";

/// Answers a request; never fails.
pub(crate) async fn answer<W: Wiring>(wiring: &W, request: Request) -> Response {
    let started = wiring.milliseconds();
    let request_id = match auth::request_id(&request) {
        Some(given) => given.to_owned(),
        None => wiring.new_request_id(),
    };
    let mut actor = None;
    let outcome = dispatch(wiring, &request, &request_id, &mut actor).await;
    let (response, problem) = match outcome {
        Ok(response) | Err(Halt::Answered(response)) => (response, None),
        Err(Halt::Refused(problem)) => (
            problem.to_response(&request.route_path(), &request_id),
            Some(problem),
        ),
    };
    let milliseconds = wiring.milliseconds() - started;
    let line = json!({
        "level": if problem.as_ref().is_some_and(|p| p.cause().is_some()) { "error" } else { "info" },
        "message": "request",
        "method": request.method_name,
        "route": request.template(),
        "status": response.status,
        "milliseconds": (milliseconds * 10.0).round() / 10.0,
        "actor": actor,
        "requestId": request_id,
        "traceparent": auth::traceparent(&request),
        "code": problem.as_ref().map(Problem::code),
        "cause": problem.as_ref().and_then(Problem::cause),
    });
    wiring.log(&line.to_string());
    response.finish(&request_id, milliseconds)
}

/// The log line of a request that never reached a route.
pub(crate) fn log_line(problem: &Problem, request_id: &str) -> String {
    json!({
        "level": "error",
        "message": "request",
        "requestId": request_id,
        "code": problem.code(),
        "cause": problem.cause(),
    })
    .to_string()
}

/// Answers what anybody may ask, recognises the caller, and leaves the rest to the routes.
async fn dispatch<W: Wiring>(
    wiring: &W,
    request: &Request,
    request_id: &str,
    actor: &mut Option<String>,
) -> Answer {
    if request.method == Method::Options {
        return Ok(Response::preflight());
    }
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    if (request.function.as_str(), request.method, path.as_slice())
        == (API, Method::Get, &["health"])
    {
        return health::read(wiring, request).await;
    }
    let identity = auth::identify(wiring, request).await?;
    *actor = Some(auth::fingerprint(&identity.actor));
    wiring.panic_if_asked(request);
    let call = Call {
        wiring,
        ports: wiring.ports(&identity)?,
        request,
        context: auth::context(identity.actor, request, request_id)?,
    };
    match request.function.as_str() {
        API => route(&call, &path).await,
        WORKER => executions::work(&call, &path),
        _ => Err(Problem::route_not_found().into()),
    }
}

/// The API, one line for each thing that can be asked.
async fn route<W: Wiring>(call: &Call<'_, W>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Patch, Post};
    match (call.request.method, path) {
        (Post, ["organizations"]) => organizations::create(call).await,
        (Get, ["organizations"]) => organizations::list(call).await,
        (Get, ["organizations", id]) => organizations::read(call, id).await,

        (Post, ["function-models"]) => function_models::create(call).await,
        (Get, ["function-models"]) => function_models::list(call).await,
        (Get, ["function-models", id]) => function_models::read(call, id).await,
        (Patch, ["function-models", id]) => function_models::update(call, id).await,
        (Post, ["function-models", id, "validate"]) => function_models::validate(call, id).await,
        (Post, ["function-models", id, "publish"]) => function_models::publish(call, id).await,

        (Post, ["function-models", id, "nodes"]) => nodes::add(call, id).await,
        (Get, ["function-models", id, "nodes"]) => nodes::list(call, id).await,
        (Get, ["function-models", id, "nodes", node]) => nodes::read(call, id, node).await,
        (Patch, ["function-models", id, "nodes", node]) => nodes::change(call, id, node).await,
        (Delete, ["function-models", id, "nodes", node]) => nodes::remove(call, id, node).await,
        (Post, ["function-models", id, "nodes", node, "dependencies"]) => {
            dependencies::add(call, id, node).await
        }
        (
            Delete,
            [
                "function-models",
                id,
                "nodes",
                node,
                "dependencies",
                dependency,
            ],
        ) => dependencies::remove(call, id, node, dependency).await,

        (Post, ["function-models", id, "actions"]) => actions::add(call, id).await,
        (Get, ["function-models", id, "actions"]) => actions::list(call, id).await,
        (Get, ["function-models", id, "actions", action]) => actions::read(call, id, action).await,
        (Patch, ["function-models", id, "actions", action]) => {
            actions::change(call, id, action).await
        }
        (Delete, ["function-models", id, "actions", action]) => {
            actions::remove(call, id, action).await
        }

        (Get, ["function-models", id, "versions"]) => versions::list(call, id).await,
        (Get, ["function-models", id, "versions", number]) => {
            versions::read(call, id, number).await
        }
        (Get, ["function-models", id, "events"]) => events::of_model(call, id).await,
        (Get, ["function-models", id, "audit"]) => events::audit(call, id).await,
        (Get, ["events"]) => events::log(call).await,

        (Post, ["function-models", id, "executions"]) => executions::start(call, id).await,
        (Get, ["function-models", id, "executions"]) => executions::list(call, id).await,
        (Get, ["executions", id]) => executions::read(call, id).await,
        (Get, ["executions", id, "logs"]) => executions::logs(call, id).await,
        (Get, ["executions", id, "events"]) => executions::events(call, id).await,
        (Post, ["executions", id, "cancel"]) => executions::cancel(call, id).await,

        (Post, ["workflows"]) => workflows::create(call).await,
        (Get, ["workflows"]) => workflows::list(call).await,
        (Get, ["workflows", id]) => workflows::read(call, id).await,
        (Patch, ["workflows", id]) => workflows::update(call, id).await,
        (Delete, ["workflows", id]) => workflows::remove(call, id).await,

        (Post, ["knowledge-contents"]) => knowledge_contents::create(call).await,
        (Get, ["knowledge-contents"]) => knowledge_contents::list(call).await,
        (Get, ["knowledge-contents", "search"]) => knowledge_contents::search(call).await,
        (Patch | Delete, ["knowledge-contents", "search"]) => {
            Err(Problem::method_not_allowed("GET, OPTIONS").into())
        }
        (Get, ["knowledge-contents", id]) => knowledge_contents::read(call, id).await,
        (Patch, ["knowledge-contents", id]) => knowledge_contents::update(call, id).await,
        (Delete, ["knowledge-contents", id]) => knowledge_contents::remove(call, id).await,

        _ => Err(match allowed(path) {
            Some(methods) => Problem::method_not_allowed(methods),
            None => Problem::route_not_found(),
        }
        .into()),
    }
}

/// The methods an address answers to, for those who used another.
fn allowed(path: &[&str]) -> Option<&'static str> {
    Some(match path {
        ["health" | "events"]
        | ["organizations" | "executions", _]
        | ["knowledge-contents", "search"]
        | ["function-models", _, "versions" | "events" | "audit"]
        | ["function-models", _, "versions", _]
        | ["executions", _, "logs" | "events"] => "GET, OPTIONS",
        ["organizations" | "function-models" | "workflows" | "knowledge-contents"]
        | ["function-models", _, "nodes" | "actions" | "executions"] => "GET, POST, OPTIONS",
        ["function-models", _] => "GET, PATCH, OPTIONS",
        ["workflows" | "knowledge-contents", _]
        | ["function-models", _, "nodes" | "actions", _] => "GET, PATCH, DELETE, OPTIONS",
        ["function-models", _, "validate" | "publish"]
        | ["function-models", _, "nodes", _, "dependencies"]
        | ["executions", _, "cancel"] => "POST, OPTIONS",
        ["function-models", _, "nodes", _, "dependencies", _] => "DELETE, OPTIONS",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::testing::{ALICE, NOTHING, SECRET, Stage};

    /// Every address, with a part in place of each identifier.
    const ADDRESSES: [&str; 27] = [
        "/health",
        "/events",
        "/organizations",
        "/organizations/{}",
        "/function-models",
        "/function-models/{}",
        "/function-models/{}/validate",
        "/function-models/{}/publish",
        "/function-models/{}/nodes",
        "/function-models/{}/nodes/{}",
        "/function-models/{}/nodes/{}/dependencies",
        "/function-models/{}/nodes/{}/dependencies/{}",
        "/function-models/{}/actions",
        "/function-models/{}/actions/{}",
        "/function-models/{}/versions",
        "/function-models/{}/versions/{}",
        "/function-models/{}/events",
        "/function-models/{}/audit",
        "/function-models/{}/executions",
        "/executions/{}",
        "/executions/{}/logs",
        "/executions/{}/events",
        "/executions/{}/cancel",
        "/workflows",
        "/workflows/{}",
        "/knowledge-contents",
        "/knowledge-contents/search",
    ];

    #[test]
    fn each_address_answers_to_its_methods_and_to_no_others() {
        let stage = Stage::new();
        for address in ADDRESSES {
            let path = address.replace("{}", NOTHING);
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let answer = stage.ask(method, &path).send();
                let parts: Vec<&str> = address.split('/').skip(1).collect();
                let known = allowed(&parts)
                    .unwrap()
                    .split(", ")
                    .any(|name| name == method);
                assert_eq!(answer.status() == 405, !known, "{method} {address}");
                if !known {
                    assert_eq!(
                        answer.header("allow"),
                        allowed(&parts),
                        "{method} {address}"
                    );
                    answer.refused(405, "METHOD_NOT_ALLOWED");
                } else {
                    assert_ne!(answer.code(), "ROUTE_NOT_FOUND", "{method} {address}");
                    assert!(answer.status() < 500, "{method} {address}");
                }
            }
        }
    }

    #[test]
    fn other_addresses_lead_nowhere() {
        let stage = Stage::new();
        for path in [
            "",
            "/function-model",
            "/function-models/x/y",
            "/executions",
            "/health/x",
        ] {
            stage.get(path).refused(404, "ROUTE_NOT_FOUND");
        }
    }

    #[test]
    fn malformed_identifiers_are_named() {
        let stage = Stage::new();
        for (address, name) in [
            ("/organizations/7", "organizationId"),
            ("/function-models/7", "modelId"),
            ("/executions/7", "executionId"),
            ("/workflows/7", "workflowId"),
            ("/knowledge-contents/7", "contentId"),
        ] {
            let body = stage.get(address).refused(400, "INVALID_REQUEST");
            assert_eq!(body["errors"][0]["field"], name);
            assert_eq!(body["errors"][0]["value"], "7");
        }
    }

    #[test]
    fn strangers_are_challenged() {
        let stage = Stage::new();
        for (token, challenge) in [
            ("", "Bearer realm=\"api\""),
            ("expired", "invalid_token"),
            ("forged", "invalid_token"),
        ] {
            let answer = stage.ask("GET", "/organizations").by(token).send();
            answer.refused(401, "UNAUTHENTICATED");
            assert!(
                answer
                    .header("www-authenticate")
                    .unwrap()
                    .contains(challenge),
                "{token}"
            );
        }
        let unchecked = stage.ask("GET", "/organizations").by("unchecked").send();
        unchecked.refused(503, "SERVICE_UNAVAILABLE");
    }

    #[test]
    fn preflights_need_no_token_and_every_answer_may_be_read() {
        let stage = Stage::new();
        let preflight = stage.ask("OPTIONS", "/function-models").by("").send();
        preflight.ok(204);
        let methods = preflight.header("access-control-allow-methods").unwrap();
        assert!(methods.contains("PATCH"));
        let headers = preflight.header("access-control-allow-headers").unwrap();
        for name in [
            "authorization",
            "apikey",
            "x-client-info",
            "idempotency-key",
            "if-match",
        ] {
            assert!(headers.contains(name), "{name}");
        }
        let refused = stage.ask("GET", "/nowhere").by("").send();
        assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
        assert!(refused.header("server-timing").is_some());
    }

    #[test]
    fn requests_have_a_name_and_leave_a_line() {
        let stage = Stage::new();
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let ask = stage.ask("GET", &format!("/organizations/{NOTHING}"));
        let ask = ask
            .header("x-request-id", "mine")
            .header("traceparent", trace);
        let answer = ask.send();
        let body = answer.refused(404, "ORGANIZATION_NOT_FOUND");
        assert_eq!(answer.header("x-request-id"), Some("mine"));
        assert_eq!(body["requestId"], "mine");
        assert_eq!(body["instance"], format!("/organizations/{NOTHING}"));
        let line: Value = serde_json::from_str(&stage.lines.borrow()[0]).unwrap();
        assert_eq!(line["route"], "/organizations/{}");
        assert_eq!(line["status"], 404);
        assert_eq!(line["requestId"], "mine");
        assert_eq!(line["traceparent"], trace);
        assert!(line["actor"].is_string() && !line["actor"].to_string().contains(ALICE));
        let unnamed = stage
            .ask("GET", "/organizations")
            .header("x-request-id", "not ok")
            .send();
        assert_eq!(unnamed.header("x-request-id"), Some("request-1"));
    }

    #[test]
    fn health_is_a_word_for_all_and_more_for_the_service() {
        let stage = Stage::new();
        assert_eq!(
            stage.ask("GET", "/health").by("").send().ok(200),
            json!({"status": "up"})
        );
        let down = PortErrorKind::Unavailable { retry_after: None };
        stage
            .world
            .faults()
            .fail_next("idempotent_answers.find", down);
        let ask = stage.ask("GET", "/health").by("").header("apikey", SECRET);
        assert_eq!(ask.send().ok(503)["parts"]["database"]["status"], "down");
    }

    #[test]
    fn a_fault_is_told_to_the_log_alone() {
        let stage = Stage::new();
        stage
            .world
            .faults()
            .fail_next("organizations.list", PortErrorKind::Corrupt);
        let body = stage.get("/organizations").refused(500, "INTERNAL_ERROR");
        assert!(!body.to_string().contains("Corrupt"));
        let line: Value = serde_json::from_str(&stage.lines.borrow()[0]).unwrap();
        assert_eq!(line["level"], "error");
        assert!(line["cause"].as_str().unwrap().contains("Corrupt"));
        let down = PortErrorKind::Unavailable {
            retry_after: Some(3),
        };
        stage.world.faults().fail_next("organizations.list", down);
        let answer = stage.get("/organizations");
        answer.refused(503, "SERVICE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("3"));
    }

    #[test]
    fn only_the_service_wakes_the_worker() {
        let stage = Stage::new();
        let ask = || stage.ask_function("background-worker", "POST", "");
        ask().send().refused(403, "FORBIDDEN");
        ask().by("").send().refused(401, "UNAUTHENTICATED");
        ask().by("").header("apikey", SECRET).send().ok(202);
        let read = stage
            .ask_function("background-worker", "GET", "")
            .header("apikey", SECRET);
        read.send().refused(405, "METHOD_NOT_ALLOWED");
        stage
            .ask_function("other", "GET", "")
            .send()
            .refused(404, "ROUTE_NOT_FOUND");
    }
}
