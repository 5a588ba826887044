//! Where the nodes stand to each other.

use crate::sorted::{self, SortedMap};

use super::{ContextScope, MAX_LEVEL, NodeContext};
use crate::error::{Code, DomainError};
use crate::ids::NodeId;
use crate::vocabulary::words;

words!(
    /// What a target is, seen from the requester.
    Relation {
        /// It is above.
        Ancestor => "ancestor",
        /// It is below.
        Descendant => "descendant",
        /// It has the same parent.
        Sibling => "sibling",
        /// It stands aside: uncle, nephew, cousin.
        Lateral => "lateral",
        /// It is the requester itself.
        Itself => "self",
        /// It is none of these.
        Unrelated => "unrelated",
    }
);

/// The contexts of one model or run, by node.
#[derive(Clone, Debug, Default)]
pub struct ContextTree<'a> {
    contexts: SortedMap<NodeId, &'a NodeContext>,
}

impl<'a> ContextTree<'a> {
    /// The tree of these contexts.
    pub fn of(contexts: &'a [NodeContext]) -> Self {
        let by_node = contexts.iter().map(|context| (context.node_id, context));
        Self {
            contexts: by_node.collect(),
        }
    }

    /// The context of a node.
    pub fn get(&self, node_id: NodeId) -> Option<&'a NodeContext> {
        self.contexts.get(&node_id).copied()
    }

    /// Every context, by node.
    pub fn iter(&self) -> impl Iterator<Item = &'a NodeContext> {
        self.contexts.values().copied()
    }

    /// Where a new context would stand; answers its level.
    ///
    /// # Errors
    /// `HIERARCHY_CYCLE`, `PARENT_NOT_FOUND`, `HIERARCHY_TOO_DEEP` with the limit,
    /// `CONTEXT_ALREADY_REGISTERED`, in this order.
    pub fn place(&self, node_id: NodeId, parent: Option<NodeId>) -> Result<u32, DomainError> {
        let level = match parent {
            None => 0,
            Some(parent) if parent == node_id => {
                let message = "A node is not its own parent.";
                let cycle = vec![node_id.to_string(), node_id.to_string()];
                return Err(DomainError::new(Code::HierarchyCycle, message).with("cycle", cycle));
            }
            Some(parent) => {
                let Some(above) = self.get(parent) else {
                    let message = "The node above has no context.";
                    return Err(DomainError::new(Code::ParentNotFound, message));
                };
                self.check_no_cycle(node_id, above)?;
                above.level + 1
            }
        };
        if level > MAX_LEVEL {
            let message = format!("Contexts are nested at most {MAX_LEVEL} levels deep.");
            let refusal = DomainError::new(Code::HierarchyTooDeep, message);
            return Err(refusal.with("maxLevel", MAX_LEVEL));
        }
        if self.contexts.contains_key(&node_id) {
            let message = "The node has a context already.";
            return Err(DomainError::new(Code::ContextAlreadyRegistered, message));
        }
        Ok(level)
    }

    fn check_no_cycle(&self, node_id: NodeId, above: &NodeContext) -> Result<(), DomainError> {
        let mut path = vec![node_id.to_string(), above.node_id.to_string()];
        for ancestor in self.ancestors(above.node_id) {
            path.push(ancestor.to_string());
            if ancestor == node_id {
                let message = "The node would stand above itself.";
                return Err(DomainError::new(Code::HierarchyCycle, message).with("cycle", path));
            }
        }
        Ok(())
    }

    /// The node above.
    pub fn parent(&self, node_id: NodeId) -> Option<NodeId> {
        self.get(node_id)?.parent_node_id
    }

    /// The nodes above, the nearest first.
    pub fn ancestors(&self, node_id: NodeId) -> Vec<NodeId> {
        let above = std::iter::successors(self.parent(node_id), |id| self.parent(*id));
        above.take(MAX_LEVEL as usize + 1).collect()
    }

    /// The nodes below, each after the one above it.
    pub fn descendants(&self, node_id: NodeId) -> Vec<NodeId> {
        let mut below: Vec<&NodeContext> = self
            .iter()
            .filter(|context| self.ancestors(context.node_id).contains(&node_id))
            .collect();
        sorted::sort_by_key(&mut below, |context| (context.level, context.node_id));
        below.iter().map(|context| context.node_id).collect()
    }

    /// What the target is, seen from the requester.
    pub fn relation(&self, requester: NodeId, target: NodeId) -> Relation {
        if requester == target {
            return Relation::Itself;
        }
        let (above, above_target) = (self.ancestors(requester), self.ancestors(target));
        if above_target.contains(&requester) {
            return Relation::Descendant;
        }
        if above.contains(&target) {
            return Relation::Ancestor;
        }
        match (above.first(), above_target.first()) {
            (Some(parent), Some(other)) if parent == other => Relation::Sibling,
            // Uncles of any degree: the parent of the target stands above the requester.
            (_, Some(other)) if above.contains(other) => Relation::Lateral,
            // Nephews: the target's grandparent is the requester's parent. Cousins: the two have
            // a grandparent in common.
            (Some(parent), _) if above_target.get(1) == Some(parent) => Relation::Lateral,
            _ if above.len() > 1 && above.get(1) == above_target.get(1) => Relation::Lateral,
            _ => Relation::Unrelated,
        }
    }

    /// Whether a context shows itself to others than what stands above it.
    pub(super) fn is_isolated(context: &NodeContext) -> bool {
        context.scope == ContextScope::Isolated
    }
}
