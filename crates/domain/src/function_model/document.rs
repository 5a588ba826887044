//! A model as one JSON document, for taking it elsewhere and back: the design alone, without
//! owner, rights, times or identity.
//!
//! Containers stand in the order they were created, actions in the order they run, so that the
//! document of an imported document is the same again.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::commands::{
    ActionEdits, AddActionNode, AddContainerNode, ContainerEdits, Dependency, DependencyEdits,
    EditStructure,
};
use super::decide::Asked;
use super::decide_structure::{self, Places};
use super::events::FunctionModelCreated;
use super::{
    ActionNode, ContainerNode, FunctionModel, ModelName, Permissions, RawPosition, Version, checks,
    evolve,
};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{ActionId, ModelId, NodeId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits::{self, JsonObject};
use crate::sorted;
use crate::vocabulary::{ActionStatus, NodeStatus, words};
use crate::workflow::nesting::NestedModels;

/// The name of the documents' JSON schema.
pub const DOCUMENT_SCHEMA: &str = "urn:function-models:document:1";
/// The version of the documents' form.
pub const DOCUMENT_VERSION: u32 = 1;

/// A model as a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Document {
    /// The name of the schema, `urn:function-models:document:1`.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [DOCUMENT_SCHEMA, null])))]
    pub schema: Option<String>,
    /// The version of the form, 1.
    #[cfg_attr(feature = "schema", schemars(extend("const" = DOCUMENT_VERSION)))]
    pub document_version: u32,
    /// The name of the model.
    pub name: String,
    /// What it is for, at most 5000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 5000)))]
    pub description: Option<String>,
    /// The containers in the order they were created, each with its identifier.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::given::IdentifiedContainer>", length(max = limits::MODEL_NODES)))]
    pub containers: Vec<AddContainerNode>,
    /// The actions in the order they run, each with its identifier.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::given::IdentifiedAction>", length(max = limits::MODEL_NODES)))]
    pub actions: Vec<AddActionNode>,
    /// Which container waits for which, in the order that was said.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = limits::MODEL_DEPENDENCIES)))]
    pub dependencies: Vec<Dependency>,
    /// Containers and actions that are out of use; all others are going to be active when the
    /// model is published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<PartStatus>,
    /// Free settings for agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_agent_config: Option<JsonObject>,
    /// Free data.
    #[serde(default)]
    pub metadata: JsonObject,
}

words!(
    /// The status of a part that is out of use.
    RestingStatus {
        /// Switched off for now.
        Inactive => "inactive",
        /// Switched off for good.
        Archived => "archived",
        /// Something is wrong with it.
        Error => "error",
    }
);

/// A container or an action that is out of use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartStatus {
    /// The identifier of the container or the action.
    pub id: Uuid,
    /// Its status.
    pub status: RestingStatus,
}

/// Make a model of a document; the body of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportFunctionModel {
    /// The document.
    pub document: Document,
    /// Another name than the document's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The organization the model is going to belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
}

/// The document of a model as it stands.
pub fn document(model: &FunctionModel) -> Document {
    let mut nodes: Vec<&ContainerNode> = model.nodes.values().collect();
    sorted::sort_by_key(&mut nodes, |node| (node.created_at, node.node_id));
    let by_container = model.actions_by_container();
    let actions = nodes
        .iter()
        .filter_map(|node| by_container.get(&node.node_id));
    let actions: Vec<&ActionNode> = actions.flatten().copied().collect();
    let dependencies = nodes.iter().flat_map(|node| {
        node.dependencies.iter().map(|id| Dependency {
            node_id: node.node_id,
            dependency_id: *id,
        })
    });
    let mut statuses = Vec::new();
    for node in &nodes {
        statuses.extend(resting(node.node_id.as_uuid(), node.status.as_str()));
    }
    for action in &actions {
        statuses.extend(resting(action.action_id.as_uuid(), action.status.as_str()));
    }
    Document {
        schema: Some(DOCUMENT_SCHEMA.to_owned()),
        document_version: DOCUMENT_VERSION,
        name: model.name.to_string(),
        description: model.description.clone(),
        dependencies: dependencies.collect(),
        statuses,
        containers: nodes.iter().map(|node| container(node)).collect(),
        actions: actions.iter().map(|action| self::action(action)).collect(),
        ai_agent_config: model.ai_agent_config.clone(),
        metadata: model.metadata.clone(),
    }
}

fn resting(id: Uuid, status: &str) -> Option<PartStatus> {
    RestingStatus::parse(status).map(|status| PartStatus { id, status })
}

fn container(node: &ContainerNode) -> AddContainerNode {
    AddContainerNode {
        besides: 0,
        node_id: Some(node.node_id),
        node_type: node.node_type(),
        name: node.name.clone(),
        position: RawPosition {
            x: node.position.x(),
            y: node.position.y(),
        },
        description: node.description.clone(),
        type_specific_data: Some(node.kind.to_data()),
        execution_type: Some(node.execution_type),
        timeout_ms: node.timeout_ms.and_then(|ms| i64::try_from(ms).ok()),
        metadata: Some(node.metadata.clone()),
        visual_properties: Some(node.visual_properties.clone()),
    }
}

