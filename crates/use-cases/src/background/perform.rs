//! Doing one step of a run: an action, with what it may see, up to the outcome that is reported.
//!
//! The rules are the domain's: `context` says what the step sees, `guard` whether it runs, `handover`
//! what goes down to a nested run and comes up from it, `retry` and `failure` what follows a fault.

use domain::function_model::{ActionKind, KnowledgeAction, NestedAction, TetherAction};
use domain::ids::ExecutionId;
use domain::limits;
use domain::vocabulary::{
    ErrorCategory, ExecutionStatus, JobPriority, ModelStatus, RunMode, RunStatus,
};
use domain::workflow::context::{self, View};
use domain::workflow::expression::Expression;
use domain::workflow::failure;
use domain::workflow::guard::{self, Decision};
use domain::workflow::handover;
use domain::workflow::mapping::map_output;
use domain::workflow::plan::{ActionStep, Plan};
use domain::workflow::retry::{self, Fault, Verdict};
use domain::workflow::time_limit::TimeLimit;
use futures_util::future::{Either, select};
use serde_json::{Value, json};

use super::agent_step;
use crate::context::Actor;
use crate::ports::{
    ChildResult, Claim, Clock, Executions, Ids, KnowledgeBase, LogLevel, LogLine, NewExecution,
    Outcome, OutcomeKind, Ports, PublishedVersion, ServiceError, ServiceFailure, Spindle,
    StepStatus, WorkflowCall,
};

/// Documents that a search adds to the one that was asked for, at most.
const RELATED: u32 = 5;
/// Pause before a step is tried again of which the plan or a version could not be read.
const UNREADABLE_PAUSE_MS: u64 = 1_000;
/// A step lost with its worker this often is given up, even when its policy allows no retry at all.
const LOST_WORKERS: u32 = 3;
/// Most bytes of an output as JSON text, and its deepest nesting.
const OUTPUT_LIMITS: (usize, usize) = (1024 * 1024, 100);

/// What doing an action came to when it did not fail.
enum Done {
    Output(Value),
    Skipped(String),
    Child(Box<NewExecution>),
    /// Nothing was tried; later perhaps.
    PutOff {
        milliseconds: u64,
    },
}

/// One attempt at one action.
struct Attempt<'a, P> {
    ports: &'a P,
    plan: &'a Plan,
    action: &'a ActionStep,
    claim: &'a Claim,
    view: View,
}

/// Does one step; whatever happens becomes an outcome.
pub(super) async fn perform(ports: &impl Ports, claim: Claim) -> Outcome {
    let (kind, logs) = outcome(ports, &claim).await;
    Outcome {
        execution_id: claim.execution_id,
        step: claim.step,
        attempt: claim.attempt,
        kind,
        logs,
    }
}

async fn outcome(ports: &impl Ports, claim: &Claim) -> (OutcomeKind, Vec<LogLine>) {
    let plan = ports.executions().plan(claim.version_id).await;
    let Ok(Some(plan)) = plan else {
        let text = "the plan of the version cannot be read".to_owned();
        return (put_off(UNREADABLE_PAUSE_MS), say(LogLevel::Warn, text));
    };
    let Some(action) = plan.action(claim.step) else {
        let fault = fault(
            ErrorCategory::Runtime,
            "PLAN_UNREADABLE",
            "the step is no action",
        );
        return (
            failed(&plan, claim, &fault),
            say(LogLevel::Error, fault.message),
        );
    };
    let attempt = Attempt {
        ports,
        plan: &plan,
        action,
        claim,
        view: view(&plan, claim),
    };
    let name = &action.name;
    match attempt.make().await {
        Ok(Done::Output(output)) => {
            let text = format!("“{name}” completed");
            (OutcomeKind::Completed { output }, say(LogLevel::Info, text))
        }
        Ok(Done::Skipped(reason)) => {
            let text = format!("“{name}” skipped: {reason}");
            (OutcomeKind::Skipped { reason }, say(LogLevel::Info, text))
        }
        Ok(Done::Child(child)) => {
            let text = format!("“{name}” starts the nested run {}", child.execution_id);
            (OutcomeKind::Child { child }, say(LogLevel::Info, text))
        }
        Ok(Done::PutOff { milliseconds }) => {
            let text = format!("“{name}” is put off");
            (put_off(milliseconds), say(LogLevel::Warn, text))
        }
        Err(fault) => attempt.after(&fault),
    }
}

