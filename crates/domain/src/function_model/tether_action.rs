//! The data of an action that runs a workflow of Spindle.

use crate::sorted::SortedMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::AgentId;
use crate::limits::{Fields, JsonObject};
use crate::vocabulary::FailureHandling;
use crate::workflow::mapping::Mapping;

/// What a tether runs, with which parameters, and what becomes of the result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TetherAction {
    /// The workflow of Spindle.
    pub tether_reference_id: String,
    /// What it is started with; `timeoutMs` bounds one attempt.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub execution_parameters: JsonObject,
    /// Local names and where in the result, or by which expression, their values are found.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub output_mapping: SortedMap<String, Mapping>,
    /// Names of what triggers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub execution_triggers: Vec<String>,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_requirements: Option<ResourceRequirements>,
    /// How it reaches what it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Integration>")
    )]
    pub integration_config: Option<JsonObject>,
    /// What its final failure does to its stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_handling: Option<FailureHandling>,
    /// The agent that does the work instead of Spindle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

/// The resources a tether states, in the units they were given in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResourceRequirements {
    /// Processors: 0–16, or text such as `2` or `500m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Processors>")
    )]
    pub cpu: Option<Value>,
    /// Memory: MB 0–32 768, or text such as `512Mi` or `2Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Memory>")
    )]
    pub memory: Option<Value>,
    /// Seconds, 0–3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
}

/// Milliseconds of an attempt when nothing else is stated.
pub const DEFAULT_TIMEOUT_MS: u64 = 300_000;

impl TetherAction {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let execution_parameters = fields.object("executionParameters").unwrap_or_default();
        for name in ["batchSize", "timeoutMs"] {
            let positive = |value: &Value| value.as_f64().is_some_and(|number| number > 0.0);
            if execution_parameters.get(name).is_some_and(|v| !positive(v)) {
                fields.broken(&format!("executionParameters.{name}"), "range", "above 0");
            }
        }
        Self {
            tether_reference_id: fields
                .required_text("tetherReferenceId", 1, 200)
                .unwrap_or_default(),
            execution_parameters,
            output_mapping: Mapping::read_all(fields, "outputMapping"),
            execution_triggers: fields.unique_texts("executionTriggers").unwrap_or_default(),
            resource_requirements: fields.nested("resourceRequirements", read_resources),
            integration_config: read_integration(fields),
            failure_handling: fields.word(
                "failureHandling",
                FailureHandling::ALL,
                FailureHandling::as_str,
            ),
            agent_id: fields
                .text("agentId", 1, 200)
                .and_then(|text| fields.take("agentId", AgentId::parse(&text))),
        }
    }

    /// Milliseconds one attempt may take.
    pub fn timeout_ms(&self) -> u64 {
        let own = self.execution_parameters.get("timeoutMs");
        let own = own.and_then(Value::as_f64).map(|ms| ms.ceil() as u64);
        own.or_else(|| {
            let seconds = self.resource_requirements.as_ref()?.timeout_seconds?;
            (seconds > 0).then_some(u64::from(seconds) * 1000)
        })
        .unwrap_or(DEFAULT_TIMEOUT_MS)
    }
}

impl ResourceRequirements {
    /// Processors stated, as a number.
    pub fn cpus(&self) -> Option<f64> {
        cpus(self.cpu.as_ref()?)
    }

    /// Memory stated, in MB.
    pub fn memory_mb(&self) -> Option<f64> {
        megabytes(self.memory.as_ref()?)
    }
}

/// `2`, `"2"` and `"2000m"` are two processors.
fn cpus(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.trim().strip_suffix('m') {
            Some(milli) => Some(digits(milli)? / 1000.0),
            None => digits(text.trim()),
        },
        _ => None,
    }
    .filter(|cpus| (0.0..=16.0).contains(cpus))
}

/// `1024`, `"1024Mi"` and `"1Gi"` are 1024 MB; a zero text is none.
fn megabytes(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let (amount, factor) = match (text.strip_suffix("Mi"), text.strip_suffix("Gi")) {
                (Some(amount), _) => (amount, 1.0),
                (_, Some(amount)) => (amount, 1024.0),
                _ => return None,
            };
            Some(digits(amount)? * factor).filter(|mb| *mb > 0.0)
        }
        _ => None,
    }
    .filter(|mb| (0.0..=32_768.0).contains(mb))
}

fn digits(text: &str) -> Option<f64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

fn read_resources(fields: &mut Fields<'_>) -> ResourceRequirements {
    let mut amount = |name: &str, read: fn(&Value) -> Option<f64>, limit: &str| {
        let value = fields.raw(name)?;
        if read(&value).is_none() {
            fields.broken(name, "range", limit);
        }
        Some(value)
    };
    ResourceRequirements {
        cpu: amount("cpu", cpus, "0–16, \"<n>\" or \"<n>m\" up to 16000m"),
        memory: amount("memory", megabytes, "0–32768 MB, \"<n>Mi\" or \"<n>Gi\""),
        timeout_seconds: fields
            .integer("timeoutSeconds", 0, 3600)
            .and_then(|seconds| u32::try_from(seconds).ok()),
    }
}

const KINDS: [&str; 4] = [
    "api-call",
    "data-transformation",
    "database-operation",
    "file-operation",
];

