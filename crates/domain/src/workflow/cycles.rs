//! Elementary cycles of a directed graph, without recursion.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use super::edges::Edges;
use crate::sorted;

/// Elementary cycles, each once, each begun at its smallest node, at most `limit` of them.
///
/// No library lists these. This is Johnson's search: between two cycles it takes time in proportion
/// to nodes and edges, because dead ends are blocked until a cycle through them becomes possible
/// again.
pub(crate) fn elementary(edges: &Edges, limit: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut waiting = entangled(edges);
    while found.len() < limit {
        let smallest = waiting.iter().enumerate().min_by_key(|(_, group)| group[0]);
        let Some((place, _)) = smallest else {
            break;
        };
        let group = waiting.swap_remove(place);
        Search::new(edges, &group).run(limit, &mut found);
        waiting.extend(components(edges, &group[1..]));
    }
    found
}

/// The groups of nodes that all reach one another, and nodes that lead to themselves; everything
/// else lies on no cycle. Each is sorted, and they are sorted by their first.
pub(crate) fn entangled(edges: &Edges) -> Vec<Vec<usize>> {
    let mut groups = components(edges, &edges.unordered());
    sorted::sort_by_key(&mut groups, |group| group[0]);
    groups
}

/// The groups of a part of the graph, each sorted.
fn components(edges: &Edges, nodes: &[usize]) -> Vec<Vec<usize>> {
    let mut place = vec![None; edges.places()];
    let mut graph = DiGraph::<usize, ()>::new();
    for node in nodes {
        place[*node] = Some(graph.add_node(*node));
    }
    for from in nodes {
        for to in edges.of(*from) {
            if let Some((from, to)) = place[*from].zip(place[*to]) {
                graph.add_edge(from, to, ());
            }
        }
    }
    let groups = kosaraju_scc(&graph).into_iter().map(|group| {
        let mut group: Vec<usize> = group.into_iter().map(|index| graph[index]).collect();
        sorted::sort(&mut group);
        group
    });
    groups.filter(|group| lies_on_cycle(edges, group)).collect()
}

/// Whether a group of nodes that all reach one another is more than one node by itself.
fn lies_on_cycle(edges: &Edges, group: &[usize]) -> bool {
    match group {
        [] => false,
        [node] => edges.of(*node).contains(node),
        _ => true,
    }
}

/// The search for cycles through the smallest node of a group, within the group.
struct Search<'a> {
    edges: &'a Edges,
    component: Vec<bool>,
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
    fn new(edges: &'a Edges, group: &[usize]) -> Self {
        let mut component = vec![false; edges.places()];
        group.iter().for_each(|node| component[*node] = true);
        Self {
            edges,
            component,
            start: group[0],
            blocked: vec![false; edges.places()],
            unblocks: vec![BTreeSet::new(); edges.places()],
        }
    }

    fn run(mut self, limit: usize, found: &mut Vec<Vec<usize>>) {
        let mut path = vec![self.enter(self.start)];
        while let Some(frame) = path.last_mut() {
            let node = frame.node;
            let Some(&next) = self.edges.of(node).get(frame.next) else {
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
        for next in self.edges.of(node) {
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
    use proptest::prelude::*;

    fn of<R: AsRef<[usize]>>(rows: &[R]) -> Edges {
        Edges::of_rows(rows.iter().map(|row| row.as_ref().iter().copied()))
    }

    fn check(edges: &[&[usize]], expected: &[&[usize]]) {
        let mut found = elementary(&of(edges), 100);
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
        assert_eq!(elementary(&of(&edges), 100).len(), 100);
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
        let found = elementary(&of(&edges), 100);
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
        let found = elementary(&of(&edges), 300);
        assert_eq!(
            (found.len(), found[299].as_slice()),
            (300, [299, 300].as_slice())
        );
        assert_eq!(entangled(&of(&edges)).len(), 1);
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
            let mut reaches = [[false; 8]; 8];
            for (from, list) in edges.iter().enumerate() {
                list.iter().for_each(|to| reaches[from][*to] = true);
            }
            for (over, from, to) in (0..512).map(|n| (n / 64, n / 8 % 8, n % 8)) {
                reaches[from][to] |= reaches[from][over] && reaches[over][to];
            }
            let group = |node: usize| -> Vec<usize> {
                (0..8).filter(|other| reaches[node][*other] && reaches[*other][node]).collect()
            };
            let groups: Vec<Vec<usize>> = (0..8)
                .map(group)
                .enumerate()
                .filter(|(node, group)| group.first() == Some(node))
                .map(|(_, group)| group)
                .collect();
            prop_assert_eq!(entangled(&of(&edges)), groups);
            let found = elementary(&of(&edges), 100);
            let cyclic = (0..8).any(|node| reaches[node][node]);
            prop_assert_eq!(!found.is_empty(), cyclic);
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
