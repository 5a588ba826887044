//! Doing a task: a conversation with the service behind the agents, in which tools of ours are used
//! on behalf of who asked, up to what came of it.

use domain::ai_agent::Agent;
use domain::ai_agent::coordination::PartError;
use domain::ai_agent::task;
use domain::ai_agent::tools::{self, ToolUse};
use domain::ids::OrganizationId;
use domain::json;
use domain::limits;
use futures_util::future::{Either, select};
use serde_json::Value;

use crate::context::Actor;
use crate::ports::{
    AgentService, Clock, KnowledgeBase, Message, Ports, Reply, ServiceError, ServiceFailure,
    Spindle, ToolCall, Turn, WorkflowCall,
};

/// Turns of one conversation at most.
const MOST_TURNS: usize = 8;
/// Tools used in one turn at most.
const MOST_CALLS: usize = 8;
/// Bytes of a tool's result that the model is told.
const LONGEST_RESULT: usize = 32 * 1024;
/// Most bytes of an output as JSON text, and its deepest nesting.
const OUTPUT_LIMITS: (usize, usize) = (1024 * 1024, 100);

/// What is to be done.
pub(super) struct Work<'a> {
    /// Who does it.
    pub(super) agent: &'a Agent,
    /// On whose behalf.
    pub(super) actor: &'a Actor,
    /// Whose it is.
    pub(super) organization_id: Option<OrganizationId>,
    /// What to do.
    pub(super) task: &'a str,
    /// What the agent should know.
    pub(super) parameters: &'a Value,
    /// Stays the same when the work is done anew.
    pub(super) key: &'a str,
    /// How long it may take.
    pub(super) timeout_ms: u64,
}

/// What came of it.
pub(super) struct Outcome {
    /// An object.
    pub(super) output: Value,
    /// The tools that were used, none twice.
    pub(super) tools_used: Vec<String>,
}

/// Why nothing came of it.
pub(super) struct Fault {
    /// What is told.
    pub(super) error: PartError,
    /// The same for the rules of retrying, when the service said it.
    pub(super) service: Option<ServiceError>,
    /// The tools that were used.
    pub(super) tools_used: Vec<String>,
}

/// Does the work within its time.
pub(super) async fn work(ports: &impl Ports, work: Work<'_>) -> Result<Outcome, Fault> {
    let mut tools_used = Vec::new();
    let limit = ports.clock().sleep(work.timeout_ms);
    let talk = Box::pin(converse(ports, &work, &mut tools_used));
    let ended = match select(talk, Box::pin(limit)).await {
        Either::Left((ended, _)) => ended,
        Either::Right(_) => Err(timed_out()),
    };
    let ended = ended.and_then(|output| {
        let (bytes, depth) = OUTPUT_LIMITS;
        limits::value(&output, bytes, depth)
            .map(|()| output)
            .map_err(|_| {
                (
                    error(
                        "OUTPUT_INVALID",
                        "The answer cannot be stored.",
                        "validation",
                    ),
                    None,
                )
            })
    });
    match ended {
        Ok(output) => Ok(Outcome { output, tools_used }),
        Err((error, service)) => Err(Fault {
            error,
            service,
            tools_used,
        }),
    }
}

type Refused = (PartError, Option<ServiceError>);

fn error(code: &str, message: &str, category: &str) -> PartError {
    PartError {
        code: code.to_owned(),
        message: message.to_owned(),
        category: category.to_owned(),
    }
}

fn timed_out() -> Refused {
    let message = "The agent did not end in time.";
    let service = ServiceError::new(ServiceFailure::Timeout, message);
    (error("TIMEOUT", message, "timeout"), Some(service))
}

