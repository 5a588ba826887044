//! Where the collections live, and what checks begin with.

use domain::execution::ExecuteFunctionModel;
use domain::function_model::RawPosition;
use domain::function_model::commands::{
    AddActionNode, AddContainerNode, CreateFunctionModel, PublishFunctionModel,
};
use domain::ids::{ExecutionId, ModelId, NodeId, UserId, VersionId};
use domain::vocabulary::{ActionNodeType, ContainerNodeType, ExecutionMode};
use serde_json::{Value, json};
use use_cases::Saved;
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::function_model::{self, Execute};
use use_cases::in_memory::World;
use use_cases::ports::{Executions, Ports, Worker};
use uuid::Uuid;

use crate::migrations::{STEPS, Shape};

/// A home of the collections, with two people who know nothing of each other.
pub(crate) trait Home {
    /// The collections.
    type Ports: Ports;

    /// The collections as a person sees them: 0 or 1.
    fn ports(&self, person: usize) -> &Self::Ports;

    /// A request of a person.
    fn context(&self, person: usize) -> &Context;

    /// Appends an event of any version to the stream of a model, behind the rules.
    async fn plant(&self, id: ModelId, event_type: &str, event_version: u32, data: Value);

    /// The events of a model as they are stored, without the first.
    async fn stored(&self, id: ModelId) -> Vec<Shape>;

    /// The same, each in the newest version that is stored of it.
    async fn newest(&self, id: ModelId) -> Vec<Shape>;
}

/// The world in memory.
pub(crate) struct Memory {
    world: World,
    people: [Context; 2],
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            world: World::with_upcasts(STEPS),
            people: [Uuid::new_v4(), Uuid::new_v4()]
                .map(|id| Context::new(Actor::user(UserId::from_uuid(id)), "contract")),
        }
    }
}

impl Home for Memory {
    type Ports = World;

    fn ports(&self, _person: usize) -> &World {
        &self.world
    }

    fn context(&self, person: usize) -> &Context {
        &self.people[person]
    }

    async fn plant(&self, id: ModelId, event_type: &str, event_version: u32, data: Value) {
        let id = id.as_uuid();
        self.world.plant_event(id, event_type, event_version, data);
    }

    async fn stored(&self, id: ModelId) -> Vec<Shape> {
        let events = self.world.stored_events().into_iter();
        let own = events.filter(|e| e.aggregate_id == id.as_uuid() && e.aggregate_version > 1);
        own.map(|e| (e.position, e.event_version, e.data)).collect()
    }

    async fn newest(&self, id: ModelId) -> Vec<Shape> {
        let upcasts = self.world.stored_upcasts();
        let mut events = self.stored(id).await;
        for (position, version, data) in &mut events {
            if let Some((newer, upcast)) = upcasts.get(position).cloned() {
                (*version, *data) = (newer, upcast);
            }
        }
        events
    }
}

/// The answer of any command.
pub(crate) fn kept<T>(_: &Saved<T>) -> StoredAnswer {
    StoredAnswer(json!({"kept": true}))
}

/// A worker with a lease of its own.
pub(crate) fn worker() -> Worker {
    Worker {
        lease_token: Uuid::new_v4(),
        name: "contract".into(),
        held: None,
    }
}

/// A model of the first person.
pub(crate) async fn model(home: &impl Home, name: &str) -> ModelId {
    let command = CreateFunctionModel {
        name: name.into(),
        ..CreateFunctionModel::default()
    };
    let created = function_model::create(home.ports(0), home.context(0), &command, kept);
    created.await.unwrap().value.model_id
}

