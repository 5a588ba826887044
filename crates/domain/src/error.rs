//! Refusals: which rule said no, with the values that broke it.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

macro_rules! codes {
    ($($variant:ident => $text:literal),* $(,)?) => {
        /// The name of a refusal, one for each broken rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Code {
            $(
                #[doc = concat!("`", $text, "`")]
                #[serde(rename = $text)]
                $variant,
            )*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as clients read it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Serialize for Code {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

codes! {
    // Shape, and things that are not there.
    InvalidRequest => "INVALID_REQUEST",
    IdInvalid => "ID_INVALID",
    FunctionModelNotFound => "FUNCTION_MODEL_NOT_FOUND",
    NodeNotFound => "NODE_NOT_FOUND",
    ActionNotFound => "ACTION_NOT_FOUND",
    DependencyNotFound => "DEPENDENCY_NOT_FOUND",
    VersionNotFound => "VERSION_NOT_FOUND",
    ExecutionNotFound => "EXECUTION_NOT_FOUND",
    TemplateNotFound => "TEMPLATE_NOT_FOUND",
    ContentNotFound => "CONTENT_NOT_FOUND",
    WorkflowNotFound => "WORKFLOW_NOT_FOUND",
    OrganizationNotFound => "ORGANIZATION_NOT_FOUND",
    MemberNotFound => "MEMBER_NOT_FOUND",
    ContextNotFound => "CONTEXT_NOT_FOUND",
    AgentNotFound => "AGENT_NOT_FOUND",
    TaskNotFound => "TASK_NOT_FOUND",
    LinkNotFound => "LINK_NOT_FOUND",
    InvitationNotFound => "INVITATION_NOT_FOUND",
    AggregateNotFound => "AGGREGATE_NOT_FOUND",
    SubscriptionNotFound => "SUBSCRIPTION_NOT_FOUND",
    DeadLetterNotFound => "DEAD_LETTER_NOT_FOUND",
    SecretNotFound => "SECRET_NOT_FOUND",
    ScheduleNotFound => "SCHEDULE_NOT_FOUND",
    Forbidden => "FORBIDDEN",
    // Already there, or changed meanwhile.
    RevisionConflict => "REVISION_CONFLICT",
    ModelNameTaken => "MODEL_NAME_TAKEN",
    AgentNameTaken => "AGENT_NAME_TAKEN",
    SecretNameTaken => "SECRET_NAME_TAKEN",
    NodeAlreadyExists => "NODE_ALREADY_EXISTS",
    ActionAlreadyExists => "ACTION_ALREADY_EXISTS",
    DependencyAlreadyExists => "DEPENDENCY_ALREADY_EXISTS",
    VersionAlreadyExists => "VERSION_ALREADY_EXISTS",
    LinkAlreadyExists => "LINK_ALREADY_EXISTS",
    BatchInProgress => "BATCH_IN_PROGRESS",
    BatchNotOpen => "BATCH_NOT_OPEN",
    IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
    ContextAlreadyRegistered => "CONTEXT_ALREADY_REGISTERED",
    // Values.
    ModelNameInvalid => "MODEL_NAME_INVALID",
    DescriptionInvalid => "DESCRIPTION_INVALID",
    MetadataInvalid => "METADATA_INVALID",
    PermissionsInvalid => "PERMISSIONS_INVALID",
    VersionInvalid => "VERSION_INVALID",
    PositionInvalid => "POSITION_INVALID",
    NodeNameInvalid => "NODE_NAME_INVALID",
    NodeConfigurationInvalid => "NODE_CONFIGURATION_INVALID",
    TimeoutInvalid => "TIMEOUT_INVALID",
    StartTimeInvalid => "START_TIME_INVALID",
    ActionNameInvalid => "ACTION_NAME_INVALID",
    ActionConfigurationInvalid => "ACTION_CONFIGURATION_INVALID",
    ExecutionOrderInvalid => "EXECUTION_ORDER_INVALID",
    PriorityInvalid => "PRIORITY_INVALID",
    EstimatedDurationInvalid => "ESTIMATED_DURATION_INVALID",
    RetryPolicyInvalid => "RETRY_POLICY_INVALID",
    RaciInvalid => "RACI_INVALID",
    ExecutionContextInvalid => "EXECUTION_CONTEXT_INVALID",
    DepthInvalid => "DEPTH_INVALID",
    RecoveryPolicyInvalid => "RECOVERY_POLICY_INVALID",
    NotesInvalid => "NOTES_INVALID",
    ReasonInvalid => "REASON_INVALID",
    RetentionInvalid => "RETENTION_INVALID",
    WindowInvalid => "WINDOW_INVALID",
    OrganizationNameInvalid => "ORGANIZATION_NAME_INVALID",
    WorkflowConfigurationInvalid => "WORKFLOW_CONFIGURATION_INVALID",
    ContentInvalid => "CONTENT_INVALID",
    AggregateNotReplayable => "AGGREGATE_NOT_REPLAYABLE",
    SecretInvalid => "SECRET_INVALID",
    ScheduleInvalid => "SCHEDULE_INVALID",
    EmergencyReasonRequired => "EMERGENCY_REASON_REQUIRED",
    AccessWindowInvalid => "ACCESS_WINDOW_INVALID",
    ContextDataInvalid => "CONTEXT_DATA_INVALID",
    SearchQueryInvalid => "SEARCH_QUERY_INVALID",
    AgentNameInvalid => "AGENT_NAME_INVALID",
    AgentInstructionsInvalid => "AGENT_INSTRUCTIONS_INVALID",
    AgentToolsInvalid => "AGENT_TOOLS_INVALID",
    AgentCapabilitiesInvalid => "AGENT_CAPABILITIES_INVALID",
    TaskParametersInvalid => "TASK_PARAMETERS_INVALID",
    CoordinationInvalid => "COORDINATION_INVALID",
    CriteriaInvalid => "CRITERIA_INVALID",
    NodeMetadataInvalid => "NODE_METADATA_INVALID",
    SubscriptionInvalid => "SUBSCRIPTION_INVALID",
    EventStepUnknown => "EVENT_STEP_UNKNOWN",
    ExecutionTimeInvalid => "EXECUTION_TIME_INVALID",
    LinkStrengthInvalid => "LINK_STRENGTH_INVALID",
    LinkNodesIncomplete => "LINK_NODES_INCOMPLETE",
    LinkToSelf => "LINK_TO_SELF",
    LinkTypeIncompatible => "LINK_TYPE_INCOMPATIBLE",
    MetricsInvalid => "METRICS_INVALID",
    DocumentTooLarge => "DOCUMENT_TOO_LARGE",
    NothingToChange => "NOTHING_TO_CHANGE",
    // The state of a model.
    ModelDeleted => "MODEL_DELETED",
    ModelAlreadyDeleted => "MODEL_ALREADY_DELETED",
    ModelNotDeleted => "MODEL_NOT_DELETED",
    ModelPublished => "MODEL_PUBLISHED",
    ModelAlreadyPublished => "MODEL_ALREADY_PUBLISHED",
    ModelNotPublished => "MODEL_NOT_PUBLISHED",
    ModelArchived => "MODEL_ARCHIVED",
    ModelAlreadyArchived => "MODEL_ALREADY_ARCHIVED",
    ModelInUse => "MODEL_IN_USE",
    ArchiveRiskTooHigh => "ARCHIVE_RISK_TOO_HIGH",
    RecoveryWindowExpired => "RECOVERY_WINDOW_EXPIRED",
    RecoveryRequiresRepair => "RECOVERY_REQUIRES_REPAIR",
    RetentionNotOver => "RETENTION_NOT_OVER",
    ModelTooLarge => "MODEL_TOO_LARGE",
    StatusTransitionInvalid => "STATUS_TRANSITION_INVALID",
    WorkflowInvalid => "WORKFLOW_INVALID",
    VersionNotGreater => "VERSION_NOT_GREATER",
    VersionIncrementInvalid => "VERSION_INCREMENT_INVALID",
    OrganizationNotEmpty => "ORGANIZATION_NOT_EMPTY",
    LastOwner => "LAST_OWNER",
    // Structure.
    SelfDependency => "SELF_DEPENDENCY",
    CircularDependency => "CIRCULAR_DEPENDENCY",
    InputHasDependencies => "INPUT_HAS_DEPENDENCIES",
    NodeHasDependents => "NODE_HAS_DEPENDENTS",
    ParentNotAStage => "PARENT_NOT_A_STAGE",
    ExecutionOrderTaken => "EXECUTION_ORDER_TAKEN",
    PartNamedTwice => "PART_NAMED_TWICE",
    ActionOrderIncomplete => "ACTION_ORDER_INCOMPLETE",
    NestingCycle => "NESTING_CYCLE",
    NestingTooDeep => "NESTING_TOO_DEEP",
    NestedModelUnavailable => "NESTED_MODEL_UNAVAILABLE",
    HierarchyTooDeep => "HIERARCHY_TOO_DEEP",
    HierarchyCycle => "HIERARCHY_CYCLE",
    ParentNotFound => "PARENT_NOT_FOUND",
    // Running.
    NodeInactive => "NODE_INACTIVE",
    NoActions => "NO_ACTIONS",
    ActionNotInContainer => "ACTION_NOT_IN_CONTAINER",
    ActionNotActive => "ACTION_NOT_ACTIVE",
    MaxRetriesExceeded => "MAX_RETRIES_EXCEEDED",
    OrchestrationAlreadyRunning => "ORCHESTRATION_ALREADY_RUNNING",
    ActionAlreadyExecuting => "ACTION_ALREADY_EXECUTING",
    RetryTooEarly => "RETRY_TOO_EARLY",
    ExecutionNotRunning => "EXECUTION_NOT_RUNNING",
    ExecutionNotPaused => "EXECUTION_NOT_PAUSED",
    ExecutionAlreadyFinished => "EXECUTION_ALREADY_FINISHED",
    ExecutionsActive => "EXECUTIONS_ACTIVE",
    AgentDisabled => "AGENT_DISABLED",
    AgentAlreadyEnabled => "AGENT_ALREADY_ENABLED",
    AgentAlreadyDisabled => "AGENT_ALREADY_DISABLED",
    AgentNotCapable => "AGENT_NOT_CAPABLE",
    NoAgentFound => "NO_AGENT_FOUND",
    AgentAtCapacity => "AGENT_AT_CAPACITY",
    EventSchemaInvalid => "EVENT_SCHEMA_INVALID",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One field outside its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// Path of the field in the request, such as `position.x` or `stageGoals[2]`.
    pub field: String,
    /// The rule it broke: `required`, `length`, `range`, `format`, `unique`, `type`, `unknown` …
    pub rule: String,
    /// What would have been allowed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub limit: Option<Value>,
    /// What was given, when it is short enough to repeat.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub value: Option<Value>,
    /// The refusal this one alone would get; present where fields of several kinds come together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Code>,
}

impl FieldError {
    /// A field that broke a rule.
    pub fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
            limit: None,
            value: None,
            code: None,
        }
    }

    /// Adds what would have been allowed; `null` says nothing and is left out.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Value>) -> Self {
        self.limit = Some(limit.into()).filter(|limit: &Value| !limit.is_null());
        self
    }

    /// Adds what was given; text is cut after 100 characters, and `null` is left out.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(match value.into() {
            Value::String(text) => Value::String(text.chars().take(100).collect()),
            Value::Array(_) | Value::Object(_) | Value::Null => return self,
            other => other,
        });
        self
    }
}