async fn converse(
    ports: &impl Ports,
    work: &Work<'_>,
    tools_used: &mut Vec<String>,
) -> Result<Value, Refused> {
    let offered = tools::offered(&work.agent.tools);
    let mut messages = vec![
        Message::Instructions(work.agent.instructions.clone()),
        Message::Request(request(work)),
    ];
    for turn in 0..MOST_TURNS {
        let key = format!("{}-{turn}", work.key);
        let reply = ports.agent_service().next(Turn {
            messages: &messages,
            tools: &offered,
            idempotency_key: &key,
            timeout_ms: work.timeout_ms,
        });
        match reply.await.map_err(refused)? {
            Reply::Content(content) => return Ok(task::output(&content)),
            Reply::Calls(calls) => {
                let calls: Vec<ToolCall> = calls.into_iter().take(MOST_CALLS).collect();
                messages.push(Message::Calls(calls.clone()));
                for (place, call) in calls.into_iter().enumerate() {
                    let key = format!("{key}-{place}");
                    let content = use_tool(ports, work, &call, &key).await;
                    if !tools_used.contains(&call.name) && content.is_ok() {
                        tools_used.push(call.name);
                    }
                    let content = content.unwrap_or_else(|problem| {
                        serde_json::json!({ "error": problem }).to_string()
                    });
                    messages.push(Message::Result {
                        id: call.id,
                        content,
                    });
                }
            }
        }
    }
    let message = "The agent kept asking for tools without coming to an end.";
    Err((error("TOO_MANY_TURNS", message, "runtime"), None))
}

fn request(work: &Work<'_>) -> String {
    let empty = work
        .parameters
        .as_object()
        .is_some_and(|object| object.is_empty());
    match empty {
        true => work.task.to_owned(),
        false => format!("{}\n\nParameters (JSON):\n{}", work.task, work.parameters),
    }
}

/// Uses a tool of ours as who asked for the work, who alone decides what there is to see.
async fn use_tool(
    ports: &impl Ports,
    work: &Work<'_>,
    call: &ToolCall,
    key: &str,
) -> Result<String, String> {
    let result = match tools::read(&work.agent.tools, &call.name, &call.arguments)? {
        ToolUse::Search { words, limit } => {
            let library = ports.knowledge_base();
            let found = library.search_content(work.actor, work.organization_id, &words, limit);
            found.await.map(|found| json::to_value(&found))
        }
        ToolUse::Run {
            workflow_id,
            parameters,
        } => {
            let nothing = Value::Object(Default::default());
            let run = ports.spindle().execute_workflow(WorkflowCall {
                actor: work.actor,
                organization_id: work.organization_id,
                workflow_id: &workflow_id,
                parameters: &parameters,
                context: &nothing,
                idempotency_key: key,
                timeout_ms: work.timeout_ms,
                traceparent: None,
            });
            run.await
        }
    };
    let result = result.map_err(|problem| problem.message)?;
    let mut text = result.to_string();
    if text.len() > LONGEST_RESULT {
        let end = (0..=LONGEST_RESULT)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push_str(" … (cut)");
    }
    Ok(text)
}

fn refused(problem: ServiceError) -> Refused {
    let (code, category) = match problem.failure {
        ServiceFailure::Timeout => ("TIMEOUT".to_owned(), "timeout"),
        ServiceFailure::Unreachable => ("SERVICE_UNREACHABLE".to_owned(), "runtime"),
        ServiceFailure::Status(status @ (408 | 504)) => {
            (format!("SERVICE_ANSWERED_{status}"), "timeout")
        }
        ServiceFailure::Status(status @ (401 | 403)) => {
            (format!("SERVICE_ANSWERED_{status}"), "permission")
        }
        ServiceFailure::Status(status @ (429 | 500..)) => {
            (format!("SERVICE_ANSWERED_{status}"), "runtime")
        }
        ServiceFailure::Status(status) => (format!("SERVICE_ANSWERED_{status}"), "validation"),
        ServiceFailure::Invalid => ("SERVICE_ANSWER_INVALID".to_owned(), "validation"),
        ServiceFailure::Denied => ("SERVICE_DENIED".to_owned(), "permission"),
        ServiceFailure::Missing
        | ServiceFailure::SecretMissing
        | ServiceFailure::SecretHost
        | ServiceFailure::SecretUnreadable => ("SERVICE_MISSING".to_owned(), "dependency"),
    };
    (error(&code, &problem.message, category), Some(problem))
}
