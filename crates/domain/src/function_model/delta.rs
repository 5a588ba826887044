//! Which rows a list of events touched, so that a save writes those and no others.

use crate::sorted::{SortedMap, SortedSet};

use serde_json::Value;

use super::events::FunctionModelUpdated;
use super::{Event, FunctionModel};
use crate::function_model::commands::Dependency;
use crate::ids::{ActionId, NodeId};
use crate::json;
use crate::limits::JsonObject;

/// The rows that events touched. What was put and then removed counts as removed, and what was
/// removed and then put again as put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Columns of the model, by their names on the wire.
    pub columns: SortedSet<&'static str>,
    /// Containers to write.
    pub containers_put: SortedSet<NodeId>,
    /// Containers to remove.
    pub containers_removed: SortedSet<NodeId>,
    /// Actions to write.
    pub actions_put: SortedSet<ActionId>,
    /// Actions to remove.
    pub actions_removed: SortedSet<ActionId>,
    /// Dependencies to add, in the order they were added.
    pub dependencies_added: Vec<Dependency>,
    /// Dependencies to remove.
    pub dependencies_removed: SortedSet<Dependency>,
}

const ALL_COLUMNS: [&str; 14] = [
    "name",
    "description",
    "version",
    "currentVersion",
    "versionCount",
    "status",
    "aiAgentConfig",
    "metadata",
    "permissions",
    "userId",
    "organizationId",
    "createdAt",
    "updatedAt",
    "lastSavedAt",
];

/// The columns of the mark of deletion.
const DELETION_COLUMNS: [&str; 3] = ["deletedAt", "deletedBy", "retainUntil"];

