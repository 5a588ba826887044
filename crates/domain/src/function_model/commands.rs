//! What may be asked of a model. Values stand here as they were sent; `decide` checks them.
//!
//! The structs with `deny_unknown_fields` are bodies of requests; identifiers that stand in the
//! address of a request, and facts that a use case gathers, are marked `skip`.

mod lifecycle;

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use super::node::MAX_TIMEOUT_MS;
use super::{FunctionModel, PermissionLists, Permissions, RawPosition, RawRaci, RawRetryPolicy};
use crate::ids::{ActionId, ModelId, NodeId, OrganizationId, VersionId};
use crate::limits::JsonObject;
#[cfg(feature = "schema")]
use crate::limits::{MODEL_DEPENDENCIES, MODEL_NODES};
use crate::patch::Patch;
use crate::vocabulary::{
    ActionNodeType, ActionStatus, ContainerNodeType, ExecutionMode, NodeStatus, ValidationLevel,
};
use crate::workflow::nesting::NestedModels;

pub use lifecycle::{
    ArchiveFunctionModel, CreateModelVersion, DuplicateFunctionModel, RestoreFunctionModel,
    SoftDeleteFunctionModel,
};

/// A change of a model that exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Change its fields.
    Update(UpdateFunctionModel),
    /// Change who may do what.
    ChangePermissions(ChangePermissions),
    /// Add a container.
    AddContainerNode(AddContainerNode),
    /// Change a container.
    ChangeContainerNode(ChangeContainerNode),
    /// Remove a container with its actions.
    RemoveContainerNode(NodeId),
    /// Let a container wait for another.
    AddDependency(Dependency),
    /// Let it wait no longer.
    RemoveDependency(Dependency),
    /// Add an action.
    AddActionNode(AddActionNode),
    /// Change an action.
    ChangeActionNode(ChangeActionNode),
    /// Remove an action.
    RemoveActionNode(ActionId),
    /// Put the actions of a container into another order.
    ReorderActions(ReorderActions),
    /// Change many parts at once, all or none.
    EditStructure(EditStructure),
    /// Publish the model.
    Publish(PublishFunctionModel),
    /// Issue a number.
    CreateVersion(CreateModelVersion),
    /// Give the working copy the content of a snapshot, which is the model given.
    RestoreVersion(Box<FunctionModel>),
}

/// Create a model; the body of UC-001.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFunctionModel {
    /// Its name.
    pub name: String,
    /// What it is for, at most 5000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 5000)))]
    pub description: Option<String>,
    /// A model whose structure it takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<ModelId>,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Free data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// The six lists; the owner is the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<PermissionLists>,
}

/// Change fields of a model; at least one is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateFunctionModel {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(length(max = 5000)))]
    pub description: Patch<String>,
    /// The metadata as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// The settings of agents as a whole.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub ai_agent_config: Patch<JsonObject>,
}

/// Replace the permissions of a model; also allowed when it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePermissions {
    /// The permissions as a whole.
    pub permissions: Permissions,
    /// Whether the caller is owner or admin of the model's organization.
    pub by_org_admin: bool,
}

/// Add a container; the body of UC-002.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddContainerNode {
    /// Its identifier; the use case makes one when the request gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// Its type.
    #[cfg_attr(
        feature = "schema",
        schemars(flatten, with = "crate::schema::given::GivenContainer")
    )]
    pub node_type: ContainerNodeType,
    /// Its name, 1–200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: String,
    /// Where it stands, 0–10 000 each.
    pub position: RawPosition,
    /// What it is for, at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Option<String>,
    /// The fields of its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub type_specific_data: Option<JsonObject>,
    /// How it is meant to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_type: Option<ExecutionMode>,
    /// Its time limit in milliseconds, 0–86 400 000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MAX_TIMEOUT_MS)))]
    pub timeout_ms: Option<i64>,
    /// Free data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// Free data for drawing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visual_properties: Option<JsonObject>,
    /// How many containers and actions the model has besides those that were read; gathered by the
    /// use case.
    #[serde(skip)]
    pub besides: usize,
}

/// Change a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeContainerNode {
    /// The container.
    pub node_id: NodeId,
    /// What changes.
    pub changes: ContainerNodePatch,
}

/// The body of a change of a container; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContainerNodePatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Patch<String>,
    /// The position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<RawPosition>,
    /// Fields of its type, merged field by field; `null` removes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::GivenContainerData>")
    )]
    pub type_specific_data: Option<JsonObject>,
    /// How it is meant to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_type: Option<ExecutionMode>,
    /// The time limit in milliseconds.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MAX_TIMEOUT_MS)))]
    pub timeout_ms: Patch<i64>,
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