/// A published model of a stage with two actions in a row.
pub(crate) async fn published(home: &impl Home, name: &str) -> (ModelId, VersionId) {
    let (ports, context) = (home.ports(0), home.context(0));
    let id = model(home, name).await;
    let input = container(home, id, "Order", ContainerNodeType::IoNode, "input").await;
    let stage = container(home, id, "Check", ContainerNodeType::StageNode, "").await;
    let output = container(home, id, "Cash", ContainerNodeType::IoNode, "output").await;
    for (node_id, dependency_id) in [(stage, input), (output, stage)] {
        let edge = domain::function_model::commands::Dependency {
            node_id,
            dependency_id,
        };
        let added = function_model::add_dependency(ports, context, id, edge, kept);
        added.await.unwrap();
    }
    for name in ["First", "Second"] {
        let action = action(stage, name);
        let added = function_model::add_action_node(ports, context, id, action, kept);
        added.await.unwrap();
    }
    let command: PublishFunctionModel = read(json!({"version": "1.0.1"}));
    let published = function_model::publish(ports, context, id, command, kept);
    (id, published.await.unwrap().value.version_id.unwrap())
}

/// A published model of a stage with two actions that may not run at once.
pub(crate) async fn limited(home: &impl Home, name: &str) -> (ModelId, VersionId) {
    let (ports, context) = (home.ports(0), home.context(0));
    let id = model(home, name).await;
    let stage: AddContainerNode = read(json!({
        "nodeType": "stageNode", "name": "Check", "position": {"x": 1, "y": 2},
        "typeSpecificData": {"parallelismConfig": {"maxConcurrency": 1}},
    }));
    let added = function_model::add_container_node(ports, context, id, stage, kept);
    let stage = added.await.unwrap().value.node_id;
    let input = container(home, id, "Order", ContainerNodeType::IoNode, "input").await;
    let output = container(home, id, "Cash", ContainerNodeType::IoNode, "output").await;
    for (node_id, dependency_id) in [(stage, input), (output, stage)] {
        let edge = domain::function_model::commands::Dependency {
            node_id,
            dependency_id,
        };
        let added = function_model::add_dependency(ports, context, id, edge, kept);
        added.await.unwrap();
    }
    for name in ["First", "Second"] {
        let mut action = action(stage, name);
        action.execution_mode = Some(ExecutionMode::Parallel);
        let added = function_model::add_action_node(ports, context, id, action, kept);
        added.await.unwrap();
    }
    let command: PublishFunctionModel = read(json!({"version": "1.0.1"}));
    let published = function_model::publish(ports, context, id, command, kept);
    (id, published.await.unwrap().value.version_id.unwrap())
}

async fn container(
    home: &impl Home,
    id: ModelId,
    name: &str,
    node_type: ContainerNodeType,
    boundary: &str,
) -> NodeId {
    let data = match boundary {
        "" => json!({}),
        boundary => json!({"boundaryType": boundary}),
    };
    let command = AddContainerNode {
        besides: 0,
        node_id: None,
        node_type,
        name: name.into(),
        position: RawPosition { x: 1.0, y: 2.0 },
        description: None,
        type_specific_data: data.as_object().cloned(),
        execution_type: None,
        timeout_ms: None,
        metadata: None,
        visual_properties: None,
    };
    let (ports, context) = (home.ports(0), home.context(0));
    let added = function_model::add_container_node(ports, context, id, command, kept);
    added.await.unwrap().value.node_id
}

fn action(stage: NodeId, name: &str) -> AddActionNode {
    read(json!({
        "parentNodeId": stage, "actionType": ActionNodeType::TetherNode, "name": name,
        "actionSpecificData": {"tetherReferenceId": "workflow"},
    }))
}

/// A value as it would arrive.
pub(crate) fn read<T: for<'de> serde::Deserialize<'de>>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Starts a run that nobody has begun.
pub(crate) async fn start(home: &impl Home, model_id: ModelId) -> ExecutionId {
    let (ports, context) = (home.ports(0), home.context(0));
    let command = ExecuteFunctionModel::default();
    let started = function_model::execute(ports, context, model_id, &command, None, kept);
    match started.await.unwrap() {
        Execute::Started { execution, .. } => execution.value.execution_id,
        Execute::Rehearsed(_) => panic!("rehearsed"),
    }
}

/// Where a run stands.
pub(crate) async fn status(home: &impl Home, id: ExecutionId) -> String {
    let context = home.context(0);
    let found = home.ports(0).executions().find(context, id).await;
    found.unwrap().unwrap().status.to_string()
}
