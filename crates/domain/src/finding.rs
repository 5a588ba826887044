//! What a check of a model found.

use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, NodeId};
use crate::vocabulary::{Severity, ValidationLevel};

mod guidance;
pub use guidance::guide;

/// One thing that is wrong or worth a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which rule.
    pub code: FindingCode,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it forbids publishing even as a warning.
    pub critical: bool,
    /// Which check found it.
    pub category: ValidationLevel,
    /// A sentence for people.
    pub message: String,
    /// The container concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// The action concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// Where it is, such as `nodes[3].actions[1].retryPolicy.maxAttempts`: containers in the order
    /// they were created, actions in the order they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

macro_rules! finding_codes {
    ($($category:ident: $($severity:ident $variant:ident,)*;)*) => {
        /// The rules that checks look at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[expect(missing_docs, reason = "the specification's tables say what each one means")]
        pub enum FindingCode {
            $($($variant,)*)*
        }

        impl FindingCode {
            /// Which check looks for it.
            pub const fn category(self) -> ValidationLevel {
                match self { $($(Self::$variant => ValidationLevel::$category,)*)* }
            }

            /// How bad it is, unless the check says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $($(Self::$variant => Severity::$severity,)*)* }
            }
        }
    };
}

finding_codes! {
    Structural:
        Error NoInput,
        Error NoOutput,
        Error CircularDependency,
        Error SelfDependency,
        Error DependencyMissing,
        Error InputHasDependencies,
        Error DuplicateExecutionOrder,
        Error OrphanAction,
        Error InfiniteNesting,
        Warning UnreachableOutput,
        Warning NoStage,
        Warning OutputWithoutSource,
        Warning NodeUnconnected,
        Warning ManyIsolatedNodes,
        Warning StageEmpty,
        Warning StageCrowded,
        Warning StageTimeoutLong,
        Warning IoContractMissing,
        Warning DescriptionMissing,
        Warning ExecutionOrderGap,
        Warning ParallelPriorityTie,
        Warning FanOutHigh,
        Warning DependencyCountHigh,
        Warning ChainTooDeep,
        Warning ManyLeaves,
        Warning ModelLarge,
        ;
    BusinessRules:
        Error InputBoundaryRequired,
        Error OutputBoundaryRequired,
        Error OwnerMissing,
        Error PermissionsMalformed,
        Error MemoryBudgetExceeded,
        Error CpuBudgetExceeded,
        Error PersonalDataUnencrypted,
        Error SharingNotApproved,
        Error ExternalApiNotScanned,
        Error AuthMethodMissing,
        Error ConsentMissing,
        Error IntegrationIncomplete,
        Error VersionNotSemantic,
        Warning NameConvention,
        Warning OwnerListedTwice,
        Warning MemoryHigh,
        Warning AuditingOff,
        Warning SensitiveDataHandling,
        Warning ClassifiedIoHandling,
        Warning SequentialTimeLong,
        Warning NoParallelism,
        Warning ResourceIntensive,
        Warning StructureChangedWithoutBump,
        ;
    ExecutionReadiness:
        Error StageNotReady,
        Error ActionNotReady,
        Error ActionConfigurationIncomplete,
        Error NoPublishedSnapshot,
        Warning ActionWillBeSkipped,
        Warning RetryPolicyMissing,
        Warning EstimateMissing,
        Warning TimeoutBelowEstimate,
        ;
    Context:
        Error VariableUndefined,
        Error VariableTypeDiffers,
        Error SensitivePropertyShared,
        Error ContextTooLarge,
        Warning ContextLarge,
        Warning NameInheritedTwice,
        Warning DeprecatedVariable,
        Warning ContractVersionsDiffer,
        ;
    CrossFeature:
        Error ReferenceMissing,
        Error AuthenticationMethodUnknown,
        Error RestrictedDataExternal,
        Error RequiredVersionDiffers,
        Error LinkTypeIncompatible,
        Warning ReferenceNotChecked,
        Warning RequiredVersionBehind,
        Warning LinkWeak,
        ;
    Full:
        Error ValidatorFailed,
        ;
}

impl Finding {
    /// A finding of the usual severity of its code.
    pub fn new(code: FindingCode, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            critical: matches!(code, FindingCode::UnreachableOutput),
            category: code.category(),
            message: message.into(),
            node_id: None,
            action_id: None,
            path: None,
            advice: None,
        }
    }

    /// Names the field concerned, below its container or action.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.path = Some(field.into());
        self
    }

    /// Reports it as found by another check.
    #[must_use]
    pub fn in_category(mut self, category: ValidationLevel) -> Self {
        self.category = category;
        self
    }

    /// Names the container concerned.
    #[must_use]
    pub fn on_node(mut self, node_id: NodeId) -> Self {
        self.node_id = Some(node_id);
        self
    }

    /// Names the action concerned, and its container.
    #[must_use]
    pub fn on_action(mut self, node_id: NodeId, action_id: ActionId) -> Self {
        self.node_id = Some(node_id);
        self.action_id = Some(action_id);
        self
    }

    /// Whether it forbids publishing.
    pub fn blocks_publishing(&self) -> bool {
        self.severity == Severity::Error || self.critical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_know_their_severity_and_category() {
        let finding = Finding::new(FindingCode::UnreachableOutput, "no way");
        assert!(finding.blocks_publishing());
        assert_eq!(finding.severity, Severity::Warning);
        let finding = Finding::new(FindingCode::NameConvention, "small letter");
        assert!(!finding.blocks_publishing());
        assert_eq!(finding.category, ValidationLevel::BusinessRules);
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["code"], "NAME_CONVENTION");
        assert!(json.get("nodeId").is_none());
    }
}
