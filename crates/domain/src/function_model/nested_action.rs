//! The data of an action that runs another model.

use crate::sorted::{SortedMap, SortedSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::ModelId;
use crate::limits::Fields;
use crate::vocabulary::{ExecutionTrigger, OrchestrationMode};
use crate::workflow::condition::Condition;
use crate::workflow::mapping::Mapping;
use crate::workflow::transformation::Transformation;

/// Which model an action runs, what it hands down and what it takes up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NestedAction {
    /// The model to run.
    pub nested_model_id: ModelId,
    /// Inputs of the child, and where the parent's context holds them.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub context_mapping: SortedMap<String, Mapping>,
    /// Which outputs come back; without it all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_extraction: Option<OutputExtraction>,
    /// When it runs, and for how long at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_policy: Option<ExecutionPolicy>,
    /// Which names of the parent's context come down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_inheritance: Option<ContextInheritance>,
    /// What the child sees of its parent.
    #[serde(default = "embedded")]
    pub orchestration_mode: OrchestrationMode,
    /// Most nested models below this one, 1–10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchical_validation: Option<HierarchicalValidation>,
}

/// Which outputs of the child come back, and in which form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OutputExtraction {
    /// At least one name, none twice.
    pub extracted_outputs: Vec<String>,
    /// How some of them are changed.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub output_transformations: SortedMap<String, Transformation>,
}

/// When a nested model runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExecutionPolicy {
    /// What lets it run.
    pub execution_trigger: ExecutionTrigger,
    /// What must hold when the trigger is `conditional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Condition>,
    /// Seconds the child may take, 1–7200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
}

/// Which names of the parent's context come down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContextInheritance {
    /// When not empty, only these names (and the shared ones) come down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherited_contexts: Vec<String>,
    /// These names stay up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolated_contexts: Vec<String>,
    /// These names come down too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_contexts: Vec<String>,
    /// Names given another value on the way down.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub context_transformations: SortedMap<String, Mapping>,
}

/// How deep models may nest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HierarchicalValidation {
    /// 1–10.
    pub max_nesting_depth: u32,
}

fn embedded() -> OrchestrationMode {
    OrchestrationMode::Embedded
}

/// Most nested models below the top.
pub const MAX_NESTING_DEPTH: u32 = 10;

impl NestedAction {
    /// Reads the data; nothing when the nested model itself is missing or malformed.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let nested_model_id = fields
            .required_text("nestedModelId", 1, 200)
            .and_then(|text| fields.take("nestedModelId", ModelId::parse(&text)));
        let context_mapping = Mapping::read_all(fields, "contextMapping");
        let output_extraction = fields.nested("outputExtraction", read_extraction);
        let execution_policy = fields.nested("executionPolicy", read_policy);
        let context_inheritance = fields.nested("contextInheritance", read_inheritance);
        let orchestration_mode = fields
            .word(
                "orchestrationMode",
                OrchestrationMode::ALL,
                OrchestrationMode::as_str,
            )
            .unwrap_or(OrchestrationMode::Embedded);
        let hierarchical_validation = fields.nested("hierarchicalValidation", |fields| {
            let depth = fields.integer("maxNestingDepth", 1, i64::from(MAX_NESTING_DEPTH));
            HierarchicalValidation {
                max_nesting_depth: small(depth).unwrap_or(MAX_NESTING_DEPTH),
            }
        });
        Some(Self {
            nested_model_id: nested_model_id?,
            context_mapping,
            output_extraction,
            execution_policy,
            context_inheritance,
            orchestration_mode,
            hierarchical_validation,
        })
    }

    /// Milliseconds the child may take, when a limit is stated.
    pub fn timeout_ms(&self) -> Option<u64> {
        let seconds = self.execution_policy.as_ref()?.timeout_seconds?;
        Some(u64::from(seconds) * 1000)
    }

    /// Most nested models below this action.
    pub fn max_depth(&self) -> u32 {
        self.hierarchical_validation
            .map_or(MAX_NESTING_DEPTH, |validation| validation.max_nesting_depth)
    }

    /// What lets the child run.
    pub fn trigger(&self) -> ExecutionTrigger {
        self.execution_policy
            .as_ref()
            .map_or(ExecutionTrigger::Automatic, |policy| {
                policy.execution_trigger
            })
    }
}

