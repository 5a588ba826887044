//! Tasks: what an agent is asked to do, whether it can, whether there is room.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agent::Agent;
use super::matching::{self, Candidate, Criteria, rounded};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::AgentId;
use crate::limits::{self, JsonObject};
use crate::vocabulary::AgentTaskType;

/// Milliseconds of one attempt when nothing is said.
pub const DEFAULT_TIMEOUT_MS: u32 = 30_000;
/// Most tasks running at a time in one organization.
pub const MOST_IN_ORGANIZATION: u32 = 10;
/// Most tasks waiting for one agent.
pub const LONGEST_QUEUE: u32 = 100;

/// Have an agent do something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecuteAgentTask {
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do, 1–2000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub task: String,
    /// What the kind of work needs, and whatever else the agent should know.
    pub parameters: JsonObject,
    /// Who does it; absent: the best match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// At most 20 requirements for the best match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = 20), inner(length(min = 1, max = 200)))
    )]
    pub required_capabilities: Option<Vec<String>>,
    /// 0–10, 10 most urgent; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10)))]
    pub priority: Option<i64>,
    /// Milliseconds of one attempt, 1000–300 000; 30 000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1000, max = 300000)))]
    pub timeout_ms: Option<i64>,
    /// Whether it may wait for a busy agent; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_if_busy: Option<bool>,
    /// Further attempts, 0–10; when all fail the agent is disabled. 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10)))]
    pub max_retries: Option<i64>,
}

/// A task within its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do.
    pub task: String,
    /// What the agent should know.
    pub parameters: JsonObject,
    /// What the best match must meet.
    pub required_capabilities: Vec<String>,
    /// 0–10.
    pub priority: u8,
    /// Milliseconds of one attempt.
    pub timeout_ms: u32,
    /// Whether it may wait.
    pub queue_if_busy: bool,
    /// Further attempts.
    pub max_retries: u32,
}

fn ranged(
    given: Option<i64>,
    usual: i64,
    (least, most): (i64, i64),
    field: &str,
    violations: &mut Violations,
) -> u32 {
    let value = given.unwrap_or(usual);
    if value < least || value > most {
        let limit = serde_json::json!({"min": least, "max": most});
        let error = FieldError::new(field, "range").limit(limit).value(value);
        violations.add(Code::TaskParametersInvalid, error);
    }
    u32::try_from(value).unwrap_or_default()
}

impl ExecuteAgentTask {
    /// The task within its limits.
    ///
    /// # Errors
    /// `TASK_PARAMETERS_INVALID` with every field; `DOCUMENT_TOO_LARGE`.
    pub fn order(&self) -> Result<Order, DomainError> {
        let code = Code::TaskParametersInvalid;
        let mut violations = Violations::new();
        let task = violations.take("task", limits::text(&self.task, 1, 2000, code));
        violations.take("parameters", limits::document(&self.parameters));
        check_parameters(self.task_type, &self.parameters, &mut violations);
        let required = self.required_capabilities.as_deref().unwrap_or_default();
        let required = matching::asked(required, "requiredCapabilities", 0, code, &mut violations);
        let priority = ranged(self.priority, 5, (0, 10), "priority", &mut violations);
        let timeout_ms = ranged(
            self.timeout_ms,
            i64::from(DEFAULT_TIMEOUT_MS),
            (1000, 300_000),
            "timeoutMs",
            &mut violations,
        );
        let max_retries = ranged(self.max_retries, 0, (0, 10), "maxRetries", &mut violations);
        violations.finish()?;
        Ok(Order {
            task_type: self.task_type,
            task: task.unwrap_or_default(),
            parameters: self.parameters.clone(),
            required_capabilities: required,
            priority: u8::try_from(priority).unwrap_or(5),
            timeout_ms,
            queue_if_busy: self.queue_if_busy.unwrap_or(true),
            max_retries,
        })
    }
}

/// The parameters a kind of work needs: one of the names each.
fn needed(task_type: AgentTaskType) -> &'static [&'static str] {
    match task_type {
        AgentTaskType::DataProcessing => &["dataset", "data"],
        AgentTaskType::Analysis => &["analysisType"],
        AgentTaskType::ReportGeneration => &["reportType", "template"],
        AgentTaskType::Orchestration
        | AgentTaskType::Execution
        | AgentTaskType::CapabilityVerification => &[],
    }
}

