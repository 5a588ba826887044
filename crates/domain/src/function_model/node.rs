//! Container nodes: the boundaries of a model and its stages.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::position::Position;
use super::retry_policy::{RawRetryPolicy, RetryPolicy};
use crate::error::{Code, DomainError, Violations};
use crate::ids::NodeId;
use crate::instant::Instant;
use crate::json;
use crate::limits::{Fields, JsonObject};
use crate::vocabulary::{
    BoundaryType, ContainerNodeType, ExecutionMode, FailureHandling, LoadBalancing, NodeStatus,
    StageType,
};

/// A container node of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerNode {
    /// Its identifier, unique within the model.
    pub node_id: NodeId,
    /// Its type, and the fields of that type.
    #[serde(flatten)]
    pub kind: ContainerKind,
    /// Its name, 1–200 characters.
    pub name: String,
    /// What it is for, at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it stands on the canvas.
    pub position: Position,
    /// The containers it waits for, in the order they were added.
    #[serde(default)]
    pub dependencies: Vec<NodeId>,
    /// How it is meant to run.
    pub execution_type: ExecutionMode,
    /// Its status.
    pub status: NodeStatus,
    /// Its time limit in milliseconds; 0 and absent mean none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Free data; `priority` and `critical` have a meaning.
    #[serde(default)]
    pub metadata: JsonObject,
    /// Free data for drawing it.
    #[serde(default)]
    pub visual_properties: JsonObject,
    /// When it was added.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// The type of a container with the fields of that type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "nodeType", content = "typeSpecificData")]
pub enum ContainerKind {
    /// A boundary.
    #[serde(rename = "ioNode")]
    Io(IoNode),
    /// A stage.
    #[serde(rename = "stageNode")]
    Stage(StageNode),
}

/// What a boundary is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IoNode {
    /// Which way data crosses it.
    pub boundary_type: BoundaryType,
    /// What comes in; an `output` boundary has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_data_contract: Option<JsonObject>,
    /// What goes out; an `input` boundary has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_data_contract: Option<JsonObject>,
    /// Free rules about the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_validation_rules: Option<JsonObject>,
}

/// What a stage is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StageNode {
    /// What the stage stands for.
    pub stage_type: StageType,
    /// Free criteria.
    #[serde(default)]
    pub completion_criteria: JsonObject,
    /// Free requirements.
    #[serde(default)]
    pub resource_requirements: JsonObject,
    /// Free settings.
    #[serde(default)]
    pub configuration: JsonObject,
    /// At most 10 goals, none twice.
    #[serde(default)]
    pub stage_goals: Vec<String>,
    /// Limits of parallel groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism_config: Option<ParallelismConfig>,
    /// Whether the stage is meant to run in parallel.
    #[serde(default)]
    pub parallel_execution: bool,
    /// The policy of actions that carry none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// What the final failure of an action does; absent means `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_handling: Option<FailureHandling>,
}

/// How much of a stage runs at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParallelismConfig {
    /// Most actions at once, 1–100.
    pub max_concurrency: u32,
    /// How work is spread.
    pub load_balancing: LoadBalancing,
}

/// The most milliseconds a container may be given.
pub const MAX_TIMEOUT_MS: i64 = 86_400_000;

impl ContainerNode {
    /// Its type.
    pub fn node_type(&self) -> ContainerNodeType {
        self.kind.node_type()
    }

    /// The stage inside, if it is one.
    pub fn as_stage(&self) -> Option<&StageNode> {
        match &self.kind {
            ContainerKind::Stage(stage) => Some(stage),
            ContainerKind::Io(_) => None,
        }
    }

    /// The boundary inside, if it is one.
    pub fn as_io(&self) -> Option<&IoNode> {
        match &self.kind {
            ContainerKind::Io(io) => Some(io),
            ContainerKind::Stage(_) => None,
        }
    }

    /// Whether data enters the model here.
    pub fn accepts_input(&self) -> bool {
        self.as_io()
            .is_some_and(|io| io.boundary_type != BoundaryType::Output)
    }

    /// Whether data leaves the model here.
    pub fn produces_output(&self) -> bool {
        self.as_io()
            .is_some_and(|io| io.boundary_type != BoundaryType::Input)
    }

