//! UC-019: has an AI agent do a task.

use domain::ai_agent::Agent;
use domain::ai_agent::task::{self, ExecuteAgentTask, Order};
use domain::error::{Code, DomainError};
use domain::ids::TaskId;
use domain::vocabulary::AgentTaskStatus;
use uuid::Uuid;

use super::access;
use super::discover::candidate;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    AgentQuestion, AgentTask, AgentTasks, AiAgents, Clock, Ids, NewAgentTask, PortError,
    PortErrorKind, Ports, TaskClaim,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// A task that was taken on.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedAgentTask {
    /// The task, running or queued.
    pub task: AgentTask,
    /// The task again, when the worker named with it is to do it.
    pub claim: Option<Box<TaskClaim>>,
}

/// Has an agent do something: at once by the named worker when there is room, else in its turn.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `TASK_PARAMETERS_INVALID`; `AGENT_DISABLED`,
/// `AGENT_NOT_CAPABLE`, `NO_AGENT_FOUND`; `AGENT_AT_CAPACITY`; `Replayed` for a repetition.
pub async fn execute_task(
    ports: &impl Ports,
    context: &Context,
    command: &ExecuteAgentTask,
    lease_token: Option<Uuid>,
    render: impl Fn(&Saved<AgentTask>) -> StoredAnswer,
) -> Result<StartedAgentTask, UseCaseError> {
    answered_before(ports, context).await?;
    let named = match command.agent_id {
        Some(agent_id) => Some(access::execute(ports, context, agent_id).await?.agent),
        None => None,
    };
    let order = command.order()?;
    let agent = match named {
        Some(agent) => {
            task::check_agent(&agent, order.task_type, &order.required_capabilities)?;
            agent
        }
        None => best(ports, context, &order).await?,
    };
    let new = new_task(ports, agent.agent_id, order, lease_token);
    let queued = Saved {
        value: queued(ports, context, &new),
        revision: 1,
    };
    let answer = answer_to_keep(context, &queued, render);
    let written = ports.agent_tasks().start(context, &new, answer).await;
    let started = done(written.map_err(|error| failure(context, error))?)?;
    let mut task = queued.value;
    if started.status == AgentTaskStatus::Running {
        task.status = AgentTaskStatus::Running;
        task.attempts = 1;
        task.started_at = Some(task.created_at);
    }
    Ok(StartedAgentTask {
        task,
        claim: started.claim,
    })
}

/// The best match among the agents the caller may have work.
async fn best(ports: &impl Ports, context: &Context, order: &Order) -> Result<Agent, UseCaseError> {
    let question = AgentQuestion {
        enabled: Some(true),
        ..AgentQuestion::default()
    };
    let found = ports
        .ai_agents()
        .candidates(&context.actor, &question)
        .await?;
    let usable = found.into_iter().filter(|found| found.may_execute);
    let usable = usable.map(candidate).collect();
    let kind = Some(order.task_type);
    let mut agents = task::capable(kind, &order.required_capabilities, usable)?;
    Ok(agents.swap_remove(0))
}

fn new_task(
    ports: &impl Ports,
    agent_id: domain::ids::AgentId,
    order: Order,
    lease_token: Option<Uuid>,
) -> NewAgentTask {
    NewAgentTask {
        task_id: TaskId::from_uuid(ports.ids().new_id()),
        agent_id,
        task_type: order.task_type,
        task: order.task,
        parameters: order.parameters,
        priority: order.priority,
        timeout_ms: order.timeout_ms,
        max_retries: order.max_retries,
        queue_if_busy: order.queue_if_busy,
        lease_token,
        execution_id: None,
        step: None,
    }
}

/// A new task as it is answered before anybody began it.
fn queued(ports: &impl Ports, context: &Context, new: &NewAgentTask) -> AgentTask {
    AgentTask {
        task_id: new.task_id,
        agent_id: new.agent_id,
        task_type: new.task_type,
        task: new.task.clone(),
        parameters: new.parameters.clone(),
        priority: new.priority,
        timeout_ms: new.timeout_ms,
        max_retries: new.max_retries,
        status: AgentTaskStatus::Queued,
        attempts: 0,
        output: None,
        error: None,
        tools_used: vec![],
        duration_ms: None,
        requested_by: context.actor.user_id,
        execution_id: None,
        coordination_id: None,
        created_at: ports.clock().instant(),
        started_at: None,
        completed_at: None,
    }
}

