//! Removes an action of a model.

use domain::function_model::{Command, FunctionModel};
use domain::ids::{ActionId, ModelId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Removes an action; the others keep their places.
///
/// # Errors
/// Those of access; `ACTION_NOT_FOUND`; the guards of the model's state; `Conflict`.
pub async fn remove_action_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    action_id: ActionId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    let command = Command::RemoveActionNode(action_id);
    let show = |_: &FunctionModel| Ok(());
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
    use crate::testing::{Draft, alice, refusal, rendered};

    #[test]
    fn the_others_keep_their_places() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let attempt = || {
            let (model_id, action_id) = (draft.model_id, draft.actions[0]);
            world.run(remove_action_node(
                &world,
                &alice(),
                model_id,
                action_id,
                rendered,
            ))
        };
        attempt().unwrap();
        let model = world.stored(draft.model_id);
        assert_eq!(model.action_nodes[&draft.actions[1]].execution_order, 2);
        assert_eq!(refusal(attempt().unwrap_err()), Code::ActionNotFound);
    }
}
