//! The decision about a bulk edit: many parts change together, all or none, and everything that
//! stands against it is told at once.
//!
//! Each part is judged against the model as it is going to be. Work is in proportion to what the
//! model holds and what the edit names.

use crate::sorted::{SortedMap, SortedSet};

use serde_json::Value;

use super::commands::{
    ActionNodePatch, AddActionNode, ChangeActionNode, ContainerNodePatch, Dependency, EditStructure,
};
use super::decide::{Asked, guard_size, nothing_to_change};
use super::decide_action::{self, ParsedPatch};
use super::decide_node::{self, modified, transition};
use super::events::{
    ActionNodeAdded, ActionNodeRemoved, ContainerNodeAdded, ContainerNodeRemoved, Event,
    NodeDependencyAdded, NodeDependencyRemoved,
};
use super::{ActionKind, ContainerChanges, ContainerKind, ContainerNode, FunctionModel, evolve};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{ActionId, ModelId, NodeId};
use crate::vocabulary::BoundaryType;
use crate::workflow::ordering::Graph;

/// What the lists of additions are called in the request, so that paths lead there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) containers: &'static str,
    pub(super) actions: &'static str,
    pub(super) dependencies: &'static str,
}

const OF_EDIT: Places = Places {
    containers: "containers.add",
    actions: "actions.add",
    dependencies: "dependencies.add",
};

/// Decides a bulk edit.
pub(super) fn edit(
    model: &FunctionModel,
    command: &EditStructure,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let nothing = EditStructure::default();
    let named = (&command.containers, &command.actions, &command.dependencies);
    if named == (&nothing.containers, &nothing.actions, &nothing.dependencies) {
        return Err(nothing_to_change());
    }
    decide(model, command, asked, OF_EDIT, Violations::new())
}

/// Decides a bulk edit whose lists are called `places`, on top of what was found before.
pub(super) fn decide(
    model: &FunctionModel,
    command: &EditStructure,
    asked: Asked,
    places: Places,
    violations: Violations,
) -> Result<Vec<Event>, DomainError> {
    let added = command.containers.add.len() + command.actions.add.len();
    guard_size(added, command.dependencies.add.len())?;
    let mut edit = Edit {
        model,
        command,
        asked,
        places,
        violations,
        kinds: SortedMap::new(),
        gone_nodes: SortedSet::new(),
        gone_actions: SortedSet::new(),
        cycles: Vec::new(),
        events: Vec::new(),
    };
    edit.identifiers();
    edit.remove();
    let containers = edit.containers();
    let actions = edit.actions();
    if edit.violations.is_empty() {
        model.guard_change()?;
    }
    edit.states(&containers, &actions);
    let edges = edit.dependencies();
    edit.size(edges);
    edit.cycles();
    edit.finish()
}

/// What a container is going to be, as far as others care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Stage,
    Boundary,
    /// A boundary that only takes input: it waits for nothing.
    Input,
}

impl Kind {
    fn of(kind: &ContainerKind) -> Self {
        match kind {
            ContainerKind::Stage(_) => Self::Stage,
            ContainerKind::Io(io) if io.boundary_type == BoundaryType::Input => Self::Input,
            ContainerKind::Io(_) => Self::Boundary,
        }
    }
}

struct Edit<'a> {
    model: &'a FunctionModel,
    command: &'a EditStructure,
    asked: Asked,
    places: Places,
    violations: Violations,
    /// Added and changed containers.
    kinds: SortedMap<NodeId, Kind>,
    gone_nodes: SortedSet<NodeId>,
    /// Removed actions, those of removed containers included.
    gone_actions: SortedSet<ActionId>,
    cycles: Vec<Value>,
    events: Vec<Event>,
}

/// Parsed additions and changes of containers; a part that is refused is none.
type Containers<'a> = (
    Vec<Option<ContainerNode>>,
    Vec<Option<(&'a ContainerNode, ContainerChanges)>>,
);
/// Parsed additions and changes of actions.
type Actions<'a> = (
    Vec<Option<super::ActionNode>>,
    Vec<Option<(&'a super::ActionNode, ParsedPatch)>>,
);

impl<'a> Edit<'a> {
    fn broken(&mut self, code: Code, field: String, rule: &str, value: impl Into<Value>) {
        let error = FieldError::new(field, rule).value(value);
        self.violations.add(code, error);
    }

