//! Compiling a model into its plan, in time proportional to nodes and edges.

use super::condition::Condition;
use super::nesting::depth_limit;
use super::ordering::Graph;
use super::plan::{
    ActionEvent, ActionExecutionContext, ActionStep, Group, PLAN_VERSION, Plan, PlanContainer,
    Step, StepKind,
};
use crate::error::{Code, DomainError};
use crate::execution::required_parameters;
use crate::function_model::knowledge_action::READ_TIMEOUT_MS;
use crate::function_model::{ActionKind, ActionNode, ContainerNode, FunctionModel, RetryPolicy};
use crate::sorted;
use crate::validation;
use crate::vocabulary::{ActionStatus, ExecutionMode, FailureHandling, NodeStatus};

/// Compiles the working copy of a model.
///
/// # Errors
/// `CIRCULAR_DEPENDENCY` with the cycle, `ACTION_CONFIGURATION_INVALID` for a condition that
/// cannot be used, `MODEL_TOO_LARGE` when the steps cannot be numbered.
pub fn compile(model: &FunctionModel) -> Result<Plan, DomainError> {
    let graph = Graph::of(model);
    let order = graph.order()?;
    let levels = graph.levels_along(&order);
    let mut place_in_plan = vec![0; order.len()];
    for (index, place) in order.iter().enumerate() {
        place_in_plan[*place] = number(index)?;
    }
    let actions = model.actions_by_container();
    let mut compiler = Compiler::default();
    for &place in &order {
        let node = model.node(graph.ids()[place])?;
        let dependencies = graph.dependencies(place).iter();
        let dependencies = dependencies.map(|place| place_in_plan[*place]).collect();
        let own = actions.get(&node.node_id).map_or(&[][..], Vec::as_slice);
        compiler.container(node, dependencies, number(levels[place])?, own)?;
    }
    compiler.join_containers();
    let outputs = compiler.outputs(model);
    let stages = model
        .nodes
        .values()
        .filter(|node| node.as_stage().is_some());
    let inactive = stages.filter(|stage| stage.status != NodeStatus::Active);
    Ok(Plan {
        plan_version: PLAN_VERSION,
        outputs,
        steps: compiler.steps,
        groups: compiler.groups,
        containers: compiler.containers,
        required_parameters: required_parameters(model),
        inactive_stages: inactive.map(|stage| stage.node_id).collect(),
        unready: validation::unready(model),
        max_depth: depth_limit(model, None),
    })
}

fn number(index: usize) -> Result<u32, DomainError> {
    u32::try_from(index)
        .map_err(|_| DomainError::new(Code::ModelTooLarge, "The model has too many steps."))
}

#[derive(Default)]
struct Compiler {
    steps: Vec<Step>,
    groups: Vec<Group>,
    containers: Vec<PlanContainer>,
}

impl Compiler {
    /// Adds a step behind some others.
    fn step(&mut self, kind: StepKind, after: &[u32]) -> Result<u32, DomainError> {
        let step = number(self.steps.len())?;
        for before in after {
            self.steps[*before as usize].successors.push(step);
        }
        self.steps.push(Step {
            step,
            kind,
            container: number(self.containers.len())?,
            indegree: number(after.len())?,
            successors: Vec::new(),
            group: None,
            action: None,
        });
        Ok(step)
    }

    fn action(
        &mut self,
        node: &ContainerNode,
        action: &ActionNode,
        after: &[u32],
    ) -> Result<u32, DomainError> {
        let step = self.step(StepKind::Action, after)?;
        self.steps[step as usize].action = Some(Box::new(action_step(node, action)?));
        Ok(step)
    }

    fn container(
        &mut self,
        node: &ContainerNode,
        dependencies: Vec<u32>,
        level: u32,
        actions: &[&ActionNode],
    ) -> Result<(), DomainError> {
        let (first, last) = if actions.is_empty() {
            let pass = self.step(StepKind::Pass, &[])?;
            (pass, pass)
        } else {
            let open = self.step(StepKind::Open, &[])?;
            let tails = self.groups_of(node, actions, open)?;
            (open, self.step(StepKind::Close, &tails)?)
        };
        self.steps[first as usize].indegree = number(dependencies.len())?;
        self.containers.push(PlanContainer {
            node_id: node.node_id,
            name: node.name.clone(),
            node_type: node.node_type(),
            dependencies,
            first,
            last,
            action_count: number(actions.len())?,
            critical: node.is_critical(),
            timeout_ms: node.timeout_ms.filter(|ms| *ms > 0),
            level,
        });
        Ok(())
    }

    /// Adds the groups of a container behind its first step; answers the steps that end it.
    fn groups_of(
        &mut self,
        node: &ContainerNode,
        actions: &[&ActionNode],
        open: u32,
    ) -> Result<Vec<u32>, DomainError> {
        let mut tails = vec![open];
        for group in actions.chunk_by(|a, b| a.execution_mode == b.execution_mode) {
            if tails.len() > 1 {
                tails = vec![self.step(StepKind::Join, &tails)?];
            }
            tails = match group.first().map(|action| action.execution_mode) {
                Some(ExecutionMode::Parallel) => self.parallel(node, group, tails[0])?,
                _ => self.chain(node, group, tails[0])?,
            };
        }
        Ok(tails)
    }

    fn chain(
        &mut self,
        node: &ContainerNode,
        actions: &[&ActionNode],
        mut tail: u32,
    ) -> Result<Vec<u32>, DomainError> {
        for action in actions {
            tail = self.action(node, action, &[tail])?;
        }
        Ok(vec![tail])
    }

