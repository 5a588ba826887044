//! Changes a container of a model.

use domain::function_model::commands::{ChangeContainerNode, ContainerNodePatch};
use domain::function_model::{Command, ContainerNode, FunctionModel};
use domain::ids::{ModelId, NodeId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Changes fields of a container.
///
/// # Errors
/// Those of access; `NODE_NOT_FOUND`; the value limits; the guards of the model's state;
/// `STATUS_TRANSITION_INVALID`; `Conflict`.
pub async fn change_container_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
    changes: ContainerNodePatch,
    render: impl Fn(&Saved<ContainerNode>) -> StoredAnswer,
) -> Result<Saved<ContainerNode>, UseCaseError> {
    let command = Command::ChangeContainerNode(ChangeContainerNode { node_id, changes });
    let show = |model: &FunctionModel| model.node(node_id).cloned();
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
    use domain::vocabulary::NodeStatus;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, refusal, rendered};

    fn attempt(
        world: &World,
        draft: &Draft,
        node_id: NodeId,
        changes: ContainerNodePatch,
    ) -> Result<Saved<ContainerNode>, UseCaseError> {
        let model_id = draft.model_id;
        world.run(change_container_node(
            world,
            &alice(),
            model_id,
            node_id,
            changes,
            rendered,
        ))
    }

    #[test]
    fn the_changed_fields_are_stored_and_dependencies_stay() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let changes = ContainerNodePatch {
            name: Some("Renamed".into()),
            status: Some(NodeStatus::Active),
            ..ContainerNodePatch::default()
        };
        let saved = attempt(&world, &draft, draft.stage, changes).unwrap();
        let stored = &world.stored(draft.model_id).nodes[&draft.stage];
        assert_eq!(*stored, saved.value);
        assert_eq!(stored.name, "Renamed");
        assert_eq!(stored.dependencies, [draft.input]);
    }

    #[test]
    fn unknown_containers_and_moves_are_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let name = |name: &str| ContainerNodePatch {
            name: Some(name.into()),
            ..ContainerNodePatch::default()
        };
        let unknown = NodeId::from_uuid(crate::in_memory::nth_id(9999));
        let error = attempt(&world, &draft, unknown, name("A")).unwrap_err();
        assert_eq!(refusal(error), Code::NodeNotFound);
        let blank = attempt(&world, &draft, draft.stage, name(" ")).unwrap_err();
        assert_eq!(refusal(blank), Code::NodeNameInvalid);
        let error = ContainerNodePatch {
            status: Some(NodeStatus::Error),
            ..ContainerNodePatch::default()
        };
        let moved = attempt(&world, &draft, draft.stage, error).unwrap_err();
        assert_eq!(refusal(moved), Code::StatusTransitionInvalid);
    }
}
