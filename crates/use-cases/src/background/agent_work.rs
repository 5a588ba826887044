//! The worker behind the agents: takes tasks from the queue, does them, reports, and judges ended
//! stages of coordinations. What it holds it keeps by renewing its leases; whatever it leaves
//! behind is taken up by another.

use std::cell::{Cell, RefCell};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ai_agent::coordination::{end_stage, goes_on, status};
use domain::ai_agent::events::AgentEvent;
use domain::ids::TaskId;
use domain::json;
use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, FutureExt, LocalBoxFuture, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;
use uuid::Uuid;

use super::agent_conversation::{Fault, Outcome, Work, work};
use crate::context::Actor;
use crate::ports::{
    Advance, AgentTasks, Clock, EndedStage, PortError, Ports, TaskClaim, TaskExchange, TaskReport,
    TaskWorker,
};

/// Leases last 4 s; renewing each second survives two lost calls.
const RENEW_EVERY_MS: u64 = 1_000;
/// Longest pause before another attempt at a task.
const LONGEST_PAUSE_MS: u64 = 5_000;
/// After its time is up a worker lets running tasks end for this long.
const GRACE_MS: i64 = 20_000;

enum News {
    Claim(Box<TaskClaim>),
    Wake,
}

enum Happened {
    Done(Box<(TaskClaim, TaskReport, u64)>),
    Exchanged(Vec<TaskReport>, Box<Result<TaskExchange, PortError>>),
    Advanced(Uuid, bool),
    TimeToRenew,
}

/// The worker of one isolate; shared by every request.
pub struct AgentWorker {
    lease_token: Uuid,
    concurrency: usize,
    post: mpsc::UnboundedSender<News>,
    /// Absent while a loop holds it.
    inbox: RefCell<Option<mpsc::UnboundedReceiver<News>>>,
    until: Cell<Option<DateTime<Utc>>>,
    waiting: RefCell<Vec<(Uuid, oneshot::Sender<()>)>>,
}

impl AgentWorker {
    /// A worker at rest that does so many tasks at a time.
    pub fn new(lease_token: Uuid, concurrency: usize) -> Self {
        let (post, inbox) = mpsc::unbounded();
        Self {
            lease_token,
            concurrency,
            post,
            inbox: RefCell::new(Some(inbox)),
            until: Cell::new(None),
            waiting: RefCell::default(),
        }
    }

    /// The lease to name when a task is started, so that it begins here.
    pub fn lease_token(&self) -> Uuid {
        self.lease_token
    }

    /// Takes over a task that a start answered; [`AgentWorker::run`] does it.
    pub fn hand_over(&self, claim: Box<TaskClaim>) {
        // Sending fails only without a receiver, and the worker owns it.
        let _ = self.post.unbounded_send(News::Claim(claim));
    }

    /// Works for at most about this many seconds, less when nothing is left to do. Only one loop
    /// runs at a time: further calls extend its time, wake it, and return at once.
    pub async fn run(&self, ports: &impl Ports, seconds: u32) {
        let until = ports.clock().now() + TimeDelta::seconds(i64::from(seconds));
        let later = self.until.get().map_or(until, |now| now.max(until));
        self.until.set(Some(later));
        let Some(mut inbox) = self.inbox.take() else {
            let _ = self.post.unbounded_send(News::Wake);
            return;
        };
        Drive::new(self, ports).run(&mut inbox).await;
        self.inbox.replace(Some(inbox));
        self.until.set(None);
    }

    /// Waits until a task or coordination ends here, at most this long. One that ends elsewhere is
    /// not noticed: read it afterwards.
    pub async fn finished(&self, clock: &impl Clock, id: Uuid, milliseconds: u64) {
        let (tell, told) = oneshot::channel();
        self.waiting.borrow_mut().push((id, tell));
        select(told, Box::pin(clock.sleep(milliseconds))).await;
        self.waiting
            .borrow_mut()
            .retain(|(_, sender)| !sender.is_canceled());
    }

    fn tell(&self, id: Uuid) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(place) = waiting.iter().position(|(wanted, _)| *wanted == id) {
            // Whoever waited may have gone.
            let _ = waiting.swap_remove(place).1.send(());
        }
    }
}

/// One run of the loop.
struct Drive<'a, P: Ports> {
    worker: &'a AgentWorker,
    ports: &'a P,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Happened>>,
    held: Vec<TaskClaim>,
    reports: Vec<TaskReport>,
    /// Pauses before the next attempts of tasks whose last one is being reported.
    pauses: Vec<(TaskId, u64)>,
    judging: u32,
    exchanging: bool,
    hungry: bool,
    renew: bool,
    failures: u32,
}

