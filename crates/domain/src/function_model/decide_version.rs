//! The decisions about numbers and snapshots: checkpoints, reopening, taking up an old version.

use crate::sorted::SortedMap;

use super::commands::CreateModelVersion;
use super::comparison::{action_fields, container_fields};
use super::decide::{Asked, updated};
use super::decide_publish::validate;
use super::events::{Event, FunctionModelVersionCreated};
use super::{ActionNode, ContainerNode, FunctionModel, ModelChanges, Version, checks};
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, NodeId};
use crate::instant::Instant;
use crate::patch::Patch;
use crate::vocabulary::ModelStatus;

/// Issues a number: a draft gets a checkpoint, a published model is reopened under it.
pub(super) fn create(
    model: &FunctionModel,
    command: &CreateModelVersion,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    command.check_shape()?;
    let mut violations = Violations::new();
    let given = command.version.as_deref().map(Version::parse_plain);
    let given = given.and_then(|given| violations.take("version", given));
    let notes = command.version_notes.as_deref();
    let notes = checks::optional_text(notes, 2000, Code::NotesInvalid);
    let notes = violations.take("versionNotes", notes).flatten();
    violations.finish()?;
    model.guard_not_deleted()?;
    if model.status == ModelStatus::Archived {
        return Err(model.archived());
    }
    let bumped = command.bump.map(|bump| model.version.bumped(bump));
    let new_version = given.or(bumped).unwrap_or_else(|| model.version.clone());
    let version_type = model.version.step_to(&new_version)?;
    let reopens = model.status == ModelStatus::Published;
    if reopens {
        validate(model, &command.nested)?;
    }
    let created = FunctionModelVersionCreated {
        model_id: model.model_id,
        version_id: command.version_id.filter(|_| !reopens),
        name: model.name.clone(),
        previous_version: model.version.clone(),
        new_version,
        version_type,
        version_notes: notes,
        created_by: asked.by,
        created_at: asked.at,
    };
    let mut events = vec![created.into()];
    if reopens {
        let changes = ModelChanges {
            status: Some(ModelStatus::Draft),
            ..ModelChanges::default()
        };
        events.extend(updated(model, changes, asked));
    }
    Ok(events)
}

/// Gives the working copy the content of a snapshot; numbers and status stay. No events when the
/// content is the same already.
pub(super) fn restore(
    model: &FunctionModel,
    content: &FunctionModel,
    asked: Asked,
) -> Result<Vec<Event>, DomainError> {
    model.guard_change()?;
    let text = |differs: bool, value: &Option<String>| match differs {
        true => Patch::to(value.clone()),
        false => Patch::Keep,
    };
    let (nodes, removed_nodes) = nodes(&model.nodes, &content.nodes, asked.at);
    let (action_nodes, removed_action_nodes) =
        actions(&model.action_nodes, &content.action_nodes, asked.at);
    let renamed = content.name != model.name;
    let metadata = content.metadata != model.metadata;
    let changes = ModelChanges {
        name: renamed.then(|| content.name.clone()),
        description: text(
            content.description != model.description,
            &content.description,
        ),
        metadata: metadata.then(|| content.metadata.clone()),
        ai_agent_config: match content.ai_agent_config == model.ai_agent_config {
            true => Patch::Keep,
            false => Patch::to(content.ai_agent_config.clone()),
        },
        nodes,
        removed_nodes,
        action_nodes,
        removed_action_nodes,
        ..ModelChanges::default()
    };
    if changes == ModelChanges::default() {
        return Ok(Vec::new());
    }
    Ok(updated(model, changes, asked))
}

/// The containers to put and to remove so that `old` becomes `new`.
fn nodes(
    old: &SortedMap<NodeId, ContainerNode>,
    new: &SortedMap<NodeId, ContainerNode>,
    now: Instant,
) -> (Vec<ContainerNode>, Vec<NodeId>) {
    let put = new.values().filter(|node| {
        let former = old.get(&node.node_id);
        former.is_none_or(|former| !container_fields(former, node).is_empty())
    });
    let put = put.map(|node| {
        let former = old.get(&node.node_id);
        ContainerNode {
            created_at: former.map_or(now, |former| former.created_at),
            updated_at: now,
            ..node.clone()
        }
    });
    let gone = old.keys().filter(|id| !new.contains_key(*id));
    (put.collect(), gone.copied().collect())
}

