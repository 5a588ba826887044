//! How runs proceed, told as scenarios on the machine itself.

use std::cell::Ref;
use std::rc::Rc;

use domain::ids::{ExecutionId, ModelId, NodeId, UserId, VersionId};
use domain::vocabulary::{Environment, ErrorCategory, ExecutionStatus, JobPriority, RunMode};
use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::machine::{Machine, Origin};
use super::store::Shared;
use super::{Executions, nth_id};
use crate::context::{Actor, Context};
use crate::ports::{
    ActionError, Claim, ClaimKey, Clock, Control, Exchange, Execution, Executions as _, LogLevel,
    LogLine, NewExecution, Outcome, OutcomeKind, Step, StepState, StepStatus, Worker,
};

const CHILD: u64 = 77;

/// A machine with one run of a plan, and a worker.
struct Scene {
    shared: Rc<Shared>,
    executions: Executions,
    worker: Worker,
}

fn worker(n: u64) -> Worker {
    Worker {
        lease_token: nth_id(n),
        name: format!("worker {n}"),
        held: None,
    }
}

fn id(n: u64) -> ExecutionId {
    ExecutionId::from_uuid(nth_id(n))
}

fn new(n: u64, version: u64) -> NewExecution {
    NewExecution {
        execution_id: id(n),
        model_id: ModelId::from_uuid(nth_id(900)),
        version_id: VersionId::from_uuid(nth_id(version)),
        environment: Environment::Production,
        parameters: Map::new(),
        session_id: "s".into(),
        mode: RunMode::Async,
        priority: JobPriority::Normal,
        max_depth: 10,
        approved_actions: vec![],
        start_at: None,
        timeout_seconds: Some(60),
        recovery: None,
    }
}

fn action(step: u32, container: u32, successors: &[u32]) -> Value {
    let id = nth_id(1000 + u64::from(step));
    let policy = json!({
        "enabled": true, "maxAttempts": 3, "strategy": "immediate", "baseDelayMs": 0,
        "maxDelayMs": 0, "multiplier": 1.0, "jitterMs": 0,
    });
    json!({
        "step": step, "kind": "action", "container": container, "indegree": 1,
        "successors": successors, "actionId": id, "name": format!("a{step}"),
        "actionType": "tetherNode", "executionMode": "sequential", "priority": 5, "timeoutMs": 1000,
        "retryPolicy": policy,
        "failureHandling": "retry", "critical": false, "spec": {"tetherReferenceId": "w"},
        "event": {
            "actionId": id, "actionType": "tetherNode", "actionName": format!("a{step}"),
            "parentNodeId": nth_id(2000 + u64::from(container)),
            "executionContext": {"executionMode": "sequential", "priority": 5, "retryPolicy": policy},
        },
    })
}

fn gate(step: u32, kind: &str, container: u32, indegree: u32, successors: &[u32]) -> Value {
    json!({
        "step": step, "kind": kind, "container": container, "indegree": indegree,
        "successors": successors,
    })
}

fn container(n: u32, first: u32, last: u32, actions: u32, dependencies: &[u32]) -> Value {
    json!({
        "nodeId": NodeId::from_uuid(nth_id(2000 + u64::from(n))), "name": format!("c{n}"),
        "nodeType": if actions == 0 { "ioNode" } else { "stageNode" }, "level": n,
        "dependencies": dependencies, "first": first, "last": last, "actionCount": actions,
        "critical": false,
    })
}

fn plan(steps: Vec<Value>, groups: Value, containers: Vec<Value>, outputs: &[u32]) -> Value {
    json!({
        "planVersion": 1, "maxDepth": 10, "steps": steps, "groups": groups, "containers": containers,
        "outputs": outputs,
    })
}

/// Input, a stage of two actions one after another, output.
fn chain() -> Value {
    let steps = vec![
        gate(0, "pass", 0, 0, &[1]),
        gate(1, "open", 1, 1, &[2]),
        action(2, 1, &[3]),
        action(3, 1, &[4]),
        gate(4, "close", 1, 1, &[5]),
        gate(5, "pass", 2, 1, &[]),
    ];
    let containers = vec![
        container(0, 0, 0, 0, &[]),
        container(1, 1, 4, 2, &[0]),
        container(2, 5, 5, 0, &[1]),
    ];
    plan(steps, json!([]), containers, &[2, 3])
}

