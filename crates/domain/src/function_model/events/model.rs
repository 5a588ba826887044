//! Events of the model as a whole.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::function_model::{
    ActionNode, ContainerNode, ModelChanges, ModelName, Permissions, Version,
};
use crate::ids::{LinkId, ModelId, OrganizationId, UserId, ValidationId, VersionId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::vocabulary::{ModelStatus, RepairKind, RiskLevel, ValidationLevel, VersionBump};

/// Data of [`super::Event::FunctionModelCreated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelCreated {
    /// The new model.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its first number.
    pub version: Version,
    /// Who may do what.
    pub permissions: Permissions,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Its metadata.
    #[serde(default)]
    pub metadata: JsonObject,
    /// Settings of agents, taken over from where it was copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_agent_config: Option<JsonObject>,
    /// The model whose structure it took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<ModelId>,
    /// The model it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicated_from: Option<ModelId>,
    /// Its first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// The containers it starts with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<ContainerNode>,
    /// The actions it starts with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub action_nodes: Vec<ActionNode>,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
}

/// Data of [`super::Event::FunctionModelUpdated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelUpdated {
    /// The model.
    pub model_id: ModelId,
    /// New values.
    pub changes: ModelChanges,
    /// Former values.
    pub previous_values: ModelChanges,
    /// Who changed it.
    pub updated_by: UserId,
    /// When.
    pub updated_at: Instant,
}

/// Data of [`super::Event::FunctionModelPublished`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelPublished {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// The number it was published under.
    pub version: Version,
    /// The stored snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// Who published it.
    pub published_by: UserId,
    /// When.
    pub published_at: Instant,
    /// What was said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_notes: Option<String>,
    /// The status before.
    pub previous_status: ModelStatus,
    /// The status now.
    pub current_status: ModelStatus,
    /// What is worth a look.
    #[serde(default)]
    pub validation_warnings: Vec<Finding>,
}

/// Data of [`super::Event::FunctionModelVersionCreated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelVersionCreated {
    /// The model.
    pub model_id: ModelId,
    /// The stored snapshot; absent when the model was only reopened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// The model's name.
    pub name: ModelName,
    /// The number before.
    pub previous_version: Version,
    /// The number now.
    pub new_version: Version,
    /// Which number rose.
    pub version_type: VersionBump,
    /// What was said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_notes: Option<String>,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
}

/// Data of [`super::Event::FunctionModelArchived`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelArchived {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// Its number.
    pub version: Version,
    /// Who archived it.
    pub archived_by: UserId,
    /// When.
    pub archived_at: Instant,
    /// The status before.
    pub previous_status: ModelStatus,
    /// The status now.
    pub current_status: ModelStatus,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How risky it was.
    pub risk_level: RiskLevel,
    /// Links that were removed with it.
    #[serde(default)]
    pub removed_links: Vec<LinkId>,
}

/// Data of [`super::Event::FunctionModelSoftDeleted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelSoftDeleted {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// Its number.
    pub version: Version,
    /// The status it keeps.
    pub status: ModelStatus,
    /// Who deleted it.
    pub deleted_by: UserId,
    /// When.
    pub deleted_at: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when it is kept.
    pub retain_until: Instant,
}

/// Data of [`super::Event::FunctionModelRestored`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelRestored {
    /// The model.
    pub model_id: ModelId,
    /// Who restored it.
    pub restored_by: UserId,
    /// When.
    pub restored_at: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was repaired, in the order of the plan.
    #[serde(default)]
    pub repaired: Vec<RepairKind>,
    /// The status it has again.
    pub status: ModelStatus,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_name: Option<ModelName>,
}

/// Data of [`super::Event::WorkflowValidationCompleted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowValidationCompleted {
    /// The model.
    pub model_id: ModelId,
    /// The validation.
    pub validation_id: ValidationId,
    /// What it looked at.
    pub level: ValidationLevel,
    /// Whether nothing was wrong.
    pub is_valid: bool,
    /// Findings of severity error.
    pub error_count: usize,
    /// Findings of severity warning.
    pub warning_count: usize,
    /// Who asked.
    pub validated_by: UserId,
    /// When.
    pub validated_at: Instant,
}
