//! What is wrong with the structure of a model: every finding at once, in linear time.

use crate::sorted::SortedSet;

use super::nesting::{NestedModels, nested_models_of};
use super::ordering::Graph;
use crate::finding::{Finding, FindingCode};
use crate::function_model::{ActionNode, ContainerNode, FunctionModel};
use crate::ids::NodeId;
use crate::vocabulary::ExecutionMode;

/// Looks at the structure of a model. `nested` is what is known about the models it nests; of
/// those not known nothing is said.
pub fn validate(model: &FunctionModel, nested: &NestedModels) -> Vec<Finding> {
    let graph = Graph::of(model);
    let mut findings = Vec::new();
    boundaries(model, &mut findings);
    edges(model, &graph, &mut findings);
    actions(model, &mut findings);
    shape(model, &graph, &mut findings);
    let children = nested_models_of(model);
    if let Some(path) = nested.find_cycle(model.model_id, &children) {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let message = format!("Models nest one another: {}.", path.join(" → "));
        findings.push(Finding::new(FindingCode::InfiniteNesting, message));
    }
    findings
}

fn boundaries(model: &FunctionModel, findings: &mut Vec<Finding>) {
    if !model.nodes.values().any(ContainerNode::accepts_input) {
        let message = "No container accepts input.";
        findings.push(Finding::new(FindingCode::NoInput, message));
    }
    if !model.nodes.values().any(ContainerNode::produces_output) {
        let message = "No container produces output.";
        findings.push(Finding::new(FindingCode::NoOutput, message));
    }
    if !model.nodes.values().any(|node| node.as_stage().is_some()) {
        findings.push(Finding::new(
            FindingCode::NoStage,
            "The model has no stage.",
        ));
    }
    for node in model.nodes.values() {
        if node.description.is_none() {
            findings.push(on(
                node,
                FindingCode::DescriptionMissing,
                "has no description",
            ));
        }
        let Some(io) = node.as_io() else {
            continue;
        };
        let lacks_input = node.accepts_input() && io.input_data_contract.is_none();
        let lacks_output = node.produces_output() && io.output_data_contract.is_none();
        if lacks_input || lacks_output {
            findings.push(on(
                node,
                FindingCode::IoContractMissing,
                "has no data contract",
            ));
        }
    }
}

fn on(node: &ContainerNode, code: FindingCode, what: &str) -> Finding {
    Finding::new(code, format!("{} {what}.", node.name)).on_node(node.node_id)
}

fn edges(model: &FunctionModel, graph: &Graph, findings: &mut Vec<Finding>) {
    for node in model.nodes.values() {
        for dependency in &node.dependencies {
            if *dependency == node.node_id {
                findings.push(on(node, FindingCode::SelfDependency, "depends on itself"));
            } else if graph.place(*dependency).is_none() {
                let what = format!("depends on {dependency}, which does not exist");
                findings.push(on(node, FindingCode::DependencyMissing, &what));
            }
        }
        if node.is_input_only() && !node.dependencies.is_empty() {
            let what = "is an input boundary and depends on something";
            findings.push(on(node, FindingCode::InputHasDependencies, what));
        }
        let limit = if node.as_stage().is_some() { 5 } else { 10 };
        if node.dependencies.len() > limit {
            let what = format!("has more than {limit} dependencies");
            findings.push(on(node, FindingCode::DependencyCountHigh, &what));
        }
        let place = graph.place(node.node_id);
        let dependents = place.map_or(0, |place| graph.dependents(place).len());
        if dependents > 10 {
            findings.push(on(
                node,
                FindingCode::FanOutHigh,
                "has more than 10 dependents",
            ));
        }
    }
    // A container that depends on itself is told above.
    for cycle in graph.find_cycles().iter().filter(|cycle| cycle.len() > 2) {
        let names = cycle.iter().filter_map(|id| model.nodes.get(id));
        let names: Vec<&str> = names.map(|node| node.name.as_str()).collect();
        let ids: Vec<String> = cycle.iter().map(NodeId::to_string).collect();
        let message = format!(
            "Containers wait for one another: {} ({}).",
            names.join(" → "),
            ids.join(" → ")
        );
        let finding = Finding::new(FindingCode::CircularDependency, message);
        findings.extend(cycle.first().map(|first| finding.on_node(*first)));
    }
}

fn actions(model: &FunctionModel, findings: &mut Vec<Finding>) {
    for action in model.action_nodes.values() {
        let parent = model.nodes.get(&action.parent_node_id);
        if parent.and_then(ContainerNode::as_stage).is_none() {
            let message = format!("{} belongs to no stage.", action.name);
            let finding = Finding::new(FindingCode::OrphanAction, message);
            findings.push(finding.on_action(action.parent_node_id, action.action_id));
        }
    }
    let by_container = model.actions_by_container();
    for node in model
        .nodes
        .values()
        .filter(|node| node.as_stage().is_some())
    {
        match by_container.get(&node.node_id) {
            None => findings.push(on(node, FindingCode::StageEmpty, "has no actions")),
            Some(actions) => stage(node, actions, findings),
        }
        if node.timeout_ms.is_some_and(|ms| ms > 300_000) {
            let what = "has a time limit of more than five minutes";
            findings.push(on(node, FindingCode::StageTimeoutLong, what));
        }
    }
}

