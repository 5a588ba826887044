//! What agents are asked to do.

use domain::ids::{CoordinationId, TaskId};
use serde::Deserialize;
use serde_json::json;
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{
    Advance, AgentTask, AgentTasks, Clock, Coordination, NewAgentTask, NewCoordination, PortError,
    StartedTask, TaskExchange, TaskReport, TaskWorker, Written,
};

use super::client::{Call, Session};
use crate::http::Transport;

/// [`AgentTasks`] over PostgREST.
pub struct PostgrestAgentTasks<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestAgentTasks<H, C> {
    /// The tasks of whoever each call names.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

/// Whether a stage was this worker's to judge.
#[derive(Deserialize)]
struct Advanced {
    advanced: bool,
}

/// What the start of a coordination answers.
#[derive(Deserialize)]
struct Begun {}

impl<H: Transport, C: Clock> AgentTasks for PostgrestAgentTasks<H, C> {
    async fn start(
        &self,
        context: &Context,
        task: &NewAgentTask,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<StartedTask>, PortError> {
        let names = ("agent_tasks.start", "start_agent_task");
        self.session
            .command(names, context, answer.as_ref(), task)
            .await
    }

    async fn find(&self, actor: &Actor, task_id: TaskId) -> Result<Option<AgentTask>, PortError> {
        let names = ("agent_tasks.find", "read_agent_task");
        let question = json!({"taskId": task_id});
        self.session.ask(names, actor, &question).await
    }

    async fn exchange(
        &self,
        worker: &TaskWorker,
        reports: &[TaskReport],
        want: u32,
    ) -> Result<TaskExchange, PortError> {
        let arguments = json!({
            "worker": domain::json::to_value(worker),
            "reports": reports.iter().map(domain::json::to_value).collect::<Vec<_>>(),
            "want": want,
        });
        let call = Call {
            function: "exchange_agent_tasks",
            arguments: &arguments,
            repeatable: false,
        };
        self.session.call("agent_tasks.exchange", call).await
    }

    async fn start_coordination(
        &self,
        context: &Context,
        coordination: &NewCoordination,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let names = ("agent_tasks.start_coordination", "start_agent_coordination");
        let written = self
            .session
            .command::<Begun>(names, context, answer.as_ref(), coordination);
        Ok(match written.await? {
            Written::Done(Begun {}) => Written::Done(()),
            Written::Replayed(answer) => Written::Replayed(answer),
        })
    }

    async fn advance(&self, worker: &TaskWorker, advance: &Advance) -> Result<bool, PortError> {
        let arguments = json!({
            "worker": domain::json::to_value(worker),
            "advance": domain::json::to_value(advance),
        });
        let call = Call {
            function: "advance_agent_coordination",
            arguments: &arguments,
            repeatable: false,
        };
        let answer: Advanced = self.session.call("agent_tasks.advance", call).await?;
        Ok(answer.advanced)
    }

    async fn find_coordination(
        &self,
        actor: &Actor,
        coordination_id: CoordinationId,
    ) -> Result<Option<Coordination>, PortError> {
        let names = ("agent_tasks.find_coordination", "read_agent_coordination");
        let question = json!({"coordinationId": coordination_id});
        self.session.ask(names, actor, &question).await
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::AgentId;
    use domain::vocabulary::{AgentTaskStatus, AgentTaskType};
    use futures::executor::block_on;
    use serde_json::Value;
    use use_cases::ports::PortErrorKind;
    use uuid::Uuid;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, session};

    fn played(replies: &[(u16, Value)]) -> (Script, StillClock) {
        let steps = replies
            .iter()
            .map(|(status, reply)| answer(*status, &reply.to_string()));
        (Script::of(steps), StillClock::default())
    }

    fn task() -> NewAgentTask {
        NewAgentTask {
            task_id: TaskId::parse(ID).unwrap(),
            agent_id: AgentId::parse(ID).unwrap(),
            task_type: AgentTaskType::Execution,
            task: "Do it".into(),
            parameters: Default::default(),
            priority: 5,
            timeout_ms: 1000,
            max_retries: 0,
            queue_if_busy: true,
            lease_token: Some(Uuid::nil()),
            execution_id: None,
            step: None,
        }
    }

    #[test]
    fn a_start_tells_what_became_of_the_task() {
        let (script, clock) = played(&[
            (200, json!({"status": "queued"})),
            (400, json!({"code": "FM020", "message": "x"})),
        ]);
        let all = PostgrestAgentTasks::new(session(&script, &clock));
        let started = block_on(all.start(&context(), &task(), None));
        let queued = StartedTask {
            status: AgentTaskStatus::Queued,
            claim: None,
        };
        assert_eq!(started, Ok(Written::Done(queued)));
        let full = block_on(all.start(&context(), &task(), None)).unwrap_err();
        assert_eq!(full.kind, PortErrorKind::AtCapacity);
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/start_agent_task");
        assert_eq!(body(&sent[0])["command"]["taskType"], "execution");
        assert_eq!(body(&sent[0])["command"].get("executionId"), None);
    }

    #[test]
    fn tasks_and_coordinations_are_read_as_the_actor_sees_them() {
        let row = json!({"taskId": ID, "agentId": ID, "taskType": "analysis", "task": "t", "priority": 5,
            "timeoutMs": 1000, "maxRetries": 0, "status": "completed", "attempts": 1, "toolsUsed": [],
            "output": {"a": 1}, "requestedBy": ID, "createdAt": WHEN, "parameters": {}});
        let whole = json!({"coordinationId": ID, "mode": "parallel", "status": "running", "stages": [],
            "synchronized": [], "durationMs": 3, "requestedBy": ID, "createdAt": WHEN});
        let (script, clock) = played(&[(200, row), (200, whole), (200, Value::Null)]);
        let all = PostgrestAgentTasks::new(session(&script, &clock));
        let actor = context().actor;
        let id = TaskId::parse(ID).unwrap();
        let found = block_on(all.find(&actor, id)).unwrap().unwrap();
        assert_eq!(found.output, Some(json!({"a": 1})));
        let id = CoordinationId::parse(ID).unwrap();
        let found = block_on(all.find_coordination(&actor, id))
            .unwrap()
            .unwrap();
        assert_eq!(found.duration_ms, 3);
        assert_eq!(block_on(all.find_coordination(&actor, id)), Ok(None));
    }

    #[test]
    fn a_worker_reports_and_is_handed_tasks() {
        let (script, clock) = played(&[
            (200, json!({"claims": [], "stages": [], "refused": [ID]})),
            (200, json!({"advanced": true})),
        ]);
        let all = PostgrestAgentTasks::new(session(&script, &clock));
        let id = TaskId::parse(ID).unwrap();
        let worker = TaskWorker {
            lease_token: Uuid::nil(),
            held: vec![id],
        };
        let report = TaskReport {
            task_id: id,
            attempt: 1,
            kind: "completed",
            output: Some(json!({})),
            error: None,
            tools_used: vec!["search".into()],
            isolate: false,
        };
        let exchange = block_on(all.exchange(&worker, &[report], 3)).unwrap();
        assert_eq!(exchange.refused, [id]);
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/exchange_agent_tasks");
        let sent = body(&sent[0]);
        assert_eq!(
            (&sent["want"], &sent["worker"]["held"]),
            (&json!(3), &json!([ID]))
        );
        assert_eq!(sent["reports"][0]["toolsUsed"], json!(["search"]));
    }
}
