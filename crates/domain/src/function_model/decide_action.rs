//! Decisions about actions.

use super::changes::ActionData;
use super::commands::{ActionNodePatch, AddActionNode, ChangeActionNode};
use super::decide::{Asked, guard_size, nothing_to_change};
use super::decide_node::transition;
use super::events::{
    ActionNodeAdded, ActionNodeExecutionModeChanged, ActionNodeExecutionOrderChanged,
    ActionNodeModified, ActionNodePriorityChanged, ActionNodeRemoved, ActionNodeRetryPolicyUpdated,
    ActionNodeStatusChanged, Event,
};
use super::{
    ActionChanges, ActionKind, ActionNode, FunctionModel, Raci, RawRetryPolicy, RetryPolicy, checks,
};
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, NodeId};
use crate::limits;
use crate::patch::Patch;
use crate::vocabulary::{ActionStatus, ExecutionMode};
use crate::workflow::nesting::NestedModels;

pub(super) fn add(
    model: &FunctionModel,
    command: &AddActionNode,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let mut action = parse(command, asked)?;
    model.guard_change()?;
    let parent = model.node(command.parent_node_id)?;
    if parent.as_stage().is_none() {
        let message = "Actions belong to stages.";
        return Err(DomainError::new(Code::ParentNotAStage, message));
    }
    if model.action_nodes.contains_key(&action.action_id) {
        let message = "The model has an action of this identifier already.";
        let refusal = DomainError::new(Code::ActionAlreadyExists, message);
        return Err(refusal.with("actionId", action.action_id.to_string()));
    }
    let neighbours = model.actions_of(command.parent_node_id);
    if command.execution_order.is_none() {
        let highest = neighbours.iter().map(|other| other.execution_order).max();
        action.execution_order = highest.unwrap_or(0).saturating_add(1);
    }
    guard_order(&neighbours, action.action_id, action.execution_order)?;
    let nodes = model.nodes.len() + model.action_nodes.len() + command.besides + 1;
    guard_size(nodes, model.dependency_count())?;
    guard_nesting(model, &action.kind, &command.nested)?;
    let event = ActionNodeAdded {
        model_id: model.model_id,
        action,
        added_by: asked.by,
        added_at: asked.at,
    };
    Ok(vec![event.into()])
}

pub(super) fn parse(command: &AddActionNode, asked: Asked) -> Result<ActionNode, DomainError> {
    let mut violations = Violations::new();
    let action_id = command
        .action_id
        .ok_or_else(|| DomainError::new(Code::IdInvalid, "The action has no identifier."));
    let action_id = violations.take("actionId", action_id);
    let name = limits::text(&command.name, 1, 200, Code::ActionNameInvalid);
    let name = violations.take("name", name);
    let description = command.description.as_deref();
    let description = checks::optional_text(description, 1000, Code::DescriptionInvalid);
    let description = violations.take("description", description).flatten();
    let order = violations.take(
        "executionOrder",
        order(command.execution_order.unwrap_or(1)),
    );
    let priority = violations.take("priority", priority(command.priority.unwrap_or(5)));
    let estimate = command.estimated_duration_minutes.map(checks::estimate);
    let estimate =
        estimate.and_then(|estimate| violations.take("estimatedDurationMinutes", estimate));
    let policy = command.retry_policy.as_ref().map(RetryPolicy::parse);
    let retry_policy = policy.and_then(|policy| violations.take("retryPolicy", policy));
    let raci = command
        .raci
        .clone()
        .map_or_else(|| Ok(Raci::empty()), Raci::parse);
    let raci = violations.take("raci", raci);
    let data = command.action_specific_data.clone();
    let kind = ActionKind::parse(command.action_type, data);
    let kind = violations.take("actionSpecificData", kind);
    let metadata = checks::action_metadata(command.metadata.clone().unwrap_or_default());
    let metadata = violations.take("metadata", metadata);
    violations.finish()?;
    let parts = action_id.zip(name).zip(order).zip(priority).zip(raci);
    let Some((((((action_id, name), order), priority), raci), (kind, metadata))) =
        parts.zip(kind.zip(metadata))
    else {
        return Err(DomainError::new(
            Code::InvalidRequest,
            "The action is incomplete.",
        ));
    };
    Ok(ActionNode {
        action_id,
        parent_node_id: command.parent_node_id,
        kind,
        name,
        description,
        execution_mode: command.execution_mode.unwrap_or(ExecutionMode::Sequential),
        execution_order: order,
        status: ActionStatus::Draft,
        priority,
        estimated_duration_minutes: estimate,
        retry_policy,
        raci,
        metadata,
        created_at: asked.at,
        updated_at: asked.at,
    })
}

