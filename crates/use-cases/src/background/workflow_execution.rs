//! The engine: one loop per isolate that works on the runs of everybody.
//!
//! The database decides what is ready and keeps what was done; this loop asks for steps, has them done,
//! and reports. There is one exchange with the database at a time: what ends meanwhile rides on the next.
//! A worker may vanish at any moment: its lease lapses and another is handed its steps by the same exchange.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::ExecutionId;
use domain::sorted;
use domain::vocabulary::ErrorCategory;
use domain::workflow::failure::DEPENDENCY_FAILED;
use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::perform;
use crate::ports::{
    ActionError, Claim, ClaimKey, Clock, Exchange, Executions, Outcome, OutcomeKind, PortError,
    Ports, Worker,
};

/// A lease lasts 4 s at the database; renewing it every second leaves three chances to lose a reply.
const RENEW_EVERY_MS: u64 = 1_000;
/// Outcomes in one exchange, and steps asked for in one.
const BATCH: usize = 50;
/// A step that becomes due this soon is waited for; a later one is left to the next wake-up.
const WORTH_WAITING_MS: u64 = 5_000;
/// Pause before asking again when what is ready was locked by somebody else.
const LOCKED_PAUSE_MS: u64 = 20;
/// After its time is up a worker lets running steps end for this long before it gives them back.
const GRACE_MS: i64 = 10_000;
/// Longest pause between two tries to reach the database.
const LONGEST_PAUSE_MS: u64 = 1_000;

/// How an engine works.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The lease it works under.
    pub worker: Worker,
    /// Steps done at a time, 1 or more.
    pub concurrency: usize,
}

/// What a call of [`Engine::run`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Steps done, whatever came of them.
    pub steps: u32,
    /// Exchanges with the database, also those that failed.
    pub exchanges: u32,
    /// Whether another call of `run` was driving the loop already.
    pub joined: bool,
}

enum News {
    Claims(Vec<Claim>),
    Wake,
}

enum Happened {
    Done(Box<Outcome>),
    Exchanged(Sent, Box<Result<Exchange, PortError>>),
    TimeToRenew,
    /// By the timer of this number; only the last one set counts.
    TimeToAsk(u64),
}

/// An exchange under way: what it carries, to be repeated if the reply is lost.
struct Sent {
    outcomes: Vec<Outcome>,
    want: usize,
}

/// The engine of one isolate; shared by every request.
pub struct Engine {
    options: EngineOptions,
    post: mpsc::UnboundedSender<News>,
    /// Absent while a loop holds it.
    inbox: RefCell<Option<mpsc::UnboundedReceiver<News>>>,
    until: Cell<Option<DateTime<Utc>>>,
    /// Whether steps were handed over that no loop was told of: the exchange that reports them asks
    /// for more, so that nobody has to ask before.
    handed: Cell<bool>,
    reply_lost: Cell<bool>,
    waiting: RefCell<HashMap<ExecutionId, Vec<oneshot::Sender<()>>>>,
}

impl Engine {
    /// An engine at rest.
    pub fn new(options: EngineOptions) -> Self {
        let (post, inbox) = mpsc::unbounded();
        Self {
            options,
            post,
            inbox: RefCell::new(Some(inbox)),
            until: Cell::new(None),
            handed: Cell::new(false),
            reply_lost: Cell::new(false),
            waiting: RefCell::new(HashMap::new()),
        }
    }

    /// The lease to name when runs are started, so that their first steps come here.
    pub fn worker(&self) -> &Worker {
        &self.options.worker
    }

    /// Takes over steps that a start answered; [`Engine::run`] does them.
    pub fn hand_over(&self, claims: Vec<Claim>) {
        self.handed.set(!claims.is_empty());
        // Sending fails only without a receiver, and the engine owns it.
        let _ = self.post.unbounded_send(News::Claims(claims));
    }

    /// Tells the engine that a start failed without an answer: it may have been handed steps it does not know of.
    pub fn lost_a_reply(&self) {
        self.reply_lost.set(true);
    }

    /// Works for at most about this many seconds, less when nothing is left to do.
    ///
    /// Only one loop runs at a time: further calls extend its time, wake it, and return at once.
    pub async fn run(&self, ports: &impl Ports, seconds: u32) -> Worked {
        let until = ports.clock().now() + TimeDelta::seconds(i64::from(seconds));
        self.until
            .set(Some(self.until.get().map_or(until, |now| now.max(until))));
        let hungry = !self.handed.replace(false);
        let Some(mut inbox) = self.inbox.take() else {
            if hungry {
                let _ = self.post.unbounded_send(News::Wake);
            }
            return Worked {
                joined: true,
                ..Worked::default()
            };
        };
        let worked = Drive::new(self, ports, hungry).run(&mut inbox).await;
        self.inbox.replace(Some(inbox));
        self.until.set(None);
        worked
    }

