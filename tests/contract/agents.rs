//! Agents, their tasks, and what is known of the nodes they serve.

use domain::ai_agent::{Agent, RegisterAgent};
use domain::ids::{AgentId, CoordinationId, EntityId, ModelId, TaskId};
use domain::node_metadata::DescribeNode;
use domain::vocabulary::{AgentTaskStatus, AgentTaskType, CoordinationMode, FeatureType};
use serde_json::json;
use use_cases::ports::{
    Advance, AgentFilter, AgentQuestion, AgentTasks, AiAgents, DescribedNodes, Expected,
    NewAgentTask, NewCoordination, NewPart, NodeFilter, NodeQuestion, PageRequest, PortErrorKind,
    Ports, StartedTask, TaskClaim, TaskReport, TaskWorker, Written,
};
use use_cases::{ai_agent, node_metadata};
use uuid::Uuid;

use crate::home::{Home, kept, model, read};

fn registration(model: ModelId, name: &str) -> RegisterAgent {
    read(json!({
        "featureType": "function-model", "entityId": model, "name": name,
        "instructions": "Check invoices.", "tools": {"availableTools": ["knowledge-base-search"]},
        "capabilities": {
            "canRead": true, "canExecute": true, "maxConcurrentTasks": 1,
            "supportedDataTypes": ["json"],
        },
    }))
}

async fn agent(home: &impl Home, model: ModelId, name: &str) -> Agent {
    let command = registration(model, name);
    let registered = ai_agent::register(home.ports(0), home.context(0), &command, kept);
    registered.await.unwrap().value
}

async fn save(
    home: &impl Home,
    person: usize,
    agent: &Agent,
    expected: Expected,
) -> Result<(), PortErrorKind> {
    let agents = home.ports(person).ai_agents();
    let saved = agents.save(home.context(person), agent, Vec::new(), expected, None);
    saved.await.map(|_| ()).map_err(|error| error.kind)
}

pub(crate) async fn agents_follow_their_entity(home: &impl Home) {
    let served = model(home, "Served").await;
    let clerk = agent(home, served, "Clerk").await;
    let (agents, context) = (home.ports(0).ai_agents(), home.context(0));
    let actor = &context.actor;
    let found = agents.find(actor, clerk.agent_id).await.unwrap().unwrap();
    assert_eq!(
        (found.running, found.may_edit, found.may_execute),
        (0, true, true)
    );
    assert_eq!(found.agent.tools, clerk.tools);
    let list = async |person: usize, filter: AgentFilter| {
        let agents = home.ports(person).ai_agents();
        let page = PageRequest::default();
        let found = agents.list(home.context(person), &filter, &page).await;
        let items = found.unwrap().items.into_iter();
        items.map(|agent| agent.agent_id).collect::<Vec<_>>()
    };
    let own = [clerk.agent_id];
    let by_tool = |tool: &str| AgentFilter {
        entity_id: Some(EntityId::from_uuid(served.as_uuid())),
        tool: Some(tool.to_owned()),
        capability: Some("canRead".into()),
        enabled: Some(true),
        ..AgentFilter::default()
    };
    assert_eq!(list(0, by_tool("knowledge-base-search")).await, own);
    assert!(list(0, by_tool("hammer")).await.is_empty());
    assert!(list(1, AgentFilter::default()).await.is_empty());
    let question = AgentQuestion {
        enabled: Some(true),
        entity_id: Some(EntityId::from_uuid(served.as_uuid())),
        ..AgentQuestion::default()
    };
    let candidates = agents.candidates(actor, &question).await.unwrap();
    assert_eq!(candidates.len(), 1);
    let (theirs, eve) = (home.ports(1).ai_agents(), home.context(1));
    assert!(
        theirs
            .find(&eve.actor, clerk.agent_id)
            .await
            .unwrap()
            .is_none()
    );
    let hidden = theirs.candidates(&eve.actor, &question).await.unwrap();
    assert!(hidden.is_empty());
}

