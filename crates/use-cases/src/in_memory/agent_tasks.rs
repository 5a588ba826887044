//! What agents are asked to do, by the rules the database keeps.

use std::rc::Rc;

use domain::ai_agent::Agent;
use domain::ai_agent::coordination::{PartError, PartResult};
use domain::ai_agent::task::{LONGEST_QUEUE, MOST_IN_ORGANIZATION};
use domain::function_model::permissions::Act;
use domain::ids::{AgentId, CoordinationId, TaskId};
use domain::instant::Instant;
use domain::vocabulary::AgentTaskStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{Shared, Store};
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, Advance, AgentTask, Clock as _, Coordination, EndedStage, NewAgentTask, NewCoordination,
    PortError, PortErrorKind, StartedTask, TaskClaim, TaskExchange, TaskReport, TaskWorker,
    Written,
};

/// How long a lease lasts.
const LEASE_MS: i64 = 4_000;
/// How often a task may be lost with its worker.
const MOST_LOSSES: u32 = 2;

/// A task and its place in the queue.
#[derive(Clone, Debug)]
pub(super) struct TaskRow {
    pub(super) task: AgentTask,
    tenant: Uuid,
    is_ready: bool,
    losses: u32,
    lease: Option<(Uuid, Instant)>,
    part: Option<(String, u32)>,
}

/// A coordination and who judges its stage.
#[derive(Clone, Debug)]
pub(super) struct CoordinationRow {
    answer: Coordination,
    new: NewCoordination,
    stage: u32,
    deadline: Instant,
    lease: Option<(Uuid, Instant)>,
}

fn tenant(agent: &Agent) -> Uuid {
    let own = agent.created_by.as_uuid();
    agent.organization_id.map_or(own, |id| id.as_uuid())
}

impl Store {
    /// Whether the caller asked for a coordination.
    pub(super) fn sees_coordination(&self, context: &Context, id: CoordinationId) -> bool {
        let own = |row: &CoordinationRow| {
            row.answer.coordination_id == id && row.answer.requested_by == context.actor.user_id
        };
        self.coordinations.iter().any(own)
    }

    /// How many tasks an agent is doing.
    pub(super) fn running_tasks(&self, agent_id: AgentId) -> u32 {
        let running = |row: &&TaskRow| {
            row.task.agent_id == agent_id && row.task.status == AgentTaskStatus::Running
        };
        u32::try_from(self.tasks.iter().filter(running).count()).unwrap_or(u32::MAX)
    }

    fn has_room(&self, agent: &Agent) -> bool {
        let of_tenant = |row: &&TaskRow| {
            row.tenant == tenant(agent) && row.task.status == AgentTaskStatus::Running
        };
        self.running_tasks(agent.agent_id) < agent.most_tasks()
            && self.tasks.iter().filter(of_tenant).count() < MOST_IN_ORGANIZATION as usize
    }

    fn usable(
        &self,
        actor: &Actor,
        id: AgentId,
        operation: &'static str,
    ) -> Result<Agent, PortError> {
        let refuse = |kind| PortError::new(kind, operation, "");
        let agent = self.agents.get(&id);
        let seen = agent.filter(|agent| self.may_on_agent(actor, Act::View, agent));
        let agent = seen.ok_or_else(|| refuse(PortErrorKind::NotFound))?;
        if !self.may_on_agent(actor, Act::Execute, agent) {
            return Err(refuse(PortErrorKind::Forbidden));
        }
        if !agent.is_enabled {
            return Err(refuse(PortErrorKind::OtherStatus));
        }
        Ok(agent.clone())
    }

    fn tell(&mut self, row: &AgentTask, event_type: &str, more: Value, now: Instant) {
        let Some(agent) = self.agents.get(&row.agent_id) else {
            return;
        };
        let mut data = json!({
            "agentId": row.agent_id, "taskId": row.task_id, "agentName": agent.name,
        });
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        let stream = ("ai-agent", row.agent_id.as_uuid(), agent.organization_id);
        let context = Context::new(Actor::user(row.requested_by), "");
        let event = json!({"eventType": event_type, "data": data});
        self.append(&context, stream, vec![event], now);
    }

