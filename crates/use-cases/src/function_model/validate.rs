//! UC-006: validates a model, or one of its snapshots, with every finding at once.

use domain::sorted::{SortedMap, SortedSet};

use domain::error::Code;
use domain::function_model::commands::ValidateWorkflow;
use domain::function_model::{ActionKind, Event, FunctionModel};
use domain::ids::{EntityId, ModelId, ValidationId, WorkflowId};
use domain::validation::{self, Facts, Reference, References, Report};
use domain::vocabulary::{FeatureType, ValidationLevel};
use domain::workflow::nesting::nested_models_of;
use futures_util::future::join_all;

use super::{nesting, snapshots};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{
    Clock, FoundModel, FunctionModels, Ids, KnowledgeBase, NodeLinks, Ports, Workflows,
};
use crate::writing::failure;

/// Most references of one kind that are looked up; further ones count as not checked.
const LOOKUPS: usize = 100;

/// Validates the working copy, or the snapshot the command names. An invalid model is no error.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `VERSION_NOT_FOUND`.
pub async fn validate(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &ValidateWorkflow,
) -> Result<Report, UseCaseError> {
    let number = command.version_number.as_deref();
    let (found, model) = snapshots::load(ports, context, model_id, number).await?;
    let level = command.level.unwrap_or(ValidationLevel::Full);
    let mut facts = Facts {
        for_execution: command.for_execution,
        ..Facts::default()
    };
    gather(ports, context, &found, &model, level, &mut facts).await;
    let id = ValidationId::from_uuid(ports.ids().new_id());
    let report = validation::validate(&model, level, &facts, id, ports.clock().instant());
    let event = Event::from(report.event(context.actor.user_id));
    let events = vec![event.to_json()];
    let models = ports.function_models();
    let recorded = models.record_events(context, model_id, events).await;
    recorded.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?;
    Ok(report)
}

/// Gathers what the checks of this level ask for; what cannot be had breaks its check alone.
async fn gather(
    ports: &impl Ports,
    context: &Context,
    found: &FoundModel,
    model: &FunctionModel,
    level: ValidationLevel,
    facts: &mut Facts,
) {
    use ValidationLevel as L;
    let asks = |one: L| level == L::Full || level == one;
    if asks(L::Structural) || asks(L::CrossFeature) {
        let children = nested_models_of(model);
        let readiness = nesting::Readiness::Published;
        match nesting::gather(ports, context, &children, readiness).await {
            Ok(nested) => facts.nested = nested,
            Err(_) => broken(
                facts,
                L::Structural,
                "the models it nests could not be read",
            ),
        }
    }
    if let Some(version) = &found.published
        && (asks(L::BusinessRules) || asks(L::ExecutionReadiness))
    {
        match snapshots::read(ports, context, found, &version.version_number).await {
            Ok(published) => facts.published = published,
            Err(_) => {
                let reason = "the published snapshot could not be read";
                broken(facts, L::BusinessRules, reason);
                broken(facts, L::ExecutionReadiness, reason);
            }
        }
    }
    if asks(L::CrossFeature) {
        facts.references = references(ports, context, model, facts).await;
    }
}

fn broken(facts: &mut Facts, level: ValidationLevel, reason: &str) {
    facts.broken.insert(level, reason.to_owned());
}

