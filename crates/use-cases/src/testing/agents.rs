//! What tests of agents begin with.

use domain::ai_agent::coordination::{CoordinateAgents, CoordinatedTask};
use domain::ai_agent::task::ExecuteAgentTask;
use domain::ai_agent::{Agent, Capabilities, RegisterAgent, Tools};
use domain::ids::{AgentId, EntityId, ModelId};
use domain::limits::JsonObject;
use domain::vocabulary::{AgentTaskType, CoordinationMode, FeatureType};

use super::{Draft, alice, rendered};
use crate::ai_agent;
use crate::in_memory::{World, nth_id};

/// A world with a model of alice's.
pub(crate) fn scene() -> (World, ModelId) {
    let world = World::new();
    let model = Draft::empty(&world, "Served model").model_id;
    (world, model)
}

/// The registration of an agent of a model that does two tasks at a time and cannot orchestrate.
pub(crate) fn command(model: &ModelId, name: &str) -> RegisterAgent {
    let tools = ["knowledge-base-search", "workflow-execution"];
    RegisterAgent {
        feature_type: FeatureType::FunctionModel,
        entity_id: EntityId::from_uuid(model.as_uuid()),
        node_id: None,
        organization_id: None,
        name: name.into(),
        description: None,
        instructions: "Check invoices.".into(),
        tools: Tools {
            available_tools: tools.map(String::from).to_vec(),
            ..Tools::default()
        },
        capabilities: Capabilities {
            can_read: true,
            can_execute: true,
            can_analyze: true,
            max_concurrent_tasks: 2,
            supported_data_types: vec!["json".into()],
            ..Capabilities::default()
        },
        is_enabled: None,
    }
}

/// An agent of alice's model.
#[track_caller]
pub(crate) fn registered(world: &World, model: &ModelId, name: &str) -> Agent {
    let (who, command) = (alice(), command(model, name));
    let registered = ai_agent::register(world, &who, &command, rendered);
    world.run(registered).unwrap().value
}

/// A task for an agent, or for the best one.
pub(crate) fn asked(agent_id: Option<AgentId>) -> ExecuteAgentTask {
    ExecuteAgentTask {
        task_type: AgentTaskType::Execution,
        task: "Do it".into(),
        parameters: JsonObject::new(),
        agent_id,
        required_capabilities: None,
        priority: None,
        timeout_ms: None,
        queue_if_busy: None,
        max_retries: None,
    }
}

/// An agent that is doing a task.
#[track_caller]
pub(crate) fn working(world: &World, model: &ModelId, name: &str) -> AgentId {
    let id = registered(world, model, name).agent_id;
    let token = Some(nth_id(0xb5));
    let (who, command) = (alice(), asked(Some(id)));
    let begun = ai_agent::execute_task(world, &who, &command, token, rendered);
    world.run(begun).unwrap();
    id
}

/// A coordination of tasks of one agent, one for each stage named.
pub(crate) fn coordination(
    mode: CoordinationMode,
    agent_id: AgentId,
    stages: &[i64],
) -> CoordinateAgents {
    let task = |(place, stage): (usize, &i64)| CoordinatedTask {
        task_id: format!("part {place}"),
        agent_id,
        stage: *stage,
        task_type: AgentTaskType::Execution,
        task: format!("Part {place}"),
        parameters: JsonObject::new(),
        priority: None,
        timeout_ms: None,
        max_retries: None,
    };
    CoordinateAgents {
        tasks: stages.iter().enumerate().map(task).collect(),
        mode,
        synchronization_points: None,
        continue_on_failure: None,
        timeout_ms: None,
    }
}