    fn begin(&mut self, place: usize, token: Uuid, now: Instant) -> Option<TaskClaim> {
        let row = &mut self.tasks[place];
        row.lease = Some((token, now.plus_millis(LEASE_MS)));
        if row.task.status == AgentTaskStatus::Queued {
            row.task.status = AgentTaskStatus::Running;
            row.task.attempts = 1;
            row.task.started_at = Some(now);
            let task = row.task.clone();
            let more = json!({"startedAt": now, "trigger": {"triggeredBy": task.requested_by},
                "executionContext": {"timeoutMs": task.timeout_ms}});
            self.tell(&task, "AIAgentExecutionStarted", more, now);
        }
        let task = &self.tasks[place].task;
        let agent = self.agents.get(&task.agent_id)?.clone();
        Some(TaskClaim {
            task_id: task.task_id,
            attempt: task.attempts,
            task_type: task.task_type,
            task: task.task.clone(),
            parameters: task.parameters.clone(),
            timeout_ms: task.timeout_ms,
            max_retries: task.max_retries,
            requested_by: task.requested_by,
            organization_id: agent.organization_id,
            coordination_id: task.coordination_id,
            agent,
        })
    }

    fn end(&mut self, place: usize, error: Option<PartError>, now: Instant) {
        let row = &mut self.tasks[place];
        let was_running = row.task.status == AgentTaskStatus::Running;
        let success = error.is_none();
        row.task.status = match success {
            true => AgentTaskStatus::Completed,
            false => AgentTaskStatus::Failed,
        };
        row.task.error = error;
        row.task.completed_at = Some(now);
        row.lease = None;
        let duration = row
            .task
            .started_at
            .map_or(0, |start| now.millis_since(start));
        row.task.duration_ms = Some(duration);
        let task = row.task.clone();
        if let Some(agent) = self.agents.get_mut(&task.agent_id).filter(|_| was_running) {
            // A disabled agent's record is closed.
            let _ = agent.record_execution(success, duration as f64, now);
        }
        let more = match &task.error {
            None => json!({"completedAt": now, "result": {"success": true, "output": task.output,
                "durationMs": duration, "toolsUsed": task.tools_used}}),
            Some(error) => json!({"failedAt": now, "error": {"code": error.code,
                "message": error.message, "category": error.category}}),
        };
        let name = match success {
            true => "AIAgentExecutionCompleted",
            false => "AIAgentExecutionFailed",
        };
        self.tell(&task, name, more, now);
    }

    fn report(&mut self, token: Uuid, report: &TaskReport, now: Instant) -> bool {
        let held = |row: &TaskRow| {
            row.task.task_id == report.task_id
                && row.task.attempts == report.attempt
                && row.lease.is_some_and(|(owner, _)| owner == token)
        };
        let Some(place) = self.tasks.iter().position(held) else {
            return false;
        };
        let row = &mut self.tasks[place];
        if report.kind == "retry" {
            row.task.attempts += 1;
            row.task.error = report.error.clone();
            let (task, error) = (row.task.clone(), json!(report.error));
            let more = json!({"failedAt": now, "error": error});
            self.tell(&task, "AIAgentExecutionFailed", more, now);
            return true;
        }
        row.task.output = report.output.clone();
        row.task.tools_used = report.tools_used.clone();
        let error = (report.kind != "completed")
            .then(|| report.error.clone())
            .flatten();
        self.end(place, error, now);
        let task = self.tasks[place].task.clone();
        let agent = self.agents.get_mut(&task.agent_id);
        if let Some(agent) = agent.filter(|agent| report.isolate && agent.is_enabled) {
            agent.is_enabled = false;
            agent.revision += 1;
            let more = json!({"reason": "persistent-failures", "failureCount": task.attempts,
                "isolatedAt": now});
            self.tell(&task, "AIAgentIsolated", more, now);
        }
        true
    }