/// The failure of a start, in the words of agents.
pub(super) fn failure(context: &Context, error: PortError) -> UseCaseError {
    match error.kind {
        PortErrorKind::OtherStatus => {
            DomainError::new(Code::AgentDisabled, "The agent is disabled.").into()
        }
        PortErrorKind::Forbidden => UseCaseError::Forbidden {
            required: "execute".to_owned(),
        },
        _ => access::failure(context, error),
    }
}

/// A task of an agent the caller may see.
///
/// # Errors
/// `TASK_NOT_FOUND` when it is missing or hidden.
pub async fn read_task(
    ports: &impl Ports,
    context: &Context,
    task_id: TaskId,
) -> Result<AgentTask, UseCaseError> {
    let found = ports.agent_tasks().find(&context.actor, task_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::TaskNotFound))
}

#[cfg(test)]
mod tests {
    use domain::ids::AgentId;
    use domain::vocabulary::AgentTaskType;
    use serde_json::json;

    use super::*;
    use crate::in_memory::{World, nth_id};
    use crate::testing::agents::{asked, registered, scene, working};
    use crate::testing::{alice, bob, object, refusal, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        command: &ExecuteAgentTask,
    ) -> Result<StartedAgentTask, UseCaseError> {
        let token = Some(nth_id(0xa9e27));
        world.run(execute_task(world, context, command, token, rendered))
    }

    #[test]
    fn a_task_begins_while_there_is_room_and_waits_otherwise() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        for status in ["running", "running", "queued"] {
            let started = attempt(&world, &alice(), &asked(Some(id))).unwrap();
            assert_eq!(started.task.status.as_str(), status);
            assert_eq!(started.claim.is_some(), status == "running");
            let read = world.run(read_task(&world, &alice(), started.task.task_id));
            assert_eq!(read.unwrap(), started.task);
        }
        let impatient = ExecuteAgentTask {
            queue_if_busy: Some(false),
            ..asked(Some(id))
        };
        let full = attempt(&world, &alice(), &impatient).unwrap_err();
        assert_eq!(refusal(full), Code::AgentAtCapacity);
    }

    #[test]
    fn agents_must_be_there_awake_able_and_allowed() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let nobody = AgentId::from_uuid(nth_id(99));
        let missing = attempt(&world, &alice(), &asked(Some(nobody))).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::AgentNotFound));
        let hidden = attempt(&world, &bob(), &asked(Some(id))).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::AgentNotFound));
        let unable = ExecuteAgentTask {
            task_type: AgentTaskType::Orchestration,
            ..asked(Some(id))
        };
        let error = attempt(&world, &alice(), &unable).unwrap_err();
        assert_eq!(refusal(error), Code::AgentNotCapable);
        let incomplete = ExecuteAgentTask {
            task_type: AgentTaskType::Analysis,
            ..asked(Some(id))
        };
        let error = attempt(&world, &alice(), &incomplete).unwrap_err();
        assert_eq!(refusal(error), Code::TaskParametersInvalid);
        world
            .run(super::super::switch(&world, &alice(), id, false, rendered))
            .unwrap();
        let error = attempt(&world, &alice(), &asked(Some(id))).unwrap_err();
        assert_eq!(refusal(error), Code::AgentDisabled);
        let error = attempt(&world, &alice(), &asked(None)).unwrap_err();
        assert_eq!(refusal(error), Code::NoAgentFound);
    }

    #[test]
    fn without_a_name_the_best_match_does_it() {
        let (world, model) = scene();
        working(&world, &model, "Busy");
        let idle = registered(&world, &model, "Idle").agent_id;
        let command = ExecuteAgentTask {
            required_capabilities: Some(vec!["dataType:json".into()]),
            parameters: object(json!({"a": 1})),
            ..asked(None)
        };
        let started = attempt(&world, &alice(), &command).unwrap();
        assert_eq!(started.task.agent_id, idle);
    }

    #[test]
    fn a_repetition_starts_nothing_and_tasks_are_hidden_from_strangers() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let keyed = with_key(alice(), "k", "h");
        let started = attempt(&world, &keyed, &asked(Some(id))).unwrap();
        let again = attempt(&world, &keyed, &asked(Some(id))).unwrap_err();
        assert!(matches!(again, UseCaseError::Replayed(_)));
        let hidden = world.run(read_task(&world, &bob(), started.task.task_id));
        assert_eq!(
            hidden.unwrap_err(),
            UseCaseError::NotFound(Code::TaskNotFound)
        );
    }
}
