//! UC-012: says how the actions of a container run.

use domain::function_model::Act;
use domain::ids::{ModelId, NodeId};
use domain::workflow::orchestration::{ContainerPlan, container_plan};

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, Ports};

/// The groups of a container of the working copy, with estimates, needs and warnings.
///
/// # Errors
/// Those of access; `NODE_NOT_FOUND`.
pub async fn execution_plan(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
) -> Result<ContainerPlan, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::View).await?;
    Ok(container_plan(&found.model, node_id)?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use uuid::Uuid;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal};

    #[test]
    fn readers_see_the_plan_of_a_container() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let ask =
            |who: &Context, node| world.run(execution_plan(&world, who, draft.model_id, node));
        let plan = ask(&alice(), draft.stage).unwrap();
        assert_eq!((plan.totals.actions, plan.totals.groups), (2, 1));
        assert!(ask(&alice(), draft.input).unwrap().groups.is_empty());
        let unknown = ask(&alice(), NodeId::from_uuid(Uuid::from_u128(5))).unwrap_err();
        assert_eq!(refusal(unknown), Code::NodeNotFound);
        assert!(ask(&bob(), draft.stage).is_err());
        world.let_view(draft.model_id, &bob());
        assert!(ask(&bob(), draft.stage).is_ok());
    }
}
