//! What may be asked about the life of a model: versions, copies, archiving, deletion, recovery.

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError};
use crate::ids::{OrganizationId, VersionId};
use crate::vocabulary::{RestoreScope, VersionBump};
use crate::workflow::nesting::NestedModels;

/// Issue a number: a checkpoint of a draft, the reopening of a published model. The body of
/// UC-007; exactly one of `bump` and `version` is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("oneOf" = bump_or_version())))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CreateModelVersion {
    /// Which number rises by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<VersionBump>,
    /// The number itself, `x.y.z`, one step above the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What is to be said about it, at most 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub version_notes: Option<String>,
    /// The identifier of the snapshot; made by the use case.
    #[serde(skip)]
    pub version_id: Option<VersionId>,
    /// What is known about the models it nests; gathered by the use case.
    #[serde(skip)]
    pub nested: NestedModels,
}

/// Either way of naming the number, without the other.
#[cfg(feature = "schema")]
fn bump_or_version() -> serde_json::Value {
    let absent = serde_json::json!({"type": "null"});
    serde_json::json!([
        {
            "type": "object",
            "properties": {"bump": {"enum": VersionBump::ALL}, "version": absent},
            "required": ["bump"],
        },
        {
            "type": "object",
            "properties": {"bump": absent, "version": {"type": "string"}},
            "required": ["version"],
        },
    ])
}

impl CreateModelVersion {
    /// Whether exactly one of the two ways to name a number is taken.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn check_shape(&self) -> Result<(), DomainError> {
        if self.bump.is_some() != self.version.is_some() {
            return Ok(());
        }
        let message = "Exactly one of bump and version is needed.";
        let error = FieldError::new("bump", "oneOf").limit(vec!["bump", "version"]);
        Err(DomainError::field(Code::InvalidRequest, message, error))
    }
}

/// Copy a model or one of its snapshots into a new model of the caller's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DuplicateFunctionModel {
    /// The name of the copy.
    pub name: String,
    /// The organization the copy belongs to; without one it belongs to the caller alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The snapshot to copy instead of the working copy, `x.y.z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_number: Option<String>,
}

/// Archive a model for good; the body of UC-008.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArchiveFunctionModel {
    /// Why, at most 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub reason: Option<String>,
    /// Whether a high risk is refused.
    pub enforce_risk_assessment: bool,
    /// Whether every link that touches the model is removed.
    pub cleanup_cross_feature_links: bool,
    /// Whether drafts of the same owner that nest the model are archived with it.
    pub cascade_to_drafts: bool,
}

/// Mark a model deleted; the parameters of UC-009.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SoftDeleteFunctionModel {
    /// Why, at most 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is refused while a published model nests this one.
    pub enforce_referential_integrity: bool,
    /// Whether drafts of the same owner that nest the model are deleted with it.
    pub allow_cascading: bool,
    /// How long it is kept, `<n>-years` or `<n>-days`, 1 day to 10 years; 365 days when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_retention: Option<String>,
}

impl Default for SoftDeleteFunctionModel {
    fn default() -> Self {
        Self {
            reason: None,
            enforce_referential_integrity: true,
            allow_cascading: false,
            data_retention: None,
        }
    }
}

/// Take a deleted model back; the body of UC-009's restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RestoreFunctionModel {
    /// Why, at most 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub reason: Option<String>,
    /// How many days after the deletion it is still allowed, 1–90; 30 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 90)))]
    pub window_days: Option<i64>,
    /// Whether what is broken is repaired.
    pub auto_repair: bool,
    /// `full`, or the parts that are copied back from the last audit row before the deletion;
    /// `full` when absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<RestoreScope>,
    /// Whether deleted models that nest it are restored after it.
    pub include_dependents: bool,
    /// The name it gets, needed when its own was taken meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn a_number_is_named_in_exactly_one_way() {
        let check = |body, fits: bool| {
            let command: CreateModelVersion = from_value(body).unwrap();
            assert_eq!(command.check_shape().is_ok(), fits);
        };
        check(json!({"bump": "minor"}), true);
        check(json!({"version": "1.0.1"}), true);
        check(json!({}), false);
        check(json!({"bump": "minor", "version": "1.0.1"}), false);
    }

    #[test]
    fn what_is_absent_is_the_careful_choice() {
        let delete: SoftDeleteFunctionModel = from_value(json!({})).unwrap();
        assert!(delete.enforce_referential_integrity && !delete.allow_cascading);
        let archive: ArchiveFunctionModel = from_value(json!({})).unwrap();
        assert!(!archive.cleanup_cross_feature_links && !archive.cascade_to_drafts);
        let restore: RestoreFunctionModel = from_value(json!({"scope": ["metadata"]})).unwrap();
        assert_eq!(restore.scope, [RestoreScope::Metadata]);
        assert!(!restore.auto_repair && !restore.include_dependents);
    }
}
