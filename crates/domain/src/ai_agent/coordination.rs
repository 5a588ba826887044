//! Several agents working together: tasks in stages, and what joins the outputs of a stage.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::task::{ExecuteAgentTask, Order};
use crate::error::{Code, DomainError, FieldError, Violations, join};
use crate::ids::AgentId;
use crate::limits::{self, JsonObject};
use crate::sorted;
use crate::vocabulary::{AgentTaskStatus, AgentTaskType, CoordinationMode, SynchronizationKind};

/// Milliseconds a coordination may take when nothing is said.
const DEFAULT_TIMEOUT_MS: i64 = 300_000;
/// Most tasks of one coordination.
const MOST_TASKS: usize = 20;

/// One task of a coordination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CoordinatedTask {
    /// The caller's name for it, 1–200 characters, unique.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub task_id: String,
    /// Who does it.
    pub agent_id: AgentId,
    /// When: 1–100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub stage: i64,
    /// What kind of work it is.
    pub task_type: AgentTaskType,
    /// What to do, 1–2000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub task: String,
    /// What the kind of work needs, and whatever else the agent should know.
    pub parameters: JsonObject,
    /// 0–10, 10 most urgent; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10)))]
    pub priority: Option<i64>,
    /// Milliseconds of one attempt, 1000–300 000; 30 000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1000, max = 300000)))]
    pub timeout_ms: Option<i64>,
    /// Further attempts, 0–10; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10)))]
    pub max_retries: Option<i64>,
}

/// What happens after a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SynchronizationPoint {
    /// A stage that has tasks.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub after_stage: i64,
    /// What is done with the outputs so far.
    pub kind: SynchronizationKind,
}

/// Have several agents work together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CoordinateAgents {
    /// 1–20.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MOST_TASKS)))]
    pub tasks: Vec<CoordinatedTask>,
    /// One task a stage, or the tasks of a stage together.
    pub mode: CoordinationMode,
    /// What happens after which stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub synchronization_points: Option<Vec<SynchronizationPoint>>,
    /// Whether later stages run after a failure; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continue_on_failure: Option<bool>,
    /// 1000–3 600 000; 300 000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1000, max = 3600000)))]
    pub timeout_ms: Option<i64>,
}

/// One task of a coordination within its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The caller's name for it.
    pub name: String,
    /// Who does it.
    pub agent_id: AgentId,
    /// When.
    pub stage: u32,
    /// What to do.
    pub order: Order,
}

/// A coordination within its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The tasks, as given.
    pub parts: Vec<Part>,
    /// How they follow each other.
    pub mode: CoordinationMode,
    /// What happens after which stage.
    pub synchronization_points: Vec<SynchronizationPoint>,
    /// Whether later stages run after a failure.
    pub continue_on_failure: bool,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u32,
}

impl CoordinateAgents {
    /// The coordination within its limits.
    ///
    /// # Errors
    /// `COORDINATION_INVALID` with every field; the tasks' own limits as `TASK_PARAMETERS_INVALID`.
    pub fn score(&self) -> Result<Score, DomainError> {
        let code = Code::CoordinationInvalid;
        let mut violations = Violations::new();
        if self.tasks.is_empty() || self.tasks.len() > MOST_TASKS {
            let limit = json!({"min": 1, "max": MOST_TASKS});
            let message = "Between 1 and 20 tasks are needed.";
            let error = FieldError::new("tasks", "length").limit(limit);
            return Err(DomainError::field(code, message, error));
        }
        self.check_names(&mut violations);
        self.check_stages(&mut violations);
        let timeout_ms = self.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
        if !(1000..=3_600_000).contains(&timeout_ms) {
            let limit = json!({"min": 1000, "max": 3_600_000});
            violations.add(code, FieldError::new("timeoutMs", "range").limit(limit));
        }
        let parts = self.parts(&mut violations);
        violations.finish()?;
        Ok(Score {
            parts,
            mode: self.mode,
            synchronization_points: self.synchronization_points.clone().unwrap_or_default(),
            continue_on_failure: self.continue_on_failure.unwrap_or(false),
            timeout_ms: u32::try_from(timeout_ms).unwrap_or_default(),
        })
    }