pub(crate) async fn agents_are_guarded(home: &impl Home) {
    let served = model(home, "Served").await;
    let clerk = agent(home, served, "Clerk").await;
    let known = Expected::Revision(1);
    assert_eq!(
        save(home, 1, &clerk, known).await,
        Err(PortErrorKind::NotFound)
    );
    let twin = Agent {
        agent_id: AgentId::from_uuid(Uuid::now_v7()),
        ..clerk.clone()
    };
    let taken = Err(PortErrorKind::NameTaken);
    assert_eq!(save(home, 0, &twin, Expected::New).await, taken);
    let foreign = Agent {
        name: "Spy".into(),
        created_by: home.context(1).actor.user_id,
        ..twin.clone()
    };
    let forbidden = Err(PortErrorKind::Forbidden);
    assert_eq!(save(home, 1, &foreign, Expected::New).await, forbidden);
    let off = Agent {
        is_enabled: false,
        ..clerk.clone()
    };
    assert_eq!(save(home, 0, &off, known).await, Ok(()));
    let current_revision = Some(2);
    let stale = PortErrorKind::Conflict { current_revision };
    assert_eq!(save(home, 0, &off, known).await, Err(stale));
    assert_eq!(save(home, 0, &twin, Expected::New).await, Ok(()));
    let id = clerk.agent_id;
    let remove = async |person: usize| {
        let agents = home.ports(person).ai_agents();
        let context = home.context(person);
        let removed = agents.remove(context, id, Vec::new(), Expected::Revision(2), None);
        removed.await.map(|_| ()).map_err(|error| error.kind)
    };
    assert_eq!(remove(1).await, Err(PortErrorKind::NotFound));
    assert_eq!(remove(0).await, Ok(()));
    assert_eq!(remove(0).await, Err(PortErrorKind::NotFound));
}

fn task(agent_id: AgentId, priority: u8, worker: Option<&TaskWorker>) -> NewAgentTask {
    NewAgentTask {
        task_id: TaskId::from_uuid(Uuid::now_v7()),
        agent_id,
        task_type: AgentTaskType::Execution,
        task: "Do it".into(),
        parameters: Default::default(),
        priority,
        timeout_ms: 30_000,
        max_retries: 0,
        queue_if_busy: true,
        lease_token: worker.map(|worker| worker.lease_token),
        execution_id: None,
        step: None,
    }
}

fn worker() -> TaskWorker {
    TaskWorker {
        lease_token: Uuid::new_v4(),
        held: Vec::new(),
    }
}

async fn start(
    home: &impl Home,
    person: usize,
    task: &NewAgentTask,
) -> Result<StartedTask, PortErrorKind> {
    let tasks = home.ports(person).agent_tasks();
    match tasks.start(home.context(person), task, None).await {
        Ok(Written::Done(started)) => Ok(started),
        Ok(Written::Replayed(_)) => panic!("replayed"),
        Err(error) => Err(error.kind),
    }
}

fn done(claim: &TaskClaim) -> TaskReport {
    TaskReport {
        task_id: claim.task_id,
        attempt: claim.attempt,
        kind: "completed",
        output: Some(json!({"sum": 7})),
        error: None,
        tools_used: vec!["knowledge-base-search".into()],
        isolate: false,
    }
}