fn check_parameters(task_type: AgentTaskType, given: &JsonObject, violations: &mut Violations) {
    let names = needed(task_type);
    let there = |name: &&str| given.get(*name).is_some_and(|value| !value.is_null());
    if names.is_empty() || names.iter().any(there) {
        return;
    }
    let field = format!("parameters.{}", names[0]);
    let error = FieldError::new(field, "required").limit(names.to_vec());
    violations.add(Code::TaskParametersInvalid, error);
}

/// The capabilities a kind of work needs.
pub fn capabilities_for(task_type: AgentTaskType) -> &'static [&'static str] {
    match task_type {
        AgentTaskType::DataProcessing => &["canRead", "canWrite"],
        AgentTaskType::Analysis => &["canAnalyze"],
        AgentTaskType::ReportGeneration => &["canRead"],
        AgentTaskType::Orchestration => &["canOrchestrate"],
        AgentTaskType::Execution => &["canExecute"],
        AgentTaskType::CapabilityVerification => &[],
    }
}

/// Refuses an agent that takes no tasks, or lacks what the work or the caller asks for.
///
/// # Errors
/// `AGENT_DISABLED`; `AGENT_NOT_CAPABLE` with what is missing.
pub fn check_agent(
    agent: &Agent,
    task_type: AgentTaskType,
    required: &[String],
) -> Result<(), DomainError> {
    agent.expect_enabled()?;
    let missing: Vec<&str> = capabilities_for(task_type)
        .iter()
        .copied()
        .chain(required.iter().map(String::as_str))
        .filter(|requirement| !matching::meets(agent, requirement))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("The agent lacks {}.", missing.join(", "));
    let refusal = DomainError::new(Code::AgentNotCapable, message);
    Err(refusal.with("missing", missing))
}

/// The agents that can do the work, the best first.
///
/// # Errors
/// `NO_AGENT_FOUND`.
pub fn capable(
    task_type: Option<AgentTaskType>,
    required: &[String],
    candidates: Vec<Candidate>,
) -> Result<Vec<Agent>, DomainError> {
    let kind = task_type.map(capabilities_for).unwrap_or_default();
    let kind = kind.iter().map(|name| (*name).to_owned());
    let criteria = Criteria {
        required: kind.chain(required.iter().cloned()).collect(),
        strict: true,
        max_results: 1000,
        ..Criteria::default()
    };
    let found = matching::best(&criteria, candidates);
    if found.items.is_empty() {
        let message = "No enabled agent that you may use meets the requirements.";
        return Err(DomainError::new(Code::NoAgentFound, message));
    }
    Ok(found.items.into_iter().map(|found| found.agent).collect())
}

/// The refusal of a task for which there is no room.
pub fn at_capacity(retry_after_ms: u64) -> DomainError {
    let message = "The agent is busy, and the task may not wait or the queue is full.";
    DomainError::new(Code::AgentAtCapacity, message).with("retryAfterMs", retry_after_ms)
}

/// Ask whether an agent could take so many tasks more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckCapacity {
    /// 1–1000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1000)))]
    pub requested_tasks: i64,
}

/// Whether an agent could take more.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// `allow`, `throttle` when it would be too many, `reject` when it is busy already.
    pub decision: String,
    /// Running tasks by those it can do at a time.
    pub utilization: f64,
    /// Running tasks with those that were asked for.
    pub projected: i64,
}

/// Whether so many tasks more could run.
///
/// # Errors
/// `TASK_PARAMETERS_INVALID`.
pub fn capacity(current: u32, most: u32, command: &CheckCapacity) -> Result<Capacity, DomainError> {
    let asked = command.requested_tasks;
    if !(1..=1000).contains(&asked) {
        let limit = serde_json::json!({"min": 1, "max": 1000});
        let error = FieldError::new("requestedTasks", "range").limit(limit);
        let message = "Between 1 and 1000 tasks can be asked for.";
        return Err(DomainError::field(
            Code::TaskParametersInvalid,
            message,
            error,
        ));
    }
    let utilization = f64::from(current) / f64::from(most.max(1));
    let projected = i64::from(current) + asked;
    let decision = match () {
        () if utilization >= 0.9 => "reject",
        () if projected > i64::from(most) => "throttle",
        () => "allow",
    };
    Ok(Capacity {
        decision: decision.to_owned(),
        utilization: rounded(utilization),
        projected,
    })
}

/// One of the tasks to be shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SharedTask {
    /// The caller's name for it, 1–200 characters, unique.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub task_id: String,
    /// What it is about, for the caller's own use; at most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub task: Option<String>,
}

