//! What happened to a model. The JSON of these events is kept for years: it is a contract.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::changes::{ActionChanges, ContainerChanges, ModelChanges};
use super::{ActionNode, ContainerNode, ModelName, Permissions, RetryPolicy, Version};
use crate::error::{Code, DomainError};
use crate::finding::Finding;
use crate::ids::{ActionId, ModelId, NodeId, OrganizationId, UserId, ValidationId, VersionId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::vocabulary::{
    ActionNodeType, ActionStatus, ContainerNodeType, ExecutionMode, ModelStatus, ValidationLevel,
    VersionBump,
};

/// The version of the events' JSON.
pub const EVENT_VERSION: u32 = 1;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// Something that happened to a model.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "eventType", content = "data")]
        #[expect(clippy::large_enum_variant, reason = "events live in short lists")]
        pub enum Event {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Event {
            /// The type on the wire.
            pub const fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($variant),)* }
            }

            /// The model it happened to.
            pub const fn model_id(&self) -> ModelId {
                match self { $(Self::$variant(event) => event.model_id,)* }
            }
        }

        $(
            impl From<$variant> for Event {
                fn from(event: $variant) -> Self {
                    Self::$variant(event)
                }
            }
        )*
    };
}

events! {
    /// The model came into being.
    FunctionModelCreated,
    /// Fields of the model changed.
    FunctionModelUpdated,
    /// The model was published.
    FunctionModelPublished,
    /// A number was issued.
    FunctionModelVersionCreated,
    /// A container came.
    ContainerNodeAdded,
    /// Fields of a container changed.
    ContainerNodeModified,
    /// A container went, with its actions.
    ContainerNodeRemoved,
    /// A container waits for another.
    NodeDependencyAdded,
    /// A container waits no longer.
    NodeDependencyRemoved,
    /// An action came.
    ActionNodeAdded,
    /// Fields of an action changed.
    ActionNodeModified,
    /// An action went.
    ActionNodeRemoved,
    /// An action moved among its neighbours.
    ActionNodeExecutionOrderChanged,
    /// An action runs differently beside its neighbours.
    ActionNodeExecutionModeChanged,
    /// An action became more or less urgent.
    ActionNodePriorityChanged,
    /// An action is retried differently.
    ActionNodeRetryPolicyUpdated,
    /// An action has another status.
    ActionNodeStatusChanged,
    /// The model was validated.
    WorkflowValidationCompleted,
}

impl Event {
    /// The event as commands to the database carry it: `{eventType, eventVersion, data}`.
    pub fn to_json(&self) -> Value {
        let mut json = match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            _ => Map::new(),
        };
        json.insert("eventVersion".to_owned(), EVENT_VERSION.into());
        Value::Object(json)
    }

    /// Reads an event of the log.
    ///
    /// # Errors
    /// `EVENT_SCHEMA_INVALID` for an unknown version or type, and data that does not fit it.
    pub fn from_json(json: &Value) -> Result<Self, DomainError> {
        let version = json.get("eventVersion").and_then(Value::as_u64);
        if version != Some(u64::from(EVENT_VERSION)) {
            let message = "The event is of an unknown version.";
            return Err(DomainError::new(Code::EventSchemaInvalid, message));
        }
        Self::deserialize(json).map_err(|error| {
            DomainError::new(
                Code::EventSchemaInvalid,
                format!("The event is malformed: {error}"),
            )
        })
    }
}

/// Data of [`Event::FunctionModelCreated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::FunctionModelUpdated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::FunctionModelPublished`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionModelPublished {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// The number it was published under.
    pub version: Version,
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

/// Data of [`Event::FunctionModelVersionCreated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ContainerNodeAdded`]: the whole container, and who added it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ContainerNodeModified`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ContainerNodeRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::NodeDependencyAdded`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::NodeDependencyRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeAdded`]: the whole action, and who added it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeModified`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeRemoved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeExecutionOrderChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeExecutionModeChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodePriorityChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeRetryPolicyUpdated`]; an absent policy means none of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::ActionNodeStatusChanged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Data of [`Event::WorkflowValidationCompleted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests;
