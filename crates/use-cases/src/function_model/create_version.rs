//! UC-007: issues a number: a checkpoint of a draft, or the reopening of a published model.

use domain::error::Code;
use domain::function_model::commands::CreateModelVersion;
use domain::function_model::comparison::{Comparison, compare};
use domain::function_model::decide::decide;
use domain::function_model::{Act, Command, Delta, Event, FunctionModel, evolve, snapshot};
use domain::ids::{ModelId, VersionId};
use domain::vocabulary::{ModelStatus, VersionBump};
use domain::workflow::nesting::nested_models_of;
use serde::Serialize;

use super::{access, nesting, snapshots};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Extent, FunctionModels, Ids, ModelSave, NewVersion, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// The number that was issued.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreatedVersion {
    /// The model.
    pub model_id: ModelId,
    /// The number before.
    pub previous_version: String,
    /// The number now.
    pub version: String,
    /// Which number rose.
    pub version_type: VersionBump,
    /// Numbers issued so far.
    pub version_count: u32,
    /// Where the model stands now.
    pub status: ModelStatus,
    /// The stored snapshot; absent when a published model was reopened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// What differs from the newest snapshot before.
    pub changes: Comparison,
}

/// Issues the next number of a model.
///
/// # Errors
/// `INVALID_REQUEST` for both or neither of `bump` and `version`; those of access;
/// `VERSION_INVALID`, `NOTES_INVALID`; `MODEL_DELETED`, `MODEL_ARCHIVED`; `VERSION_NOT_GREATER`,
/// `VERSION_INCREMENT_INVALID`; `WORKFLOW_INVALID` for a published model that is not sound;
/// `VERSION_ALREADY_EXISTS`; `Conflict`.
pub async fn create_version(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: CreateModelVersion,
    render: impl Fn(&Saved<CreatedVersion>) -> StoredAnswer,
) -> Result<Saved<CreatedVersion>, UseCaseError> {
    command.check_shape()?;
    answered_before(ports, context).await?;
    let found = access::load(ports, context, model_id, Extent::Whole, Act::Edit).await?;
    if found.model.status == ModelStatus::Published {
        let children = nested_models_of(&found.model);
        let gathered = nesting::gather(ports, context, &children, nesting::Readiness::Published);
        command.nested = gathered.await?;
    }
    command.version_id = Some(VersionId::from_uuid(ports.ids().new_id()));
    let now = ports.clock().instant();
    let command = Command::CreateVersion(command);
    let events = decide(&found.model, &command, context.actor.user_id, now)?;
    expect_revision(context, found.model.revision)?;
    let newest = found.model.current_version.to_string();
    let newest = snapshots::read(ports, context, &found, &newest).await?;
    let changes = compare(newest.as_ref().unwrap_or(&found.model), &found.model);
    let model = found.model;
    let expected = Expected::Revision(model.revision);
    let previous_version = model.current_version.to_string();
    let mut after = events.iter().fold(model, evolve);
    after.revision = expected.next();
    let saved = Saved {
        value: outcome(&after, &events, changes)?,
        revision: after.revision,
    };
    let change = ModelSave {
        model: &after,
        expected,
        delta: &Delta::of(&events),
        events: &events,
        version: checkpoint(&after, &events, previous_version),
        answer: answer_to_keep(context, &saved, render),
    };
    let written = ports.function_models().save(context, change).await;
    done(written.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?)?;
    Ok(saved)
}

/// What the caller gets, as the events tell it.
fn outcome(
    model: &FunctionModel,
    events: &[Event],
    changes: Comparison,
) -> Result<CreatedVersion, UseCaseError> {
    let created = events.iter().find_map(|event| match event {
        Event::FunctionModelVersionCreated(event) => Some(event),
        _ => None,
    });
    let created = created.ok_or(UseCaseError::NotFound(Code::VersionNotFound))?;
    Ok(CreatedVersion {
        model_id: model.model_id,
        previous_version: created.previous_version.to_string(),
        version: created.new_version.to_string(),
        version_type: created.version_type,
        version_count: model.version_count,
        status: model.status,
        version_id: created.version_id,
        changes,
    })
}