fn stage(node: &ContainerNode, actions: &[&ActionNode], findings: &mut Vec<Finding>) {
    for pair in actions.windows(2) {
        if pair[0].execution_order == pair[1].execution_order {
            let message = format!("{} and {} share a place.", pair[0].name, pair[1].name);
            let finding = Finding::new(FindingCode::DuplicateExecutionOrder, message);
            findings.push(finding.on_action(node.node_id, pair[1].action_id));
        }
    }
    let orders: SortedSet<u32> = actions
        .iter()
        .map(|action| action.execution_order)
        .collect();
    if gap(&orders) {
        findings.push(on(
            node,
            FindingCode::ExecutionOrderGap,
            "has gaps in its order",
        ));
    }
    let sequential = |action: &&ActionNode| action.execution_mode == ExecutionMode::Sequential;
    if actions.len() > 5 && actions.iter().all(sequential) {
        let what = "has more than 5 actions, all one after another";
        findings.push(on(node, FindingCode::StageCrowded, what));
    }
    let mut priorities = SortedSet::new();
    let parallel = actions
        .iter()
        .filter(|a| a.execution_mode == ExecutionMode::Parallel);
    let mut tie = false;
    for action in parallel {
        tie |= !priorities.insert(action.priority);
    }
    if tie {
        let what = "has parallel actions of the same priority";
        findings.push(on(node, FindingCode::ParallelPriorityTie, what));
    }
}

/// Whether sorted orders are not 1 to n.
fn gap(orders: &SortedSet<u32>) -> bool {
    !orders
        .iter()
        .copied()
        .zip(1..)
        .all(|(order, place)| order == place)
}

fn shape(model: &FunctionModel, graph: &Graph, findings: &mut Vec<Finding>) {
    let nodes = || {
        let ids = graph.ids().iter().enumerate();
        ids.filter_map(|(place, id)| Some((place, model.nodes.get(id)?)))
    };
    let is_alone =
        |place: usize| graph.dependencies(place).is_empty() && graph.dependents(place).is_empty();
    for (place, node) in nodes() {
        let is_output_only = node.produces_output() && !node.accepts_input();
        if is_output_only && graph.dependencies(place).is_empty() {
            let what = "is an output boundary and depends on nothing";
            findings.push(on(node, FindingCode::OutputWithoutSource, what));
        }
        if node.as_stage().is_some() && is_alone(place) {
            findings.push(on(
                node,
                FindingCode::NodeUnconnected,
                "is connected to nothing",
            ));
        }
    }
    let mut totals = |count: usize, limit: usize, code: FindingCode, what: &str| {
        if count > limit {
            findings.push(Finding::new(code, format!("{count} {what}.")));
        }
    };
    let isolated = nodes().filter(|(place, _)| is_alone(*place)).count();
    let code = FindingCode::ManyIsolatedNodes;
    totals(isolated, 1, code, "containers have no connection");
    let leaves = nodes()
        .filter(|(place, _)| graph.dependents(*place).is_empty())
        .count();
    totals(
        leaves,
        3,
        FindingCode::ManyLeaves,
        "containers have no dependents",
    );
    let levels = graph.levels().unwrap_or_default();
    let longest = levels.iter().max().map_or(0, |level| level + 1);
    totals(
        longest,
        10,
        FindingCode::ChainTooDeep,
        "containers form one chain",
    );
    totals(
        model.nodes.len(),
        50,
        FindingCode::ModelLarge,
        "containers are many",
    );
    unreachable_outputs(model, graph, findings);
}

/// In a model with dependencies, the output boundaries that no input boundary leads to. One that
/// is both leads to itself.
fn unreachable_outputs(model: &FunctionModel, graph: &Graph, findings: &mut Vec<Finding>) {
    if graph.edge_count() == 0 {
        return;
    }
    let accepts = |id: &NodeId| {
        model
            .nodes
            .get(id)
            .is_some_and(ContainerNode::accepts_input)
    };
    let ids = graph.ids().iter().enumerate();
    let inputs = ids
        .clone()
        .filter(|(_, id)| accepts(id))
        .map(|(place, _)| place);
    let reached = graph.reached(inputs);
    for (place, id) in ids {
        let node = model.nodes.get(id).filter(|node| node.produces_output());
        if let Some(node) = node.filter(|_| !reached[place]) {
            let what = "is an output boundary that no input leads to";
            findings.push(on(node, FindingCode::UnreachableOutput, what));
        }
    }
}

#[cfg(test)]
mod tests;