fn action(action: &ActionNode) -> AddActionNode {
    AddActionNode {
        besides: 0,
        action_id: Some(action.action_id),
        parent_node_id: action.parent_node_id,
        action_type: action.action_type(),
        name: action.name.clone(),
        action_specific_data: action.kind.to_data(),
        description: action.description.clone(),
        execution_mode: Some(action.execution_mode),
        execution_order: Some(action.execution_order.into()),
        priority: Some(action.priority.into()),
        estimated_duration_minutes: action.estimated_duration_minutes,
        retry_policy: action.retry_policy.map(|policy| policy.to_raw()),
        raci: Some(action.raci.to_raw()),
        metadata: Some(action.metadata.clone()),
        nested: NestedModels::new(),
    }
}

const PLACES: Places = Places {
    containers: "document.containers",
    actions: "document.actions",
    dependencies: "document.dependencies",
};

/// Makes a model of a document: a draft at 1.0.0 that belongs to the caller and keeps the
/// identifiers of containers and actions.
///
/// # Errors
/// Everything that stands against it at once: the value limits of the model, its containers and
/// actions, and the rules about structure, with paths below `document`.
pub fn import(
    command: ImportFunctionModel,
    model_id: ModelId,
    by: UserId,
    now: Instant,
) -> Result<FunctionModelCreated, DomainError> {
    let (mut violations, document) = (Violations::new(), command.document);
    form(&document, &mut violations);
    let name = match &command.name {
        Some(name) => violations.take("name", ModelName::parse(name)),
        None => violations.take("document.name", ModelName::parse(&document.name)),
    };
    let description = document.description.as_deref();
    let description = checks::optional_text(description, 5000, Code::DescriptionInvalid);
    let description = violations
        .take("document.description", description)
        .flatten();
    let metadata = checks::model_metadata(document.metadata);
    let metadata = violations
        .take("document.metadata", metadata)
        .unwrap_or_default();
    if let Some(config) = &document.ai_agent_config {
        violations.take("document.aiAgentConfig", limits::document(config));
    }
    let mut created = FunctionModelCreated {
        model_id,
        name: name.unwrap_or_else(ModelName::placeholder),
        description,
        version: Version::INITIAL,
        permissions: Permissions::of_owner(by),
        organization_id: command.organization_id,
        metadata,
        ai_agent_config: document.ai_agent_config,
        template_id: None,
        duplicated_from: None,
        version_id: None,
        nodes: Vec::new(),
        action_nodes: Vec::new(),
        created_by: by,
        created_at: now,
    };
    let edit = EditStructure {
        containers: ContainerEdits {
            add: document.containers,
            ..ContainerEdits::default()
        },
        actions: ActionEdits {
            add: document.actions,
            ..ActionEdits::default()
        },
        dependencies: DependencyEdits {
            add: document.dependencies,
            ..DependencyEdits::default()
        },
        nested: command.nested,
    };
    statuses(&edit, &document.statuses, &mut violations);
    let empty = evolve::create(&created);
    let asked = Asked { by, at: now };
    let events = decide_structure::decide(&empty, &edit, asked, PLACES, violations)?;
    let mut model = events.iter().fold(empty, evolve::evolve);
    rest(&mut model, &document.statuses);
    created.nodes = model.nodes.into_values().collect();
    created.action_nodes = model.action_nodes.into_values().collect();
    Ok(created)
}

fn form(document: &Document, violations: &mut Violations) {
    if document.document_version != DOCUMENT_VERSION {
        let error = FieldError::new("document.documentVersion", "oneOf")
            .limit(vec![DOCUMENT_VERSION])
            .value(document.document_version);
        violations.add(Code::InvalidRequest, error);
    }
    if let Some(schema) = document
        .schema
        .as_deref()
        .filter(|name| *name != DOCUMENT_SCHEMA)
    {
        let error = FieldError::new("document.$schema", "oneOf")
            .limit(vec![DOCUMENT_SCHEMA])
            .value(schema);
        violations.add(Code::InvalidRequest, error);
    }
}

/// A status belongs to a container or an action of the document.
fn statuses(edit: &EditStructure, statuses: &[PartStatus], violations: &mut Violations) {
    if statuses.is_empty() {
        return;
    }
    let nodes = edit.containers.add.iter().filter_map(|node| node.node_id);
    let actions = edit
        .actions
        .add
        .iter()
        .filter_map(|action| action.action_id);
    let mut known: Vec<Uuid> = nodes.map(|id| id.as_uuid()).collect();
    known.extend(actions.map(|id| id.as_uuid()));
    sorted::sort(&mut known);
    for (i, part) in statuses.iter().enumerate() {
        if known.binary_search(&part.id).is_err() {
            let error = FieldError::new(format!("document.statuses[{i}].id"), "exists");
            violations.add(Code::NodeNotFound, error.value(part.id.to_string()));
        }
    }
}

fn rest(model: &mut FunctionModel, statuses: &[PartStatus]) {
    for PartStatus { id, status } in statuses {
        let (of_node, of_action) = match status {
            RestingStatus::Inactive => (NodeStatus::Inactive, ActionStatus::Inactive),
            RestingStatus::Archived => (NodeStatus::Archived, ActionStatus::Archived),
            RestingStatus::Error => (NodeStatus::Error, ActionStatus::Error),
        };
        if let Some(node) = model.nodes.get_mut(&NodeId::from_uuid(*id)) {
            node.status = of_node;
        }
        if let Some(action) = model.action_nodes.get_mut(&ActionId::from_uuid(*id)) {
            action.status = of_action;
        }
    }
}

#[cfg(test)]
mod tests;
