//! Whether a step that is due really runs.

use serde_json::Value;

use super::context::View;
use super::plan::ActionStep;
use crate::function_model::ActionKind;
use crate::ids::ActionId;
use crate::vocabulary::{ExecutionMode, ExecutionTrigger, RunStatus};

/// What is to be done with a step that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs.
    Run,
    /// It is skipped, for a reason.
    Skip(String),
}

/// The condition of the step does not hold.
pub const CONDITION_NOT_MET: &str = "CONDITION_NOT_MET";
/// A conditional step without condition follows one that did not complete.
pub const PREVIOUS_NOT_COMPLETED: &str = "PREVIOUS_NOT_COMPLETED";
/// A value of the context forbids it.
pub const EXECUTION_SUPPRESSED: &str = "EXECUTION_SUPPRESSED";
/// A nested model that needs an approval has none.
pub const NOT_APPROVED: &str = "NOT_APPROVED";

/// Decides whether a step runs, given what it sees and the approvals of the request.
///
/// # Errors
/// A sentence when a condition cannot be evaluated; the attempt has then failed with category
/// `validation`.
pub fn decide(
    step: &ActionStep,
    view: &View,
    approved_actions: &[ActionId],
) -> Result<Decision, String> {
    if let Some(reason) = &step.skip_reason {
        return Ok(Decision::Skip(reason.clone()));
    }
    let context = Value::Object(view.whole());
    if step.execution_mode == ExecutionMode::Conditional {
        let holds = match &step.condition {
            Some(condition) => condition.holds(&context)?,
            None => view
                .before
                .iter()
                .all(|status| *status == RunStatus::Completed),
        };
        if context.get("shouldExecute") == Some(&Value::Bool(false)) {
            return Ok(skip(EXECUTION_SUPPRESSED));
        }
        if !holds {
            let reason = step.condition.as_ref().map(|_| CONDITION_NOT_MET);
            return Ok(skip(reason.unwrap_or(PREVIOUS_NOT_COMPLETED)));
        }
    }
    let kind = step.kind().map_err(|refusal| refusal.message)?;
    let ActionKind::Nested(nested) = kind else {
        return Ok(Decision::Run);
    };
    match nested.trigger() {
        ExecutionTrigger::Automatic => Ok(Decision::Run),
        ExecutionTrigger::Manual if approved_actions.contains(&step.action_id) => Ok(Decision::Run),
        ExecutionTrigger::Manual => Ok(skip(NOT_APPROVED)),
        ExecutionTrigger::Conditional => {
            let conditions = nested.execution_policy.and_then(|policy| policy.conditions);
            match conditions {
                Some(condition) if condition.holds(&context)? => Ok(Decision::Run),
                _ => Ok(skip(CONDITION_NOT_MET)),
            }
        }
    }
}

fn skip(reason: &str) -> Decision {
    Decision::Skip(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::JsonObject;
    use crate::workflow::condition::Condition;
    use crate::workflow::tests::plan_of_one_action;
    use serde_json::json;

    fn step() -> ActionStep {
        let plan = plan_of_one_action();
        let (_, action) = plan.actions().next().unwrap();
        action.clone()
    }

    fn conditional(condition: Option<Value>) -> ActionStep {
        ActionStep {
            execution_mode: ExecutionMode::Conditional,
            condition: condition.map(|c| Condition::parse(&c).unwrap()),
            ..step()
        }
    }

    fn nested(policy: Value) -> ActionStep {
        let spec = json!({
            "nestedModelId": "5f0c1d4e-9a52-4c3b-8f10-0123456789ab",
            "executionPolicy": policy
        });
        ActionStep {
            action_type: crate::vocabulary::ActionNodeType::FunctionModelContainer,
            spec: spec.as_object().cloned().unwrap(),
            ..step()
        }
    }

    fn view(parameters: Value, before: &[RunStatus]) -> View {
        View {
            parameters: parameters
                .as_object()
                .cloned()
                .unwrap_or_else(JsonObject::new),
            before: before.to_vec(),
            ..View::default()
        }
    }

    fn check(step: &ActionStep, view: &View, reason: Option<&str>) {
        let expected = reason.map_or(Decision::Run, skip);
        assert_eq!(decide(step, view, &[]), Ok(expected));
    }

    #[test]
    fn sequential_steps_run_and_inactive_ones_do_not() {
        check(
            &step(),
            &view(json!({"shouldExecute": false}), &[RunStatus::Failed]),
            None,
        );
        let inactive = ActionStep {
            skip_reason: Some("ACTION_NOT_ACTIVE".to_owned()),
            ..step()
        };
        check(&inactive, &view(json!({}), &[]), Some("ACTION_NOT_ACTIVE"));
    }

    #[test]
    fn conditions_decide_over_conditional_steps() {
        let guarded = conditional(Some(json!({"expression": "amount > 10"})));
        check(
            &guarded,
            &view(json!({"amount": 11}), &[RunStatus::Failed]),
            None,
        );
        check(
            &guarded,
            &view(json!({"amount": 10}), &[]),
            Some(CONDITION_NOT_MET),
        );
        let suppressed = view(json!({"amount": 11, "shouldExecute": false}), &[]);
        check(&guarded, &suppressed, Some(EXECUTION_SUPPRESSED));
        assert!(decide(&guarded, &view(json!({}), &[]), &[]).is_err());
    }

    #[test]
    fn without_condition_all_before_must_have_completed() {
        let open = conditional(None);
        check(&open, &view(json!({}), &[]), None);
        check(&open, &view(json!({}), &[RunStatus::Completed]), None);
        for status in [RunStatus::Failed, RunStatus::Skipped] {
            let before = [RunStatus::Completed, status];
            check(
                &open,
                &view(json!({}), &before),
                Some(PREVIOUS_NOT_COMPLETED),
            );
        }
    }

    #[test]
    fn nested_models_obey_their_trigger() {
        let none = view(json!({}), &[]);
        check(
            &nested(json!({"executionTrigger": "automatic"})),
            &none,
            None,
        );
        let manual = nested(json!({"executionTrigger": "manual"}));
        check(&manual, &none, Some(NOT_APPROVED));
        assert_eq!(
            decide(&manual, &none, &[manual.action_id]),
            Ok(Decision::Run)
        );
        let conditional = nested(json!({
            "executionTrigger": "conditional",
            "conditions": [{"path": "go", "operator": "eq", "value": true}]
        }));
        check(&conditional, &view(json!({"go": true}), &[]), None);
        check(&conditional, &none, Some(CONDITION_NOT_MET));
        let broken = ActionStep {
            spec: JsonObject::new(),
            ..conditional
        };
        assert!(decide(&broken, &none, &[]).is_err());
    }
}
