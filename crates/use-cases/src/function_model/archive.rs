//! UC-008: archives a model for good, with links and drafts that go along, or tells the risk.

use domain::error::DomainError;
use domain::function_model::archiving::{self, RiskAssessment};
use domain::function_model::commands::ArchiveFunctionModel;
use domain::function_model::{Act, Event, FunctionModel};
use domain::ids::{LinkId, ModelId};
use domain::instant::Instant;
use domain::vocabulary::ModelStatus;
use serde::Serialize;
use serde_json::Value;

use super::access;
use super::together::{self, Decided};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Extent, LinkRemoval, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, expect_revision};

/// What became of a model that was to be archived.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchivedModel {
    /// The model.
    pub model_id: ModelId,
    /// `archived`.
    pub status: ModelStatus,
    /// When.
    pub archived_at: Instant,
    /// How risky it was.
    pub risk_assessment: RiskAssessment,
    /// Links that were removed.
    pub removed_links: Vec<LinkId>,
    /// Drafts that were archived with it.
    pub cascaded: Vec<ModelId>,
}

/// How risky it would be to archive a model, and what forbids it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchiveAssessment {
    /// The model.
    pub model_id: ModelId,
    /// How risky.
    pub risk_assessment: RiskAssessment,
    /// What forbids it, in the order in which it would be refused.
    pub blockers: Vec<Blocker>,
}

/// A refusal that would follow.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blocker {
    /// Its code.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The circle of containers, of `CIRCULAR_DEPENDENCY`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cycle: Vec<String>,
    /// The models that nest it, of `MODEL_IN_USE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependents: Vec<String>,
}

impl From<DomainError> for Blocker {
    fn from(refusal: DomainError) -> Self {
        let texts = |name| -> Vec<String> {
            let list = refusal.data.get(name).and_then(Value::as_array);
            let texts = list.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        Self {
            code: refusal.code.to_string(),
            cycle: texts("cycle"),
            dependents: texts("dependents"),
            message: refusal.message,
        }
    }
}

/// Tells what archiving the model would mean, and changes nothing.
///
/// # Errors
/// Those of access; whoever may archive may ask.
pub async fn assess_archive(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<ArchiveAssessment, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::Archive).await?;
    let relations = together::relations(ports, context, model_id).await?;
    let links = together::links(ports, context, model_id).await?;
    let around = together::surroundings(relations, &links);
    let risk_assessment = archiving::assess(&found.model, &around, ports.clock().instant());
    let blockers = archiving::blockers(&found.model, &around, &risk_assessment, false);
    Ok(ArchiveAssessment {
        model_id,
        risk_assessment,
        blockers: blockers.into_iter().map(Blocker::from).collect(),
    })
}

/// Archives a model; drafts of its owner that nest it and links that touch it go along if wanted.
///
/// # Errors
/// Those of access; `REASON_INVALID`; `MODEL_DELETED`, `MODEL_ALREADY_ARCHIVED`,
/// `CIRCULAR_DEPENDENCY`, `MODEL_IN_USE`, `EXECUTIONS_ACTIVE`, `ARCHIVE_RISK_TOO_HIGH`, of each
/// model that goes along, too; `Conflict`.
pub async fn archive(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &ArchiveFunctionModel,
    render: impl Fn(&Saved<ArchivedModel>) -> StoredAnswer,
) -> Result<Saved<ArchivedModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let now = ports.clock().instant();
    let found = access::load(ports, context, model_id, Extent::Whole, Act::Archive).await?;
    let (owner, revision) = (found.model.user_id, found.model.revision);
    let first = decide(ports, context, found.model, command, now).await?;
    expect_revision(context, revision)?;
    let mut decided = vec![first.decided];
    if command.cascade_to_drafts {
        let along = first
            .dependents
            .iter()
            .filter(|one| one.goes_along_with(owner));
        let ids: Vec<ModelId> = along.filter_map(|one| one.model_id).collect();
        for id in ids {
            let draft = access::load(ports, context, id, Extent::Whole, Act::Archive).await?;
            let draft = decide(ports, context, draft.model, command, now).await?;
            decided.push(draft.decided);
        }
    }
    // A link between two of them is removed once.
    let mut removed_links: Vec<LinkId> = Vec::new();
    for one in &mut decided {
        one.removed_links
            .retain(|link| !removed_links.contains(&link.link_id));
        removed_links.extend(one.removed_links.iter().map(|link| link.link_id));
    }
    let saved = Saved {
        value: ArchivedModel {
            model_id,
            status: ModelStatus::Archived,
            archived_at: now,
            risk_assessment: first.assessment,
            removed_links,
            cascaded: decided
                .iter()
                .skip(1)
                .map(|one| one.after.model_id)
                .collect(),
        },
        revision: revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    together::save(ports, context, decided, answer).await?;
    Ok(saved)
}

/// One model that is going to be archived.
struct Archiving {
    decided: Decided,
    assessment: RiskAssessment,
    dependents: Vec<domain::function_model::surroundings::Dependent>,
}

