//! How data that the domain reads field by field is sent: the same fields as those it becomes,
//! with all that may be left out, or be `null`, marked so.
//!
//! Nothing is ever read into these types; the description of the API is made of them.
#![expect(dead_code, reason = "only their schemas are used")]

use schemars::{JsonSchema, Schema};

use crate::function_model::RawRetryPolicy;
use crate::function_model::commands::{AddActionNode, AddContainerNode};
use crate::ids::{ActionId, AgentId, LinkId, ModelId, NodeId};
use crate::limits::JsonObject;
use crate::node_link::CreateNodeLink;
use crate::sorted::SortedMap;
use crate::vocabulary::{
    BoundaryType, ExecutionTrigger, FailureHandling, LoadBalancing, OrchestrationMode, StageType,
};
use crate::workflow::condition::Condition;
use crate::workflow::expression::Expression;
use crate::workflow::mapping::Mapping;
use crate::workflow::transformation::Transformation;

/// The type of a container with the fields of that type.
#[derive(JsonSchema)]
#[schemars(tag = "nodeType")]
pub(crate) enum GivenContainer {
    /// A boundary.
    #[schemars(rename = "ioNode", rename_all = "camelCase")]
    Io {
        /// The fields of a boundary.
        #[schemars(skip_serializing_if = "Option::is_none")]
        type_specific_data: Option<GivenIo>,
    },
    /// A stage.
    #[schemars(rename = "stageNode", rename_all = "camelCase")]
    Stage {
        /// The fields of a stage.
        #[schemars(skip_serializing_if = "Option::is_none")]
        type_specific_data: Option<GivenStage>,
    },
}

/// What must name its part, since others of the same command refer to it.
macro_rules! identified {
    ($($(#[$doc:meta])* $name:ident of $of:ident by $field:literal: $id:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl JsonSchema for $name {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
                    let id = generator.subschema_for::<$id>().to_value();
                    let mut schema = $of::json_schema(generator);
                    let object = schema.ensure_object();
                    object["properties"][$field] = id;
                    if let Some(required) = object["required"].as_array_mut()
                        && !required.iter().any(|name| name == $field)
                    {
                        required.push($field.into());
                    }
                    schema
                }
            }
        )*
    };
}

identified! {
    /// A container with its identifier.
    IdentifiedContainer of AddContainerNode by "nodeId": NodeId;
    /// An action with its identifier.
    IdentifiedAction of AddActionNode by "actionId": ActionId;
}

/// The fields of a container whose type is known already.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum GivenContainerData {
    /// Those of a boundary.
    Io(GivenIo),
    /// Those of a stage.
    Stage(GivenStage),
}

/// The fields of a boundary.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenIo {
    /// Which way data crosses it; `input` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    boundary_type: Option<BoundaryType>,
    /// What comes in; an `output` boundary has none.
    #[schemars(skip_serializing_if = "Option::is_none")]
    input_data_contract: Option<JsonObject>,
    /// What goes out; an `input` boundary has none.
    #[schemars(skip_serializing_if = "Option::is_none")]
    output_data_contract: Option<JsonObject>,
    /// Free rules about the data.
    #[schemars(skip_serializing_if = "Option::is_none")]
    data_validation_rules: Option<JsonObject>,
}

/// The fields of a stage.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenStage {
    /// What the stage stands for; `process` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    stage_type: Option<StageType>,
    /// Free criteria.
    #[schemars(skip_serializing_if = "Option::is_none")]
    completion_criteria: Option<JsonObject>,
    /// Free requirements.
    #[schemars(skip_serializing_if = "Option::is_none")]
    resource_requirements: Option<JsonObject>,
    /// Free settings.
    #[schemars(skip_serializing_if = "Option::is_none")]
    configuration: Option<JsonObject>,
    /// At most 10 goals, none twice.
    #[schemars(length(max = 10), inner(length(min = 1, max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    stage_goals: Option<Vec<String>>,
    /// Limits of parallel groups.
    #[schemars(skip_serializing_if = "Option::is_none")]
    parallelism_config: Option<GivenParallelism>,
    /// Whether the stage is meant to run in parallel.
    #[schemars(skip_serializing_if = "Option::is_none")]
    parallel_execution: Option<bool>,
    /// The policy of actions that carry none.
    #[schemars(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<RawRetryPolicy>,
    /// What the final failure of an action does; `retry` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    failure_handling: Option<FailureHandling>,
}

