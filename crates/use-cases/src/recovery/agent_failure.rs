//! UC-023: handles the failure of an AI agent.

use domain::ai_agent::Agent;
use domain::ai_agent::failure::{self, AgentRecovery, HandleAgentFailure, Impact};
use domain::ids::{AgentId, TaskId};
use domain::vocabulary::RecoveryAction;
use serde_json::Value;

use crate::ai_agent::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    AgentQuestion, AgentTask, AgentTasks, AiAgents, Clock, Expected, Ids, NewAgentTask, Ports,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Retries, restarts or disables a failed agent, as the reason or the caller says; for a disabled
/// one tells who relies on it.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `TASK_NOT_FOUND`; `REASON_INVALID`; `AGENT_NAME_TAKEN` when a
/// restart would enable a name twice; `AGENT_AT_CAPACITY` when the queue is full; `Conflict`;
/// `Replayed` for a repetition.
pub async fn handle_agent_failure(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    command: &HandleAgentFailure,
    render: impl Fn(&Saved<AgentRecovery>) -> StoredAnswer,
) -> Result<Saved<AgentRecovery>, UseCaseError> {
    answered_before(ports, context).await?;
    let agent = access::edit(ports, context, agent_id).await?.agent;
    let task = failed_task(ports, context, agent_id, command.task_id).await?;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let (after, action, events) = failure::handle(&agent, command, by, now)?;
    expect_revision(context, agent.revision)?;
    let impact = match action {
        RecoveryAction::Disable => Some(impact(ports, context, &agent).await?),
        _ => None,
    };
    let again = match action {
        RecoveryAction::Retry => task
            .filter(|_| agent.is_enabled)
            .map(|task| anew(ports, &task)),
        _ => None,
    };
    let expected = Expected::Revision(agent.revision);
    let saved = Saved {
        value: AgentRecovery {
            agent_id,
            action_taken: action,
            final_status: failure::final_status(action).to_owned(),
            retried_as: again.as_ref().map(|task| task.task_id),
            impact,
        },
        revision: expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    let events: Vec<Value> = events.iter().map(|event| event.to_json()).collect();
    let written = ports
        .ai_agents()
        .save(context, &after, events, expected, answer);
    done(
        written
            .await
            .map_err(|error| access::failure(context, error))?,
    )?;
    if let Some(task) = again {
        // A write of its own: the report stands even where the queue is full.
        let bare = Context {
            idempotency: None,
            ..context.clone()
        };
        ports.agent_tasks().start(&bare, &task, None).await?;
    }
    Ok(saved)
}

/// The task the report names; it must be one of the agent's.
async fn failed_task(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    task_id: Option<TaskId>,
) -> Result<Option<AgentTask>, UseCaseError> {
    let Some(task_id) = task_id else {
        return Ok(None);
    };
    let task = crate::ai_agent::read_task(ports, context, task_id).await?;
    if task.agent_id != agent_id {
        let missing = domain::error::Code::TaskNotFound;
        return Err(UseCaseError::NotFound(missing));
    }
    // One that still runs or waits needs no second one.
    Ok(Some(task).filter(|task| task.status == domain::vocabulary::AgentTaskStatus::Failed))
}

/// The same task once more.
fn anew(ports: &impl Ports, task: &AgentTask) -> NewAgentTask {
    NewAgentTask {
        task_id: TaskId::from_uuid(ports.ids().new_id()),
        agent_id: task.agent_id,
        task_type: task.task_type,
        task: task.task.clone(),
        parameters: task.parameters.clone(),
        priority: task.priority,
        timeout_ms: task.timeout_ms,
        max_retries: task.max_retries,
        queue_if_busy: true,
        lease_token: None,
        execution_id: None,
        step: None,
    }
}

/// Who relies on the agent, and who could take its place.
async fn impact(
    ports: &impl Ports,
    context: &Context,
    agent: &Agent,
) -> Result<Impact, UseCaseError> {
    let agents = ports.ai_agents();
    let relying = agents.impact(&context.actor, agent.agent_id).await?;
    let question = AgentQuestion {
        enabled: Some(true),
        feature_type: Some(agent.feature_type),
        entity_id: Some(agent.entity_id),
        ..AgentQuestion::default()
    };
    let others = agents.candidates(&context.actor, &question).await?;
    let able = others.iter().map(|found| &found.agent);
    let able = able.filter(|other| failure::can_replace(other, agent));
    Ok(Impact {
        alternatives: able.map(|other| other.agent_id).collect(),
        ..relying
    })
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{asked, registered, scene};
    use crate::testing::{alice, bob, refusal, rendered};

    fn report(reason: &str) -> HandleAgentFailure {
        HandleAgentFailure {
            reason: reason.into(),
            recovery_action: None,
            task_id: None,
        }
    }

    #[test]
    fn the_reason_decides_what_becomes_of_the_agent() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let other = registered(&world, &model, "Other").agent_id;
        let who = alice();
        let handle = |command: &HandleAgentFailure| {
            let handled = handle_agent_failure(&world, &who, id, command, rendered);
            world.run(handled).unwrap().value
        };
        let enabled = || {
            let read = crate::ai_agent::read(&world, &who, id);
            world.run(read).unwrap().is_enabled
        };
        assert_eq!(handle(&report("timeout")).final_status, "retrying");
        assert_eq!(handle(&report("invalid")).final_status, "restarted");
        assert!(enabled());
        let command = domain::ai_agent::task::ExecuteAgentTask {
            queue_if_busy: Some(true),
            ..asked(Some(id))
        };
        let waits = crate::ai_agent::execute_task(&world, &who, &command, None, rendered);
        let waiting = world.run(waits).unwrap().task.task_id;
        let disabled = handle(&report("broken"));
        assert_eq!(disabled.final_status, "disabled");
        let impact = disabled.impact.unwrap();
        assert_eq!(impact.queued_tasks, [waiting]);
        assert_eq!(impact.alternatives, [other]);
        assert!(!enabled());
    }

    #[test]
    fn reports_need_rights_a_reason_and_a_task_that_is_there() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let attempt = |context: &Context, command: &HandleAgentFailure| {
            let handled = handle_agent_failure(&world, context, id, command, rendered);
            world.run(handled).unwrap_err()
        };
        let hidden = attempt(&bob(), &report("x"));
        assert_eq!(hidden, UseCaseError::NotFound(Code::AgentNotFound));
        assert_eq!(
            refusal(attempt(&alice(), &report(" "))),
            Code::ReasonInvalid
        );
        let mut missing = report("timeout");
        missing.task_id = Some(TaskId::from_uuid(crate::in_memory::nth_id(99)));
        let missing = attempt(&alice(), &missing);
        assert_eq!(missing, UseCaseError::NotFound(Code::TaskNotFound));
    }
}
