//! What changed in a model, a container or an action: the fields with their new values.
//!
//! Events carry such changes twice, once with the new and once with the former values.

use crate::sorted::SortedMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{
    ActionKind, ActionNode, ContainerKind, ContainerNode, FunctionModel, ModelName, Permissions,
    Position, Raci,
};
use crate::ids::{ActionId, NodeId};
use crate::limits::JsonObject;
use crate::patch::Patch;
use crate::vocabulary::{
    ActionNodeType, ContainerNodeType, ExecutionMode, ModelStatus, NodeStatus,
};

/// Changed fields of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ModelChanges {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ModelName>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// The metadata as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// The settings of agents.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub ai_agent_config: Patch<JsonObject>,
    /// The permissions as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ModelStatus>,
    /// Containers as they are from now on, when a snapshot was taken up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<ContainerNode>,
    /// Containers that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_nodes: Vec<NodeId>,
    /// Actions as they are from now on, when a snapshot was taken up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub action_nodes: Vec<ActionNode>,
    /// Actions that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_action_nodes: Vec<ActionId>,
}

impl ModelChanges {
    /// The present values of the fields that these changes touch.
    pub fn previous(&self, model: &FunctionModel) -> Self {
        let touched = self.nodes.iter().map(|node| node.node_id);
        let (nodes, removed_nodes) = parted(
            touched.chain(self.removed_nodes.iter().copied()),
            &model.nodes,
        );
        let touched = self.action_nodes.iter().map(|action| action.action_id);
        let (action_nodes, removed_action_nodes) = parted(
            touched.chain(self.removed_action_nodes.iter().copied()),
            &model.action_nodes,
        );
        Self {
            nodes,
            removed_nodes,
            action_nodes,
            removed_action_nodes,
            name: self.name.as_ref().map(|_| model.name.clone()),
            description: former(&self.description, &model.description),
            metadata: self.metadata.as_ref().map(|_| model.metadata.clone()),
            ai_agent_config: former(&self.ai_agent_config, &model.ai_agent_config),
            permissions: self.permissions.as_ref().map(|_| model.permissions.clone()),
            status: self.status.map(|_| model.status),
        }
    }

    pub(super) fn apply(&self, model: &mut FunctionModel) {
        set(&mut model.name, &self.name);
        change(&mut model.description, &self.description);
        set(&mut model.metadata, &self.metadata);
        change(&mut model.ai_agent_config, &self.ai_agent_config);
        set(&mut model.status, &self.status);
        if let Some(permissions) = &self.permissions {
            model.user_id = permissions.owner;
            model.permissions = permissions.clone();
        }
        for id in &self.removed_action_nodes {
            model.action_nodes.remove(id);
        }
        for id in &self.removed_nodes {
            model.nodes.remove(id);
        }
        for node in &self.nodes {
            model.nodes.insert(node.node_id, node.clone());
        }
        for action in &self.action_nodes {
            model.action_nodes.insert(action.action_id, action.clone());
        }
    }
}

/// Changed fields of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerChanges {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// The position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The fields of its type, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_specific_data: Option<ContainerData>,
    /// How it is meant to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_type: Option<ExecutionMode>,
    /// The time limit in milliseconds.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub timeout_ms: Patch<u64>,
    /// The metadata as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// The data for drawing, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visual_properties: Option<JsonObject>,
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<NodeStatus>,
}

impl ContainerChanges {
    /// The present values of the fields that these changes touch.
    pub fn previous(&self, node: &ContainerNode) -> Self {
        let data = || ContainerData(node.kind.clone());
        Self {
            name: self.name.as_ref().map(|_| node.name.clone()),
            description: former(&self.description, &node.description),
            position: self.position.map(|_| node.position),
            type_specific_data: self.type_specific_data.as_ref().map(|_| data()),
            execution_type: self.execution_type.map(|_| node.execution_type),
            timeout_ms: former(&self.timeout_ms, &node.timeout_ms),
            metadata: self.metadata.as_ref().map(|_| node.metadata.clone()),
            visual_properties: self
                .visual_properties
                .as_ref()
                .map(|_| node.visual_properties.clone()),
            status: self.status.map(|_| node.status),
        }
    }