    fn check_names(&self, violations: &mut Violations) {
        let code = Code::CoordinationInvalid;
        for (index, task) in self.tasks.iter().enumerate() {
            let place = format!("tasks[{index}].taskId");
            violations.take(&place, limits::text(&task.task_id, 1, 200, code));
            let name = task.task_id.trim();
            let mut earlier = self.tasks[..index].iter();
            if earlier.any(|other| other.task_id.trim() == name) {
                let error = FieldError::new(place, "unique").value(task.task_id.as_str());
                violations.add(code, error);
            }
        }
    }

    fn check_stages(&self, violations: &mut Violations) {
        let code = Code::CoordinationInvalid;
        for (index, task) in self.tasks.iter().enumerate() {
            let place = format!("tasks[{index}].stage");
            if !(1..=100).contains(&task.stage) {
                let limit = json!({"min": 1, "max": 100});
                violations.add(code, FieldError::new(place, "range").limit(limit));
            } else if self.mode == CoordinationMode::Sequential {
                let mut earlier = self.tasks[..index].iter();
                if earlier.any(|other| other.stage == task.stage) {
                    violations.add(code, FieldError::new(place, "unique").value(task.stage));
                } else if task.stage > self.tasks.len() as i64 {
                    let limit = json!({"min": 1, "max": self.tasks.len()});
                    violations.add(code, FieldError::new(place, "consecutive").limit(limit));
                }
            }
        }
        let points = self.synchronization_points.as_deref().unwrap_or_default();
        for (index, point) in points.iter().enumerate() {
            if !self
                .tasks
                .iter()
                .any(|task| task.stage == point.after_stage)
            {
                let place = format!("synchronizationPoints[{index}].afterStage");
                let error = FieldError::new(place, "unknown").value(point.after_stage);
                violations.add(code, error);
            }
        }
        if points.len() > 100 {
            let error = FieldError::new("synchronizationPoints", "length").limit(100);
            violations.add(code, error);
        }
    }

    fn parts(&self, violations: &mut Violations) -> Vec<Part> {
        let mut parts = Vec::with_capacity(self.tasks.len());
        for (index, task) in self.tasks.iter().enumerate() {
            let command = ExecuteAgentTask {
                task_type: task.task_type,
                task: task.task.clone(),
                parameters: task.parameters.clone(),
                agent_id: Some(task.agent_id),
                required_capabilities: None,
                priority: task.priority,
                timeout_ms: task.timeout_ms,
                queue_if_busy: None,
                max_retries: task.max_retries,
            };
            let order = violations.take(&format!("tasks[{index}]"), command.order());
            parts.extend(order.map(|order| Part {
                name: task.task_id.trim().to_owned(),
                agent_id: task.agent_id,
                stage: u32::try_from(task.stage).unwrap_or_default(),
                order,
            }));
        }
        parts
    }
}

impl Score {
    /// The stages there are, ascending.
    pub fn stages(&self) -> Vec<u32> {
        let mut stages: Vec<u32> = self.parts.iter().map(|part| part.stage).collect();
        sorted::sort(&mut stages);
        stages.dedup();
        stages
    }
}

/// How one task of a coordination ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PartResult {
    /// The caller's name for the task.
    pub task_id: String,
    /// Who did it.
    pub agent_id: AgentId,
    /// Completed or failed.
    pub status: AgentTaskStatus,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<PartError>,
    /// How long it took.
    pub duration_ms: i64,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartError {
    /// Which fault.
    pub code: String,
    /// In words, without secrets.
    pub message: String,
    /// Its kind.
    pub category: String,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StageResult {
    /// Which stage.
    pub stage: u32,
    /// Its tasks in their order.
    pub results: Vec<PartResult>,
    /// Whether all its tasks, and what was checked after it, succeeded.
    pub succeeded: bool,
}

/// What a synchronization point made of the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Synchronized {
    /// After which stage.
    pub after_stage: u32,
    /// What was done.
    pub kind: SynchronizationKind,
    /// The merged object, the list, or whether all outputs were there.
    pub output: Value,
}

