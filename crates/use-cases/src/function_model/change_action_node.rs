//! Changes an action of a model.

use domain::function_model::commands::{ActionNodePatch, ChangeActionNode};
use domain::function_model::{ActionNode, Command, FunctionModel};
use domain::ids::{ActionId, ModelId};
use domain::workflow::nesting::NestedModels;

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Changes fields of an action.
///
/// # Errors
/// Those of access; `ACTION_NOT_FOUND`; the value limits; the guards of the model's state;
/// `EXECUTION_ORDER_TAKEN`, `STATUS_TRANSITION_INVALID`; those of nesting; `Conflict`.
pub async fn change_action_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    action_id: ActionId,
    changes: ActionNodePatch,
    render: impl Fn(&Saved<ActionNode>) -> StoredAnswer,
) -> Result<Saved<ActionNode>, UseCaseError> {
    let command = Command::ChangeActionNode(ChangeActionNode {
        action_id,
        changes,
        nested: NestedModels::default(),
    });
    let show = |model: &FunctionModel| model.action(action_id).cloned();
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
    use domain::vocabulary::ExecutionMode;
    use serde_json::json;

    use super::*;
    use crate::function_model::add_action_node;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, nests, object, refusal, rendered};

    fn attempt(
        world: &World,
        draft: &Draft,
        action_id: ActionId,
        changes: ActionNodePatch,
    ) -> Result<Saved<ActionNode>, UseCaseError> {
        let model_id = draft.model_id;
        world.run(change_action_node(
            world,
            &alice(),
            model_id,
            action_id,
            changes,
            rendered,
        ))
    }

    #[test]
    fn each_kind_of_change_has_its_event() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let changes = ActionNodePatch {
            name: Some("Renamed".into()),
            priority: Some(9),
            execution_mode: Some(ExecutionMode::Parallel),
            execution_order: Some(7),
            ..ActionNodePatch::default()
        };
        let saved = attempt(&world, &draft, draft.actions[0], changes).unwrap();
        let stored = world.stored(draft.model_id);
        assert_eq!(stored.action_nodes[&draft.actions[0]], saved.value);
        assert_eq!((saved.value.priority, saved.value.execution_order), (9, 7));
        let mut events = world.event_types(draft.model_id.as_uuid());
        let mut told = events.split_off(events.len() - 4);
        told.sort();
        let expected = [
            "ActionNodeExecutionModeChanged",
            "ActionNodeExecutionOrderChanged",
            "ActionNodeModified",
            "ActionNodePriorityChanged",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_taken_place_and_unknown_actions_are_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let second = || ActionNodePatch {
            execution_order: Some(2),
            ..ActionNodePatch::default()
        };
        let taken = attempt(&world, &draft, draft.actions[0], second()).unwrap_err();
        assert_eq!(refusal(taken), Code::ExecutionOrderTaken);
        let unknown = ActionId::from_uuid(crate::in_memory::nth_id(9999));
        let missing = attempt(&world, &draft, unknown, second()).unwrap_err();
        assert_eq!(refusal(missing), Code::ActionNotFound);
    }

    #[test]
    fn another_nested_model_is_checked_like_a_new_one() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let child = Draft::empty(&world, "Child");
        let add = nests(draft.stage, child.model_id);
        let id = draft.model_id;
        let added = world
            .run(add_action_node(&world, &alice(), id, add, rendered))
            .unwrap();
        let nest = |id: ModelId| ActionNodePatch {
            action_specific_data: Some(object(json!({"nestedModelId": id}))),
            ..ActionNodePatch::default()
        };
        let action_id = added.value.action_id;
        let own = attempt(&world, &draft, action_id, nest(draft.model_id)).unwrap_err();
        assert_eq!(refusal(own), Code::NestingCycle);
        let other = Draft::empty(&world, "Other");
        attempt(&world, &draft, action_id, nest(other.model_id)).unwrap();
    }
}