/// Looks up what the actions refer to.
async fn references(
    ports: &impl Ports,
    context: &Context,
    model: &FunctionModel,
    facts: &Facts,
) -> References {
    let mut known = References::default();
    let (mut workflows, mut contents) = (SortedSet::new(), SortedSet::new());
    for action in model.action_nodes.values() {
        match &action.kind {
            ActionKind::Tether(tether) => {
                workflows.insert(tether.tether_reference_id.clone());
            }
            ActionKind::Knowledge(knowledge) => {
                contents.insert(knowledge.kb_reference_id.clone());
            }
            ActionKind::Nested(nested) => {
                let id = nested.nested_model_id;
                let reference = facts.nested.get(id).map(|model| judge(model.is_available));
                known
                    .models
                    .extend(reference.map(|reference| (id, reference)));
            }
        }
    }
    let workflows = workflows.into_iter().take(LOOKUPS).map(async |id| {
        let reference = workflow(ports, context, &id).await;
        (id, reference)
    });
    known.workflows = join_all(workflows).await.into_iter().collect();
    let organization = model.organization_id;
    let contents = contents.into_iter().take(LOOKUPS).map(async |id| {
        let base = ports.knowledge_base();
        let found = base
            .find_content_by_id(&context.actor, organization, &id)
            .await;
        let reference = found.map_or(Reference::NotChecked, |found| judge(found.is_some()));
        (id, reference)
    });
    known.contents = join_all(contents).await.into_iter().collect();
    known.versions = versions(ports, context, model).await;
    let entity = EntityId::from_uuid(model.model_id.as_uuid());
    let links = ports.node_links();
    let touching = links.touching(context, FeatureType::FunctionModel, entity);
    known.links = touching.await.unwrap_or_default();
    known
}

/// The published numbers of those nested models of which an action requires one.
async fn versions(
    ports: &impl Ports,
    context: &Context,
    model: &FunctionModel,
) -> SortedMap<ModelId, String> {
    let actions = model.action_nodes.values();
    let requiring = actions.filter(|action| action.metadata.contains_key("requiredVersion"));
    let nested = requiring.filter_map(|action| match &action.kind {
        ActionKind::Nested(nested) => Some(nested.nested_model_id),
        _ => None,
    });
    let ids: Vec<ModelId> = nested.take(LOOKUPS).collect();
    if ids.is_empty() {
        return SortedMap::new();
    }
    let found = ports.function_models().nested_models(context, &ids).await;
    let found = found.unwrap_or_default().into_iter();
    found
        .filter_map(|(id, model)| Some((id, model.published?.version_number)))
        .collect()
}

/// Whether a task of the built-in service has this id; other ids belong to a service that cannot
/// be asked.
async fn workflow(ports: &impl Ports, context: &Context, id: &str) -> Reference {
    let Ok(id) = WorkflowId::parse(id) else {
        return Reference::NotChecked;
    };
    let found = ports.workflows().find(context, id).await;
    found.map_or(Reference::NotChecked, |found| judge(found.is_some()))
}

fn judge(is_there: bool) -> Reference {
    match is_there {
        true => Reference::Available,
        false => Reference::Missing,
    }
}

#[cfg(test)]
mod tests {
    use domain::finding::FindingCode;
    use domain::vocabulary::ActionNodeType;
    use serde_json::json;