fn small(value: Option<i64>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

fn read_extraction(fields: &mut Fields<'_>) -> OutputExtraction {
    let extracted_outputs = fields.unique_texts("extractedOutputs").unwrap_or_default();
    if extracted_outputs.is_empty() {
        fields.broken("extractedOutputs", "required", 1);
    }
    let mut output_transformations = SortedMap::new();
    for (name, rule) in fields.object("outputTransformations").unwrap_or_default() {
        let place = format!("outputTransformations.{name}");
        match rule.as_str().and_then(Transformation::parse) {
            Some(rule) if extracted_outputs.contains(&name) => {
                output_transformations.insert(name, rule);
            }
            Some(_) => fields.broken(&place, "notExtracted", Value::Null),
            None => fields.broken(&place, "oneOf", Transformation::FORMS.to_vec()),
        }
    }
    OutputExtraction {
        extracted_outputs,
        output_transformations,
    }
}

fn read_policy(fields: &mut Fields<'_>) -> ExecutionPolicy {
    let trigger = fields
        .word(
            "executionTrigger",
            ExecutionTrigger::ALL,
            ExecutionTrigger::as_str,
        )
        .unwrap_or(ExecutionTrigger::Automatic);
    let conditions = fields
        .raw("conditions")
        .and_then(|raw| fields.take("conditions", Condition::parse(&raw)));
    if trigger == ExecutionTrigger::Conditional && conditions.is_none() {
        fields.broken("conditions", "required", "conditional");
    }
    ExecutionPolicy {
        execution_trigger: trigger,
        conditions,
        timeout_seconds: small(fields.integer("timeoutSeconds", 1, 7200)),
    }
}

fn read_inheritance(fields: &mut Fields<'_>) -> ContextInheritance {
    let inherited_contexts = fields.unique_texts("inheritedContexts").unwrap_or_default();
    let isolated_contexts = fields.unique_texts("isolatedContexts").unwrap_or_default();
    let inherited: SortedSet<&String> = inherited_contexts.iter().collect();
    if let Some(both) = isolated_contexts
        .iter()
        .find(|name| inherited.contains(name))
    {
        fields.broken("isolatedContexts", "notInherited", both.as_str());
    }
    ContextInheritance {
        inherited_contexts,
        isolated_contexts,
        shared_contexts: fields.unique_texts("sharedContexts").unwrap_or_default(),
        context_transformations: Mapping::read_all(fields, "contextTransformations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::action_node::ActionKind;
    use crate::vocabulary::ActionNodeType;
    use serde_json::json;

    fn nested(mut data: Value) -> Result<NestedAction, Vec<String>> {
        let data = data.as_object_mut().unwrap();
        let model = json!("5f0c1d4e-9a52-4c3b-8f10-0123456789ab");
        data.entry("nestedModelId").or_insert(model);
        let kind = ActionKind::parse(ActionNodeType::FunctionModelContainer, data.clone());
        match kind {
            Ok(ActionKind::Nested(nested)) => Ok(nested),
            Ok(_) => unreachable!("the type was given"),
            Err(refusal) => Err(refusal
                .errors
                .into_iter()
                .map(|e| format!("{} {}", e.field, e.rule))
                .collect()),
        }
    }

    #[test]
    fn defaults_let_everything_down_and_run_always() {
        let action = nested(json!({})).unwrap();
        assert_eq!(action.orchestration_mode, OrchestrationMode::Embedded);
        assert_eq!(action.trigger(), ExecutionTrigger::Automatic);
        assert_eq!((action.timeout_ms(), action.max_depth()), (None, 10));
    }

    #[test]
    fn every_wrong_field_is_reported() {
        let check = |data: Value, broken: &[&str]| assert_eq!(nested(data).unwrap_err(), broken);
        check(json!({"nestedModelId": "x"}), &["nestedModelId invalid"]);
        check(
            json!({"outputExtraction": {"extractedOutputs": []}}),
            &["outputExtraction.extractedOutputs required"],
        );
        check(
            json!({"outputExtraction": {"extractedOutputs": ["a"],
                "outputTransformations": {"b": "number", "a": "shout"}}}),
            &[
                "outputExtraction.outputTransformations.a oneOf",
                "outputExtraction.outputTransformations.b notExtracted",
            ],
        );
        check(
            json!({"executionPolicy": {"executionTrigger": "conditional", "timeoutSeconds": 0}}),
            &[
                "executionPolicy.conditions required",
                "executionPolicy.timeoutSeconds range",
            ],
        );
        check(
            json!({"contextInheritance": {"inheritedContexts": ["a"], "isolatedContexts": ["a"]}}),
            &["contextInheritance.isolatedContexts notInherited"],
        );
        check(
            json!({"hierarchicalValidation": {"maxNestingDepth": 11}}),
            &["hierarchicalValidation.maxNestingDepth range"],
        );
    }

    #[test]
    fn stated_limits_count() {
        let action = nested(json!({
            "executionPolicy": {"executionTrigger": "manual", "timeoutSeconds": 5},
            "hierarchicalValidation": {"maxNestingDepth": 2}
        }))
        .unwrap();
        assert_eq!(action.trigger(), ExecutionTrigger::Manual);
        assert_eq!((action.timeout_ms(), action.max_depth()), (Some(5000), 2));
    }
}
