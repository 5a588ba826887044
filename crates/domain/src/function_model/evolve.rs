//! What events do to a model.

use super::events::FunctionModelCreated;
use super::{Deletion, Event, FunctionModel};
use crate::instant::Instant;
use crate::vocabulary::ModelStatus;

/// The model that an event of creation describes.
pub fn create(event: &FunctionModelCreated) -> FunctionModel {
    let nodes = event.nodes.iter().map(|node| (node.node_id, node.clone()));
    let actions = event.action_nodes.iter();
    FunctionModel {
        model_id: event.model_id,
        name: event.name.clone(),
        description: event.description.clone(),
        version: event.version.clone(),
        current_version: event.version.clone(),
        version_count: 1,
        status: ModelStatus::Draft,
        nodes: nodes.collect(),
        action_nodes: actions
            .map(|action| (action.action_id, action.clone()))
            .collect(),
        ai_agent_config: event.ai_agent_config.clone(),
        metadata: event.metadata.clone(),
        user_id: event.permissions.owner,
        permissions: event.permissions.clone(),
        organization_id: event.organization_id,
        created_at: event.created_at,
        updated_at: event.created_at,
        last_saved_at: event.created_at,
        deletion: None,
        revision: 1,
    }
}

/// The model after an event. Events about things the model does not have change nothing, and the
/// revision is left to whoever saves.
#[must_use]
pub fn evolve(mut model: FunctionModel, event: &Event) -> FunctionModel {
    if let Some(at) = apply(&mut model, event) {
        model.updated_at = at;
        model.last_saved_at = at;
    }
    model
}

/// The model that a stream of events describes; nothing when it does not begin with a creation.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<FunctionModel> {
    let mut events = events.into_iter();
    let Some(Event::FunctionModelCreated(created)) = events.next() else {
        return None;
    };
    Some(events.fold(create(created), evolve))
}

/// Applies an event; answers when the model changed, if it did.
fn apply(model: &mut FunctionModel, event: &Event) -> Option<Instant> {
    match event {
        Event::FunctionModelCreated(event) => {
            *model = create(event);
            Some(event.created_at)
        }
        Event::FunctionModelUpdated(event) => {
            event.changes.apply(model);
            Some(event.updated_at)
        }
        Event::FunctionModelPublished(event) => {
            model.status = ModelStatus::Published;
            model.version = event.version.clone();
            model.current_version = event.version.clone();
            Some(event.published_at)
        }
        Event::FunctionModelVersionCreated(event) => {
            model.version = event.new_version.clone();
            model.version_count = model.version_count.saturating_add(1);
            if event.version_id.is_some() {
                model.current_version = event.new_version.clone();
            }
            Some(event.created_at)
        }
        Event::FunctionModelArchived(event) => {
            model.status = ModelStatus::Archived;
            Some(event.archived_at)
        }
        Event::FunctionModelSoftDeleted(event) => {
            model.deletion = Some(Deletion {
                deleted_at: event.deleted_at,
                deleted_by: event.deleted_by.to_string(),
                retain_until: Some(event.retain_until),
            });
            Some(event.deleted_at)
        }
        Event::FunctionModelRestored(event) => {
            model.deletion = None;
            if let Some(name) = &event.new_name {
                model.name = name.clone();
            }
            Some(event.restored_at)
        }
        Event::WorkflowValidationCompleted(_) => None,
        _ => apply_to_container(model, event).or_else(|| apply_to_action(model, event)),
    }
}

fn apply_to_container(model: &mut FunctionModel, event: &Event) -> Option<Instant> {
    match event {
        Event::ContainerNodeAdded(event) => {
            model.nodes.insert(event.node.node_id, event.node.clone());
            Some(event.added_at)
        }
        Event::ContainerNodeModified(event) => {
            let node = model.nodes.get_mut(&event.node_id)?;
            event.changes.apply(node);
            node.updated_at = event.modified_at;
            Some(event.modified_at)
        }
        Event::ContainerNodeRemoved(event) => {
            model.nodes.remove(&event.node_id)?;
            for action_id in &event.cascaded_actions {
                model.action_nodes.remove(action_id);
            }
            Some(event.removed_at)
        }
        Event::NodeDependencyAdded(event) => {
            let node = model.nodes.get_mut(&event.node_id)?;
            if !node.dependencies.contains(&event.dependency_id) {
                node.dependencies.push(event.dependency_id);
            }
            node.updated_at = event.changed_at;
            Some(event.changed_at)
        }
        Event::NodeDependencyRemoved(event) => {
            let node = model.nodes.get_mut(&event.node_id)?;
            node.dependencies.retain(|id| *id != event.dependency_id);
            node.updated_at = event.changed_at;
            Some(event.changed_at)
        }
        _ => None,
    }
}

fn apply_to_action(model: &mut FunctionModel, event: &Event) -> Option<Instant> {
    let actions = &mut model.action_nodes;
    let (action, at) = match event {
        Event::ActionNodeAdded(event) => {
            actions.insert(event.action.action_id, event.action.clone());
            return Some(event.added_at);
        }
        Event::ActionNodeRemoved(event) => {
            actions.remove(&event.action_id)?;
            return Some(event.removed_at);
        }
        Event::ActionNodeModified(event) => {
            let action = actions.get_mut(&event.action_id)?;
            event.changes.apply(action);
            (action, event.modified_at)
        }
        Event::ActionNodeExecutionOrderChanged(event) => {
            let action = actions.get_mut(&event.action_id)?;
            action.execution_order = event.new_order;
            (action, event.changed_at)
        }
        Event::ActionNodeExecutionModeChanged(event) => {
            let action = actions.get_mut(&event.action_id)?;
            action.execution_mode = event.new_mode;
            (action, event.changed_at)
        }
        Event::ActionNodePriorityChanged(event) => {
            let action = actions.get_mut(&event.action_id)?;
            action.priority = event.new_priority;
            (action, event.changed_at)
        }
        Event::ActionNodeRetryPolicyUpdated(event) => {
            let action = actions.get_mut(&event.action_id)?;
            action.retry_policy = event.retry_policy;
            (action, event.updated_at)
        }
        Event::ActionNodeStatusChanged(event) => {
            let action = actions.get_mut(&event.action_id)?;
            action.status = event.current_status;
            (action, event.changed_at)
        }
        _ => return None,
    };
    action.updated_at = at;
    Some(at)
}
