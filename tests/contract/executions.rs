//! Runs.

use domain::ids::ExecutionId;
use domain::vocabulary::{ErrorCategory, ExecutionStatus};
use domain::workflow::plan::Plan;
use serde_json::json;
use use_cases::execution;
use use_cases::function_model::{self, Execute};
use use_cases::ports::{
    ActionError, Claim, Clock, Control, Executions, NewExecution, Outcome, OutcomeKind,
    PageRequest, PortErrorKind, Ports, Worker, Written,
};

use crate::home::{Home, kept, limited, published, read, start, status, worker};

/// Reports on a step, if any, and takes at most one step of the run in question.
async fn exchange(
    home: &impl Home,
    worker: &Worker,
    report: Option<(&Claim, OutcomeKind)>,
) -> (Option<Claim>, usize) {
    let outcomes: Vec<Outcome> = report
        .into_iter()
        .map(|(claim, kind)| Outcome {
            execution_id: claim.execution_id,
            step: claim.step,
            attempt: claim.attempt,
            kind,
            logs: Vec::new(),
        })
        .collect();
    let answer = home.ports(0).executions().exchange(worker, &outcomes, 1);
    let mut answer = answer.await.unwrap();
    (answer.claims.pop(), answer.refused.len())
}

fn completed(output: serde_json::Value) -> OutcomeKind {
    OutcomeKind::Completed { output }
}

pub(crate) async fn a_run_is_driven_to_its_end(home: &impl Home) {
    let (model_id, version_id) = published(home, "Driven").await;
    let id = start(home, model_id).await;
    assert_eq!(status(home, id).await, "pending");
    let worker = worker();
    let first = exchange(home, &worker, None).await.0.unwrap();
    assert_eq!(
        (first.execution_id, first.version_id, first.attempt),
        (id, version_id, 1)
    );
    assert_eq!(status(home, id).await, "running");
    let report = Some((&first, completed(json!({"a": 1}))));
    let second = exchange(home, &worker, report).await.0.unwrap();
    assert_eq!(second.results[0].output, Some(json!({"a": 1})));
    let report = Some((&second, completed(json!({"b": 2}))));
    assert!(exchange(home, &worker, report).await.0.is_none());
    assert_eq!(status(home, id).await, "completed");
    let (runs, context) = (home.ports(0).executions(), home.context(0));
    let ended = runs.find(context, id).await.unwrap().unwrap();
    assert_eq!(json!(ended.outputs), json!({"a": 1, "b": 2}));
    let events = runs.events(context, id, 0, 100).await.unwrap();
    assert_eq!(events[0].event_type, "WorkflowExecutionStarted");
    assert_eq!(
        events[events.len() - 1].event_type,
        "WorkflowExecutionCompleted"
    );
    let page = PageRequest::default();
    let done = Some(ExecutionStatus::Completed);
    let list = runs.list(context, model_id, done, &page).await.unwrap();
    assert_eq!(list.items.len(), 1);
    let hidden = home.ports(1).executions().find(home.context(1), id).await;
    assert!(hidden.unwrap().is_none());
}

pub(crate) async fn late_outcomes_are_refused(home: &impl Home) {
    let (model_id, _) = published(home, "Late").await;
    let id = start(home, model_id).await;
    let own = worker();
    let claim = exchange(home, &own, None).await.0.unwrap();
    let strange = exchange(home, &worker(), Some((&claim, completed(json!(1))))).await;
    assert_eq!(strange.1, 1, "another's lease");
    let mut earlier = claim.clone();
    earlier.attempt = 0;
    let earlier = exchange(home, &own, Some((&earlier, completed(json!(1))))).await;
    assert_eq!(earlier.1, 1, "another attempt");
    let taken = exchange(home, &own, Some((&claim, completed(json!(1))))).await;
    assert_eq!(taken.1, 0);
    let twice = exchange(home, &own, Some((&claim, completed(json!(1))))).await;
    assert_eq!(twice.1, 1, "told twice");
    let answer = cancel(home, id).await;
    assert_eq!(answer, Ok(Written::Done(ExecutionStatus::Cancelled)));
}

