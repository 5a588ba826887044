//! UC-013: models in models, as a plan and as they run.

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::error::{Code, DomainError, FieldError};
use crate::function_model::ActionKind;
use crate::function_model::nested_action::MAX_NESTING_DEPTH;
use crate::ids::{ActionId, ExecutionId, ModelId};
use crate::limits::JsonObject;
use crate::vocabulary::{ActionNodeType, ExecutionStatus, ExecutionTrigger, OrchestrationMode};

/// Ask what runs below a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlanFractal {
    /// Most nested models below, 1–10; 10 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub max_depth: Option<i64>,
    /// What a run would start with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<JsonObject>,
}

impl PlanFractal {
    /// The limit asked for.
    ///
    /// # Errors
    /// `DEPTH_INVALID` outside 1–10.
    pub fn depth(&self) -> Result<u32, DomainError> {
        let deepest = i64::from(MAX_NESTING_DEPTH);
        match self.max_depth {
            None => Ok(MAX_NESTING_DEPTH),
            Some(depth) if (1..=deepest).contains(&depth) => {
                Ok(u32::try_from(depth).unwrap_or(MAX_NESTING_DEPTH))
            }
            Some(depth) => {
                let limit = serde_json::json!({"min": 1, "max": deepest});
                let error = FieldError::new("maxDepth", "range")
                    .limit(limit)
                    .value(depth);
                let message = format!("Between 1 and {deepest} levels can be asked for.");
                Err(DomainError::field(Code::DepthInvalid, message, error))
            }
        }
    }
}

/// All models that a run would reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FractalPlan {
    /// By distance from the top.
    pub levels: Vec<FractalLevel>,
    /// How many models there are, the top included; one that is nested twice counts twice.
    pub total_models: usize,
    /// The deepest level.
    pub depth: usize,
    /// Minutes a run is taken to last.
    pub estimate_minutes: f64,
    /// What may keep models from running.
    pub warnings: Vec<FractalWarning>,
}

/// The models at one distance from the top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FractalLevel {
    /// 0 is the top.
    pub level: usize,
    /// Its models.
    pub models: Vec<FractalModel>,
}

/// A model of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FractalModel {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: String,
    /// The published version.
    pub version_number: String,
    /// The action that runs it; absent at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_action_id: Option<ActionId>,
    /// What it sees of the model above; absent at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orchestration_mode: Option<OrchestrationMode>,
}

/// What may keep a model from running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FractalWarning {
    /// A code of it.
    pub code: String,
    /// In words.
    pub message: String,
    /// The action it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
}

/// A model that a plan nests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting {
    /// The action that runs it.
    pub action_id: ActionId,
    /// The model.
    pub model_id: ModelId,
    /// What it sees of the model above.
    pub mode: OrchestrationMode,
    /// What lets it run.
    pub trigger: ExecutionTrigger,
}

/// The models that a plan nests, in the order of its steps.
///
/// # Errors
/// `ACTION_CONFIGURATION_INVALID` when a stored plan cannot be read.
pub fn nestings(plan: &Plan) -> Result<Vec<Nesting>, DomainError> {
    let mut nestings = Vec::new();
    for (_, action) in plan.actions() {
        if action.action_type != ActionNodeType::FunctionModelContainer {
            continue;
        }
        if let ActionKind::Nested(nested) = action.kind()? {
            let policy = nested.execution_policy.as_ref();
            nestings.push(Nesting {
                action_id: action.action_id,
                model_id: nested.nested_model_id,
                mode: nested.orchestration_mode,
                trigger: policy.map_or(ExecutionTrigger::Automatic, |p| p.execution_trigger),
            });
        }
    }
    Ok(nestings)
}

impl Nesting {
    /// What its trigger may keep it from.
    pub fn warning(&self) -> Option<FractalWarning> {
        let (code, message) = match self.trigger {
            ExecutionTrigger::Manual => (
                "MANUAL_TRIGGER",
                "Runs only when the start approves its action.",
            ),
            ExecutionTrigger::Conditional => {
                ("CONDITIONAL_TRIGGER", "Runs only when its conditions hold.")
            }
            ExecutionTrigger::Automatic => return None,
        };
        Some(FractalWarning {
            code: code.to_owned(),
            message: message.to_owned(),
            action_id: Some(self.action_id),
        })
    }
}

/// Parameters that a start would miss.
pub fn missing_parameters(plan: &Plan, given: &JsonObject) -> Vec<FractalWarning> {
    let missing = plan.required_parameters.iter();
    let missing = missing.filter(|name| given.get(*name).is_none_or(serde_json::Value::is_null));
    missing
        .map(|name| FractalWarning {
            code: "PARAMETER_MISSING".to_owned(),
            message: format!("A start must give {name}."),
            action_id: None,
        })
        .collect()
}