    /// Waits until the run ends, at most this long; says whether it ended in an exchange of this engine.
    ///
    /// A run that ends in another isolate is not noticed here: read it afterwards.
    pub async fn finished(
        &self,
        clock: &impl Clock,
        execution_id: ExecutionId,
        milliseconds: u64,
    ) -> bool {
        let (tell, told) = oneshot::channel();
        self.waiting
            .borrow_mut()
            .entry(execution_id)
            .or_default()
            .push(tell);
        let ended = matches!(
            select(told, Box::pin(clock.sleep(milliseconds))).await,
            Either::Left(_)
        );
        let mut waiting = self.waiting.borrow_mut();
        if let Some(senders) = waiting.get_mut(&execution_id) {
            senders.retain(|sender| !sender.is_canceled());
            if senders.is_empty() {
                waiting.remove(&execution_id);
            }
        }
        ended
    }

    fn tell(&self, execution_id: ExecutionId) {
        for sender in self
            .waiting
            .borrow_mut()
            .remove(&execution_id)
            .unwrap_or_default()
        {
            // Whoever waited may have gone.
            let _ = sender.send(());
        }
    }
}

/// One run of the loop.
struct Drive<'a, P: Ports> {
    engine: &'a Engine,
    ports: &'a P,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Happened>>,
    held: HashSet<ClaimKey>,
    outcomes: Vec<Outcome>,
    exchanging: bool,
    /// Whether something may be ready that was not asked for yet.
    hungry: bool,
    /// Whether the lease is due for renewal.
    renew: bool,
    /// When to ask again for what is ready.
    ask_at: Option<DateTime<Utc>>,
    /// How many timers for asking again were set.
    asks: u64,
    given_back: bool,
    /// Outcomes in the next exchange; fewer while looking for one that cannot be stored.
    batch: usize,
    failures: u32,
    worked: Worked,
}

impl<'a, P: Ports> Drive<'a, P> {
    fn new(engine: &'a Engine, ports: &'a P, hungry: bool) -> Self {
        Self {
            engine,
            ports,
            under_way: FuturesUnordered::new(),
            held: HashSet::new(),
            outcomes: Vec::new(),
            exchanging: false,
            hungry,
            renew: false,
            ask_at: None,
            asks: 0,
            given_back: false,
            batch: BATCH,
            failures: 0,
            worked: Worked::default(),
        }
    }

    async fn run(mut self, inbox: &mut mpsc::UnboundedReceiver<News>) -> Worked {
        self.set_timer(RENEW_EVERY_MS, Happened::TimeToRenew);
        loop {
            while let Ok(news) = inbox.try_recv() {
                self.hear(news);
            }
            if self.time_left_ms() < -GRACE_MS {
                self.give_back();
            }
            self.exchange_if_due();
            if self.is_done() {
                return self.worked;
            }
            let next = match select(self.under_way.next(), inbox.next()).await {
                Either::Left((happened, _)) => Either::Left(happened),
                Either::Right((news, _)) => Either::Right(news),
            };
            match next {
                Either::Left(Some(happened)) => self.follow(happened),
                Either::Right(Some(news)) => self.hear(news),
                Either::Left(None) | Either::Right(None) => return self.worked,
            }
        }
    }