/// How much of a stage runs at once.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenParallelism {
    /// Most actions at once.
    #[schemars(range(min = 1, max = 100))]
    max_concurrency: u32,
    /// How work is spread; `round-robin` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    load_balancing: Option<LoadBalancing>,
}

/// The type of an action with the fields of that type.
#[derive(JsonSchema)]
#[schemars(tag = "actionType")]
pub(crate) enum GivenAction {
    /// Runs a workflow of Spindle.
    #[schemars(rename = "tetherNode", rename_all = "camelCase")]
    Tether {
        /// The fields of a tether.
        action_specific_data: GivenTether,
    },
    /// Reads the Knowledge Base.
    #[schemars(rename = "kbNode", rename_all = "camelCase")]
    Knowledge {
        /// The fields of a reading.
        action_specific_data: GivenKnowledge,
    },
    /// Runs another model.
    #[schemars(rename = "functionModelContainer", rename_all = "camelCase")]
    Nested {
        /// The fields of a nested model.
        action_specific_data: GivenNested,
    },
}

/// Some of the fields of an action whose type is known already.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum GivenActionData {
    /// Those of a tether.
    Tether(TetherChange),
    /// Those of a reading.
    Knowledge(KnowledgeChange),
    /// Those of a nested model.
    Nested(NestedChange),
}

/// What a partial update changes: the same fields, none of which must be there.
macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident of $of:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl JsonSchema for $name {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
                    let mut schema = $of::json_schema(generator);
                    schema.remove("required");
                    schema
                }
            }
        )*
    };
}

changes! {
    /// What changes of a tether.
    TetherChange of GivenTether;
    /// What changes of a reading.
    KnowledgeChange of GivenKnowledge;
    /// What changes of a nested model.
    NestedChange of GivenNested;
}

/// The fields of an action that runs a workflow of Spindle.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenTether {
    /// The workflow.
    #[schemars(length(min = 1, max = 200))]
    tether_reference_id: String,
    /// What it is started with; `timeoutMs` bounds one attempt.
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_parameters: Option<JsonObject>,
    /// Which outputs go where: name to dotted path, or an expression.
    #[schemars(skip_serializing_if = "Option::is_none")]
    output_mapping: Option<SortedMap<String, Mapping>>,
    /// What starts it, none twice.
    #[schemars(inner(length(min = 1, max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_triggers: Option<Vec<String>>,
    /// What it needs.
    #[schemars(skip_serializing_if = "Option::is_none")]
    resource_requirements: Option<GivenResources>,
    /// How it reaches what it works on.
    #[schemars(skip_serializing_if = "Option::is_none")]
    integration_config: Option<Integration>,
    /// What its final failure does; the stage's way when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    failure_handling: Option<FailureHandling>,
    /// The agent that does it instead of Spindle.
    #[schemars(skip_serializing_if = "Option::is_none")]
    agent_id: Option<AgentId>,
}

/// What an action needs.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenResources {
    /// Processors: 0–16, or text such as `2` or `500m`.
    #[schemars(skip_serializing_if = "Option::is_none")]
    cpu: Option<Processors>,
    /// Memory: MB 0–32 768, or text such as `512Mi` or `2Gi`.
    #[schemars(skip_serializing_if = "Option::is_none")]
    memory: Option<Memory>,
    /// Seconds one attempt may take.
    #[schemars(range(min = 0, max = 3600))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u32>,
}