impl Delta {
    /// The rows that these events touched, in order.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut delta = Self::default();
        for event in events {
            delta.add(event);
        }
        delta
    }

    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The touched columns with their present values; `null` clears one.
    pub fn changed_columns(&self, model: &FunctionModel) -> JsonObject {
        self.columns
            .iter()
            .map(|name| ((*name).to_owned(), column(model, name)))
            .collect()
    }

    fn columns(&mut self, names: &[&'static str]) {
        self.columns.extend(names);
    }

    fn add(&mut self, event: &Event) {
        if !matches!(event, Event::WorkflowValidationCompleted(_)) {
            self.columns(&["updatedAt", "lastSavedAt"]);
        }
        match event {
            Event::FunctionModelCreated(event) => {
                self.columns(&ALL_COLUMNS);
                for node in &event.nodes {
                    self.put_container(node.node_id);
                    let edges = node.dependencies.iter();
                    self.dependencies_added.extend(edges.map(|id| Dependency {
                        node_id: node.node_id,
                        dependency_id: *id,
                    }));
                }
                for action in &event.action_nodes {
                    self.put_action(action.action_id);
                }
            }
            Event::FunctionModelUpdated(event) => {
                let changes = json::to_value(&event.changes);
                let changed = |name: &&str| changes.get(*name).is_some();
                let names = ALL_COLUMNS.iter().copied().filter(|name| changed(name));
                self.columns.extend(names);
                if event.changes.permissions.is_some() {
                    self.columns(&["userId"]);
                }
                self.take_up(event);
            }
            Event::FunctionModelArchived(_) => self.columns(&["status"]),
            Event::FunctionModelSoftDeleted(_) => self.columns(&DELETION_COLUMNS),
            Event::FunctionModelRestored(event) => {
                self.columns(&DELETION_COLUMNS);
                if event.new_name.is_some() {
                    self.columns(&["name"]);
                }
            }
            Event::FunctionModelPublished(_) => {
                self.columns(&["status", "version", "currentVersion"]);
            }
            Event::FunctionModelVersionCreated(_) => {
                self.columns(&["version", "currentVersion", "versionCount"]);
            }
            Event::ContainerNodeAdded(event) => {
                self.put_container(event.node.node_id);
                for id in &event.node.dependencies {
                    self.join(event.node.node_id, *id);
                }
            }
            Event::ContainerNodeModified(event) => self.put_container(event.node_id),
            Event::ContainerNodeRemoved(event) => self.remove_container(event.node_id, event),
            Event::NodeDependencyAdded(event) => {
                self.put_container(event.node_id);
                self.join(event.node_id, event.dependency_id);
            }
            Event::NodeDependencyRemoved(event) => {
                self.put_container(event.node_id);
                self.part(event.node_id, event.dependency_id);
            }
            Event::ActionNodeRemoved(event) => self.remove_action(event.action_id),
            Event::ActionNodeAdded(event) => self.put_action(event.action.action_id),
            Event::ActionNodeModified(event) => self.put_action(event.action_id),
            Event::ActionNodeExecutionOrderChanged(event) => self.put_action(event.action_id),
            Event::ActionNodeExecutionModeChanged(event) => self.put_action(event.action_id),
            Event::ActionNodePriorityChanged(event) => self.put_action(event.action_id),
            Event::ActionNodeRetryPolicyUpdated(event) => self.put_action(event.action_id),
            Event::ActionNodeStatusChanged(event) => self.put_action(event.action_id),
            Event::WorkflowValidationCompleted(_) => {}
        }
    }

    /// The content of a snapshot was taken up. Where dependencies differ they are written anew, so
    /// that their order is kept.
    fn take_up(&mut self, event: &FunctionModelUpdated) {
        let former = event.previous_values.nodes.iter();
        let former: SortedMap<NodeId, &[NodeId]> = former
            .map(|node| (node.node_id, node.dependencies.as_slice()))
            .collect();
        for id in &event.changes.removed_nodes {
            self.drop_container(*id);
        }
        for node in &event.changes.nodes {
            self.put_container(node.node_id);
            let before = former.get(&node.node_id).copied().unwrap_or_default();
            if before != node.dependencies {
                before.iter().for_each(|id| self.part(node.node_id, *id));
                let after = node.dependencies.iter();
                after.for_each(|id| self.join(node.node_id, *id));
            }
        }
        for id in &event.changes.removed_action_nodes {
            self.remove_action(*id);
        }
        for action in &event.changes.action_nodes {
            self.put_action(action.action_id);
        }
    }

    fn put_container(&mut self, id: NodeId) {
        self.containers_removed.remove(&id);
        self.containers_put.insert(id);
    }

    fn remove_container(&mut self, id: NodeId, event: &super::events::ContainerNodeRemoved) {
        self.drop_container(id);
        for action_id in &event.cascaded_actions {
            self.remove_action(*action_id);
        }
    }

    fn drop_container(&mut self, id: NodeId) {
        self.containers_put.remove(&id);
        self.containers_removed.insert(id);
        self.dependencies_added.retain(|edge| edge.node_id != id);
    }

    fn put_action(&mut self, id: ActionId) {
        self.actions_removed.remove(&id);
        self.actions_put.insert(id);
    }

    fn remove_action(&mut self, id: ActionId) {
        self.actions_put.remove(&id);
        self.actions_removed.insert(id);
    }

    fn join(&mut self, node_id: NodeId, dependency_id: NodeId) {
        let edge = Dependency {
            node_id,
            dependency_id,
        };
        self.dependencies_added.push(edge);
    }

    /// An edge that was added before is only dropped; one that was there already is removed, too.
    fn part(&mut self, node_id: NodeId, dependency_id: NodeId) {
        let edge = Dependency {
            node_id,
            dependency_id,
        };
        self.dependencies_added.retain(|added| *added != edge);
        self.dependencies_removed.insert(edge);
    }
}

