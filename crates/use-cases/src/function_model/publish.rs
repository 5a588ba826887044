//! UC-004: publishes a model: its drafts become active, and a snapshot with a plan is frozen.

use domain::error::{Code, DomainError};
use domain::finding::{Finding, guide};
use domain::function_model::commands::PublishFunctionModel;
use domain::function_model::decide::decide;
use domain::function_model::{Act, Command, Delta, Event, FunctionModel, evolve, snapshot};
use domain::ids::{ModelId, VersionId};
use domain::instant::Instant;
use domain::vocabulary::ModelStatus;
use domain::workflow::compile::compile;
use domain::workflow::nesting::{depth_limit, nested_models_of};
use serde::{Deserialize, Serialize};

use super::{access, nesting};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    Clock, Expected, Extent, FunctionModels, Ids, ModelSave, ModelVersions, NewVersion, Ports,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// What was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The model.
    pub model_id: ModelId,
    /// The number it runs under.
    pub version: String,
    /// Its snapshot; a rehearsal makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// True when nothing was published, because that was only tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// `published`.
    pub status: ModelStatus,
    /// When.
    pub published_at: Instant,
    /// What was found that does not forbid it.
    pub validation_warnings: Vec<Finding>,
}

/// Publishes a model under a new number.
///
/// # Errors
/// Those of access; `NOTES_INVALID`, `VERSION_INVALID`; `MODEL_DELETED`,
/// `MODEL_ALREADY_PUBLISHED`, `MODEL_ARCHIVED`; `VERSION_NOT_GREATER`,
/// `VERSION_INCREMENT_INVALID`; `WORKFLOW_INVALID` with the findings; `NESTED_MODEL_UNAVAILABLE`,
/// `NESTING_TOO_DEEP`; `VERSION_ALREADY_EXISTS`; `Conflict`.
pub async fn publish(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: PublishFunctionModel,
    render: impl Fn(&Saved<Published>) -> StoredAnswer,
) -> Result<Saved<Published>, UseCaseError> {
    answered_before(ports, context).await?;
    let Prepared {
        after,
        expected,
        events,
        version,
        saved,
    } = prepare(ports, context, model_id, command).await?;
    let change = ModelSave {
        model: &after,
        expected,
        delta: &Delta::of(&events),
        events: &events,
        version: Some(version),
        answer: answer_to_keep(context, &saved, render),
    };
    let written = ports.function_models().save(context, change).await;
    done(written.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?)?;
    Ok(saved)
}

/// Tries to publish a model: makes all checks and stores nothing. The answer is that of
/// [`publish`], without the snapshot that is not made and with the revision there is.
///
/// # Errors
/// Those of [`publish`].
pub async fn rehearse_publication(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: PublishFunctionModel,
) -> Result<Saved<Published>, UseCaseError> {
    let prepared = prepare(ports, context, model_id, command).await?;
    let number = &prepared.version.version_number;
    if ports
        .model_versions()
        .find(context, model_id, number)
        .await?
        .is_some()
    {
        let message = "The model has a version of this number already.";
        return Err(DomainError::new(Code::VersionAlreadyExists, message).into());
    }
    Ok(Saved {
        value: Published {
            version_id: None,
            dry_run: Some(true),
            ..prepared.saved.value
        },
        revision: prepared.saved.revision - 1,
    })
}

/// A publication that passed all checks and is not stored yet.
struct Prepared {
    after: FunctionModel,
    expected: Expected,
    events: Vec<Event>,
    version: NewVersion,
    saved: Saved<Published>,
}

async fn prepare(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: PublishFunctionModel,
) -> Result<Prepared, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::Publish).await?;
    let model = found.model;
    let children = nested_models_of(&model);
    let nested = nesting::gather(ports, context, &children, nesting::Readiness::Published).await?;
    let version_id = VersionId::from_uuid(ports.ids().new_id());
    command.version_id = Some(version_id);
    command.nested = nested.clone();
    let command = Command::Publish(command);
    let now = ports.clock().instant();
    let events = decide(&model, &command, context.actor.user_id, now)?;
    nested.check(model_id, &children, depth_limit(&model, None))?;
    expect_revision(context, model.revision)?;
    let previous_version = model.current_version.to_string();
    let expected = Expected::Revision(model.revision);
    let mut after = events.iter().fold(model, evolve);
    after.revision = expected.next();
    let (published, notes) = outcome(&after, version_id, &events, now);
    let version = version(&after, version_id, notes, previous_version)?;
    let saved = Saved {
        value: published,
        revision: after.revision,
    };
    Ok(Prepared {
        after,
        expected,
        events,
        version,
        saved,
    })
}

/// What the caller gets, and the notes to store, as the events tell them.
fn outcome(
    model: &FunctionModel,
    version_id: VersionId,
    events: &[Event],
    now: Instant,
) -> (Published, Option<String>) {
    let event = events.iter().find_map(|event| match event {
        Event::FunctionModelPublished(event) => Some(event),
        _ => None,
    });
    let mut warnings = event
        .map(|e| e.validation_warnings.clone())
        .unwrap_or_default();
    guide(model, &mut warnings);
    let published = Published {
        model_id: model.model_id,
        version: model.version.to_string(),
        version_id: Some(version_id),
        dry_run: None,
        status: model.status,
        published_at: now,
        validation_warnings: warnings,
    };
    (
        published,
        event.and_then(|event| event.publish_notes.clone()),
    )
}