/// One stage of three actions, two of which may run at once.
fn group() -> Value {
    let member = |step| {
        let mut member = action(step, 0, &[4]);
        member["group"] = json!(0);
        member
    };
    let steps = vec![
        gate(0, "open", 0, 0, &[1, 2]),
        member(1),
        member(2),
        member(3),
        gate(4, "close", 0, 3, &[]),
    ];
    let groups = json!([{"members": [1, 2, 3], "concurrency": 2}]);
    plan(steps, groups, vec![container(0, 0, 4, 3, &[])], &[1])
}

impl Scene {
    fn of(plan: Value) -> Self {
        let shared = Rc::<Shared>::default();
        let plan = serde_json::from_value(plan).unwrap();
        let version = VersionId::from_uuid(nth_id(500));
        let numbered = ("1.0.1".to_owned(), Rc::new(plan));
        shared.machine.borrow_mut().plans.insert(version, numbered);
        let mut scene = Self {
            executions: Executions(Rc::clone(&shared)),
            shared,
            worker: worker(1),
        };
        assert!(scene.begin(new(1, 500)));
        scene
    }

    fn begin(&mut self, new: NewExecution) -> bool {
        let origin = Origin {
            organization_id: None,
            started_by: UserId::from_uuid(nth_id(42)),
            parent: None,
            depth: 0,
            traceparent: None,
        };
        let now = self.shared.clock.instant();
        self.shared.machine.borrow_mut().start(new, origin, now)
    }

    fn exchange(&mut self, outcomes: &[Outcome], want: u32) -> Exchange {
        let exchange = self.executions.exchange(&self.worker, outcomes, want);
        exchange.now_or_never().unwrap().unwrap()
    }

    fn sweep(&self) {
        self.executions.sweep().now_or_never().unwrap().unwrap();
    }

    fn cancel(&self, reason: &str) {
        let mut context = Context::new(Actor::user(UserId::from_uuid(nth_id(42))), "scene");
        context.actor.service = true;
        let reason = Some(reason);
        let cancelled = self
            .executions
            .control(&context, id(1), Control::Cancel, reason, None);
        cancelled.now_or_never().unwrap().unwrap();
    }

    fn claim(&mut self) -> Claim {
        self.exchange(&[], 1).claims.pop().unwrap()
    }

    /// Reports on a claim and answers the steps handed out next.
    fn report(&mut self, claim: &Claim, kind: OutcomeKind) -> Vec<Step> {
        let exchange = self.exchange(&[outcome(claim, kind)], 10);
        assert!(exchange.refused.is_empty());
        exchange.claims.iter().map(|claim| claim.step).collect()
    }

    fn machine(&self) -> Ref<'_, Machine> {
        self.shared.machine.borrow()
    }

    fn run(&self) -> Execution {
        self.machine().runs[&id(1)].execution.clone()
    }

    fn state(&self, step: Step) -> StepState {
        self.machine().runs[&id(1)].rows[&step].run.status
    }

    fn events(&self) -> Vec<String> {
        let machine = self.machine();
        let stream = machine.runs[&id(1)].stream.iter();
        stream.map(|event| event.event_type.clone()).collect()
    }

    fn pass(&mut self, milliseconds: u64) {
        self.shared.clock.advance(milliseconds);
    }
}

fn outcome(claim: &Claim, kind: OutcomeKind) -> Outcome {
    let logs = vec![LogLine {
        level: LogLevel::Info,
        message: "done".into(),
    }];
    Outcome {
        execution_id: claim.execution_id,
        step: claim.step,
        attempt: claim.attempt,
        kind,
        logs,
    }
}

fn completed(output: Value) -> OutcomeKind {
    OutcomeKind::Completed { output }
}

fn error() -> ActionError {
    ActionError {
        code: "BROKEN".into(),
        message: "it broke".into(),
        category: ErrorCategory::Runtime,
    }
}