fn order(given: i64) -> Result<u32, DomainError> {
    let max = i64::from(i32::MAX);
    let order = checks::ranged(given, 1, max, Code::ExecutionOrderInvalid)?;
    Ok(u32::try_from(order).unwrap_or(1))
}

fn priority(given: i64) -> Result<u8, DomainError> {
    let priority = checks::ranged(given, 1, 10, Code::PriorityInvalid)?;
    Ok(u8::try_from(priority).unwrap_or(5))
}

fn guard_order(neighbours: &[&ActionNode], own: ActionId, order: u32) -> Result<(), DomainError> {
    let taken = |other: &&&ActionNode| other.action_id != own && other.execution_order == order;
    match neighbours.iter().find(taken) {
        None => Ok(()),
        Some(other) => {
            let message = format!("The place {order} is taken in this container.");
            let refusal = DomainError::new(Code::ExecutionOrderTaken, message);
            Err(refusal.with("actionId", other.action_id.to_string()))
        }
    }
}

pub(super) fn guard_nesting(
    model: &FunctionModel,
    kind: &ActionKind,
    known: &NestedModels,
) -> Result<(), DomainError> {
    let ActionKind::Nested(nested) = kind else {
        return Ok(());
    };
    known.check(
        model.model_id,
        &[nested.nested_model_id],
        nested.max_depth(),
    )
}

pub(super) fn change(
    model: &FunctionModel,
    command: &ChangeActionNode,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let action = model.action(command.action_id)?;
    if command.changes == ActionNodePatch::default() {
        return Err(nothing_to_change());
    }
    let parsed = ParsedPatch::parse(action, &command.changes)?;
    model.guard_change()?;
    if let Some(order) = parsed.order {
        let neighbours = model.actions_of(action.parent_node_id);
        guard_order(&neighbours, action.action_id, order)?;
    }
    if let Some(status) = command.changes.status
        && !action.status.may_become(status)
    {
        return Err(transition(action.status.as_str(), status.as_str()));
    }
    if let Some(ActionData(kind)) = &parsed.changes.action_specific_data {
        guard_nesting(model, kind, &command.nested)?;
    }
    let events = parsed.events(model, action, &command.changes, asked);
    if events.is_empty() {
        return Err(nothing_to_change());
    }
    Ok(events)
}

/// A checked patch: the fields with an event of their own, and the others.
#[derive(Clone)]
pub(super) struct ParsedPatch {
    pub(super) changes: ActionChanges,
    pub(super) order: Option<u32>,
    priority: Option<u8>,
    retry_policy: Patch<RetryPolicy>,
}