/// How the nesting levels of a run stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunLevels {
    /// By distance from the run that was asked for.
    pub levels: Vec<RunLevel>,
}

/// The runs at one distance from the top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunLevel {
    /// 0 is the run that was asked for.
    pub level: usize,
    /// How they stand together.
    pub status: ExecutionStatus,
    /// The runs.
    pub runs: Vec<LevelRun>,
}

/// A run of a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LevelRun {
    /// The run.
    pub execution_id: ExecutionId,
    /// Its model.
    pub model_id: ModelId,
    /// The version it runs.
    pub version_number: String,
    /// The run it is nested in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_execution_id: Option<ExecutionId>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What came out of it, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<JsonObject>,
}

/// How several runs stand together: under way as long as one is, else as the worst of them ended.
pub fn status_of(runs: &[LevelRun]) -> ExecutionStatus {
    use ExecutionStatus as S;
    let order = [S::Running, S::Paused, S::Pending, S::Failed, S::Cancelled];
    let any = |status: &&S| runs.iter().any(|run| run.status == **status);
    order.iter().find(any).copied().unwrap_or(S::Completed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflow::tests::{Sketch, action_id, object, stage, uuid};

    fn nested(trigger: Option<&str>) -> ActionKind {
        let mut data = json!({"nestedModelId": uuid(77), "orchestrationMode": "sequential"});
        if let Some(trigger) = trigger {
            data["executionPolicy"] = json!({"executionTrigger": trigger});
            if trigger == "conditional" {
                data["executionPolicy"]["conditions"] =
                    json!([{"path": "a", "operator": "exists"}]);
            }
        }
        ActionKind::parse(ActionNodeType::FunctionModelContainer, object(data)).unwrap()
    }

    fn sketch(trigger: Option<&str>) -> Sketch {
        Sketch::new()
            .with(stage("a", &[]).actions(&["a1", "n"]))
            .with(stage("b", &[]).parallel(&["b1", "b2"]).actions(&["b3"]))
            .with(stage("c", &["a", "b"]).actions(&["c1"]))
            .action("n", |action| action.kind = nested(trigger))
            .action("b1", |action| action.estimated_duration_minutes = Some(7.0))
    }

    #[test]
    fn nested_models_are_found_with_what_may_keep_them() {
        let found = |trigger| nestings(&sketch(trigger).plan()).unwrap();
        let plain = found(None);
        assert_eq!(plain.len(), 1);
        assert_eq!(plain[0].action_id, action_id("n"));
        assert_eq!(plain[0].model_id, ModelId::from_uuid(uuid(77)));
        assert_eq!(plain[0].mode, OrchestrationMode::Sequential);
        assert_eq!(plain[0].warning(), None);
        let code = |trigger| found(Some(trigger))[0].warning().unwrap().code;
        assert_eq!(code("manual"), "MANUAL_TRIGGER");
        assert_eq!(code("conditional"), "CONDITIONAL_TRIGGER");
    }

    #[test]
    fn depths_and_parameters_are_checked() {
        let depth = |max_depth| {
            PlanFractal {
                max_depth,
                parameters: None,
            }
            .depth()
        };
        assert_eq!(depth(None), Ok(10));
        assert_eq!(depth(Some(1)), Ok(1));
        for wrong in [0, 11, -1] {
            assert_eq!(depth(Some(wrong)).unwrap_err().code, Code::DepthInvalid);
        }
        let mut plan = sketch(None).plan();
        plan.required_parameters = vec!["order".into(), "amount".into()];
        let missing = missing_parameters(&plan, &object(json!({"order": 1, "amount": null})));
        assert_eq!(missing.len(), 1);
        assert!(missing[0].message.contains("amount"));
    }

    #[test]
    fn a_level_is_under_way_as_long_as_one_of_its_runs_is() {
        use ExecutionStatus as S;
        let run = |status| LevelRun {
            execution_id: ExecutionId::from_uuid(uuid(1)),
            model_id: ModelId::from_uuid(uuid(2)),
            version_number: "1.0.0".into(),
            parent_execution_id: None,
            status,
            outputs: None,
        };
        let of = |statuses: &[S]| status_of(&statuses.iter().map(|s| run(*s)).collect::<Vec<_>>());
        assert_eq!(of(&[S::Completed, S::Running, S::Failed]), S::Running);
        assert_eq!(of(&[S::Completed, S::Cancelled, S::Failed]), S::Failed);
        assert_eq!(of(&[S::Completed, S::Completed]), S::Completed);
        assert_eq!(of(&[S::Pending, S::Completed]), S::Pending);
    }
}