fn failed(skip: &[Step]) -> OutcomeKind {
    OutcomeKind::Failed {
        error: error(),
        skip: skip.to_vec(),
        reason: "DEPENDENCY_FAILED".into(),
        container_failed: true,
        restart_after_ms: None,
    }
}

#[test]
fn a_chain_runs_in_order_and_collects_its_outputs() {
    let mut scene = Scene::of(chain());
    assert_eq!(scene.run().status, ExecutionStatus::Pending);
    let first = scene.claim();
    assert_eq!((first.step, first.attempt, first.failures), (2, 1, 0));
    assert_eq!(scene.run().status, ExecutionStatus::Running);
    assert_eq!(scene.run().progress.percentage, 70.0);
    assert_eq!(scene.report(&first, completed(json!({"x": 1}))), [3]);
    let key = ClaimKey {
        step: 3,
        ..first.key()
    };
    let second = Claim { step: 3, ..first };
    let exchange = scene.exchange(&[outcome(&second, completed(json!(7)))], 1);
    assert_eq!(exchange.finished[0].status, ExecutionStatus::Completed);
    assert_eq!(key, second.key());
    let outputs = json!({"x": 1, "a3": 7});
    assert_eq!(json!(scene.run().outputs), outputs);
    assert_eq!(scene.run().progress.completed_nodes, 3);
    assert_eq!(scene.run().progress.percentage, 100.0);
    assert_eq!(scene.machine().runs[&id(1)].logs.len(), 2);
    let told = [
        "WorkflowExecutionStarted",
        "ContainerNodeOrchestrationStarted",
        "ContainerNodeOrchestrationCompleted",
        "ContainerNodeOrchestrationStarted",
        "ActionNodeExecutionStarted",
        "ActionNodeExecutionCompleted",
        "ActionNodeExecutionStarted",
        "ActionNodeExecutionCompleted",
        "ContainerNodeOrchestrationCompleted",
        "ContainerNodeOrchestrationStarted",
        "ContainerNodeOrchestrationCompleted",
        "WorkflowExecutionCompleted",
    ];
    assert_eq!(scene.events(), told);
}

#[test]
fn a_claim_shows_how_earlier_actions_ended() {
    let mut scene = Scene::of(chain());
    let first = scene.claim();
    scene.exchange(&[outcome(&first, completed(json!(1)))], 0);
    let second = scene.claim();
    assert_eq!(second.results.len(), 1);
    assert_eq!(second.results[0].status, StepStatus::Completed);
    assert_eq!(second.results[0].output, Some(json!(1)));
}

#[test]
fn a_group_keeps_to_its_limit() {
    let mut scene = Scene::of(group());
    let claims = scene.exchange(&[], 10).claims;
    assert_eq!(claims.iter().map(|c| c.step).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(scene.report(&claims[1], completed(json!(2))), [3]);
    assert_eq!(scene.report(&claims[0], completed(json!(1))), [0; 0]);
    let last = Claim {
        step: 3,
        ..claims[0].clone()
    };
    scene.report(&last, completed(json!(3)));
    assert_eq!(scene.run().status, ExecutionStatus::Completed);
}

#[test]
fn a_retry_comes_back_after_its_delay() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    let retry = OutcomeKind::Retry {
        error: error(),
        delay_ms: 500,
    };
    let exchange = scene.exchange(&[outcome(&claim, retry)], 1);
    assert_eq!(
        (exchange.claims.len(), exchange.next_due_ms),
        (0, Some(500))
    );
    scene.pass(500);
    let again = scene.claim();
    assert_eq!((again.attempt, again.failures), (2, 1));
    let events = scene.events();
    let tail = &events[events.len() - 3..];
    let told = [
        "ActionNodeExecutionFailed",
        "ActionNodeExecutionRetried",
        "ActionNodeExecutionStarted",
    ];
    assert_eq!(tail, told);
}

