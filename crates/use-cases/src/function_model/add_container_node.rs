//! UC-002: adds a container to a model.

use domain::function_model::commands::AddContainerNode;
use domain::function_model::{Command, ContainerNode, FunctionModel};
use domain::ids::{ModelId, NodeId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Ids, Ports};
use crate::writing::Saved;

/// Adds a container; repeated when somebody else saves at the same time.
///
/// # Errors
/// Those of access; the value limits of a container; `MODEL_DELETED`, `MODEL_PUBLISHED`,
/// `MODEL_ARCHIVED`; `NODE_ALREADY_EXISTS`; `MODEL_TOO_LARGE`.
pub async fn add_container_node(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: AddContainerNode,
    render: impl Fn(&Saved<ContainerNode>) -> StoredAnswer,
) -> Result<Saved<ContainerNode>, UseCaseError> {
    let new_id = || NodeId::from_uuid(ports.ids().new_id());
    let node_id = *command.node_id.get_or_insert_with(new_id);
    let command = Command::AddContainerNode(command);
    let show = |model: &FunctionModel| model.node(node_id).cloned();
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
    use crate::testing::{Draft, alice, bob, refusal, rendered, stage};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: AddContainerNode,
    ) -> Result<Saved<ContainerNode>, UseCaseError> {
        world.run(add_container_node(
            world,
            context,
            draft.model_id,
            command,
            rendered,
        ))
    }

    #[test]
    fn a_container_gets_an_identifier_and_is_stored() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let saved = attempt(&world, &alice(), &draft, stage("Check")).unwrap();
        let model = world.stored(draft.model_id);
        assert_eq!(model.nodes[&saved.value.node_id], saved.value);
        assert_eq!((saved.revision, model.revision), (2, 2));
        let events = world.event_types(draft.model_id.as_uuid());
        assert_eq!(events, ["FunctionModelCreated", "ContainerNodeAdded"]);
    }

    #[test]
    fn an_identifier_is_used_once() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let mut command = stage("Check");
        command.node_id = Some(NodeId::from_uuid(crate::in_memory::nth_id(5000)));
        attempt(&world, &alice(), &draft, command.clone()).unwrap();
        let error = attempt(&world, &alice(), &draft, command).unwrap_err();
        assert_eq!(refusal(error), Code::NodeAlreadyExists);
    }

    fn races(world: &World, lost: usize) {
        for _ in 0..lost {
            let kind = PortErrorKind::Conflict {
                current_revision: None,
            };
            world.faults().fail_next("function_models.save", kind);
        }
    }

    #[test]
    fn up_to_three_failures_are_repeated() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        races(&world, 3);
        attempt(&world, &alice(), &draft, stage("Check")).unwrap();
        races(&world, 4);
        let lost = attempt(&world, &alice(), &draft, stage("Pick")).unwrap_err();
        let conflict = |if_match| UseCaseError::Conflict {
            current_revision: None,
            if_match,
        };
        assert_eq!(lost, conflict(false));
        races(&world, 1);
        let mut context = alice();
        context.if_match = Some(2);
        let stale = attempt(&world, &context, &draft, stage("Pick")).unwrap_err();
        assert_eq!(stale, conflict(true));
    }

    #[test]
    fn frozen_models_take_no_container() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.0.1");
        let error = attempt(&world, &alice(), &draft, stage("Late")).unwrap_err();
        assert_eq!(refusal(error), Code::ModelPublished);
        let hidden = attempt(&world, &bob(), &draft, stage("Late")).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }

    #[test]
    fn an_identifier_taken_meanwhile_is_refused() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        world
            .faults()
            .fail_next("function_models.save", PortErrorKind::IdTaken);
        let error = attempt(&world, &alice(), &draft, stage("Check")).unwrap_err();
        assert_eq!(refusal(error), Code::NodeAlreadyExists);
        world
            .faults()
            .fail_next("function_models.save", PortErrorKind::NotFound);
        let gone = attempt(&world, &alice(), &draft, stage("Check")).unwrap_err();
        assert_eq!(gone, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
}
