//! UC-011: lists the contexts that a node may see.

use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::node_context::access::{self as rules, AccessibleContexts, ListedRelation};
use domain::node_context::tree::ContextTree;

use super::access::{refused, tree};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::Ports;

/// What a node may see of the others, at most so many.
///
/// # Errors
/// Those of access; `CONTEXT_NOT_FOUND` when the node has no context.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    execution_id: Option<ExecutionId>,
    requester: NodeId,
    listed: ListedRelation,
    most: usize,
) -> Result<AccessibleContexts, UseCaseError> {
    let (_, contexts) = tree(ports, context, model_id, execution_id).await?;
    let known = ContextTree::of(&contexts);
    rules::list(&known, requester, listed, most).map_err(refused)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::super::register::tests::{family, node};
    use super::*;
    use crate::in_memory::World;
    use crate::testing::alice;

    #[test]
    fn a_node_sees_its_relatives() {
        let world = World::new();
        let draft = family(&world);
        let (who, id, all) = (alice(), draft.model_id, ListedRelation::All);
        let seen = |n| world.run(list(&world, &who, id, None, node(n), all, 2));
        let found = seen(2).unwrap();
        assert_eq!((found.items.len(), found.total_available), (2, 3));
        assert!(found.truncated);
        assert_eq!(found.items[0].node_id, node(1));
        let missing = seen(9).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::ContextNotFound));
    }
}