async fn cancel(
    home: &impl Home,
    id: ExecutionId,
) -> Result<Written<ExecutionStatus>, PortErrorKind> {
    turn(home, id, Control::Cancel).await
}

async fn turn(
    home: &impl Home,
    id: ExecutionId,
    control: Control,
) -> Result<Written<ExecutionStatus>, PortErrorKind> {
    let context = home.context(0);
    let runs = home.ports(0).executions();
    let turned = runs.control(context, id, control, None, None).await;
    turned.map_err(|error| error.kind)
}

pub(crate) async fn paused_runs_rest(home: &impl Home) {
    let (model_id, _) = published(home, "Paused").await;
    let id = start(home, model_id).await;
    let other = Err(PortErrorKind::OtherStatus);
    assert_eq!(turn(home, id, Control::Pause).await, other);
    let worker = worker();
    let first = exchange(home, &worker, None).await.0.unwrap();
    let paused = Ok(Written::Done(ExecutionStatus::Paused));
    assert_eq!(turn(home, id, Control::Pause).await, paused);
    let rest = exchange(home, &worker, Some((&first, completed(json!(1))))).await;
    assert!(rest.0.is_none() && rest.1 == 0);
    let running = Ok(Written::Done(ExecutionStatus::Running));
    assert_eq!(turn(home, id, Control::Resume).await, running);
    assert_eq!(turn(home, id, Control::Resume).await, other);
    let second = exchange(home, &worker, None).await.0.unwrap();
    exchange(home, &worker, Some((&second, completed(json!(2))))).await;
    assert_eq!(status(home, id).await, "completed");
}

pub(crate) async fn failed_runs_are_taken_up_again(home: &impl Home) {
    let (model_id, version_id) = published(home, "Taken up").await;
    let id = start(home, model_id).await;
    let worker = worker();
    let first = exchange(home, &worker, None).await.0.unwrap();
    let (ports, context) = (home.ports(0), home.context(0));
    let plan = ports.executions().plan(version_id).await.unwrap().unwrap();
    let failed = broken(&plan, first.step);
    exchange(home, &worker, Some((&first, failed))).await;
    assert_eq!(status(home, id).await, "failed");
    let action = plan.action(first.step).unwrap().action_id;
    let retried = execution::retry_action(ports, context, id, action, true, kept).await;
    retried.unwrap();
    assert_eq!(status(home, id).await, "running");
    let again = exchange(home, &worker, None).await.0.unwrap();
    assert_eq!(
        (again.step, again.attempt, again.failures),
        (first.step, 2, 1)
    );
    let report = Some((&again, completed(json!({"a": 1}))));
    let second = exchange(home, &worker, report).await.0.unwrap();
    exchange(home, &worker, Some((&second, completed(json!({"b": 2}))))).await;
    let ended = ports.executions().find(context, id).await.unwrap().unwrap();
    assert_eq!(ended.status, ExecutionStatus::Completed);
    assert_eq!(ended.progress.completed_nodes, 3);
    assert!(ended.errors.is_empty());
}

pub(crate) async fn runs_of_a_later_time_wait_for_it(home: &impl Home) {
    let (model_id, _) = published(home, "Later").await;
    let (ports, context) = (home.ports(0), home.context(0));
    let start_at = ports.clock().instant().plus_millis(3_600_000);
    let command = read(json!({"startAt": start_at, "timeoutSeconds": 60}));
    let started = function_model::execute(ports, context, model_id, &command, None, kept);
    let Execute::Started { execution, .. } = started.await.unwrap() else {
        panic!("rehearsed");
    };
    let id = execution.value.execution_id;
    assert!(exchange(home, &worker(), None).await.0.is_none());
    let stored = ports.executions().find(context, id).await.unwrap().unwrap();
    assert_eq!(stored.status, ExecutionStatus::Pending);
    assert_eq!(stored.start_at, Some(start_at));
    assert_eq!(stored.deadline, Some(start_at.plus_millis(60_000)));
    cancel(home, id).await.unwrap();
    assert_eq!(status(home, id).await, "cancelled");
}

