//! UC-011: contexts, the data that nodes of a model share, and who among the nodes may see them.
//!
//! Contexts form a tree per model or run: model → containers → actions → a nested model's
//! containers … Where somebody stands in the tree decides what they may read and change; levels
//! are derived from it and never told by a caller.

pub mod access;
pub mod commands;
pub mod data;
pub mod tree;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::{ContextId, ExecutionId, ModelId, NodeId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::vocabulary::words;

words!(
    /// What a context belongs to.
    ContextNodeType {
        /// A model.
        Model => "model",
        /// A boundary.
        IoNode => "ioNode",
        /// A stage.
        StageNode => "stageNode",
        /// An action that runs a workflow.
        TetherNode => "tetherNode",
        /// An action that reads documentation.
        KbNode => "kbNode",
        /// An action that runs another model.
        FunctionModelContainer => "functionModelContainer",
    }
);
words!(
    /// How far a context is meant to reach.
    ContextScope {
        /// One run.
        Execution => "execution",
        /// The runs of one session.
        Session => "session",
        /// Every run.
        Global => "global",
        /// The node alone; what stands above it may look.
        Isolated => "isolated",
    }
);
words!(
    /// How a property comes down from the context above.
    InheritanceType {
        /// The parent's value wins.
        Inherit => "inherit",
        /// The child's value wins.
        Override => "override",
        /// Objects are merged, the child winning; other values as with `override`.
        Merge => "merge",
    }
);
words!(
    /// What one node may do with the context of another. Each includes those before.
    AccessLevel {
        /// Nothing.
        None => "none",
        /// Look.
        Read => "read",
        /// Change.
        Write => "write",
        /// Run; never granted through contexts.
        Execute => "execute",
    }
);

/// Deepest level of a context; the root is level 0.
pub const MAX_LEVEL: u32 = 10;

/// How one property is inherited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InheritanceRule {
    /// The property, by its top-level name.
    pub property: String,
    /// How.
    #[serde(rename = "type")]
    pub kind: InheritanceType,
    /// Its value when the parent lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub default: Option<Value>,
}

/// An access outside its time window, which somebody needed urgently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EmergencyAccess {
    /// Who looked or changed.
    pub requesting_node_id: NodeId,
    /// Why.
    pub reason: String,
    /// When it began.
    pub granted_at: Instant,
    /// When it ends.
    pub access_until: Instant,
}

/// The context of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeContext {
    /// Its id.
    pub context_id: ContextId,
    /// The model it belongs to.
    pub model_id: ModelId,
    /// The run it belongs to; absent when it is the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// The node.
    pub node_id: NodeId,
    /// What kind of node.
    pub node_type: ContextNodeType,
    /// The node above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_node_id: Option<NodeId>,
    /// Its distance from the root, 0–10.
    pub level: u32,
    /// How far it is meant to reach.
    pub scope: ContextScope,
    /// What is its own.
    pub data: JsonObject,
    /// What comes from above.
    #[serde(default)]
    pub inherited_data: JsonObject,
    /// How properties come from above; those without a rule are inherited.
    #[serde(default)]
    pub inheritance: Vec<InheritanceRule>,
    /// The last access in an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_emergency: Option<EmergencyAccess>,
    /// When it was registered.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

impl NodeContext {
    /// What a reader sees: its own data over, under or merged with the inherited, as the rules say.
    pub fn visible(&self) -> JsonObject {
        data::combine(&self.inherited_data, &self.data, &self.inheritance)
    }

    /// The event of an update, `{eventType, eventVersion, data}`.
    pub fn updated_event(
        &self,
        requesting_node_id: NodeId,
        changed: &[String],
        emergency: bool,
        by: crate::ids::UserId,
        at: Instant,
    ) -> Value {
        let mut data = json!({
            "modelId": self.model_id, "nodeId": self.node_id, "contextId": self.context_id,
            "requestingNodeId": requesting_node_id, "changedProperties": changed,
            "emergency": emergency, "updatedBy": by, "updatedAt": at,
        });
        if let Some(execution_id) = self.execution_id {
            data["executionId"] = json!(execution_id);
        }
        json!({"eventType": "NodeContextUpdated", "eventVersion": 1, "data": data})
    }
}

#[cfg(test)]
pub(crate) mod tests;
