//! Doing one step of a run: an action, with what it may see, up to the outcome that is reported.

use domain::function_model::{ActionKind, KnowledgeAction, NestedAction, TetherAction};
use domain::ids::ExecutionId;
use domain::vocabulary::{
    ErrorCategory, ExecutionMode, ExecutionStatus, ExecutionTrigger, JobPriority, RunMode,
};
use domain::workflow::expression::Expression;
use domain::workflow::mapping::map_output;
use domain::workflow::plan::{ActionStep, Plan};
use domain::workflow::{context, failure};
use futures_util::future::{Either, select};
use serde_json::{Map, Value, json};

use super::plans::Plans;
use crate::context::Actor;
use crate::ports::{
    ActionError, ChildResult, Claim, Clock, Executions, Ids, KnowledgeBase, LogLevel, LogLine,
    NewExecution, Outcome, OutcomeKind, Ports, ServiceError, ServiceFailure, Spindle, StepStatus,
    WorkflowCall,
};

/// Results of a search that go along with a document.
const RELATED: u32 = 5;
/// Pause before a step is tried again whose plan or published version could not be read.
const UNREADABLE_PAUSE_MS: u64 = 1_000;
/// A step lost with its worker this often is given up, even when its policy allows no retry at all.
const LOST_WORKERS: u32 = 3;

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

/// Why an attempt failed, and what the far side said about another one.
struct Fault {
    error: ActionError,
    permanent: bool,
    retry_after_ms: u64,
}

/// Does one step; whatever happens becomes an outcome.
pub(super) async fn perform(ports: &impl Ports, plans: &Plans, claim: Claim) -> Outcome {
    let mut logs = Vec::new();
    let kind = outcome(ports, plans, &claim, &mut logs).await;
    Outcome {
        execution_id: claim.execution_id,
        step: claim.step,
        attempt: claim.attempt,
        kind,
        logs,
    }
}

async fn outcome(
    ports: &impl Ports,
    plans: &Plans,
    claim: &Claim,
    logs: &mut Vec<LogLine>,
) -> OutcomeKind {
    let Ok(Some(plan)) = plans.find(ports.executions(), claim.version_id).await else {
        return OutcomeKind::Released {
            delay_ms: UNREADABLE_PAUSE_MS,
        };
    };
    let Some(action) = plan.action(claim.step) else {
        let error = ActionError {
            code: "PLAN_UNREADABLE".to_owned(),
            message: format!("step {} of the plan is no action", claim.step),
            category: ErrorCategory::Runtime,
        };
        return failed(&plan, claim, error);
    };
    match act(ports, &plan, action, claim).await {
        Ok(Done::Output(output)) => {
            say(logs, LogLevel::Info, format!("“{}” completed", action.name));
            OutcomeKind::Completed { output }
        }
        Ok(Done::Skipped(reason)) => {
            say(
                logs,
                LogLevel::Info,
                format!("“{}” skipped: {reason}", action.name),
            );
            OutcomeKind::Skipped { reason }
        }
        Ok(Done::Child(child)) => {
            say(
                logs,
                LogLevel::Info,
                format!("“{}” started its nested run", action.name),
            );
            OutcomeKind::Child { child }
        }
        Ok(Done::PutOff { milliseconds }) => OutcomeKind::Released {
            delay_ms: milliseconds,
        },
        Err(fault) => after_fault(ports, &plan, action, claim, fault, logs),
    }
}

/// The rules of retrying and failing, applied.
fn after_fault(
    ports: &impl Ports,
    plan: &Plan,
    action: &ActionStep,
    claim: &Claim,
    fault: Fault,
    logs: &mut Vec<LogLine>,
) -> OutcomeKind {
    let retry = claim.failures + 1;
    let error = fault.error;
    let may_retry = !fault.permanent && failure::is_retried(error.category);
    let delay_ms = action.retry_policy.delay_ms(retry, ports.ids().fraction());
    match delay_ms {
        Ok(delay_ms) if may_retry && action.retry_policy.should_retry(retry) => {
            let delay_ms = delay_ms.max(fault.retry_after_ms);
            let text = format!(
                "“{}” failed ({}); retry {retry} in {delay_ms} ms",
                action.name, error.message
            );
            say(logs, LogLevel::Warn, text);
            OutcomeKind::Retry { error, delay_ms }
        }
        _ => {
            let text = format!("“{}” failed for good: {}", action.name, error.message);
            say(logs, LogLevel::Error, text);
            failed(plan, claim, error)
        }
    }
}

