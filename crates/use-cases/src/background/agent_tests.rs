//! The worker behind the agents, on a world in memory.

use domain::ai_agent::task::ExecuteAgentTask;
use domain::ids::{AgentId, ModelId, TaskId};
use domain::vocabulary::{
    ActionNodeType, AgentTaskStatus, CoordinationMode, ExecutionStatus, SynchronizationKind,
};
use serde_json::{Value, json};

use super::{AgentWorker, Engine, EngineOptions};
use crate::in_memory::{World, nth_id};
use crate::ports::{
    AgentTask, Clock, Coordination, EventFilter, EventLog, Message, PageRequest, PortErrorKind,
    Ports, Reply, ServiceError, ServiceFailure, ToolCall, Worker,
};
use crate::testing::agents::{asked, coordination, registered, scene};
use crate::testing::{Draft, Run, action, alice, document, object, rendered, task};
use crate::{ai_agent, function_model};

struct Stage {
    world: World,
    model: ModelId,
    worker: AgentWorker,
}

impl Stage {
    fn new() -> Self {
        let (world, model) = scene();
        let worker = AgentWorker::new(nth_id(0xa9e27), 4);
        Self {
            world,
            model,
            worker,
        }
    }

    fn agent(&self) -> AgentId {
        registered(&self.world, &self.model, "Clerk").agent_id
    }

    fn start(&self, command: &ExecuteAgentTask) -> TaskId {
        let (who, token) = (alice(), Some(self.worker.lease_token()));
        let begun = ai_agent::execute_task(&self.world, &who, command, token, rendered);
        let begun = self.world.run(begun).unwrap();
        if let Some(claim) = begun.claim {
            self.worker.hand_over(claim);
        }
        begun.task.task_id
    }

    fn work(&self) {
        self.world.run(self.worker.run(&self.world, 60));
    }

    fn task(&self, id: TaskId) -> AgentTask {
        let who = alice();
        self.world
            .run(ai_agent::read_task(&self.world, &who, id))
            .unwrap()
    }

    fn done(&self, command: &ExecuteAgentTask) -> AgentTask {
        let id = self.start(command);
        self.work();
        self.task(id)
    }

    fn events(&self, prefix: &str) -> Vec<(String, Value)> {
        let (who, page) = (
            alice(),
            PageRequest {
                limit: 100,
                ..PageRequest::default()
            },
        );
        let filter = EventFilter::default();
        let found = self.world.event_log().list(&who, &filter, &page);
        let events = self.world.run(found).unwrap().items.into_iter();
        let told = events.filter(|event| event.event_type.starts_with(prefix));
        told.map(|event| (event.event_type, event.data)).collect()
    }

    fn says(&self, reply: Result<Reply, ServiceError>) {
        self.world.agent_service().reply_next(10, reply);
    }

    fn fails(&self) {
        let problem = ServiceError::new(ServiceFailure::Status(500), "It broke.");
        self.says(Err(problem));
    }

    fn coordinated(
        &self,
        command: &domain::ai_agent::coordination::CoordinateAgents,
    ) -> Coordination {
        let who = alice();
        let begun = ai_agent::coordinate(&self.world, &who, command, rendered);
        let id = self.world.run(begun).unwrap().coordination_id;
        self.work();
        self.world
            .run(ai_agent::read_workflow(&self.world, &who, id))
            .unwrap()
    }
}

fn call(name: &str, arguments: Value) -> Reply {
    Reply::Calls(vec![ToolCall {
        id: "call-1".into(),
        name: name.into(),
        arguments: arguments.to_string(),
    }])
}

#[test]
fn a_task_is_done_recorded_and_told() {
    let stage = Stage::new();
    let agent = stage.agent();
    stage.says(Ok(Reply::Content("{\"sum\": 7}".into())));
    let task = stage.done(&asked(Some(agent)));
    assert_eq!(task.status, AgentTaskStatus::Completed);
    assert_eq!(task.output, Some(json!({"sum": 7})));
    let (key, messages) = stage.world.agent_service().turns().remove(0);
    assert_eq!(key, format!("{}-0", task.task_id));
    assert_eq!(messages[0], Message::Instructions("Check invoices.".into()));
    let read = stage
        .world
        .run(ai_agent::read(&stage.world, &alice(), agent))
        .unwrap();
    assert_eq!(read.performance_metrics.success_count, 1);
    let told: Vec<String> = stage
        .events("AIAgentExec")
        .into_iter()
        .map(|e| e.0)
        .collect();
    assert_eq!(
        told,
        ["AIAgentExecutionStarted", "AIAgentExecutionCompleted"]
    );
}

