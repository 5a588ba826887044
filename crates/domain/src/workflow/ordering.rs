//! The graph of a model's containers: order, levels, cycles, reach.
//!
//! Everything here takes time in proportion to nodes and edges, and nothing recurses.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::cycles;
use super::edges::Edges;
use crate::error::{Code, DomainError};
use crate::function_model::{ContainerNode, FunctionModel};
use crate::ids::NodeId;
use crate::sorted;

/// The containers of a model, earliest created first, and the edges between them.
///
/// An edge leads from a container to one that depends on it. Dependencies on containers that do
/// not exist are left out.
#[derive(Clone, Debug)]
pub struct Graph {
    ids: Vec<NodeId>,
    places: HashMap<NodeId, usize>,
    priorities: Vec<i64>,
    dependencies: Edges,
    dependents: Edges,
}

impl Graph {
    /// The graph of a model.
    pub fn of(model: &FunctionModel) -> Self {
        let mut nodes: Vec<&ContainerNode> = model.nodes.values().collect();
        sorted::sort_by_key(&mut nodes, |node| (node.created_at, node.node_id));
        let ids: Vec<NodeId> = nodes.iter().map(|node| node.node_id).collect();
        let pairs = ids.iter().enumerate().map(|(place, id)| (*id, place));
        let places: HashMap<NodeId, usize> = pairs.collect();
        let dependencies = Edges::of_rows(nodes.iter().map(|node| {
            let ids = node.dependencies.iter();
            ids.filter_map(|id| places.get(id).copied())
        }));
        Self {
            priorities: nodes.iter().map(|node| node.priority()).collect(),
            ids,
            places,
            dependents: dependencies.reversed(),
            dependencies,
        }
    }