/// Share tasks out among the agents that can do them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistributeTasks {
    /// 1–100.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub tasks: Vec<SharedTask>,
    /// 1–20 requirements.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 20), inner(length(min = 1, max = 200)))
    )]
    pub required_capabilities: Vec<String>,
}

/// Who does what.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The caller's name for the task.
    pub task_id: String,
    /// Who does it.
    pub agent_id: AgentId,
}

/// How tasks were shared out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// In the order of the tasks.
    pub assignments: Vec<Assignment>,
    /// How many agents could have done them.
    pub capable_agents: usize,
}

impl DistributeTasks {
    /// The requirements, once everything is within its limits.
    ///
    /// # Errors
    /// `TASK_PARAMETERS_INVALID` for the tasks, `CRITERIA_INVALID` for the requirements.
    pub fn checked(&self) -> Result<Vec<String>, DomainError> {
        let code = Code::TaskParametersInvalid;
        let mut violations = Violations::new();
        if self.tasks.is_empty() || self.tasks.len() > 100 {
            let limit = serde_json::json!({"min": 1, "max": 100});
            violations.add(code, FieldError::new("tasks", "length").limit(limit));
        } else {
            for (index, task) in self.tasks.iter().enumerate() {
                let place = format!("tasks[{index}].taskId");
                violations.take(&place, limits::text(&task.task_id, 1, 200, code));
                if self.tasks[..index]
                    .iter()
                    .any(|other| other.task_id == task.task_id)
                {
                    violations.add(code, FieldError::new(place, "unique"));
                }
                let text = task.task.as_deref().unwrap_or_default();
                let place = format!("tasks[{index}].task");
                violations.take(&place, limits::text(text, 0, 2000, code));
            }
        }
        let required = &self.required_capabilities;
        let criteria = Code::CriteriaInvalid;
        let required = matching::asked(
            required,
            "requiredCapabilities",
            1,
            criteria,
            &mut violations,
        );
        violations.finish()?;
        Ok(required)
    }
}

/// Shares tasks out, one after the other, over agents in their order.
pub fn distribute(tasks: &[SharedTask], agents: &[Agent]) -> Distribution {
    let turns = agents.iter().cycle();
    let assignments = tasks.iter().zip(turns).map(|(task, agent)| Assignment {
        task_id: task.task_id.clone(),
        agent_id: agent.agent_id,
    });
    Distribution {
        assignments: assignments.collect(),
        capable_agents: agents.len(),
    }
}

