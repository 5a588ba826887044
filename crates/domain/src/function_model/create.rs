//! Bringing a model into being, empty or with the structure of another.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::commands::CreateFunctionModel;
use super::events::FunctionModelCreated;
use super::{ActionNode, ContainerNode, FunctionModel, ModelName, Permissions, Version, checks};
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, ModelId, NodeId, UserId};
use crate::instant::Instant;

/// Containers and actions that a new model starts with.
pub type Structure = (Vec<ContainerNode>, Vec<ActionNode>);

/// Creates a model: a draft at 1.0.0 that belongs to the caller.
///
/// `structure` is what [`copy_structure`] made of the template, when the command names one.
///
/// # Errors
/// `MODEL_NAME_INVALID`, `DESCRIPTION_INVALID`, `METADATA_INVALID`, `DOCUMENT_TOO_LARGE` or
/// `PERMISSIONS_INVALID`, every field at once.
pub fn create(
    command: &CreateFunctionModel,
    model_id: ModelId,
    structure: Structure,
    by: UserId,
    now: Instant,
) -> Result<FunctionModelCreated, DomainError> {
    let mut violations = Violations::new();
    let name = violations.take("name", ModelName::parse(&command.name));
    let description = command.description.as_deref();
    let description = checks::optional_text(description, 5000, Code::DescriptionInvalid);
    let description = violations.take("description", description).flatten();
    let metadata = checks::model_metadata(command.metadata.clone().unwrap_or_default());
    let metadata = violations.take("metadata", metadata).unwrap_or_default();
    let lists = command.permissions.clone().unwrap_or_default();
    let permissions = Permissions::with_lists(by, lists);
    violations.take("permissions", permissions.check());
    violations.finish()?;
    let Some(name) = name else {
        return Err(DomainError::new(
            Code::ModelNameInvalid,
            "A name is needed.",
        ));
    };
    let (nodes, action_nodes) = structure;
    Ok(FunctionModelCreated {
        model_id,
        name,
        description,
        version: Version::INITIAL,
        permissions,
        organization_id: command.organization_id,
        metadata,
        ai_agent_config: None,
        template_id: command.template_id,
        duplicated_from: None,
        nodes,
        action_nodes,
        created_by: by,
        created_at: now,
    })
}

/// The containers, actions and dependencies of a model with new identifiers, as drafts.
///
/// References to other models stay as they are; dependencies on containers that do not exist are
/// left out. Identifiers are taken in the order in which the originals were created.
pub fn copy_structure(
    model: &FunctionModel,
    mut next_id: impl FnMut() -> Uuid,
    now: Instant,
) -> Structure {
    let mut sources: Vec<&ContainerNode> = model.nodes.values().collect();
    sources.sort_by_key(|node| (node.created_at, node.node_id));
    let ids: BTreeMap<NodeId, NodeId> = sources
        .iter()
        .map(|node| (node.node_id, NodeId::from_uuid(next_id())))
        .collect();
    let nodes = sources.into_iter().map(|node| {
        let dependencies = node.dependencies.iter();
        ContainerNode {
            node_id: ids[&node.node_id],
            dependencies: dependencies.filter_map(|id| ids.get(id).copied()).collect(),
            status: crate::vocabulary::NodeStatus::Draft,
            created_at: now,
            updated_at: now,
            ..node.clone()
        }
    });
    let nodes = nodes.collect();
    let mut actions: Vec<&ActionNode> = model.action_nodes.values().collect();
    actions.sort_by_key(|action| (action.created_at, action.action_id));
    let actions = actions.into_iter().filter_map(|action| {
        Some(ActionNode {
            action_id: ActionId::from_uuid(next_id()),
            parent_node_id: *ids.get(&action.parent_node_id)?,
            status: crate::vocabulary::ActionStatus::Draft,
            created_at: now,
            updated_at: now,
            ..action.clone()
        })
    });
    (nodes, actions.collect())
}
