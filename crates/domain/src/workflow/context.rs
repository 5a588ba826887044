//! What a step may see: the run's parameters, and what came before it.

use serde_json::Value;

use super::plan::{Plan, Step};
use crate::limits::JsonObject;
use crate::sorted;
use crate::vocabulary::{ExecutionMode, RunStatus};

/// The result of a finished action step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepResult {
    /// The step.
    pub step: u32,
    /// How it ended.
    pub status: RunStatus,
    /// What it put into the context, when it completed.
    pub output: Option<Value>,
}

/// What one step may see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The run's parameters.
    pub parameters: JsonObject,
    /// Outputs of containers that the own one depends on, directly or not, merged in order.
    pub upstream: JsonObject,
    /// Outputs of the own container's actions that come before, merged in order.
    pub siblings: JsonObject,
    /// How the own container's actions that come before ended.
    pub before: Vec<RunStatus>,
}

impl View {
    /// Everything in one object; what came later wins.
    pub fn whole(&self) -> JsonObject {
        let mut whole = self.parameters.clone();
        merge(&mut whole, &self.upstream);
        merge(&mut whole, &self.siblings);
        whole
    }
}

/// What a step may see of some results. Results of steps that it may not see are left out:
/// members of its own parallel group, later actions, and containers it does not depend on.
pub fn view(plan: &Plan, step: u32, parameters: &JsonObject, results: &[StepResult]) -> View {
    let mut view = View {
        parameters: parameters.clone(),
        ..View::default()
    };
    let Some(own) = plan.step(step) else {
        return view;
    };
    let upstream = upstream_of(plan, own.container);
    let group_start = start_of_parallel_group(plan, own);
    let mut sorted: Vec<&StepResult> = results.iter().collect();
    sorted::sort_by_key(&mut sorted, |result| result.step);
    for result in sorted {
        let (Some(other), Some(action)) = (plan.step(result.step), plan.action(result.step)) else {
            continue;
        };
        let is_sibling = other.container == own.container;
        let target = if is_sibling && result.step < group_start {
            view.before.push(result.status);
            &mut view.siblings
        } else if !is_sibling && upstream.get(other.container as usize) == Some(&true) {
            &mut view.upstream
        } else {
            continue;
        };
        if let (RunStatus::Completed, Some(output)) = (result.status, &result.output) {
            add_output(target, &action.name, output);
        }
    }
    view
}

/// Which containers one depends on, directly or not, by place. Every container stands behind
/// those it depends on, so one pass from the back is enough.
fn upstream_of(plan: &Plan, container: u32) -> Vec<bool> {
    let mut upstream = vec![false; plan.containers.len()];
    for place in (0..=container as usize).rev() {
        let Some(other) = plan.containers.get(place) else {
            continue;
        };
        if place == container as usize || upstream[place] {
            for dependency in &other.dependencies {
                if let Some(flag) = upstream.get_mut(*dependency as usize) {
                    *flag = true;
                }
            }
        }
    }
    upstream
}

/// The first member of the parallel group of a step; the step itself when it is in none.
///
/// Neighbours of one mode always form one group, and a join or another mode parts two groups.
fn start_of_parallel_group(plan: &Plan, own: &Step) -> u32 {
    let is_parallel = |step: &Step| {
        let mode = step.action.as_ref().map(|action| action.execution_mode);
        mode == Some(ExecutionMode::Parallel) && step.container == own.container
    };
    if !is_parallel(own) {
        return own.step;
    }
    let before = plan.steps.get(..own.step as usize).unwrap_or_default();
    let members = before.iter().rev().take_while(|step| is_parallel(step));
    members.last().map_or(own.step, |first| first.step)
}

/// Adds an output to a context: the fields of an object, any other value under the action's name.
pub fn add_output(context: &mut JsonObject, name: &str, output: &Value) {
    match output {
        Value::Object(fields) => merge(context, fields),
        Value::Null => {}
        other => {
            context.insert(name.to_owned(), other.clone());
        }
    }
}

fn merge(into: &mut JsonObject, from: &JsonObject) {
    for (name, value) in from {
        into.insert(name.clone(), value.clone());
    }
}

