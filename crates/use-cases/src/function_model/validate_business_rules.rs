//! UC-024: looks at the business rules of a model, or of one of its snapshots.

use domain::business_rules::{RulesReport, Stage, ValidateBusinessRules, report};
use domain::error::Code;
use domain::function_model::Event;
use domain::function_model::events::WorkflowValidationCompleted;
use domain::ids::{ModelId, ValidationId};
use domain::vocabulary::ValidationLevel;

use super::snapshots;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Clock, FunctionModels, Ids, Ports};
use crate::writing::failure;

/// Looks at the business rules of the working copy, or of the snapshot the command names. A model
/// that breaks some is no error.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `VERSION_NOT_FOUND`.
pub async fn validate_business_rules(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &ValidateBusinessRules,
) -> Result<RulesReport, UseCaseError> {
    let number = command.version_number.as_deref();
    let (found, model) = snapshots::load(ports, context, model_id, number).await?;
    let published = match &found.published {
        Some(version) => snapshots::read(ports, context, &found, &version.version_number).await?,
        None => None,
    };
    let stage = command.stage.unwrap_or(Stage::Publication);
    let report = report(&model, stage, published.as_ref());
    let event = Event::from(WorkflowValidationCompleted {
        model_id,
        validation_id: ValidationId::from_uuid(ports.ids().new_id()),
        level: ValidationLevel::BusinessRules,
        is_valid: report.is_valid,
        error_count: report.totals.errors,
        warning_count: report.totals.warnings,
        validated_by: context.actor.user_id,
        validated_at: ports.clock().instant(),
    });
    let models = ports.function_models();
    let recorded = models
        .record_events(context, model_id, vec![event.to_json()])
        .await;
    recorded.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use domain::business_rules::RulesStatus;
    use domain::finding::FindingCode;

    use super::*;
    use crate::function_model::remove_action_node;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, rendered};

    fn attempt(
        world: &World,
        who: &Context,
        draft: &Draft,
        stage: Option<Stage>,
        number: Option<&str>,
    ) -> Result<RulesReport, UseCaseError> {
        let command = ValidateBusinessRules {
            stage,
            version_number: number.map(str::to_owned),
        };
        world.run(validate_business_rules(
            world,
            who,
            draft.model_id,
            &command,
        ))
    }

    #[test]
    fn the_stage_decides_how_bad_a_missing_boundary_is() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let strict = attempt(&world, &alice(), &draft, None, None).unwrap();
        assert_eq!((strict.totals.errors, strict.is_valid), (2, false));
        assert_eq!(strict.final_status, RulesStatus::ValidationBlocked);
        let loose = attempt(&world, &alice(), &draft, Some(Stage::DraftEdit), None).unwrap();
        assert_eq!((loose.totals.errors, loose.is_valid), (0, true));
        let events = world.event_types(draft.model_id.as_uuid());
        let told = events
            .iter()
            .filter(|event| *event == "WorkflowValidationCompleted");
        assert_eq!(told.count(), 2);
    }

    #[test]
    fn snapshots_and_viewers_are_served_and_strangers_not() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let first = attempt(&world, &alice(), &draft, None, Some("1.0.0")).unwrap();
        assert!(!first.is_valid, "the first snapshot is empty");
        let codes: Vec<FindingCode> = first.findings.iter().map(|f| f.code).collect();
        assert!(
            codes.contains(&FindingCode::StructureChangedWithoutBump),
            "{codes:?}"
        );
        let second = attempt(&world, &alice(), &draft, None, Some("1.0.1")).unwrap();
        assert!(second.is_valid);
        let missing = attempt(&world, &alice(), &draft, None, Some("3.0.0")).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::VersionNotFound));
        let hidden = attempt(&world, &bob(), &draft, None, None).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        assert!(attempt(&world, &bob(), &draft, None, None).is_ok());
        let action = *world
            .stored(draft.model_id)
            .action_nodes
            .keys()
            .next()
            .unwrap();
        let (id, who) = (draft.model_id, alice());
        let frozen = world.run(remove_action_node(&world, &who, id, action, rendered));
        assert!(frozen.is_err());
    }
}