fn column(model: &FunctionModel, name: &str) -> Value {
    let mark = model.deletion.as_ref();
    match name {
        "name" => json::to_value(&model.name),
        "description" => json::to_value(&model.description),
        "version" => json::to_value(&model.version),
        "currentVersion" => json::to_value(&model.current_version),
        "versionCount" => json::to_value(&model.version_count),
        "status" => json::to_value(&model.status),
        "aiAgentConfig" => json::to_value(&model.ai_agent_config),
        "metadata" => json::to_value(&model.metadata),
        "permissions" => json::to_value(&model.permissions),
        "userId" => json::to_value(&model.user_id),
        "organizationId" => json::to_value(&model.organization_id),
        "createdAt" => json::to_value(&model.created_at),
        "updatedAt" => json::to_value(&model.updated_at),
        "deletedAt" => json::to_value(&mark.map(|mark| mark.deleted_at)),
        "deletedBy" => json::to_value(&mark.map(|mark| &mark.deleted_by)),
        "retainUntil" => json::to_value(&mark.and_then(|mark| mark.retain_until)),
        _ => json::to_value(&model.last_saved_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::{FunctionModel, ModelChanges, events};
    use crate::workflow::tests::{Sketch, action_id, boundary, node_id, owner, stage};

    fn model() -> FunctionModel {
        Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a"]))
            .model
    }

    fn added(name: &str) -> Event {
        let model = model();
        let node = model.nodes[&node_id(name)].clone();
        let (added_by, added_at) = (owner(), model.created_at);
        let model_id = model.model_id;
        events::ContainerNodeAdded {
            model_id,
            node,
            added_by,
            added_at,
        }
        .into()
    }

    fn removed(name: &str) -> Event {
        let model = model();
        let node = &model.nodes[&node_id(name)];
        events::ContainerNodeRemoved {
            model_id: model.model_id,
            node_id: node.node_id,
            node_type: node.node_type(),
            name: node.name.clone(),
            cascaded_actions: vec![action_id("a")],
            removed_by: owner(),
            removed_at: model.created_at,
        }
        .into()
    }

    fn updated(changes: ModelChanges) -> Event {
        let model = model();
        events::FunctionModelUpdated {
            model_id: model.model_id,
            previous_values: changes.previous(&model),
            changes,
            updated_by: owner(),
            updated_at: model.created_at,
        }
        .into()
    }

    #[test]
    fn only_touched_columns_are_written_and_cleared_ones_are_null() {
        let changes = ModelChanges {
            description: crate::patch::Patch::Clear,
            ..ModelChanges::default()
        };
        let delta = Delta::of(&[updated(changes)]);
        let columns = delta.changed_columns(&model());
        let names: Vec<&String> = columns.keys().collect();
        assert_eq!(names, ["description", "lastSavedAt", "updatedAt"]);
        assert_eq!(columns["description"], Value::Null);
        let model = model();
        let changes = ModelChanges {
            permissions: Some(model.permissions.clone()),
            ..ModelChanges::default()
        };
        let delta = Delta::of(&[updated(changes)]);
        assert_eq!(
            delta.changed_columns(&model)["userId"],
            model.user_id.to_string()
        );
        assert!(Delta::of(&[]).is_empty());
    }

    #[test]
    fn a_creation_writes_every_column() {
        let model = model();
        let created: Event = events::FunctionModelCreated {
            model_id: model.model_id,
            name: model.name.clone(),
            description: None,
            version: model.version.clone(),
            permissions: model.permissions.clone(),
            organization_id: None,
            metadata: JsonObject::new(),
            ai_agent_config: None,
            template_id: None,
            duplicated_from: None,
            version_id: None,
            nodes: model.nodes.values().cloned().collect(),
            action_nodes: model.action_nodes.values().cloned().collect(),
            created_by: owner(),
            created_at: model.created_at,
        }
        .into();
        let delta = Delta::of(&[created]);
        let columns = delta.changed_columns(&model);
        let json = serde_json::to_value(&model).unwrap();
        for name in ALL_COLUMNS {
            let expected = json.get(name).unwrap_or(&Value::Null);
            assert_eq!(&columns[name], expected, "{name}");
        }
        assert_eq!(
            (delta.containers_put.len(), delta.actions_put.len()),
            (2, 1)
        );
        assert_eq!(delta.dependencies_added.len(), 1);
    }

    #[test]
    fn the_last_of_several_changes_counts() {
        let delta = Delta::of(&[added("Work"), removed("Work")]);
        assert!(delta.containers_put.is_empty() && delta.dependencies_added.is_empty());
        assert!(delta.containers_removed.contains(&node_id("Work")));
        assert!(delta.actions_removed.contains(&action_id("a")));
        let delta = Delta::of(&[removed("Work"), added("Work")]);
        assert!(delta.containers_removed.is_empty());
        assert!(delta.containers_put.contains(&node_id("Work")));
        assert_eq!(delta.dependencies_added.len(), 1);
    }
}
