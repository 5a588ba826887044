//! A step of a run that an agent does: a task of its own, done by the worker of the run.

use domain::ai_agent::Agent;
use domain::ai_agent::coordination::PartError;
use domain::ai_agent::task::check_agent;
use domain::ids::{AgentId, TaskId};
use domain::limits::JsonObject;
use domain::vocabulary::{AgentTaskType, ErrorCategory};
use domain::workflow::retry::Fault;
use futures_util::future::{Either, select};
use serde_json::{Value, json};

use super::agent_conversation::{Outcome, Work, work};
use super::perform::of_service;
use crate::context::{Actor, Context};
use crate::ports::{
    AgentTasks, AiAgents, Claim, Clock, Ids, NewAgentTask, PortErrorKind, Ports, TaskReport,
    TaskWorker, Written,
};

/// Leases last 4 s.
const RENEW_EVERY_MS: u64 = 1_000;
/// Pause before a step is tried again whose agent is busy, or out of reach.
const BUSY_PAUSE_MS: u64 = 1_000;
/// Longest attempt of a task.
const LONGEST_ATTEMPT_MS: u64 = 300_000;

/// What an action asks of an agent.
pub(super) struct Request<'a> {
    pub(super) claim: &'a Claim,
    pub(super) agent_id: AgentId,
    pub(super) name: &'a str,
    pub(super) parameters: &'a JsonObject,
    pub(super) context: Value,
    pub(super) timeout_ms: u64,
}

/// What came of it.
pub(super) enum Answer {
    Output(Value),
    /// Nothing was tried; later perhaps.
    PutOff(u64),
}

fn lasting(category: ErrorCategory, code: &str, message: &str) -> Fault {
    Fault {
        permanent: true,
        ..Fault::new(category, code, message)
    }
}

fn missing() -> Fault {
    let message = "the agent is not there, or hidden from who started the run";
    lasting(ErrorCategory::Dependency, "AGENT_NOT_FOUND", message)
}

/// Has the agent do the step, as who started the run.
pub(super) async fn ask(ports: &impl Ports, request: Request<'_>) -> Result<Answer, Fault> {
    let actor = Actor::user(request.claim.started_by);
    let found = ports.ai_agents().find(&actor, request.agent_id).await;
    let agent = match found {
        Ok(Some(found)) => found.agent,
        Ok(None) => return Err(missing()),
        Err(_) => return Ok(Answer::PutOff(BUSY_PAUSE_MS)),
    };
    check_agent(&agent, AgentTaskType::Execution, &[]).map_err(|refusal| {
        let code = refusal.code.as_str();
        lasting(ErrorCategory::Validation, code, &refusal.message)
    })?;
    let new = new_task(ports, &request);
    let Some(worker) = begin(ports, &request, &new).await? else {
        return Ok(Answer::PutOff(BUSY_PAUSE_MS));
    };
    let parameters = json!({
        "parameters": Value::Object(request.parameters.clone()),
        "context": request.context.clone(),
    });
    let key = format!("{}-{}", request.claim.execution_id, request.claim.step);
    let talk = work(
        ports,
        Work {
            agent: &agent,
            actor: &actor,
            organization_id: request.claim.organization_id,
            task: &new.task,
            parameters: &parameters,
            key: &key,
            timeout_ms: request.timeout_ms,
        },
    );
    let ended = while_renewing(ports, &worker, talk).await;
    let (report, answer) = match ended {
        Ok(Outcome { output, tools_used }) => {
            let report = report(&new, "completed", Some(output.clone()), None, tools_used);
            (report, Ok(Answer::Output(output)))
        }
        Err(fault) => {
            let error = fault.error.clone();
            let answer = Err(told(fault.service, error.clone(), &agent));
            let used = fault.tools_used;
            (report(&new, "failed", None, Some(error), used), answer)
        }
    };
    // The step's own outcome is what counts; a lost report is swept up later.
    let _ = ports.agent_tasks().exchange(&worker, &[report], 0).await;
    answer
}

fn new_task(ports: &impl Ports, request: &Request<'_>) -> NewAgentTask {
    let task: String = request.name.chars().take(2000).collect();
    NewAgentTask {
        task_id: TaskId::from_uuid(ports.ids().new_id()),
        agent_id: request.agent_id,
        task_type: AgentTaskType::Execution,
        task,
        parameters: request.parameters.clone(),
        priority: 5,
        timeout_ms: u32::try_from(request.timeout_ms.min(LONGEST_ATTEMPT_MS)).unwrap_or(u32::MAX),
        max_retries: 0,
        queue_if_busy: false,
        lease_token: Some(ports.ids().new_id()),
        execution_id: Some(request.claim.execution_id),
        step: Some(request.claim.step),
    }
}

/// Begins the task; nothing when the agent is busy or the database out of reach.
async fn begin(
    ports: &impl Ports,
    request: &Request<'_>,
    new: &NewAgentTask,
) -> Result<Option<TaskWorker>, Fault> {
    let actor = Actor::user(request.claim.started_by);
    let context = Context::new(actor, request.claim.execution_id.to_string());
    let started = ports.agent_tasks().start(&context, new, None).await;
    match started {
        Ok(Written::Done(started)) if started.claim.is_some() => Ok(Some(TaskWorker {
            lease_token: new.lease_token.unwrap_or_default(),
            held: vec![new.task_id],
        })),
        Ok(_) => Ok(None),
        Err(error) => match error.kind {
            PortErrorKind::AtCapacity | PortErrorKind::Unavailable { .. } => Ok(None),
            PortErrorKind::Forbidden => Err(lasting(
                ErrorCategory::Permission,
                "FORBIDDEN",
                "who started the run may not have this agent work",
            )),
            PortErrorKind::OtherStatus => Err(lasting(
                ErrorCategory::Validation,
                "AGENT_DISABLED",
                "the agent is disabled",
            )),
            PortErrorKind::NotFound => Err(missing()),
            _ => Ok(None),
        },
    }
}

async fn while_renewing<T>(
    ports: &impl Ports,
    worker: &TaskWorker,
    talk: impl Future<Output = T>,
) -> T {
    let mut talk = Box::pin(talk);
    loop {
        let pause = Box::pin(ports.clock().sleep(RENEW_EVERY_MS));
        match select(talk, pause).await {
            Either::Left((ended, _)) => return ended,
            Either::Right((_, going_on)) => talk = going_on,
        }
        // A lease that cannot be renewed now may be the next time.
        let renewal = Box::pin(ports.agent_tasks().exchange(worker, &[], 0));
        match select(talk, renewal).await {
            Either::Left((ended, _)) => return ended,
            Either::Right((_, going_on)) => talk = going_on,
        }
    }
}

fn report(
    new: &NewAgentTask,
    kind: &'static str,
    output: Option<Value>,
    error: Option<PartError>,
    tools_used: Vec<String>,
) -> TaskReport {
    TaskReport {
        task_id: new.task_id,
        attempt: 1,
        kind,
        output,
        error,
        tools_used,
        isolate: false,
    }
}

/// A fault of the conversation in the words of runs.
fn told(service: Option<crate::ports::ServiceError>, error: PartError, agent: &Agent) -> Fault {
    let message = format!("agent “{}”: {}", agent.name, error.message);
    match service {
        Some(service) => Fault {
            message,
            ..of_service(service)
        },
        None => {
            let category = ErrorCategory::parse(&error.category).unwrap_or(ErrorCategory::Runtime);
            Fault::new(category, &error.code, message)
        }
    }
}
