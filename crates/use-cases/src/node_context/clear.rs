//! UC-011: removes the context of a node, and those below it.

use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::node_context::tree::ContextTree;

use super::access::{refusal, tree};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{ContextSave, Contexts, Ports};
use crate::writing::done;

/// Removes a context with what stands below it; where there is none, nothing happens.
///
/// # Errors
/// Those of access.
pub async fn clear(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    execution_id: Option<ExecutionId>,
    node_id: NodeId,
) -> Result<(), UseCaseError> {
    let (tree, contexts) = tree(ports, context, model_id, execution_id).await?;
    let known = ContextTree::of(&contexts);
    if known.get(node_id).is_none() {
        return Ok(());
    }
    let mut remove = known.descendants(node_id);
    remove.push(node_id);
    let change = ContextSave {
        remove,
        ..ContextSave::default()
    };
    let written = ports.contexts().save(context, tree, &change, None).await;
    done(written.map_err(refusal)?)
}

#[cfg(test)]
mod tests {
    use super::super::register::tests::{family, node};
    use super::*;
    use crate::in_memory::World;
    use crate::ports::{PortErrorKind, TreeId};
    use crate::testing::{alice, bob};

    #[test]
    fn a_context_goes_with_those_below() {
        let world = World::new();
        let draft = family(&world);
        let id = draft.model_id;
        let clear_as = |who: &Context, n| world.run(clear(&world, who, id, None, node(n)));
        clear_as(&alice(), 9).unwrap();
        assert!(clear_as(&bob(), 2).is_err());
        world
            .faults()
            .fail_next("contexts.save", PortErrorKind::Forbidden);
        let withdrawn = clear_as(&alice(), 2).unwrap_err();
        assert!(matches!(withdrawn, UseCaseError::Forbidden { .. }));
        clear_as(&alice(), 2).unwrap();
        let tree = TreeId {
            model_id: id,
            execution_id: None,
        };
        let who = alice();
        let left = world
            .run(world.contexts().find_by_model(&who, tree))
            .unwrap();
        let nodes: Vec<NodeId> = left.iter().map(|c| c.node_id).collect();
        assert_eq!(nodes, [node(1), node(4)]);
    }
}
