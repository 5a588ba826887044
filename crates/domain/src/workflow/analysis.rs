//! What can be said about the dependencies of a model.

use serde::{Deserialize, Serialize};

use super::nesting::NestedModels;
use super::ordering::{Graph, complexity};
use super::structure;
use crate::error::{Code, DomainError};
use crate::finding::{Finding, FindingCode};
use crate::function_model::FunctionModel;
use crate::function_model::commands::Dependency;
use crate::function_model::decide::{Asked, try_dependency};
use crate::ids::{NodeId, UserId};
use crate::instant::Instant;
use crate::vocabulary::words;

/// The dependencies of a model, looked at as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DependencyAnalysis {
    /// Containers.
    pub node_count: usize,
    /// Dependencies.
    pub edge_count: usize,
    /// The size of the model by containers and actions.
    pub complexity: String,
    /// Containers that wait for one another: each circle once, the first container repeated at the
    /// end, at most 100.
    pub cycles: Vec<Vec<NodeId>>,
    /// The containers in the order they run; empty when there is a circle.
    pub execution_order: Vec<NodeId>,
    /// The containers by level, roots first; empty when there is a circle.
    pub levels: Vec<Vec<NodeId>>,
    /// The most containers on one level.
    pub widest_level: usize,
    /// The longest chain from a root to a leaf; empty when there is a circle.
    pub critical_path: Vec<NodeId>,
    /// What validation says about dependencies.
    pub warnings: Vec<Finding>,
}

/// Looks at the dependencies of a model, in time linear in what it holds.
pub fn analyse(model: &FunctionModel) -> DependencyAnalysis {
    let graph = Graph::of(model);
    let order = graph.order().unwrap_or_default();
    let places = graph.levels().unwrap_or_default();
    let depth = places.iter().max().map_or(0, |level| level + 1);
    let mut levels: Vec<Vec<NodeId>> = vec![Vec::new(); depth];
    for place in &order {
        levels[places[*place]].push(graph.ids()[*place]);
    }
    let findings = structure::validate(model, &NestedModels::new());
    DependencyAnalysis {
        node_count: graph.ids().len(),
        edge_count: graph.edge_count(),
        complexity: complexity(model).to_owned(),
        cycles: graph.find_cycles(),
        execution_order: order.iter().map(|place| graph.ids()[*place]).collect(),
        widest_level: levels.iter().map(Vec::len).max().unwrap_or(0),
        levels,
        critical_path: graph.critical_path().unwrap_or_default(),
        warnings: findings.into_iter().filter(concerns_edges).collect(),
    }
}

fn concerns_edges(finding: &Finding) -> bool {
    use FindingCode as F;
    matches!(
        finding.code,
        F::UnreachableOutput
            | F::OutputWithoutSource
            | F::NodeUnconnected
            | F::ManyIsolatedNodes
            | F::FanOutHigh
            | F::DependencyCountHigh
            | F::ChainTooDeep
            | F::ManyLeaves
    )
}

words!(
    /// Which way to follow dependencies.
    Direction {
        /// What a container waits for.
        Upstream => "upstream",
        /// What waits for a container.
        Downstream => "downstream",
    }
);

/// What can be reached from a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reach {
    /// The container.
    pub node_id: NodeId,
    /// Which way was followed.
    pub direction: Direction,
    /// Everything there, directly or not, earliest created first.
    pub node_ids: Vec<NodeId>,
    /// The level of the container, 0 for a root; −1 when containers wait for one another.
    pub depth: i64,
    /// Whether it is no root and shares its level with another container.
    pub can_run_in_parallel: bool,
}

/// Follows the dependencies of a container.
///
/// # Errors
/// `NODE_NOT_FOUND`.
pub fn reach(
    model: &FunctionModel,
    node_id: NodeId,
    direction: Direction,
) -> Result<Reach, DomainError> {
    model.node(node_id)?;
    let graph = Graph::of(model);
    Ok(Reach {
        node_id,
        direction,
        node_ids: match direction {
            Direction::Upstream => graph.upstream_of(node_id),
            Direction::Downstream => graph.reachable_from(node_id),
        },
        depth: graph.depth(node_id),
        can_run_in_parallel: graph.can_run_in_parallel(node_id),
    })
}

/// Whether a dependency could be added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DependencyCheck {
    /// Whether it could be added now.
    pub allowed: bool,
    /// What stands against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The circle it would close, the first container repeated at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<Vec<NodeId>>,
}