    /// Milliseconds until the time is up; negative afterwards.
    fn time_left_ms(&self) -> i64 {
        self.engine.until.get().map_or(0, |until| {
            (until - self.ports.clock().now()).num_milliseconds()
        })
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Claims(claims) => self.take_on(claims),
            News::Wake => self.hungry = true,
        }
    }

    fn take_on(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            // A step may be told twice: in the answer to a start and after a lost reply.
            if !self.held.insert(claim.key()) {
                continue;
            }
            let ports = self.ports;
            let done =
                async move { Happened::Done(Box::new(perform::perform(ports, claim).await)) };
            self.under_way.push(done.boxed_local());
        }
    }

    fn follow(&mut self, happened: Happened) {
        match happened {
            Happened::Done(outcome) => {
                self.worked.steps += 1;
                // What was given back meanwhile is no longer ours to report.
                if self.held.contains(&outcome.key()) {
                    self.outcomes.push(*outcome);
                }
            }
            Happened::Exchanged(sent, reply) => self.digest(sent, *reply),
            Happened::TimeToRenew => {
                self.renew = true;
                self.set_timer(RENEW_EVERY_MS, Happened::TimeToRenew);
            }
            // The clock is not asked: somebody may have set it back meanwhile.
            Happened::TimeToAsk(number) => {
                if number == self.asks && self.ask_at.take().is_some() {
                    self.hungry = true;
                }
            }
        }
    }

    fn digest(&mut self, sent: Sent, reply: Result<Exchange, PortError>) {
        self.exchanging = false;
        self.worked.exchanges += 1;
        match reply {
            Ok(exchange) => {
                self.failures = 0;
                if self.outcomes.is_empty() {
                    self.batch = BATCH;
                }
                for outcome in &sent.outcomes {
                    self.held.remove(&outcome.key());
                }
                for finished in &exchange.finished {
                    self.engine.tell(finished.execution_id);
                }
                self.hungry |= sent.want > 0 && exchange.claims.len() >= sent.want;
                let nothing_came = exchange.claims.is_empty() && sent.want > 0;
                let next_due_ms = exchange.next_due_ms;
                self.take_on(exchange.claims);
                if let Some(due_ms) = next_due_ms
                    && due_ms <= WORTH_WAITING_MS
                    && (nothing_came || due_ms > 0)
                {
                    self.ask_later(due_ms.max(LOCKED_PAUSE_MS));
                }
            }
            Err(error) => {
                // Whether it was carried out is unknown: repeat it, fenced, and name what is really held.
                self.engine.reply_lost.set(true);
                let mut outcomes = sent.outcomes;
                if !error.is_temporary() {
                    // One of them cannot be stored. Find out which, and have its step fail for good.
                    if let [outcome] = outcomes.as_mut_slice() {
                        outcome.kind = refused(&error);
                    }
                    self.batch = 1;
                }
                self.outcomes.splice(0..0, outcomes);
                self.failures += 1;
                let pause_ms = (100 << self.failures.min(6)).min(LONGEST_PAUSE_MS);
                self.hungry = false;
                self.renew = false;
                self.ask_later(pause_ms);
            }
        }
    }

    fn ask_later(&mut self, milliseconds: u64) {
        let pause = TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX));
        let at = self.ports.clock().now() + pause;
        if self.ask_at.is_none_or(|earlier| at < earlier) {
            self.ask_at = Some(at);
            self.asks += 1;
            // A timer may fire a little early by the clock's rounding.
            self.set_timer(milliseconds + 1, Happened::TimeToAsk(self.asks));
        }
    }

    fn set_timer(&mut self, milliseconds: u64, happened: Happened) {
        let clock = self.ports.clock();
        self.under_way.push(
            async move {
                clock.sleep(milliseconds).await;
                happened
            }
            .boxed_local(),
        );
    }

    fn exchange_if_due(&mut self) {
        let resting = self.failures > 0 && self.ask_at.is_some();
        let want = self.want();
        let due = !self.outcomes.is_empty()
            || (self.hungry && want > 0)
            || (self.renew && self.is_busy());
        if self.exchanging || resting || !due {
            return;
        }
        let count = self.outcomes.len().min(self.batch);
        let sent = Sent {
            outcomes: self.outcomes.drain(..count).collect(),
            want,
        };
        let mut worker = self.engine.options.worker.clone();
        if self.engine.reply_lost.replace(false) {
            worker.held = Some(self.held());
        }
        self.exchanging = true;
        self.hungry &= want == 0;
        self.renew = false;
        let executions = self.ports.executions();
        self.under_way.push(
            async move {
                let want = u32::try_from(sent.want).unwrap_or(u32::MAX);
                let reply = executions.exchange(&worker, &sent.outcomes, want).await;
                Happened::Exchanged(sent, Box::new(reply))
            }
            .boxed_local(),
        );
    }

    /// Steps there is room for; none once the time is up.
    fn want(&self) -> usize {
        if self.time_left_ms() <= 0 {
            return 0;
        }
        let unreported = self.outcomes.len();
        let running = self.held.len().saturating_sub(unreported);
        self.engine
            .options
            .concurrency
            .saturating_sub(running)
            .min(BATCH)
    }

    /// What is held, in an order that repeats itself.
    fn held(&self) -> Vec<ClaimKey> {
        let mut held: Vec<ClaimKey> = self.held.iter().cloned().collect();
        sorted::sort(&mut held);
        held
    }

    fn is_busy(&self) -> bool {
        !self.held.is_empty()
    }

    fn is_done(&self) -> bool {
        let left_ms = self.time_left_ms();
        let may_ask = left_ms > 0 && (self.hungry || self.ask_at.is_some());
        // With the database out of reach for so long, whatever is held has been given to others.
        let hopeless = left_ms < -2 * GRACE_MS;
        hopeless || (!self.is_busy() && !self.exchanging && !may_ask)
    }

    /// The time is up for good: what still runs is given back, for somebody else to begin again.
    fn give_back(&mut self) {
        if self.given_back || self.exchanging {
            return;
        }
        self.given_back = true;
        let reported: HashSet<ClaimKey> = self.outcomes.iter().map(Outcome::key).collect();
        for key in self.held().iter().filter(|key| !reported.contains(key)) {
            self.outcomes.push(Outcome {
                execution_id: key.execution_id,
                step: key.step,
                attempt: key.attempt,
                kind: OutcomeKind::Released { delay_ms: 0 },
                logs: Vec::new(),
            });
        }
    }
}

/// What is reported in place of an outcome that the database does not take.
fn refused(error: &PortError) -> OutcomeKind {
    OutcomeKind::Failed {
        error: ActionError {
            code: "OUTCOME_REFUSED".to_owned(),
            message: format!("what the step came to cannot be stored ({:?})", error.kind),
            category: ErrorCategory::Validation,
        },
        skip: Vec::new(),
        reason: DEPENDENCY_FAILED.to_owned(),
        container_failed: true,
        restart_after_ms: None,
    }
}