impl ParsedPatch {
    pub(super) fn parse(action: &ActionNode, patch: &ActionNodePatch) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let name = patch.name.as_deref();
        let name = name.map(|name| limits::text(name, 1, 200, Code::ActionNameInvalid));
        let name = name.and_then(|name| violations.take("name", name));
        let description = checks::patched_text(&patch.description, 1000, Code::DescriptionInvalid);
        let description = violations.take("description", description);
        let order = patch.execution_order.map(order);
        let order = order.and_then(|order| violations.take("executionOrder", order));
        let priority = patch.priority.map(priority);
        let priority = priority.and_then(|priority| violations.take("priority", priority));
        let estimate = each(&patch.estimated_duration_minutes, |n| checks::estimate(*n));
        let estimate = violations.take("estimatedDurationMinutes", estimate);
        let policy = each(
            &patch.retry_policy,
            RetryPolicy::parse as fn(&RawRetryPolicy) -> _,
        );
        let policy = violations.take("retryPolicy", policy);
        let raci = patch.raci.clone().map(Raci::parse);
        let raci = raci.and_then(|raci| violations.take("raci", raci));
        let data = patch.action_specific_data.as_ref();
        let kind = data.map(|changes| action.kind.merged(changes));
        let kind = kind.and_then(|kind| violations.take("actionSpecificData", kind));
        let metadata = patch.metadata.clone().map(checks::action_metadata);
        let metadata = metadata.and_then(|metadata| violations.take("metadata", metadata));
        violations.finish()?;
        Ok(Self {
            changes: ActionChanges {
                name,
                description: description.unwrap_or_default(),
                estimated_duration_minutes: estimate.unwrap_or_default(),
                raci,
                action_specific_data: kind.map(ActionData),
                metadata,
            },
            order: order.filter(|order| *order != action.execution_order),
            priority: priority.filter(|priority| *priority != action.priority),
            retry_policy: policy.unwrap_or_default(),
        })
    }

    /// One event for each kind of change.
    pub(super) fn events(
        self,
        model: &FunctionModel,
        action: &ActionNode,
        patch: &ActionNodePatch,
        asked: Asked,
    ) -> Vec<Event> {
        let (model_id, action_id) = (model.model_id, action.action_id);
        let (changed_by, changed_at) = (asked.by, asked.at);
        let mut events: Vec<Event> = Vec::new();
        if !self.changes.is_empty() {
            let event = ActionNodeModified {
                model_id,
                action_id,
                previous_values: self.changes.previous(action),
                changes: self.changes,
                modified_by: asked.by,
                modified_at: asked.at,
            };
            events.push(event.into());
        }
        if let Some(new_order) = self.order {
            let event = ActionNodeExecutionOrderChanged {
                model_id,
                action_id,
                old_order: action.execution_order,
                new_order,
                changed_by,
                changed_at,
            };
            events.push(event.into());
        }
        if let Some(new_mode) = patch.execution_mode.filter(|m| *m != action.execution_mode) {
            let event = ActionNodeExecutionModeChanged {
                model_id,
                action_id,
                old_mode: action.execution_mode,
                new_mode,
                changed_by,
                changed_at,
            };
            events.push(event.into());
        }
        if let Some(new_priority) = self.priority {
            let event = ActionNodePriorityChanged {
                model_id,
                action_id,
                old_priority: action.priority,
                new_priority,
                changed_by,
                changed_at,
            };
            events.push(event.into());
        }
        if !self.retry_policy.is_keep() {
            let event = ActionNodeRetryPolicyUpdated {
                model_id,
                action_id,
                retry_policy: self.retry_policy.apply(None),
                previous_retry_policy: action.retry_policy,
                updated_by: asked.by,
                updated_at: asked.at,
            };
            events.push(event.into());
        }
        if let Some(status) = patch.status {
            events.push(status_changed(model, action, status, asked));
        }
        events
    }
}

pub(super) fn status_changed(
    model: &FunctionModel,
    action: &ActionNode,
    status: ActionStatus,
    asked: Asked,
) -> Event {
    ActionNodeStatusChanged {
        model_id: model.model_id,
        action_id: action.action_id,
        action_name: action.name.clone(),
        previous_status: action.status,
        current_status: status,
        changed_by: asked.by,
        changed_at: asked.at,
        reason: None,
    }
    .into()
}

/// Checks the value of a patch that sets one.
fn each<T, U>(
    patch: &Patch<T>,
    check: impl FnOnce(&T) -> Result<U, DomainError>,
) -> Result<Patch<U>, DomainError> {
    match patch {
        Patch::Keep => Ok(Patch::Keep),
        Patch::Clear => Ok(Patch::Clear),
        Patch::Set(value) => check(value).map(Patch::Set),
    }
}

pub(super) fn remove(
    model: &FunctionModel,
    action_id: ActionId,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let action = model.action(action_id)?;
    model.guard_change()?;
    Ok(vec![removed(model, action, asked)])
}

pub(super) fn removed(model: &FunctionModel, action: &ActionNode, asked: Asked) -> Event {
    let parent_node_id: NodeId = action.parent_node_id;
    ActionNodeRemoved {
        model_id: model.model_id,
        action_id: action.action_id,
        parent_node_id,
        action_type: action.action_type(),
        name: action.name.clone(),
        removed_by: asked.by,
        removed_at: asked.at,
    }
    .into()
}
