//! Which operation leads where, and what every answer has in common.

use serde_json::json;

use crate::auth;
use crate::call::{Answer, Call, Document, Wiring};
use crate::operation::{Address, Operation};
use crate::problem::{Halt, Problem};
use crate::request::{Method, Request};
use crate::response::Response;
use crate::routes::{
    actions, agent_tasks, ai_agents, audit, contexts, dependencies, description,
    event_subscriptions, events, execution_actions, executions, function_models, health,
    knowledge_contents, lifecycle, node_links, node_metadata, nodes, orchestration, organizations,
    schedules, secrets, structure, verification, versions, workflows,
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
    let address = (request.function == API)
        .then(|| Address::of(&request.path))
        .flatten();
    let mut actor = None;
    let outcome = dispatch(wiring, &request, address, &request_id, &mut actor).await;
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
        "route": address.map(|address| address.template),
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
    address: Option<Address<'_>>,
    request_id: &str,
    actor: &mut Option<String>,
) -> Answer {
    if request.method == Method::Options {
        return Ok(Response::preflight());
    }
    let operation = address.and_then(|address| address.operation(request.method));
    if let Some(operation) = operation.filter(|operation| operation.is_public()) {
        return anybody(wiring, request, operation).await;
    }
    let identity = auth::identify(wiring, request).await?;
    *actor = Some(auth::fingerprint(&identity.actor));
    wiring.panic_if_asked(request);
    if let (Some(address), None) = (address, operation) {
        return Err(Problem::method_not_allowed(address.allow()).into());
    }
    let call = Call {
        wiring,
        ports: wiring.ports(&identity)?,
        request,
        context: auth::context(identity.actor, request, request_id)?,
    };
    match (address, operation) {
        (Some(address), Some(operation)) => route(&call, operation, address.parts).await,
        _ if request.function == WORKER && request.path == ["seals"] => audit::publish(&call).await,
        _ if request.function == WORKER => executions::work(&call),
        _ => Err(Problem::route_not_found().into()),
    }
}

/// Calls the route of an operation that needs no caller.
async fn anybody<W: Wiring>(wiring: &W, request: &Request, operation: Operation) -> Answer {
    match operation {
        Operation::ReadDescription => {
            description::read(wiring, request, Document::Description).await
        }
        Operation::ReadEventSchemas => {
            description::read(wiring, request, Document::EventSchemas).await
        }
        Operation::ReadDocumentSchema => structure::document_schema(request),
        _ => health::read(wiring, request).await,
    }
}