/// Processors: a number, or text such as `2` or `500m`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Processors {
    /// So many.
    Number(#[schemars(range(min = 0, max = 16))] f64),
    /// So many, or so many thousandths.
    Text(#[schemars(regex(pattern = "^[0-9]{1,5}m?$"))] String),
}

/// Memory: a number of MB, or text such as `512Mi` or `2Gi`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Memory {
    /// So many MB.
    Number(#[schemars(range(min = 0, max = 32_768))] f64),
    /// So many of a unit.
    Text(#[schemars(regex(pattern = "^[0-9]{1,5}[MG]i$"))] String),
}

/// How a tether reaches what it works on.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Integration {
    /// What kind of work it is.
    #[schemars(skip_serializing_if = "Option::is_none")]
    kind: Option<IntegrationKind>,
    /// The address; an `api-call` needs it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    endpoint: Option<Free>,
    /// Several addresses.
    #[schemars(skip_serializing_if = "Option::is_none")]
    api_endpoints: Option<Free>,
    /// How it signs in.
    #[schemars(skip_serializing_if = "Option::is_none")]
    authentication: Option<Free>,
    /// Headers of its calls.
    #[schemars(skip_serializing_if = "Option::is_none")]
    headers: Option<Free>,
    /// A `data-transformation` needs this or `rules`.
    #[schemars(skip_serializing_if = "Option::is_none")]
    script: Option<Free>,
    /// Rules of a `data-transformation`.
    #[schemars(skip_serializing_if = "Option::is_none")]
    rules: Option<Free>,
}

/// What kind of work an integration is.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(crate) enum IntegrationKind {
    /// Calls an address.
    ApiCall,
    /// Reshapes data.
    DataTransformation,
    /// Works on a database.
    DatabaseOperation,
    /// Works on files.
    FileOperation,
}

/// Free JSON.
pub(crate) struct Free;

impl JsonSchema for Free {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Free".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": ["string", "number", "boolean", "array", "object", "null"]
        })
    }
}

/// The fields of an action that reads the Knowledge Base.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenKnowledge {
    /// What is read.
    #[schemars(length(min = 1, max = 200))]
    kb_reference_id: String,
    /// What it is about.
    #[schemars(length(min = 1, max = 500))]
    short_description: String,
    /// What it is read for.
    #[schemars(length(max = 2000))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    documentation_context: Option<String>,
    /// At most 20 words; case does not matter, blank and repeated ones are dropped.
    #[schemars(inner(length(max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    search_keywords: Option<Vec<String>>,
    /// Who may look and change.
    #[schemars(skip_serializing_if = "Option::is_none")]
    access_permissions: Option<GivenAccess>,
}

/// Who may look at documentation and change it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct GivenAccess {
    /// Who may look.
    #[schemars(inner(length(max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    view: Option<Vec<String>>,
    /// Who may change it; each of them may also look.
    #[schemars(inner(length(max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    edit: Option<Vec<String>>,
}

/// The fields of an action that runs another model.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenNested {
    /// The model it runs.
    nested_model_id: ModelId,
    /// What the child is started with: name to dotted path, or an expression.
    #[schemars(skip_serializing_if = "Option::is_none")]
    context_mapping: Option<SortedMap<String, Mapping>>,
    /// What is taken from the child's outputs.
    #[schemars(skip_serializing_if = "Option::is_none")]
    output_extraction: Option<GivenExtraction>,
    /// When it runs.
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_policy: Option<GivenPolicy>,
    /// Which contexts the child sees.
    #[schemars(skip_serializing_if = "Option::is_none")]
    context_inheritance: Option<GivenInheritance>,
    /// How the child runs; `embedded` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    orchestration_mode: Option<OrchestrationMode>,
    /// What the nesting is checked against.
    #[schemars(skip_serializing_if = "Option::is_none")]
    hierarchical_validation: Option<GivenDepth>,
}

