use domain::instant::Instant;
use domain::vocabulary::{Environment, JobPriority, RunMode};
use futures::executor::block_on;
use serde_json::Value;
use use_cases::ports::{ClaimKey, OutcomeKind, PortErrorKind, StepState};
use uuid::Uuid;

use super::*;
use crate::http::script::{Script, StillClock, answer};
use crate::postgrest::script::{ID, Played, WHEN, asked, body, context, kept, parameter, session};

const OTHER: &str = "0198c0de-0000-7000-8000-00000000000b";

fn played(replies: &[Value]) -> (Script, StillClock) {
    let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
    (Script::of(steps), StillClock::default())
}

fn executions<'a>(
    script: &'a Script,
    clock: &'a StillClock,
) -> PostgrestExecutions<&'a Script, &'a StillClock> {
    let session: Played<'a> = session(script, clock);
    PostgrestExecutions::new(session, Rc::new(Plans::default()))
}

fn id() -> ExecutionId {
    ID.parse().unwrap()
}

fn worker() -> Worker {
    Worker {
        lease_token: Uuid::from_u128(9),
        name: "w".into(),
        held: Some(vec![ClaimKey {
            execution_id: id(),
            step: 2,
            attempt: 1,
        }]),
    }
}

fn new_execution(execution_id: &str) -> NewExecution {
    NewExecution {
        execution_id: execution_id.parse().unwrap(),
        model_id: ID.parse().unwrap(),
        version_id: ID.parse().unwrap(),
        environment: Environment::Production,
        parameters: serde_json::Map::new(),
        session_id: "s".into(),
        mode: RunMode::Async,
        priority: JobPriority::Normal,
        max_depth: 10,
        approved_actions: Vec::new(),
        start_at: None,
        timeout_seconds: None,
        recovery: None,
    }
}

fn run() -> Value {
    json!({
        "executionId": ID, "modelId": ID, "versionId": ID, "versionNumber": "1.0.0",
        "organizationId": null, "status": "running", "environment": "production", "parameters": {},
        "sessionId": "s", "mode": "async", "priority": "normal", "maxDepth": 10, "approvedActions": [],
        "deadline": null, "outputs": null, "errors": null, "parentExecutionId": null, "parentStep": null,
        "depth": 0, "startedBy": ID, "createdAt": WHEN, "startedAt": WHEN, "completedAt": null, "revision": 2,
        "progress": {"phase": "node-execution", "percentage": 60, "totalNodes": 3, "completedNodes": 1,
            "failedNodes": 0, "skippedNodes": 0},
    })
}

#[test]
fn runs_start_in_one_command_and_come_back_in_the_order_asked() {
    let started = |id: &str| json!({"executionId": id, "status": "running", "createdAt": WHEN});
    let (script, clock) =
        played(&[json!({"executions": [started(ID), started(OTHER)], "claims": []})]);
    let asked_for = [new_execution(OTHER), new_execution(ID)];
    let all = executions(&script, &clock);
    let written = block_on(all.start(&context(), &asked_for, kept(), Some(&worker()), 4)).unwrap();
    let Written::Done(started) = written else {
        panic!("{written:?}")
    };
    let order: Vec<String> = started
        .executions
        .iter()
        .map(|run| run.execution_id.to_string())
        .collect();
    assert_eq!(order, [OTHER, ID]);
    let sent = &script.sent()[0];
    assert_eq!(asked(sent).0, "rpc/start_executions");
    let command = body(sent)["command"].take();
    assert_eq!(
        (&command["want"], &command["worker"]["name"]),
        (&json!(4), &json!("w"))
    );
    assert_eq!(command["executions"][0]["executionId"], OTHER);
}

#[test]
fn a_repeated_start_and_a_repeated_cancellation_answer_what_was_kept() {
    let kept_answer = json!({"replayed": {"status": 202}});
    let (script, clock) = played(&[kept_answer.clone(), kept_answer]);
    let all = executions(&script, &clock);
    let started = block_on(all.start(&context(), &[], kept(), None, 0)).unwrap();
    let cancelled = block_on(all.control(&context(), id(), Control::Cancel, None, kept())).unwrap();
    assert!(matches!(
        (started, cancelled),
        (Written::Replayed(_), Written::Replayed(_))
    ));
    assert_eq!(body(&script.sent()[0])["command"].get("worker"), None);
    assert_eq!(
        body(&script.sent()[1])["command"],
        json!({"executionId": ID})
    );
}

#[test]
fn an_exchange_reports_and_takes_in_one_call() {
    let reply = json!({
        "claims": [], "refused": [{"executionId": ID, "step": 2, "attempt": 1}],
        "finished": [{"executionId": ID, "status": "completed"}], "nextDueMs": 250,
    });
    let (script, clock) = played(&[reply]);
    let outcome = Outcome {
        execution_id: id(),
        step: 2,
        attempt: 1,
        kind: OutcomeKind::Completed {
            output: json!({"a": 1}),
        },
        logs: Vec::new(),
    };
    let exchange =
        block_on(executions(&script, &clock).exchange(&worker(), &[outcome], 3)).unwrap();
    assert_eq!(
        (exchange.refused.len(), exchange.next_due_ms),
        (1, Some(250))
    );
    let sent = body(&script.sent()[0]);
    assert_eq!(sent["outcomes"][0]["kind"], "completed");
    assert_eq!(
        (&sent["want"], &sent["worker"]["held"][0]["step"]),
        (&json!(3), &json!(2))
    );
}