fn failed(plan: &Plan, claim: &Claim, error: ActionError) -> OutcomeKind {
    let consequence = failure::after_failure(plan, claim.step);
    OutcomeKind::Failed {
        error,
        skip: consequence.skip,
        reason: failure::DEPENDENCY_FAILED.to_owned(),
        container_failed: consequence.container_failed,
    }
}

async fn act(
    ports: &impl Ports,
    plan: &Plan,
    action: &ActionStep,
    claim: &Claim,
) -> Result<Done, Fault> {
    if claim.failures > action.retry_policy.max_attempts().max(LOST_WORKERS) {
        let message = "its worker was lost too often";
        return Err(Fault::final_one(
            "WORKER_LOST",
            message,
            ErrorCategory::Runtime,
        ));
    }
    if let Some(reason) = &action.skip_reason {
        return Ok(Done::Skipped(reason.clone()));
    }
    let kind = action.kind().map_err(|refusal| {
        Fault::final_one(
            refusal.code.as_str(),
            &refusal.message,
            ErrorCategory::Validation,
        )
    })?;
    let visible = visible(plan, claim);
    if let (ActionKind::Nested(nested), Some(child)) = (&kind, &claim.child) {
        return extract(nested, child, claim.depth + 1).map(Done::Output);
    }
    if let Some(reason) = reason_to_skip(plan, action, claim, &visible)? {
        return Ok(Done::Skipped(reason));
    }
    let work = async {
        match &kind {
            ActionKind::Tether(tether) => run_tether(ports, action, tether, claim, &visible).await,
            ActionKind::Knowledge(knowledge) => read_knowledge(ports, knowledge, claim).await,
            ActionKind::Nested(nested) => {
                start_nested(ports, action, nested, claim, &visible).await
            }
        }
    };
    let limit_ms = action.timeout_ms.unwrap_or(u64::from(u32::MAX));
    let limit = ports.clock().sleep(limit_ms);
    match select(Box::pin(work), Box::pin(limit)).await {
        Either::Left((done, _)) => done.and_then(checked),
        Either::Right(_) => Err(Fault::again(
            "TIMEOUT",
            &format!("timed out after {limit_ms} ms"),
            ErrorCategory::Timeout,
        )),
    }
}

/// What the step may see: the parameters of the run and the results of what comes before it.
fn visible(plan: &Plan, claim: &Claim) -> Value {
    let completed = claim.results.iter().filter_map(|result| {
        let output = result.output.as_ref()?;
        (result.status == StepStatus::Completed).then_some((result.step, output))
    });
    Value::Object(context::visible(
        plan,
        claim.step,
        &claim.parameters,
        completed,
    ))
}

/// Why a conditional action does not run, or a nested model whose trigger is not given.
fn reason_to_skip(
    plan: &Plan,
    action: &ActionStep,
    claim: &Claim,
    visible: &Value,
) -> Result<Option<String>, Fault> {
    if action.execution_mode != ExecutionMode::Conditional {
        return Ok(None);
    }
    if visible.get("shouldExecute") == Some(&Value::Bool(false)) {
        return Ok(Some("the context says shouldExecute: false".to_owned()));
    }
    let Some(condition) = &action.condition else {
        let container = plan.step(claim.step).map(|step| step.container);
        let failed_before = claim.results.iter().any(|result| {
            result.status == StepStatus::Failed
                && plan.step(result.step).map(|step| step.container) == container
        });
        return Ok(failed_before.then(|| "an earlier action of the stage failed".to_owned()));
    };
    let holds = condition.holds(visible).map_err(|message| {
        Fault::final_one("CONDITION_FAILED", &message, ErrorCategory::Validation)
    })?;
    Ok((!holds).then(|| "its condition does not hold".to_owned()))
}