async fn decide(
    ports: &impl Ports,
    context: &Context,
    model: FunctionModel,
    command: &ArchiveFunctionModel,
    now: Instant,
) -> Result<Archiving, UseCaseError> {
    let by = context.actor.user_id;
    let relations = together::relations(ports, context, model.model_id).await?;
    let links = together::links(ports, context, model.model_id).await?;
    let around = together::surroundings(relations, &links);
    let cleaned = links.iter().filter(|_| command.cleanup_cross_feature_links);
    let removed: Vec<LinkRemoval> = cleaned.map(|link| LinkRemoval::of(link, by, now)).collect();
    let ids = removed.iter().map(|link| link.link_id).collect();
    let event = archiving::archive(&model, command, &around, ids, by, now)?;
    Ok(Archiving {
        assessment: archiving::assess(&model, &around, now),
        decided: Decided::new(model, vec![Event::from(event)], removed),
        dependents: around.dependents,
    })
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::vocabulary::RiskLevel;

    use super::*;
    use crate::function_model::add_action_node;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, Run, alice, bob, nests, refusal, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        model_id: ModelId,
        command: &ArchiveFunctionModel,
    ) -> Result<Saved<ArchivedModel>, UseCaseError> {
        world.run(archive(world, context, model_id, command, rendered))
    }

    fn nest(world: &World, parent: &Draft, child: &Draft) {
        let (who, id) = (alice(), parent.model_id);
        let add = nests(parent.stage, child.model_id);
        world
            .run(add_action_node(world, &who, id, add, rendered))
            .unwrap();
    }

    #[test]
    fn a_model_is_archived_for_good() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let usual = ArchiveFunctionModel::default();
        let archived = attempt(&world, &alice(), draft.model_id, &usual).unwrap();
        assert_eq!(archived.value.risk_assessment.risk_level, RiskLevel::Low);
        let model = world.stored(draft.model_id);
        assert_eq!(
            (model.status, model.revision),
            (ModelStatus::Archived, archived.revision)
        );
        let again = attempt(&world, &alice(), draft.model_id, &usual).unwrap_err();
        assert_eq!(refusal(again), Code::ModelAlreadyArchived);
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), draft.model_id, &usual).unwrap_err();
        let required = "archive".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
    }

    #[test]
    fn drafts_of_the_owner_go_along_only_if_wanted() {
        let world = World::new();
        let child = Draft::named(&world, "Child");
        let parent = Draft::named(&world, "Parent");
        nest(&world, &parent, &child);
        let along = ArchiveFunctionModel {
            cascade_to_drafts: true,
            ..ArchiveFunctionModel::default()
        };
        let raced = PortErrorKind::Conflict {
            current_revision: Some(9),
        };
        world.faults().fail_next("function_models.save_all", raced);
        assert!(attempt(&world, &alice(), child.model_id, &along).is_err());
        assert_eq!(world.stored(parent.model_id).status, ModelStatus::Draft);
        let archived = attempt(&world, &alice(), child.model_id, &along)
            .unwrap()
            .value;
        assert_eq!(archived.cascaded, [parent.model_id]);
        assert_eq!(archived.risk_assessment.dependent_models, 1);
        assert_eq!(world.stored(parent.model_id).status, ModelStatus::Archived);
    }

    #[test]
    fn live_parents_and_runs_forbid_it_and_the_assessment_says_so() {
        let world = World::new();
        let child = Draft::named(&world, "Child");
        child.publish(&world, "1.1.0");
        let parent = Draft::named(&world, "Parent");
        nest(&world, &parent, &child);
        parent.publish(&world, "1.1.0");
        let run = Run::again(&world, &child, &alice());
        let usual = ArchiveFunctionModel::default();
        let used = attempt(&world, &alice(), child.model_id, &usual).unwrap_err();
        assert_eq!(refusal(used), Code::ModelInUse);
        let (who, id) = (alice(), child.model_id);
        let assessment = world.run(assess_archive(&world, &who, id)).unwrap();
        let codes: Vec<&str> = assessment
            .blockers
            .iter()
            .map(|b| b.code.as_str())
            .collect();
        assert_eq!(codes, ["MODEL_IN_USE", "EXECUTIONS_ACTIVE"]);
        assert_eq!(assessment.risk_assessment.risk_level, RiskLevel::Medium);
        attempt(&world, &alice(), parent.model_id, &usual).unwrap();
        let running = attempt(&world, &alice(), id, &usual).unwrap_err();
        assert_eq!(refusal(running), Code::ExecutionsActive);
        run.cancel(&world);
        attempt(&world, &alice(), id, &usual).unwrap();
    }

    #[test]
    fn a_repetition_is_recognised_and_a_stale_revision_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let usual = ArchiveFunctionModel::default();
        let mut stale = alice();
        stale.if_match = Some(1);
        let refused = attempt(&world, &stale, draft.model_id, &usual).unwrap_err();
        assert!(matches!(
            refused,
            UseCaseError::Conflict { if_match: true, .. }
        ));
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, draft.model_id, &usual).unwrap();
        let again = attempt(&world, &keyed, draft.model_id, &usual).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }
}