#[test]
fn a_lost_exchange_is_not_repeated_here() {
    let (script, clock) = (Script::of([answer(503, "")]), StillClock::default());
    let error = block_on(executions(&script, &clock).exchange(&worker(), &[], 0)).unwrap_err();
    assert!(error.is_temporary());
    assert_eq!(script.sent().len(), 1);
}

#[test]
fn a_plan_is_read_once() {
    let plan = json!({"planVersion": 1, "steps": [], "groups": [], "containers": [], "outputs": [], "maxDepth": 10});
    let (script, clock) = played(&[Value::Null, plan]);
    let all = executions(&script, &clock);
    let version = VersionId::parse(ID).unwrap();
    assert_eq!(block_on(all.plan(version)), Ok(None));
    let first = block_on(all.plan(version)).unwrap().unwrap();
    let second = block_on(all.plan(version)).unwrap().unwrap();
    assert!(Rc::ptr_eq(&first, &second));
    assert_eq!(body(&script.sent()[0]), json!({"version_id": ID}));
}

#[test]
fn the_published_version_is_judged_as_the_actor() {
    let version = json!({
        "versionId": ID, "modelId": ID, "versionNumber": "1.0.0", "organizationId": null,
        "modelStatus": "published", "deleted": false, "mayExecute": true,
    });
    let (script, clock) = played(&[version, Value::Null]);
    let all = executions(&script, &clock);
    let actor = context().actor;
    let find = || block_on(all.find_published_version(&actor, ID.parse().unwrap()));
    assert_eq!(find().unwrap().unwrap().version_number, "1.0.0");
    assert_eq!(find(), Ok(None));
    assert_eq!(body(&script.sent()[0])["actor"], actor.claims);
}

#[test]
fn a_run_is_found_and_runs_of_a_model_are_listed() {
    let (script, clock) = played(&[json!([run()]), json!([run()])]);
    let all = executions(&script, &clock);
    let found = block_on(all.find(&context(), id())).unwrap().unwrap();
    assert_eq!(
        (
            found.errors.len(),
            found.outputs,
            found.progress.total_nodes
        ),
        (0, None, 3)
    );
    let status = Some(ExecutionStatus::Running);
    let page = block_on(all.list(
        &context(),
        ID.parse().unwrap(),
        status,
        &PageRequest::default(),
    ));
    assert_eq!(page.unwrap().items.len(), 1);
    let sent = &script.sent()[1];
    assert_eq!(parameter(sent, "status").as_deref(), Some("eq.running"));
    assert_eq!(
        parameter(sent, "order").as_deref(),
        Some("created_at.desc,execution_id.desc")
    );
}

#[test]
fn steps_logs_and_events_are_read_in_their_order() {
    let step = json!({
        "step": 1, "status": "completed", "attempt": 1, "failures": 0, "skipReason": null,
        "output": {"a": 1}, "error": null, "startedAt": WHEN, "finishedAt": WHEN,
    });
    let line = json!({
        "logId": ID, "at": WHEN, "level": "warn", "nodeId": null, "actionId": null, "message": "m",
    });
    let event = json!({
        "eventId": ID, "eventType": "WorkflowExecutionStarted", "aggregateType": "execution",
        "aggregateId": ID, "aggregateVersion": 1, "position": 1, "eventVersion": 1, "occurredAt": WHEN,
        "actorId": null, "organizationId": null, "correlationId": null, "causationId": null,
        "traceparent": null, "data": {},
    });
    let (script, clock) = played(&[json!([step]), json!([line, line]), json!([event])]);
    let all = executions(&script, &clock);
    let steps = block_on(all.runs(&context(), id())).unwrap();
    assert_eq!(steps[0].status, StepState::Completed);
    let filter = LogFilter {
        level: Some(LogLevel::Warn),
        since: Instant::parse(WHEN),
    };
    let one = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let lines = block_on(all.logs(&context(), id(), &filter, &one)).unwrap();
    assert_eq!(lines.next.unwrap().0, json!(["at", WHEN, ID]));
    let events = block_on(all.events(&context(), id(), 0, 10)).unwrap();
    assert_eq!(events[0].event_type, "WorkflowExecutionStarted");
    let sent = script.sent();
    assert_eq!(parameter(&sent[0], "order").as_deref(), Some("step.asc"));
    assert_eq!(
        parameter(&sent[1], "level").as_deref(),
        Some(r#"in.("warn","error")"#)
    );
    assert_eq!(
        parameter(&sent[1], "order").as_deref(),
        Some("at.asc,log_id.asc")
    );
    assert_eq!(asked(&sent[2]).0, "execution_events");
}

#[test]
fn a_cancellation_says_where_the_run_stands() {
    let script = Script::of([
        answer(200, r#"{"status":"cancelled"}"#),
        answer(400, r#"{"code":"FM007"}"#),
    ]);
    let clock = StillClock::default();
    let all = executions(&script, &clock);
    let cancel = || block_on(all.control(&context(), id(), Control::Cancel, Some("late"), None));
    assert_eq!(cancel(), Ok(Written::Done(ExecutionStatus::Cancelled)));
    assert_eq!(cancel().unwrap_err().kind, PortErrorKind::Finished);
    assert_eq!(body(&script.sent()[0])["command"]["reason"], "late");
}