/// Ends a stage: judges it and applies the synchronization points behind it.
///
/// `earlier` are the stages before it; merging and collecting take the outputs of all so far.
pub fn end_stage(
    points: &[SynchronizationPoint],
    earlier: &[StageResult],
    stage: u32,
    results: Vec<PartResult>,
) -> (StageResult, Vec<Synchronized>) {
    let all_done = results
        .iter()
        .all(|result| result.status == AgentTaskStatus::Completed);
    let mut ended = StageResult {
        stage,
        results,
        succeeded: all_done,
    };
    let mut synchronized = Vec::new();
    for point in points.iter().filter(|p| p.after_stage == i64::from(stage)) {
        let outputs = || {
            let stages = earlier.iter().chain([&ended]);
            stages.flat_map(|stage| stage.results.iter().filter_map(|r| r.output.as_ref()))
        };
        let output = match point.kind {
            SynchronizationKind::MergeResults => merged(outputs()),
            SynchronizationKind::AggregateData => outputs().cloned().collect(),
            SynchronizationKind::ValidateOutputs => {
                let complete = ended.results.iter().all(has_output);
                json!({ "valid": complete })
            }
        };
        if output == json!({"valid": false}) && point.kind == SynchronizationKind::ValidateOutputs {
            ended.succeeded = false;
        }
        synchronized.push(Synchronized {
            after_stage: stage,
            kind: point.kind,
            output,
        });
    }
    (ended, synchronized)
}

/// Nothing, an empty object and an empty text are no output.
fn has_output(result: &PartResult) -> bool {
    match &result.output {
        None | Some(Value::Null) => false,
        Some(Value::Object(object)) if object.len() == 1 => {
            object.get("text").and_then(Value::as_str) != Some("")
        }
        Some(Value::Object(object)) => !object.is_empty(),
        Some(_) => true,
    }
}

/// Objects become one; the later output wins.
fn merged<'a>(outputs: impl Iterator<Item = &'a Value>) -> Value {
    let mut whole = Map::new();
    for output in outputs {
        if let Value::Object(object) = output {
            whole.extend(object.clone());
        }
    }
    Value::Object(whole)
}

/// Whether the stages after this one run.
pub fn goes_on(stage: &StageResult, continue_on_failure: bool) -> bool {
    stage.succeeded || continue_on_failure
}

/// How a coordination of so many tasks ended: `completed`, `failed` or `partial`.
pub fn status(stages: &[StageResult], tasks: usize) -> &'static str {
    let of = |stage: &StageResult| {
        let done = |result: &&PartResult| result.status == AgentTaskStatus::Completed;
        stage.results.iter().filter(done).count()
    };
    let succeeded: usize = stages.iter().map(of).sum();
    let sound = stages.iter().all(|stage| stage.succeeded);
    match succeeded {
        0 => "failed",
        count if count == tasks && sound => "completed",
        _ => "partial",
    }
}

