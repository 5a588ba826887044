//! Figures about a model.

use crate::sorted::SortedMap;

use serde::{Deserialize, Serialize};

use super::FunctionModel;
use crate::ids::ModelId;
use crate::vocabulary::{ActionNodeType, ActionStatus, ContainerNodeType, ExecutionMode};
use crate::workflow::ordering::Graph;

/// How many there are of each value.
pub type Breakdown = SortedMap<String, usize>;

/// The figures of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statistics {
    /// The model.
    pub model_id: ModelId,
    /// Containers and actions.
    pub total_nodes: usize,
    /// Containers.
    pub container_node_count: usize,
    /// Actions.
    pub action_node_count: usize,
    /// Containers by type, every type included.
    pub node_type_breakdown: Breakdown,
    /// Actions by type, every type included.
    pub action_type_breakdown: Breakdown,
    /// Containers and actions by status, as far as there are any.
    pub status_breakdown: Breakdown,
    /// Actions by mode, every mode included.
    pub execution_mode_breakdown: Breakdown,
    /// Actions by priority: `low` is 1–3, `medium` 4–7, `high` 8–10.
    pub priority_breakdown: Breakdown,
    /// Half the dependencies and three tenths of the actions, per container.
    pub average_complexity: f64,
    /// Containers on the longest chain.
    pub max_dependency_depth: usize,
    /// Estimated minutes of all actions.
    pub execution_estimate_minutes: f64,
    /// Figures about time.
    pub performance: Performance,
    /// Figures about quality, 0–100.
    pub health: Health,
}

/// Figures about time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Performance {
    /// Mean estimate of those actions that have one, in minutes.
    pub average_action_minutes: f64,
    /// Estimated minutes of the actions of high priority.
    pub critical_path_minutes: f64,
    /// Actions that run in parallel.
    pub parallelization_potential: usize,
}

/// Figures about quality, 0–100.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// The share of actions that are configured or active.
    pub completeness_score: f64,
    /// Twenty times the mean number of dependencies.
    pub complexity_score: f64,
    /// A hundred less ten for each container of the longest chain.
    pub maintainability_score: f64,
}

/// Computes the figures of a model, in time linear in what it holds.
pub fn statistics(model: &FunctionModel) -> Statistics {
    let (containers, actions) = (model.nodes.len(), model.action_nodes.len());
    let dependencies = model.dependency_count();
    let levels = Graph::of(model).levels().unwrap_or_default();
    let depth = levels.into_iter().max().map_or(0, |level| level + 1);
    let mean = |sum: f64| {
        if containers == 0 {
            0.0
        } else {
            sum / containers as f64
        }
    };
    let complexity = 0.5 * dependencies as f64 + 0.3 * actions as f64;
    Statistics {
        model_id: model.model_id,
        total_nodes: containers + actions,
        container_node_count: containers,
        action_node_count: actions,
        node_type_breakdown: counted(
            ContainerNodeType::ALL.iter().map(|kind| kind.as_str()),
            model.nodes.values().map(|node| node.node_type().as_str()),
        ),
        action_type_breakdown: counted(
            ActionNodeType::ALL.iter().map(|kind| kind.as_str()),
            model
                .action_nodes
                .values()
                .map(|action| action.action_type().as_str()),
        ),
        status_breakdown: counted(
            std::iter::empty(),
            model.nodes.values().map(|node| node.status.as_str()).chain(
                model
                    .action_nodes
                    .values()
                    .map(|action| action.status.as_str()),
            ),
        ),
        execution_mode_breakdown: counted(
            ExecutionMode::ALL.iter().map(|mode| mode.as_str()),
            model
                .action_nodes
                .values()
                .map(|action| action.execution_mode.as_str()),
        ),
        priority_breakdown: counted(
            ["low", "medium", "high"].into_iter(),
            model
                .action_nodes
                .values()
                .map(|action| urgency(action.priority)),
        ),
        average_complexity: two_decimals(mean(complexity)),
        max_dependency_depth: depth,
        execution_estimate_minutes: estimates(model, |_| true).iter().sum(),
        performance: performance(model),
        health: Health {
            completeness_score: completeness(model),
            complexity_score: two_decimals((20.0 * mean(dependencies as f64)).min(100.0)),
            maintainability_score: f64::max(0.0, 100.0 - 10.0 * depth as f64),
        },
    }
}