    use super::*;
    use crate::function_model::add_action_node;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, action, alice, bob, document, nests, rendered, task};

    fn at(level: ValidationLevel) -> ValidateWorkflow {
        ValidateWorkflow {
            level: Some(level),
            ..ValidateWorkflow::default()
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: &ValidateWorkflow,
    ) -> Result<Report, UseCaseError> {
        world.run(validate(world, context, draft.model_id, command))
    }

    fn codes(report: &Report, level: ValidationLevel) -> Vec<FindingCode> {
        let category = &report.categories[&level];
        let findings = category.errors.iter().chain(&category.warnings);
        findings.map(|finding| finding.code).collect()
    }

    #[test]
    fn all_checks_report_and_the_event_tells_of_it() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let report = attempt(&world, &alice(), &draft, &ValidateWorkflow::default()).unwrap();
        assert_eq!(report.categories.len(), 5);
        assert!(report.categories[&ValidationLevel::Structural].is_valid);
        assert!(!report.is_valid, "drafts are not ready for a run");
        let events = world.event_types(draft.model_id.as_uuid());
        assert_eq!(
            events.last().map(String::as_str),
            Some("WorkflowValidationCompleted")
        );
    }

    #[test]
    fn viewers_validate_and_strangers_find_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let command = at(ValidationLevel::Structural);
        let hidden = attempt(&world, &bob(), &draft, &command).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        let report = attempt(&world, &bob(), &draft, &command).unwrap();
        assert_eq!(report.categories.len(), 1);
    }

    #[test]
    fn a_snapshot_can_be_validated_instead() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let of = |number: &str, level| ValidateWorkflow {
            version_number: Some(number.into()),
            for_execution: true,
            ..at(level)
        };
        let ready = of("1.0.1", ValidationLevel::ExecutionReadiness);
        let report = attempt(&world, &alice(), &draft, &ready).unwrap();
        assert!(report.is_valid, "{report:?}");
        let first = of("1.0.0", ValidationLevel::Structural);
        let report = attempt(&world, &alice(), &draft, &first).unwrap();
        assert!(codes(&report, ValidationLevel::Structural).contains(&FindingCode::NoInput));
        let unknown = of("9.0.0", ValidationLevel::Structural);
        let missing = attempt(&world, &alice(), &draft, &unknown).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::VersionNotFound));
    }

    #[test]
    fn references_are_looked_up_as_the_caller() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let task = task(&world, &alice(), None, "Credit").workflow_id;
        let article = document(&world, &alice(), None, "Dunning", "text").content_id;
        let child = Draft::named(&world, "Child");
        child.publish(&world, "1.0.1");
        let kb = |id: String| {
            let data = json!({"kbReferenceId": id, "shortDescription": "Read it"});
            action(draft.stage, ActionNodeType::KbNode, "Read", data)
        };
        let tether = |id: String| {
            let data = json!({"tetherReferenceId": id});
            action(draft.stage, ActionNodeType::TetherNode, "Do", data)
        };
        let nowhere = crate::in_memory::nth_id(9999).to_string();
        let commands = [
            tether(task.to_string()),
            tether(nowhere.clone()),
            tether("elsewhere".into()),
            kb(article.to_string()),
            kb(nowhere),
            nests(draft.stage, child.model_id),
        ];
        for command in commands {
            let (who, id) = (alice(), draft.model_id);
            world
                .run(add_action_node(&world, &who, id, command, rendered))
                .unwrap();
        }
        let command = at(ValidationLevel::CrossFeature);
        let report = attempt(&world, &alice(), &draft, &command).unwrap();
        let category = &report.categories[&ValidationLevel::CrossFeature];
        assert_eq!(category.errors.len(), 2, "{category:?}");
        assert_eq!(category.warnings.len(), 1, "{category:?}");
        world.let_view(draft.model_id, &bob());
        let report = attempt(&world, &bob(), &draft, &command).unwrap();
        let category = &report.categories[&ValidationLevel::CrossFeature];
        assert_eq!(category.errors.len(), 5, "{category:?}");
    }

    #[test]
    fn a_check_that_breaks_down_leaves_the_others() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let child = Draft::named(&world, "Child");
        let (who, id) = (alice(), draft.model_id);
        let add = nests(draft.stage, child.model_id);
        world
            .run(add_action_node(&world, &who, id, add, rendered))
            .unwrap();
        child.publish(&world, "1.0.1");
        draft.publish(&world, "1.0.1");
        let down = || PortErrorKind::Unavailable { retry_after: None };
        world
            .faults()
            .fail_next("function_models.nested_models", down());
        world.faults().fail_next("model_versions.find", down());
        let report = attempt(&world, &alice(), &draft, &ValidateWorkflow::default()).unwrap();
        let failed = |level| codes(&report, level) == [FindingCode::ValidatorFailed];
        assert!(failed(ValidationLevel::Structural));
        assert!(failed(ValidationLevel::BusinessRules));
        assert!(failed(ValidationLevel::ExecutionReadiness));
        assert!(!failed(ValidationLevel::Context));
    }
}
