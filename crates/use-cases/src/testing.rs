//! What tests of use cases begin with: people, a model, and a short way to ask.

use domain::built_in_workflow::CreateWorkflow;
use domain::error::Code;
use domain::execution::{ExecuteFunctionModel, JobPriority, RunMode};
use domain::function_model::RawPosition;
use domain::function_model::commands::{
    AddActionNode, AddContainerNode, CreateFunctionModel, Dependency, PublishFunctionModel,
};
use domain::ids::{ActionId, ExecutionId, ModelId, NodeId, OrganizationId, UserId, VersionId};
use domain::knowledge::CreateKnowledgeContent;
use domain::limits::JsonObject;
use domain::organization::CreateOrganization;
use domain::secret::{Secret, SecretValue, SetSecret};
use domain::vocabulary::{ActionNodeType, ContainerNodeType};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::{Actor, Context, Idempotency, StoredAnswer};
use crate::error::UseCaseError;
use crate::function_model::Execute;
use crate::in_memory::{World, nth_id};
use crate::ports::{
    Claim, Executions, Ids, KnowledgeContent, LogLine, NewExecution, Outcome, OutcomeKind, Ports,
    Worker, Workflow,
};
use crate::writing::Saved;
use crate::{execution, function_model, knowledge_content, organization, workflow};

pub(crate) mod agents;

fn person(n: u64) -> Context {
    let actor = Actor::user(UserId::from_uuid(nth_id(n)));
    Context::new(actor, format!("request-{n}"))
}

/// A user.
pub(crate) fn alice() -> Context {
    person(0xa11ce)
}

/// Another user, a stranger to the first.
pub(crate) fn bob() -> Context {
    person(0xb0b)
}

/// The service itself.
pub(crate) fn service() -> Context {
    let mut context = person(0x5e7);
    context.actor.service = true;
    context
}

/// The same request with an idempotency key.
pub(crate) fn with_key(mut context: Context, key: &str, body_hash: &str) -> Context {
    context.idempotency = Some(Idempotency {
        key: key.into(),
        path: "/here".into(),
        body_hash: body_hash.into(),
    });
    context
}