/// The snapshot of a checkpoint.
fn checkpoint(
    model: &FunctionModel,
    events: &[Event],
    previous_version: String,
) -> Option<NewVersion> {
    events.iter().find_map(|event| match event {
        Event::FunctionModelVersionCreated(event) => Some(NewVersion {
            version_id: event.version_id?,
            version_number: model.version.to_string(),
            version_data: snapshot(model),
            is_published: false,
            notes: event.version_notes.clone(),
            previous_version: Some(previous_version.clone()),
            plan: None,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::{add_container_node, list_versions, read_version};
    use crate::in_memory::World;
    use crate::ports::{PageRequest, PortErrorKind};
    use crate::testing::{Draft, alice, bob, refusal, rendered, stage, with_key};

    fn bump(bump: VersionBump) -> CreateModelVersion {
        CreateModelVersion {
            bump: Some(bump),
            version_notes: Some("why".into()),
            ..CreateModelVersion::default()
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: CreateModelVersion,
    ) -> Result<Saved<CreatedVersion>, UseCaseError> {
        let id = draft.model_id;
        world.run(create_version(world, context, id, command, rendered))
    }

    #[test]
    fn a_checkpoint_keeps_the_working_copy_and_tells_what_is_new() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let made = attempt(&world, &alice(), &draft, bump(VersionBump::Minor)).unwrap();
        let made = made.value;
        assert_eq!(
            (made.previous_version.as_str(), made.version.as_str()),
            ("1.0.0", "1.1.0")
        );
        assert_eq!((made.status, made.version_count), (ModelStatus::Draft, 2));
        assert_eq!(made.changes.containers.added.len(), 3);
        let id = draft.model_id;
        let version = world
            .run(read_version(&world, &alice(), id, "1.1.0"))
            .unwrap();
        assert_eq!(Some(version.version_id), made.version_id);
        assert_eq!(version.notes.as_deref(), Some("why"));
        assert_eq!(version.previous_version.as_deref(), Some("1.0.0"));
        assert!(!version.is_published);
        let again = attempt(&world, &alice(), &draft, bump(VersionBump::Patch)).unwrap();
        assert!(again.value.changes.is_identical);
        assert_eq!(world.stored(id).current_version.to_string(), "1.1.1");
    }

    #[test]
    fn a_published_model_is_reopened_and_stays_live() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.1.0");
        let made = attempt(&world, &alice(), &draft, bump(VersionBump::Minor)).unwrap();
        assert_eq!(made.value.status, ModelStatus::Draft);
        assert_eq!(made.value.version_id, None);
        let model = world.stored(draft.model_id);
        assert_eq!(
            (
                model.version.to_string().as_str(),
                model.current_version.to_string().as_str()
            ),
            ("1.2.0", "1.1.0")
        );
        let (who, page) = (alice(), PageRequest::default());
        let versions = world
            .run(list_versions(&world, &who, draft.model_id, &page))
            .unwrap();
        assert!(versions.items[0].is_published);
        let events = world.event_types(draft.model_id.as_uuid());
        let last = &events[events.len() - 2..];
        assert_eq!(
            last,
            ["FunctionModelVersionCreated", "FunctionModelUpdated"]
        );
        let (id, more) = (draft.model_id, stage("More"));
        world
            .run(add_container_node(&world, &who, id, more, rendered))
            .unwrap();
        draft.publish(&world, "1.2.0");
        assert_eq!(world.stored(id).version_count, 3);
    }

    #[test]
    fn an_unsound_published_model_stays_published() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.1.0");
        world.arrange(draft.model_id, |model| {
            model.nodes.remove(&draft.output);
        });
        let unsound = attempt(&world, &alice(), &draft, bump(VersionBump::Minor));
        assert_eq!(refusal(unsound.unwrap_err()), Code::WorkflowInvalid);
    }

    #[test]
    fn shape_rights_and_numbers_are_judged() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let shapeless = attempt(&world, &bob(), &draft, CreateModelVersion::default());
        assert_eq!(refusal(shapeless.unwrap_err()), Code::InvalidRequest);
        let hidden = attempt(&world, &bob(), &draft, bump(VersionBump::Minor)).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &draft, bump(VersionBump::Minor)).unwrap_err();
        let required = "edit".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        let far = CreateModelVersion {
            version: Some("3.0.0".into()),
            ..CreateModelVersion::default()
        };
        let far = attempt(&world, &alice(), &draft, far).unwrap_err();
        assert_eq!(refusal(far), Code::VersionIncrementInvalid);
        let taken = PortErrorKind::VersionTaken;
        world.faults().fail_next("function_models.save", taken);
        let raced = attempt(&world, &alice(), &draft, bump(VersionBump::Minor)).unwrap_err();
        assert_eq!(refusal(raced), Code::VersionAlreadyExists);
    }

    #[test]
    fn a_repetition_issues_no_second_number() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &draft, bump(VersionBump::Minor)).unwrap();
        let again = attempt(&world, &keyed, &draft, bump(VersionBump::Minor)).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
        assert_eq!(world.stored(draft.model_id).version_count, 2);
    }
}
