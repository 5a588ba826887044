//! UC-003: adds an action to a stage of a model.

use domain::function_model::commands::AddActionNode;
use domain::function_model::{ActionNode, Command, FunctionModel};
use domain::ids::{ActionId, ModelId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Ids, Ports};
use crate::writing::Saved;

/// Adds an action; repeated when somebody else saves at the same time.
///
/// # Errors
/// Those of access; the value limits of an action; the guards of the model's state;
/// `NODE_NOT_FOUND`, `PARENT_NOT_A_STAGE`, `EXECUTION_ORDER_TAKEN`, `ACTION_ALREADY_EXISTS`,
/// `MODEL_TOO_LARGE`; for a nested model `NESTING_CYCLE`, `NESTING_TOO_DEEP`,
/// `NESTED_MODEL_UNAVAILABLE`.
pub async fn add_action_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: AddActionNode,
    render: impl Fn(&Saved<ActionNode>) -> StoredAnswer,
) -> Result<Saved<ActionNode>, UseCaseError> {
    let new_id = || ActionId::from_uuid(ports.ids().new_id());
    let action_id = *command.action_id.get_or_insert_with(new_id);
    let command = Command::AddActionNode(command);
    let show = |model: &FunctionModel| model.action(action_id).cloned();
    change(
        ports,
        context,
        model_id,
        command,
        LostRace::Repeat,
        show,
        render,
    )
    .await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, alice, bob, nests, refusal, rendered, tether};

    fn attempt(
        world: &World,
        model_id: ModelId,
        command: AddActionNode,
    ) -> Result<Saved<ActionNode>, UseCaseError> {
        world.run(add_action_node(
            world,
            &alice(),
            model_id,
            command,
            rendered,
        ))
    }

    #[test]
    fn an_action_goes_behind_the_others_of_its_stage() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let command = tether(draft.stage, "Third");
        let saved = attempt(&world, draft.model_id, command).unwrap();
        assert_eq!(saved.value.execution_order, 3);
        let stored = world.stored(draft.model_id);
        assert_eq!(stored.action_nodes[&saved.value.action_id], saved.value);
    }

    #[test]
    fn only_stages_take_actions() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let error = attempt(&world, draft.model_id, tether(draft.input, "A")).unwrap_err();
        assert_eq!(refusal(error), Code::ParentNotAStage);
    }

    #[test]
    fn a_place_or_identifier_taken_meanwhile_is_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let add = || attempt(&world, draft.model_id, tether(draft.stage, "A")).unwrap_err();
        world
            .faults()
            .fail_next("function_models.save", PortErrorKind::IdTaken);
        assert_eq!(refusal(add()), Code::ActionAlreadyExists);
        world
            .faults()
            .fail_next("function_models.save", PortErrorKind::OrderTaken);
        assert_eq!(refusal(add()), Code::ExecutionOrderTaken);
    }

    #[test]
    fn a_nested_model_must_be_there_for_the_caller() {
        let world = World::new();
        let parent = Draft::order_to_cash(&world);
        let child = Draft::empty(&world, "Child");
        let add = |nested| attempt(&world, parent.model_id, nests(parent.stage, nested));
        add(child.model_id).unwrap();
        let foreign = Draft::empty_of(&world, &bob(), "Foreign");
        let hidden = add(foreign.model_id).unwrap_err();
        assert_eq!(refusal(hidden), Code::NestedModelUnavailable);
        world.delete(child.model_id);
        let deleted = add(child.model_id).unwrap_err();
        assert_eq!(refusal(deleted), Code::NestedModelUnavailable);
    }

    #[test]
    fn models_do_not_nest_themselves() {
        let world = World::new();
        let parent = Draft::order_to_cash(&world);
        let own = nests(parent.stage, parent.model_id);
        let direct = attempt(&world, parent.model_id, own).unwrap_err();
        assert_eq!(refusal(direct), Code::NestingCycle);
        let child = Draft::staged(&world, "Child");
        attempt(&world, child.model_id, nests(child.stage, parent.model_id)).unwrap();
        let around = nests(parent.stage, child.model_id);
        let error = attempt(&world, parent.model_id, around).unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        assert_eq!(error.code, Code::NestingCycle);
        assert_eq!(error.data["path"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn models_nest_ten_deep_at_most() {
        let world = World::new();
        let mut below = Draft::staged(&world, "Bottom");
        for level in 1..=10 {
            let above = Draft::staged(&world, &format!("Level {level}"));
            attempt(&world, above.model_id, nests(above.stage, below.model_id)).unwrap();
            below = above;
        }
        let top = Draft::staged(&world, "Top");
        let command = nests(top.stage, below.model_id);
        let error = attempt(&world, top.model_id, command).unwrap_err();
        assert_eq!(refusal(error), Code::NestingTooDeep);
    }
}