/// What a worker reports of a failure that stops the container.
fn broken(plan: &Plan, step: u32) -> OutcomeKind {
    let skip = domain::workflow::failure::after_failure(plan, step);
    OutcomeKind::Failed {
        error: ActionError {
            code: "BROKEN".into(),
            message: "it broke".into(),
            category: ErrorCategory::Runtime,
        },
        skip: skip.steps(),
        reason: skip.reason().to_owned(),
        container_failed: skip.container_failed,
        restart_after_ms: None,
    }
}

pub(crate) async fn limited_groups_are_taken_up_again(home: &impl Home) {
    let (model_id, version_id) = limited(home, "Limited").await;
    let id = start(home, model_id).await;
    let (ports, context, worker) = (home.ports(0), home.context(0), worker());
    let plan = ports.executions().plan(version_id).await.unwrap().unwrap();
    let first = exchange(home, &worker, None).await.0.unwrap();
    let failed = Some((&first, broken(&plan, first.step)));
    assert!(exchange(home, &worker, failed).await.0.is_none());
    assert_eq!(status(home, id).await, "failed");
    let action = plan.action(first.step).unwrap().action_id;
    let retried = execution::retry_action(ports, context, id, action, true, kept).await;
    retried.unwrap();
    let again = exchange(home, &worker, None).await.0.unwrap();
    assert_eq!(again.step, first.step);
    // The other member gets its turn, or its end, as it did the first time.
    let failed = Some((&again, broken(&plan, again.step)));
    assert!(exchange(home, &worker, failed).await.0.is_none());
    assert_eq!(status(home, id).await, "failed");
}

pub(crate) async fn cancelled_runs_stay(home: &impl Home) {
    let (model_id, _) = published(home, "Cancelled").await;
    let id = start(home, model_id).await;
    cancel(home, id).await.unwrap();
    assert_eq!(status(home, id).await, "cancelled");
    assert_eq!(cancel(home, id).await, Err(PortErrorKind::Finished));
    assert!(exchange(home, &worker(), None).await.0.is_none());
    let runs = home.ports(1).executions();
    let hidden = runs.control(home.context(1), id, Control::Cancel, None, None);
    assert_eq!(hidden.await.unwrap_err().kind, PortErrorKind::NotFound);
}

pub(crate) async fn nested_runs_are_found(home: &impl Home) {
    let (model_id, version_id) = published(home, "Nesting").await;
    let id = start(home, model_id).await;
    let worker = worker();
    let claim = exchange(home, &worker, None).await.0.unwrap();
    let child = NewExecution {
        execution_id: ExecutionId::from_uuid(uuid::Uuid::new_v4()),
        model_id,
        version_id,
        environment: claim.environment,
        parameters: Default::default(),
        session_id: claim.session_id.clone(),
        mode: domain::vocabulary::RunMode::Async,
        priority: domain::vocabulary::JobPriority::Normal,
        max_depth: 9,
        approved_actions: Vec::new(),
        start_at: None,
        timeout_seconds: None,
        recovery: None,
    };
    let nested = child.execution_id;
    let child = Box::new(child);
    let report = Some((&claim, OutcomeKind::Child { child }));
    exchange(home, &worker, report).await;
    let (runs, context) = (home.ports(0).executions(), home.context(0));
    let found = runs.nested(context, &[id]).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|run| (run.execution_id, run.depth))
        .collect();
    assert_eq!(found, [(nested, 1)]);
    cancel(home, id).await.unwrap();
    assert_eq!(status(home, nested).await, "cancelled");
}
