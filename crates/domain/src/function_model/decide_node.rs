//! Decisions about containers and the dependencies between them.

use super::changes::ContainerData;
use super::commands::{AddContainerNode, ChangeContainerNode, ContainerNodePatch, Dependency};
use super::decide::{Asked, guard_size, nothing_to_change};
use super::events::{
    ContainerNodeAdded, ContainerNodeModified, ContainerNodeRemoved, Event, NodeDependencyAdded,
    NodeDependencyRemoved,
};
use super::{ContainerChanges, ContainerKind, ContainerNode, FunctionModel, Position, checks};
use crate::error::{Code, DomainError, Violations};
use crate::ids::NodeId;
use crate::limits;
use crate::patch::Patch;
use crate::vocabulary::{ExecutionMode, NodeStatus};
use crate::workflow::ordering::{Graph, circular};

pub(super) fn add(
    model: &FunctionModel,
    command: &AddContainerNode,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let node = parse(command, asked)?;
    model.guard_change()?;
    if model.nodes.contains_key(&node.node_id) {
        let message = "The model has a container of this identifier already.";
        let refusal = DomainError::new(Code::NodeAlreadyExists, message);
        return Err(refusal.with("nodeId", node.node_id.to_string()));
    }
    let nodes = model.nodes.len() + model.action_nodes.len() + command.besides + 1;
    guard_size(nodes, model.dependency_count())?;
    let event = ContainerNodeAdded {
        model_id: model.model_id,
        node,
        added_by: asked.by,
        added_at: asked.at,
    };
    Ok(vec![event.into()])
}

pub(super) fn parse(
    command: &AddContainerNode,
    asked: Asked,
) -> Result<ContainerNode, DomainError> {
    let mut violations = Violations::new();
    let node_id = command
        .node_id
        .ok_or_else(|| DomainError::new(Code::IdInvalid, "The container has no identifier."));
    let node_id = violations.take("nodeId", node_id);
    let name = limits::text(&command.name, 1, 200, Code::NodeNameInvalid);
    let name = violations.take("name", name);
    let description = command.description.as_deref();
    let description = checks::optional_text(description, 1000, Code::DescriptionInvalid);
    let description = violations.take("description", description).flatten();
    let position = Position::on_canvas(command.position.x, command.position.y);
    let position = violations.take("position", position);
    let timeout = command.timeout_ms.map(checks::timeout_ms);
    let timeout_ms = timeout.and_then(|timeout| violations.take("timeoutMs", timeout));
    let metadata = checks::node_metadata(command.metadata.clone().unwrap_or_default());
    let metadata = violations.take("metadata", metadata);
    let visual = command.visual_properties.clone().unwrap_or_default();
    violations.take("visualProperties", limits::document(&visual));
    let data = command.type_specific_data.clone().unwrap_or_default();
    let kind = ContainerKind::parse(command.node_type, data);
    let kind = violations.take("typeSpecificData", kind);
    violations.finish()?;
    let parts = node_id.zip(name).zip(position).zip(kind).zip(metadata);
    let Some(((((node_id, name), position), kind), metadata)) = parts else {
        return Err(DomainError::new(
            Code::InvalidRequest,
            "The container is incomplete.",
        ));
    };
    Ok(ContainerNode {
        node_id,
        kind,
        name,
        description,
        position,
        dependencies: Vec::new(),
        execution_type: command.execution_type.unwrap_or(ExecutionMode::Sequential),
        status: NodeStatus::Draft,
        timeout_ms,
        metadata,
        visual_properties: visual,
        created_at: asked.at,
        updated_at: asked.at,
    })
}

pub(super) fn change(
    model: &FunctionModel,
    command: &ChangeContainerNode,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let node = model.node(command.node_id)?;
    if command.changes == ContainerNodePatch::default() {
        return Err(nothing_to_change());
    }
    let changes = parse_changes(node, &command.changes)?;
    model.guard_change()?;
    if let Some(status) = changes.status
        && !node.status.may_become(status)
    {
        return Err(transition(node.status.as_str(), status.as_str()));
    }
    Ok(vec![modified(model, node, changes, asked)])
}

pub(super) fn modified(
    model: &FunctionModel,
    node: &ContainerNode,
    changes: ContainerChanges,
    asked: Asked,
) -> Event {
    ContainerNodeModified {
        model_id: model.model_id,
        node_id: node.node_id,
        previous_values: changes.previous(node),
        changes,
        modified_by: asked.by,
        modified_at: asked.at,
    }
    .into()
}