    /// Whether it is an `input` boundary and nothing else.
    pub fn is_input_only(&self) -> bool {
        self.as_io()
            .is_some_and(|io| io.boundary_type == BoundaryType::Input)
    }

    /// `metadata.priority`, 5 when absent.
    pub fn priority(&self) -> i64 {
        self.metadata
            .get("priority")
            .and_then(Value::as_i64)
            .unwrap_or(5)
    }

    /// `metadata.critical`, false when absent.
    pub fn is_critical(&self) -> bool {
        self.metadata.get("critical").and_then(Value::as_bool) == Some(true)
    }
}

impl<'de> Deserialize<'de> for ContainerKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tagged = Tagged::deserialize(deserializer)?;
        Self::from_data(tagged.node_type, tagged.type_specific_data).map_err(de::Error::custom)
    }
}

/// [`ContainerKind`] before its data is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    node_type: ContainerNodeType,
    type_specific_data: Value,
}

impl ContainerKind {
    /// Reads what [`Self::to_data`] wrote.
    pub(super) fn from_data(
        node_type: ContainerNodeType,
        data: Value,
    ) -> Result<Self, json::Error> {
        match node_type {
            ContainerNodeType::IoNode => json::from_value(data).map(Self::Io),
            ContainerNodeType::StageNode => json::from_value(data).map(Self::Stage),
        }
    }

    /// The type alone.
    pub fn node_type(&self) -> ContainerNodeType {
        match self {
            Self::Io(_) => ContainerNodeType::IoNode,
            Self::Stage(_) => ContainerNodeType::StageNode,
        }
    }

    /// Reads the fields of a type; absent ones take their defaults.
    ///
    /// # Errors
    /// `NODE_CONFIGURATION_INVALID` with every field that is wrong.
    pub fn parse(node_type: ContainerNodeType, data: JsonObject) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let code = Code::NodeConfigurationInvalid;
        let mut fields = Fields::new(data, "", code, &mut violations);
        let kind = match node_type {
            ContainerNodeType::IoNode => Self::Io(read_io(&mut fields)),
            ContainerNodeType::StageNode => Self::Stage(read_stage(&mut fields)),
        };
        fields.finish();
        violations.finish().map(|()| kind)
    }

    /// The fields of this type with some replaced; `null` removes one.
    ///
    /// # Errors
    /// `NODE_CONFIGURATION_INVALID` with every field that is wrong.
    pub fn merged(&self, changes: &JsonObject) -> Result<Self, DomainError> {
        let mut data = self.to_data();
        for (name, value) in changes {
            data.insert(name.clone(), value.clone());
        }
        Self::parse(self.node_type(), data)
    }

    /// `typeSpecificData` as JSON.
    pub fn to_data(&self) -> JsonObject {
        let value = match self {
            Self::Io(io) => json::to_value(io),
            Self::Stage(stage) => json::to_value(stage),
        };
        match value {
            Value::Object(object) => object,
            _ => JsonObject::new(),
        }
    }
}

fn read_io(fields: &mut Fields<'_>) -> IoNode {
    let boundary = fields
        .word("boundaryType", BoundaryType::ALL, BoundaryType::as_str)
        .unwrap_or(BoundaryType::Input);
    let mut contract = |name: &str, forbidden: BoundaryType| {
        let contract = fields.object(name)?;
        if boundary == forbidden {
            fields.broken(name, "forbidden", boundary.as_str());
        }
        if let Some(format) = contract.get("dataFormat")
            && format.as_str().is_none_or(|text| text.trim().is_empty())
        {
            fields.broken(&format!("{name}.dataFormat"), "length", 1);
        }
        Some(contract)
    };
    IoNode {
        boundary_type: boundary,
        input_data_contract: contract("inputDataContract", BoundaryType::Output),
        output_data_contract: contract("outputDataContract", BoundaryType::Input),
        data_validation_rules: fields.object("dataValidationRules"),
    }
}

