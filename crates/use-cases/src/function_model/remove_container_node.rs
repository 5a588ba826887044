//! Removes a container of a model, with its actions.

use domain::function_model::{Command, FunctionModel};
use domain::ids::{ModelId, NodeId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Removes a container that no other waits for.
///
/// # Errors
/// Those of access; `NODE_NOT_FOUND`; `NODE_HAS_DEPENDENTS`; the guards of the model's state;
/// `Conflict`.
pub async fn remove_container_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    let command = Command::RemoveContainerNode(node_id);
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
    fn a_container_goes_with_its_actions_once_nobody_waits_for_it() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let attempt = |node| {
            let id = draft.model_id;
            world.run(remove_container_node(&world, &alice(), id, node, rendered))
        };
        let needed = attempt(draft.stage).unwrap_err();
        assert_eq!(refusal(needed), Code::NodeHasDependents);
        attempt(draft.output).unwrap();
        attempt(draft.stage).unwrap();
        let model = world.stored(draft.model_id);
        assert_eq!(model.nodes.keys().collect::<Vec<_>>(), [&draft.input]);
        assert!(model.action_nodes.is_empty());
        assert_eq!(
            refusal(attempt(draft.stage).unwrap_err()),
            Code::NodeNotFound
        );
    }
}
