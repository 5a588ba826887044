//! UC-017: removes an AI agent.

use domain::ai_agent::events::AgentEvent;
use domain::error::{Code, DomainError};
use domain::ids::AgentId;
use serde_json::{Map, Value};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{AiAgents, Clock, Expected, PortErrorKind, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Removes an agent that is doing nothing; tasks waiting for it go with it.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `EXECUTIONS_ACTIVE` while a task is running; `Conflict`;
/// `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let found = access::edit(ports, context, agent_id).await?;
    if found.running > 0 {
        return Err(active());
    }
    expect_revision(context, found.agent.revision)?;
    let saved = Saved {
        value: (),
        revision: found.agent.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let mut configuration = Map::new();
    configuration.insert("removed".to_owned(), Value::Bool(true));
    let event = AgentEvent::ConfigurationUpdated {
        agent_id,
        configuration,
        updated_by: context.actor.user_id,
        updated_at: ports.clock().instant(),
    };
    let expected = Expected::Revision(found.agent.revision);
    let agents = ports.ai_agents();
    let removed = agents.remove(context, agent_id, vec![event.to_json()], expected, answer);
    done(removed.await.map_err(|error| match error.kind {
        PortErrorKind::OtherStatus => active(),
        _ => access::failure(context, error),
    })?)?;
    Ok(saved)
}

fn active() -> UseCaseError {
    let message = "The agent is doing a task.";
    DomainError::new(Code::ExecutionsActive, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::agents::{registered, scene, working};
    use crate::testing::{alice, bob, refusal, rendered};

    #[test]
    fn an_idle_agent_goes_and_a_busy_one_stays() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let attempt = |context: &Context| world.run(remove(&world, context, id, rendered));
        let hidden = attempt(&bob()).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::AgentNotFound));
        attempt(&alice()).unwrap();
        let gone = attempt(&alice()).unwrap_err();
        assert_eq!(gone, UseCaseError::NotFound(Code::AgentNotFound));
        let busy = working(&world, &model, "Busy");
        let error = world
            .run(remove(&world, &alice(), busy, rendered))
            .unwrap_err();
        assert_eq!(refusal(error), Code::ExecutionsActive);
    }
}
