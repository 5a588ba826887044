//! The rules of a bulk edit that look at the model as it is going to be.

use super::*;
use crate::function_model::{ActionChanges, ActionNode};

/// Places in containers, and which action has them.
type Orders = SortedMap<(NodeId, u32), ActionId>;

impl<'a> Edit<'a> {
    pub(super) fn container_states(&mut self, (added, changed): &Containers<'a>) {
        let list = &self.command.containers;
        for (i, (add, node)) in list.add.iter().zip(added).enumerate() {
            if let Some(node_id) = add.node_id {
                let place = at(self.places.containers, i, "nodeId");
                if self.model.nodes.contains_key(&node_id) {
                    let value = node_id.to_string();
                    self.broken(Code::NodeAlreadyExists, place, "exists", value);
                    continue;
                }
                let stage = match add.node_type {
                    crate::vocabulary::ContainerNodeType::StageNode => Kind::Stage,
                    crate::vocabulary::ContainerNodeType::IoNode => Kind::Boundary,
                };
                let kind = node.as_ref().map_or(stage, |node| Kind::of(&node.kind));
                self.kinds.insert(node_id, kind);
            }
            if let Some(node) = node {
                let event = ContainerNodeAdded {
                    model_id: self.model.model_id,
                    node: node.clone(),
                    added_by: self.asked.by,
                    added_at: self.asked.at,
                };
                self.events.push(event.into());
            }
        }
        for (i, part) in changed.iter().enumerate() {
            let Some((node, changes)) = part else {
                continue;
            };
            if let Some(data) = &changes.type_specific_data {
                self.kinds.insert(node.node_id, Kind::of(&data.0));
            }
            if let Some(status) = changes.status
                && !node.status.may_become(status)
            {
                let refusal = transition(node.status.as_str(), status.as_str());
                self.transition(at("containers.change", i, "changes.status"), &refusal);
            }
            let event = modified(self.model, node, changes.clone(), self.asked);
            self.events.push(event);
        }
    }

    fn transition(&mut self, field: String, refusal: &DomainError) {
        let from = refusal.data.get("from").cloned().unwrap_or_default();
        let to = refusal.data.get("to").cloned().unwrap_or_default();
        let limit = serde_json::json!({ "from": from });
        let error = FieldError::new(field, "transition").limit(limit).value(to);
        self.violations.add(refusal.code, error);
    }

    /// What a container is going to be; none when it is not going to be there.
    fn kind(&self, node_id: NodeId) -> Option<Kind> {
        if let Some(kind) = self.kinds.get(&node_id) {
            return Some(*kind);
        }
        let node = self.model.nodes.get(&node_id)?;
        (!self.gone_nodes.contains(&node_id)).then(|| Kind::of(&node.kind))
    }

    pub(super) fn action_states(&mut self, (added, changed): &Actions<'a>) {
        let mut orders = self.orders(changed);
        let mut judged: SortedMap<(ModelId, u32), Option<DomainError>> = SortedMap::new();
        let patches = self.command.actions.change.iter();
        for (i, (part, change)) in changed.iter().zip(patches).enumerate() {
            let Some((action, patch)) = part else {
                continue;
            };
            self.change_state(i, action, patch, change, &mut orders, &mut judged);
        }
        for (i, (add, action)) in self.command.actions.add.iter().zip(added).enumerate() {
            self.add_state(i, add, action.as_ref(), &mut orders);
        }
        self.last_places(added, &mut orders, &mut judged);
    }