impl<'a, P: Ports> Drive<'a, P> {
    fn new(worker: &'a AgentWorker, ports: &'a P) -> Self {
        Self {
            worker,
            ports,
            under_way: FuturesUnordered::new(),
            held: Vec::new(),
            reports: Vec::new(),
            pauses: Vec::new(),
            judging: 0,
            exchanging: false,
            hungry: true,
            renew: false,
            failures: 0,
        }
    }

    async fn run(mut self, inbox: &mut mpsc::UnboundedReceiver<News>) {
        self.set_timer();
        loop {
            while let Ok(news) = inbox.try_recv() {
                self.hear(news);
            }
            self.exchange_if_due();
            if self.is_done() {
                return;
            }
            match select(self.under_way.next(), inbox.next()).await {
                Either::Left((Some(happened), _)) => self.follow(happened),
                Either::Right((Some(news), _)) => self.hear(news),
                Either::Left((None, _)) | Either::Right((None, _)) => return,
            }
        }
    }

    fn time_left_ms(&self) -> i64 {
        let now = self.ports.clock().now();
        let until = self.worker.until.get();
        until.map_or(0, |until| (until - now).num_milliseconds())
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Claim(claim) => self.take_on(*claim, 0),
            News::Wake => self.hungry = true,
        }
    }

    fn take_on(&mut self, claim: TaskClaim, pause_ms: u64) {
        let known = |held: &TaskClaim| held.task_id == claim.task_id;
        if self
            .held
            .iter()
            .any(|held| known(held) && held.attempt == claim.attempt)
        {
            return;
        }
        self.held.retain(|held| !known(held));
        self.held.push(claim.clone());
        let ports = self.ports;
        let attempt = async move {
            ports.clock().sleep(pause_ms).await;
            Happened::Done(Box::new(attempt(ports, claim).await))
        };
        self.under_way.push(attempt.boxed_local());
    }

    fn follow(&mut self, happened: Happened) {
        match happened {
            Happened::Done(done) => {
                let (claim, report, pause_ms) = *done;
                self.pauses.push((claim.task_id, pause_ms));
                self.reports.push(report);
            }
            Happened::Exchanged(sent, reply) => self.digest(sent, *reply),
            Happened::Advanced(id, ended) => {
                self.judging -= 1;
                self.hungry = true;
                if ended {
                    self.worker.tell(id);
                }
            }
            Happened::TimeToRenew => {
                self.renew = true;
                self.set_timer();
            }
        }
    }

    fn digest(&mut self, sent: Vec<TaskReport>, reply: Result<TaskExchange, PortError>) {
        self.exchanging = false;
        let exchange = match reply {
            Ok(exchange) => exchange,
            Err(_) => {
                // Whether it was carried out is unknown: repeat it, fenced by lease and attempt.
                self.failures += 1;
                self.reports.splice(0..0, sent);
                return;
            }
        };
        self.failures = 0;
        for report in sent {
            self.reported(&report, exchange.refused.contains(&report.task_id));
        }
        self.hungry |= exchange.claims.len() >= self.want() && !exchange.claims.is_empty();
        for claim in exchange.claims {
            self.take_on(claim, 0);
        }
        for stage in exchange.stages {
            self.judge(stage);
        }
    }

    fn reported(&mut self, report: &TaskReport, refused: bool) {
        let Some(place) = self.held.iter().position(|h| h.task_id == report.task_id) else {
            return;
        };
        let pause = self.pauses.iter().position(|(id, _)| *id == report.task_id);
        let pause_ms = pause.map_or(0, |place| self.pauses.swap_remove(place).1);
        let mut claim = self.held.swap_remove(place);
        self.hungry = true;
        if report.kind == "retry" && !refused {
            claim.attempt += 1;
            self.take_on(claim, pause_ms);
            return;
        }
        self.worker.tell(report.task_id.as_uuid());
    }

    /// The rules of an ended stage, applied.
    fn judge(&mut self, stage: EndedStage) {
        self.judging += 1;
        let id = stage.coordination_id.as_uuid();
        let advance = advance(stage);
        let ended = advance.next_stage.is_none();
        let worker = self.lease();
        let tasks = self.ports.agent_tasks();
        let tell = async move {
            let advanced = tasks.advance(&worker, &advance).await;
            Happened::Advanced(id, ended && advanced == Ok(true))
        };
        self.under_way.push(tell.boxed_local());
    }

    fn lease(&self) -> TaskWorker {
        TaskWorker {
            lease_token: self.worker.lease_token,
            held: self.held.iter().map(|claim| claim.task_id).collect(),
        }
    }

    fn set_timer(&mut self) {
        let clock = self.ports.clock();
        let timer = async move {
            clock.sleep(RENEW_EVERY_MS).await;
            Happened::TimeToRenew
        };
        self.under_way.push(timer.boxed_local());
    }

    fn exchange_if_due(&mut self) {
        let want = self.want();
        let due = !self.reports.is_empty()
            || (self.hungry && want > 0)
            || (self.renew && !self.held.is_empty());
        // After a failure the timer sets the pace.
        if self.exchanging || !due || (self.failures > 0 && !self.renew) {
            return;
        }
        self.exchanging = true;
        self.hungry = false;
        self.renew = false;
        let worker = self.lease();
        let reports = std::mem::take(&mut self.reports);
        let tasks = self.ports.agent_tasks();
        let exchange = async move {
            let want = u32::try_from(want).unwrap_or(u32::MAX);
            let reply = tasks.exchange(&worker, &reports, want).await;
            Happened::Exchanged(reports, Box::new(reply))
        };
        self.under_way.push(exchange.boxed_local());
    }

    /// Tasks there is room for, the reported ones no longer counted; none once the time is up.
    fn want(&self) -> usize {
        if self.time_left_ms() <= 0 {
            return 0;
        }
        let running = self.held.len().saturating_sub(self.reports.len());
        self.worker.concurrency.saturating_sub(running)
    }

    fn is_done(&self) -> bool {
        let left_ms = self.time_left_ms();
        let busy = !self.held.is_empty() || self.exchanging || self.judging > 0;
        left_ms < -GRACE_MS || !(busy || self.hungry && left_ms > 0)
    }
}

