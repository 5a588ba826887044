//! The decision to publish.

use super::commands::PublishFunctionModel;
use super::decide::Asked;
use super::decide_action::status_changed;
use super::decide_node::modified;
use super::events::{Event, FunctionModelPublished, FunctionModelVersionCreated};
use super::{ContainerChanges, FunctionModel, Version, checks};
use crate::business_rules::{self, Stage};
use crate::error::{Code, DomainError, Violations};
use crate::finding::{Finding, guide};
use crate::json;
use crate::vocabulary::{ActionStatus, ModelStatus, NodeStatus, VersionBump};
use crate::workflow::nesting::NestedModels;
use crate::workflow::{compile, structure};

/// Publishes a draft under a number: its drafts become active, and the snapshot that the use case
/// stores with these events is the one that runs.
pub(super) fn publish(
    model: &FunctionModel,
    command: &PublishFunctionModel,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    let mut violations = Violations::new();
    let notes = command.publish_notes.as_deref();
    let notes = checks::optional_text(notes, 2000, Code::NotesInvalid);
    let notes = violations.take("publishNotes", notes).flatten();
    let version = violations.take("version", Version::parse_plain(&command.version));
    violations.finish()?;
    let Some(version) = version else {
        return Err(DomainError::new(
            Code::VersionInvalid,
            "A version is needed.",
        ));
    };
    guard(model)?;
    let step = target(model, &version)?;
    let warnings = validate(model, &command.nested)?;
    let mut events = activations(model, asked);
    events.push(
        FunctionModelPublished {
            model_id: model.model_id,
            name: model.name.clone(),
            version: version.clone(),
            version_id: command.version_id,
            published_by: asked.by,
            published_at: asked.at,
            publish_notes: notes.clone(),
            previous_status: model.status,
            current_status: ModelStatus::Published,
            validation_warnings: warnings,
        }
        .into(),
    );
    if let Some(version_type) = step {
        let event = FunctionModelVersionCreated {
            model_id: model.model_id,
            version_id: command.version_id,
            name: model.name.clone(),
            previous_version: model.version.clone(),
            new_version: version,
            version_type,
            version_notes: notes,
            created_by: asked.by,
            created_at: asked.at,
        };
        events.push(event.into());
    }
    Ok(events)
}

fn guard(model: &FunctionModel) -> Result<(), DomainError> {
    let there = model.guard_not_deleted();
    there.map_err(|refusal| refusal.with("to", "published"))?;
    match model.status {
        ModelStatus::Draft => Ok(()),
        ModelStatus::Archived => Err(model.archived().with("to", "published")),
        ModelStatus::Published => Err(DomainError::new(
            Code::ModelAlreadyPublished,
            "The model is published already.",
        )
        .with("from", "published")
        .with("to", "published")),
    }
}

/// Which step leads to the number; none when it was issued already by reopening the model.
fn target(model: &FunctionModel, version: &Version) -> Result<Option<VersionBump>, DomainError> {
    let was_reopened = model.version != model.current_version;
    if was_reopened && *version == model.version {
        return Ok(None);
    }
    model.version.step_to(version).map(Some)
}

/// Looks at structure, business rules and whether the model compiles; answers the warnings.
pub(super) fn validate(
    model: &FunctionModel,
    nested: &NestedModels,
) -> Result<Vec<Finding>, DomainError> {
    let mut findings = structure::validate(model, nested);
    findings.extend(business_rules::validate(model, Stage::Publication, None));
    let blocking = findings.iter().filter(|f| f.blocks_publishing()).count();
    if blocking > 0 {
        guide(model, &mut findings);
        let findings = json::to_value(&findings);
        let message = format!("The workflow has {blocking} findings that forbid publishing.");
        return Err(DomainError::new(Code::WorkflowInvalid, message).with("findings", findings));
    }
    compile(model)?;
    Ok(findings)
}

/// Every draft and configured container and action becomes active.
fn activations(model: &FunctionModel, asked: Asked) -> Vec<Event> {
    let nodes = model.nodes.values();
    let nodes =
        nodes.filter(|node| matches!(node.status, NodeStatus::Draft | NodeStatus::Configured));
    let nodes = nodes.map(|node| {
        let changes = ContainerChanges {
            status: Some(NodeStatus::Active),
            ..ContainerChanges::default()
        };
        modified(model, node, changes, asked)
    });
    let actions = model.action_nodes.values();
    let actions = actions.filter(|action| {
        matches!(
            action.status,
            ActionStatus::Draft | ActionStatus::Configured
        )
    });
    let actions = actions.map(|action| status_changed(model, action, ActionStatus::Active, asked));
    nodes.chain(actions).collect()
}