/// A result must be an object, so that results can be merged: text that is none is put into one.
pub fn output(content: &str) -> Value {
    let text = content.trim();
    let inner = text
        .strip_prefix("```json")
        .and_then(|rest| rest.strip_suffix("```"))
        .map_or(text, str::trim);
    match serde_json::from_str::<Value>(inner) {
        Ok(Value::Object(object)) => Value::Object(object),
        _ => serde_json::json!({ "text": text }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::agent::tests::agent;
    use super::*;

    fn command(task_type: AgentTaskType, parameters: Value) -> ExecuteAgentTask {
        ExecuteAgentTask {
            task_type,
            task: "Do it".into(),
            parameters: parameters.as_object().cloned().unwrap(),
            agent_id: None,
            required_capabilities: None,
            priority: None,
            timeout_ms: None,
            queue_if_busy: None,
            max_retries: None,
        }
    }

    #[test]
    fn every_kind_of_work_needs_its_parameters() {
        use AgentTaskType::*;
        for (kind, given, fine) in [
            (DataProcessing, json!({"dataset": 1}), true),
            (DataProcessing, json!({"data": []}), true),
            (DataProcessing, json!({"data": null}), false),
            (Analysis, json!({"analysisType": "x"}), true),
            (Analysis, json!({}), false),
            (ReportGeneration, json!({"reportType": "x"}), true),
            (ReportGeneration, json!({"template": "x"}), true),
            (ReportGeneration, json!({}), false),
            (Orchestration, json!({}), true),
            (Execution, json!({}), true),
            (CapabilityVerification, json!({}), true),
        ] {
            let order = command(kind, given.clone()).order();
            assert_eq!(order.is_ok(), fine, "{kind} {given}");
            if let Err(refusal) = order {
                assert_eq!(refusal.code, Code::TaskParametersInvalid);
                assert_eq!(refusal.errors[0].rule, "required");
            }
        }
    }

    #[test]
    fn limits_are_told_at_once_and_defaults_hold() {
        let mut bad = command(AgentTaskType::Analysis, json!({}));
        bad.task = " ".into();
        bad.priority = Some(11);
        bad.timeout_ms = Some(999);
        bad.max_retries = Some(11);
        bad.required_capabilities = Some(vec!["x".into(); 21]);
        let refusal = bad.order().unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        let expected = [
            "task",
            "parameters.analysisType",
            "requiredCapabilities",
            "priority",
            "timeoutMs",
            "maxRetries",
        ];
        assert_eq!(fields, expected);
        let usual = command(AgentTaskType::Execution, json!({}))
            .order()
            .unwrap();
        let given = (
            usual.priority,
            usual.timeout_ms,
            usual.max_retries,
            usual.queue_if_busy,
        );
        assert_eq!(given, (5, 30_000, 0, true));
    }

    #[test]
    fn agents_must_be_enabled_and_able() {
        let mut agent = agent("a");
        let none: [String; 0] = [];
        for kind in AgentTaskType::ALL {
            check_agent(&agent, *kind, &none).unwrap();
        }
        let refusal = check_agent(&agent, AgentTaskType::Execution, &["fax".into()]).unwrap_err();
        assert_eq!(refusal.data["missing"], json!(["fax"]));
        agent.capabilities = super::super::agent::Capabilities::default();
        for kind in AgentTaskType::ALL {
            let able = check_agent(&agent, *kind, &none).is_ok();
            assert_eq!(able, *kind == AgentTaskType::CapabilityVerification);
        }
        agent.is_enabled = false;
        let refusal = check_agent(&agent, AgentTaskType::Execution, &none).unwrap_err();
        assert_eq!(refusal.code, Code::AgentDisabled);
    }

    #[test]
    fn the_question_for_room_is_answered_by_utilization_first() {
        let ask = |current, asked| {
            let command = CheckCapacity {
                requested_tasks: asked,
            };
            let answer = capacity(current, 5, &command).unwrap();
            (answer.decision, answer.utilization, answer.projected)
        };
        assert_eq!(ask(4, 3), ("throttle".to_owned(), 0.8, 7));
        assert_eq!(ask(4, 1), ("allow".to_owned(), 0.8, 5));
        assert_eq!(ask(5, 1), ("reject".to_owned(), 1.0, 6));
        assert!(capacity(0, 5, &CheckCapacity { requested_tasks: 0 }).is_err());
    }

    #[test]
    fn tasks_are_shared_out_in_turns() {
        let agents = [agent("a"), agent("bb"), agent("ccc")];
        let tasks: Vec<SharedTask> = (0..5)
            .map(|n| SharedTask {
                task_id: n.to_string(),
                task: None,
            })
            .collect();
        let shared = distribute(&tasks, &agents);
        let count = |agent: &Agent| {
            let of = |one: &&Assignment| one.agent_id == agent.agent_id;
            shared.assignments.iter().filter(of).count()
        };
        assert_eq!(agents.each_ref().map(count), [2, 2, 1]);
        let twice = DistributeTasks {
            tasks: vec![tasks[0].clone(), tasks[0].clone()],
            required_capabilities: vec!["canRead".into()],
        };
        assert_eq!(twice.checked().unwrap_err().errors[0].rule, "unique");
        let empty = DistributeTasks {
            tasks: vec![],
            required_capabilities: vec![],
        };
        let refusal = empty.checked().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.errors.len()),
            (Code::TaskParametersInvalid, 2)
        );
    }

    #[test]
    fn nobody_able_is_a_refusal() {
        let one = || {
            vec![Candidate {
                agent: agent("a"),
                running: 0,
            }]
        };
        let kind = Some(AgentTaskType::Execution);
        assert_eq!(capable(kind, &[], one()).unwrap().len(), 1);
        let refusal = capable(kind, &["fax".into()], one()).unwrap_err();
        assert_eq!(refusal.code, Code::NoAgentFound);
        assert_eq!(at_capacity(2000).data["retryAfterMs"], 2000);
    }

    #[test]
    fn an_answer_that_is_an_object_is_the_output_and_other_text_is_put_into_one() {
        assert_eq!(output(r#" {"a": 1} "#), json!({"a": 1}));
        assert_eq!(output("```json\n{\"a\": 1}\n```"), json!({"a": 1}));
        assert_eq!(output("[1]"), json!({"text": "[1]"}));
        assert_eq!(output("fine"), json!({"text": "fine"}));
    }
}
