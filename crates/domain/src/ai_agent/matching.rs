//! Finding the agent that suits best: requirements are met or not, and make a score.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::EntityId;
use crate::limits;
use crate::sorted;
use crate::vocabulary::FeatureType;

/// Most requirements, options or keywords of one question.
const MOST_ASKED: usize = 20;

/// Ask for agents with these capabilities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscoverAgents {
    /// 1–20 requirements: `canRead`, a tool, `tool:<name>`, `dataType:<type>`, `minConcurrentTasks:<n>`.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 20), inner(length(min = 1, max = 200)))
    )]
    pub required_capabilities: Vec<String>,
    /// What would be nice, at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = 20), inner(length(min = 1, max = 200)))
    )]
    pub optional_capabilities: Option<Vec<String>>,
    /// Words to find in the instructions, at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    pub keywords: Option<Vec<String>>,
    /// Only agents of this feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_type: Option<FeatureType>,
    /// Only agents of this entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// Only agents of this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<EntityId>,
    /// 0–1, inclusive; 0.3 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub minimum_score: Option<f64>,
    /// Only agents that meet every requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_mode: Option<bool>,
    /// 1–1000; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1000)))]
    pub max_results: Option<i64>,
}

/// What is asked, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Criteria {
    /// What must be met.
    pub required: Vec<String>,
    /// What would be nice.
    pub optional: Vec<String>,
    /// Words to find in the instructions.
    pub keywords: Vec<String>,
    /// The least score that counts.
    pub minimum_score: f64,
    /// Whether every requirement must be met.
    pub strict: bool,
    /// How many agents at most.
    pub max_results: usize,
}

impl DiscoverAgents {
    /// The question checked.
    ///
    /// # Errors
    /// `CRITERIA_INVALID` with every field.
    pub fn criteria(&self) -> Result<Criteria, DomainError> {
        let code = Code::CriteriaInvalid;
        let mut violations = Violations::new();
        let required = &self.required_capabilities;
        let required = asked(required, "requiredCapabilities", 1, code, &mut violations);
        let optional = self.optional_capabilities.as_deref().unwrap_or_default();
        let optional = asked(optional, "optionalCapabilities", 0, code, &mut violations);
        let keywords = self.keywords.as_deref().unwrap_or_default();
        let keywords = asked(keywords, "keywords", 0, code, &mut violations);
        let minimum_score = self.minimum_score.unwrap_or(0.3);
        if !(0.0..=1.0).contains(&minimum_score) {
            let limit = serde_json::json!({"min": 0, "max": 1});
            violations.add(code, FieldError::new("minimumScore", "range").limit(limit));
        }
        let max_results = self.max_results.unwrap_or(10);
        if !(1..=1000).contains(&max_results) {
            let limit = serde_json::json!({"min": 1, "max": 1000});
            violations.add(code, FieldError::new("maxResults", "range").limit(limit));
        }
        violations.finish()?;
        Ok(Criteria {
            required,
            optional,
            keywords,
            minimum_score,
            strict: self.strict_mode.unwrap_or(false),
            max_results: usize::try_from(max_results).unwrap_or(10),
        })
    }
}

/// A list of what is asked: trimmed, non-blank, bounded.
pub(super) fn asked(
    given: &[String],
    field: &str,
    least: usize,
    code: Code,
    violations: &mut Violations,
) -> Vec<String> {
    let mut kept = Vec::with_capacity(given.len().min(MOST_ASKED));
    if given.len() < least || given.len() > MOST_ASKED {
        let limit = serde_json::json!({"min": least, "max": MOST_ASKED});
        violations.add(code, FieldError::new(field, "length").limit(limit));
        return kept;
    }
    for (index, text) in given.iter().enumerate() {
        let checked = limits::text(text, 1, 200, code);
        kept.extend(violations.take(&format!("{field}[{index}]"), checked));
    }
    kept
}

/// An agent and how many tasks it is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The agent.
    pub agent: Agent,
    /// Tasks it is doing now.
    pub running: u32,
}

/// How well an agent suits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The agent.
    pub agent: Agent,
    /// 0 or more; may exceed 1.
    pub score: f64,
    /// Requirements and options it meets.
    pub matched_capabilities: Vec<String>,
    /// Requirements and options it does not meet.
    pub missing_capabilities: Vec<String>,
    /// Whether it meets every requirement.
    pub satisfies_all_required: bool,
    /// Its running tasks by those it can do at a time.
    pub estimated_load: f64,
}

/// What discovery answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Matches {
    /// The best first.
    pub items: Vec<Match>,
    /// How many agents were looked at.
    pub total_evaluated: usize,
}

