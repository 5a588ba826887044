//! UC-018: discovers AI agents by capability.

use domain::ai_agent::matching::{self, Candidate, DiscoverAgents, Matches};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AgentQuestion, AiAgents, FoundAgent, Ports};

/// The enabled agents the caller may see that suit, the best first.
///
/// # Errors
/// `CRITERIA_INVALID`.
pub async fn discover(
    ports: &impl Ports,
    context: &Context,
    command: &DiscoverAgents,
) -> Result<Matches, UseCaseError> {
    let criteria = command.criteria()?;
    let question = AgentQuestion {
        enabled: Some(true),
        feature_type: command.feature_type,
        entity_id: command.entity_id,
        node_id: command.node_id,
        ..AgentQuestion::default()
    };
    let found = ports
        .ai_agents()
        .candidates(&context.actor, &question)
        .await?;
    Ok(matching::best(
        &criteria,
        found.into_iter().map(candidate).collect(),
    ))
}

/// An agent as matching sees it.
pub(super) fn candidate(found: FoundAgent) -> Candidate {
    Candidate {
        agent: found.agent,
        running: found.running,
    }
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, bob, refusal, rendered};

    fn asked(required: &[&str]) -> DiscoverAgents {
        DiscoverAgents {
            required_capabilities: required.iter().map(|text| (*text).into()).collect(),
            ..DiscoverAgents::default()
        }
    }

    #[test]
    fn enabled_and_visible_agents_are_judged() {
        let (world, model) = scene();
        registered(&world, &model, "Clerk");
        let off = registered(&world, &model, "Asleep").agent_id;
        world
            .run(super::super::switch(&world, &alice(), off, false, rendered))
            .unwrap();
        let ask = |context: &Context| {
            let command = asked(&["canExecute"]);
            world.run(discover(&world, context, &command)).unwrap()
        };
        let found = ask(&alice());
        assert_eq!((found.items.len(), found.total_evaluated), (1, 1));
        assert_eq!(found.items[0].score, 1.0);
        assert!(ask(&bob()).items.is_empty());
        let none = world
            .run(discover(&world, &alice(), &asked(&["canFly"])))
            .unwrap();
        assert!(none.items.is_empty());
        let bad = world
            .run(discover(&world, &alice(), &asked(&[])))
            .unwrap_err();
        assert_eq!(refusal(bad), Code::CriteriaInvalid);
    }
}
