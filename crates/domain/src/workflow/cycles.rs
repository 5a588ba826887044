//! Elementary cycles of a directed graph, without recursion.

use std::collections::BTreeSet;

/// Elementary cycles, each once, each begun at its smallest node, at most `limit` of them.
///
/// This is Johnson's search: between two cycles it takes time in proportion to nodes and edges,
/// because dead ends are blocked until a cycle through them becomes possible again.
pub(crate) fn elementary(edges: &[Vec<usize>], limit: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut first = 0;
    while found.len() < limit {
        let Some((start, component)) = next_component(edges, first) else {
            break;
        };
        Search::new(edges, &component, start).run(limit, &mut found);
        first = start + 1;
    }
    found
}

/// The groups of nodes that all reach one another, and nodes that lead to themselves; everything
/// else lies on no cycle. Each is sorted, and they are sorted by their first.
pub(crate) fn entangled(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut walk = Walk::new(edges, 0);
    let mut group_of = vec![usize::MAX; edges.len()];
    let mut count = 0;
    for root in 0..edges.len() {
        walk.from(root, |group| {
            if lies_on_cycle(edges, group) {
                group.iter().for_each(|node| group_of[*node] = count);
                count += 1;
            }
        });
    }
    // Nodes are handed out in their order, so that groups and their order come out sorted.
    let mut groups: Vec<Vec<usize>> = Vec::with_capacity(count);
    let mut place = vec![usize::MAX; count];
    for (node, group) in group_of.into_iter().enumerate() {
        if group == usize::MAX {
            continue;
        }
        if place[group] == usize::MAX {
            place[group] = groups.len();
            groups.push(Vec::new());
        }
        groups[place[group]].push(node);
    }
    groups
}

/// Of the parts of the graph without the nodes before `first` whose nodes all reach one another,
/// the one with the smallest node that lies on a cycle: that node, and whether each node is in it.
fn next_component(edges: &[Vec<usize>], first: usize) -> Option<(usize, Vec<bool>)> {
    let mut walk = Walk::new(edges, first);
    let mut best: Option<(usize, Vec<usize>)> = None;
    for root in first..edges.len() {
        walk.from(root, |group| {
            let smallest = group.iter().copied().min().unwrap_or(root);
            let better = best.as_ref().is_none_or(|(known, _)| smallest < *known);
            if better && lies_on_cycle(edges, group) {
                best = Some((smallest, group.to_vec()));
            }
        });
        // Groups that are still to come begin behind this root.
        if best.as_ref().is_some_and(|(smallest, _)| *smallest <= root) {
            break;
        }
    }
    best.map(|(smallest, group)| {
        let mut inside = vec![false; edges.len()];
        group.iter().for_each(|node| inside[*node] = true);
        (smallest, inside)
    })
}

/// Whether a group of nodes that all reach one another is more than one node by itself.
fn lies_on_cycle(edges: &[Vec<usize>], group: &[usize]) -> bool {
    match group {
        [] => false,
        [node] => edges[*node].contains(node),
        _ => true,
    }
}

/// Tarjan's walk through the nodes from `first` on, which finds the groups of nodes that all reach
/// one another.
struct Walk<'a> {
    edges: &'a [Vec<usize>],
    first: usize,
    /// When each node was met, from 1 on; 0 before.
    met: Vec<usize>,
    /// The earliest node that each one is known to reach within its group.
    low: Vec<usize>,
    /// Nodes whose group is not complete yet.
    waiting: Vec<usize>,
    waits: Vec<bool>,
    count: usize,
}

impl<'a> Walk<'a> {
    fn new(edges: &'a [Vec<usize>], first: usize) -> Self {
        Self {
            edges,
            first,
            met: vec![0; edges.len()],
            low: vec![0; edges.len()],
            waiting: Vec::new(),
            waits: vec![false; edges.len()],
            count: 0,
        }
    }

    fn meet(&mut self, node: usize) -> (usize, usize) {
        self.count += 1;
        self.met[node] = self.count;
        self.low[node] = self.count;
        self.waiting.push(node);
        self.waits[node] = true;
        (node, 0)
    }

    /// Walks through what is reached from a node and was not met before.
    fn from(&mut self, root: usize, mut complete: impl FnMut(&[usize])) {
        if self.met[root] > 0 {
            return;
        }
        let mut path = vec![self.meet(root)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(&to) = self.edges[node].get(*next) {
                *next += 1;
                if to < self.first {
                    continue;
                }
                if self.met[to] == 0 {
                    let frame = self.meet(to);
                    path.push(frame);
                } else if self.waits[to] {
                    self.low[node] = self.low[node].min(self.met[to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if self.low[node] == self.met[node] {
                let begun = self.waiting.iter().rposition(|other| *other == node);
                let group = self.waiting.split_off(begun.unwrap_or_default());
                group.iter().for_each(|other| self.waits[*other] = false);
                complete(&group);
            }
        }
    }
}

struct Search<'a> {
    edges: &'a [Vec<usize>],
    component: &'a [bool],
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
    fn new(edges: &'a [Vec<usize>], component: &'a [bool], start: usize) -> Self {
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
            } else if self.component[next] && !self.blocked[next] {
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
            if self.component[*next] {
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
    use petgraph::graph::{DiGraph, NodeIndex};
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

    /// Each step of the way can be taken back: as many small cycles as steps, in one component.
    #[test]
    fn a_long_way_there_and_back_takes_no_time() {
        let length = 5_000;
        let edges: Vec<Vec<usize>> = (0..length)
            .map(|n: usize| {
                let around = [n.checked_sub(1), Some(n + 1).filter(|n| *n < length)];
                around.into_iter().flatten().collect()
            })
            .collect();
        let found = elementary(&edges, 300);
        assert_eq!(
            (found.len(), found[299].as_slice()),
            (300, [299, 300].as_slice())
        );
        assert_eq!(entangled(&edges).len(), 1);
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
            let mut groups = petgraph::algo::kosaraju_scc(&graph);
            groups.retain(|group| lies_on_cycle(&edges, &[group[0].index()]) || group.len() > 1);
            let mut groups: Vec<Vec<usize>> = groups
                .into_iter()
                .map(|group| group.into_iter().map(NodeIndex::index).collect())
                .collect();
            groups.iter_mut().for_each(|group: &mut Vec<usize>| group.sort_unstable());
            groups.sort();
            prop_assert_eq!(entangled(&edges), groups);
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