#[test]
fn a_final_failure_skips_what_depends_on_it() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    assert_eq!(scene.report(&claim, failed(&[3, 5])), [0; 0]);
    assert_eq!(scene.state(3), StepState::Skipped);
    assert_eq!(scene.state(4), StepState::Completed);
    let run = scene.run();
    assert_eq!(run.status, ExecutionStatus::Failed);
    let progress = &run.progress;
    let counts = (
        progress.completed_nodes,
        progress.failed_nodes,
        progress.skipped_nodes,
    );
    assert_eq!(counts, (1, 1, 1));
    assert_eq!(run.errors[0].code, "BROKEN");
    assert_eq!(
        run.errors[0].action_id.map(|a| a.as_uuid()),
        Some(nth_id(1002))
    );
    assert_eq!(
        scene.events().pop().as_deref(),
        Some("WorkflowExecutionFailed")
    );
}

#[test]
fn mates_that_run_end_and_those_that_wait_are_skipped() {
    let mut scene = Scene::of(group());
    let running = scene.claim();
    // Step 2 is ready and nobody's; step 3 waits for its turn in the group.
    let mut mate = running.clone();
    mate.step = 1;
    scene.exchange(&[outcome(&mate, failed(&[2, 3]))], 0);
    assert_eq!(scene.state(2), StepState::Skipped);
    assert_eq!(scene.state(3), StepState::Skipped);
    assert_eq!(scene.run().status, ExecutionStatus::Failed);
}

#[test]
fn a_step_can_be_passed_over() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    let reason = "CONDITION_NOT_MET".to_owned();
    assert_eq!(scene.report(&claim, OutcomeKind::Skipped { reason }), [3]);
    assert_eq!(scene.state(2), StepState::Skipped);
}

#[test]
fn a_late_worker_is_refused() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    scene.pass(4001);
    scene.sweep();
    scene.worker = worker(2);
    let again = scene.claim();
    assert_eq!((again.step, again.attempt, again.failures), (2, 2, 1));
    scene.worker = worker(1);
    let late = scene.exchange(&[outcome(&claim, completed(json!(0)))], 1);
    assert_eq!(late.refused, [claim.key()]);
    assert_eq!(scene.state(2), StepState::Executing);
    // The right attempt under the wrong lease does not count either.
    let stolen = scene.exchange(&[outcome(&again, completed(json!(0)))], 1);
    assert_eq!(stolen.refused, [again.key()]);
}

#[test]
fn renewing_keeps_a_lease_alive() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    for _ in 0..3 {
        scene.pass(3000);
        scene.exchange(&[], 0);
        scene.sweep();
    }
    assert_eq!(scene.report(&claim, completed(json!(1))), [3]);
}

#[test]
fn what_a_lost_reply_handed_out_comes_back() {
    let mut scene = Scene::of(group());
    let first = scene.claim();
    // The reply to this exchange never arrives.
    scene.exchange(&[], 1);
    scene.worker.held = Some(vec![first.key()]);
    let again = scene.exchange(&[], 10).claims;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].step, again[0].attempt), (2, 2));
}

#[test]
fn a_released_step_is_free_again() {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    let later = OutcomeKind::Released { delay_ms: 10 };
    assert_eq!(scene.report(&claim, later), [0; 0]);
    scene.pass(10);
    let again = scene.claim();
    assert_eq!((again.attempt, again.failures), (2, 0));
}

#[test]
fn urgent_runs_go_first_then_the_oldest() {
    let mut scene = Scene::of(chain());
    scene.begin(new(2, 500));
    let mut urgent = new(3, 500);
    urgent.priority = JobPriority::High;
    scene.begin(urgent);
    let claims = scene.exchange(&[], 3).claims;
    let order: Vec<ExecutionId> = claims.iter().map(|claim| claim.execution_id).collect();
    assert_eq!(order, [id(3), id(1), id(2)]);
}

/// A run whose first action waits for a nested run.
fn nested() -> (Scene, Claim) {
    let mut scene = Scene::of(chain());
    let claim = scene.claim();
    let child = OutcomeKind::Child {
        child: Box::new(new(CHILD, 500)),
    };
    let steps = scene.exchange(&[outcome(&claim, child)], 10).claims;
    assert_eq!(steps[0].execution_id, id(CHILD));
    assert_eq!((steps[0].depth, steps[0].started_by), (1, claim.started_by));
    (scene, steps[0].clone())
}