fn read_stage(fields: &mut Fields<'_>) -> StageNode {
    let stage_goals = fields.unique_texts("stageGoals").unwrap_or_default();
    if stage_goals.len() > 10 {
        fields.broken("stageGoals", "length", 10);
    }
    StageNode {
        stage_type: fields
            .word("stageType", StageType::ALL, StageType::as_str)
            .unwrap_or(StageType::Process),
        completion_criteria: fields.object("completionCriteria").unwrap_or_default(),
        resource_requirements: fields.object("resourceRequirements").unwrap_or_default(),
        configuration: fields.object("configuration").unwrap_or_default(),
        stage_goals,
        parallelism_config: fields.nested("parallelismConfig", read_parallelism),
        parallel_execution: fields.boolean("parallelExecution").unwrap_or(false),
        retry_policy: read_retry_policy(fields),
        failure_handling: fields.word(
            "failureHandling",
            FailureHandling::ALL,
            FailureHandling::as_str,
        ),
    }
}

fn read_parallelism(fields: &mut Fields<'_>) -> ParallelismConfig {
    if !fields.has("maxConcurrency") {
        fields.broken("maxConcurrency", "required", Value::Null);
    }
    let max = fields.integer("maxConcurrency", 1, 100).unwrap_or(1);
    ParallelismConfig {
        max_concurrency: u32::try_from(max).unwrap_or(1),
        load_balancing: fields
            .word("loadBalancing", LoadBalancing::ALL, LoadBalancing::as_str)
            .unwrap_or(LoadBalancing::RoundRobin),
    }
}

fn read_retry_policy(fields: &mut Fields<'_>) -> Option<RetryPolicy> {
    let raw = fields.raw("retryPolicy")?;
    match json::exactly_from_value::<RawRetryPolicy>(raw) {
        Ok(raw) => fields.take("retryPolicy", RetryPolicy::parse(&raw)),
        Err(error) => {
            fields.broken("retryPolicy", "type", error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(node_type: &str, data: Value) -> Result<ContainerKind, DomainError> {
        let node_type = ContainerNodeType::parse(node_type).unwrap();
        ContainerKind::parse(node_type, data.as_object().cloned().unwrap())
    }

    fn check(node_type: &str, data: Value, broken: &[&str]) {
        let refusal = parse(node_type, data).unwrap_err();
        assert_eq!(refusal.code, Code::NodeConfigurationInvalid);
        let fields: Vec<String> = refusal
            .errors
            .iter()
            .map(|e| format!("{} {}", e.field, e.rule))
            .collect();
        assert_eq!(fields, broken);
    }

    #[test]
    fn defaults_fill_what_is_absent() {
        let io = parse("ioNode", json!({})).unwrap();
        assert_eq!(
            io.to_data(),
            *json!({"boundaryType": "input"}).as_object().unwrap()
        );
        let stage = parse("stageNode", json!({"stageGoals": [" ship "]})).unwrap();
        assert_eq!(stage.to_data()["stageType"], "process");
        assert_eq!(stage.to_data()["stageGoals"], json!(["ship"]));
        assert_eq!(stage.node_type(), ContainerNodeType::StageNode);
    }

    #[test]
    fn a_boundary_refuses_the_contract_of_the_other_side() {
        check(
            "ioNode",
            json!({"outputDataContract": {"dataFormat": " "}, "color": 1}),
            &[
                "outputDataContract forbidden",
                "outputDataContract.dataFormat length",
                "color unknown",
            ],
        );
        let both = json!({"boundaryType": "input-output", "inputDataContract": {}, "outputDataContract": {}});
        let both = parse("ioNode", both).unwrap();
        let change = json!({"boundaryType": "output"});
        let refusal = both.merged(change.as_object().unwrap()).unwrap_err();
        assert_eq!(refusal.errors[0].field, "inputDataContract");
        let change = json!({"boundaryType": "output", "inputDataContract": null});
        assert!(both.merged(change.as_object().unwrap()).is_ok());
    }

    #[test]
    fn a_stage_reports_every_wrong_field() {
        check(
            "stageNode",
            json!({
                "stageGoals": ["a", "a"],
                "parallelismConfig": {"loadBalancing": "luck"},
                "retryPolicy": {"maxAttempts": 500},
                "failureHandling": 3
            }),
            &[
                "stageGoals unique",
                "parallelismConfig.maxConcurrency required",
                "parallelismConfig.loadBalancing oneOf",
                "retryPolicy.maxAttempts range",
                "failureHandling oneOf",
            ],
        );
        let goals: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        check(
            "stageNode",
            json!({"stageGoals": goals, "retryPolicy": 1}),
            &["stageGoals length", "retryPolicy type"],
        );
    }
}
