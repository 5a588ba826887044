//! The contexts of nodes, one tree per model or run.

use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::node_context::NodeContext;
use serde_json::Value;

use super::{PortError, Written};
use crate::context::{Context, StoredAnswer};

/// Which tree is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeId {
    /// The model.
    pub model_id: ModelId,
    /// Its run; absent: the model itself.
    pub execution_id: Option<ExecutionId>,
}

/// A change of a tree. The contexts that were read for it must still be as they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextSave {
    /// Contexts to store, new (revision 0) or changed (with the revision that was read).
    pub put: Vec<NodeContext>,
    /// Nodes whose contexts go.
    pub remove: Vec<NodeId>,
    /// What happened, each `{eventType, eventVersion, data}`.
    pub events: Vec<Value>,
}

/// The contexts, as those may see them who may execute the model.
pub trait Contexts {
    /// A whole tree, roots first.
    async fn find_by_model(
        &self,
        context: &Context,
        tree: TreeId,
    ) -> Result<Vec<NodeContext>, PortError>;

    /// Changes a tree; `IdTaken` when a node has a context already, `Conflict` when what is to be
    /// changed is not as it was read, `Finished` when events come to a run that has ended.
    async fn save(
        &self,
        context: &Context,
        tree: TreeId,
        change: &ContextSave,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;
}