#[test]
fn a_nested_run_brings_its_parent_back() {
    let (mut scene, child) = nested();
    assert_eq!(scene.state(2), StepState::Waiting);
    let next = scene
        .exchange(&[outcome(&child, completed(json!({"y": 2})))], 1)
        .claims;
    let back = scene
        .exchange(&[outcome(&next[0], completed(json!({"z": 3})))], 1)
        .claims;
    let result = back[0].child.as_ref().unwrap();
    assert_eq!((back[0].execution_id, back[0].attempt), (id(1), 2));
    assert_eq!(result.status, ExecutionStatus::Completed);
    assert_eq!(json!(result.outputs), json!({"y": 2, "z": 3}));
    assert_eq!(scene.report(&back[0], completed(json!({}))), [3]);
}

#[test]
fn a_failed_nested_run_tells_why_and_a_retry_forgets_it() {
    let (mut scene, child) = nested();
    let back = scene
        .exchange(&[outcome(&child, failed(&[3, 5]))], 1)
        .claims;
    let result = back[0].child.as_ref().unwrap();
    assert_eq!(result.status, ExecutionStatus::Failed);
    assert_eq!(result.errors[0].code, "BROKEN");
    let retry = OutcomeKind::Retry {
        error: error(),
        delay_ms: 0,
    };
    let again = scene.exchange(&[outcome(&back[0], retry)], 1).claims;
    assert_eq!((again[0].step, &again[0].child), (2, &None));
}

#[test]
fn cancelling_ends_what_is_nested_too() {
    let (mut scene, child) = nested();
    scene.cancel("enough");
    assert_eq!(scene.run().status, ExecutionStatus::Cancelled);
    assert_eq!(scene.state(2), StepState::Cancelled);
    let nested = scene.machine().runs[&id(CHILD)].execution.status;
    assert_eq!(nested, ExecutionStatus::Cancelled);
    let late = scene.exchange(&[outcome(&child, completed(json!(1)))], 10);
    assert_eq!((late.refused.len(), late.claims.len()), (1, 0));
    assert_eq!(
        scene.events().pop().as_deref(),
        Some("WorkflowExecutionCancelled")
    );
    assert!(scene.run().outputs.is_some());
}

#[test]
fn a_deadline_ends_a_run() {
    let mut scene = Scene::of(chain());
    scene.claim();
    scene.pass(59_999);
    scene.sweep();
    assert_eq!(scene.run().status, ExecutionStatus::Running);
    scene.pass(1);
    scene.sweep();
    assert_eq!(scene.run().status, ExecutionStatus::Failed);
    assert_eq!(scene.run().errors[0].code, "EXECUTION_TIMEOUT");
    scene.sweep();
    assert_eq!(scene.run().errors.len(), 1);
}

#[test]
fn a_run_without_actions_ends_at_once() {
    let steps = vec![gate(0, "pass", 0, 0, &[])];
    let mut scene = Scene::of(plan(
        steps,
        json!([]),
        vec![container(0, 0, 0, 0, &[])],
        &[],
    ));
    assert_eq!(scene.run().status, ExecutionStatus::Pending);
    let exchange = scene.exchange(&[], 1);
    assert_eq!(exchange.finished.len(), 1);
    assert_eq!(scene.run().status, ExecutionStatus::Completed);
    assert_eq!(scene.run().outputs, Some(Map::new()));
}

#[test]
fn a_run_of_an_unknown_version_does_not_start() {
    let mut scene = Scene::of(chain());
    assert!(!scene.begin(new(9, 501)));
}

#[test]
fn a_join_waits_for_every_branch() {
    let steps = vec![
        gate(0, "open", 0, 0, &[1, 2]),
        action(1, 0, &[3]),
        action(2, 0, &[3]),
        gate(3, "join", 0, 2, &[4]),
        action(4, 0, &[5]),
        gate(5, "close", 0, 1, &[]),
    ];
    let containers = vec![container(0, 0, 5, 3, &[])];
    let mut scene = Scene::of(plan(steps, json!([]), containers, &[4]));
    let claims = scene.exchange(&[], 10).claims;
    assert_eq!(scene.report(&claims[0], completed(json!(1))), [0; 0]);
    assert_eq!(scene.state(3), StepState::Pending);
    assert_eq!(scene.report(&claims[1], completed(json!(2))), [4]);
}
