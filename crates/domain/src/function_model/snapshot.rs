//! The frozen content of a model, as a version keeps it.

use crate::sorted::SortedMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ActionNode, ContainerNode, FunctionModel, ModelName};
use crate::error::{Code, DomainError};
use crate::ids::{ActionId, NodeId};
use crate::json;
use crate::limits::JsonObject;

/// What a version keeps of a model.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ModelContent"))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    name: ModelName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    nodes: SortedMap<NodeId, ContainerNode>,
    #[serde(default)]
    action_nodes: SortedMap<ActionId, ActionNode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ai_agent_config: Option<JsonObject>,
    #[serde(default)]
    metadata: JsonObject,
}

/// The complete content of the working copy: name, description, nodes, actions, agent settings
/// and metadata.
pub fn snapshot(model: &FunctionModel) -> Value {
    let content = Content {
        name: model.name.clone(),
        description: model.description.clone(),
        nodes: model.nodes.clone(),
        action_nodes: model.action_nodes.clone(),
        ai_agent_config: model.ai_agent_config.clone(),
        metadata: model.metadata.clone(),
    };
    json::to_value(&content)
}

impl FunctionModel {
    /// A model with the identity of `header` and the content of a snapshot.
    ///
    /// The snapshot `{}` stands for a model without nodes.
    ///
    /// # Errors
    /// `EVENT_SCHEMA_INVALID` when the snapshot cannot be read.
    pub fn from_snapshot(mut header: Self, data: &Value) -> Result<Self, DomainError> {
        if data.as_object().is_some_and(JsonObject::is_empty) {
            header.nodes.clear();
            header.action_nodes.clear();
            return Ok(header);
        }
        let content = json::from_value::<Content>(data.clone()).map_err(|error| {
            let message = format!("The snapshot is malformed: {error}");
            DomainError::new(Code::EventSchemaInvalid, message)
        })?;
        header.name = content.name;
        header.description = content.description;
        header.nodes = content.nodes;
        header.action_nodes = content.action_nodes;
        header.ai_agent_config = content.ai_agent_config;
        header.metadata = content.metadata;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, empty_model, stage};
    use serde_json::json;

    #[test]
    fn content_survives_and_identity_is_that_of_the_header() {
        let model = Sketch::new().with(stage("Work", &[]).actions(&["a"])).model;
        let mut header = empty_model();
        header.revision = 7;
        let read = FunctionModel::from_snapshot(header, &snapshot(&model)).unwrap();
        assert_eq!(read.nodes, model.nodes);
        assert_eq!(read.action_nodes, model.action_nodes);
        assert_eq!(read.revision, 7);
    }

    #[test]
    fn the_empty_snapshot_has_no_nodes_and_others_must_be_readable() {
        let model = Sketch::new().with(stage("Work", &[]).actions(&["a"])).model;
        let empty = FunctionModel::from_snapshot(model, &json!({})).unwrap();
        assert!(empty.nodes.is_empty() && empty.action_nodes.is_empty());
        let broken = FunctionModel::from_snapshot(empty, &json!({"nodes": 1}));
        assert_eq!(broken.unwrap_err().code, Code::EventSchemaInvalid);
    }
}