#[test]
fn tools_are_used_as_who_asked_and_their_faults_are_told_to_the_model() {
    let stage = Stage::new();
    let agent = stage.agent();
    document(&stage.world, &alice(), None, "Tax law", "About invoices");
    let workflow = task(&stage.world, &alice(), None, "Post")
        .workflow_id
        .to_string();
    stage.says(Ok(call("knowledge-base-search", json!({"query": "tax"}))));
    stage.says(Ok(call(
        "workflow-execution",
        json!({"workflowId": workflow, "parameters": {"a": 1}}),
    )));
    stage.says(Ok(call("shell", json!({}))));
    stage.says(Ok(Reply::Content("done".into())));
    let task = stage.done(&asked(Some(agent)));
    assert_eq!(task.output, Some(json!({"text": "done"})));
    assert_eq!(
        task.tools_used,
        ["knowledge-base-search", "workflow-execution"]
    );
    assert_eq!(stage.world.spindle().calls()[0].parameters, json!({"a": 1}));
    let (_, messages) = stage.world.agent_service().turns().pop().unwrap();
    let results: Vec<&str> = messages
        .iter()
        .filter_map(|message| match message {
            Message::Result { content, .. } => Some(content.as_str()),
            _ => None,
        })
        .collect();
    assert!(results[0].contains("Tax law"));
    assert!(results[2].contains("no such tool"));
}

#[test]
fn a_model_that_never_comes_to_an_end_is_stopped() {
    let stage = Stage::new();
    let agent = stage.agent();
    for _ in 0..20 {
        stage.says(Ok(call("shell", json!({}))));
    }
    let task = stage.done(&asked(Some(agent)));
    assert_eq!(task.error.unwrap().code, "TOO_MANY_TURNS");
}

#[test]
fn a_failure_is_a_result() {
    let stage = Stage::new();
    let agent = stage.agent();
    stage.fails();
    let task = stage.done(&asked(Some(agent)));
    let error = task.error.unwrap();
    assert_eq!(
        (task.status, error.code.as_str()),
        (AgentTaskStatus::Failed, "SERVICE_ANSWERED_500")
    );
    let read = stage
        .world
        .run(ai_agent::read(&stage.world, &alice(), agent))
        .unwrap();
    assert_eq!(read.performance_metrics.failure_count, 1);
    assert!(read.is_enabled);
}

#[test]
fn what_takes_too_long_times_out() {
    let stage = Stage::new();
    let agent = stage.agent();
    let late = Ok(Reply::Content("late".into()));
    stage.world.agent_service().reply_next(5_000, late);
    let task = stage.done(&ExecuteAgentTask {
        timeout_ms: Some(1000),
        ..asked(Some(agent))
    });
    assert_eq!(task.error.unwrap().category, "timeout");
    assert_eq!(task.duration_ms, Some(1000));
}

#[test]
fn recovery_tries_again_and_isolates_an_agent_that_keeps_failing() {
    let stage = Stage::new();
    let agent = stage.agent();
    let patient = ExecuteAgentTask {
        max_retries: Some(2),
        ..asked(Some(agent))
    };
    stage.fails();
    stage.says(Ok(Reply::Content("fine".into())));
    let task = stage.done(&patient);
    assert_eq!(
        (task.status, task.attempts),
        (AgentTaskStatus::Completed, 2)
    );
    for _ in 0..3 {
        stage.fails();
    }
    let task = stage.done(&patient);
    assert_eq!((task.status, task.attempts), (AgentTaskStatus::Failed, 3));
    let isolated = stage.events("AIAgentIsolated").remove(0).1;
    assert_eq!(isolated["failureCount"], 3);
    assert_eq!(isolated["reason"], "persistent-failures");
    let read = stage
        .world
        .run(ai_agent::read(&stage.world, &alice(), agent))
        .unwrap();
    assert!(!read.is_enabled);
}