async fn run_tether(
    ports: &impl Ports,
    action: &ActionStep,
    tether: &TetherAction,
    claim: &Claim,
    visible: &Value,
) -> Result<Done, Fault> {
    let result = match script(tether) {
        Some(script) => transform(script, visible)?,
        None => {
            let call = WorkflowCall {
                actor: &Actor::user(claim.started_by),
                organization_id: claim.organization_id,
                workflow_id: &tether.tether_reference_id,
                parameters: &Value::Object(tether.execution_parameters.clone()),
                context: visible,
                idempotency_key: &format!("{}-{}", claim.execution_id, claim.step),
                timeout_ms: action.timeout_ms.unwrap_or(u64::from(u32::MAX)),
            };
            ports.spindle().execute_workflow(call).await?
        }
    };
    let output = map_output(&tether.output_mapping, result).map_err(|message| {
        Fault::final_one("OUTPUT_MAPPING_FAILED", &message, ErrorCategory::Validation)
    })?;
    Ok(Done::Output(output))
}

/// The expression of a data transformation, which needs no service.
fn script(tether: &TetherAction) -> Option<&str> {
    let config = tether.integration_config.as_ref()?;
    (config.get("kind")? == "data-transformation")
        .then(|| config.get("script")?.as_str())
        .flatten()
}

fn transform(script: &str, visible: &Value) -> Result<Value, Fault> {
    Expression::parse(script)
        .map_err(|refusal| refusal.message)
        .and_then(|expression| expression.evaluate(visible))
        .map_err(|message| {
            Fault::final_one("TRANSFORMATION_FAILED", &message, ErrorCategory::Validation)
        })
}

async fn read_knowledge(
    ports: &impl Ports,
    knowledge: &KnowledgeAction,
    claim: &Claim,
) -> Result<Done, Fault> {
    let actor = Actor::user(claim.started_by);
    let found = ports
        .knowledge_base()
        .find_content_by_id(&actor, claim.organization_id, &knowledge.kb_reference_id)
        .await?;
    let Some(content) = found else {
        let message = "the document is not there, or hidden from who started the run";
        return Err(Fault::final_one(
            "CONTENT_NOT_FOUND",
            message,
            ErrorCategory::Dependency,
        ));
    };
    let mut related = Vec::new();
    if !knowledge.search_keywords.is_empty() {
        let found = ports
            .knowledge_base()
            .search_content(
                &actor,
                claim.organization_id,
                &knowledge.search_keywords,
                RELATED + 1,
            )
            .await?;
        related.extend(
            found
                .into_iter()
                .filter(|other| other.content_id != content.content_id),
        );
        related.truncate(RELATED as usize);
    }
    Ok(Done::Output(
        json!({"content": content, "related": related}),
    ))
}

async fn start_nested(
    ports: &impl Ports,
    action: &ActionStep,
    nested: &NestedAction,
    claim: &Claim,
    visible: &Value,
) -> Result<Done, Fault> {
    match nested.trigger() {
        ExecutionTrigger::Manual if !claim.approved_actions.contains(&action.action_id) => {
            return Ok(Done::Skipped(
                "it needs approval and was not approved".to_owned(),
            ));
        }
        ExecutionTrigger::Conditional if !trigger_holds(nested, visible)? => {
            return Ok(Done::Skipped(
                "the condition of its trigger does not hold".to_owned(),
            ));
        }
        _ => {}
    }
    if claim.max_depth == 0 {
        let message = "the run may not nest any deeper";
        return Err(Fault::final_one(
            "NESTING_TOO_DEEP",
            message,
            ErrorCategory::Validation,
        ));
    }
    let actor = Actor::user(claim.started_by);
    let found = ports
        .executions()
        .find_published_version(&actor, nested.nested_model_id)
        .await;
    let version = match found {
        Ok(Some(version)) => version,
        Ok(None) => {
            let message = "the nested model is not published, or hidden from who started the run";
            let category = ErrorCategory::Dependency;
            return Err(Fault::final_one(
                "NESTED_MODEL_UNAVAILABLE",
                message,
                category,
            ));
        }
        Err(_) => {
            return Ok(Done::PutOff {
                milliseconds: UNREADABLE_PAUSE_MS,
            });
        }
    };
    let parameters = child_parameters(nested, claim, visible)?;
    Ok(Done::Child(Box::new(NewExecution {
        execution_id: ExecutionId::from_uuid(ports.ids().new_id()),
        model_id: nested.nested_model_id,
        version_id: version.version_id,
        environment: claim.environment,
        parameters,
        session_id: claim.session_id.clone(),
        mode: RunMode::Async,
        priority: JobPriority::Normal,
        max_depth: (claim.max_depth - 1).min(nested.max_depth().saturating_sub(1)),
        approved_actions: claim.approved_actions.clone(),
        timeout_seconds: nested.timeout_ms().map(|ms| ms / 1000),
    })))
}