pub(crate) async fn tasks_wait_by_priority_and_count_once(home: &impl Home) {
    let served = model(home, "Served").await;
    let clerk = agent(home, served, "Clerk").await.agent_id;
    let own = worker();
    let first = start(home, 0, &task(clerk, 5, Some(&own))).await.unwrap();
    assert_eq!(first.status, AgentTaskStatus::Running);
    let first = first.claim.unwrap();
    let low = task(clerk, 1, Some(&own));
    let high = task(clerk, 9, Some(&own));
    for waiting in [&low, &high] {
        let queued = start(home, 0, waiting).await.unwrap();
        assert_eq!(
            (queued.status, queued.claim),
            (AgentTaskStatus::Queued, None)
        );
    }
    let impatient = NewAgentTask {
        queue_if_busy: false,
        ..task(clerk, 9, Some(&own))
    };
    let full = Err(PortErrorKind::AtCapacity);
    assert_eq!(start(home, 0, &impatient).await, full);
    let strange = start(home, 1, &task(clerk, 5, None)).await;
    assert_eq!(strange, Err(PortErrorKind::NotFound));

    let tasks = home.ports(0).agent_tasks();
    let late = tasks.exchange(&worker(), &[done(&first)], 0).await.unwrap();
    assert_eq!(late.refused, [first.task_id], "another's lease");
    let next = tasks.exchange(&own, &[done(&first)], 1).await.unwrap();
    assert!(next.refused.is_empty());
    assert_eq!(next.claims[0].task_id, high.task_id);
    let again = tasks.exchange(&own, &[done(&first)], 0).await.unwrap();
    assert_eq!(again.refused, [first.task_id], "told twice");
    let next = tasks
        .exchange(&own, &[done(&next.claims[0])], 1)
        .await
        .unwrap();
    assert_eq!(next.claims[0].task_id, low.task_id);
    let rest = tasks
        .exchange(&own, &[done(&next.claims[0])], 1)
        .await
        .unwrap();
    assert!(rest.claims.is_empty());

    let actor = &home.context(0).actor;
    let read = tasks.find(actor, first.task_id).await.unwrap().unwrap();
    assert_eq!(
        (read.status, read.attempts),
        (AgentTaskStatus::Completed, 1)
    );
    assert_eq!(read.output, Some(json!({"sum": 7})));
    assert_eq!(read.tools_used, ["knowledge-base-search"]);
    let theirs = home.ports(1).agent_tasks();
    let hidden = theirs.find(&home.context(1).actor, first.task_id).await;
    assert!(hidden.unwrap().is_none());
    let counted = home.ports(0).ai_agents().find(actor, clerk).await;
    let counted = counted.unwrap().unwrap().agent.performance_metrics;
    assert_eq!((counted.execution_count, counted.success_count), (3, 3));
}

fn part(agent_id: AgentId, name: &str, stage: u32) -> NewPart {
    NewPart {
        task_id: TaskId::from_uuid(Uuid::now_v7()),
        name: name.into(),
        agent_id,
        stage,
        task_type: AgentTaskType::Execution,
        task: "Do it".into(),
        parameters: Default::default(),
        priority: 5,
        timeout_ms: 30_000,
        max_retries: 0,
    }
}

pub(crate) async fn stages_follow_each_other(home: &impl Home) {
    let served = model(home, "Served").await;
    let clerk = agent(home, served, "Clerk").await.agent_id;
    let id = CoordinationId::from_uuid(Uuid::now_v7());
    let new = NewCoordination {
        coordination_id: id,
        mode: CoordinationMode::Sequential,
        synchronization_points: Vec::new(),
        continue_on_failure: false,
        timeout_ms: 60_000,
        parts: vec![part(clerk, "a", 1), part(clerk, "b", 2)],
        events: Vec::new(),
    };
    let tasks = home.ports(0).agent_tasks();
    let strange = home.ports(1).agent_tasks();
    let refused = strange
        .start_coordination(home.context(1), &new, None)
        .await;
    assert_eq!(refused.unwrap_err().kind, PortErrorKind::NotFound);
    let started = tasks.start_coordination(home.context(0), &new, None).await;
    started.unwrap();
    let own = worker();
    for stage in [1, 2] {
        let begun = tasks.exchange(&own, &[], 9).await.unwrap();
        assert_eq!(begun.claims.len(), 1, "one stage at a time");
        assert_eq!(begun.claims[0].coordination_id, Some(id));
        let report = done(&begun.claims[0]);
        let told = tasks.exchange(&own, &[report], 0).await.unwrap();
        assert!(told.stages.is_empty(), "who wants nothing judges nothing");
        let ended = tasks.exchange(&own, &[], 1).await.unwrap();
        let ended = &ended.stages[0];
        let next_stage = (stage == 1).then_some(2);
        assert_eq!((ended.stage, ended.next_stage), (stage, next_stage));
        assert_eq!(ended.results[0].output, Some(json!({"sum": 7})));
        assert_eq!(ended.earlier.len() as u32, stage - 1);
        let advance = Advance {
            coordination_id: id,
            stage,
            result: domain::ai_agent::coordination::StageResult {
                stage,
                results: ended.results.clone(),
                succeeded: true,
            },
            synchronized: Vec::new(),
            next_stage,
            status: (stage == 2).then_some("completed"),
            events: Vec::new(),
        };
        assert!(!tasks.advance(&worker(), &advance).await.unwrap());
        assert!(tasks.advance(&own, &advance).await.unwrap());
        assert!(!tasks.advance(&own, &advance).await.unwrap(), "told twice");
    }
    let actor = &home.context(0).actor;
    let found = tasks.find_coordination(actor, id).await.unwrap().unwrap();
    assert_eq!(
        (found.status.as_str(), found.stages.len()),
        ("completed", 2)
    );
    let eve = &home.context(1).actor;
    let hidden = strange.find_coordination(eve, id).await.unwrap();
    assert!(hidden.is_none());
}