fn urgency(priority: u8) -> &'static str {
    match priority {
        0..=3 => "low",
        4..=7 => "medium",
        _ => "high",
    }
}

/// Counts words; those of `all` are there even when none is counted.
fn counted<'a>(
    all: impl Iterator<Item = &'a str>,
    words: impl Iterator<Item = &'a str>,
) -> Breakdown {
    let mut counts: Breakdown = all.map(|word| (word.to_owned(), 0)).collect();
    for word in words {
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.to_owned(), 1);
            }
        }
    }
    counts
}

/// The estimates, in minutes, of actions of some priorities.
fn estimates(model: &FunctionModel, wanted: impl Fn(u8) -> bool) -> Vec<f64> {
    let actions = model
        .action_nodes
        .values()
        .filter(|action| wanted(action.priority));
    actions
        .filter_map(|action| action.estimated_duration_minutes)
        .collect()
}

fn performance(model: &FunctionModel) -> Performance {
    let all = estimates(model, |_| true);
    let mean = match all.len() {
        0 => 0.0,
        count => all.iter().sum::<f64>() / count as f64,
    };
    let actions = model.action_nodes.values();
    let parallel = actions.filter(|action| action.execution_mode == ExecutionMode::Parallel);
    Performance {
        average_action_minutes: two_decimals(mean),
        critical_path_minutes: estimates(model, |priority| priority >= 8).iter().sum(),
        parallelization_potential: parallel.count(),
    }
}

fn completeness(model: &FunctionModel) -> f64 {
    let total = model.action_nodes.len();
    if total == 0 {
        return 100.0;
    }
    let is_ready = |status| matches!(status, ActionStatus::Configured | ActionStatus::Active);
    let ready = model
        .action_nodes
        .values()
        .filter(|action| is_ready(action.status))
        .count();
    two_decimals(100.0 * ready as f64 / total as f64)
}

/// Rounds half away from zero.
fn two_decimals(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, boundary, stage};

    #[test]
    fn an_empty_model_has_figures_too() {
        let figures = statistics(&Sketch::new().model);
        assert_eq!((figures.total_nodes, figures.max_dependency_depth), (0, 0));
        assert_eq!(
            (
                figures.average_complexity,
                figures.health.completeness_score
            ),
            (0.0, 100.0)
        );
        assert_eq!(figures.node_type_breakdown["stageNode"], 0);
        assert_eq!(figures.health.maintainability_score, 100.0);
        assert!(figures.status_breakdown.is_empty());
    }

    #[test]
    fn figures_follow_the_formulas() {
        let model = Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Work", &["In"]).actions(&["a", "b"]).parallel(&["c"]))
            .with(boundary("Out", "output", &["Work", "In"]))
            .urgent("a")
            .action("a", |action| action.estimated_duration_minutes = Some(60.0))
            .action("b", |action| action.estimated_duration_minutes = Some(15.5))
            .action("c", |action| {
                action.status = ActionStatus::Draft;
                action.priority = 3;
            })
            .model;
        let figures = statistics(&model);
        assert_eq!(figures.total_nodes, 6);
        assert_eq!(figures.node_type_breakdown["ioNode"], 2);
        assert_eq!(figures.action_type_breakdown["tetherNode"], 3);
        assert_eq!(figures.action_type_breakdown["kbNode"], 0);
        assert_eq!(figures.status_breakdown["active"], 5);
        assert_eq!(figures.execution_mode_breakdown["conditional"], 0);
        assert_eq!(figures.execution_mode_breakdown["sequential"], 2);
        let priorities = ["low", "medium", "high"].map(|word| figures.priority_breakdown[word]);
        assert_eq!(priorities, [1, 1, 1]);
        assert_eq!(figures.average_complexity, 0.8, "(0.5 · 3 + 0.3 · 3) ÷ 3");
        assert_eq!(figures.max_dependency_depth, 3);
        assert_eq!(figures.execution_estimate_minutes, 75.5);
        assert_eq!(figures.performance.average_action_minutes, 37.75);
        assert_eq!(figures.performance.critical_path_minutes, 60.0);
        assert_eq!(figures.performance.parallelization_potential, 1);
        assert_eq!(figures.health.completeness_score, 66.67);
        assert_eq!(figures.health.complexity_score, 20.0);
        assert_eq!(figures.health.maintainability_score, 70.0);
    }
}