/// The path of a field of a task, for refusals found later.
pub fn path_of(index: usize, field: &str) -> String {
    join(&format!("tasks[{index}]"), field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192aaaa-0000-7000-8000-000000000001";

    fn task(name: &str, stage: i64) -> CoordinatedTask {
        CoordinatedTask {
            task_id: name.into(),
            agent_id: AgentId::parse(ID).unwrap(),
            stage,
            task_type: AgentTaskType::Execution,
            task: "Do it".into(),
            parameters: JsonObject::new(),
            priority: None,
            timeout_ms: None,
            max_retries: None,
        }
    }

    fn command(mode: CoordinationMode, stages: &[i64]) -> CoordinateAgents {
        let named = stages.iter().enumerate();
        CoordinateAgents {
            tasks: named
                .map(|(n, stage)| task(&n.to_string(), *stage))
                .collect(),
            mode,
            synchronization_points: None,
            continue_on_failure: None,
            timeout_ms: None,
        }
    }

    #[track_caller]
    fn refused(command: &CoordinateAgents, field: &str, rule: &str) {
        let refusal = command.score().unwrap_err();
        assert_eq!(refusal.code, Code::CoordinationInvalid);
        let found = refusal
            .errors
            .iter()
            .any(|e| e.field == field && e.rule == rule);
        assert!(found, "{:?}", refusal.errors);
    }

    #[test]
    fn one_to_twenty_tasks_take_part() {
        use CoordinationMode::Parallel;
        refused(&command(Parallel, &[]), "tasks", "length");
        refused(&command(Parallel, &[1; 21]), "tasks", "length");
        assert_eq!(command(Parallel, &[1; 20]).score().unwrap().stages(), [1]);
        assert_eq!(
            command(Parallel, &[7, 3, 7]).score().unwrap().stages(),
            [3, 7]
        );
    }

    #[test]
    fn sequential_stages_are_one_to_n_with_one_task_each() {
        use CoordinationMode::Sequential;
        command(Sequential, &[2, 1, 3]).score().unwrap();
        refused(&command(Sequential, &[1, 1]), "tasks[1].stage", "unique");
        refused(
            &command(Sequential, &[1, 3]),
            "tasks[1].stage",
            "consecutive",
        );
        refused(&command(Sequential, &[0, 1]), "tasks[0].stage", "range");
        refused(
            &command(CoordinationMode::Parallel, &[101]),
            "tasks[0].stage",
            "range",
        );
    }

    #[test]
    fn names_points_and_times_are_checked() {
        let mut bad = command(CoordinationMode::Parallel, &[1, 2]);
        bad.tasks[1].task_id = "0".into();
        refused(&bad, "tasks[1].taskId", "unique");
        let mut bad = command(CoordinationMode::Parallel, &[1, 2]);
        bad.synchronization_points = Some(vec![SynchronizationPoint {
            after_stage: 3,
            kind: SynchronizationKind::MergeResults,
        }]);
        refused(&bad, "synchronizationPoints[0].afterStage", "unknown");
        for time in [999, 3_600_001] {
            let mut bad = command(CoordinationMode::Parallel, &[1]);
            bad.timeout_ms = Some(time);
            refused(&bad, "timeoutMs", "range");
        }
        let mut bad = command(CoordinationMode::Parallel, &[1]);
        bad.tasks[0].task = " ".into();
        let refusal = bad.score().unwrap_err();
        assert_eq!(refusal.code, Code::TaskParametersInvalid);
        assert_eq!(refusal.errors[0].field, path_of(0, "task"));
    }

    fn result(name: &str, output: Option<Value>) -> PartResult {
        PartResult {
            task_id: name.into(),
            agent_id: AgentId::parse(ID).unwrap(),
            status: match output {
                Some(_) => AgentTaskStatus::Completed,
                None => AgentTaskStatus::Failed,
            },
            output,
            error: None,
            duration_ms: 1,
        }
    }

    fn end(kind: SynchronizationKind, results: Vec<PartResult>) -> (StageResult, Value) {
        let points = [SynchronizationPoint {
            after_stage: 2,
            kind,
        }];
        let earlier = [StageResult {
            stage: 1,
            results: vec![result("0", Some(json!({"a": 0, "z": 0})))],
            succeeded: true,
        }];
        let (stage, mut synchronized) = end_stage(&points, &earlier, 2, results);
        (stage, synchronized.remove(0).output)
    }

    #[test]
    fn objects_are_merged_and_the_later_wins() {
        let results = vec![
            result("1", Some(json!({"a": 1, "b": 1}))),
            result("2", Some(json!({"b": 2}))),
        ];
        let (stage, output) = end(SynchronizationKind::MergeResults, results);
        assert_eq!(output, json!({"a": 1, "b": 2, "z": 0}));
        assert!(stage.succeeded);
    }

    #[test]
    fn outputs_are_collected_in_their_order() {
        let results = vec![result("1", Some(json!({"b": 1}))), result("2", None)];
        let (stage, output) = end(SynchronizationKind::AggregateData, results);
        assert_eq!(output, json!([{"a": 0, "z": 0}, {"b": 1}]));
        assert!(!stage.succeeded && !goes_on(&stage, false) && goes_on(&stage, true));
    }

    #[test]
    fn a_task_without_output_fails_the_stage() {
        for (output, fine) in [
            (json!({}), false),
            (json!(null), false),
            (json!({"text": ""}), false),
            (json!({"text": "x"}), true),
            (json!({"a": 1, "b": 2}), true),
        ] {
            let results = vec![result("1", Some(output.clone()))];
            let (stage, told) = end(SynchronizationKind::ValidateOutputs, results);
            assert_eq!(stage.succeeded, fine, "{output}");
            assert_eq!(told, json!({"valid": fine}));
        }
    }

    #[test]
    fn the_status_counts_successes() {
        let stage = |outputs: Vec<Option<Value>>| {
            let results = outputs
                .into_iter()
                .map(|output| result("x", output))
                .collect();
            end_stage(&[], &[], 1, results).0
        };
        let done = Some(json!({"a": 1}));
        assert_eq!(status(&[stage(vec![done.clone()])], 1), "completed");
        assert_eq!(status(&[stage(vec![done.clone()])], 2), "partial");
        assert_eq!(status(&[stage(vec![done, None])], 2), "partial");
        assert_eq!(status(&[stage(vec![None])], 1), "failed");
        assert_eq!(status(&[], 1), "failed");
    }
}
