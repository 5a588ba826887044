//! Puts the actions of a container into another order.

use domain::function_model::commands::ReorderActions;
use domain::function_model::{ActionNode, Command, FunctionModel};
use domain::ids::{ActionId, ModelId, NodeId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Orders the actions of a container as the list says; answers them in their new order.
///
/// # Errors
/// Those of access; the guards of the model's state; `NODE_NOT_FOUND`; `ACTION_ORDER_INCOMPLETE`;
/// `NOTHING_TO_CHANGE`; `Conflict`.
pub async fn reorder_actions(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
    action_ids: Vec<ActionId>,
    render: impl Fn(&Saved<Vec<ActionNode>>) -> StoredAnswer,
) -> Result<Saved<Vec<ActionNode>>, UseCaseError> {
    let command = Command::ReorderActions(ReorderActions {
        node_id,
        action_ids,
    });
    let show = |model: &FunctionModel| {
        model.node(node_id)?;
        Ok(model.actions_of(node_id).into_iter().cloned().collect())
    };
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

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        action_ids: Vec<ActionId>,
    ) -> Result<Saved<Vec<ActionNode>>, UseCaseError> {
        let (id, node) = (draft.model_id, draft.stage);
        world.run(reorder_actions(
            world, context, id, node, action_ids, rendered,
        ))
    }

    #[test]
    fn actions_take_the_places_of_the_list() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let model = world.stored(draft.model_id);
        let mut ids: Vec<ActionId> = model
            .actions_of(draft.stage)
            .iter()
            .map(|a| a.action_id)
            .collect();
        ids.reverse();
        let saved = attempt(&world, &alice(), &draft, ids.clone()).unwrap();
        let order: Vec<ActionId> = saved.value.iter().map(|a| a.action_id).collect();
        assert_eq!(order, ids);
        let stored = world.stored(draft.model_id);
        assert_eq!(stored.action_nodes[&ids[0]].execution_order, 1);
        let again = attempt(&world, &alice(), &draft, ids.clone()).unwrap_err();
        assert_eq!(refusal(again), Code::NothingToChange);
        ids.pop();
        let short = attempt(&world, &alice(), &draft, ids).unwrap_err();
        assert_eq!(refusal(short), Code::ActionOrderIncomplete);
    }

    #[test]
    fn strangers_find_nothing_and_viewers_may_not() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let hidden = attempt(&world, &bob(), &draft, Vec::new()).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &draft, Vec::new()).unwrap_err();
        let required = "edit".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
    }
}
