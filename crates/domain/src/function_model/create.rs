//! Bringing a model into being, empty or with the structure of another.

use crate::sorted::{self, SortedMap};

use uuid::Uuid;

use super::commands::{CreateFunctionModel, DuplicateFunctionModel};
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
        version_id: None,
        nodes,
        action_nodes,
        created_by: by,
        created_at: now,
    })
}

/// Copies a model, or the content of one of its snapshots: a draft at 1.0.0 that belongs to the
/// caller and carries none of the source's permissions. `structure` is the source's own, copied.
///
/// # Errors
/// `MODEL_DELETED`; `MODEL_NAME_INVALID`.
pub fn duplicate(
    command: &DuplicateFunctionModel,
    source: &FunctionModel,
    model_id: ModelId,
    structure: Structure,
    by: UserId,
    now: Instant,
) -> Result<FunctionModelCreated, DomainError> {
    let blank = CreateFunctionModel {
        name: command.name.clone(),
        organization_id: command.organization_id,
        ..CreateFunctionModel::default()
    };
    let created = create(&blank, model_id, structure, by, now)?;
    source.guard_not_deleted()?;
    Ok(FunctionModelCreated {
        description: source.description.clone(),
        metadata: source.metadata.clone(),
        ai_agent_config: source.ai_agent_config.clone(),
        duplicated_from: Some(source.model_id),
        ..created
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
    sorted::sort_by_key(&mut sources, |node| (node.created_at, node.node_id));
    let ids: SortedMap<NodeId, NodeId> = sources
        .iter()
        .map(|node| (node.node_id, NodeId::from_uuid(next_id())))
        .collect();
    // The order of creation stays: each comes a millisecond before the next.
    let count = i64::try_from(sources.len()).unwrap_or(i64::MAX);
    let nodes = (1..).zip(sources).map(|(place, node): (i64, _)| {
        let dependencies = node.dependencies.iter();
        ContainerNode {
            node_id: ids[&node.node_id],
            dependencies: dependencies.filter_map(|id| ids.get(id).copied()).collect(),
            status: crate::vocabulary::NodeStatus::Draft,
            created_at: now.plus_millis(place - count),
            updated_at: now,
            ..node.clone()
        }
    });
    let nodes = nodes.collect();
    let mut actions: Vec<&ActionNode> = model.action_nodes.values().collect();
    sorted::sort_by_key(&mut actions, |action| (action.created_at, action.action_id));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::{Deletion, evolve};
    use crate::vocabulary::ModelStatus;
    use crate::workflow::tests::{Sketch, object, owner, stage, uuid};
    use serde_json::json;

    fn copy(source: &FunctionModel, name: &str) -> Result<FunctionModelCreated, DomainError> {
        let command = DuplicateFunctionModel {
            name: name.into(),
            ..DuplicateFunctionModel::default()
        };
        let mut next = 1000;
        let ids = || {
            next += 1;
            uuid(next)
        };
        let now = Instant::from_millis(1_756_728_060_000);
        let structure = copy_structure(source, ids, now);
        let (id, by) = (ModelId::from_uuid(uuid(900)), UserId::from_uuid(uuid(9)));
        duplicate(&command, source, id, structure, by, now)
    }

    #[test]
    fn a_copy_has_the_content_and_none_of_the_rights() {
        let mut source = Sketch::new().with(stage("Work", &[]).actions(&["a"])).model;
        source.status = ModelStatus::Archived;
        source.metadata = object(json!({"tags": ["x"]}));
        source.description = Some("All of it".into());
        source.permissions.editors = vec![owner()];
        let created = copy(&source, "Copy").unwrap();
        assert_eq!(created.duplicated_from, Some(source.model_id));
        let model = evolve::create(&created);
        assert_eq!(
            (model.status, model.version),
            (ModelStatus::Draft, Version::INITIAL)
        );
        assert_eq!(model.metadata, source.metadata);
        assert_eq!(model.description, source.description);
        assert!(model.permissions.editors.is_empty());
        assert_ne!(model.user_id, source.user_id);
        assert_eq!((model.nodes.len(), model.action_nodes.len()), (1, 1));
        let of_new_stage = |a: &ActionNode| model.nodes.contains_key(&a.parent_node_id);
        assert!(model.action_nodes.values().all(of_new_stage));
    }

    #[test]
    fn names_are_checked_and_deleted_models_stay_alone() {
        let mut source = Sketch::new().model;
        assert_eq!(copy(&source, "x").unwrap_err().code, Code::ModelNameInvalid);
        source.deletion = Some(Deletion {
            deleted_at: source.created_at,
            deleted_by: "x".into(),
            retain_until: None,
        });
        assert_eq!(copy(&source, "Copy").unwrap_err().code, Code::ModelDeleted);
    }
}