    fn claim(&mut self, token: Uuid, want: usize, now: Instant) -> Vec<TaskClaim> {
        let mut claims = Vec::new();
        let mut places: Vec<usize> = (0..self.tasks.len()).collect();
        places.sort_by_key(|place| {
            let task = &self.tasks[*place].task;
            (std::cmp::Reverse(task.priority), task.created_at)
        });
        for place in places {
            if claims.len() >= want {
                break;
            }
            let row = &mut self.tasks[place];
            let lost = row.lease.is_some_and(|(_, until)| until < now);
            match row.task.status {
                AgentTaskStatus::Running if lost && row.task.execution_id.is_none() => {
                    if row.losses >= MOST_LOSSES {
                        self.end(place, Some(fault("WORKER_LOST", "runtime")), now);
                        continue;
                    }
                    row.losses += 1;
                }
                AgentTaskStatus::Queued if row.is_ready && row.task.execution_id.is_none() => {
                    let Some(agent) = self.agents.get(&row.task.agent_id).cloned() else {
                        continue;
                    };
                    if !agent.is_enabled {
                        self.end(place, Some(fault("AGENT_DISABLED", "validation")), now);
                        continue;
                    }
                    if !self.has_room(&agent) {
                        continue;
                    }
                }
                _ => continue,
            }
            claims.extend(self.begin(place, token, now));
        }
        claims
    }

    fn parts(&self, id: CoordinationId, stage: u32) -> Vec<usize> {
        let of = |row: &TaskRow| {
            row.task.coordination_id == Some(id)
                && row.part.as_ref().is_some_and(|(_, when)| *when == stage)
        };
        (0..self.tasks.len())
            .filter(|place| of(&self.tasks[*place]))
            .collect()
    }

    fn ended_stages(&mut self, token: Uuid, now: Instant) -> Vec<EndedStage> {
        let mut stages = Vec::new();
        for index in 0..self.coordinations.len() {
            let row = self.coordinations[index].clone();
            let id = row.answer.coordination_id;
            let judged = row.lease.is_some_and(|(_, until)| until >= now);
            if row.answer.status != "running" || judged {
                continue;
            }
            let places = self.parts(id, row.stage);
            let late = row.deadline <= now;
            for place in &places {
                if late && self.tasks[*place].task.completed_at.is_none() {
                    self.end(*place, Some(fault("COORDINATION_TIMEOUT", "timeout")), now);
                }
            }
            if places
                .iter()
                .any(|place| self.tasks[*place].task.completed_at.is_none())
            {
                continue;
            }
            self.coordinations[index].lease = Some((token, now.plus_millis(LEASE_MS)));
            let results = places.iter().map(|place| {
                let row = &self.tasks[*place];
                PartResult {
                    task_id: row.part.clone().unwrap_or_default().0,
                    agent_id: row.task.agent_id,
                    status: row.task.status,
                    output: row.task.output.clone(),
                    error: row.task.error.clone(),
                    duration_ms: row.task.duration_ms.unwrap_or_default(),
                }
            });
            let later = row.new.parts.iter().map(|part| part.stage);
            stages.push(EndedStage {
                coordination_id: id,
                mode: row.new.mode,
                synchronization_points: row.new.synchronization_points.clone(),
                continue_on_failure: row.new.continue_on_failure,
                task_count: row.new.parts.len(),
                stage: row.stage,
                earlier: row.answer.stages.clone(),
                results: results.collect(),
                next_stage: later.filter(|stage| *stage > row.stage).min(),
                timed_out: late,
                started_at: row.answer.created_at,
                now,
            });
        }
        stages
    }