/// Whether an agent meets one requirement; letters of any case.
pub fn meets(agent: &Agent, requirement: &str) -> bool {
    let asked = requirement.trim().to_lowercase();
    if let Some(tool) = asked.strip_prefix("tool:") {
        return agent.tools.has(tool.trim());
    }
    if let Some(kind) = asked.strip_prefix("datatype:") {
        let kind = kind.trim();
        let types = &agent.capabilities.supported_data_types;
        return types.iter().any(|known| known.to_lowercase() == kind);
    }
    if let Some(least) = asked.strip_prefix("minconcurrenttasks:") {
        let least: Option<i64> = least.trim().parse().ok();
        return least.is_some_and(|least| agent.capabilities.max_concurrent_tasks >= least);
    }
    agent.capabilities.flag(&asked) || agent.tools.has(&asked)
}

/// Six decimals are enough for comparing, and hide what fractions leave behind.
pub(super) fn rounded(ratio: f64) -> f64 {
    (ratio * 1e6).round() / 1e6
}

fn share(met: usize, asked: usize) -> f64 {
    met as f64 / asked.max(1) as f64
}

/// The bonus for what an agent has achieved.
fn track(agent: &Agent) -> f64 {
    let metrics = &agent.performance_metrics;
    let (count, rate) = (metrics.execution_count, metrics.success_rate());
    match (count, rate) {
        (11.., rate) if rate > 0.9 => 0.05,
        (6.., rate) if rate > 0.8 => 0.03,
        (1.., rate) if rate > 0.7 => 0.01,
        _ => 0.0,
    }
}

/// How well one agent suits.
pub fn judge(criteria: &Criteria, candidate: Candidate) -> Match {
    let Candidate { agent, running } = candidate;
    let mut matched = Vec::new();
    let mut missing = Vec::new();
    let mut count = |asked: &[String]| {
        let mut met = 0;
        for requirement in asked {
            if meets(&agent, requirement) {
                met += 1;
                matched.push(requirement.clone());
            } else {
                missing.push(requirement.clone());
            }
        }
        met
    };
    let met = count(&criteria.required);
    let nice = count(&criteria.optional);
    let required = match criteria.required.len() {
        0 => 1.0,
        asked => share(met, asked),
    };
    let base = match criteria.optional.len() {
        0 => required,
        asked => required * 0.8 + share(nice, asked) * 0.2,
    };
    let instructions = agent.instructions.to_lowercase();
    let found = criteria
        .keywords
        .iter()
        .filter(|word| instructions.contains(&word.to_lowercase()));
    let keywords = 0.3 * share(found.count(), criteria.keywords.len());
    let load = agent.load(running);
    let score = (base + keywords + track(&agent) - 0.2 * load).max(0.0);
    Match {
        score: rounded(score),
        matched_capabilities: matched,
        missing_capabilities: missing,
        satisfies_all_required: met == criteria.required.len(),
        estimated_load: rounded(load),
        agent,
    }
}

/// The agents that suit, the best first.
pub fn best(criteria: &Criteria, candidates: Vec<Candidate>) -> Matches {
    let total_evaluated = candidates.len();
    let mut items: Vec<Match> = candidates
        .into_iter()
        .map(|candidate| judge(criteria, candidate))
        .filter(|found| found.score >= criteria.minimum_score)
        .filter(|found| found.satisfies_all_required || !criteria.strict)
        .collect();
    sorted::sort_by(&mut items, order);
    items.truncate(criteria.max_results);
    Matches {
        items,
        total_evaluated,
    }
}

/// Score and success rate falling, load rising, then name and id.
fn order(one: &Match, other: &Match) -> Ordering {
    let rate = |found: &Match| found.agent.performance_metrics.success_rate();
    let falling = |one: f64, other: f64| other.total_cmp(&one);
    falling(one.score, other.score)
        .then_with(|| falling(rate(one), rate(other)))
        .then_with(|| one.estimated_load.total_cmp(&other.estimated_load))
        .then_with(|| one.agent.name.cmp(&other.agent.name))
        .then_with(|| one.agent.agent_id.cmp(&other.agent.agent_id))
}