pub(crate) async fn nodes_are_described_and_found(home: &impl Home) {
    let served = model(home, "Served").await;
    let feature = FeatureType::FunctionModel;
    let entity = EntityId::from_uuid(served.as_uuid());
    let describe = async |node: EntityId, keyword: &str, tag: &str| {
        let command: DescribeNode = read(json!({
            "nodeType": "stageNode", "searchKeywords": [keyword], "semanticTags": [tag],
            "vectorEmbedding": [1.0, 0.0],
        }));
        let place = (feature, entity, node);
        let (ports, context) = (home.ports(0), home.context(0));
        let described = node_metadata::describe(ports, context, place, &command, kept);
        described.await.unwrap().revision
    };
    let [first, second] = [(); 2].map(|()| EntityId::from_uuid(Uuid::now_v7()));
    assert_eq!(describe(first, "Invoice", "vat").await, 1);
    assert_eq!(describe(second, "Invoices", "tax").await, 1);
    assert_eq!(describe(first, "invoice", "vat").await, 2);
    let (nodes, context) = (home.ports(0).described_nodes(), home.context(0));
    let list = async |keyword: Option<&str>, tag: Option<&str>| {
        let filter = NodeFilter {
            keyword: keyword.map(str::to_owned),
            tag: tag.map(str::to_owned),
        };
        let page = PageRequest::default();
        let found = nodes.list(context, &filter, &page).await.unwrap().items;
        found
            .into_iter()
            .map(|node| node.node_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(list(Some("voice"), None).await, [second, first]);
    assert_eq!(list(Some("voice"), Some("VAT")).await, [first]);
    assert!(list(None, Some("va")).await.is_empty(), "tags are whole");
    let question = |dimensions| NodeQuestion {
        feature_type: Some(feature),
        entity_id: Some(entity),
        node_id: None,
        dimensions,
        limit: 9,
    };
    let found = nodes
        .find(&context.actor, &question(Some(2)))
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let found_other = nodes.find(&context.actor, &question(Some(3))).await;
    assert!(found_other.unwrap().is_empty());
    let (theirs, eve) = (home.ports(1).described_nodes(), home.context(1));
    let hidden = theirs.find(&eve.actor, &question(None)).await.unwrap();
    assert!(hidden.is_empty());
    let node = &found[0];
    let twice = nodes.save(context, node, None, Expected::New, None).await;
    assert!(matches!(
        twice.unwrap_err().kind,
        PortErrorKind::Conflict { .. }
    ));
    let strange = domain::node_metadata::NodeMetadata {
        node_id: EntityId::from_uuid(Uuid::now_v7()),
        ..node.clone()
    };
    let refused = theirs.save(eve, &strange, None, Expected::New, None).await;
    assert_eq!(refused.unwrap_err().kind, PortErrorKind::Forbidden);
}