    fn advance(&mut self, token: Uuid, advance: &Advance, now: Instant) -> bool {
        let held = |row: &&mut CoordinationRow| {
            row.answer.coordination_id == advance.coordination_id
                && row.stage == advance.stage
                && row.lease.is_some_and(|(owner, _)| owner == token)
        };
        let Some(row) = self.coordinations.iter_mut().find(held) else {
            return false;
        };
        row.lease = None;
        row.answer.stages.push(advance.result.clone());
        row.answer.synchronized.extend(advance.synchronized.clone());
        row.answer.duration_ms = now.millis_since(row.answer.created_at);
        if let Some(status) = advance.status {
            row.answer.status = status.to_owned();
            row.answer.completed_at = Some(now);
        }
        row.stage = advance.next_stage.unwrap_or(row.stage);
        let by = Context::new(Actor::user(row.answer.requested_by), "");
        let stream = ("execution", advance.coordination_id.as_uuid(), None);
        self.append(&by, stream, advance.events.clone(), now);
        for place in 0..self.tasks.len() {
            let row = &mut self.tasks[place];
            if row.task.coordination_id != Some(advance.coordination_id)
                || row.task.completed_at.is_some()
            {
                continue;
            }
            let stage = row.part.as_ref().map(|(_, stage)| *stage);
            match advance.next_stage {
                Some(next) => row.is_ready |= stage == Some(next),
                None => self.end(place, Some(fault("COORDINATION_ENDED", "dependency")), now),
            }
        }
        true
    }
}

fn fault(code: &str, category: &str) -> PartError {
    PartError {
        code: code.to_owned(),
        message: "Given up".to_owned(),
        category: category.to_owned(),
    }
}

/// A twin of the stored tasks.
#[derive(Debug)]
pub struct AgentTasks(pub(super) Rc<Shared>);

fn row(context: &Context, new: &NewAgentTask, agent: &Agent, now: Instant) -> TaskRow {
    TaskRow {
        task: AgentTask {
            task_id: new.task_id,
            agent_id: new.agent_id,
            task_type: new.task_type,
            task: new.task.clone(),
            parameters: new.parameters.clone(),
            priority: new.priority,
            timeout_ms: new.timeout_ms,
            max_retries: new.max_retries,
            status: AgentTaskStatus::Queued,
            attempts: 0,
            output: None,
            error: None,
            tools_used: vec![],
            duration_ms: None,
            requested_by: context.actor.user_id,
            execution_id: new.execution_id,
            coordination_id: None,
            created_at: now,
            started_at: None,
            completed_at: None,
        },
        tenant: tenant(agent),
        is_ready: true,
        losses: 0,
        lease: None,
        part: None,
    }
}

