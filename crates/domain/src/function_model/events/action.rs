//! Events of actions.

use serde::{Deserialize, Serialize};

use crate::function_model::{ActionChanges, ActionNode, RetryPolicy};
use crate::ids::{ActionId, ModelId, NodeId, UserId};
use crate::instant::Instant;
use crate::vocabulary::{ActionNodeType, ActionStatus, ExecutionMode};

/// Data of [`super::Event::ActionNodeAdded`]: the whole action, and who added it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeAdded {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    #[serde(flatten)]
    pub action: ActionNode,
    /// Who added it.
    pub added_by: UserId,
    /// When.
    pub added_at: Instant,
}

/// Data of [`super::Event::ActionNodeModified`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeModified {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// New values.
    pub changes: ActionChanges,
    /// Former values.
    pub previous_values: ActionChanges,
    /// Who changed it.
    pub modified_by: UserId,
    /// When.
    pub modified_at: Instant,
}

/// Data of [`super::Event::ActionNodeRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeRemoved {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// The stage it belonged to.
    pub parent_node_id: NodeId,
    /// Its type.
    pub action_type: ActionNodeType,
    /// Its name.
    pub name: String,
    /// Who removed it.
    pub removed_by: UserId,
    /// When.
    pub removed_at: Instant,
}

/// Data of [`super::Event::ActionNodeExecutionOrderChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeExecutionOrderChanged {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// Its place before.
    pub old_order: u32,
    /// Its place now.
    pub new_order: u32,
    /// Who moved it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

/// Data of [`super::Event::ActionNodeExecutionModeChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeExecutionModeChanged {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// How it ran.
    pub old_mode: ExecutionMode,
    /// How it runs.
    pub new_mode: ExecutionMode,
    /// Who changed it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

/// Data of [`super::Event::ActionNodePriorityChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodePriorityChanged {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// Its priority before.
    pub old_priority: u8,
    /// Its priority now.
    pub new_priority: u8,
    /// Who changed it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

/// Data of [`super::Event::ActionNodeRetryPolicyUpdated`]; an absent policy means none of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeRetryPolicyUpdated {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// Its policy now.
    #[serde(default)]
    pub retry_policy: Option<RetryPolicy>,
    /// Its policy before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_retry_policy: Option<RetryPolicy>,
    /// Who changed it.
    pub updated_by: UserId,
    /// When.
    pub updated_at: Instant,
}

/// Data of [`super::Event::ActionNodeStatusChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNodeStatusChanged {
    /// The model.
    pub model_id: ModelId,
    /// The action.
    pub action_id: ActionId,
    /// Its name.
    pub action_name: String,
    /// Its status before.
    pub previous_status: ActionStatus,
    /// Its status now.
    pub current_status: ActionStatus,
    /// Who changed it.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
