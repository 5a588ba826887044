//! Who may do what with an agent: what they may do with the entity it serves.

use domain::error::{Code, DomainError};
use domain::function_model::permissions::Act;
use domain::ids::{AgentId, EntityId, ModelId, OrganizationId};
use domain::vocabulary::FeatureType;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access as model;
use crate::ports::{AiAgents, Extent, FoundAgent, Organizations, PortError, PortErrorKind, Ports};

/// An agent the caller may see.
///
/// # Errors
/// `AGENT_NOT_FOUND` when it is missing or hidden.
pub(crate) async fn view(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
) -> Result<FoundAgent, UseCaseError> {
    let found = ports.ai_agents().find(&context.actor, agent_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::AgentNotFound))
}

/// An agent the caller may configure.
///
/// # Errors
/// `AGENT_NOT_FOUND`; `Forbidden` for those who may only look.
pub(crate) async fn edit(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
) -> Result<FoundAgent, UseCaseError> {
    let found = view(ports, context, agent_id).await?;
    if found.may_edit {
        return Ok(found);
    }
    Err(model::forbidden(Act::Edit))
}

/// An agent the caller may have work.
///
/// # Errors
/// `AGENT_NOT_FOUND`; `Forbidden` for those who may only look.
pub(crate) async fn execute(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
) -> Result<FoundAgent, UseCaseError> {
    let found = view(ports, context, agent_id).await?;
    if found.may_execute {
        return Ok(found);
    }
    Err(model::forbidden(Act::Execute))
}

/// Lets those pass who may do this with an entity, before there is an agent or a description of it;
/// answers the organization of what is attached to it.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`, `MODEL_DELETED`; `Forbidden` for those who may only look, and for an
/// organization that is not the caller's.
pub(crate) async fn of_entity(
    ports: &impl Ports,
    context: &Context,
    (feature, entity): (FeatureType, EntityId),
    organization_id: Option<OrganizationId>,
    act: Act,
) -> Result<Option<OrganizationId>, UseCaseError> {
    if feature == FeatureType::FunctionModel {
        let model_id = ModelId::from_uuid(entity.as_uuid());
        let found = model::load(ports, context, model_id, Extent::Header, act).await?;
        if found.model.deletion.is_some() && act != Act::View {
            let message = "The model is deleted.";
            return Err(DomainError::new(Code::ModelDeleted, message).into());
        }
        return Ok(found.model.organization_id);
    }
    let Some(id) = organization_id.filter(|_| !context.actor.service) else {
        return Ok(organization_id);
    };
    let organization = ports.organizations().find(context, id).await?;
    match organization.and_then(|organization| organization.role) {
        Some(_) => Ok(organization_id),
        None => Err(model::forbidden(act)),
    }
}

/// The failure of a write about an agent, in the words of agents.
pub(crate) fn failure(context: &Context, error: PortError) -> UseCaseError {
    let refused = |code, message: &str| DomainError::new(code, message).into();
    match error.kind {
        PortErrorKind::NameTaken => refused(
            Code::AgentNameTaken,
            "An enabled agent of the entity has this name.",
        ),
        _ => crate::writing::failure(context, error, Code::AgentNotFound),
    }
}