/// The answer of any command.
pub(crate) fn rendered<T: Serialize>(saved: &Saved<T>) -> StoredAnswer {
    StoredAnswer(json!({"body": saved.value, "revision": saved.revision}))
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn refusal(error: UseCaseError) -> Code {
    match error {
        UseCaseError::Refused(error) => error.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A JSON object.
pub(crate) fn object(value: Value) -> JsonObject {
    value.as_object().cloned().unwrap()
}

fn container(node_type: ContainerNodeType, name: &str, data: Value) -> AddContainerNode {
    AddContainerNode {
        besides: 0,
        node_id: None,
        node_type,
        name: name.into(),
        position: RawPosition { x: 1.0, y: 2.0 },
        description: None,
        type_specific_data: Some(object(data)),
        execution_type: None,
        timeout_ms: None,
        metadata: None,
        visual_properties: None,
    }
}

/// A stage to add.
pub(crate) fn stage(name: &str) -> AddContainerNode {
    container(ContainerNodeType::StageNode, name, json!({}))
}

fn boundary(name: &str, boundary_type: &str) -> AddContainerNode {
    let data = json!({"boundaryType": boundary_type});
    container(ContainerNodeType::IoNode, name, data)
}

/// An action to add.
pub(crate) fn action(
    stage: NodeId,
    action_type: ActionNodeType,
    name: &str,
    data: Value,
) -> AddActionNode {
    AddActionNode {
        besides: 0,
        action_id: None,
        parent_node_id: stage,
        action_type,
        name: name.into(),
        action_specific_data: object(data),
        description: None,
        execution_mode: None,
        execution_order: None,
        priority: None,
        estimated_duration_minutes: None,
        retry_policy: None,
        raci: None,
        metadata: None,
        nested: Default::default(),
    }
}

/// An action to add that runs a workflow.
pub(crate) fn tether(stage: NodeId, name: &str) -> AddActionNode {
    let data = json!({"tetherReferenceId": format!("workflow of {name}")});
    action(stage, ActionNodeType::TetherNode, name, data)
}

/// An action to add that runs another model.
pub(crate) fn nests(stage: NodeId, nested: ModelId) -> AddActionNode {
    let data = json!({"nestedModelId": nested});
    action(
        stage,
        ActionNodeType::FunctionModelContainer,
        "Nested",
        data,
    )
}

/// A draft of alice's: an input, a stage with two actions, an output, joined in a row.
pub(crate) struct Draft {
    pub(crate) model_id: ModelId,
    pub(crate) input: NodeId,
    pub(crate) stage: NodeId,
    pub(crate) output: NodeId,
    pub(crate) actions: Vec<ActionId>,
}

impl Draft {
    /// Without anything inside.
    pub(crate) fn empty(world: &World, name: &str) -> Self {
        Self::empty_of(world, &alice(), name)
    }

    /// Somebody's, without anything inside.
    pub(crate) fn empty_of(world: &World, owner: &Context, name: &str) -> Self {
        let command = CreateFunctionModel {
            name: name.into(),
            ..CreateFunctionModel::default()
        };
        let created = function_model::create(world, owner, &command, rendered);
        let nowhere = NodeId::from_uuid(Uuid::nil());
        Self {
            model_id: world.run(created).unwrap().value.model_id,
            input: nowhere,
            stage: nowhere,
            output: nowhere,
            actions: vec![],
        }
    }

    /// With nothing but a stage.
    pub(crate) fn staged(world: &World, name: &str) -> Self {
        let mut draft = Self::empty(world, name);
        draft.stage = draft.add(world, stage("Stage"));
        draft
    }

    /// Whole, with this name.
    pub(crate) fn named(world: &World, name: &str) -> Self {
        let mut draft = Self::empty(world, name);
        draft.input = draft.add(world, boundary("Order", "input"));
        draft.stage = draft.add(world, stage("Check"));
        draft.output = draft.add(world, boundary("Cash", "output"));
        for edge in [(draft.stage, draft.input), (draft.output, draft.stage)] {
            let edge = Dependency {
                node_id: edge.0,
                dependency_id: edge.1,
            };
            let (who, id) = (alice(), draft.model_id);
            let added = function_model::add_dependency(world, &who, id, edge, rendered);
            world.run(added).unwrap();
        }
        for name in ["First", "Second"] {
            let (who, command) = (alice(), tether(draft.stage, name));
            let id = draft.model_id;
            let added = function_model::add_action_node(world, &who, id, command, rendered);
            draft
                .actions
                .push(world.run(added).unwrap().value.action_id);
        }
        draft
    }

    /// Whole.
    pub(crate) fn order_to_cash(world: &World) -> Self {
        Self::named(world, "Order to cash")
    }

    fn add(&self, world: &World, command: AddContainerNode) -> NodeId {
        let (who, id) = (alice(), self.model_id);
        let added = function_model::add_container_node(world, &who, id, command, rendered);
        world.run(added).unwrap().value.node_id
    }

    /// Publishes it.
    pub(crate) fn publish(&self, world: &World, version: &str) -> VersionId {
        let command = PublishFunctionModel {
            version: version.into(),
            publish_notes: None,
            version_id: None,
            nested: Default::default(),
        };
        let (who, id) = (alice(), self.model_id);
        let published = function_model::publish(world, &who, id, command, rendered);
        world.run(published).unwrap().value.version_id.unwrap()
    }
}

impl World {
    /// Waits for an answer, letting time pass where that is asked for.
    #[track_caller]
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.clock().drive(future).unwrap()
    }

    /// An organization somebody owns.
    pub(crate) fn organization(&self, name: &str, owner: &Context) -> OrganizationId {
        let command = CreateOrganization { name: name.into() };
        let created = organization::create(self, owner, &command, rendered);
        self.run(created).unwrap().value.organization_id
    }
}

/// A registered task.
pub(crate) fn task(
    world: &World,
    owner: &Context,
    organization_id: Option<OrganizationId>,
    name: &str,
) -> Workflow {
    let command = CreateWorkflow {
        organization_id,
        name: name.into(),
        definition: object(json!({"method": "POST", "url": "https://example.com/"})),
    };
    world
        .run(workflow::create(world, owner, &command, rendered))
        .unwrap()
        .value
}

/// A secret that may go to `a.example`.
pub(crate) fn secret(
    world: &World,
    owner: &Context,
    organization_id: Option<OrganizationId>,
    name: &str,
) -> Secret {
    let command = SetSecret {
        organization_id,
        name: name.into(),
        value: SecretValue::kept("correct horse".into()),
        hosts: vec!["a.example".into()],
    };
    world
        .run(crate::secret::set(world, owner, &command, rendered))
        .unwrap()
        .value
}

/// A document.
pub(crate) fn document(
    world: &World,
    owner: &Context,
    organization_id: Option<OrganizationId>,
    title: &str,
    body: &str,
) -> KnowledgeContent {
    let command = CreateKnowledgeContent {
        organization_id,
        title: title.into(),
        body: body.into(),
        tags: vec![],
    };
    world
        .run(knowledge_content::create(world, owner, &command, rendered))
        .unwrap()
        .value
}

/// A run of a published draft, driven step by step.
pub(crate) struct Run {
    pub(crate) execution_id: ExecutionId,
    pub(crate) claim: Option<Claim>,
    pub(crate) logs: Vec<LogLine>,
    worker: Worker,
}

impl Run {
    /// Publishes the draft and starts a run that nobody has begun.
    pub(crate) fn pending(world: &World, draft: &Draft) -> Self {
        draft.publish(world, "1.0.1");
        Self::again(world, draft, &alice())
    }

    /// Starts a run of what is published.
    pub(crate) fn again(world: &World, draft: &Draft, who: &Context) -> Self {
        let command = ExecuteFunctionModel::default();
        let id = draft.model_id;
        let started = function_model::execute(world, who, id, &command, None, rendered);
        let Execute::Started { execution, .. } = world.run(started).unwrap() else {
            panic!("rehearsed");
        };
        Self {
            execution_id: execution.value.execution_id,
            claim: None,
            logs: vec![],
            worker: Worker {
                lease_token: nth_id(0x1ea5e),
                name: "test".into(),
                held: None,
            },
        }
    }

    /// Takes the next step, if one is due.
    pub(crate) fn claim(&mut self, world: &World) {
        self.exchange(world, &[]);
    }

    /// Reports on the step in hand, and takes the next.
    pub(crate) fn report(&mut self, world: &World, kind: OutcomeKind) {
        let claim = self.claim.take().unwrap();
        let outcome = Outcome {
            execution_id: claim.execution_id,
            step: claim.step,
            attempt: claim.attempt,
            kind,
            logs: std::mem::take(&mut self.logs),
        };
        self.exchange(world, &[outcome]);
    }

    fn exchange(&mut self, world: &World, outcomes: &[Outcome]) {
        let exchange = world.executions().exchange(&self.worker, outcomes, 1);
        let mut exchange = world.run(exchange).unwrap();
        assert!(exchange.refused.is_empty());
        self.claim = exchange.claims.pop();
    }

    /// Ends it.
    pub(crate) fn cancel(&self, world: &World) {
        let who = alice();
        let cancelled = execution::cancel(world, &who, self.execution_id, None, rendered);
        world.run(cancelled).unwrap();
    }

    /// A nested run of the same version.
    pub(crate) fn child(&self, world: &World) -> NewExecution {
        let claim = self.claim.as_ref().unwrap();
        NewExecution {
            execution_id: ExecutionId::from_uuid(world.ids().new_id()),
            model_id: claim.model_id,
            version_id: claim.version_id,
            environment: claim.environment,
            parameters: JsonObject::new(),
            session_id: claim.session_id.clone(),
            mode: RunMode::Async,
            priority: JobPriority::Normal,
            max_depth: claim.max_depth,
            approved_actions: vec![],
            start_at: None,
            timeout_seconds: None,
            recovery: None,
        }
    }
}
