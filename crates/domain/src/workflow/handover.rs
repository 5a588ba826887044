//! What goes down to a nested run, and what comes up from it.

use serde_json::Value;

use super::context::View;
use crate::function_model::NestedAction;
use crate::function_model::nested_action::OutputExtraction;
use crate::ids::ModelId;
use crate::limits::JsonObject;
use crate::vocabulary::OrchestrationMode;

/// The parameters of the child run: the parent's context as far as inheritance lets it down, with
/// transformed and mapped values in their place.
///
/// # Errors
/// A sentence when a mapping leads nowhere or an expression fails; the attempt has then failed
/// with category `validation`.
pub fn parameters(action: &NestedAction, view: &View) -> Result<JsonObject, String> {
    let mut visible = view.parameters.clone();
    visible.extend(view.upstream.clone());
    if action.orchestration_mode != OrchestrationMode::Parallel {
        visible.extend(view.siblings.clone());
    }
    let context = Value::Object(visible.clone());
    let mut child = JsonObject::new();
    for (name, value) in visible {
        if comes_down(action, &name) {
            child.insert(name, value);
        }
    }
    let transformations = action.context_inheritance.as_ref();
    let transformations = transformations.map(|inheritance| &inheritance.context_transformations);
    let mappings = transformations
        .into_iter()
        .flatten()
        .chain(&action.context_mapping);
    for (name, mapping) in mappings {
        let found = mapping
            .find(&context)
            .map_err(|error| format!("The input {name} cannot be found: {error}"))?;
        let found =
            found.ok_or_else(|| format!("The context holds nothing for the input {name}."))?;
        child.insert(name.clone(), found);
    }
    match action.orchestration_mode {
        OrchestrationMode::Embedded => {}
        OrchestrationMode::Parallel => {
            child.insert("isolatedScope".to_owned(), true.into());
        }
        OrchestrationMode::Sequential => {
            let previous = Value::Object(view.upstream.clone());
            child.insert("previousStageOutput".to_owned(), previous);
            child.insert("chainedExecution".to_owned(), true.into());
        }
    }
    Ok(child)
}

fn comes_down(action: &NestedAction, name: &str) -> bool {
    let Some(inheritance) = &action.context_inheritance else {
        return true;
    };
    let names = |list: &[String]| list.iter().any(|other| other == name);
    if names(&inheritance.isolated_contexts) {
        return false;
    }
    inheritance.inherited_contexts.is_empty()
        || names(&inheritance.inherited_contexts)
        || names(&inheritance.shared_contexts)
}

/// What a nested run puts into its parent's context: the outputs asked for, transformed, under
/// `level_<n>_<modelId>`, where n is the child's depth.
///
/// # Errors
/// A sentence when an output asked for is missing or does not fit its rule; the action has then
/// failed with category `validation`.
pub fn extract(action: &NestedAction, outputs: JsonObject, depth: u32) -> Result<Value, String> {
    let extracted = match &action.output_extraction {
        None => outputs,
        Some(extraction) => pick(extraction, outputs)?,
    };
    let name = level_name(action.nested_model_id, depth);
    Ok(Value::Object(
        [(name, Value::Object(extracted))].into_iter().collect(),
    ))
}

/// The name under which a parent finds the outputs of a nested run.
pub fn level_name(model_id: ModelId, depth: u32) -> String {
    format!("level_{depth}_{model_id}")
}

fn pick(extraction: &OutputExtraction, mut outputs: JsonObject) -> Result<JsonObject, String> {
    let mut picked = JsonObject::new();
    for name in &extraction.extracted_outputs {
        let value = outputs
            .remove(name)
            .ok_or_else(|| format!("The nested model has put out no {name}."))?;
        let (name, value) = match extraction.output_transformations.get(name) {
            Some(rule) => rule.apply(name, value)?,
            None => (name.clone(), value),
        };
        picked.insert(name, value);
    }
    Ok(picked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::ActionKind;
    use crate::vocabulary::ActionNodeType;
    use serde_json::json;

    const MODEL: &str = "5f0c1d4e-9a52-4c3b-8f10-0123456789ab";

    fn nested(mut data: Value) -> NestedAction {
        let data = data.as_object_mut().unwrap();
        data.insert("nestedModelId".to_owned(), json!(MODEL));
        match ActionKind::parse(ActionNodeType::FunctionModelContainer, data.clone()) {
            Ok(ActionKind::Nested(nested)) => nested,
            other => unreachable!("{other:?}"),
        }
    }

    fn object(value: Value) -> JsonObject {
        value.as_object().cloned().unwrap()
    }

    fn view() -> View {
        View {
            parameters: object(json!({"order": {"id": 7}, "secret": "s"})),
            upstream: object(json!({"checked": true})),
            siblings: object(json!({"draft": 1})),
            ..View::default()
        }
    }

    fn check(data: Value, expected: Value) {
        let down = parameters(&nested(data), &view()).unwrap();
        assert_eq!(Value::Object(down), expected);
    }

    #[test]
    fn embedded_children_inherit_what_they_are_let() {
        check(
            json!({}),
            json!({"order": {"id": 7}, "secret": "s", "checked": true, "draft": 1}),
        );
        check(
            json!({
                "contextInheritance": {
                    "inheritedContexts": ["checked"], "sharedContexts": ["draft"],
                    "isolatedContexts": ["secret"],
                    "contextTransformations": {"draft": {"expression": "draft + 1"}}
                },
                "contextMapping": {"orderId": "order.id"}
            }),
            json!({"checked": true, "draft": 2, "orderId": 7}),
        );
        check(
            json!({"contextInheritance": {"isolatedContexts": ["secret", "order", "draft"]}}),
            json!({"checked": true}),
        );
    }

    #[test]
    fn other_modes_add_what_they_promise() {
        check(
            json!({"orchestrationMode": "parallel"}),
            json!({"order": {"id": 7}, "secret": "s", "checked": true, "isolatedScope": true}),
        );
        check(
            json!({"orchestrationMode": "sequential",
                   "contextInheritance": {"inheritedContexts": ["draft"]}}),
            json!({"draft": 1, "chainedExecution": true, "previousStageOutput": {"checked": true}}),
        );
    }

    #[test]
    fn inputs_that_cannot_be_found_are_told() {
        let missing = nested(json!({"contextMapping": {"x": "order.total"}}));
        assert!(
            parameters(&missing, &view())
                .unwrap_err()
                .contains("input x")
        );
        let fails = nested(json!({"contextMapping": {"x": {"expression": "order + 1"}}}));
        assert!(parameters(&fails, &view()).is_err());
    }

    #[test]
    fn outputs_come_up_under_the_name_of_their_level() {
        let all = extract(&nested(json!({})), object(json!({"a": 1})), 1).unwrap();
        assert_eq!(all, json!({format!("level_1_{MODEL}"): {"a": 1}}));
        let some = nested(json!({"outputExtraction": {
            "extractedOutputs": ["total", "note"],
            "outputTransformations": {"total": "rename:sum", "note": "uppercase"}
        }}));
        let up = extract(
            &some,
            object(json!({"total": 3, "note": "ok", "more": 1})),
            2,
        )
        .unwrap();
        assert_eq!(
            up,
            json!({format!("level_2_{MODEL}"): {"sum": 3, "note": "OK"}})
        );
        assert!(extract(&some, object(json!({"total": 3})), 2).is_err());
        assert!(extract(&some, object(json!({"total": 3, "note": 1})), 2).is_err());
    }
}