#[cfg(test)]
mod tests {
    use super::super::agent::PerformanceMetrics;
    use super::super::agent::tests::agent;
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).into()).collect()
    }

    fn criteria(required: &[&str], optional: &[&str], keywords: &[&str]) -> Criteria {
        DiscoverAgents {
            required_capabilities: texts(required),
            optional_capabilities: Some(texts(optional)),
            keywords: Some(texts(keywords)),
            minimum_score: Some(0.0),
            ..DiscoverAgents::default()
        }
        .criteria()
        .unwrap()
    }

    fn score(criteria: &Criteria, running: u32, successes: u64, failures: u64) -> f64 {
        let mut agent = agent("a");
        agent.performance_metrics = PerformanceMetrics {
            execution_count: successes + failures,
            success_count: successes,
            failure_count: failures,
            average_execution_time_ms: 1.0,
        };
        judge(criteria, Candidate { agent, running }).score
    }

    #[test]
    fn requirements_are_flags_tools_types_and_numbers_in_any_case() {
        let agent = agent("a");
        for met in [
            "canRead",
            "CANREAD",
            "search",
            "tool:mail",
            "Tool: MAIL",
            "dataType:JSON",
            "minConcurrentTasks:5",
        ] {
            assert!(meets(&agent, met), "{met}");
        }
        for unmet in [
            "canFly",
            "tool:fax",
            "dataType:xml",
            "minConcurrentTasks:6",
            "minConcurrentTasks:x",
            "tool:",
        ] {
            assert!(!meets(&agent, unmet), "{unmet}");
        }
        let mut blind = agent;
        blind.capabilities.can_read = false;
        assert!(!meets(&blind, "canRead"));
    }

    #[test]
    fn the_score_follows_the_formula() {
        let half = criteria(&["canRead", "canFly"], &[], &[]);
        assert_eq!(score(&half, 0, 0, 0), 0.5);
        let nice = criteria(&["canRead", "canFly"], &["search", "fax"], &[]);
        assert_eq!(score(&nice, 0, 0, 0), 0.5 * 0.8 + 0.5 * 0.2);
        let words = criteria(&["canRead"], &[], &["INVOICES", "tax"]);
        assert_eq!(score(&words, 0, 0, 0), 1.15);
        let all = criteria(&["canRead"], &[], &[]);
        assert_eq!(score(&all, 0, 11, 0), 1.05);
        assert_eq!(score(&all, 0, 10, 0), 1.03);
        assert_eq!(score(&all, 0, 9, 2), 1.03);
        assert_eq!(score(&all, 0, 5, 0), 1.01);
        assert_eq!(score(&all, 0, 7, 3), 1.0);
        assert_eq!(score(&all, 5, 0, 0), 0.8);
        let none = criteria(&["canFly"], &[], &[]);
        assert_eq!(score(&none, 5, 0, 0), 0.0);
    }

    #[test]
    fn the_best_come_first_and_ties_are_settled() {
        let all = criteria(&["canRead"], &[], &[]);
        let candidate = |name: &str, running| Candidate {
            agent: agent(name),
            running,
        };
        let mut proven = candidate("zz", 0);
        proven.agent.performance_metrics = PerformanceMetrics {
            execution_count: 10,
            success_count: 7,
            failure_count: 3,
            average_execution_time_ms: 1.0,
        };
        let candidates = vec![
            candidate("busy!", 1),
            candidate("b", 0),
            candidate("aaa", 0),
            proven,
        ];
        let found = best(&all, candidates);
        let names: Vec<&str> = found.items.iter().map(|m| m.agent.name.as_str()).collect();
        assert_eq!(names, ["zz", "aaa", "b", "busy!"]);
        assert_eq!(found.total_evaluated, 4);
    }

    #[test]
    fn strict_mode_and_the_minimum_keep_others_out() {
        let mut asked = criteria(&["canRead", "canFly"], &[], &[]);
        let one = || {
            vec![Candidate {
                agent: agent("a"),
                running: 0,
            }]
        };
        asked.minimum_score = 0.5;
        assert_eq!(best(&asked, one()).items.len(), 1);
        asked.minimum_score = 0.51;
        assert!(best(&asked, one()).items.is_empty());
        asked.minimum_score = 0.0;
        asked.strict = true;
        assert!(best(&asked, one()).items.is_empty());
    }

    #[test]
    fn limits_are_told_at_once() {
        let bad = DiscoverAgents {
            keywords: Some(texts(&["x"; 21])),
            minimum_score: Some(1.1),
            max_results: Some(0),
            optional_capabilities: Some(texts(&[" "])),
            ..DiscoverAgents::default()
        };
        let refusal = bad.criteria().unwrap_err();
        assert_eq!(refusal.code, Code::CriteriaInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        let expected = [
            "requiredCapabilities",
            "optionalCapabilities[0]",
            "keywords",
            "minimumScore",
            "maxResults",
        ];
        assert_eq!(fields, expected);
        let usual = DiscoverAgents {
            required_capabilities: texts(&["canRead"]),
            ..DiscoverAgents::default()
        };
        let usual = usual.criteria().unwrap();
        assert_eq!(
            (usual.minimum_score, usual.max_results, usual.strict),
            (0.3, 10, false)
        );
    }
}
