//! What an agent is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{AgentId, EntityId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits::{self, JsonObject};
use crate::vocabulary::FeatureType;

/// A tool the agent brings along, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomTool {
    /// Non-blank, at most 200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub name: String,
    /// Non-blank, at most 1000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1000)))]
    pub description: String,
}

/// What the agent may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tools {
    /// At least one name; none twice, none blank.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_NAMES), inner(length(min = 1, max = 200))))]
    pub available_tools: Vec<String>,
    /// Settings by the name of the tool.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub tool_configurations: JsonObject,
    /// Tools described in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_tools: Vec<CustomTool>,
}

impl Tools {
    /// The tools trimmed and checked.
    ///
    /// # Errors
    /// `AGENT_TOOLS_INVALID` with every field; `DOCUMENT_TOO_LARGE`.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let code = Code::AgentToolsInvalid;
        let mut violations = Violations::new();
        let available = names(
            &self.available_tools,
            "availableTools",
            code,
            &mut violations,
        );
        let settings = limits::document(&self.tool_configurations);
        violations.take("toolConfigurations", settings);
        for name in self.tool_configurations.keys() {
            if !available.iter().any(|tool| tool == name) {
                let field = format!("toolConfigurations.{name}");
                violations.add(code, FieldError::new(field, "unknown"));
            }
        }
        let mut custom = Vec::with_capacity(self.custom_tools.len());
        for (index, tool) in self.custom_tools.iter().enumerate() {
            let place = |field| format!("customTools[{index}].{field}");
            let name = limits::text(&tool.name, 1, 200, code);
            let description = limits::text(&tool.description, 1, 1000, code);
            custom.push(CustomTool {
                name: violations.take(&place("name"), name).unwrap_or_default(),
                description: violations
                    .take(&place("description"), description)
                    .unwrap_or_default(),
            });
        }
        if custom.len() > MAX_NAMES {
            let error = FieldError::new("customTools", "length").limit(MAX_NAMES);
            violations.add(code, error);
        }
        violations.finish()?;
        Ok(Self {
            available_tools: available,
            tool_configurations: self.tool_configurations.clone(),
            custom_tools: custom,
        })
    }

    /// Whether a tool of this name is available, in any case.
    pub fn has(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.available_tools
            .iter()
            .any(|tool| tool.to_lowercase() == name)
    }
}

/// Most names in a list of tools or data types.
const MAX_NAMES: usize = 100;

/// A list of unique, non-blank names, at least one.
fn names(given: &[String], field: &str, code: Code, violations: &mut Violations) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(given.len());
    for (index, name) in given.iter().enumerate() {
        let place = format!("{field}[{index}]");
        if let Some(name) = violations.take(&place, limits::text(name, 1, 200, code)) {
            if kept.contains(&name) {
                violations.add(code, FieldError::new(place, "unique").value(name.as_str()));
            }
            kept.push(name);
        }
    }
    if given.is_empty() || given.len() > MAX_NAMES {
        let limit = serde_json::json!({"min": 1, "max": MAX_NAMES});
        violations.add(code, FieldError::new(field, "length").limit(limit));
    }
    kept
}

/// What the agent can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capabilities {
    /// Reads data.
    #[serde(default)]
    pub can_read: bool,
    /// Changes data.
    #[serde(default)]
    pub can_write: bool,
    /// Carries things out.
    #[serde(default)]
    pub can_execute: bool,
    /// Looks into things.
    #[serde(default)]
    pub can_analyze: bool,
    /// Directs others.
    #[serde(default)]
    pub can_orchestrate: bool,
    /// How many tasks it does at a time, 1–100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub max_concurrent_tasks: i64,
    /// At least one kind of data it understands.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_NAMES), inner(length(min = 1, max = 200))))]
    pub supported_data_types: Vec<String>,
}