/// What the step may see: the parameters of the run and the results of what comes before it.
fn view(plan: &Plan, claim: &Claim) -> View {
    let results: Vec<context::StepResult> = claim
        .results
        .iter()
        .map(|result| context::StepResult {
            step: result.step,
            status: match result.status {
                StepStatus::Completed => RunStatus::Completed,
                StepStatus::Failed => RunStatus::Failed,
                StepStatus::Skipped => RunStatus::Skipped,
            },
            output: result.output.clone(),
        })
        .collect();
    let mut view = context::view(plan, claim.step, &claim.parameters, &results);
    let options = claim.options.as_ref();
    if options.is_some_and(|options| options.context_propagation == Some(false)) {
        view.siblings.clear();
    }
    view
}

impl<P: Ports> Attempt<'_, P> {
    async fn make(&self) -> Result<Done, Fault> {
        let (action, claim) = (self.action, self.claim);
        if claim.failures > action.retry_policy.max_attempts().max(LOST_WORKERS) {
            let message = "its worker was lost too often";
            return Err(lasting(ErrorCategory::Runtime, "WORKER_LOST", message));
        }
        let kind = action
            .kind()
            .map_err(|refusal| invalid(refusal.code.as_str(), refusal.message))?;
        if let (ActionKind::Nested(nested), Some(child)) = (&kind, &claim.child) {
            return self.take_up(nested, child).and_then(checked);
        }
        let decision = guard::decide(action, &self.view, &claim.approved_actions)
            .map_err(|message| invalid("CONDITION_FAILED", message))?;
        if let Decision::Skip(reason) = decision {
            return Ok(Done::Skipped(reason));
        }
        let limit = self.limit();
        if limit.ms() == 0 {
            return Err(limit.fault());
        }
        let sleep = self.ports.clock().sleep(limit.ms());
        match select(Box::pin(self.work(&kind)), Box::pin(sleep)).await {
            Either::Left((done, _)) => done.and_then(checked),
            Either::Right(_) => Err(limit.fault()),
        }
    }

    /// The time there is for this attempt.
    fn limit(&self) -> TimeLimit {
        let elapsed_ms = self.claim.container_elapsed_ms.unwrap_or_default();
        TimeLimit::of(self.plan, self.claim.step, elapsed_ms)
    }

    async fn work(&self, kind: &ActionKind) -> Result<Done, Fault> {
        match kind {
            ActionKind::Tether(tether) => self.run_tether(tether).await,
            ActionKind::Knowledge(knowledge) => self.read_knowledge(knowledge).await,
            ActionKind::Nested(nested) => self.start_nested(nested).await,
        }
    }

    async fn run_tether(&self, tether: &TetherAction) -> Result<Done, Fault> {
        let context = Value::Object(self.view.whole());
        let result = match (script(tether), tether.agent_id) {
            (Some(script), _) => transform(script, &context)?,
            (None, Some(agent_id)) => {
                let request = agent_step::Request {
                    claim: self.claim,
                    agent_id,
                    name: &self.action.name,
                    parameters: &tether.execution_parameters,
                    context,
                    timeout_ms: self.action.timeout_ms.unwrap_or(u64::from(u32::MAX)),
                };
                match agent_step::ask(self.ports, request).await? {
                    agent_step::Answer::Output(output) => output,
                    agent_step::Answer::PutOff(milliseconds) => {
                        return Ok(Done::PutOff { milliseconds });
                    }
                }
            }
            (None, None) => {
                let call = WorkflowCall {
                    actor: &Actor::user(self.claim.started_by),
                    organization_id: self.claim.organization_id,
                    workflow_id: &tether.tether_reference_id,
                    parameters: &Value::Object(tether.execution_parameters.clone()),
                    context: &context,
                    idempotency_key: &idempotency_key(self.claim),
                    traceparent: self.claim.traceparent.as_deref(),
                    timeout_ms: self.action.timeout_ms.unwrap_or(u64::from(u32::MAX)),
                };
                let spindle = self.ports.spindle();
                spindle.execute_workflow(call).await.map_err(of_service)?
            }
        };
        let output = map_output(&tether.output_mapping, result)
            .map_err(|message| invalid("OUTPUT_MAPPING_FAILED", message))?;
        Ok(Done::Output(output))
    }

    async fn read_knowledge(&self, knowledge: &KnowledgeAction) -> Result<Done, Fault> {
        let actor = Actor::user(self.claim.started_by);
        let organization_id = self.claim.organization_id;
        let library = self.ports.knowledge_base();
        let found = library
            .find_content_by_id(&actor, organization_id, &knowledge.kb_reference_id)
            .await
            .map_err(of_service)?;
        let Some(content) = found else {
            let message = "the document is not there, or hidden from who started the run";
            return Err(lasting(
                ErrorCategory::Dependency,
                "CONTENT_NOT_FOUND",
                message,
            ));
        };
        let mut related = Vec::new();
        if !knowledge.search_keywords.is_empty() {
            let words = &knowledge.search_keywords;
            let found = library
                .search_content(&actor, organization_id, words, RELATED + 1)
                .await
                .map_err(of_service)?;
            let others = found
                .into_iter()
                .filter(|other| other.content_id != content.content_id);
            related.extend(others.take(RELATED as usize));
        }
        let output = json!({"content": content, "related": related});
        Ok(Done::Output(output))
    }

    async fn start_nested(&self, nested: &NestedAction) -> Result<Done, Fault> {
        let claim = self.claim;
        if claim.max_depth == 0 {
            let message = "the run may not nest any deeper";
            return Err(lasting(
                ErrorCategory::Validation,
                "NESTING_TOO_DEEP",
                message,
            ));
        }
        let actor = Actor::user(claim.started_by);
        let executions = self.ports.executions();
        let found = executions.find_published_version(&actor, nested.nested_model_id);
        let version = match found.await {
            Ok(Some(version)) if may_run(&version) => version,
            Ok(_) => {
                let message = "the nested model has no published version that who started the run may execute";
                return Err(lasting(
                    ErrorCategory::Dependency,
                    "NESTED_MODEL_UNAVAILABLE",
                    message,
                ));
            }
            Err(_) => {
                return Ok(Done::PutOff {
                    milliseconds: UNREADABLE_PAUSE_MS,
                });
            }
        };
        let parameters = handover::parameters(nested, &self.view)
            .map_err(|message| invalid("CONTEXT_MAPPING_FAILED", message))?;
        Ok(Done::Child(Box::new(NewExecution {
            execution_id: ExecutionId::from_uuid(self.ports.ids().new_id()),
            model_id: nested.nested_model_id,
            version_id: version.version_id,
            environment: claim.environment,
            parameters,
            session_id: claim.session_id.clone(),
            mode: RunMode::Async,
            priority: JobPriority::Normal,
            max_depth: (claim.max_depth - 1).min(nested.max_depth().saturating_sub(1)),
            approved_actions: claim.approved_actions.clone(),
            start_at: None,
            timeout_seconds: self.limit().seconds(),
            recovery: None,
        })))
    }

    /// What the ended nested run means for the action that waited for it.
    fn take_up(&self, nested: &NestedAction, child: &ChildResult) -> Result<Done, Fault> {
        if child.status == ExecutionStatus::Completed {
            let outputs = child.outputs.clone();
            return handover::extract(nested, outputs, self.claim.depth + 1)
                .map(Done::Output)
                .map_err(|message| invalid("OUTPUT_EXTRACTION_FAILED", message));
        }
        let reasons: Vec<&str> = child.errors.iter().map(|e| e.message.as_str()).collect();
        let (id, status) = (child.execution_id, child.status.as_str());
        let message = format!("the nested run {id} is {status}: {}", reasons.join("; "));
        let timed_out = child
            .errors
            .iter()
            .any(|error| error.code == "EXECUTION_TIMEOUT");
        Err(if timed_out {
            fault(ErrorCategory::Timeout, "NESTED_RUN_TIMED_OUT", message)
        } else {
            fault(ErrorCategory::Dependency, "NESTED_RUN_FAILED", message)
        })
    }

    /// The rules of retrying and failing, applied.
    fn after(&self, fault: &Fault) -> (OutcomeKind, Vec<LogLine>) {
        let (action, claim) = (self.action, self.claim);
        let name = &action.name;
        let random = self.ports.ids().fraction();
        let of_child = claim.child.is_some();
        match retry::decide(action, fault, claim.failures, random, of_child) {
            Verdict::Retry { error, delay_ms } => {
                let text = format!(
                    "“{name}” failed ({}); again in {delay_ms} ms",
                    error.message
                );
                (
                    OutcomeKind::Retry { error, delay_ms },
                    say(LogLevel::Warn, text),
                )
            }
            Verdict::Fail(error) => {
                let (code, message) = (&error.code, &error.message);
                let text = format!("“{name}” failed for good ({code}): {message}");
                (failed(self.plan, claim, fault), say(LogLevel::Error, text))
            }
        }
    }
}

