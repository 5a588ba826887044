//! UC-017: changes an AI agent.

use domain::ai_agent::{self, Agent, ChangeAgent};
use domain::ids::AgentId;
use serde_json::Value;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{AiAgents, Clock, Expected, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Changes what is given; running tasks go on as they began.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `NOTHING_TO_CHANGE`, the limits of the fields;
/// `AGENT_NAME_TAKEN`, `Conflict`; `Replayed` for a repetition.
pub async fn change(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    command: &ChangeAgent,
    render: impl Fn(&Saved<Agent>) -> StoredAnswer,
) -> Result<Saved<Agent>, UseCaseError> {
    answered_before(ports, context).await?;
    let agent = access::edit(ports, context, agent_id).await?.agent;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let (changed, event) = ai_agent::change(&agent, command, by, now)?;
    save(ports, context, changed, vec![event.to_json()], render).await
}

/// Saves an agent that was read at its revision.
pub(super) async fn save(
    ports: &impl Ports,
    context: &Context,
    agent: Agent,
    events: Vec<Value>,
    render: impl Fn(&Saved<Agent>) -> StoredAnswer,
) -> Result<Saved<Agent>, UseCaseError> {
    expect_revision(context, agent.revision)?;
    let expected = Expected::Revision(agent.revision);
    let saved = Saved {
        revision: expected.next(),
        value: Agent {
            revision: expected.next(),
            ..agent
        },
    };
    let answer = answer_to_keep(context, &saved, render);
    let agents = ports.ai_agents();
    let written = agents.save(context, &saved.value, events, expected, answer);
    done(
        written
            .await
            .map_err(|error| access::failure(context, error))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, bob, refusal, rendered};

    #[test]
    fn a_change_is_stored_and_refused_to_strangers() {
        let (world, model) = scene();
        let agent = registered(&world, &model, "Clerk");
        let rename = ChangeAgent {
            name: Some("Smith".into()),
            ..ChangeAgent::default()
        };
        let id = agent.agent_id;
        let attempt = |context: &Context, command: &ChangeAgent| {
            world.run(change(&world, context, id, command, rendered))
        };
        let saved = attempt(&alice(), &rename).unwrap();
        assert_eq!((saved.value.name.as_str(), saved.revision), ("Smith", 2));
        let read = world.run(super::super::read(&world, &alice(), id)).unwrap();
        assert_eq!(read, saved.value);
        let hidden = attempt(&bob(), &rename).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::AgentNotFound));
        let nothing = attempt(&alice(), &ChangeAgent::default()).unwrap_err();
        assert_eq!(refusal(nothing), Code::NothingToChange);
        let mut stale = alice();
        stale.if_match = Some(1);
        let error = attempt(&stale, &rename).unwrap_err();
        assert!(matches!(
            error,
            UseCaseError::Conflict { if_match: true, .. }
        ));
        registered(&world, &model, "Miller");
        let taken = ChangeAgent {
            name: Some("Miller".into()),
            ..ChangeAgent::default()
        };
        assert_eq!(
            refusal(attempt(&alice(), &taken).unwrap_err()),
            Code::AgentNameTaken
        );
    }
}