impl Capabilities {
    /// The capabilities trimmed and checked.
    ///
    /// # Errors
    /// `AGENT_CAPABILITIES_INVALID` with every field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let code = Code::AgentCapabilitiesInvalid;
        let mut violations = Violations::new();
        if !(1..=100).contains(&self.max_concurrent_tasks) {
            let limit = serde_json::json!({"min": 1, "max": 100});
            let error = FieldError::new("maxConcurrentTasks", "range").limit(limit);
            violations.add(code, error.value(self.max_concurrent_tasks));
        }
        let types = &self.supported_data_types;
        let types = names(types, "supportedDataTypes", code, &mut violations);
        violations.finish()?;
        Ok(Self {
            supported_data_types: types,
            ..self.clone()
        })
    }

    /// Whether the flag of this name, such as `canRead`, is there and true; in any case of letters.
    pub fn flag(&self, name: &str) -> bool {
        match name.to_lowercase().as_str() {
            "canread" => self.can_read,
            "canwrite" => self.can_write,
            "canexecute" => self.can_execute,
            "cananalyze" => self.can_analyze,
            "canorchestrate" => self.can_orchestrate,
            _ => false,
        }
    }
}

/// How the agent has done so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PerformanceMetrics {
    /// Tasks that ended.
    pub execution_count: u64,
    /// Those that succeeded.
    pub success_count: u64,
    /// Those that failed.
    pub failure_count: u64,
    /// Mean duration of all that ended, in milliseconds.
    pub average_execution_time_ms: f64,
}

impl PerformanceMetrics {
    /// Successes by executions, 0 when there are none.
    pub fn success_rate(&self) -> f64 {
        match self.execution_count {
            0 => 0.0,
            count => self.success_count as f64 / count as f64,
        }
    }

    /// The metrics after one more task that took so many milliseconds.
    ///
    /// # Errors
    /// `EXECUTION_TIME_INVALID` for a negative or endless time.
    pub fn recorded(&self, success: bool, milliseconds: f64) -> Result<Self, DomainError> {
        if !milliseconds.is_finite() || milliseconds < 0.0 {
            let error = FieldError::new("durationMs", "range").limit(serde_json::json!({"min": 0}));
            let message = "An execution takes no negative time.";
            return Err(DomainError::field(
                Code::ExecutionTimeInvalid,
                message,
                error,
            ));
        }
        let count = self.execution_count + 1;
        let total = self.average_execution_time_ms * (count - 1) as f64 + milliseconds;
        Ok(Self {
            execution_count: count,
            success_count: self.success_count + u64::from(success),
            failure_count: self.failure_count + u64::from(!success),
            average_execution_time_ms: total / count as f64,
        })
    }
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub agent_id: AgentId,
    /// The feature of what it serves.
    pub feature_type: FeatureType,
    /// What it serves.
    pub entity_id: EntityId,
    /// The node it is attached to, if not to the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<EntityId>,
    /// The organization of what it serves, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// 1–100 characters, unique among the enabled agents of the entity.
    pub name: String,
    /// At most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is told before every task, 1–10 000 characters.
    pub instructions: String,
    /// What it may use.
    pub tools: Tools,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether it takes tasks.
    pub is_enabled: bool,
    /// How it has done.
    pub performance_metrics: PerformanceMetrics,
    /// When its last task ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_executed_at: Option<Instant>,
    /// Who registered it.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
    /// When it was last configured.
    pub updated_at: Instant,
    /// Rises with every configuration.
    pub revision: i64,
}

impl Agent {
    /// Records the end of a task.
    ///
    /// # Errors
    /// `AGENT_DISABLED`; `EXECUTION_TIME_INVALID`.
    pub fn record_execution(
        &mut self,
        success: bool,
        milliseconds: f64,
        now: Instant,
    ) -> Result<(), DomainError> {
        self.expect_enabled()?;
        self.performance_metrics = self.performance_metrics.recorded(success, milliseconds)?;
        self.last_executed_at = Some(now);
        Ok(())
    }

    /// Refuses when the agent takes no tasks.
    ///
    /// # Errors
    /// `AGENT_DISABLED`.
    pub fn expect_enabled(&self) -> Result<(), DomainError> {
        if self.is_enabled {
            return Ok(());
        }
        let message = "The agent is disabled.";
        let refusal = DomainError::new(Code::AgentDisabled, message).with("from", "disabled");
        Err(refusal.with("agentId", Value::from(self.agent_id.to_string())))
    }

    /// Tasks it does at a time, at least 1.
    pub fn most_tasks(&self) -> u32 {
        u32::try_from(self.capabilities.max_concurrent_tasks.max(1)).unwrap_or(u32::MAX)
    }