/// One container waiting for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dependency {
    /// The container that waits.
    pub node_id: NodeId,
    /// The container it waits for.
    pub dependency_id: NodeId,
}

/// Add an action; the body of UC-003.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddActionNode {
    /// Its identifier; the use case makes one when the request gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// The stage it belongs to.
    pub parent_node_id: NodeId,
    /// Its type.
    #[cfg_attr(
        feature = "schema",
        schemars(flatten, with = "crate::schema::given::GivenAction")
    )]
    pub action_type: ActionNodeType,
    /// Its name, 1–200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: String,
    /// The fields of its type.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub action_specific_data: JsonObject,
    /// What it is for, at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Option<String>,
    /// How it runs beside its neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<ExecutionMode>,
    /// Its place in the stage, from 1; the last one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub execution_order: Option<i64>,
    /// 1–10, 10 most urgent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub priority: Option<i64>,
    /// Estimated minutes, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub estimated_duration_minutes: Option<f64>,
    /// Its own retry policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RawRetryPolicy>,
    /// Who is responsible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raci: Option<RawRaci>,
    /// Free data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
    /// How many containers and actions the model has besides those that were read; gathered by the
    /// use case.
    #[serde(skip)]
    pub besides: usize,
}

/// Change an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeActionNode {
    /// The action.
    pub action_id: ActionId,
    /// What changes.
    pub changes: ActionNodePatch,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
}

/// The body of a change of an action; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ActionNodePatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Patch<String>,
    /// How it runs beside its neighbours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<ExecutionMode>,
    /// Its place in the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub execution_order: Option<i64>,
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ActionStatus>,
    /// 1–10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub priority: Option<i64>,
    /// Estimated minutes.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub estimated_duration_minutes: Patch<f64>,
    /// Its own retry policy.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub retry_policy: Patch<RawRetryPolicy>,
    /// Who is responsible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raci: Option<RawRaci>,
    /// Fields of its type; each replaces the former one, `null` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::GivenActionData>")
    )]
    pub action_specific_data: Option<JsonObject>,
    /// The metadata as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonObject>,
}

/// Put the actions of a container into another order.
#[derive(Clone, Debug, PartialEq)]
pub struct ReorderActions {
    /// The container.
    pub node_id: NodeId,
    /// All its actions, each once; they become 1 to n.
    pub action_ids: Vec<ActionId>,
}

/// The body of a reordering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionOrder {
    /// All actions of the container, each once; they become 1 to n.
    pub action_ids: Vec<ActionId>,
}

/// Change many parts of a model in one command, all or none; the body of the bulk edit.
///
/// Everything refers to the model as it is going to be: an added action may stand in an added
/// stage, and a removed container may leave together with those that wait for it. An identifier
/// stands at most once among the containers, and once among the actions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditStructure {
    /// What happens to containers.
    pub containers: ContainerEdits,
    /// What happens to actions.
    pub actions: ActionEdits,
    /// What happens to dependencies.
    pub dependencies: DependencyEdits,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
}

/// Containers to add, change and remove.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContainerEdits {
    /// Containers to add, in the order in which they count as created.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::given::IdentifiedContainer>", length(max = MODEL_NODES)))]
    pub add: Vec<AddContainerNode>,
    /// Containers to change.
    pub change: Vec<ChangeContainerNode>,
    /// Containers to remove, with their actions and with what they wait for.
    pub remove: Vec<NodeId>,
}

/// Actions to add, change and remove.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ActionEdits {
    /// Actions to add.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::given::IdentifiedAction>", length(max = MODEL_NODES)))]
    pub add: Vec<AddActionNode>,
    /// Actions to change.
    pub change: Vec<ChangeActionNode>,
    /// Actions to remove.
    pub remove: Vec<ActionId>,
}

/// Dependencies to add and remove.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DependencyEdits {
    /// Dependencies to add.
    #[cfg_attr(feature = "schema", schemars(length(max = MODEL_DEPENDENCIES)))]
    pub add: Vec<Dependency>,
    /// Dependencies to remove.
    pub remove: Vec<Dependency>,
}

/// Publish a model; the body of UC-004.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishFunctionModel {
    /// The number to publish under, `x.y.z`.
    pub version: String,
    /// At most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub publish_notes: Option<String>,
    /// The identifier of the snapshot; made by the use case.
    #[serde(skip)]
    pub version_id: Option<VersionId>,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
}

/// Validate a model; the body of UC-006.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ValidateWorkflow {
    /// What to look at; everything when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<ValidationLevel>,
    /// Whether a run is meant to follow.
    pub for_execution: bool,
    /// A snapshot instead of the working copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_number: Option<String>,
}