fn read_integration(fields: &mut Fields<'_>) -> Option<JsonObject> {
    let config = fields.object("integrationConfig")?;
    for name in config.keys() {
        let known = matches!(
            name.as_str(),
            "endpoint"
                | "apiEndpoints"
                | "authentication"
                | "headers"
                | "kind"
                | "script"
                | "rules"
        );
        if !known {
            fields.broken(&format!("integrationConfig.{name}"), "unknown", Value::Null);
        }
    }
    if let Some(missing) = missing_for_kind(&config) {
        let (name, limit) = missing;
        fields.broken(&format!("integrationConfig.{name}"), "required", limit);
    }
    Some(config)
}

/// What the kind of an integration asks for and the settings do not have.
pub(crate) fn missing_for_kind(config: &JsonObject) -> Option<(&'static str, Value)> {
    let given = |name: &str| match config.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    };
    match config.get("kind") {
        None | Some(Value::Null) => None,
        Some(Value::String(kind)) => match kind.as_str() {
            "api-call" if !given("endpoint") => Some(("endpoint", "api-call".into())),
            "data-transformation" if !given("script") && !given("rules") => {
                Some(("script", "data-transformation".into()))
            }
            known if KINDS.contains(&known) => None,
            _ => Some(("kind", KINDS.to_vec().into())),
        },
        Some(_) => Some(("kind", KINDS.to_vec().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::action_node::ActionKind;
    use crate::vocabulary::ActionNodeType;
    use serde_json::json;

    fn tether(data: Value) -> Result<TetherAction, Vec<String>> {
        let data = data.as_object().cloned().unwrap();
        match ActionKind::parse(ActionNodeType::TetherNode, data) {
            Ok(ActionKind::Tether(tether)) => Ok(tether),
            Ok(_) => unreachable!("the type was given"),
            Err(refusal) => Err(refusal.errors.into_iter().map(|e| e.field).collect()),
        }
    }

    fn with(name: &str, value: Value) -> Result<TetherAction, Vec<String>> {
        tether(json!({"tetherReferenceId": "w", name: value}))
    }

    #[test]
    fn limits_of_each_field_are_checked() {
        let check = |name: &str, value: Value, broken: &str| {
            assert_eq!(with(name, value).unwrap_err(), [broken]);
        };
        check(
            "executionParameters",
            json!({"batchSize": 0}),
            "executionParameters.batchSize",
        );
        check(
            "executionParameters",
            json!({"timeoutMs": "x"}),
            "executionParameters.timeoutMs",
        );
        check("executionTriggers", json!(["a", "a"]), "executionTriggers");
        check(
            "resourceRequirements",
            json!({"cpu": 17}),
            "resourceRequirements.cpu",
        );
        check(
            "resourceRequirements",
            json!({"cpu": "16001m"}),
            "resourceRequirements.cpu",
        );
        check(
            "resourceRequirements",
            json!({"cpu": true}),
            "resourceRequirements.cpu",
        );
        check(
            "resourceRequirements",
            json!({"memory": "0Mi"}),
            "resourceRequirements.memory",
        );
        check(
            "resourceRequirements",
            json!({"memory": "12"}),
            "resourceRequirements.memory",
        );
        check(
            "resourceRequirements",
            json!({"memory": []}),
            "resourceRequirements.memory",
        );
        check(
            "resourceRequirements",
            json!({"timeoutSeconds": 3601}),
            "resourceRequirements.timeoutSeconds",
        );
        check(
            "integrationConfig",
            json!({"kind": "api-call"}),
            "integrationConfig.endpoint",
        );
        check(
            "integrationConfig",
            json!({"kind": "data-transformation", "script": " "}),
            "integrationConfig.script",
        );
        check(
            "integrationConfig",
            json!({"kind": "magic"}),
            "integrationConfig.kind",
        );
        check(
            "integrationConfig",
            json!({"kind": 1}),
            "integrationConfig.kind",
        );
        check(
            "integrationConfig",
            json!({"colour": 1}),
            "integrationConfig.colour",
        );
        check("agentId", json!("nobody"), "agentId");
        check("failureHandling", json!("panic"), "failureHandling");
        check("surprise", json!(1), "surprise");
    }

    #[test]
    fn amounts_are_understood_in_their_units() {
        let resources = |cpu: Value, memory: Value| {
            let tether = with(
                "resourceRequirements",
                json!({"cpu": cpu, "memory": memory}),
            );
            let resources = tether.unwrap().resource_requirements.unwrap();
            (resources.cpus().unwrap(), resources.memory_mb().unwrap())
        };
        assert_eq!(resources(json!(1.5), json!(0)), (1.5, 0.0));
        assert_eq!(resources(json!("2"), json!("512Mi")), (2.0, 512.0));
        assert_eq!(resources(json!("500m"), json!("2Gi")), (0.5, 2048.0));
    }

    #[test]
    fn the_time_of_an_attempt_is_the_first_one_stated() {
        assert_eq!(
            with("executionTriggers", json!([])).unwrap().timeout_ms(),
            300_000
        );
        let seconds = with("resourceRequirements", json!({"timeoutSeconds": 7})).unwrap();
        assert_eq!(seconds.timeout_ms(), 7000);
        let zero = with("resourceRequirements", json!({"timeoutSeconds": 0})).unwrap();
        assert_eq!(zero.timeout_ms(), 300_000);
        let own = with("executionParameters", json!({"timeoutMs": 1500})).unwrap();
        assert_eq!(own.timeout_ms(), 1500);
    }
}