/// The snapshot that runs from now on, with its plan.
fn version(
    model: &FunctionModel,
    version_id: VersionId,
    notes: Option<String>,
    previous_version: String,
) -> Result<NewVersion, DomainError> {
    Ok(NewVersion {
        version_id,
        version_number: model.version.to_string(),
        version_data: snapshot(model),
        is_published: true,
        notes,
        previous_version: Some(previous_version),
        plan: Some(compile(model)?),
    })
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::{ActionStatus, NodeStatus};

    use super::*;
    use crate::function_model::{add_action_node, read_version};
    use crate::in_memory::World;
    use crate::ports::Executions;
    use crate::testing::{Draft, alice, bob, nests, refusal, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        model_id: ModelId,
        version: &str,
    ) -> Result<Saved<Published>, UseCaseError> {
        let command = PublishFunctionModel {
            version: version.into(),
            publish_notes: Some("first".into()),
            version_id: None,
            nested: Default::default(),
        };
        world.run(publish(world, context, model_id, command, rendered))
    }

    #[test]
    fn drafts_become_active_and_the_snapshot_has_a_plan() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let saved = attempt(&world, &alice(), draft.model_id, "1.0.1").unwrap();
        let published = saved.value;
        assert_eq!(published.status, ModelStatus::Published);
        assert!(!published.validation_warnings.is_empty());
        let model = world.stored(draft.model_id);
        assert_eq!(
            (model.version.to_string().as_str(), model.version_count),
            ("1.0.1", 2)
        );
        assert!(
            model
                .nodes
                .values()
                .all(|node| node.status == NodeStatus::Active)
        );
        assert!(
            model
                .action_nodes
                .values()
                .all(|a| a.status == ActionStatus::Active)
        );
        let id = draft.model_id;
        let version = world
            .run(read_version(&world, &alice(), id, "1.0.1"))
            .unwrap();
        assert!(version.is_published);
        assert_eq!(version.previous_version.as_deref(), Some("1.0.0"));
        assert_eq!(version.notes.as_deref(), Some("first"));
        let stored = FunctionModel::from_snapshot(model.clone(), &version.version_data.unwrap());
        assert_eq!(stored.unwrap(), model);
        let plan = world
            .run(world.executions().plan(published.version_id.unwrap()))
            .unwrap();
        assert_eq!(plan.unwrap().actions().count(), 2);
    }

    #[test]
    fn a_rehearsal_makes_the_same_checks_and_stores_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id);
        let rehearse = |who: &Context, version: &str| {
            let command = PublishFunctionModel {
                version: version.into(),
                publish_notes: None,
                version_id: None,
                nested: Default::default(),
            };
            world.run(rehearse_publication(&world, who, draft.model_id, command))
        };
        let Saved {
            value: tried,
            revision,
        } = rehearse(&alice(), "1.0.1").unwrap();
        assert_eq!(revision, before.revision);
        assert_eq!((tried.dry_run, tried.version_id), (Some(true), None));
        assert_eq!(
            (tried.version.as_str(), tried.status),
            ("1.0.1", ModelStatus::Published)
        );
        assert!(
            tried
                .validation_warnings
                .iter()
                .all(|finding| finding.path.is_some())
        );
        assert_eq!(world.stored(draft.model_id), before);
        let code = |version| refusal(rehearse(&alice(), version).unwrap_err());
        assert_eq!(code("1.0.9"), Code::VersionIncrementInvalid);
        assert_eq!(code("one"), Code::VersionInvalid);
        let hidden = rehearse(&bob(), "1.0.1").unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        draft.publish(&world, "1.0.1");
        assert_eq!(code("1.0.2"), Code::ModelAlreadyPublished);
    }

    #[test]
    fn numbers_follow_each_other_step_by_step() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let code =
            |version| refusal(attempt(&world, &alice(), draft.model_id, version).unwrap_err());
        assert_eq!(code("one"), Code::VersionInvalid);
        assert_eq!(code("1.0.0"), Code::VersionNotGreater);
        assert_eq!(code("1.0.7"), Code::VersionIncrementInvalid);
        draft.publish(&world, "2.0.0");
        assert_eq!(code("2.0.1"), Code::ModelAlreadyPublished);
    }

    #[test]
    fn what_is_wrong_is_listed() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let error = attempt(&world, &alice(), draft.model_id, "1.0.1").unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        assert_eq!(error.code, Code::WorkflowInvalid);
        assert!(error.data["findings"].as_array().unwrap().len() > 1);
        assert_eq!(world.stored(draft.model_id).status, ModelStatus::Draft);
    }

    #[test]
    fn nested_models_must_be_published_before() {
        let world = World::new();
        let parent = Draft::order_to_cash(&world);
        let child = Draft::named(&world, "Child");
        let add = nests(parent.stage, child.model_id);
        world
            .run(add_action_node(
                &world,
                &alice(),
                parent.model_id,
                add,
                rendered,
            ))
            .unwrap();
        let early = attempt(&world, &alice(), parent.model_id, "1.0.1").unwrap_err();
        assert_eq!(refusal(early), Code::NestedModelUnavailable);
        child.publish(&world, "1.0.1");
        attempt(&world, &alice(), parent.model_id, "1.0.1").unwrap();
    }

    #[test]
    fn viewers_do_not_publish_and_stale_revisions_are_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), draft.model_id, "1.0.1").unwrap_err();
        let required = "publish".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        let mut context = alice();
        context.if_match = Some(1);
        let stale = attempt(&world, &context, draft.model_id, "1.0.1").unwrap_err();
        assert!(matches!(
            stale,
            UseCaseError::Conflict { if_match: true, .. }
        ));
    }
}
