//! UC-009: marks a model deleted, with drafts that nest it if wanted; lists what is deleted; removes
//! for good what was kept long enough.

use domain::error::Code;
use domain::function_model::commands::SoftDeleteFunctionModel;
use domain::function_model::surroundings::Dependent;
use domain::function_model::{Act, Event, FunctionModel, deletion};
use domain::ids::{ModelId, UserId};
use domain::instant::Instant;
use domain::vocabulary::Impact;
use serde::Serialize;

use super::access;
use super::together::{self, Decided};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, DeletedFilter, Extent, FunctionModels, Page, PageRequest, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// How many models a deletion takes along at most.
const MOST_CASCADED: usize = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What became of a model that was to be deleted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeletedModel {
    /// The model.
    pub model_id: ModelId,
    /// When.
    pub deleted_at: Instant,
    /// By whom.
    pub deleted_by: UserId,
    /// Until when it is kept.
    pub retain_until: Instant,
    /// When to look at it once more.
    pub review_at: Instant,
    /// How much that disturbs.
    pub impact: Impact,
    /// Drafts that were deleted with it, in this order.
    pub cascaded: Vec<ModelId>,
}

/// Which deleted models are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedModels {
    /// Deleted more than so many days ago.
    pub older_than_days: Option<u32>,
    /// Deleted by this user.
    pub deleted_by: Option<UserId>,
    /// Only those whose retention is over.
    pub purgeable: bool,
}

/// Marks a model deleted; its status stays.
///
/// # Errors
/// Those of access; `REASON_INVALID`, `RETENTION_INVALID`; `MODEL_ALREADY_DELETED`,
/// `MODEL_ARCHIVED`, `MODEL_IN_USE`, `EXECUTIONS_ACTIVE`, of each model that goes along, too;
/// `Conflict`.
pub async fn soft_delete(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &SoftDeleteFunctionModel,
    render: impl Fn(&Saved<DeletedModel>) -> StoredAnswer,
) -> Result<Saved<DeletedModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let (now, by) = (ports.clock().instant(), context.actor.user_id);
    let found = access::load(ports, context, model_id, Extent::Header, Act::SoftDelete).await?;
    let (owner, revision) = (found.model.user_id, found.model.revision);
    let first = decide(ports, context, found.model, command, now).await?;
    expect_revision(context, revision)?;
    let alive = first.dependents.iter().filter(|one| !one.is_deleted);
    let impact = deletion::impact(alive.count());
    let mut decided = vec![first.decided];
    if command.allow_cascading {
        let mut waiting = along(&first.dependents, owner);
        while let Some(id) = waiting.pop() {
            let known = decided.iter().any(|one: &Decided| one.after.model_id == id);
            if known || decided.len() > MOST_CASCADED {
                continue;
            }
            let draft = access::load(ports, context, id, Extent::Header, Act::SoftDelete).await?;
            let draft = decide(ports, context, draft.model, command, now).await?;
            waiting.extend(along(&draft.dependents, owner));
            decided.push(draft.decided);
        }
    }
    decided.reverse();
    let mark = decided.last().and_then(|one| one.after.deletion.clone());
    let retain_until = mark.and_then(|mark| mark.retain_until).unwrap_or(now);
    let others = decided.iter().map(|one| one.after.model_id);
    let saved = Saved {
        value: DeletedModel {
            model_id,
            deleted_at: now,
            deleted_by: by,
            retain_until,
            review_at: deletion::review_at(retain_until),
            impact,
            cascaded: others.filter(|id| *id != model_id).collect(),
        },
        revision: revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    together::save(ports, context, decided, answer).await?;
    Ok(saved)
}

/// One model that is going to be deleted.
struct Deleting {
    decided: Decided,
    dependents: Vec<Dependent>,
}

fn along(dependents: &[Dependent], owner: UserId) -> Vec<ModelId> {
    let drafts = dependents.iter().filter(|one| one.goes_along_with(owner));
    drafts.filter_map(|one| one.model_id).collect()
}

