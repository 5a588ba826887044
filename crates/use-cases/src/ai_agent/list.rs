//! UC-017: lists AI agents.

use domain::ai_agent::Agent;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AgentFilter, AiAgents, Page, PageRequest, Ports};

/// The agents the caller may see, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &AgentFilter,
    page: &PageRequest,
) -> Result<Page<Agent>, UseCaseError> {
    Ok(ports.ai_agents().list(context, filter, page).await?)
}

#[cfg(test)]
mod tests {
    use domain::ids::EntityId;
    use domain::instant::Instant;
    use domain::vocabulary::FeatureType;

    use super::*;
    use crate::in_memory::nth_id;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, bob};

    #[test]
    fn every_filter_narrows() {
        let (world, model) = scene();
        let agent = registered(&world, &model, "Clerk");
        let names = |context: &Context, filter: AgentFilter| {
            let page = PageRequest::default();
            let found = world.run(list(&world, context, &filter, &page)).unwrap();
            found.items.len()
        };
        let all = AgentFilter::default;
        assert_eq!((names(&alice(), all()), names(&bob(), all())), (1, 0));
        let other = EntityId::from_uuid(nth_id(99));
        for (filter, count) in [
            (
                AgentFilter {
                    feature_type: Some(FeatureType::FunctionModel),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    feature_type: Some(FeatureType::Spindle),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    entity_id: Some(agent.entity_id),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    entity_id: Some(other),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    node_id: Some(other),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    capability: Some("canexecute".into()),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    capability: Some("dataType:xml".into()),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    tool: Some("Knowledge-base-search".into()),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    tool: Some("fax".into()),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    name: Some("Clerk".into()),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    name: Some("clerk".into()),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    enabled: Some(true),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    enabled: Some(false),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    min_success_rate: Some(0.0),
                    ..all()
                },
                1,
            ),
            (
                AgentFilter {
                    min_success_rate: Some(0.5),
                    ..all()
                },
                0,
            ),
            (
                AgentFilter {
                    executed_since: Some(Instant::from_millis(0)),
                    ..all()
                },
                0,
            ),
        ] {
            assert_eq!(names(&alice(), filter.clone()), count, "{filter:?}");
        }
    }
}