#[test]
fn the_queue_is_worked_off_most_urgent_first() {
    let stage = Stage::new();
    let agent = stage.agent();
    let urgent = |priority, text: &str| ExecuteAgentTask {
        priority: Some(priority),
        task: text.into(),
        ..asked(Some(agent))
    };
    let ids: Vec<TaskId> = [(5, "first"), (5, "second"), (1, "low"), (9, "high")]
        .map(|(priority, text)| stage.start(&urgent(priority, text)))
        .to_vec();
    stage.work();
    for id in ids {
        assert_eq!(stage.task(id).status, AgentTaskStatus::Completed);
    }
    let asked = stage
        .world
        .agent_service()
        .turns()
        .into_iter()
        .map(|(_, messages)| messages[1].clone());
    let asked: Vec<Message> = asked.collect();
    assert_eq!(asked[2], Message::Request("high".into()));
    assert_eq!(asked[3], Message::Request("low".into()));
}

#[test]
fn a_lost_workers_task_is_taken_up_and_given_up_at_last() {
    let stage = Stage::new();
    let agent = stage.agent();
    let who = alice();
    let begin = |token| {
        let command = asked(Some(agent));
        let begun = ai_agent::execute_task(&stage.world, &who, &command, Some(token), rendered);
        stage.world.run(begun).unwrap().task.task_id
    };
    let lost = begin(nth_id(0xdead));
    stage.world.run(stage.world.clock().sleep(5_000));
    stage.work();
    assert_eq!(stage.task(lost).status, AgentTaskStatus::Completed);
}

#[test]
fn a_lost_reply_is_made_good() {
    let stage = Stage::new();
    let agent = stage.agent();
    let id = stage.start(&asked(Some(agent)));
    let down = PortErrorKind::Unavailable { retry_after: None };
    for _ in 0..2 {
        stage
            .world
            .faults()
            .fail_next("agent_tasks.exchange", down.clone());
    }
    stage.work();
    assert_eq!(stage.task(id).status, AgentTaskStatus::Completed);
}

#[test]
fn whoever_waits_is_told() {
    let stage = Stage::new();
    let agent = stage.agent();
    let id = stage.start(&asked(Some(agent)));
    let both = async {
        let wait = stage
            .worker
            .finished(stage.world.clock(), id.as_uuid(), 30_000);
        futures_util::future::join(wait, stage.worker.run(&stage.world, 60)).await
    };
    let before = stage.world.clock().now();
    stage.world.run(both);
    assert!((stage.world.clock().now() - before).num_seconds() < 5);
}

