//! UC-017: registers an AI agent.

use domain::ai_agent::{self, Agent, RegisterAgent};
use domain::function_model::permissions::Act;
use domain::ids::AgentId;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{AiAgents, Clock, Expected, Ids, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Registers an agent for an entity the caller may edit.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`, `Forbidden`; `MODEL_DELETED`; the limits of the fields, all at once;
/// `AGENT_NAME_TAKEN`; `Replayed` for a repetition.
pub async fn register(
    ports: &impl Ports,
    context: &Context,
    command: &RegisterAgent,
    render: impl Fn(&Saved<Agent>) -> StoredAnswer,
) -> Result<Saved<Agent>, UseCaseError> {
    answered_before(ports, context).await?;
    let entity = (command.feature_type, command.entity_id);
    let organization = command.organization_id;
    let organization = access::of_entity(ports, context, entity, organization, Act::Edit).await?;
    let agent_id = AgentId::from_uuid(ports.ids().new_id());
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let (agent, event) = ai_agent::register(command, agent_id, organization, by, now)?;
    let saved = Saved {
        value: agent,
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let events = vec![event.to_json()];
    let agents = ports.ai_agents();
    let written = agents.save(context, &saved.value, events, Expected::New, answer);
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
    use domain::organization::OrganizationRole;
    use domain::vocabulary::FeatureType;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{EventFilter, EventLog, PageRequest};
    use crate::testing::agents::{command, registered, scene};
    use crate::testing::{alice, bob, refusal, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        command: &RegisterAgent,
    ) -> Result<Saved<Agent>, UseCaseError> {
        world.run(register(world, context, command, rendered))
    }

    #[test]
    fn an_agent_is_stored_and_told_of() {
        let (world, model) = scene();
        let agent = registered(&world, &model, "Clerk");
        let read = world.run(super::super::read(&world, &alice(), agent.agent_id));
        assert_eq!(read.unwrap(), agent);
        let filter = EventFilter {
            event_type: Some("AIAgentConfigured".into()),
            ..EventFilter::default()
        };
        let (who, page) = (alice(), PageRequest::default());
        let found = world.event_log().list(&who, &filter, &page);
        assert_eq!(world.run(found).unwrap().items.len(), 1);
    }

    #[test]
    fn only_who_edits_the_model_registers() {
        let (world, model) = scene();
        let hidden = attempt(&world, &bob(), &command(&model, "Clerk")).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        let mut service = bob();
        service.actor.service = true;
        attempt(&world, &service, &command(&model, "Clerk")).unwrap();
    }

    #[test]
    fn an_enabled_name_is_taken() {
        let (world, model) = scene();
        registered(&world, &model, "Clerk");
        let again = attempt(&world, &alice(), &command(&model, " Clerk ")).unwrap_err();
        assert_eq!(refusal(again), Code::AgentNameTaken);
        let asleep = RegisterAgent {
            is_enabled: Some(false),
            ..command(&model, "Clerk")
        };
        attempt(&world, &alice(), &asleep).unwrap();
    }

    #[test]
    fn limits_are_refused_and_repetitions_answered() {
        let (world, model) = scene();
        let bad = attempt(&world, &alice(), &command(&model, " ")).unwrap_err();
        assert_eq!(refusal(bad), Code::AgentNameInvalid);
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &command(&model, "Clerk")).unwrap();
        let again = attempt(&world, &keyed, &command(&model, "Clerk")).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }

    #[test]
    fn agents_of_other_features_belong_to_their_maker_or_organization() {
        let (world, model) = scene();
        let acme = world.organization("Acme", &alice());
        let mut foreign = RegisterAgent {
            feature_type: FeatureType::EventStorm,
            organization_id: Some(acme),
            ..command(&model, "Storm")
        };
        let error = attempt(&world, &bob(), &foreign).unwrap_err();
        assert!(matches!(error, UseCaseError::Forbidden { .. }));
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
        let agent = attempt(&world, &bob(), &foreign).unwrap().value;
        world
            .run(super::super::read(&world, &alice(), agent.agent_id))
            .unwrap();
        foreign.organization_id = None;
        foreign.name = "Own".into();
        let own = attempt(&world, &bob(), &foreign).unwrap().value;
        let hidden = world.run(super::super::read(&world, &alice(), own.agent_id));
        assert_eq!(
            hidden.unwrap_err(),
            UseCaseError::NotFound(Code::AgentNotFound)
        );
    }
}