/// A refusal of the domain: a rule said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct DomainError {
    /// Which rule.
    pub code: Code,
    /// A sentence for people; it never shows anything internal.
    pub message: String,
    /// Every field outside its limits.
    pub errors: Vec<FieldError>,
    /// What the code carries besides, such as `cycle`, `dependents`, `findings` or `required`.
    pub data: Map<String, Value>,
}

impl DomainError {
    /// A refusal without fields.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            errors: Vec::new(),
            data: Map::new(),
        }
    }

    /// A refusal of one field.
    pub fn field(code: Code, message: impl Into<String>, error: FieldError) -> Self {
        let mut refusal = Self::new(code, message);
        refusal.errors.push(error);
        refusal
    }

    /// Adds a datum that clients can act on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

/// Collects the fields outside their limits, so that all are reported at once.
///
/// The refusal takes the code of the first one.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<(Code, FieldError)>,
}

impl Violations {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a field.
    pub fn add(&mut self, code: Code, error: FieldError) {
        self.found.push((code, error));
    }

    /// Takes the value, or notes the refusal with its fields put under `field`.
    pub fn take<T>(&mut self, field: &str, result: Result<T, DomainError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.absorb(field, refusal);
                None
            }
        }
    }

    /// Notes every field of a refusal, with paths below `field` (an empty one adds nothing).
    pub fn absorb(&mut self, field: &str, refusal: DomainError) {
        if refusal.errors.is_empty() {
            let error = FieldError::new(field, "invalid");
            self.add(refusal.code, error);
        }
        for mut error in refusal.errors {
            error.field = join(field, &error.field);
            self.add(error.code.take().unwrap_or(refusal.code), error);
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Ends the collecting where each error tells the refusal it alone would get.
    ///
    /// # Errors
    /// The code of the first field, and all fields, when there is one.
    pub fn finish_with_codes(mut self) -> Result<(), DomainError> {
        for (code, error) in &mut self.found {
            error.code.get_or_insert(*code);
        }
        self.finish()
    }

    /// Ends the collecting.
    ///
    /// # Errors
    /// The code of the first field, and all fields, when there is one; each tells its own code
    /// where they differ.
    pub fn finish(self) -> Result<(), DomainError> {
        let Some((code, _)) = self.found.first() else {
            return Ok(());
        };
        let code = *code;
        let names = self.found.iter().map(|(_, error)| error.field.as_str());
        let mut named: Vec<&str> = names.take(NAMED_FIELDS).collect();
        if self.found.len() > NAMED_FIELDS {
            named.push("…");
        }
        let message = format!("Outside the limits: {}.", named.join(", "));
        let mut refusal = DomainError::new(code, message);
        let is_mixed = self.found.iter().any(|(other, _)| *other != code);
        let errors = self.found.into_iter().map(|(code, mut error)| {
            error.code = error.code.or(is_mixed.then_some(code));
            error
        });
        refusal.errors = errors.collect();
        Err(refusal)
    }
}

/// Most fields that the sentence of a refusal names; the list of errors has them all.
const NAMED_FIELDS: usize = 10;

/// Joins two parts of a path: `a` and `b` are `a.b`, `a` and `[0]` are `a[0]`.
pub(crate) fn join(parent: &str, child: &str) -> String {
    match (parent.is_empty(), child.is_empty()) {
        (true, _) => child.to_owned(),
        (_, true) => parent.to_owned(),
        _ if child.starts_with('[') => format!("{parent}{child}"),
        _ => format!("{parent}.{child}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_left_out() {
        let error = FieldError::new("name", "required");
        let told = error.clone().limit(Value::Null).value(Value::Null);
        assert_eq!(told, error);
        assert_eq!(error.limit(3).limit, Some(Value::from(3)));
    }

    #[test]
    fn codes_are_written_alike_in_text_and_json() {
        for code in Code::ALL {
            assert_eq!(
                serde_json::to_value(code).unwrap(),
                Value::from(code.as_str())
            );
            assert_eq!(code.to_string(), code.as_str());
        }
    }

    #[test]
    fn all_fields_are_reported_under_the_code_of_the_first() {
        let mut violations = Violations::new();
        assert!(violations.is_empty());
        assert_eq!(violations.take("fine", Ok(1)), Some(1));
        let inner = DomainError::field(
            Code::PositionInvalid,
            "outside",
            FieldError::new("x", "range")
                .limit(10)
                .value("é".repeat(200)),
        );
        assert_eq!(violations.take::<()>("position", Err(inner)), None);
        violations.absorb("name", DomainError::new(Code::NodeNameInvalid, "no"));
        let refusal = violations.finish().unwrap_err();
        assert_eq!(refusal.code, Code::PositionInvalid);
        assert_eq!(refusal.errors[0].field, "position.x");
        let value = refusal.errors[0].value.as_ref().and_then(Value::as_str);
        assert_eq!(value.map(|v| v.chars().count()), Some(100));
        assert_eq!(refusal.errors[1].field, "name");
        assert_eq!(
            refusal.to_string(),
            "POSITION_INVALID: Outside the limits: position.x, name."
        );
        assert!(Violations::new().finish().is_ok());
    }

    #[test]
    fn paths_join_at_dots_and_brackets() {
        assert_eq!(join("a", "b"), "a.b");
        assert_eq!(join("a", "[1]"), "a[1]");
        assert_eq!(join("", "b"), "b");
        assert_eq!(join("a", ""), "a");
    }

    #[test]
    fn large_values_are_not_repeated() {
        let error = FieldError::new("a", "b").value(serde_json::json!({"a": 1}));
        assert_eq!(error.value, None);
        let refusal = DomainError::new(Code::Forbidden, "no").with("required", "edit");
        assert_eq!(refusal.data["required"], "edit");
    }
}