/// One attempt at a task; answers the report, and the pause before another attempt.
async fn attempt(ports: &impl Ports, claim: TaskClaim) -> (TaskClaim, TaskReport, u64) {
    let parameters = Value::Object(claim.parameters.clone());
    let ended = work(
        ports,
        Work {
            agent: &claim.agent,
            actor: &Actor::user(claim.requested_by),
            organization_id: claim.organization_id,
            task: &claim.task,
            parameters: &parameters,
            key: &claim.task_id.to_string(),
            timeout_ms: u64::from(claim.timeout_ms),
        },
    )
    .await;
    let mut report = TaskReport {
        task_id: claim.task_id,
        attempt: claim.attempt,
        kind: "completed",
        output: None,
        error: None,
        tools_used: Vec::new(),
        isolate: false,
    };
    let mut pause_ms = 0;
    match ended {
        Ok(Outcome { output, tools_used }) => {
            report.output = Some(output);
            report.tools_used = tools_used;
        }
        Err(Fault {
            error,
            service,
            tools_used,
        }) => {
            let again = claim.attempt <= claim.max_retries;
            let asked = service.and_then(|error| error.retry_after_ms);
            let usual = 100 << claim.attempt.min(6);
            pause_ms = asked.unwrap_or(usual).min(LONGEST_PAUSE_MS);
            report.kind = if again { "retry" } else { "failed" };
            report.isolate = !again && claim.max_retries > 0;
            report.error = Some(error);
            report.tools_used = tools_used;
        }
    }
    (claim, report, pause_ms)
}

/// What an ended stage means for its coordination.
fn advance(stage: EndedStage) -> Advance {
    let id = stage.coordination_id;
    let points = &stage.synchronization_points;
    let (result, synchronized) = end_stage(points, &stage.earlier, stage.stage, stage.results);
    let on = !stage.timed_out && goes_on(&result, stage.continue_on_failure);
    let next_stage = stage.next_stage.filter(|_| on);
    let told: Vec<Value> = result.results.iter().map(json::to_value).collect();
    let mut events = vec![AgentEvent::WorkflowStageCompleted {
        coordination_id: id,
        mode: stage.mode,
        stage: stage.stage,
        results: Value::Array(told),
        completed_at: stage.now,
    }];
    let mut all = stage.earlier;
    all.push(result.clone());
    let ended = next_stage.is_none().then(|| status(&all, stage.task_count));
    if let Some(status) = ended {
        events.push(AgentEvent::WorkflowCompleted {
            coordination_id: id,
            mode: stage.mode,
            status: status.to_owned(),
            duration_ms: stage.now.millis_since(stage.started_at),
            completed_at: stage.now,
        });
    }
    Advance {
        coordination_id: id,
        stage: stage.stage,
        result,
        synchronized,
        next_stage,
        status: ended,
        events: events.iter().map(AgentEvent::to_json).collect(),
    }
}