    fn parallel(
        &mut self,
        node: &ContainerNode,
        actions: &[&ActionNode],
        before: u32,
    ) -> Result<Vec<u32>, DomainError> {
        let mut actions = actions.to_vec();
        sorted::sort_by_key(&mut actions, |action| std::cmp::Reverse(action.priority));
        let concurrency = concurrency(node, actions.len());
        let limited = concurrency < actions.len();
        let group = number(self.groups.len())?;
        let mut members = Vec::with_capacity(actions.len());
        for (index, action) in actions.iter().enumerate() {
            let after: &[u32] = if index < concurrency { &[before] } else { &[] };
            let member = self.action(node, action, after)?;
            let step = &mut self.steps[member as usize];
            step.indegree = 1;
            step.group = limited.then_some(group);
            members.push(member);
        }
        if limited {
            self.groups.push(Group {
                members: members.clone(),
                concurrency: number(concurrency)?,
            });
        }
        Ok(members)
    }

    /// Lets the last step of every container release the first of those that wait for it.
    fn join_containers(&mut self) {
        for container in &self.containers {
            for dependency in &container.dependencies {
                let last = self.containers[*dependency as usize].last;
                self.steps[last as usize].successors.push(container.first);
            }
        }
    }

    /// The action steps of what the output boundaries depend on, or of all leaves; containers
    /// without actions pass on what they wait for.
    fn outputs(&self, model: &FunctionModel) -> Vec<u32> {
        let is_output = |container: &&PlanContainer| {
            let node = model.nodes.get(&container.node_id);
            node.is_some_and(ContainerNode::produces_output)
        };
        let mut sources: Vec<u32> = self
            .containers
            .iter()
            .filter(is_output)
            .flat_map(|container| container.dependencies.iter().copied())
            .collect();
        if sources.is_empty() {
            let mut awaited = vec![false; self.containers.len()];
            for dependency in self.containers.iter().flat_map(|one| &one.dependencies) {
                awaited[*dependency as usize] = true;
            }
            let places = (0..self.containers.len()).filter_map(|place| u32::try_from(place).ok());
            sources = places.filter(|place| !awaited[*place as usize]).collect();
        }
        let mut seen = vec![false; self.containers.len()];
        let mut outputs = Vec::new();
        while let Some(place) = sources.pop() {
            if std::mem::replace(&mut seen[place as usize], true) {
                continue;
            }
            let container = &self.containers[place as usize];
            if container.action_count == 0 {
                sources.extend(&container.dependencies);
            }
            let own = container.first..=container.last;
            let is_action = |step: &u32| self.steps[*step as usize].action.is_some();
            outputs.extend(own.filter(is_action));
        }
        sorted::sort(&mut outputs);
        outputs
    }
}

/// How many actions of a parallel group of `n` run at once.
pub(super) fn concurrency(node: &ContainerNode, n: usize) -> usize {
    let stage = node.as_stage();
    let stated = stage.and_then(|stage| stage.parallelism_config.as_ref());
    stated
        .map_or(4, |config| config.max_concurrency as usize)
        .min(n)
}

fn action_step(node: &ContainerNode, action: &ActionNode) -> Result<ActionStep, DomainError> {
    let retry_policy = effective_policy(node, action);
    let is_conditional = action.execution_mode == ExecutionMode::Conditional;
    let condition = if is_conditional {
        Condition::of_metadata(&action.metadata)?
    } else {
        None
    };
    Ok(ActionStep {
        action_id: action.action_id,
        name: action.name.clone(),
        action_type: action.action_type(),
        execution_mode: action.execution_mode,
        priority: action.priority,
        timeout_ms: timeout_ms(&action.kind),
        retry_policy,
        condition,
        failure_handling: failure_handling(node, action),
        critical: action.is_critical(),
        spec: action.kind.to_data(),
        event: ActionEvent {
            action_id: action.action_id,
            action_type: action.action_type(),
            action_name: action.name.clone(),
            parent_node_id: node.node_id,
            execution_context: ActionExecutionContext {
                execution_mode: action.execution_mode,
                priority: action.priority,
                estimated_duration_minutes: action.estimated_duration_minutes,
                retry_policy,
            },
        },
        skip_reason: is_put_away(action.status).then(|| Code::ActionNotActive.to_string()),
    })
}

fn is_put_away(status: ActionStatus) -> bool {
    matches!(status, ActionStatus::Inactive | ActionStatus::Archived)
}

/// The policy of an action: its own, else the stage's, else that of its type.
pub fn effective_policy(node: &ContainerNode, action: &ActionNode) -> RetryPolicy {
    let of_stage = node.as_stage().and_then(|stage| stage.retry_policy);
    action
        .retry_policy
        .or(of_stage)
        .unwrap_or_else(|| RetryPolicy::default_of(action.action_type()))
}

fn failure_handling(node: &ContainerNode, action: &ActionNode) -> FailureHandling {
    let own = match &action.kind {
        ActionKind::Tether(tether) => tether.failure_handling,
        _ => None,
    };
    own.or_else(|| node.as_stage()?.failure_handling)
        .unwrap_or(FailureHandling::Retry)
}

fn timeout_ms(kind: &ActionKind) -> Option<u64> {
    match kind {
        ActionKind::Tether(tether) => Some(tether.timeout_ms()),
        ActionKind::Knowledge(_) => Some(READ_TIMEOUT_MS),
        ActionKind::Nested(nested) => nested.timeout_ms(),
    }
}

#[cfg(test)]
mod tests;