    pub(super) fn apply(&self, node: &mut ContainerNode) {
        set(&mut node.name, &self.name);
        change(&mut node.description, &self.description);
        set(&mut node.position, &self.position);
        if let Some(data) = &self.type_specific_data {
            node.kind = data.0.clone();
        }
        set(&mut node.execution_type, &self.execution_type);
        change(&mut node.timeout_ms, &self.timeout_ms);
        set(&mut node.metadata, &self.metadata);
        set(&mut node.visual_properties, &self.visual_properties);
        set(&mut node.status, &self.status);
    }
}

/// Changed fields of an action that have no event of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ActionChanges {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// The estimated minutes.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub estimated_duration_minutes: Patch<f64>,
    /// Who is responsible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raci: Option<Raci>,
    /// The fields of its type, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_specific_data: Option<ActionData>,
    /// The metadata as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
}

impl ActionChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The present values of the fields that these changes touch.
    pub fn previous(&self, action: &ActionNode) -> Self {
        let data = || ActionData(action.kind.clone());
        let estimate = &self.estimated_duration_minutes;
        Self {
            name: self.name.as_ref().map(|_| action.name.clone()),
            description: former(&self.description, &action.description),
            estimated_duration_minutes: former(estimate, &action.estimated_duration_minutes),
            raci: self.raci.as_ref().map(|_| action.raci.clone()),
            action_specific_data: self.action_specific_data.as_ref().map(|_| data()),
            metadata: self.metadata.as_ref().map(|_| action.metadata.clone()),
        }
    }

    pub(super) fn apply(&self, action: &mut ActionNode) {
        let estimate = &mut action.estimated_duration_minutes;
        change(estimate, &self.estimated_duration_minutes);
        set(&mut action.name, &self.name);
        change(&mut action.description, &self.description);
        set(&mut action.raci, &self.raci);
        if let Some(data) = &self.action_specific_data {
            action.kind = data.0.clone();
        }
        set(&mut action.metadata, &self.metadata);
    }
}

/// What stands under these keys, and the keys under which nothing stands.
fn parted<K: Ord + Copy, V: Clone>(
    keys: impl Iterator<Item = K>,
    map: &SortedMap<K, V>,
) -> (Vec<V>, Vec<K>) {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for key in keys {
        match map.get(&key) {
            Some(value) => there.push(value.clone()),
            None => missing.push(key),
        }
    }
    (there, missing)
}

fn former<T: Clone>(patch: &Patch<T>, value: &Option<T>) -> Patch<T> {
    match patch {
        Patch::Keep => Patch::Keep,
        Patch::Clear | Patch::Set(_) => Patch::to(value.clone()),
    }
}

fn set<T: Clone>(field: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn change<T: Clone>(field: &mut Option<T>, patch: &Patch<T>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = None,
        Patch::Set(value) => *field = Some(value.clone()),
    }
}

/// The fields of a container's type without the name of the type, which never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerData(pub ContainerKind);

impl Serialize for ContainerData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_data().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ContainerData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = JsonObject::deserialize(deserializer)?;
        let node_type = if data.contains_key("boundaryType") {
            ContainerNodeType::IoNode
        } else {
            ContainerNodeType::StageNode
        };
        ContainerKind::from_data(node_type, Value::Object(data))
            .map(Self)
            .map_err(de::Error::custom)
    }
}

/// The fields of an action's type without the name of the type, which never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionData(pub ActionKind);

impl Serialize for ActionData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_data().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ActionData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = JsonObject::deserialize(deserializer)?;
        let action_type = if data.contains_key("tetherReferenceId") {
            ActionNodeType::TetherNode
        } else if data.contains_key("kbReferenceId") {
            ActionNodeType::KbNode
        } else {
            ActionNodeType::FunctionModelContainer
        };
        ActionKind::from_data(action_type, Value::Object(data))
            .map(Self)
            .map_err(de::Error::custom)
    }
}
