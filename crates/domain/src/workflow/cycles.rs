//! Elementary cycles of a directed graph, without recursion.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Elementary cycles, each once, each begun at its smallest node, at most `limit` of them.
///
/// This is Johnson's search: between two cycles it takes time in proportion to nodes and edges,
/// because dead ends are blocked until a cycle through them becomes possible again.
pub(crate) fn elementary(edges: &[Vec<usize>], limit: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut first = 0;
    while found.len() < limit {
        let Some(component) = next_component(edges, first) else {
            break;
        };
        let Some(&start) = component.first() else {
            break;
        };
        Search::new(edges, &component, start).run(limit, &mut found);
        first = start + 1;
    }
    found
}

/// Of the parts of the graph without the nodes before `first` whose nodes all reach one another,
/// the one with the smallest node that lies on a cycle.
fn next_component(edges: &[Vec<usize>], first: usize) -> Option<BTreeSet<usize>> {
    let mut graph = DiGraph::<usize, ()>::new();
    let nodes: Vec<NodeIndex> = (first..edges.len()).map(|n| graph.add_node(n)).collect();
    for from in first..edges.len() {
        for to in edges[from].iter().filter(|to| **to >= first) {
            graph.add_edge(nodes[from - first], nodes[to - first], ());
        }
    }
    kosaraju_scc(&graph)
        .into_iter()
        .map(|part| part.into_iter().map(|node| graph[node]).collect())
        .filter(|part: &BTreeSet<usize>| {
            part.len() > 1 || part.iter().any(|node| edges[*node].contains(node))
        })
        .min_by_key(|part| part.first().copied())
}

struct Search<'a> {
    edges: &'a [Vec<usize>],
    component: &'a BTreeSet<usize>,
    start: usize,
    blocked: Vec<bool>,
    unblocks: Vec<BTreeSet<usize>>,
}

/// A node on the path, the next edge to follow, and whether a cycle was closed below it.
struct Frame {
    node: usize,
    next: usize,
    closed: bool,
}

impl<'a> Search<'a> {
    fn new(edges: &'a [Vec<usize>], component: &'a BTreeSet<usize>, start: usize) -> Self {
        Self {
            edges,
            component,
            start,
            blocked: vec![false; edges.len()],
            unblocks: vec![BTreeSet::new(); edges.len()],
        }
    }

    fn run(mut self, limit: usize, found: &mut Vec<Vec<usize>>) {
        let mut path = vec![self.enter(self.start)];
        while let Some(frame) = path.last_mut() {
            let node = frame.node;
            let Some(&next) = self.edges[node].get(frame.next) else {
                let closed = frame.closed;
                path.pop();
                self.leave(node, closed);
                if let Some(parent) = path.last_mut() {
                    parent.closed |= closed;
                }
                continue;
            };
            frame.next += 1;
            if next == self.start {
                frame.closed = true;
                found.push(path.iter().map(|frame| frame.node).collect());
                if found.len() >= limit {
                    return;
                }
            } else if self.component.contains(&next) && !self.blocked[next] {
                let frame = self.enter(next);
                path.push(frame);
            }
        }
    }

    fn enter(&mut self, node: usize) -> Frame {
        self.blocked[node] = true;
        Frame {
            node,
            next: 0,
            closed: false,
        }
    }

    fn leave(&mut self, node: usize, closed: bool) {
        if closed {
            self.unblock(node);
            return;
        }
        for next in &self.edges[node] {
            if self.component.contains(next) {
                self.unblocks[*next].insert(node);
            }
        }
    }

    fn unblock(&mut self, node: usize) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut self.blocked[node], false) {
                open.extend(std::mem::take(&mut self.unblocks[node]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(edges: &[&[usize]], expected: &[&[usize]]) {
        let edges: Vec<Vec<usize>> = edges.iter().map(|list| list.to_vec()).collect();
        let mut found = elementary(&edges, 100);
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_cycle_is_found_once() {
        check(&[], &[]);
        check(&[&[1], &[2], &[]], &[]);
        check(&[&[0]], &[&[0]]);
        check(&[&[1], &[0]], &[&[0, 1]]);
        check(&[&[1, 2], &[2, 0], &[0]], &[&[0, 1], &[0, 1, 2], &[0, 2]]);
        check(&[&[1], &[0], &[3], &[2]], &[&[0, 1], &[2, 3]]);
    }

    #[test]
    fn dense_graphs_stop_at_the_limit() {
        let edges: Vec<Vec<usize>> = (0..40).map(|_| (0..40).collect()).collect();
        assert_eq!(elementary(&edges, 100).len(), 100);
    }

    /// A ladder of diamonds whose end leads nowhere has exponentially many paths.
    #[test]
    fn dead_ends_are_not_searched_again_and_again() {
        let mut edges = vec![vec![1, 2], vec![3], vec![3]];
        for rung in 1..60 {
            let at = rung * 3;
            edges.extend([vec![at + 1, at + 2], vec![at + 3], vec![at + 3]]);
        }
        edges.push(vec![181]);
        edges.push(vec![180]);
        edges[1].push(0);
        let found = elementary(&edges, 100);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    proptest! {
        #[test]
        fn a_cycle_is_found_exactly_when_there_is_one(
            pairs in prop::collection::vec((0usize..8, 0usize..8), 0..20)
        ) {
            let mut edges = vec![Vec::new(); 8];
            for (from, to) in pairs {
                if !edges[from].contains(&to) {
                    edges[from].push(to);
                }
            }
            let mut graph = DiGraph::<(), ()>::new();
            let nodes: Vec<NodeIndex> = (0..8).map(|_| graph.add_node(())).collect();
            for (from, list) in edges.iter().enumerate() {
                for to in list {
                    graph.add_edge(nodes[from], nodes[*to], ());
                }
            }
            let found = elementary(&edges, 100);
            prop_assert_eq!(!found.is_empty(), petgraph::algo::is_cyclic_directed(&graph));
            for cycle in &found {
                let distinct: BTreeSet<&usize> = cycle.iter().collect();
                prop_assert_eq!(distinct.len(), cycle.len());
                for (place, node) in cycle.iter().enumerate() {
                    let next = cycle[(place + 1) % cycle.len()];
                    prop_assert!(edges[*node].contains(&next));
                }
            }
            let distinct: BTreeSet<&Vec<usize>> = found.iter().collect();
            prop_assert_eq!(distinct.len(), found.len());
        }
    }
}