    /// The containers, earliest created first.
    pub fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    /// The place of a container among [`Self::ids`].
    pub fn place(&self, id: NodeId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// The places of the containers that one depends on.
    pub fn dependencies(&self, place: usize) -> &[usize] {
        self.dependencies.of(place)
    }

    /// The places of the containers that depend on one.
    pub fn dependents(&self, place: usize) -> &[usize] {
        self.dependents.of(place)
    }

    /// The number of edges.
    pub fn edge_count(&self) -> usize {
        self.dependencies.count()
    }

    /// The places in the order of execution: every dependency before its dependents; among ready
    /// ones the highest priority first, then the earliest created.
    ///
    /// # Errors
    /// `CIRCULAR_DEPENDENCY` with the first cycle.
    pub fn order(&self) -> Result<Vec<usize>, DomainError> {
        let mut waiting = self.dependents.indegrees();
        let key = |place: usize| (self.priorities[place], Reverse(place));
        let mut ready: BinaryHeap<(i64, Reverse<usize>)> = waiting
            .iter()
            .enumerate()
            .filter(|(_, count)| **count == 0)
            .map(|(place, _)| key(place))
            .collect();
        let mut order = Vec::with_capacity(self.ids.len());
        while let Some((_, Reverse(place))) = ready.pop() {
            order.push(place);
            for dependent in self.dependents(place) {
                waiting[*dependent] -= 1;
                if waiting[*dependent] == 0 {
                    ready.push(key(*dependent));
                }
            }
        }
        if order.len() == self.ids.len() {
            return Ok(order);
        }
        let cycle = self.find_cycle().unwrap_or_default();
        Err(circular(&cycle))
    }

    /// The containers in the order of execution.
    ///
    /// # Errors
    /// `CIRCULAR_DEPENDENCY` with the first cycle.
    pub fn execution_order(&self) -> Result<Vec<NodeId>, DomainError> {
        let order = self.order()?;
        Ok(order.into_iter().map(|place| self.ids[place]).collect())
    }

    /// The level of each place: roots 0, others one above their highest dependency.
    ///
    /// # Errors
    /// `CIRCULAR_DEPENDENCY` with the first cycle.
    pub fn levels(&self) -> Result<Vec<usize>, DomainError> {
        Ok(self.levels_along(&self.order()?))
    }

    /// The level of each place, where the order of execution is known.
    pub(super) fn levels_along(&self, order: &[usize]) -> Vec<usize> {
        let mut levels = vec![0; self.ids.len()];
        for &place in order {
            let above = self.dependencies(place).iter().map(|d| levels[*d] + 1);
            levels[place] = above.max().unwrap_or(0);
        }
        levels
    }

    /// The level of a container; −1 for an unknown one, and for all when there is a cycle.
    pub fn depth(&self, id: NodeId) -> i64 {
        match (self.place(id), self.levels()) {
            (Some(place), Ok(levels)) => i64::try_from(levels[place]).unwrap_or(i64::MAX),
            _ => -1,
        }
    }

    /// Whether a container is no root and shares its level with another.
    pub fn can_run_in_parallel(&self, id: NodeId) -> bool {
        let (Some(place), Ok(levels)) = (self.place(id), self.levels()) else {
            return false;
        };
        let own = levels[place];
        own > 0 && levels.iter().filter(|level| **level == own).count() > 1
    }

    /// The longest chain from a root to a leaf, by number of containers.
    ///
    /// # Errors
    /// `CIRCULAR_DEPENDENCY` with the first cycle.
    pub fn critical_path(&self) -> Result<Vec<NodeId>, DomainError> {
        let order = self.order()?;
        let mut before: Vec<Option<usize>> = vec![None; self.ids.len()];
        let mut lengths = vec![1_usize; self.ids.len()];
        for &place in &order {
            for &dependent in self.dependents(place) {
                if lengths[place] + 1 > lengths[dependent] {
                    lengths[dependent] = lengths[place] + 1;
                    before[dependent] = Some(place);
                }
            }
        }
        let longest = lengths.iter().max().copied();
        let end = order.iter().find(|place| Some(lengths[**place]) == longest);
        let mut path: Vec<NodeId> = std::iter::successors(end.copied(), |place| before[*place])
            .map(|place| self.ids[place])
            .collect();
        path.reverse();
        Ok(path)
    }

    /// The containers that depend on one, directly or not, by place.
    pub fn reachable_from(&self, id: NodeId) -> Vec<NodeId> {
        let start = self.place(id).into_iter();
        let seen = self.spread(start, &self.dependents);
        self.chosen(&seen, id)
    }

    /// The containers that one depends on, directly or not, by place.
    pub fn upstream_of(&self, id: NodeId) -> Vec<NodeId> {
        let start = self.place(id).into_iter();
        let seen = self.spread(start, &self.dependencies);
        self.chosen(&seen, id)
    }

    fn chosen(&self, seen: &[bool], without: NodeId) -> Vec<NodeId> {
        let pairs = self.ids.iter().zip(seen);
        let chosen = pairs.filter(|(id, seen)| **seen && **id != without);
        chosen.map(|(id, _)| *id).collect()
    }

    /// Which places can be reached from some, the start included, along these edges.
    fn spread(&self, start: impl Iterator<Item = usize>, edges: &Edges) -> Vec<bool> {
        let mut seen = vec![false; self.ids.len()];
        let mut open: Vec<usize> = start.collect();
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut seen[place], true) {
                open.extend(edges.of(place).iter().filter(|next| !seen[**next]));
            }
        }
        seen
    }

    /// Which places can be reached from some along dependents, the start included.
    pub fn reached(&self, start: impl Iterator<Item = usize>) -> Vec<bool> {
        self.spread(start, &self.dependents)
    }

    /// The cycle that would arise if `node` depended on `dependency`, the start repeated.
    pub fn cycle_with(&self, node: NodeId, dependency: NodeId) -> Option<Vec<NodeId>> {
        let (node, dependency) = (self.place(node)?, self.place(dependency)?);
        if node == dependency {
            return Some(vec![self.ids[node]; 2]);
        }
        let mut came_from: HashMap<usize, usize> = HashMap::from([(node, node)]);
        let mut open = VecDeque::from([node]);
        while let Some(place) = open.pop_front() {
            if place == dependency {
                let mut path = vec![place];
                let mut current = place;
                while current != node {
                    current = came_from[&current];
                    path.push(current);
                }
                path.reverse();
                return Some(self.closed(path));
            }
            for next in self.dependents(place) {
                came_from.entry(*next).or_insert_with(|| {
                    open.push_back(*next);
                    place
                });
            }
        }
        None
    }

    /// A cycle begun at its earliest created container, which is repeated at the end.
    fn closed(&self, mut path: Vec<usize>) -> Vec<NodeId> {
        let earliest = path.iter().enumerate().min_by_key(|(_, place)| **place);
        let start = earliest.map_or(0, |(index, _)| index);
        path.rotate_left(start);
        path.extend(path.first().copied());
        path.into_iter().map(|place| self.ids[place]).collect()
    }

    /// The first cycle, if there is one.
    pub fn find_cycle(&self) -> Option<Vec<NodeId>> {
        let found = cycles::elementary(&self.dependents, 1).into_iter().next();
        found.map(|path| self.closed(path))
    }

    /// Elementary cycles, each once, at most 100.
    pub fn find_cycles(&self) -> Vec<Vec<NodeId>> {
        let found = cycles::elementary(&self.dependents, MAX_CYCLES);
        found.into_iter().map(|path| self.closed(path)).collect()
    }
}

/// Most cycles that are listed.
pub const MAX_CYCLES: usize = 100;

pub(crate) fn circular(cycle: &[NodeId]) -> DomainError {
    let cycle: Vec<String> = cycle.iter().map(NodeId::to_string).collect();
    let message = format!(
        "Containers would wait for one another: {}.",
        cycle.join(" → ")
    );
    DomainError::new(Code::CircularDependency, message).with("cycle", cycle)
}

/// The size of a model by its containers and actions.
pub fn complexity(model: &FunctionModel) -> &'static str {
    match model.nodes.len() + model.action_nodes.len() {
        0..20 => "SIMPLE",
        20..50 => "MEDIUM_SCALE",
        50..100 => "LARGE_SCALE",
        _ => "ENTERPRISE_SCALE",
    }
}

#[cfg(test)]
mod tests;