pub(super) fn transition(from: &str, to: &str) -> DomainError {
    let message = format!("The status {from} cannot become {to}.");
    DomainError::new(Code::StatusTransitionInvalid, message)
        .with("from", from)
        .with("to", to)
}

pub(super) fn parse_changes(
    node: &ContainerNode,
    patch: &ContainerNodePatch,
) -> Result<ContainerChanges, DomainError> {
    let mut violations = Violations::new();
    let name = patch.name.as_deref();
    let name = name.map(|name| limits::text(name, 1, 200, Code::NodeNameInvalid));
    let name = name.and_then(|name| violations.take("name", name));
    let description = checks::patched_text(&patch.description, 1000, Code::DescriptionInvalid);
    let description = violations.take("description", description);
    let position = patch.position.map(|raw| Position::on_canvas(raw.x, raw.y));
    let position = position.and_then(|position| violations.take("position", position));
    let data = patch.type_specific_data.as_ref();
    let kind = data.map(|changes| node.kind.merged(changes));
    let kind = kind.and_then(|kind| violations.take("typeSpecificData", kind));
    let timeout_ms = match patch.timeout_ms {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(given) => violations
            .take("timeoutMs", checks::timeout_ms(given))
            .map_or(Patch::Keep, Patch::Set),
    };
    let metadata = patch.metadata.clone().map(checks::node_metadata);
    let metadata = metadata.and_then(|metadata| violations.take("metadata", metadata));
    if let Some(visual) = &patch.visual_properties {
        violations.take("visualProperties", limits::document(visual));
    }
    violations.finish()?;
    Ok(ContainerChanges {
        name,
        description: description.unwrap_or_default(),
        position,
        type_specific_data: kind.map(ContainerData),
        execution_type: patch.execution_type,
        timeout_ms,
        metadata,
        visual_properties: patch.visual_properties.clone(),
        status: patch.status,
    })
}

pub(super) fn remove(
    model: &FunctionModel,
    node_id: NodeId,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let node = model.node(node_id)?;
    model.guard_change()?;
    let waits =
        |other: &&ContainerNode| other.node_id != node_id && other.dependencies.contains(&node_id);
    let dependents: Vec<String> = model
        .nodes
        .values()
        .filter(waits)
        .map(|other| other.node_id.to_string())
        .collect();
    if !dependents.is_empty() {
        let message = "Another container depends on this one.";
        let refusal = DomainError::new(Code::NodeHasDependents, message);
        return Err(refusal.with("dependents", dependents));
    }
    let actions = model.actions_of(node_id);
    let event = ContainerNodeRemoved {
        model_id: model.model_id,
        node_id,
        node_type: node.node_type(),
        name: node.name.clone(),
        cascaded_actions: actions.iter().map(|action| action.action_id).collect(),
        removed_by: asked.by,
        removed_at: asked.at,
    };
    Ok(vec![event.into()])
}

pub(super) fn add_dependency(
    model: &FunctionModel,
    edge: Dependency,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let node = model.node(edge.node_id)?;
    model.node(edge.dependency_id)?;
    model.guard_change()?;
    if edge.node_id == edge.dependency_id {
        let message = "A container cannot depend on itself.";
        return Err(DomainError::new(Code::SelfDependency, message));
    }
    if node.dependencies.contains(&edge.dependency_id) {
        let message = "The container depends on this one already.";
        return Err(DomainError::new(Code::DependencyAlreadyExists, message));
    }
    if node.is_input_only() {
        let message = "An input boundary depends on nothing.";
        return Err(DomainError::new(Code::InputHasDependencies, message));
    }
    if let Some(cycle) = Graph::of(model).cycle_with(edge.node_id, edge.dependency_id) {
        return Err(circular(&cycle));
    }
    guard_size(model.nodes.len(), model.dependency_count() + 1)?;
    let event = NodeDependencyAdded {
        model_id: model.model_id,
        node_id: edge.node_id,
        dependency_id: edge.dependency_id,
        changed_by: asked.by,
        changed_at: asked.at,
    };
    Ok(vec![event.into()])
}

pub(super) fn remove_dependency(
    model: &FunctionModel,
    edge: Dependency,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let node = model.node(edge.node_id)?;
    if !node.dependencies.contains(&edge.dependency_id) {
        let message = "The container does not depend on this one.";
        return Err(DomainError::new(Code::DependencyNotFound, message));
    }
    model.guard_change()?;
    let event = NodeDependencyRemoved {
        model_id: model.model_id,
        node_id: edge.node_id,
        dependency_id: edge.dependency_id,
        changed_by: asked.by,
        changed_at: asked.at,
    };
    Ok(vec![event.into()])
}