#[test]
fn stages_follow_each_other_and_outputs_are_joined() {
    let stage = Stage::new();
    let agent = stage.agent();
    let mut command = coordination(CoordinationMode::Parallel, agent, &[1, 1, 2]);
    command.synchronization_points =
        Some(vec![domain::ai_agent::coordination::SynchronizationPoint {
            after_stage: 2,
            kind: SynchronizationKind::MergeResults,
        }]);
    stage.says(Ok(Reply::Content("{\"a\": 1}".into())));
    stage.says(Ok(Reply::Content("{\"b\": 2}".into())));
    stage.says(Ok(Reply::Content("{\"a\": 3}".into())));
    let ended = stage.coordinated(&command);
    assert_eq!(ended.status, "completed");
    assert_eq!(ended.stages.len(), 2);
    assert_eq!(ended.stages[0].results.len(), 2);
    assert_eq!(ended.synchronized[0].output, json!({"a": 3, "b": 2}));
    let told: Vec<String> = stage
        .events("AgentWorkflow")
        .into_iter()
        .map(|e| e.0)
        .collect();
    let expected = [
        "AgentWorkflowStarted",
        "AgentWorkflowStageCompleted",
        "AgentWorkflowStageCompleted",
        "AgentWorkflowCompleted",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_failed_stage_ends_a_coordination_unless_it_goes_on() {
    let stage = Stage::new();
    let agent = stage.agent();
    let mut command = coordination(CoordinationMode::Sequential, agent, &[1, 2]);
    stage.fails();
    let ended = stage.coordinated(&command);
    assert_eq!((ended.status.as_str(), ended.stages.len()), ("failed", 1));
    command.continue_on_failure = Some(true);
    stage.fails();
    let ended = stage.coordinated(&command);
    assert_eq!((ended.status.as_str(), ended.stages.len()), ("partial", 2));
}

#[test]
fn a_coordination_whose_time_is_up_ends() {
    let stage = Stage::new();
    let agent = stage.agent();
    let mut command = coordination(CoordinationMode::Sequential, agent, &[1, 2]);
    command.timeout_ms = Some(1000);
    let late = Ok(Reply::Content("late".into()));
    stage.world.agent_service().reply_next(8_000, late);
    let ended = stage.coordinated(&command);
    assert_eq!((ended.status.as_str(), ended.stages.len()), ("failed", 1));
    let error = ended.stages[0].results[0].error.clone().unwrap();
    assert_eq!(error.code, "COORDINATION_TIMEOUT");
}

/// A run of a published model of alice's whose only action an agent does.
fn run_with_agent(stage: &Stage, agent: AgentId) -> crate::execution::ExecutionDetails {
    let (world, who) = (&stage.world, alice());
    let draft = Draft::order_to_cash(world);
    for action_id in draft.actions.clone() {
        let gone =
            function_model::remove_action_node(world, &who, draft.model_id, action_id, rendered);
        world.run(gone).unwrap();
    }
    let data = json!({"tetherReferenceId": "agent", "agentId": agent,
        "executionParameters": {"step": 1}, "outputMapping": {"total": "sum"}});
    let asks = action(draft.stage, ActionNodeType::TetherNode, "Add it up", data);
    let added = function_model::add_action_node(world, &who, draft.model_id, asks, rendered);
    world.run(added).unwrap();
    draft.publish(world, "1.0.1");
    let begun = Run::again(world, &draft, &who);
    let engine = Engine::new(EngineOptions {
        worker: Worker {
            lease_token: nth_id(0xe1),
            name: "engine".into(),
            held: None,
        },
        concurrency: 2,
    });
    world.run(engine.run(world, 60));
    world
        .run(crate::execution::read(world, &who, begun.execution_id))
        .unwrap()
}

#[test]
fn an_action_that_names_an_agent_goes_to_the_agent() {
    let stage = Stage::new();
    let agent = stage.agent();
    stage.says(Ok(Reply::Content("{\"sum\": 7}".into())));
    let run = run_with_agent(&stage, agent);
    assert_eq!(run.execution.status, ExecutionStatus::Completed);
    assert_eq!(run.execution.outputs, object(json!({"total": 7})).into());
    let (key, messages) = stage.world.agent_service().turns().remove(0);
    assert!(key.starts_with(&run.execution.execution_id.to_string()));
    assert!(matches!(&messages[1], Message::Request(text) if text.starts_with("Add it up")));
    let read = stage
        .world
        .run(ai_agent::read(&stage.world, &alice(), agent))
        .unwrap();
    assert_eq!(read.performance_metrics.success_count, 1);
    assert!(stage.world.spindle().calls().is_empty());
}

#[test]
fn a_run_bears_what_its_agent_cannot() {
    let stage = Stage::new();
    let agent = stage.agent();
    let refused = ServiceError::new(ServiceFailure::Status(400), "no");
    stage.says(Err(refused));
    let run = run_with_agent(&stage, agent);
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    assert_eq!(run.execution.errors[0].code, "SERVICE_ANSWERED_400");
    let other = Stage::new();
    let nobody = AgentId::from_uuid(nth_id(99));
    let run = run_with_agent(&other, nobody);
    assert_eq!(run.execution.errors[0].code, "AGENT_NOT_FOUND");
    let asleep = Stage::new();
    let (who, agent) = (alice(), asleep.agent());
    let off = ai_agent::switch(&asleep.world, &who, agent, false, rendered);
    asleep.world.run(off).unwrap();
    let run = run_with_agent(&asleep, agent);
    assert_eq!(run.execution.errors[0].code, "AGENT_DISABLED");
}