    /// The share of its places that are taken.
    pub fn load(&self, running: u32) -> f64 {
        f64::from(running) / f64::from(self.most_tasks())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// An agent that can do everything, for the tests of this room.
    pub(crate) fn agent(name: &str) -> Agent {
        let id = format!("0192aaaa-0000-7000-8000-{:0>12x}", name.len());
        let when = Instant::from_millis(0);
        Agent {
            agent_id: AgentId::parse(&id).unwrap(),
            feature_type: FeatureType::FunctionModel,
            entity_id: EntityId::parse(&id).unwrap(),
            node_id: None,
            organization_id: None,
            name: name.into(),
            description: None,
            instructions: "Check invoices and write reports.".into(),
            tools: tools(&["search", "Mail"]),
            capabilities: Capabilities {
                can_read: true,
                can_write: true,
                can_execute: true,
                can_analyze: true,
                can_orchestrate: true,
                max_concurrent_tasks: 5,
                supported_data_types: vec!["json".into()],
            },
            is_enabled: true,
            performance_metrics: PerformanceMetrics::default(),
            last_executed_at: None,
            created_by: UserId::parse(&id).unwrap(),
            created_at: when,
            updated_at: when,
            revision: 1,
        }
    }

    pub(crate) fn tools(names: &[&str]) -> Tools {
        Tools {
            available_tools: names.iter().map(|name| (*name).into()).collect(),
            ..Tools::default()
        }
    }

    fn fields(refusal: DomainError) -> Vec<String> {
        refusal
            .errors
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn tools_are_named_once_and_configured_only_when_there() {
        let mut bad = tools(&["a", " a ", " "]);
        bad.tool_configurations.insert("b".into(), json!({}));
        bad.custom_tools = vec![CustomTool {
            name: " ".into(),
            description: "".into(),
        }];
        let refusal = bad.checked().unwrap_err();
        assert_eq!(refusal.code, Code::AgentToolsInvalid);
        let expected = [
            "availableTools[1]",
            "availableTools[2]",
            "toolConfigurations.b",
            "customTools[0].name",
            "customTools[0].description",
        ];
        assert_eq!(fields(refusal), expected);
        assert_eq!(
            fields(tools(&[]).checked().unwrap_err()),
            ["availableTools"]
        );
        let good = tools(&[" a "]).checked().unwrap();
        assert!(good.has("A") && !good.has("b"));
    }

    #[test]
    fn capabilities_have_a_number_and_types() {
        let refusal = Capabilities::default().checked().unwrap_err();
        assert_eq!(refusal.code, Code::AgentCapabilitiesInvalid);
        assert_eq!(
            fields(refusal),
            ["maxConcurrentTasks", "supportedDataTypes"]
        );
        let good = agent("a").capabilities;
        assert_eq!(good.checked().unwrap(), good);
        for (most, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            let capabilities = Capabilities {
                max_concurrent_tasks: most,
                ..good.clone()
            };
            assert_eq!(capabilities.checked().is_ok(), fits, "{most}");
        }
        assert!(good.flag("CanRead") && !good.flag("canfly"));
    }

    #[test]
    fn every_execution_moves_the_average() {
        let now = Instant::from_millis(5);
        let mut agent = agent("a");
        assert_eq!(agent.performance_metrics.success_rate(), 0.0);
        agent.record_execution(true, 100.0, now).unwrap();
        agent.record_execution(false, 200.0, now).unwrap();
        agent.record_execution(true, 600.0, now).unwrap();
        let metrics = &agent.performance_metrics;
        assert_eq!(metrics.average_execution_time_ms, 300.0);
        let counts = (
            metrics.execution_count,
            metrics.success_count,
            metrics.failure_count,
        );
        assert_eq!(counts, (3, 2, 1));
        assert!((metrics.success_rate() - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(agent.last_executed_at, Some(now));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let refusal = agent.record_execution(true, bad, now).unwrap_err();
            assert_eq!(refusal.code, Code::ExecutionTimeInvalid);
        }
        agent.is_enabled = false;
        let refusal = agent.record_execution(true, 1.0, now).unwrap_err();
        assert_eq!(refusal.code, Code::AgentDisabled);
        assert_eq!(agent.load(4), 0.8);
    }
}
