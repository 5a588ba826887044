//! The strength of a link from how it is used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CalculateLinkStrength, LinkStrength, NodeLink};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::LinkId;

/// The three measures, by their names on the wire, with what each point of them adds and the most
/// they add together.
const FREQUENCY: (&str, f64, f64) = ("interactionFrequency", 0.002, 0.2);
const SIMILARITY: (&str, f64, f64) = ("semanticSimilarity", 0.3, 0.3);
const RELEVANCE: (&str, f64, f64) = ("contextRelevance", 0.2, 0.2);

/// How a link is used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkMetrics {
    /// How often the two things meet.
    pub interaction_frequency: f64,
    /// How alike they are.
    pub semantic_similarity: f64,
    /// How much one matters to the other.
    pub context_relevance: f64,
}

impl LinkMetrics {
    /// What the command says; what it leaves out is what the link's notes say, else 0.
    ///
    /// # Errors
    /// `METRICS_INVALID` with every number that is not finite.
    pub fn of(command: &CalculateLinkStrength, link: &NodeLink) -> Result<Self, DomainError> {
        let noted = |name: &str| {
            let metrics = link.link_context.get("metrics")?;
            metrics.get(name).and_then(Value::as_f64)
        };
        let mut violations = Violations::new();
        let mut read = |name: &str, given: Option<f64>| {
            let value = given.or_else(|| noted(name)).unwrap_or_default();
            if !value.is_finite() {
                violations.add(Code::MetricsInvalid, FieldError::new(name, "finite"));
            }
            value
        };
        let metrics = Self {
            interaction_frequency: read(FREQUENCY.0, command.interaction_frequency),
            semantic_similarity: read(SIMILARITY.0, command.semantic_similarity),
            context_relevance: read(RELEVANCE.0, command.context_relevance),
        };
        violations.finish().map(|()| metrics)
    }
}

/// What a link's use makes of its strength. Numbers have four decimals at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrengthCalculation {
    /// The link.
    pub link_id: LinkId,
    /// The strength stored before.
    pub base_strength: f64,
    /// What being used adds, at most 0.2.
    pub frequency_bonus: f64,
    /// What being alike adds, at most 0.3.
    pub semantic_bonus: f64,
    /// What mattering adds, at most 0.2.
    pub context_bonus: f64,
    /// The sum, at most 1.
    pub final_strength: f64,
    /// Whether the link has this strength now, rounded to two decimals.
    pub applied: bool,
}

impl StrengthCalculation {
    /// Adds to the link's strength what its use is worth.
    pub fn of(link: &NodeLink, metrics: LinkMetrics, applied: bool) -> Self {
        let base = link.link_strength.value();
        let bonus = |(_, rate, most): (&str, f64, f64), value: f64| (value * rate).clamp(0.0, most);
        let frequency = bonus(FREQUENCY, metrics.interaction_frequency);
        let semantic = bonus(SIMILARITY, metrics.semantic_similarity.clamp(0.0, 1.0));
        let context = bonus(RELEVANCE, metrics.context_relevance.clamp(0.0, 1.0));
        Self {
            link_id: link.link_id,
            base_strength: base,
            frequency_bonus: four_decimals(frequency),
            semantic_bonus: four_decimals(semantic),
            context_bonus: four_decimals(context),
            final_strength: four_decimals((base + frequency + semantic + context).min(1.0)),
            applied,
        }
    }

    /// The strength as it is stored.
    pub fn strength(&self) -> LinkStrength {
        LinkStrength::of_fraction(self.final_strength)
    }
}

/// Rounds half away from zero.
pub(super) fn four_decimals(value: f64) -> f64 {
    (value * 10_000.0 + 1e-9).round() / 10_000.0
}