fn failed(plan: &Plan, claim: &Claim, fault: &Fault) -> OutcomeKind {
    let handling = claim.options.as_ref();
    let handling = handling.and_then(|options| options.failure_handling);
    let mut consequence = failure::after_fault(plan, claim.step, fault, handling);
    let policy = claim.recovery;
    let restart_after_ms =
        policy.and_then(|policy| policy.restart_after_ms(&consequence, claim.container_restarts));
    if restart_after_ms.is_some() {
        consequence = consequence.before_restart();
    }
    OutcomeKind::Failed {
        error: fault.error(),
        skip: consequence.steps(),
        reason: consequence.reason().to_owned(),
        container_failed: consequence.container_failed,
        restart_after_ms,
    }
}

/// The same for every attempt, but not when the whole container is tried again: then what was done
/// is to be done once more.
fn idempotency_key(claim: &Claim) -> String {
    let (id, step) = (claim.execution_id, claim.step);
    match claim.container_restarts {
        0 => format!("{id}-{step}"),
        again => format!("{id}-{step}-{again}"),
    }
}

fn may_run(version: &PublishedVersion) -> bool {
    version.may_execute && !version.deleted && version.model_status != ModelStatus::Archived
}

/// The expression of a data transformation, which needs no service.
fn script(tether: &TetherAction) -> Option<&str> {
    let config = tether.integration_config.as_ref()?;
    let kind = config.get("kind")?.as_str()?;
    (kind == "data-transformation").then_some(())?;
    config.get("script")?.as_str()
}