    /// Takes a value, or notes why it is refused below `place`.
    fn take<T>(&mut self, place: &str, result: Result<T, DomainError>) -> Option<T> {
        self.violations.take(place, result)
    }

    /// Each identifier stands once among the containers, and once among the actions.
    fn identifiers(&mut self) {
        let command = self.command;
        let (containers, actions) = (&command.containers, &command.actions);
        let place = self.places.containers;
        let named = containers.add.iter().enumerate();
        let mut nodes: Vec<(String, uuid::Uuid)> = Vec::new();
        nodes.extend(
            named.filter_map(|(i, add)| Some((at(place, i, "nodeId"), add.node_id?.as_uuid()))),
        );
        let named = containers.change.iter().enumerate();
        nodes.extend(
            named.map(|(i, c)| (at("containers.change", i, "nodeId"), c.node_id.as_uuid())),
        );
        let named = containers.remove.iter().enumerate();
        nodes.extend(named.map(|(i, id)| (at("containers.remove", i, ""), id.as_uuid())));
        self.once(nodes);
        let place = self.places.actions;
        let named = actions.add.iter().enumerate();
        let mut ids: Vec<(String, uuid::Uuid)> = Vec::new();
        ids.extend(
            named.filter_map(|(i, add)| Some((at(place, i, "actionId"), add.action_id?.as_uuid()))),
        );
        let named = actions.change.iter().enumerate();
        ids.extend(
            named.map(|(i, c)| (at("actions.change", i, "actionId"), c.action_id.as_uuid())),
        );
        let named = actions.remove.iter().enumerate();
        ids.extend(named.map(|(i, id)| (at("actions.remove", i, ""), id.as_uuid())));
        self.once(ids);
    }

    fn once(&mut self, named: Vec<(String, uuid::Uuid)>) {
        let mut seen = SortedSet::new();
        for (field, id) in named {
            if !seen.insert(id) {
                self.broken(Code::PartNamedTwice, field, "unique", id.to_string());
            }
        }
    }

    /// What goes: dependencies, then actions, then containers nobody else waits for.
    fn remove(&mut self) {
        let (model, asked, model_id) = (self.model, self.asked, self.model.model_id);
        let gone: SortedSet<Dependency> =
            self.command.dependencies.remove.iter().copied().collect();
        for (i, edge) in self.command.dependencies.remove.iter().enumerate() {
            let node = model.nodes.get(&edge.node_id);
            let place = at("dependencies.remove", i, "");
            let Some(node) = node else {
                let field = at("dependencies.remove", i, "nodeId");
                self.broken(
                    Code::NodeNotFound,
                    field,
                    "exists",
                    edge.node_id.to_string(),
                );
                continue;
            };
            if !node.dependencies.contains(&edge.dependency_id) {
                let value = edge.dependency_id.to_string();
                self.broken(Code::DependencyNotFound, place, "exists", value);
                continue;
            }
            let event = NodeDependencyRemoved {
                model_id,
                node_id: edge.node_id,
                dependency_id: edge.dependency_id,
                changed_by: asked.by,
                changed_at: asked.at,
            };
            self.events.push(event.into());
        }
        for (i, action_id) in self.command.actions.remove.iter().enumerate() {
            let Some(action) = model.action_nodes.get(action_id) else {
                let field = at("actions.remove", i, "");
                self.broken(Code::ActionNotFound, field, "exists", action_id.to_string());
                continue;
            };
            self.gone_actions.insert(*action_id);
            let event = ActionNodeRemoved {
                model_id,
                action_id: *action_id,
                parent_node_id: action.parent_node_id,
                action_type: action.action_type(),
                name: action.name.clone(),
                removed_by: asked.by,
                removed_at: asked.at,
            };
            self.events.push(event.into());
        }
        self.remove_containers(&gone);
    }

