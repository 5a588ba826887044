//! UC-021: coordinates several AI agents.

use domain::ai_agent::coordination::{CoordinateAgents, Part, Score, path_of};
use domain::ai_agent::events::AgentEvent;
use domain::ai_agent::task;
use domain::error::{Code, DomainError, FieldError};
use domain::function_model::permissions::Act;
use domain::ids::{AgentId, CoordinationId, TaskId};
use domain::sorted;

use super::execute_task::failure;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::function_model::access::forbidden;
use crate::ports::{
    AgentQuestion, AgentTasks, AiAgents, Clock, Coordination, FoundAgent, Ids, NewCoordination,
    NewPart, Ports,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Begins work of several agents in stages; workers do it.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `COORDINATION_INVALID`, `TASK_PARAMETERS_INVALID`;
/// `AGENT_DISABLED`, `AGENT_NOT_CAPABLE`; `Replayed` for a repetition.
pub async fn coordinate(
    ports: &impl Ports,
    context: &Context,
    command: &CoordinateAgents,
    render: impl Fn(&Saved<Coordination>) -> StoredAnswer,
) -> Result<Coordination, UseCaseError> {
    answered_before(ports, context).await?;
    let agents = agents(ports, context, command).await?;
    let score = command.score()?;
    check(&score, &agents)?;
    let new = new_coordination(ports, context, score);
    let started = Saved {
        value: Coordination {
            coordination_id: new.coordination_id,
            mode: new.mode,
            status: "running".to_owned(),
            stages: vec![],
            synchronized: vec![],
            duration_ms: 0,
            requested_by: context.actor.user_id,
            created_at: ports.clock().instant(),
            completed_at: None,
        },
        revision: 1,
    };
    let answer = answer_to_keep(context, &started, render);
    let written = ports
        .agent_tasks()
        .start_coordination(context, &new, answer);
    done(written.await.map_err(|error| failure(context, error))?)?;
    Ok(started.value)
}

/// The agents named, all of which the caller must be allowed to have work.
async fn agents(
    ports: &impl Ports,
    context: &Context,
    command: &CoordinateAgents,
) -> Result<Vec<FoundAgent>, UseCaseError> {
    let mut ids: Vec<AgentId> = command.tasks.iter().map(|task| task.agent_id).collect();
    sorted::sort(&mut ids);
    ids.dedup();
    ids.truncate(100);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let question = AgentQuestion {
        agent_ids: Some(ids.clone()),
        ..AgentQuestion::default()
    };
    let found = ports
        .ai_agents()
        .candidates(&context.actor, &question)
        .await?;
    if found.len() < ids.len() {
        return Err(UseCaseError::NotFound(Code::AgentNotFound));
    }
    if found.iter().any(|found| !found.may_execute) {
        return Err(forbidden(Act::Execute));
    }
    Ok(found)
}

/// Every agent must be enabled and able to do its part; the refusal names the task.
fn check(score: &Score, agents: &[FoundAgent]) -> Result<(), DomainError> {
    for (index, part) in score.parts.iter().enumerate() {
        let mut found = agents.iter().map(|found| &found.agent);
        let Some(agent) = found.find(|agent| agent.agent_id == part.agent_id) else {
            continue;
        };
        task::check_agent(agent, part.order.task_type, &[]).map_err(|mut refusal| {
            let error = FieldError::new(path_of(index, "agentId"), "usable");
            refusal.errors.push(error);
            refusal
        })?;
    }
    Ok(())
}

fn new_coordination(ports: &impl Ports, context: &Context, score: Score) -> NewCoordination {
    let coordination_id = CoordinationId::from_uuid(ports.ids().new_id());
    let event = AgentEvent::WorkflowStarted {
        coordination_id,
        mode: score.mode,
        task_count: score.parts.len(),
        started_by: context.actor.user_id,
        started_at: ports.clock().instant(),
    };
    let part = |part: Part| NewPart {
        task_id: TaskId::from_uuid(ports.ids().new_id()),
        name: part.name,
        agent_id: part.agent_id,
        stage: part.stage,
        task_type: part.order.task_type,
        task: part.order.task,
        parameters: part.order.parameters,
        priority: part.order.priority,
        timeout_ms: part.order.timeout_ms,
        max_retries: part.order.max_retries,
    };
    NewCoordination {
        coordination_id,
        mode: score.mode,
        synchronization_points: score.synchronization_points,
        continue_on_failure: score.continue_on_failure,
        timeout_ms: score.timeout_ms,
        parts: score.parts.into_iter().map(part).collect(),
        events: vec![event.to_json()],
    }
}

/// A coordination the caller asked for.
///
/// # Errors
/// `TASK_NOT_FOUND` when it is missing or somebody else's.
pub async fn read_workflow(
    ports: &impl Ports,
    context: &Context,
    coordination_id: CoordinationId,
) -> Result<Coordination, UseCaseError> {
    let tasks = ports.agent_tasks();
    let found = tasks
        .find_coordination(&context.actor, coordination_id)
        .await?;
    found.ok_or(UseCaseError::NotFound(Code::TaskNotFound))
}

#[cfg(test)]
mod tests {
    use domain::ai_agent::coordination::CoordinatedTask;
    use domain::vocabulary::{AgentTaskType, CoordinationMode};

    use super::*;
    use crate::in_memory::{World, nth_id};
    use crate::testing::agents::{coordination, registered, scene};
    use crate::testing::{alice, bob, refusal, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        command: &CoordinateAgents,
    ) -> Result<Coordination, UseCaseError> {
        world.run(coordinate(world, context, command, rendered))
    }

    #[test]
    fn a_coordination_begins_and_is_read_by_who_asked_for_it() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let command = coordination(CoordinationMode::Sequential, id, &[1, 2]);
        let keyed = with_key(alice(), "k", "h");
        let begun = attempt(&world, &keyed, &command).unwrap();
        let read =
            |context: &Context| world.run(read_workflow(&world, context, begun.coordination_id));
        assert_eq!(read(&alice()).unwrap(), begun);
        assert_eq!(
            read(&bob()).unwrap_err(),
            UseCaseError::NotFound(Code::TaskNotFound)
        );
        let again = attempt(&world, &keyed, &command).unwrap_err();
        assert!(matches!(again, UseCaseError::Replayed(_)));
    }

    #[test]
    fn every_agent_must_be_usable() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let parallel = CoordinationMode::Parallel;
        let hidden = attempt(&world, &bob(), &coordination(parallel, id, &[1])).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::AgentNotFound));
        let nobody = AgentId::from_uuid(nth_id(99));
        let missing = attempt(&world, &alice(), &coordination(parallel, nobody, &[1]));
        assert_eq!(
            missing.unwrap_err(),
            UseCaseError::NotFound(Code::AgentNotFound)
        );
        let empty = attempt(&world, &alice(), &coordination(parallel, id, &[])).unwrap_err();
        assert_eq!(refusal(empty), Code::CoordinationInvalid);
        let mut unable = coordination(parallel, id, &[1]);
        unable.tasks[0] = CoordinatedTask {
            task_type: AgentTaskType::Orchestration,
            ..unable.tasks[0].clone()
        };
        let error = attempt(&world, &alice(), &unable).unwrap_err();
        assert_eq!(refusal(error), Code::AgentNotCapable);
        world
            .run(super::super::switch(&world, &alice(), id, false, rendered))
            .unwrap();
        let error = attempt(&world, &alice(), &coordination(parallel, id, &[1])).unwrap_err();
        assert_eq!(refusal(error), Code::AgentDisabled);
    }
}
