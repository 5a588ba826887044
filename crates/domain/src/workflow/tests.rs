//! A short way to sketch models in tests.

use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::Plan;
use crate::function_model::{
    ActionKind, ActionNode, ContainerKind, ContainerNode, FunctionModel, ModelName, Permissions,
    Position, Raci, Version,
};
use crate::ids::{ActionId, ModelId, NodeId, UserId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::vocabulary::{
    ActionNodeType, ActionStatus, ContainerNodeType, ExecutionMode, FailureHandling, ModelStatus,
    NodeStatus,
};

/// A container of a sketch.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    name: String,
    kind: ContainerKind,
    dependencies: Vec<String>,
    actions: Vec<(String, ExecutionMode)>,
}

/// A model in the making.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) model: FunctionModel,
}

pub(crate) fn object(value: Value) -> JsonObject {
    value.as_object().cloned().unwrap()
}

pub(crate) fn stage(name: &str, dependencies: &[&str]) -> Part {
    part(name, ContainerNodeType::StageNode, json!({}), dependencies)
}

pub(crate) fn boundary(name: &str, boundary: &str, dependencies: &[&str]) -> Part {
    let data = json!({ "boundaryType": boundary });
    part(name, ContainerNodeType::IoNode, data, dependencies)
}

fn part(name: &str, node_type: ContainerNodeType, data: Value, dependencies: &[&str]) -> Part {
    Part {
        name: name.to_owned(),
        kind: ContainerKind::parse(node_type, object(data)).unwrap(),
        dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        actions: Vec::new(),
    }
}

impl Part {
    fn with(mut self, names: &[&str], mode: ExecutionMode) -> Self {
        let added = names.iter().map(|name| ((*name).to_owned(), mode));
        self.actions.extend(added);
        self
    }

    pub(crate) fn actions(self, names: &[&str]) -> Self {
        self.with(names, ExecutionMode::Sequential)
    }

    pub(crate) fn parallel(self, names: &[&str]) -> Self {
        self.with(names, ExecutionMode::Parallel)
    }

    pub(crate) fn conditional(self, names: &[&str]) -> Self {
        self.with(names, ExecutionMode::Conditional)
    }
}

/// A user that owns the sketched models.
pub(crate) fn owner() -> UserId {
    UserId::from_uuid(Uuid::from_u128(0x5f0c1d4e_9a52_4c3b_8f10_000000000001))
}

/// A well-formed identifier that is the same for the same number.
pub(crate) fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(0x5f0c1d4e_9a52_4c3b_8f10_000000000000 | u128::from(n))
}

pub(crate) fn empty_model() -> FunctionModel {
    let now = Instant::from_millis(1_756_728_000_000);
    FunctionModel {
        model_id: ModelId::from_uuid(uuid(1)),
        name: ModelName::parse("Sketch").unwrap(),
        description: None,
        version: Version::INITIAL,
        current_version: Version::INITIAL,
        version_count: 1,
        status: ModelStatus::Draft,
        nodes: Default::default(),
        action_nodes: Default::default(),
        ai_agent_config: None,
        metadata: JsonObject::new(),
        permissions: Permissions::of_owner(owner()),
        user_id: owner(),
        organization_id: None,
        created_at: now,
        updated_at: now,
        last_saved_at: now,
        deletion: None,
        revision: 1,
    }
}

impl Sketch {
    pub(crate) fn new() -> Self {
        Self {
            model: empty_model(),
        }
    }

    /// Adds a container; its dependencies are names of containers, those that come later too.
    pub(crate) fn with(mut self, part: Part) -> Self {
        let place = self.model.nodes.len() as u64;
        let at = self.model.created_at.plus_millis(place as i64);
        let node_id = node_id(&part.name);
        for (index, (name, mode)) in part.actions.iter().enumerate() {
            let action = action(node_id, name, *mode, index as u32 + 1, at);
            self.model.action_nodes.insert(action.action_id, action);
        }
        let node = ContainerNode {
            node_id,
            kind: part.kind,
            name: part.name,
            description: None,
            position: Position::zero(),
            dependencies: part
                .dependencies
                .iter()
                .map(|name| self::node_id(name))
                .collect(),
            execution_type: ExecutionMode::Sequential,
            status: NodeStatus::Active,
            timeout_ms: None,
            metadata: JsonObject::new(),
            visual_properties: JsonObject::new(),
            created_at: at,
            updated_at: at,
        };
        self.model.nodes.insert(node_id, node);
        self
    }

    pub(crate) fn node(mut self, name: &str, change: impl FnOnce(&mut ContainerNode)) -> Self {
        change(self.model.nodes.get_mut(&node_id(name)).unwrap());
        self
    }

    pub(crate) fn action(mut self, name: &str, change: impl FnOnce(&mut ActionNode)) -> Self {
        change(self.model.action_nodes.get_mut(&action_id(name)).unwrap());
        self
    }

    pub(crate) fn critical(self, name: &str) -> Self {
        self.node(name, |node| {
            node.metadata.insert("critical".to_owned(), json!(true));
        })
    }

    pub(crate) fn handling(self, name: &str, handling: FailureHandling) -> Self {
        self.node(name, |node| {
            if let ContainerKind::Stage(stage) = &mut node.kind {
                stage.failure_handling = Some(handling);
            }
        })
    }

    pub(crate) fn urgent(self, name: &str) -> Self {
        self.action(name, |action| action.priority = 8)
    }

    pub(crate) fn plan(&self) -> Plan {
        super::compile(&self.model).unwrap()
    }
}

/// The identifier of a sketched container.
pub(crate) fn node_id(name: &str) -> NodeId {
    NodeId::from_uuid(uuid(0x1_0000_0000 + number(name)))
}

/// The identifier of a sketched action.
pub(crate) fn action_id(name: &str) -> ActionId {
    ActionId::from_uuid(uuid(0x2_0000_0000 + number(name)))
}

fn number(name: &str) -> u64 {
    name.bytes()
        .fold(7, |n: u64, byte| (n * 31 + u64::from(byte)) % 0xffff_ffff)
}

fn action(
    parent_node_id: NodeId,
    name: &str,
    mode: ExecutionMode,
    order: u32,
    at: Instant,
) -> ActionNode {
    let data = object(json!({ "tetherReferenceId": "w" }));
    ActionNode {
        action_id: action_id(name),
        parent_node_id,
        kind: ActionKind::parse(ActionNodeType::TetherNode, data).unwrap(),
        name: name.to_owned(),
        description: None,
        execution_mode: mode,
        execution_order: order,
        status: ActionStatus::Active,
        priority: 5,
        estimated_duration_minutes: None,
        retry_policy: None,
        raci: Raci::empty(),
        metadata: JsonObject::new(),
        created_at: at,
        updated_at: at,
    }
}

pub(crate) fn plan_of_one_action() -> Plan {
    Sketch::new().with(stage("a", &[]).actions(&["a1"])).plan()
}
