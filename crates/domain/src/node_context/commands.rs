//! What can be asked of contexts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccessLevel, ContextNodeType, ContextScope, InheritanceRule};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{ExecutionId, NodeId};
use crate::instant::Instant;
use crate::limits::{self, JsonObject};

/// Register the context of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterContext {
    /// The node.
    pub node_id: NodeId,
    /// What kind of node.
    pub node_type: ContextNodeType,
    /// The node above; a root when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_node_id: Option<NodeId>,
    /// How far it reaches; `execution` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ContextScope>,
    /// What is its own: an object of at most 64 KiB.
    #[cfg_attr(feature = "schema", schemars(with = "JsonObject"))]
    pub data: Value,
    /// How properties come from above.
    #[serde(default)]
    pub inheritance: Vec<InheritanceRule>,
    /// The run it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

/// Ask what one node may do with the context of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckContextAccess {
    /// Who asks.
    pub requesting_node_id: NodeId,
    /// Whose context.
    pub target_node_id: NodeId,
    /// For what: `read`, `write` or `execute`.
    #[cfg_attr(feature = "schema", schemars(with = "super::access::RequestedAccess"))]
    pub requested_access: AccessLevel,
    /// Which properties; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_properties: Option<Vec<String>>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_constraints: Option<TimeConstraints>,
    /// The run whose contexts are meant; the model's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

/// When an access is allowed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TimeConstraints {
    /// Not before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
    /// Before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Instant>,
    /// Whether it may be outside, because it is urgent.
    pub emergency_access: bool,
    /// Why it is urgent, 1–2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub emergency_reason: Option<String>,
}

/// Replace the data of a context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateContext {
    /// Who changes it.
    pub requesting_node_id: NodeId,
    /// What it holds from now on: an object of at most 64 KiB.
    #[cfg_attr(feature = "schema", schemars(with = "JsonObject"))]
    pub data: Value,
    /// The run whose contexts are meant; the model's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

/// Checks the data of a context.
///
/// # Errors
/// `CONTEXT_DATA_INVALID` for anything but an object, and for blank property names;
/// `DOCUMENT_TOO_LARGE`.
pub fn checked_data(data: &Value) -> Result<JsonObject, DomainError> {
    let code = Code::ContextDataInvalid;
    let Value::Object(object) = data else {
        let message = "The data must be an object.";
        return Err(DomainError::field(
            code,
            message,
            FieldError::new("data", "type"),
        ));
    };
    let mut violations = Violations::new();
    if object.keys().any(|name| name.trim().is_empty()) {
        violations.add(code, FieldError::new("data", "blank"));
    }
    violations.take("data", limits::document(object));
    violations.finish()?;
    Ok(object.clone())
}

/// Checks the rules of a context: names that are not blank, each once.
///
/// # Errors
/// `CONTEXT_DATA_INVALID` with every rule that is wrong.
pub fn check_rules(rules: &[InheritanceRule]) -> Result<(), DomainError> {
    let mut violations = Violations::new();
    for (place, rule) in rules.iter().enumerate() {
        let field = format!("inheritance[{place}].property");
        let (blank, twice) = (
            rule.property.trim().is_empty(),
            rules[..place]
                .iter()
                .any(|former| former.property == rule.property),
        );
        for (broken, name) in [(blank, "blank"), (twice, "unique")] {
            if broken {
                violations.add(Code::ContextDataInvalid, FieldError::new(&field, name));
            }
        }
        let default = rule.default.as_ref();
        let sized = default
            .map(|value| limits::value(value, limits::DOCUMENT_BYTES, limits::DOCUMENT_DEPTH));
        violations.take(&format!("inheritance[{place}].default"), sized.transpose());
    }
    violations.finish()
}

impl CheckContextAccess {
    /// Checks the values; answers the reason of an emergency, trimmed, when there is one.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for `none`; `ACCESS_WINDOW_INVALID`; `EMERGENCY_REASON_REQUIRED`.
    pub fn check(&self) -> Result<Option<String>, DomainError> {
        let mut violations = Violations::new();
        if self.requested_access == AccessLevel::None {
            let error = FieldError::new("requestedAccess", "oneOf");
            let error = error.limit(vec!["read", "write", "execute"]).value("none");
            let message = "requestedAccess is read, write or execute.";
            return Err(DomainError::field(Code::InvalidRequest, message, error));
        }
        let times = self.time_constraints.clone().unwrap_or_default();
        if let (Some(from), Some(until)) = (times.valid_from, times.valid_until)
            && from >= until
        {
            let error = FieldError::new("timeConstraints.validUntil", "after");
            violations.add(Code::AccessWindowInvalid, error);
        }
        let reason = times.emergency_reason.as_deref().unwrap_or_default();
        let reason = times.emergency_access.then(|| {
            let code = Code::EmergencyReasonRequired;
            let field = "timeConstraints.emergencyReason";
            violations.take(field, limits::text(reason, 1, 2000, code))
        });
        violations.finish()?;
        Ok(reason.flatten())
    }
}
