//! UC-020: searches AI agents in words.

use domain::ai_agent::search::{Hits, SearchAgents};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AgentQuestion, AiAgents, Ports};

/// The enabled agents the caller may see that answer the question, best first.
///
/// # Errors
/// `SEARCH_QUERY_INVALID`.
pub async fn search(
    ports: &impl Ports,
    context: &Context,
    command: &SearchAgents,
) -> Result<Hits, UseCaseError> {
    let question = command.question()?;
    let wanted = AgentQuestion {
        enabled: Some(true),
        feature_type: command.feature_type,
        ..AgentQuestion::default()
    };
    let found = ports
        .ai_agents()
        .candidates(&context.actor, &wanted)
        .await?;
    let agents = found
        .into_iter()
        .map(|found| (found.agent, found.node_words));
    Ok(question.answer(agents.collect()))
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, bob, refusal};

    #[test]
    fn visible_agents_are_found_by_words() {
        let (world, model) = scene();
        registered(&world, &model, "Invoice clerk");
        let command = |query: &str| SearchAgents {
            query: query.into(),
            ..SearchAgents::default()
        };
        let hits = world
            .run(search(&world, &alice(), &command("find invoice")))
            .unwrap();
        assert_eq!(hits.items[0].matching_keywords, ["invoice"]);
        let none = world
            .run(search(&world, &bob(), &command("find invoice")))
            .unwrap();
        assert!(none.items.is_empty());
        let bad = world
            .run(search(&world, &alice(), &command("ab")))
            .unwrap_err();
        assert_eq!(refusal(bad), Code::SearchQueryInvalid);
    }
}
