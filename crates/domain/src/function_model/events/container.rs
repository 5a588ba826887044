//! Events of containers and of the dependencies between them.

use serde::{Deserialize, Serialize};

use crate::function_model::{ContainerChanges, ContainerNode};
use crate::ids::{ActionId, ModelId, NodeId, UserId};
use crate::instant::Instant;
use crate::vocabulary::ContainerNodeType;

/// Data of [`super::Event::ContainerNodeAdded`]: the whole container, and who added it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerNodeAdded {
    /// The model.
    pub model_id: ModelId,
    /// The container.
    #[serde(flatten)]
    pub node: ContainerNode,
    /// Who added it.
    pub added_by: UserId,
    /// When.
    pub added_at: Instant,
}

/// Data of [`super::Event::ContainerNodeModified`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerNodeModified {
    /// The model.
    pub model_id: ModelId,
    /// The container.
    pub node_id: NodeId,
    /// New values.
    pub changes: ContainerChanges,
    /// Former values.
    pub previous_values: ContainerChanges,
    /// Who changed it.
    pub modified_by: UserId,
    /// When.
    pub modified_at: Instant,
}

/// Data of [`super::Event::ContainerNodeRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerNodeRemoved {
    /// The model.
    pub model_id: ModelId,
    /// The container.
    pub node_id: NodeId,
    /// Its type.
    pub node_type: ContainerNodeType,
    /// Its name.
    pub name: String,
    /// The actions that went with it.
    pub cascaded_actions: Vec<ActionId>,
    /// Who removed it.
    pub removed_by: UserId,
    /// When.
    pub removed_at: Instant,
}

/// Data of [`super::Event::NodeDependencyAdded`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeDependencyAdded {
    /// The model.
    pub model_id: ModelId,
    /// The container that waits.
    pub node_id: NodeId,
    /// The container it waits for.
    pub dependency_id: NodeId,
    /// Who joined them.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}

/// Data of [`super::Event::NodeDependencyRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeDependencyRemoved {
    /// The model.
    pub model_id: ModelId,
    /// The container that waited.
    pub node_id: NodeId,
    /// The container it waited for.
    pub dependency_id: NodeId,
    /// Who parted them.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Instant,
}
