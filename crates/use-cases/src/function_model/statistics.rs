//! Figures about a model.

use domain::function_model::Act;
use domain::function_model::statistics::{Statistics, statistics as figures};
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, Ports};

/// The figures of the working copy, with its revision; of models in any status.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`.
pub async fn statistics(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<(Statistics, i64), UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::View).await?;
    Ok((figures(&found.model), found.model.revision))
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn whoever_may_view_gets_figures() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let (figures, _) = world
            .run(statistics(&world, &alice(), draft.model_id))
            .unwrap();
        assert_eq!(
            (figures.container_node_count, figures.action_node_count),
            (3, 2)
        );
        draft.publish(&world, "1.0.1");
        world.let_view(draft.model_id, &bob());
        let (figures, _) = world
            .run(statistics(&world, &bob(), draft.model_id))
            .unwrap();
        assert_eq!(figures.status_breakdown["active"], 5);
    }

    #[test]
    fn strangers_find_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let hidden = world
            .run(statistics(&world, &bob(), draft.model_id))
            .unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
}