/// The actions to put and to remove so that `old` becomes `new`.
fn actions(
    old: &SortedMap<ActionId, ActionNode>,
    new: &SortedMap<ActionId, ActionNode>,
    now: Instant,
) -> (Vec<ActionNode>, Vec<ActionId>) {
    let put = new.values().filter(|action| {
        let former = old.get(&action.action_id);
        former.is_none_or(|former| !action_fields(former, action).is_empty())
    });
    let put = put.map(|action| {
        let former = old.get(&action.action_id);
        ActionNode {
            created_at: former.map_or(now, |former| former.created_at),
            updated_at: now,
            ..action.clone()
        }
    });
    let gone = old.keys().filter(|id| !new.contains_key(*id));
    (put.collect(), gone.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::comparison::compare;
    use crate::function_model::{Deletion, Delta, evolve};
    use crate::ids::VersionId;
    use crate::vocabulary::VersionBump;
    use crate::workflow::tests::{
        Sketch, action_id, boundary, node_id, object, owner, stage, uuid,
    };
    use serde_json::json;

    fn asked() -> Asked {
        Asked {
            by: owner(),
            at: Instant::from_millis(1_756_728_060_000),
        }
    }

    fn sound() -> Sketch {
        Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a", "b"]))
            .with(boundary("Out", "output", &["Work"]))
    }

    fn bump(bump: VersionBump) -> CreateModelVersion {
        CreateModelVersion {
            bump: Some(bump),
            version_id: Some(VersionId::from_uuid(uuid(70))),
            ..CreateModelVersion::default()
        }
    }

    fn to(version: &str) -> CreateModelVersion {
        CreateModelVersion {
            version: Some(version.into()),
            ..CreateModelVersion::default()
        }
    }

    fn code(model: &FunctionModel, command: &CreateModelVersion) -> Code {
        create(model, command, asked()).unwrap_err().code
    }

    #[test]
    fn a_draft_gets_a_checkpoint() {
        let model = sound().model;
        let events = create(&model, &bump(VersionBump::Minor), asked()).unwrap();
        assert_eq!(events.len(), 1);
        let after = events.iter().fold(model, evolve);
        assert_eq!(after.version, Version::plain(1, 1, 0));
        assert_eq!(after.current_version, Version::plain(1, 1, 0));
        assert_eq!((after.status, after.version_count), (ModelStatus::Draft, 2));
    }

    #[test]
    fn a_published_model_is_reopened_without_a_snapshot() {
        let mut model = sound().model;
        model.status = ModelStatus::Published;
        let events = create(&model, &bump(VersionBump::Major), asked()).unwrap();
        let types: Vec<&str> = events.iter().map(Event::event_type).collect();
        let expected = ["FunctionModelVersionCreated", "FunctionModelUpdated"];
        assert_eq!(types, expected);
        let after = events.iter().fold(model, evolve);
        assert_eq!(after.version, Version::plain(2, 0, 0));
        assert_eq!(after.current_version, Version::INITIAL);
        assert_eq!((after.status, after.version_count), (ModelStatus::Draft, 2));
        let mut empty = Sketch::new().model;
        empty.status = ModelStatus::Published;
        let invalid = code(&empty, &bump(VersionBump::Minor));
        assert_eq!(invalid, Code::WorkflowInvalid);
    }

    #[test]
    fn numbers_and_states_are_judged() {
        let model = sound().model;
        assert_eq!(
            code(&model, &CreateModelVersion::default()),
            Code::InvalidRequest
        );
        assert_eq!(code(&model, &to("v1")), Code::VersionInvalid);
        assert_eq!(code(&model, &to("1.0.1-rc.1")), Code::VersionInvalid);
        assert_eq!(code(&model, &to("1.0.0")), Code::VersionNotGreater);
        assert_eq!(code(&model, &to("1.0.2")), Code::VersionIncrementInvalid);
        let mut wordy = to("x");
        wordy.version_notes = Some("n".repeat(2001));
        let refusal = create(&model, &wordy, asked()).unwrap_err();
        assert_eq!(refusal.errors.len(), 2);
        let mut archived = sound().model;
        archived.status = ModelStatus::Archived;
        assert_eq!(code(&archived, &to("1.0.1")), Code::ModelArchived);
        archived.deletion = Some(Deletion {
            deleted_at: asked().at,
            deleted_by: "x".into(),
            retain_until: None,
        });
        assert_eq!(code(&archived, &to("1.0.1")), Code::ModelDeleted);
        let mut last = sound().model;
        last.version = Version::plain(2_147_483_647, 0, 0);
        assert_eq!(
            code(&last, &bump(VersionBump::Major)),
            Code::VersionNotGreater
        );
    }

    #[test]
    fn an_old_version_is_taken_up_with_one_event_that_can_be_replayed() {
        let mut old = sound().model;
        old.metadata = object(json!({"tags": ["old"]}));
        let model = Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a", "c"]))
            .with(stage("More", &["Work"]))
            .node("Work", |node| node.name = "Labour".into())
            .model;
        let events = restore(&model, &old, asked()).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(
            Event::from_json(&events[0].to_json()).as_ref(),
            Ok(&events[0])
        );
        let after = events.iter().fold(model.clone(), evolve);
        assert!(compare(&after, &old).is_identical);
        assert_eq!(after.version, model.version);
        let delta = Delta::of(&events);
        assert!(delta.containers_put.contains(&node_id("Work")));
        assert!(delta.containers_removed.contains(&node_id("More")));
        assert!(!delta.containers_put.contains(&node_id("In")));
        assert!(delta.actions_removed.contains(&action_id("c")));
        assert!(delta.actions_put.contains(&action_id("b")));
        assert!(delta.columns.contains("metadata") && !delta.columns.contains("name"));
        let edges: Vec<_> = delta.dependencies_added.iter().map(|e| e.node_id).collect();
        assert_eq!(edges, [node_id("Out")]);
        let Event::FunctionModelUpdated(event) = &events[0] else {
            panic!("updated");
        };
        let mut back = after;
        event.previous_values.apply(&mut back);
        assert!(compare(&back, &model).is_identical);
    }

    #[test]
    fn changed_dependencies_are_written_in_their_order() {
        let new = sound().with(stage("More", &["Out", "In"])).model;
        let old = sound().with(stage("More", &["In", "Out"])).model;
        let events = restore(&new, &old, asked()).unwrap();
        let delta = Delta::of(&events);
        let added: Vec<_> = delta
            .dependencies_added
            .iter()
            .map(|e| e.dependency_id)
            .collect();
        assert_eq!(added, [node_id("In"), node_id("Out")]);
        assert_eq!(delta.dependencies_removed.len(), 2);
    }

    #[test]
    fn the_same_content_changes_nothing_and_frozen_models_refuse() {
        let model = sound().model;
        assert_eq!(restore(&model, &model, asked()), Ok(vec![]));
        let mut published = sound().model;
        published.status = ModelStatus::Published;
        let refusal = restore(&published, &model, asked()).unwrap_err();
        assert_eq!(refusal.code, Code::ModelPublished);
    }
}