    /// The places of the actions that stay where they are.
    fn orders(&self, changed: &[Option<(&'a ActionNode, ParsedPatch)>]) -> Orders {
        let moved = changed
            .iter()
            .flatten()
            .filter(|(_, patch)| patch.order.is_some());
        let moved: SortedSet<ActionId> = moved.map(|(action, _)| action.action_id).collect();
        let actions = self.model.action_nodes.values();
        let stay = actions.filter(|action| {
            !moved.contains(&action.action_id) && !self.gone_actions.contains(&action.action_id)
        });
        stay.map(|a| ((a.parent_node_id, a.execution_order), a.action_id))
            .collect()
    }

    /// Takes a place for an action, or notes that another has it.
    fn claim(
        &mut self,
        field: String,
        place: (NodeId, u32),
        action_id: ActionId,
        orders: &mut Orders,
    ) {
        match orders.get(&place) {
            Some(_) => self.broken(Code::ExecutionOrderTaken, field, "unique", place.1),
            None => {
                orders.insert(place, action_id);
            }
        }
    }

    fn change_state(
        &mut self,
        i: usize,
        action: &'a ActionNode,
        patch: &ParsedPatch,
        change: &ChangeActionNode,
        orders: &mut Orders,
        judged: &mut SortedMap<(ModelId, u32), Option<DomainError>>,
    ) {
        if let Some(order) = patch.order {
            let field = at("actions.change", i, "changes.executionOrder");
            let place = (action.parent_node_id, order);
            self.claim(field, place, action.action_id, orders);
        }
        if let Some(status) = change.changes.status
            && !action.status.may_become(status)
        {
            let refusal = transition(action.status.as_str(), status.as_str());
            self.transition(at("actions.change", i, "changes.status"), &refusal);
        }
        let ActionChanges {
            action_specific_data,
            ..
        } = &patch.changes;
        if let Some(data) = action_specific_data {
            let field = at(
                "actions.change",
                i,
                "changes.actionSpecificData.nestedModelId",
            );
            self.nesting(field, &data.0, judged);
        }
        let events = patch
            .clone()
            .events(self.model, action, &change.changes, self.asked);
        if events.is_empty() {
            let place = at("actions.change", i, "changes");
            self.violations.absorb(&place, nothing_to_change());
        }
        self.events.extend(events);
    }

    fn add_state(
        &mut self,
        i: usize,
        add: &AddActionNode,
        action: Option<&ActionNode>,
        orders: &mut Orders,
    ) {
        let list = self.places.actions;
        let parent = add.parent_node_id;
        match self.kind(parent) {
            Some(Kind::Stage) => {}
            Some(_) => {
                let field = at(list, i, "parentNodeId");
                self.broken(Code::ParentNotAStage, field, "stage", parent.to_string());
            }
            None => {
                let field = at(list, i, "parentNodeId");
                self.broken(Code::NodeNotFound, field, "exists", parent.to_string());
            }
        }
        let known = add
            .action_id
            .filter(|id| self.model.action_nodes.contains_key(id));
        if let Some(action_id) = known {
            let field = at(list, i, "actionId");
            self.broken(
                Code::ActionAlreadyExists,
                field,
                "exists",
                action_id.to_string(),
            );
        }
        if let (Some(_), Some(action)) = (add.execution_order, action) {
            let field = at(list, i, "executionOrder");
            let place = (parent, action.execution_order);
            self.claim(field, place, action.action_id, orders);
        }
    }

    /// Added actions that name no place come last in their containers, in the order of the list.
    fn last_places(
        &mut self,
        added: &[Option<ActionNode>],
        orders: &mut Orders,
        judged: &mut SortedMap<(ModelId, u32), Option<DomainError>>,
    ) {
        for (i, (add, action)) in self.command.actions.add.iter().zip(added).enumerate() {
            let Some(action) = action else {
                continue;
            };
            let mut action = action.clone();
            let parent = action.parent_node_id;
            if add.execution_order.is_none() {
                let own = orders.range((parent, 0)..=(parent, u32::MAX));
                let last = own.last().map_or(0, |((_, order), _)| *order);
                action.execution_order = last.saturating_add(1);
                orders.insert((parent, action.execution_order), action.action_id);
            }
            let field = at(self.places.actions, i, "actionSpecificData.nestedModelId");
            self.nesting(field, &action.kind, judged);
            let event = ActionNodeAdded {
                model_id: self.model.model_id,
                action,
                added_by: self.asked.by,
                added_at: self.asked.at,
            };
            self.events.push(event.into());
        }
    }

    /// A nested model is there, does not nest this one, and not too deep; judged once for each.
    fn nesting(
        &mut self,
        field: String,
        kind: &ActionKind,
        judged: &mut SortedMap<(ModelId, u32), Option<DomainError>>,
    ) {
        let ActionKind::Nested(nested) = kind else {
            return;
        };
        let key = (nested.nested_model_id, nested.max_depth());
        let (model, known) = (self.model, &self.command.nested);
        let judge = || decide_action::guard_nesting(model, kind, known).err();
        if let Some(refusal) = judged.entry(key).or_insert_with(judge) {
            let error = FieldError::new(field, "nesting").value(key.0.to_string());
            self.violations.add(refusal.code, error);
        }
    }

    /// Added dependencies; answers how many the model is going to have.
    pub(super) fn dependencies(&mut self) -> usize {
        let removed: SortedSet<Dependency> =
            self.command.dependencies.remove.iter().copied().collect();
        let nodes = self.model.nodes.values();
        let stay = nodes.filter(|node| !self.gone_nodes.contains(&node.node_id));
        let edges = stay.flat_map(|node| {
            node.dependencies.iter().map(|id| Dependency {
                node_id: node.node_id,
                dependency_id: *id,
            })
        });
        // Sorted once: a set that grows one by one would be slow for so many.
        let edges: SortedSet<Dependency> = edges.filter(|edge| !removed.contains(edge)).collect();
        let add = self.command.dependencies.add.iter().copied();
        let named = add.clone().enumerate().rev();
        let firsts: SortedMap<Dependency, usize> = named.map(|(i, edge)| (edge, i)).collect();
        let mut count = edges.len();
        for (i, edge) in add.enumerate() {
            let is_there = edges.contains(&edge) || firsts.get(&edge) != Some(&i);
            count += usize::from(self.dependency(i, edge, is_there));
        }
        count
    }

    /// Judges an added dependency; answers whether it comes.
    fn dependency(&mut self, i: usize, edge: Dependency, is_there: bool) -> bool {
        let list = self.places.dependencies;
        let kinds = [
            ("nodeId", edge.node_id, self.kind(edge.node_id)),
            (
                "dependencyId",
                edge.dependency_id,
                self.kind(edge.dependency_id),
            ),
        ];
        for (name, id, kind) in kinds {
            if kind.is_none() {
                self.broken(
                    Code::NodeNotFound,
                    at(list, i, name),
                    "exists",
                    id.to_string(),
                );
            }
        }
        if kinds.iter().any(|(_, _, kind)| kind.is_none()) {
            return false;
        }
        let value = edge.dependency_id.to_string();
        if edge.node_id == edge.dependency_id {
            self.broken(
                Code::SelfDependency,
                at(list, i, "dependencyId"),
                "self",
                value,
            );
            return false;
        }
        if is_there {
            self.broken(
                Code::DependencyAlreadyExists,
                at(list, i, ""),
                "exists",
                value,
            );
            return false;
        }
        if kinds[0].2 == Some(Kind::Input) {
            let id = edge.node_id.to_string();
            self.broken(
                Code::InputHasDependencies,
                at(list, i, "nodeId"),
                "input",
                id,
            );
            return false;
        }
        let event = NodeDependencyAdded {
            model_id: self.model.model_id,
            node_id: edge.node_id,
            dependency_id: edge.dependency_id,
            changed_by: self.asked.by,
            changed_at: self.asked.at,
        };
        self.events.push(event.into());
        true
    }

    pub(super) fn size(&mut self, edges: usize) {
        let (containers, actions) = (&self.command.containers, &self.command.actions);
        let before = self.model.nodes.len() + self.model.action_nodes.len();
        let added = containers.add.len() + actions.add.len();
        let nodes =
            (before + added).saturating_sub(self.gone_nodes.len() + self.gone_actions.len());
        if let Err(refusal) = guard_size(nodes, edges) {
            let limit = refusal.data.get("limit").cloned().unwrap_or_default();
            let error = FieldError::new("", "size").limit(limit);
            self.violations.add(refusal.code, error);
        }
    }

    /// Circles that added dependencies would close, each at one of them.
    pub(super) fn cycles(&mut self) {
        let added = &self.command.dependencies.add;
        if added.is_empty() {
            return;
        }
        let after = self.events.iter().fold(self.model.clone(), evolve);
        let places: SortedMap<Dependency, usize> = added
            .iter()
            .enumerate()
            .map(|(i, edge)| (*edge, i))
            .collect();
        for cycle in Graph::of(&after).find_cycles() {
            let edges = cycle.windows(2).map(|pair| Dependency {
                node_id: pair[1],
                dependency_id: pair[0],
            });
            let place = edges.filter_map(|edge| places.get(&edge)).min();
            let field = match place {
                Some(i) => at(self.places.dependencies, *i, ""),
                None => self.places.dependencies.to_owned(),
            };
            let names: Vec<String> = cycle.iter().map(NodeId::to_string).collect();
            self.violations
                .add(Code::CircularDependency, FieldError::new(field, "cycle"));
            self.cycles.push(names.into());
        }
    }

    pub(super) fn finish(self) -> Result<Vec<Event>, DomainError> {
        let Err(mut refusal) = self.violations.finish_with_codes() else {
            return Ok(self.events);
        };
        let mut cycles = self.cycles.into_iter();
        if let Some(first) = cycles.next() {
            let all: Vec<Value> = std::iter::once(first.clone()).chain(cycles).collect();
            refusal = refusal.with("cycle", first).with("cycles", all);
        }
        Err(refusal)
    }
}