fn transform(script: &str, context: &Value) -> Result<Value, Fault> {
    Expression::parse(script)
        .map_err(|refusal| refusal.message)
        .and_then(|expression| expression.evaluate(context))
        .map_err(|message| invalid("TRANSFORMATION_FAILED", message))
}

/// An output must fit the database: its size, its depth, and no U+0000.
fn checked(done: Done) -> Result<Done, Fault> {
    if let Done::Output(output) = &done {
        let (bytes, depth) = OUTPUT_LIMITS;
        limits::value(output, bytes, depth)
            .map_err(|refusal| invalid("OUTPUT_INVALID", refusal.message))?;
    }
    Ok(done)
}

fn put_off(delay_ms: u64) -> OutcomeKind {
    OutcomeKind::Released { delay_ms }
}

fn say(level: LogLevel, message: String) -> Vec<LogLine> {
    vec![LogLine { level, message }]
}

fn fault(category: ErrorCategory, code: &str, message: impl Into<String>) -> Fault {
    Fault::new(category, code, message)
}

/// A fault that another attempt would meet again.
fn lasting(category: ErrorCategory, code: &str, message: &str) -> Fault {
    Fault {
        permanent: true,
        ..fault(category, code, message)
    }
}

fn invalid(code: &str, message: impl Into<String>) -> Fault {
    fault(ErrorCategory::Validation, code, message)
}

pub(super) fn of_service(error: ServiceError) -> Fault {
    let known = |category, code: &str| (Some(category), code.to_owned(), None);
    let (category, code, status) = match error.failure {
        ServiceFailure::Timeout => known(ErrorCategory::Timeout, "TIMEOUT"),
        ServiceFailure::Unreachable => known(ErrorCategory::Runtime, "SERVICE_UNREACHABLE"),
        ServiceFailure::Status(status) => {
            (None, format!("SERVICE_ANSWERED_{status}"), Some(status))
        }
        ServiceFailure::Invalid => known(ErrorCategory::Validation, "SERVICE_INPUT_INVALID"),
        ServiceFailure::Denied => known(ErrorCategory::Permission, "SERVICE_DENIED"),
        ServiceFailure::Missing => known(ErrorCategory::Dependency, "SERVICE_TARGET_MISSING"),
        ServiceFailure::SecretMissing => known(ErrorCategory::Dependency, "SECRET_MISSING"),
        ServiceFailure::SecretHost => known(ErrorCategory::Permission, "SECRET_HOST_NOT_ALLOWED"),
        ServiceFailure::SecretUnreadable => known(ErrorCategory::Dependency, "SECRET_UNREADABLE"),
    };
    Fault {
        code,
        message: error.message,
        category,
        status,
        permanent: error.permanent,
        retry_after_ms: error.retry_after_ms,
    }
}
