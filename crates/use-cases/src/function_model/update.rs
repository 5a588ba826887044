//! Changes the name, description, metadata or agent settings of a model.

use domain::function_model::commands::UpdateFunctionModel;
use domain::function_model::{Command, FunctionModel};
use domain::ids::ModelId;

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Changes fields of a model; answers it without what is inside.
///
/// # Errors
/// Those of access; `NOTHING_TO_CHANGE`; the value limits; `MODEL_DELETED`, `MODEL_PUBLISHED`,
/// `MODEL_ARCHIVED`; `MODEL_NAME_TAKEN`; `Conflict`.
pub async fn update(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: UpdateFunctionModel,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    let command = Command::Update(command);
    let show = |model: &FunctionModel| Ok(model.clone());
    change(
        ports,
        context,
        model_id,
        command,
        LostRace::Refuse,
        show,
        render,
    )
    .await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::patch::Patch;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, alice, bob, refusal, rendered, with_key};

    fn renamed(name: &str) -> UpdateFunctionModel {
        UpdateFunctionModel {
            name: Some(name.into()),
            description: Patch::Set("What for".into()),
            ..UpdateFunctionModel::default()
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: UpdateFunctionModel,
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        world.run(update(world, context, draft.model_id, command, rendered))
    }

    #[test]
    fn the_new_values_are_stored_and_the_nodes_stay() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id);
        let saved = attempt(&world, &alice(), &draft, renamed("Renamed")).unwrap();
        assert_eq!(saved.revision, before.revision + 1);
        let after = world.stored(draft.model_id);
        assert_eq!(after.name.to_string(), "Renamed");
        assert_eq!(after.description.as_deref(), Some("What for"));
        assert_eq!(after.nodes, before.nodes);
        let cleared = UpdateFunctionModel {
            description: Patch::Clear,
            ..UpdateFunctionModel::default()
        };
        attempt(&world, &alice(), &draft, cleared).unwrap();
        assert_eq!(world.stored(draft.model_id).description, None);
    }

    #[test]
    fn strangers_find_nothing_and_viewers_may_not() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let hidden = attempt(&world, &bob(), &draft, renamed("Renamed")).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &draft, renamed("Renamed")).unwrap_err();
        let required = "edit".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
    }

    #[test]
    fn a_stale_revision_is_refused_after_the_rules() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let current = world.stored(draft.model_id).revision;
        let mut context = alice();
        context.if_match = Some(current - 1);
        let stale = attempt(&world, &context, &draft, renamed("Renamed")).unwrap_err();
        let conflict = UseCaseError::Conflict {
            current_revision: Some(current),
            if_match: true,
        };
        assert_eq!(stale, conflict);
        let invalid = attempt(&world, &context, &draft, renamed("a")).unwrap_err();
        assert_eq!(refusal(invalid), Code::ModelNameInvalid);
        context.if_match = Some(current);
        attempt(&world, &context, &draft, renamed("Renamed")).unwrap();
    }

    #[test]
    fn a_failure_is_not_repeated() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let raced = PortErrorKind::Conflict {
            current_revision: Some(9),
        };
        world.faults().fail_next("function_models.save", raced);
        let lost = attempt(&world, &alice(), &draft, renamed("Renamed")).unwrap_err();
        let conflict = UseCaseError::Conflict {
            current_revision: Some(9),
            if_match: false,
        };
        assert_eq!(lost, conflict);
    }

    #[test]
    fn nothing_given_is_refused_and_taken_names_too() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let nothing = attempt(&world, &alice(), &draft, UpdateFunctionModel::default());
        assert_eq!(refusal(nothing.unwrap_err()), Code::NothingToChange);
        Draft::empty(&world, "Other");
        let taken = attempt(&world, &alice(), &draft, renamed("Other")).unwrap_err();
        assert_eq!(refusal(taken), Code::ModelNameTaken);
    }

    #[test]
    fn a_deleted_model_is_named_to_those_who_may_restore_it() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_edit(draft.model_id, &bob());
        world.delete(draft.model_id);
        let owner = attempt(&world, &alice(), &draft, renamed("Renamed")).unwrap_err();
        assert_eq!(refusal(owner), Code::ModelDeleted);
        let editor = attempt(&world, &bob(), &draft, renamed("Renamed")).unwrap_err();
        assert_eq!(editor, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }

    #[test]
    fn a_repetition_changes_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &draft, renamed("Renamed")).unwrap();
        let again = attempt(&world, &keyed, &draft, renamed("Renamed")).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
        assert_eq!(world.stored(draft.model_id).revision, first.revision);
    }
}
