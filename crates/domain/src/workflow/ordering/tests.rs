use super::*;
use crate::workflow::tests::{Sketch, boundary, node_id, stage};
use proptest::prelude::*;
use serde_json::json;

fn graph(edges: &[(&str, &[&str])]) -> Graph {
    let parts = edges
        .iter()
        .map(|(name, dependencies)| stage(name, dependencies));
    Graph::of(&parts.fold(Sketch::new(), Sketch::with).model)
}

fn ids(names: &[&str]) -> Vec<NodeId> {
    names.iter().map(|name| node_id(name)).collect()
}

#[test]
fn order_follows_dependencies_then_priority_then_creation() {
    let sketch = Sketch::new()
        .with(stage("a", &["d"]))
        .with(stage("b", &[]))
        .with(stage("c", &[]))
        .with(stage("d", &[]))
        .node("c", |node| {
            node.metadata.insert("priority".into(), json!(9));
        });
    let order = Graph::of(&sketch.model).execution_order().unwrap();
    assert_eq!(order, ids(&["c", "b", "d", "a"]));
}

#[test]
fn cycles_are_refused_and_named_from_their_earliest_container() {
    let ring = graph(&[("a", &["c"]), ("b", &["a"]), ("c", &["b"])]);
    let refusal = ring.execution_order().unwrap_err();
    assert_eq!(refusal.code, Code::CircularDependency);
    assert_eq!(refusal.data["cycle"].as_array().map(Vec::len), Some(4));
    assert_eq!(ring.find_cycle().unwrap(), ids(&["a", "b", "c", "a"]));
    assert_eq!(ring.depth(node_id("a")), -1);
    assert!(!ring.can_run_in_parallel(node_id("a")));
    assert!(ring.critical_path().is_err());
    let own = graph(&[("a", &["a"])]);
    assert_eq!(own.find_cycles(), [ids(&["a", "a"])]);
}

#[test]
fn a_dependency_that_closes_a_ring_is_seen_beforehand() {
    let chain = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    let ring = chain.cycle_with(node_id("a"), node_id("c"));
    assert_eq!(ring.unwrap(), ids(&["a", "b", "c", "a"]));
    assert_eq!(chain.cycle_with(node_id("c"), node_id("a")), None);
    let own = chain.cycle_with(node_id("b"), node_id("b"));
    assert_eq!(own.unwrap(), ids(&["b", "b"]));
    assert_eq!(chain.cycle_with(node_id("x"), node_id("a")), None);
}

#[test]
fn levels_paths_and_reach_are_those_of_the_graph() {
    let diamond = graph(&[
        ("a", &[]),
        ("b", &["a"]),
        ("c", &["a"]),
        ("d", &["b", "c"]),
        ("e", &[]),
    ]);
    assert_eq!(diamond.levels().unwrap(), [0, 1, 1, 2, 0]);
    assert_eq!(diamond.depth(node_id("d")), 2);
    assert_eq!(diamond.depth(node_id("x")), -1);
    assert!(diamond.can_run_in_parallel(node_id("b")));
    assert!(!diamond.can_run_in_parallel(node_id("a")));
    assert!(!diamond.can_run_in_parallel(node_id("d")));
    assert_eq!(diamond.critical_path().unwrap(), ids(&["a", "b", "d"]));
    assert_eq!(diamond.reachable_from(node_id("b")), ids(&["d"]));
    assert_eq!(diamond.upstream_of(node_id("d")), ids(&["a", "b", "c"]));
    assert_eq!(diamond.edge_count(), 4);
}

#[test]
fn the_empty_graph_answers_with_nothing() {
    let empty = graph(&[]);
    assert!(empty.execution_order().unwrap().is_empty());
    assert!(empty.critical_path().unwrap().is_empty());
    assert!(empty.find_cycles().is_empty());
    assert!(empty.reachable_from(node_id("a")).is_empty());
}

#[test]
fn dependencies_on_nothing_are_left_out() {
    let odd = graph(&[("a", &["gone"])]);
    assert_eq!(odd.edge_count(), 0);
    assert!(odd.execution_order().is_ok());
}

#[test]
fn complexity_grows_in_steps() {
    let sized = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
        let parts = names.iter().map(|name| boundary(name, "input", &[]));
        complexity(&parts.fold(Sketch::new(), Sketch::with).model)
    };
    assert_eq!(
        [sized(0), sized(20), sized(50), sized(100)],
        ["SIMPLE", "MEDIUM_SCALE", "LARGE_SCALE", "ENTERPRISE_SCALE"]
    );
}

proptest! {
    #[test]
    fn order_respects_dependencies_or_there_is_a_cycle(
        edges in prop::collection::vec((0usize..9, 0usize..9), 0..18)
    ) {
        let names: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
        let parts = (0..9).map(|n| {
            let mut own: Vec<&str> = edges.iter().filter(|e| e.0 == n).map(|e| names[e.1].as_str()).collect();
            own.sort_unstable();
            own.dedup();
            stage(&names[n], &own)
        });
        let graph = Graph::of(&parts.fold(Sketch::new(), Sketch::with).model);
        match graph.order() {
            Ok(order) => {
                prop_assert_eq!(order.len(), 9);
                prop_assert!(graph.find_cycle().is_none());
                let place = |node: usize| order.iter().position(|n| *n == node);
                for node in 0..9 {
                    for dependency in graph.dependencies(node) {
                        prop_assert!(place(*dependency) < place(node));
                    }
                }
            }
            Err(_) => prop_assert!(graph.find_cycle().is_some()),
        }
    }
}
