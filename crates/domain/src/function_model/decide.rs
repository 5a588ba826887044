//! What a model answers to a command: events, or a refusal.
//!
//! Values are checked first, all of them at once; then the rules about the model's state, in the
//! order of the specification.

use super::commands::{ChangePermissions, Command, ReorderActions, UpdateFunctionModel};
use super::events::{ActionNodeExecutionOrderChanged, Event, FunctionModelUpdated};
use super::{FunctionModel, ModelChanges, ModelName, checks};
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, UserId};
use crate::instant::Instant;
use crate::limits;
use crate::patch::Patch;
use crate::sorted;
use crate::vocabulary::ModelStatus;

use super::{decide_action, decide_node, decide_publish, decide_structure, decide_version};

pub use super::create::{copy_structure, create, duplicate};

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) by: UserId,
    pub(crate) at: Instant,
}

/// Decides a command about a model.
///
/// Whether the caller may act at all has been decided before, with
/// [`super::Permissions::allows`].
///
/// # Errors
/// The refusals that the specification lists for each command.
pub fn decide(
    model: &FunctionModel,
    command: &Command,
    by: UserId,
    now: Instant,
) -> Result<Vec<Event>, DomainError> {
    let asked = Asked { by, at: now };
    match command {
        Command::Update(command) => update(model, command, asked),
        Command::ChangePermissions(command) => change_permissions(model, command, asked),
        Command::AddContainerNode(command) => decide_node::add(model, command, asked),
        Command::ChangeContainerNode(command) => decide_node::change(model, command, asked),
        Command::RemoveContainerNode(node_id) => decide_node::remove(model, *node_id, asked),
        Command::AddDependency(edge) => decide_node::add_dependency(model, *edge, asked),
        Command::RemoveDependency(edge) => decide_node::remove_dependency(model, *edge, asked),
        Command::AddActionNode(command) => decide_action::add(model, command, asked),
        Command::ChangeActionNode(command) => decide_action::change(model, command, asked),
        Command::RemoveActionNode(action_id) => decide_action::remove(model, *action_id, asked),
        Command::ReorderActions(command) => reorder(model, command, asked),
        Command::EditStructure(command) => decide_structure::edit(model, command, asked),
        Command::Publish(command) => decide_publish::publish(model, command, asked),
        Command::CreateVersion(command) => decide_version::create(model, command, asked),
        Command::RestoreVersion(content) => decide_version::restore(model, content, asked),
    }
}

pub(super) fn updated(model: &FunctionModel, changes: ModelChanges, asked: Asked) -> Vec<Event> {
    let event = FunctionModelUpdated {
        model_id: model.model_id,
        previous_values: changes.previous(model),
        changes,
        updated_by: asked.by,
        updated_at: asked.at,
    };
    vec![event.into()]
}

fn update(
    model: &FunctionModel,
    command: &UpdateFunctionModel,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    if *command == UpdateFunctionModel::default() {
        return Err(nothing_to_change());
    }
    let mut violations = Violations::new();
    let name = command.name.as_deref().map(ModelName::parse);
    let name = name.and_then(|name| violations.take("name", name));
    let description = checks::patched_text(&command.description, 5000, Code::DescriptionInvalid);
    let description = violations.take("description", description);
    let metadata = command.metadata.clone().map(checks::model_metadata);
    let metadata = metadata.and_then(|metadata| violations.take("metadata", metadata));
    if let Patch::Set(config) = &command.ai_agent_config {
        violations.take("aiAgentConfig", limits::document(config));
    }
    violations.finish()?;
    model.guard_change()?;
    let changes = ModelChanges {
        name,
        description: description.unwrap_or_default(),
        metadata,
        ai_agent_config: command.ai_agent_config.clone(),
        ..ModelChanges::default()
    };
    Ok(updated(model, changes, asked))
}

fn change_permissions(
    model: &FunctionModel,
    command: &ChangePermissions,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    command.permissions.check()?;
    model.guard_not_deleted()?;
    if model.status == ModelStatus::Archived {
        return Err(model.archived());
    }
    let hands_over = command.permissions.owner != model.permissions.owner;
    if hands_over && asked.by != model.permissions.owner && !command.by_org_admin {
        let message = "Only the owner or an admin of the organization hands a model over.";
        return Err(DomainError::new(Code::Forbidden, message).with("required", "owner"));
    }
    let changes = ModelChanges {
        permissions: Some(command.permissions.clone()),
        ..ModelChanges::default()
    };
    Ok(updated(model, changes, asked))
}

fn reorder(
    model: &FunctionModel,
    command: &ReorderActions,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    model.node(command.node_id)?;
    model.guard_change()?;
    let mut given: Vec<ActionId> = command.action_ids.clone();
    sorted::sort(&mut given);
    let actions = model.actions_of(command.node_id);
    let mut own: Vec<ActionId> = actions.iter().map(|action| action.action_id).collect();
    sorted::sort(&mut own);
    if given != own {
        let message = "The order must name every action of the container exactly once.";
        return Err(DomainError::new(Code::ActionOrderIncomplete, message));
    }
    let mut events = Vec::new();
    for (new_order, action_id) in (1..).zip(&command.action_ids) {
        let old_order = model.action(*action_id)?.execution_order;
        if old_order != new_order {
            let event = ActionNodeExecutionOrderChanged {
                model_id: model.model_id,
                action_id: *action_id,
                old_order,
                new_order,
                changed_by: asked.by,
                changed_at: asked.at,
            };
            events.push(event.into());
        }
    }
    if events.is_empty() {
        return Err(nothing_to_change());
    }
    Ok(events)
}

/// Whether a dependency could be added.
pub(crate) fn try_dependency(
    model: &FunctionModel,
    edge: super::commands::Dependency,
    asked: Asked,
) -> Result<(), DomainError> {
    decide_node::add_dependency(model, edge, asked).map(|_| ())
}

pub(super) fn nothing_to_change() -> DomainError {
    DomainError::new(
        Code::NothingToChange,
        "At least one changed field is needed.",
    )
}

/// Refuses a model that would hold more than it may.
pub(super) fn guard_size(nodes: usize, dependencies: usize) -> Result<(), DomainError> {
    if nodes <= limits::MODEL_NODES && dependencies <= limits::MODEL_DEPENDENCIES {
        return Ok(());
    }
    let message = format!(
        "A model holds at most {} containers and actions, and {} dependencies.",
        limits::MODEL_NODES,
        limits::MODEL_DEPENDENCIES
    );
    let limit = serde_json::json!({
        "nodes": limits::MODEL_NODES,
        "dependencies": limits::MODEL_DEPENDENCIES,
    });
    Err(DomainError::new(Code::ModelTooLarge, message).with("limit", limit))
}

#[cfg(test)]
mod tests;