/// Calls the route of an operation with what its address names, in order.
async fn route<W: Wiring>(
    call: &Call<'_, W>,
    operation: Operation,
    [first, second, third]: [&str; 3],
) -> Answer {
    match operation {
        Operation::ReadHealth
        | Operation::ReadDescription
        | Operation::ReadDocumentSchema
        | Operation::ReadEventSchemas => anybody(call.wiring, call.request, operation).await,

        Operation::CreateOrganization => organizations::create(call).await,
        Operation::ListOrganizations => organizations::list(call).await,
        Operation::ReadOrganization => organizations::read(call, first).await,

        Operation::CreateFunctionModel => function_models::create(call).await,
        Operation::ListFunctionModels => function_models::list(call).await,
        Operation::ReadFunctionModel => function_models::read(call, first).await,
        Operation::UpdateFunctionModel => function_models::update(call, first).await,
        Operation::ValidateFunctionModel => function_models::validate(call, first).await,
        Operation::PublishFunctionModel => function_models::publish(call, first).await,
        Operation::SearchFunctionModels => function_models::search(call).await,
        Operation::ValidateBusinessRules => {
            function_models::validate_business_rules(call, first).await
        }

        Operation::EditStructure => structure::edit(call, first).await,
        Operation::ReorderActions => structure::reorder(call, first, second).await,
        Operation::ExportDocument => structure::document(call, first).await,
        Operation::ImportFunctionModel => structure::import(call).await,
        Operation::ReadStatistics => structure::statistics(call, first).await,
        Operation::AnalyseDependencies => structure::analyse(call, first).await,
        Operation::FollowDependencies => structure::reach(call, first, second).await,
        Operation::CheckDependency => structure::check(call, first, second).await,

        Operation::AddNode => nodes::add(call, first).await,
        Operation::ListNodes => nodes::list(call, first).await,
        Operation::ReadNode => nodes::read(call, first, second).await,
        Operation::ChangeNode => nodes::change(call, first, second).await,
        Operation::RemoveNode => nodes::remove(call, first, second).await,
        Operation::AddDependency => dependencies::add(call, first, second).await,
        Operation::RemoveDependency => dependencies::remove(call, first, second, third).await,

        Operation::AddAction => actions::add(call, first).await,
        Operation::ListActions => actions::list(call, first).await,
        Operation::ReadAction => actions::read(call, first, second).await,
        Operation::ChangeAction => actions::change(call, first, second).await,
        Operation::RemoveAction => actions::remove(call, first, second).await,

        Operation::ChangePermissions => lifecycle::change_permissions(call, first).await,
        Operation::DuplicateFunctionModel => lifecycle::duplicate(call, first).await,
        Operation::CreateVersion => lifecycle::create_version(call, first).await,
        Operation::CompareVersions => lifecycle::compare_versions(call, first).await,
        Operation::RestoreVersion => lifecycle::restore_version(call, first, second).await,
        Operation::ArchiveFunctionModel => lifecycle::archive(call, first).await,
        Operation::AssessArchive => lifecycle::assess_archive(call, first).await,
        Operation::SoftDeleteFunctionModel => lifecycle::soft_delete(call, first).await,
        Operation::ListDeletedModels => lifecycle::list_deleted(call).await,
        Operation::ReadRecoveryEligibility => lifecycle::recovery_eligibility(call, first).await,
        Operation::RestoreFunctionModel => lifecycle::restore(call, first).await,
        Operation::PurgeFunctionModel => lifecycle::purge(call, first).await,

        Operation::ListVersions => versions::list(call, first).await,
        Operation::ReadVersion => versions::read(call, first, second).await,
        Operation::ListModelEvents => events::of_model(call, first).await,
        Operation::ListModelAudit => events::audit(call, first).await,
        Operation::ListEvents => events::log(call).await,
        Operation::MigrateEvents => events::migrate(call).await,
        Operation::ListAudit => audit::list(call, false).await,
        Operation::ReportAudit => audit::list(call, true).await,
        Operation::ListSeals => audit::seals(call).await,
        Operation::VerifyAudit => audit::verify(call).await,
        Operation::ReadStates => audit::states(call, first).await,

        Operation::ListSubscriptions
        | Operation::ReadSubscription
        | Operation::SaveSubscription
        | Operation::RemoveSubscription
        | Operation::FetchEvents
        | Operation::SettleEvents
        | Operation::ListDeadLetters
        | Operation::DropDeadLetter
        | Operation::ReplayDeadLetter => {
            event_subscriptions::serve(call, operation, first, second).await
        }

        Operation::StartExecution => executions::start(call, first).await,
        Operation::ListExecutions => executions::list(call, first).await,
        Operation::ReadExecution => executions::read(call, first).await,
        Operation::ListExecutionLogs => executions::logs(call, first).await,
        Operation::ListExecutionEvents => executions::events(call, first).await,
        Operation::CancelExecution => executions::cancel(call, first).await,
        Operation::PauseExecution => executions::pause(call, first).await,
        Operation::ResumeExecution => executions::resume(call, first).await,
        Operation::HandleActionFailure => execution_actions::fail(call, first, second).await,
        Operation::RetryAction => execution_actions::retry(call, first, second).await,

        Operation::UpdateOrganization => organizations::update(call, first).await,
        Operation::RemoveOrganization => organizations::remove(call, first).await,
        Operation::ListMembers => organizations::list_members(call, first).await,
        Operation::ChangeMember => organizations::change_member(call, first, second).await,
        Operation::RemoveMember => organizations::remove_member(call, first, second).await,
        Operation::InviteMember => organizations::invite(call, first).await,
        Operation::ListInvitations => organizations::list_invitations(call, first).await,
        Operation::RevokeInvitation => organizations::revoke_invitation(call, first, second).await,
        Operation::AcceptInvitation => organizations::accept_invitation(call, first).await,

        Operation::CreateNodeLink => node_links::create(call).await,
        Operation::ListNodeLinks => node_links::list(call).await,
        Operation::BatchNodeLinks => node_links::batch(call).await,
        Operation::DetectLinkCycles => node_links::cycles(call).await,
        Operation::MeasureLinkNetwork => node_links::network(call).await,
        Operation::CheckLinkIntegrity => node_links::check_integrity(call).await,
        Operation::ReadLinkEvolution => node_links::evolution(call).await,
        Operation::ReadNodeLink => node_links::read(call, first).await,
        Operation::ChangeNodeLink => node_links::change(call, first).await,
        Operation::RemoveNodeLink => node_links::remove(call, first).await,
        Operation::CalculateLinkStrength => node_links::calculate_strength(call, first).await,

        Operation::PlanContainer => orchestration::plan(call, first, second).await,
        Operation::OptimizeOrder => orchestration::optimize(call, first, second).await,
        Operation::PlanFractal => orchestration::fractal(call, first).await,
        Operation::ReadLevels => orchestration::levels(call, first).await,
        Operation::ReadExecutionNode => orchestration::node(call, first, second).await,
        Operation::OrchestrateContainer => orchestration::run(call, first, second).await,

        Operation::RegisterContext => contexts::register(call, first).await,
        Operation::ListContexts => contexts::list(call, first).await,
        Operation::CheckContextAccess => contexts::check(call, first).await,
        Operation::UpdateContext => contexts::update(call, first, second).await,
        Operation::ClearContext => contexts::clear(call, first, second).await,

        Operation::RegisterAgent => ai_agents::register(call).await,
        Operation::ListAgents => ai_agents::list(call).await,
        Operation::DiscoverAgents => ai_agents::discover(call).await,
        Operation::SearchAgents => ai_agents::search(call).await,
        Operation::ExecuteAgentTask => agent_tasks::execute(call).await,
        Operation::DistributeTasks => agent_tasks::distribute(call).await,
        Operation::ReadAgentTask => agent_tasks::read(call, first).await,
        Operation::CoordinateAgents => agent_tasks::coordinate(call).await,
        Operation::ReadCoordination => agent_tasks::read_workflow(call, first).await,
        Operation::ReadAgent => ai_agents::read(call, first).await,
        Operation::ChangeAgent => ai_agents::change(call, first).await,
        Operation::RemoveAgent => ai_agents::remove(call, first).await,
        Operation::EnableAgent => ai_agents::switch(call, first, true).await,
        Operation::DisableAgent => ai_agents::switch(call, first, false).await,
        Operation::ReadAgentPerformance => ai_agents::performance(call, first).await,
        Operation::CheckAgentCapacity => ai_agents::check_capacity(call, first).await,
        Operation::HandleAgentFailure => ai_agents::handle_failure(call, first).await,

        Operation::ListNodeMetadata => node_metadata::list(call).await,
        Operation::FindSimilarNodes => node_metadata::similar(call).await,
        Operation::DescribeNode => node_metadata::describe(call, first, second, third).await,
        Operation::ReadNodeMetadata => node_metadata::read(call, first, second, third).await,

        Operation::CreateWorkflow => workflows::create(call).await,
        Operation::ListWorkflows => workflows::list(call).await,
        Operation::ReadWorkflow => workflows::read(call, first).await,
        Operation::UpdateWorkflow => workflows::update(call, first).await,
        Operation::RemoveWorkflow => workflows::remove(call, first).await,
        Operation::CreateSchedule => schedules::create(call).await,
        Operation::ListSchedules => schedules::list(call).await,
        Operation::ReadSchedule => schedules::read(call, first).await,
        Operation::UpdateSchedule => schedules::update(call, first).await,
        Operation::RemoveSchedule => schedules::remove(call, first).await,
        Operation::PauseSchedule => schedules::pause(call, first).await,
        Operation::ResumeSchedule => schedules::resume(call, first).await,
        Operation::SetSecret => secrets::set(call).await,
        Operation::ListSecrets => secrets::list(call).await,
        Operation::ResealSecrets => secrets::reseal(call).await,
        Operation::RotateSecret => secrets::rotate(call, first).await,
        Operation::RemoveSecret => secrets::remove(call, first).await,

        Operation::VerifyAggregates => verification::verify_all(call, first).await,
        Operation::VerifyAggregate => verification::verify(call, first, second).await,
        Operation::RebuildAggregate => verification::rebuild(call, first, second).await,

        Operation::CreateKnowledgeContent => knowledge_contents::create(call).await,
        Operation::ListKnowledgeContents => knowledge_contents::list(call).await,
        Operation::SearchKnowledgeContents => knowledge_contents::search(call).await,
        Operation::ReadKnowledgeContent => knowledge_contents::read(call, first).await,
        Operation::UpdateKnowledgeContent => knowledge_contents::update(call, first).await,
        Operation::RemoveKnowledgeContent => knowledge_contents::remove(call, first).await,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::operation::ROUTES;
    use crate::testing::{ALICE, NOTHING, SECRET, Stage};

    #[test]
    fn each_address_answers_to_its_methods_and_to_no_others() {
        let stage = Stage::new();
        for route in ROUTES {
            let template = route.template.split('/').skip(1);
            let path = template.fold(String::new(), |path, word| {
                path + "/" + if word.starts_with('{') { NOTHING } else { word }
            });
            let parts: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
            let address = Address::of(&parts).unwrap();
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let answer = stage.ask(method, &path).send();
                let known = address.allow().split(", ").any(|name| name == method);
                assert_eq!(answer.status() == 405, !known, "{method} {path}");
                if known {
                    assert_ne!(answer.code(), "ROUTE_NOT_FOUND", "{method} {path}");
                    assert!(answer.status() < 500, "{method} {path}");
                } else {
                    assert_eq!(answer.header("allow"), Some(address.allow().as_str()));
                    answer.refused(405, "METHOD_NOT_ALLOWED");
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
        assert_eq!(line["route"], "/organizations/{organizationId}");
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
    fn a_token_is_refused_before_anything_is_asked_of_the_database() {
        let stage = Stage::new();
        let guarded = ROUTES.iter().filter(|route| !route.operation.is_public());
        let mut tried = 0;
        for route in guarded {
            let words = route.template.split('/').map(|word| match word {
                "{version}" => "1.0.0",
                word if word.starts_with('{') => NOTHING,
                word => word,
            });
            let path = words.collect::<Vec<_>>().join("/");
            for (token, status) in [
                ("", 401),
                ("expired", 401),
                ("forged", 401),
                ("unchecked", 503),
            ] {
                let ask = stage.ask(route.method.name(), &path).by(token);
                assert_eq!(ask.send().status(), status, "{token} {path}");
                tried += 1;
            }
        }
        assert!(tried > 400, "{tried}");
        assert_eq!(stage.world.faults().calls(), 0);
        stage.get("/organizations").ok(200);
        assert_eq!(stage.world.faults().calls(), 1, "calls are counted");
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
