//! What a step of a run sees, what a nested run is given, and what comes up from it.

use serde_json::{Map, Value};

use super::plan::{Plan, Step, StepKind};
use crate::function_model::NestedAction;
use crate::limits::JsonObject;
use crate::vocabulary::{ExecutionMode, OrchestrationMode};

/// The context of a step: the parameters of the run, and over them the outputs of the completed
/// steps it may see, later ones winning.
///
/// A step sees the earlier groups of its own container and every container it depends on, directly
/// or not; members of one parallel group do not see each other. An output that is no object stands
/// under the name of its action.
pub fn visible<'a>(
    plan: &Plan,
    step: u32,
    parameters: &JsonObject,
    completed: impl IntoIterator<Item = (u32, &'a Value)>,
) -> JsonObject {
    let seen = Seen::from(plan, step);
    let mut outputs: Vec<(u32, &Value)> = completed
        .into_iter()
        .filter(|(number, _)| seen.includes(plan, *number))
        .collect();
    outputs.sort_by_key(|(number, _)| *number);
    let mut context = parameters.clone();
    for (number, output) in outputs {
        match output {
            Value::Object(fields) => context.extend(fields.clone()),
            other => {
                if let Some(action) = plan.action(number) {
                    context.insert(action.name.clone(), other.clone());
                }
            }
        }
    }
    context
}

/// Which steps one step may see.
struct Seen {
    container: u32,
    /// The first step of the group the viewer is in.
    group_start: u32,
    /// For every container, whether the viewer's container waits for it.
    upstream: Vec<bool>,
}

impl Seen {
    fn from(plan: &Plan, step: u32) -> Self {
        let container = plan.step(step).map_or(u32::MAX, |step| step.container);
        Self {
            container,
            group_start: group_start(plan, step),
            upstream: upstream_of(plan, container),
        }
    }

    fn includes(&self, plan: &Plan, number: u32) -> bool {
        plan.step(number).is_some_and(|step| {
            if step.container == self.container {
                number < self.group_start
            } else {
                self.upstream.get(step.container as usize) == Some(&true)
            }
        })
    }
}

/// Parallel actions that stand together are one group; any other action is a group of its own.
fn group_start(plan: &Plan, step: u32) -> u32 {
    let is_mate = |other: &Step| {
        other.kind == StepKind::Action
            && other
                .action
                .as_ref()
                .is_some_and(|action| action.execution_mode == ExecutionMode::Parallel)
    };
    let mut start = step;
    if plan.step(step).is_some_and(is_mate) {
        while start > 0 && plan.step(start - 1).is_some_and(is_mate) {
            start -= 1;
        }
    }
    start
}

fn upstream_of(plan: &Plan, container: u32) -> Vec<bool> {
    let mut upstream = vec![false; plan.containers.len()];
    let mut found = vec![container];
    while let Some(place) = found.pop() {
        let Some(container) = plan.containers.get(place as usize) else {
            continue;
        };
        for dependency in &container.dependencies {
            if let Some(slot) = upstream.get_mut(*dependency as usize)
                && !*slot
            {
                *slot = true;
                found.push(*dependency);
            }
        }
    }
    upstream
}

/// The parameters of a nested run.
///
/// The parent's context comes down as the action's inheritance says, then what `contextMapping`
/// names. Mode `parallel` adds `isolatedScope: true`; mode `sequential` adds `chainedExecution: true`
/// and `previousStageOutput`, the output of what ended last before the action, if any.
///
/// # Errors
/// A sentence when a mapping leads nowhere or an expression fails.
pub fn for_child(
    nested: &NestedAction,
    visible: &Value,
    previous: Option<&Value>,
) -> Result<JsonObject, String> {
    let mut parameters = inherited(nested, visible)?;
    for (name, mapping) in &nested.context_mapping {
        let value = mapping
            .find(visible)?
            .ok_or_else(|| format!("The context holds nothing for the input {name}."))?;
        parameters.insert(name.clone(), value);
    }
    match nested.orchestration_mode {
        OrchestrationMode::Embedded => {}
        OrchestrationMode::Parallel => {
            parameters.insert("isolatedScope".to_owned(), Value::Bool(true));
        }
        OrchestrationMode::Sequential => {
            parameters.insert("chainedExecution".to_owned(), Value::Bool(true));
            if let Some(previous) = previous {
                parameters.insert("previousStageOutput".to_owned(), previous.clone());
            }
        }
    }
    Ok(parameters)
}

fn inherited(nested: &NestedAction, visible: &Value) -> Result<JsonObject, String> {
    let mut context = visible.as_object().cloned().unwrap_or_default();
    let Some(rules) = &nested.context_inheritance else {
        return Ok(context);
    };
    if !rules.inherited_contexts.is_empty() {
        context.retain(|name, _| {
            rules.inherited_contexts.contains(name) || rules.shared_contexts.contains(name)
        });
    }
    for name in &rules.isolated_contexts {
        context.remove(name);
    }
    for (name, mapping) in &rules.context_transformations {
        if let Some(value) = mapping.find(visible)? {
            context.insert(name.clone(), value);
        }
    }
    Ok(context)
}

/// What a nested run of level `level` (1 below the top) puts into its parent's context: the outputs
/// that the action extracts, all of them when it names none, under `level_<level>_<modelId>`.
///
/// # Errors
/// A sentence when the child did not produce a named output, or a transformation does not fit it.
pub fn from_child(
    nested: &NestedAction,
    outputs: &JsonObject,
    level: u32,
) -> Result<JsonObject, String> {
    let extracted = match &nested.output_extraction {
        None => outputs.clone(),
        Some(extraction) => {
            let mut extracted = Map::new();
            for name in &extraction.extracted_outputs {
                let value = outputs
                    .get(name)
                    .ok_or_else(|| format!("The nested run produced no output {name}."))?;
                let (name, value) = match extraction.output_transformations.get(name) {
                    Some(rule) => rule.apply(name, value.clone())?,
                    None => (name.clone(), value.clone()),
                };
                extracted.insert(name, value);
            }
            extracted
        }
    };
    let key = format!("level_{level}_{}", nested.nested_model_id);
    Ok(Map::from_iter([(key, Value::Object(extracted))]))
}