fn trigger_holds(nested: &NestedAction, visible: &Value) -> Result<bool, Fault> {
    let conditions = nested
        .execution_policy
        .as_ref()
        .and_then(|policy| policy.conditions.as_ref());
    let Some(conditions) = conditions else {
        return Ok(false);
    };
    conditions.holds(visible).map_err(|message| {
        Fault::final_one("CONDITION_FAILED", &message, ErrorCategory::Validation)
    })
}

fn child_parameters(
    nested: &NestedAction,
    claim: &Claim,
    visible: &Value,
) -> Result<Map<String, Value>, Fault> {
    let previous = claim
        .results
        .iter()
        .rev()
        .find_map(|result| result.output.as_ref());
    context::for_child(nested, visible, previous).map_err(|message| {
        Fault::final_one(
            "CONTEXT_MAPPING_FAILED",
            &message,
            ErrorCategory::Validation,
        )
    })
}

/// What the ended nested run means for the action that waited for it.
fn extract(nested: &NestedAction, child: &ChildResult, level: u32) -> Result<Value, Fault> {
    if child.status != ExecutionStatus::Completed {
        let timed_out = child
            .errors
            .iter()
            .any(|error| error.code == "EXECUTION_TIMEOUT");
        let reasons: Vec<&str> = child
            .errors
            .iter()
            .map(|error| error.message.as_str())
            .collect();
        let message = format!(
            "the nested run {} {}: {}",
            child.execution_id,
            child.status,
            reasons.join("; ")
        );
        return Err(if timed_out {
            Fault::again("NESTED_RUN_TIMED_OUT", &message, ErrorCategory::Timeout)
        } else {
            Fault::final_one("NESTED_RUN_FAILED", &message, ErrorCategory::Dependency)
        });
    }
    context::from_child(nested, &child.outputs, level)
        .map(Value::Object)
        .map_err(|message| {
            Fault::final_one(
                "OUTPUT_EXTRACTION_FAILED",
                &message,
                ErrorCategory::Validation,
            )
        })
}

/// An output must fit the database: its size, its depth, and no U+0000.
fn checked(done: Done) -> Result<Done, Fault> {
    if let Done::Output(output) = &done {
        failure::check_output(output).map_err(|message| {
            Fault::final_one("OUTPUT_INVALID", &message, ErrorCategory::Validation)
        })?;
    }
    Ok(done)
}

fn say(logs: &mut Vec<LogLine>, level: LogLevel, message: String) {
    logs.push(LogLine { level, message });
}

impl Fault {
    fn again(code: &str, message: &str, category: ErrorCategory) -> Self {
        Self {
            error: ActionError {
                code: code.to_owned(),
                message: message.to_owned(),
                category,
            },
            permanent: false,
            retry_after_ms: 0,
        }
    }

    fn final_one(code: &str, message: &str, category: ErrorCategory) -> Self {
        Self {
            permanent: true,
            ..Self::again(code, message, category)
        }
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let (code, category) = match error.failure {
            ServiceFailure::Timeout => ("TIMEOUT", ErrorCategory::Timeout),
            ServiceFailure::Unreachable => ("SERVICE_UNREACHABLE", ErrorCategory::Runtime),
            ServiceFailure::Status(status) => {
                ("SERVICE_REFUSED", failure::category_of_status(status))
            }
            ServiceFailure::Invalid => ("SERVICE_INPUT_INVALID", ErrorCategory::Validation),
            ServiceFailure::Denied => ("SERVICE_DENIED", ErrorCategory::Permission),
            ServiceFailure::Missing => ("SERVICE_TARGET_MISSING", ErrorCategory::Dependency),
        };
        Self {
            permanent: error.permanent,
            retry_after_ms: error.retry_after_ms.unwrap_or(0),
            ..Self::again(code, &error.message, category)
        }
    }
}