    fn remove_containers(&mut self, gone_edges: &SortedSet<Dependency>) {
        let (model, asked) = (self.model, self.asked);
        self.gone_nodes = self.command.containers.remove.iter().copied().collect();
        if self.gone_nodes.is_empty() {
            return;
        }
        let mut waiting: SortedMap<NodeId, Vec<String>> = SortedMap::new();
        let stays = model
            .nodes
            .values()
            .filter(|node| !self.gone_nodes.contains(&node.node_id));
        for node in stays {
            for dependency_id in &node.dependencies {
                let edge = Dependency {
                    node_id: node.node_id,
                    dependency_id: *dependency_id,
                };
                if self.gone_nodes.contains(dependency_id) && !gone_edges.contains(&edge) {
                    let dependents = waiting.entry(*dependency_id).or_default();
                    dependents.push(node.node_id.to_string());
                }
            }
        }
        let by_container = model.actions_by_container();
        for (i, node_id) in self.command.containers.remove.iter().enumerate() {
            let field = at("containers.remove", i, "");
            let Some(node) = model.nodes.get(node_id) else {
                self.broken(Code::NodeNotFound, field, "exists", node_id.to_string());
                continue;
            };
            if let Some(dependents) = waiting.remove(node_id) {
                let error = FieldError::new(field, "dependents").limit(dependents);
                self.violations.add(Code::NodeHasDependents, error);
            }
            let actions = by_container.get(node_id).into_iter().flatten();
            let left = actions.map(|action| action.action_id);
            let left: Vec<ActionId> = left.filter(|id| !self.gone_actions.contains(id)).collect();
            self.gone_actions.extend(&left);
            let event = ContainerNodeRemoved {
                model_id: model.model_id,
                node_id: *node_id,
                node_type: node.node_type(),
                name: node.name.clone(),
                cascaded_actions: left,
                removed_by: asked.by,
                removed_at: asked.at,
            };
            self.events.push(event.into());
        }
    }

    /// Reads added and changed containers. Added ones count as created one millisecond after
    /// another, the last of them now, so that their order says which comes first.
    fn containers(&mut self) -> Containers<'a> {
        let list = &self.command.containers;
        let mut added = Vec::with_capacity(list.add.len());
        for (i, add) in list.add.iter().enumerate() {
            let ahead = i64::try_from(list.add.len() - 1 - i).unwrap_or(0);
            let asked = Asked {
                at: self.asked.at.plus_millis(-ahead),
                ..self.asked
            };
            let place = at(self.places.containers, i, "");
            added.push(self.take(&place, decide_node::parse(add, asked)));
        }
        let mut changed = Vec::with_capacity(list.change.len());
        for (i, change) in list.change.iter().enumerate() {
            let node = self.model.nodes.get(&change.node_id);
            let Some(node) = node.filter(|node| !self.gone_nodes.contains(&node.node_id)) else {
                let field = at("containers.change", i, "nodeId");
                self.broken(
                    Code::NodeNotFound,
                    field,
                    "exists",
                    change.node_id.to_string(),
                );
                changed.push(None);
                continue;
            };
            let place = at("containers.change", i, "changes");
            let parsed = match change.changes == ContainerNodePatch::default() {
                true => Err(nothing_to_change()),
                false => decide_node::parse_changes(node, &change.changes),
            };
            changed.push(self.take(&place, parsed).map(|changes| (node, changes)));
        }
        (added, changed)
    }

    /// Reads added and changed actions.
    fn actions(&mut self) -> Actions<'a> {
        let list = &self.command.actions;
        let mut added = Vec::with_capacity(list.add.len());
        for (i, add) in list.add.iter().enumerate() {
            let place = at(self.places.actions, i, "");
            added.push(self.take(&place, decide_action::parse(add, self.asked)));
        }
        let mut changed = Vec::with_capacity(list.change.len());
        for (i, change) in list.change.iter().enumerate() {
            let action = self.model.action_nodes.get(&change.action_id);
            let Some(action) = action.filter(|a| !self.gone_actions.contains(&a.action_id)) else {
                let field = at("actions.change", i, "actionId");
                self.broken(
                    Code::ActionNotFound,
                    field,
                    "exists",
                    change.action_id.to_string(),
                );
                changed.push(None);
                continue;
            };
            let place = at("actions.change", i, "changes");
            let parsed = match change.changes == ActionNodePatch::default() {
                true => Err(nothing_to_change()),
                false => ParsedPatch::parse(action, &change.changes),
            };
            changed.push(self.take(&place, parsed).map(|patch| (action, patch)));
        }
        (added, changed)
    }

    /// The rules about the model's state, and the events of everything that keeps them.
    fn states(&mut self, containers: &Containers<'a>, actions: &Actions<'a>) {
        self.container_states(containers);
        self.action_states(actions);
    }
}

/// The path of an item of a list, or of a field of it.
fn at(list: &str, index: usize, field: &str) -> String {
    match field {
        "" => format!("{list}[{index}]"),
        _ => format!("{list}[{index}].{field}"),
    }
}

mod states;

#[cfg(test)]
mod tests;