impl ports::AgentTasks for AgentTasks {
    async fn start(
        &self,
        context: &Context,
        new: &NewAgentTask,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<StartedTask>, PortError> {
        const OPERATION: &str = "agent_tasks.start";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let agent = store.usable(&context.actor, new.agent_id, OPERATION)?;
        let waiting = |row: &&TaskRow| {
            row.task.agent_id == new.agent_id && row.task.status == AgentTaskStatus::Queued
        };
        let queue = store.tasks.iter().filter(waiting).count();
        let ahead = store
            .tasks
            .iter()
            .filter(waiting)
            .any(|row| row.is_ready && row.task.priority >= new.priority);
        let token = new.lease_token.filter(|_| !ahead && store.has_room(&agent));
        if token.is_none() && (!new.queue_if_busy || queue >= LONGEST_QUEUE as usize) {
            return Err(PortError::new(PortErrorKind::AtCapacity, OPERATION, ""));
        }
        store.tasks.push(row(context, new, &agent, now));
        store.keep(context, answer);
        let place = store.tasks.len() - 1;
        let claim = token.and_then(|token| store.begin(place, token, now));
        Ok(Written::Done(StartedTask {
            status: store.tasks[place].task.status,
            claim: claim.map(Box::new),
        }))
    }

    async fn find(&self, actor: &Actor, id: TaskId) -> Result<Option<AgentTask>, PortError> {
        self.0.faults.check("agent_tasks.find")?;
        let store = self.0.store.borrow();
        let found = store.tasks.iter().find(|row| row.task.task_id == id);
        let seen = found.filter(|row| {
            let agent = store.agents.get(&row.task.agent_id);
            agent.is_some_and(|agent| store.may_on_agent(actor, Act::View, agent))
        });
        Ok(seen.map(|row| row.task.clone()))
    }

    async fn exchange(
        &self,
        worker: &TaskWorker,
        reports: &[TaskReport],
        want: u32,
    ) -> Result<TaskExchange, PortError> {
        self.0.faults.check("agent_tasks.exchange")?;
        let now = self.0.clock.instant();
        let token = worker.lease_token;
        let mut store = self.0.store.borrow_mut();
        let mut refused = Vec::new();
        for report in reports {
            if !store.report(token, report, now) {
                refused.push(report.task_id);
            }
        }
        for row in &mut store.tasks {
            let own = row.lease.is_some_and(|(owner, _)| owner == token);
            if own && worker.held.contains(&row.task.task_id) {
                row.lease = Some((token, now.plus_millis(LEASE_MS)));
            }
        }
        Ok(TaskExchange {
            claims: store.claim(token, want as usize, now),
            stages: match want {
                0 => Vec::new(),
                _ => store.ended_stages(token, now),
            },
            refused,
        })
    }

    async fn start_coordination(
        &self,
        context: &Context,
        new: &NewCoordination,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "agent_tasks.start_coordination";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let first = new.parts.iter().map(|part| part.stage).min().unwrap_or(1);
        for part in &new.parts {
            let agent = store.usable(&context.actor, part.agent_id, OPERATION)?;
            let task = NewAgentTask {
                task_id: part.task_id,
                agent_id: part.agent_id,
                task_type: part.task_type,
                task: part.task.clone(),
                parameters: part.parameters.clone(),
                priority: part.priority,
                timeout_ms: part.timeout_ms,
                max_retries: part.max_retries,
                queue_if_busy: true,
                lease_token: None,
                execution_id: None,
                step: None,
            };
            let mut row = row(context, &task, &agent, now);
            row.task.coordination_id = Some(new.coordination_id);
            row.is_ready = part.stage == first;
            row.part = Some((part.name.clone(), part.stage));
            store.tasks.push(row);
        }
        store.coordinations.push(CoordinationRow {
            answer: Coordination {
                coordination_id: new.coordination_id,
                mode: new.mode,
                status: "running".to_owned(),
                stages: vec![],
                synchronized: vec![],
                duration_ms: 0,
                requested_by: context.actor.user_id,
                created_at: now,
                completed_at: None,
            },
            new: new.clone(),
            stage: first,
            deadline: now.plus_millis(i64::from(new.timeout_ms)),
            lease: None,
        });
        let stream = ("execution", new.coordination_id.as_uuid(), None);
        store.append(context, stream, new.events.clone(), now);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn advance(&self, worker: &TaskWorker, advance: &Advance) -> Result<bool, PortError> {
        self.0.faults.check("agent_tasks.advance")?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        Ok(store.advance(worker.lease_token, advance, now))
    }

    async fn find_coordination(
        &self,
        actor: &Actor,
        id: CoordinationId,
    ) -> Result<Option<Coordination>, PortError> {
        self.0.faults.check("agent_tasks.find_coordination")?;
        let store = self.0.store.borrow();
        let own = |row: &&CoordinationRow| {
            row.answer.coordination_id == id
                && (actor.service || row.answer.requested_by == actor.user_id)
        };
        Ok(store
            .coordinations
            .iter()
            .find(own)
            .map(|row| row.answer.clone()))
    }
}
