//! UC-010: tries dependencies, looks at all of them, follows them from one container.

use domain::function_model::Act;
use domain::function_model::commands::Dependency;
use domain::ids::{ModelId, NodeId};
use domain::workflow::analysis::{self, DependencyAnalysis, DependencyCheck, Direction, Reach};

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Clock, Extent, Ports};

/// Whether a dependency could be added; adds nothing.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `NODE_NOT_FOUND`.
pub async fn check_dependency(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    dependency: Dependency,
) -> Result<DependencyCheck, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::View).await?;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    Ok(analysis::check_dependency(
        &found.model,
        dependency,
        by,
        now,
    )?)
}

/// The dependencies of a model as a whole: order, levels, longest chain, circles, warnings.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`.
pub async fn analyse_dependencies(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<DependencyAnalysis, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::View).await?;
    Ok(analysis::analyse(&found.model))
}

/// What a container waits for, or what waits for it, directly or not.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `NODE_NOT_FOUND`.
pub async fn reach(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
    direction: Direction,
) -> Result<Reach, UseCaseError> {
    let found = access::load(ports, context, model_id, Extent::Whole, Act::View).await?;
    Ok(analysis::reach(&found.model, node_id, direction)?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal};

    #[test]
    fn dependencies_are_tried_and_nothing_changes() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id);
        let check = |node_id, dependency_id| {
            let edge = Dependency {
                node_id,
                dependency_id,
            };
            world.run(check_dependency(&world, &alice(), draft.model_id, edge))
        };
        assert!(check(draft.output, draft.input).unwrap().allowed);
        let circle = check(draft.stage, draft.output).unwrap();
        assert_eq!(circle.code, Some(Code::CircularDependency));
        assert!(circle.cycle.is_some_and(|cycle| cycle.len() == 3));
        let unknown = NodeId::from_uuid(crate::in_memory::nth_id(9999));
        assert_eq!(
            refusal(check(unknown, draft.input).unwrap_err()),
            Code::NodeNotFound
        );
        assert_eq!(world.stored(draft.model_id), before);
        draft.publish(&world, "1.0.1");
        let frozen = check(draft.output, draft.input).unwrap();
        assert_eq!(frozen.code, Some(Code::ModelPublished));
    }

    #[test]
    fn viewers_look_at_dependencies_and_strangers_find_nothing() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let id = draft.model_id;
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        let asked = world.run(analyse_dependencies(&world, &bob(), id));
        assert_eq!(asked.unwrap_err(), hidden);
        world.let_view(id, &bob());
        let analysis = world.run(analyse_dependencies(&world, &bob(), id)).unwrap();
        assert_eq!(
            analysis.execution_order,
            [draft.input, draft.stage, draft.output]
        );
        let down = Direction::Downstream;
        let reached = world
            .run(reach(&world, &bob(), id, draft.input, down))
            .unwrap();
        assert_eq!(reached.node_ids, [draft.stage, draft.output]);
    }
}