/// Tries a dependency without adding it.
///
/// # Errors
/// `NODE_NOT_FOUND`.
pub fn check_dependency(
    model: &FunctionModel,
    dependency: Dependency,
    by: UserId,
    now: Instant,
) -> Result<DependencyCheck, DomainError> {
    let refusal = match try_dependency(model, dependency, Asked { by, at: now }) {
        Ok(()) => {
            return Ok(DependencyCheck {
                allowed: true,
                code: None,
                cycle: None,
            });
        }
        Err(refusal) if refusal.code == Code::NodeNotFound => return Err(refusal),
        Err(refusal) => refusal,
    };
    let closes_circle = refusal.code == Code::CircularDependency;
    let cycle = || Graph::of(model).cycle_with(dependency.node_id, dependency.dependency_id);
    Ok(DependencyCheck {
        allowed: false,
        code: Some(refusal.code),
        cycle: closes_circle.then(cycle).flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, boundary, node_id, owner, stage};

    fn model() -> FunctionModel {
        Sketch::new()
            .with(boundary("In", "input", &[]))
            .with(stage("Left", &["In"]).actions(&["a"]))
            .with(stage("Right", &["In"]))
            .with(boundary("Out", "output", &["Left", "Right"]))
            .model
    }

    fn ids(names: &[&str]) -> Vec<NodeId> {
        names.iter().map(|name| node_id(name)).collect()
    }

    #[test]
    fn a_diamond_has_three_levels() {
        let analysis = analyse(&model());
        assert_eq!((analysis.node_count, analysis.edge_count), (4, 4));
        let levels = [ids(&["In"]), ids(&["Left", "Right"]), ids(&["Out"])];
        assert_eq!(analysis.levels, levels);
        assert_eq!(analysis.widest_level, 2);
        assert_eq!(analysis.critical_path, ids(&["In", "Left", "Out"]));
        assert_eq!(
            analysis.execution_order,
            ids(&["In", "Left", "Right", "Out"])
        );
        assert!(analysis.cycles.is_empty() && analysis.warnings.is_empty());
        assert_eq!(analysis.complexity, "SIMPLE");
    }

    #[test]
    fn circles_are_listed_and_leave_no_order() {
        let sketch = Sketch::new()
            .with(stage("A", &["B"]))
            .with(stage("B", &["A"]));
        let analysis = analyse(&sketch.with(stage("Alone", &[])).model);
        assert_eq!(analysis.cycles, [ids(&["A", "B", "A"])]);
        assert!(analysis.execution_order.is_empty() && analysis.levels.is_empty());
        let codes: Vec<FindingCode> = analysis.warnings.iter().map(|f| f.code).collect();
        assert_eq!(codes, [FindingCode::NodeUnconnected]);
        let empty = analyse(&Sketch::new().model);
        assert_eq!((empty.widest_level, empty.critical_path.len()), (0, 0));
    }

    #[test]
    fn reach_follows_both_ways() {
        let look = |name, direction| reach(&model(), node_id(name), direction).unwrap();
        let down = look("In", Direction::Downstream);
        assert_eq!(
            (down.node_ids, down.depth),
            (ids(&["Left", "Right", "Out"]), 0)
        );
        let up = look("Left", Direction::Upstream);
        assert_eq!((up.node_ids, up.can_run_in_parallel), (ids(&["In"]), true));
        let unknown = reach(&model(), node_id("Nobody"), Direction::Upstream).unwrap_err();
        assert_eq!(unknown.code, Code::NodeNotFound);
    }

    #[test]
    fn a_dependency_is_tried_without_being_added() {
        let at = model().created_at;
        let check = |node: &str, dependency: &str| {
            let edge = Dependency {
                node_id: node_id(node),
                dependency_id: node_id(dependency),
            };
            check_dependency(&model(), edge, owner(), at)
        };
        assert!(check("Right", "Left").unwrap().allowed);
        let circle = check("Left", "Out").unwrap();
        assert_eq!(
            (circle.allowed, circle.code),
            (false, Some(Code::CircularDependency))
        );
        assert_eq!(circle.cycle, Some(ids(&["Left", "Out", "Left"])));
        assert_eq!(
            check("Left", "Left").unwrap().code,
            Some(Code::SelfDependency)
        );
        assert_eq!(
            check("In", "Out").unwrap().code,
            Some(Code::InputHasDependencies)
        );
        assert_eq!(
            check("Left", "In").unwrap().code,
            Some(Code::DependencyAlreadyExists)
        );
        assert_eq!(
            check("Left", "Nobody").unwrap_err().code,
            Code::NodeNotFound
        );
    }
}
