//! Validation of a model at the levels a caller may choose.
//!
//! `readiness` says whether a run could start, `data` which data is read where, `references` what
//! other features must offer; structure and business rules have homes of their own.

mod data;
mod readiness;
pub mod references;

use crate::sorted::SortedMap;

use serde::{Deserialize, Serialize};

use crate::business_rules::{self, Stage};
use crate::finding::{Finding, FindingCode, guide};
use crate::function_model::FunctionModel;
use crate::function_model::events::WorkflowValidationCompleted;
use crate::ids::{ModelId, UserId, ValidationId};
use crate::instant::Instant;
use crate::vocabulary::{Severity, ValidationLevel};
use crate::workflow::nesting::NestedModels;
use crate::workflow::ordering::complexity;
use crate::workflow::structure;

pub use references::{Reference, References};

/// What a validation needs to know besides the model.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What is known about the models it nests.
    pub nested: NestedModels,
    /// The model as its published snapshot has it, when there is one.
    pub published: Option<FunctionModel>,
    /// What is known about the things it refers to.
    pub references: References,
    /// Whether a run is meant to follow.
    pub for_execution: bool,
    /// Checks that could not be made, and why.
    pub broken: SortedMap<ValidationLevel, String>,
}

/// The outcome of a validation; the answer of UC-006.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The validation.
    pub validation_id: ValidationId,
    /// The model.
    pub model_id: ModelId,
    /// What was looked at.
    pub level: ValidationLevel,
    /// Whether no check found an error.
    pub is_valid: bool,
    /// What each check found.
    pub categories: SortedMap<ValidationLevel, Category>,
    /// The sums.
    pub totals: Totals,
    /// The size of the model.
    pub complexity: String,
    /// When.
    pub validated_at: Instant,
}

/// What one check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Whether it found no error.
    pub is_valid: bool,
    /// What is wrong.
    pub errors: Vec<Finding>,
    /// What is worth a look.
    pub warnings: Vec<Finding>,
}

/// The sums over all checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Findings of severity error.
    pub errors: usize,
    /// Findings of severity warning.
    pub warnings: usize,
    /// Those warnings that forbid publishing.
    pub critical_warnings: usize,
}

const CATEGORIES: [ValidationLevel; 5] = [
    ValidationLevel::Structural,
    ValidationLevel::BusinessRules,
    ValidationLevel::ExecutionReadiness,
    ValidationLevel::Context,
    ValidationLevel::CrossFeature,
];

/// Validates a model at a level; `full` makes all five checks.
pub fn validate(
    model: &FunctionModel,
    level: ValidationLevel,
    facts: &Facts,
    validation_id: ValidationId,
    now: Instant,
) -> Report {
    let chosen = CATEGORIES
        .into_iter()
        .filter(|category| level == ValidationLevel::Full || *category == level);
    let found = |category| {
        let mut findings = look(model, category, facts);
        guide(model, &mut findings);
        (category, Category::of(findings))
    };
    let categories: SortedMap<ValidationLevel, Category> = chosen.map(found).collect();
    let mut totals = Totals::default();
    for category in categories.values() {
        totals.errors += category.errors.len();
        totals.warnings += category.warnings.len();
        totals.critical_warnings += category.warnings.iter().filter(|f| f.critical).count();
    }
    Report {
        validation_id,
        model_id: model.model_id,
        level,
        is_valid: totals.errors == 0,
        categories,
        totals,
        complexity: complexity(model).to_owned(),
        validated_at: now,
    }
}

/// What one check finds.
pub fn look(model: &FunctionModel, category: ValidationLevel, facts: &Facts) -> Vec<Finding> {
    if let Some(reason) = facts.broken.get(&category) {
        let message = format!("The check could not be made: {reason}");
        let finding = Finding::new(FindingCode::ValidatorFailed, message);
        return vec![finding.in_category(category)];
    }
    let published = facts.published.as_ref();
    match category {
        ValidationLevel::Structural => structure::validate(model, &facts.nested),
        ValidationLevel::BusinessRules => {
            business_rules::validate(model, Stage::Publication, published)
        }
        ValidationLevel::ExecutionReadiness => {
            readiness::validate(model, facts.for_execution && published.is_none())
        }
        ValidationLevel::Context => data::validate(model),
        ValidationLevel::CrossFeature => references::validate(model, &facts.references),
        ValidationLevel::Full => Vec::new(),
    }
}

/// What forbids every run of a version besides stages that are not active, with where it is and
/// what to do.
pub(crate) fn unready(model: &FunctionModel) -> Vec<Finding> {
    let mut findings = readiness::validate(model, false);
    findings.retain(|finding| {
        finding.severity == Severity::Error && finding.code != FindingCode::StageNotReady
    });
    guide(model, &mut findings);
    findings
}

impl Category {
    fn of(findings: Vec<Finding>) -> Self {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_error);
        Self {
            is_valid: errors.is_empty(),
            errors,
            warnings,
        }
    }
}

impl Report {
    /// The event that tells of the validation.
    pub fn event(&self, by: UserId) -> WorkflowValidationCompleted {
        WorkflowValidationCompleted {
            model_id: self.model_id,
            validation_id: self.validation_id,
            level: self.level,
            is_valid: self.is_valid,
            error_count: self.totals.errors,
            warning_count: self.totals.warnings,
            validated_by: by,
            validated_at: self.validated_at,
        }
    }
}

#[cfg(test)]
mod tests;
