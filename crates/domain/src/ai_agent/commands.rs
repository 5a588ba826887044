//! The commands that configure an agent.

use serde::{Deserialize, Serialize};

use super::agent::{Capabilities, Tools};
use crate::ids::{EntityId, OrganizationId};
use crate::patch::Patch;
use crate::vocabulary::FeatureType;

/// Register an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterAgent {
    /// The feature of what it serves.
    pub feature_type: FeatureType,
    /// What it serves; the model, for models.
    pub entity_id: EntityId,
    /// The node it is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<EntityId>,
    /// For other features than models: the organization whose members see the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// 1–100 characters, unique among the enabled agents of the entity.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub name: String,
    /// At most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Option<String>,
    /// What it is told before every task, 1–10 000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 10000)))]
    pub instructions: String,
    /// What it may use.
    pub tools: Tools,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether it takes tasks; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

/// Change an agent; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChangeAgent {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub name: Option<String>,
    /// The description; null removes it.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Patch<String>,
    /// The instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 10000)))]
    pub instructions: Option<String>,
    /// The node it is attached to; null attaches it to the whole.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub node_id: Patch<EntityId>,
    /// The tools as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Tools>,
    /// The capabilities as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
}