/// The outputs of a run: those of the plan's output steps, merged in order.
pub fn outputs(plan: &Plan, results: &[StepResult]) -> JsonObject {
    let mut outputs = JsonObject::new();
    let mut sorted: Vec<&StepResult> = results.iter().collect();
    sorted::sort_by_key(&mut sorted, |result| result.step);
    for result in sorted {
        let counts = plan.outputs.binary_search(&result.step).is_ok();
        let completed = result.status == RunStatus::Completed;
        if let (true, true, Some(action), Some(output)) =
            (counts, completed, plan.action(result.step), &result.output)
        {
            add_output(&mut outputs, &action.name, output);
        }
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, stage};
    use serde_json::json;

    fn sketch() -> Sketch {
        Sketch::new()
            .with(stage("a", &[]).actions(&["a1", "a2"]))
            .with(stage("b", &["a"]).parallel(&["b1", "b2"]).actions(&["b3"]))
            .with(stage("c", &["b"]).actions(&["c1"]))
            .with(stage("d", &[]).actions(&["d1"]))
    }

    fn results(plan: &Plan) -> Vec<StepResult> {
        plan.actions()
            .map(|(step, action)| StepResult {
                step: step.step,
                status: RunStatus::Completed,
                output: Some(json!({ action.name.clone(): 1 })),
            })
            .collect()
    }

    fn check(name: &str, upstream: &[&str], siblings: &[&str]) {
        let plan = sketch().plan();
        let (step, _) = plan.actions().find(|(_, a)| a.name == name).unwrap();
        let view = view(&plan, step.step, &JsonObject::new(), &results(&plan));
        assert_eq!(view.upstream.keys().collect::<Vec<_>>(), upstream, "{name}");
        assert_eq!(view.siblings.keys().collect::<Vec<_>>(), siblings, "{name}");
        assert_eq!(view.before.len(), siblings.len(), "{name}");
    }

    #[test]
    fn a_step_sees_what_comes_before_in_its_container_and_upstream() {
        check("a1", &[], &[]);
        check("a2", &[], &["a1"]);
        check("b3", &["a1", "a2"], &["b1", "b2"]);
        check("c1", &["a1", "a2", "b1", "b2", "b3"], &[]);
        check("d1", &[], &[]);
    }

    #[test]
    fn members_of_a_parallel_group_do_not_see_each_other() {
        check("b1", &["a1", "a2"], &[]);
        check("b2", &["a1", "a2"], &[]);
    }

    #[test]
    fn outputs_are_merged_in_order_and_failures_leave_none() {
        let plan = sketch().plan();
        let parameters = json!({"a1": 0, "p": 1});
        let parameters = parameters.as_object().unwrap();
        let (step, _) = plan.actions().find(|(_, a)| a.name == "a2").unwrap();
        let result = |status, output: Value| StepResult {
            step: 1,
            status,
            output: Some(output),
        };
        let seen = |result| view(&plan, step.step, parameters, &[result]).whole();
        let one = plan.action(1).map(|a| a.name.clone());
        let expected = match one.as_deref() {
            Some("a1") => (json!({"a1": 5, "p": 1}), json!({"a1": "text", "p": 1})),
            other => unreachable!("step 1 is {other:?}"),
        };
        let completed = RunStatus::Completed;
        assert_eq!(
            Value::Object(seen(result(completed, json!({"a1": 5})))),
            expected.0
        );
        assert_eq!(
            Value::Object(seen(result(completed, json!("text")))),
            expected.1
        );
        let failed = seen(result(RunStatus::Failed, json!({"a1": 5})));
        assert_eq!(&failed, parameters);
        assert_eq!(&seen(result(completed, Value::Null)), parameters);
    }

    #[test]
    fn a_run_puts_out_what_its_output_steps_did() {
        let plan = sketch().plan();
        let outputs = outputs(&plan, &results(&plan));
        assert_eq!(outputs.keys().collect::<Vec<_>>(), ["c1", "d1"]);
    }

    #[test]
    fn an_unknown_step_sees_the_parameters_alone() {
        let plan = sketch().plan();
        let seen = view(&plan, 999, &JsonObject::new(), &results(&plan));
        assert_eq!(seen, View::default());
    }
}
