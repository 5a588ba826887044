//! Action nodes: the work inside a stage.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::knowledge_action::KnowledgeAction;
use super::nested_action::NestedAction;
use super::raci::Raci;
use super::retry_policy::RetryPolicy;
use super::tether_action::TetherAction;
use crate::error::{Code, DomainError, Violations};
use crate::ids::{ActionId, NodeId};
use crate::instant::Instant;
use crate::json;
use crate::limits::{Fields, JsonObject};
use crate::vocabulary::{ActionNodeType, ActionStatus, ExecutionMode};

/// An action node of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionNode {
    /// Its identifier, unique within the model.
    pub action_id: ActionId,
    /// The stage it belongs to.
    pub parent_node_id: NodeId,
    /// Its type, and the fields of that type.
    #[serde(flatten)]
    pub kind: ActionKind,
    /// Its name, 1–200 characters.
    pub name: String,
    /// What it is for, at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it runs beside its neighbours.
    pub execution_mode: ExecutionMode,
    /// Its place in the stage, from 1, unique there.
    pub execution_order: u32,
    /// Its status in the definition.
    pub status: ActionStatus,
    /// 1–10, 10 most urgent.
    pub priority: u8,
    /// Estimated minutes, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_duration_minutes: Option<f64>,
    /// Its own retry policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// Who is responsible for it.
    pub raci: Raci,
    /// Free data; `critical`, `condition` and `policy` have a meaning.
    #[serde(default)]
    pub metadata: JsonObject,
    /// When it was added.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// The type of an action with the fields of that type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "actionType", content = "actionSpecificData")]
pub enum ActionKind {
    /// Runs a workflow of Spindle.
    #[serde(rename = "tetherNode")]
    Tether(TetherAction),
    /// Reads the Knowledge Base.
    #[serde(rename = "kbNode")]
    Knowledge(KnowledgeAction),
    /// Runs another model.
    #[serde(rename = "functionModelContainer")]
    Nested(NestedAction),
}

impl ActionNode {
    /// Its type.
    pub fn action_type(&self) -> ActionNodeType {
        self.kind.action_type()
    }

    /// Whether its failure stops its stage even when that would run on.
    pub fn is_critical(&self) -> bool {
        self.priority >= 8 || self.metadata.get("critical").and_then(Value::as_bool) == Some(true)
    }

    /// A datum of `metadata.policy`.
    pub fn policy(&self, name: &str) -> Option<&Value> {
        self.metadata.get("policy")?.get(name)
    }
}

impl<'de> Deserialize<'de> for ActionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tagged = Tagged::deserialize(deserializer)?;
        Self::from_data(tagged.action_type, tagged.action_specific_data).map_err(de::Error::custom)
    }
}

/// [`ActionKind`] before its data is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    action_type: ActionNodeType,
    action_specific_data: Value,
}

impl ActionKind {
    /// Reads what [`Self::to_data`] wrote.
    pub(crate) fn from_data(action_type: ActionNodeType, data: Value) -> Result<Self, json::Error> {
        match action_type {
            ActionNodeType::TetherNode => json::from_value(data).map(Self::Tether),
            ActionNodeType::KbNode => json::from_value(data).map(Self::Knowledge),
            ActionNodeType::FunctionModelContainer => json::from_value(data).map(Self::Nested),
        }
    }

    /// The type alone.
    pub fn action_type(&self) -> ActionNodeType {
        match self {
            Self::Tether(_) => ActionNodeType::TetherNode,
            Self::Knowledge(_) => ActionNodeType::KbNode,
            Self::Nested(_) => ActionNodeType::FunctionModelContainer,
        }
    }

    /// Reads the fields of a type.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` with every field that is wrong.
    pub fn parse(action_type: ActionNodeType, data: JsonObject) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let code = Code::ActionConfigurationInvalid;
        let mut fields = Fields::new(data, "", code, &mut violations);
        let kind = match action_type {
            ActionNodeType::TetherNode => Self::Tether(TetherAction::read(&mut fields)),
            ActionNodeType::KbNode => Self::Knowledge(KnowledgeAction::read(&mut fields)),
            ActionNodeType::FunctionModelContainer => {
                NestedAction::read(&mut fields).map_or_else(Self::nothing, Self::Nested)
            }
        };
        fields.finish();
        violations.finish().map(|()| kind)
    }

    /// Stands in for data that a violation already refuses.
    fn nothing() -> Self {
        Self::Tether(TetherAction::default())
    }

    /// The fields of this type with some replaced; `null` removes one.
    ///
    /// Objects that describe resources or an integration are merged, as a partial update asks.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` with every field that is wrong.
    pub fn merged(&self, changes: &JsonObject) -> Result<Self, DomainError> {
        let mut data = self.to_data();
        for (name, value) in changes {
            match (name.as_str(), data.get_mut(name), value) {
                ("resourceRequirements", Some(Value::Object(old)), Value::Object(new)) => {
                    old.extend(new.clone());
                }
                _ => {
                    data.insert(name.clone(), value.clone());
                }
            }
        }
        Self::parse(self.action_type(), data)
    }

    /// `actionSpecificData` as JSON.
    pub fn to_data(&self) -> JsonObject {
        let value = match self {
            Self::Tether(tether) => json::to_value(tether),
            Self::Knowledge(knowledge) => json::to_value(knowledge),
            Self::Nested(nested) => json::to_value(nested),
        };
        match value {
            Value::Object(object) => object,
            _ => JsonObject::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(action_type: &str, data: Value) -> Result<ActionKind, DomainError> {
        let action_type = ActionNodeType::parse(action_type).unwrap();
        ActionKind::parse(action_type, data.as_object().cloned().unwrap())
    }

    #[test]
    fn each_type_reads_its_own_fields() {
        let model = "5f0c1d4e-9a52-4c3b-8f10-0123456789ab";
        for (action_type, data) in [
            ("tetherNode", json!({"tetherReferenceId": "w"})),
            (
                "kbNode",
                json!({"kbReferenceId": "a", "shortDescription": "b"}),
            ),
            ("functionModelContainer", json!({"nestedModelId": model})),
        ] {
            let kind = parse(action_type, data.clone()).unwrap();
            assert_eq!(kind.action_type().as_str(), action_type);
            for (name, value) in data.as_object().unwrap() {
                assert_eq!(&kind.to_data()[name], value);
            }
            let refusal = parse(action_type, json!({})).unwrap_err();
            assert_eq!(refusal.code, Code::ActionConfigurationInvalid);
            assert_eq!(refusal.errors[0].rule, "required");
        }
    }

    #[test]
    fn resources_merge_and_other_fields_are_replaced() {
        let tether = parse(
            "tetherNode",
            json!({"tetherReferenceId": "w", "resourceRequirements": {"cpu": 1, "memory": 64},
                   "outputMapping": {"a": "b"}}),
        )
        .unwrap();
        let changes = json!({"resourceRequirements": {"cpu": 2}, "outputMapping": {"c": "d"}});
        let merged = tether
            .merged(changes.as_object().unwrap())
            .unwrap()
            .to_data();
        assert_eq!(
            merged["resourceRequirements"],
            json!({"cpu": 2, "memory": 64})
        );
        assert_eq!(merged["outputMapping"], json!({"c": "d"}));
    }
}