async fn decide(
    ports: &impl Ports,
    context: &Context,
    model: FunctionModel,
    command: &SoftDeleteFunctionModel,
    now: Instant,
) -> Result<Deleting, UseCaseError> {
    let relations = together::relations(ports, context, model.model_id).await?;
    let around = together::surroundings(relations, &[]);
    let event = deletion::soft_delete(&model, command, &around, context.actor.user_id, now)?;
    Ok(Deleting {
        decided: Decided::new(model, vec![Event::from(event)], Vec::new()),
        dependents: around.dependents,
    })
}

/// The deleted models that the caller may restore, the latest deletion first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list_deleted(
    ports: &impl Ports,
    context: &Context,
    wanted: &DeletedModels,
    page: &PageRequest,
) -> Result<Page<FunctionModel>, UseCaseError> {
    let now = ports.clock().instant();
    let days = wanted.older_than_days;
    let filter = DeletedFilter {
        deleted_before: days.map(|days| now.plus_millis(-i64::from(days) * DAY_MS)),
        deleted_by: wanted.deleted_by,
        retained_until: wanted.purgeable.then_some(now),
    };
    let found = ports.function_models().list_deleted(context, &filter, page);
    Ok(found.await?)
}

/// Removes a deleted model for good, with its versions, links, agents and runs; for the service
/// alone.
///
/// # Errors
/// Those of access; `Forbidden` for everybody but the service; `MODEL_NOT_DELETED`,
/// `RETENTION_NOT_OVER`; `Conflict`.
pub async fn purge(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<(), UseCaseError> {
    answered_before(ports, context).await?;
    let found = access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    access::service_only(context)?;
    deletion::guard_purge(&found.model, ports.clock().instant())?;
    let revision = found.model.revision;
    expect_revision(context, revision)?;
    let gone = Saved {
        value: (),
        revision,
    };
    let answer = answer_to_keep(context, &gone, render);
    let purged = ports
        .function_models()
        .purge(context, model_id, revision, answer);
    done(
        purged
            .await
            .map_err(|error| failure(context, error, Code::FunctionModelNotFound))?,
    )
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::function_model::{add_action_node, read};
    use crate::in_memory::World;
    use crate::testing::{Draft, Run, alice, bob, nests, refusal, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        model_id: ModelId,
        command: &SoftDeleteFunctionModel,
    ) -> Result<Saved<DeletedModel>, UseCaseError> {
        world.run(soft_delete(world, context, model_id, command, rendered))
    }

    fn usual() -> SoftDeleteFunctionModel {
        SoftDeleteFunctionModel::default()
    }

    fn nest(world: &World, parent: &Draft, child: &Draft) {
        let (who, id) = (alice(), parent.model_id);
        let add = nests(parent.stage, child.model_id);
        world
            .run(add_action_node(world, &who, id, add, rendered))
            .unwrap();
    }

    fn service() -> Context {
        let mut context = bob();
        context.actor.service = true;
        context
    }

    #[test]
    fn a_deleted_model_is_kept_for_a_year_and_hidden_from_editors() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_edit(draft.model_id, &bob());
        let editor = attempt(&world, &bob(), draft.model_id, &usual()).unwrap_err();
        let required = "soft-delete".to_owned();
        assert_eq!(editor, UseCaseError::Forbidden { required });
        let deleted = attempt(&world, &alice(), draft.model_id, &usual()).unwrap();
        let value = deleted.value;
        assert_eq!(
            value.retain_until,
            value.deleted_at.plus_millis(365 * DAY_MS)
        );
        assert_eq!(value.review_at, value.deleted_at.plus_millis(335 * DAY_MS));
        assert_eq!((value.impact, value.cascaded), (Impact::Low, vec![]));
        let model = world.stored(draft.model_id);
        assert_eq!(
            model.deletion.unwrap().retain_until,
            Some(value.retain_until)
        );
        let look = |who| world.run(read(&world, &who, draft.model_id, Extent::Header));
        assert!(look(bob()).is_err());
        assert!(look(alice()).is_ok());
        let again = attempt(&world, &alice(), draft.model_id, &usual()).unwrap_err();
        assert_eq!(refusal(again), Code::ModelAlreadyDeleted);
    }

    #[test]
    fn drafts_go_first_and_live_models_forbid_it() {
        let world = World::new();
        let child = Draft::named(&world, "Child");
        let parent = Draft::named(&world, "Parent");
        let grandparent = Draft::named(&world, "Grandparent");
        nest(&world, &parent, &child);
        nest(&world, &grandparent, &parent);
        let along = SoftDeleteFunctionModel {
            allow_cascading: true,
            ..usual()
        };
        let run = Run::pending(&world, &child);
        let running = attempt(&world, &alice(), child.model_id, &along).unwrap_err();
        assert_eq!(refusal(running), Code::ExecutionsActive);
        run.cancel(&world);
        let deleted = attempt(&world, &alice(), child.model_id, &along)
            .unwrap()
            .value;
        assert_eq!(deleted.cascaded, [grandparent.model_id, parent.model_id]);
        assert!(world.stored(grandparent.model_id).deletion.is_some());

        let world = World::new();
        let child = Draft::named(&world, "Child");
        child.publish(&world, "1.1.0");
        let parent = Draft::named(&world, "Parent");
        nest(&world, &parent, &child);
        parent.publish(&world, "1.1.0");
        for command in [usual(), along] {
            let used = attempt(&world, &alice(), child.model_id, &command).unwrap_err();
            assert_eq!(refusal(used), Code::ModelInUse);
        }
        let loose = SoftDeleteFunctionModel {
            enforce_referential_integrity: false,
            ..usual()
        };
        attempt(&world, &alice(), child.model_id, &loose).unwrap();
    }

    #[test]
    fn deleted_models_are_listed_for_those_who_may_restore() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let short = SoftDeleteFunctionModel {
            data_retention: Some("10-days".into()),
            ..usual()
        };
        attempt(&world, &alice(), draft.model_id, &short).unwrap();
        world.clock().advance(9 * DAY_MS as u64);
        let list = |who: &Context, wanted: DeletedModels| {
            let (request, wanted) = (PageRequest::default(), wanted);
            let found = world.run(list_deleted(&world, who, &wanted, &request));
            found.unwrap().items.len()
        };
        let all = DeletedModels::default;
        assert_eq!(list(&alice(), all()), 1);
        assert_eq!(list(&bob(), all()), 0);
        let older = |days| DeletedModels {
            older_than_days: Some(days),
            ..all()
        };
        assert_eq!((list(&alice(), older(8)), list(&alice(), older(9))), (1, 0));
        let by = |who: &Context| DeletedModels {
            deleted_by: Some(who.actor.user_id),
            ..all()
        };
        assert_eq!(list(&alice(), by(&alice())), 1);
        assert_eq!(list(&alice(), by(&bob())), 0);
        let purgeable = DeletedModels {
            purgeable: true,
            ..all()
        };
        assert_eq!(list(&alice(), purgeable.clone()), 0);
        world.clock().advance(2 * DAY_MS as u64);
        assert_eq!(list(&alice(), purgeable), 1);
        let acme = world.organization("Acme", &alice());
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Admin);
        world.arrange(draft.model_id, |model| model.organization_id = Some(acme));
        assert_eq!(list(&bob(), all()), 1);
    }

    #[test]
    fn only_the_service_purges_and_only_in_time() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let id = draft.model_id;
        let render = |_: &Saved<()>| StoredAnswer(serde_json::Value::Null);
        let attempt_purge = |who: Context| world.run(purge(&world, &who, id, render));
        let early = attempt_purge(service()).unwrap_err();
        assert_eq!(refusal(early), Code::ModelNotDeleted);
        attempt(&world, &alice(), id, &usual()).unwrap();
        let required = "service".to_owned();
        assert_eq!(
            attempt_purge(alice()),
            Err(UseCaseError::Forbidden { required })
        );
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        assert_eq!(attempt_purge(bob()), Err(hidden.clone()));
        let kept = attempt_purge(service()).unwrap_err();
        assert_eq!(refusal(kept), Code::RetentionNotOver);
        world.clock().advance(366 * DAY_MS as u64);
        attempt_purge(service()).unwrap();
        assert_eq!(attempt_purge(service()), Err(hidden));
    }
}