/// What is taken from a child's outputs.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenExtraction {
    /// Their names, none twice.
    #[schemars(length(min = 1), inner(length(min = 1, max = 200)))]
    extracted_outputs: Vec<String>,
    /// What becomes of some of them.
    #[schemars(skip_serializing_if = "Option::is_none")]
    output_transformations: Option<SortedMap<String, Transformation>>,
}

/// When a nested model runs.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenPolicy {
    /// What lets it run; `automatic` when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    execution_trigger: Option<ExecutionTrigger>,
    /// What must hold; `conditional` needs it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    conditions: Option<Condition>,
    /// Seconds it may take.
    #[schemars(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u32>,
}

/// Which contexts a nested model sees.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenInheritance {
    /// Taken over from above.
    #[schemars(inner(length(min = 1, max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    inherited_contexts: Option<Vec<String>>,
    /// Kept apart.
    #[schemars(inner(length(min = 1, max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    isolated_contexts: Option<Vec<String>>,
    /// Seen by both.
    #[schemars(inner(length(min = 1, max = 200)))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    shared_contexts: Option<Vec<String>>,
    /// What becomes of some of them.
    #[schemars(skip_serializing_if = "Option::is_none")]
    context_transformations: Option<SortedMap<String, Mapping>>,
}

/// How deep models may nest below an action.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenDepth {
    /// Most nested models below; 10 when absent.
    #[schemars(range(min = 1, max = 10))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    max_nesting_depth: Option<u32>,
}

/// What an HTTP task calls, and what becomes of the answer.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenTask {
    /// The method.
    method: crate::built_in_workflow::Method,
    /// The address: `http` or `https`. Values of the run stand in it as `{dotted.path}`.
    #[schemars(length(min = 1, max = 2000))]
    url: String,
    /// Headers; their values may hold `{dotted.path}` too, and `{secrets.name}`.
    #[schemars(extend("maxProperties" = 50))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    headers: Option<SortedMap<String, String>>,
    /// The body: JSON as it is, or an expression over the run's data.
    #[schemars(skip_serializing_if = "Option::is_none")]
    body: Option<Free>,
    /// What the task puts out of `{status, headers, body}`; the body alone when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    output: Option<GivenOutput>,
    /// Milliseconds the call may take; 30 000 when absent.
    #[schemars(range(min = 1, max = 300_000))]
    #[schemars(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u32>,
    /// Whether a failed call may be made again; true when absent.
    #[schemars(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
}

/// An expression, or its source alone.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum GivenOutput {
    /// The source.
    Source(String),
    /// The expression.
    Expression(Expression),
}

/// One operation of a batch.
#[derive(JsonSchema)]
#[schemars(tag = "operation", rename_all = "kebab-case")]
pub(crate) enum GivenLinkOperation {
    /// Joins two things.
    #[schemars(rename_all = "camelCase")]
    Create {
        /// The link to make.
        link: CreateNodeLink,
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        link_id: Option<()>,
        /// Not of this operation: the link has its own.
        #[schemars(skip_serializing_if = "Option::is_none")]
        link_strength: Option<()>,
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        reason: Option<()>,
    },
    /// Gives a link another strength.
    #[schemars(rename_all = "camelCase")]
    UpdateStrength {
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        link: Option<()>,
        /// The link to change.
        link_id: LinkId,
        /// The new strength, 0 to 1.
        #[schemars(range(min = 0, max = 1))]
        link_strength: f64,
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        reason: Option<()>,
    },
    /// Removes a link.
    #[schemars(rename_all = "camelCase")]
    Remove {
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        link: Option<()>,
        /// The link to remove.
        link_id: LinkId,
        /// Not of this operation.
        #[schemars(skip_serializing_if = "Option::is_none")]
        link_strength: Option<()>,
        /// Why it is removed.
        #[schemars(length(max = 2000))]
        #[schemars(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}
