//! Transactions over the runs, as the database has them.
//!
//! A transaction sees what was committed, and what it wrote itself. Before it writes a run it locks
//! the run's row, waiting for whoever holds it, and then reads the row anew; rows of the queue and
//! their runs are taken only when nobody holds them. What it wrote becomes visible at once with the
//! commit. A transaction that is dropped leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::task::{Poll, Waker};

use domain::ids::ExecutionId;
use domain::instant::Instant;
use uuid::Uuid;

use super::changes::{Change, Mutant};
use super::control::Queued;
use super::machine::{LEASE_MS, Machine, Ready, Run};
use super::store::Shared;
use crate::ports::{Claim, Clock, PortError, PortErrorKind, Step, StepState, StoredEvent};

/// An exchange leaves a lease alone that has more than this left.
const FRESH_MS: i64 = 3000;

/// Something only one transaction holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lockable {
    Run(ExecutionId),
    Queued(u64),
    Lease(Uuid),
}

/// Who holds what, and who waits for what.
#[derive(Debug, Default)]
pub(super) struct Locks {
    begun: u64,
    held: BTreeMap<Lockable, u64>,
    waiting: BTreeMap<u64, Lockable>,
    wakers: Vec<Waker>,
}

impl Locks {
    /// Whether waiting for this would wait for oneself, through others.
    fn closes_a_circle(&self, waiter: u64, wanted: Lockable) -> bool {
        let mut wanted = wanted;
        loop {
            match self.held.get(&wanted) {
                Some(holder) if *holder == waiter => return true,
                Some(holder) => match self.waiting.get(holder) {
                    Some(next) => wanted = *next,
                    None => return false,
                },
                None => return false,
            }
        }
    }
}

/// One call of a function of the database.
pub(super) struct Transaction {
    shared: Rc<Shared>,
    number: u64,
    operation: &'static str,
    /// When it began; all it writes bears this instant.
    pub(super) now: Instant,
    /// What it locked, looked at and wrote.
    pub(super) local: Machine,
    /// What it looked at only.
    seen: BTreeSet<ExecutionId>,
    /// Queue rows it deletes.
    taken: BTreeSet<u64>,
    leases: Vec<(Uuid, Option<Instant>)>,
    unqueued: Vec<(ExecutionId, Step)>,
}

impl Transaction {
    pub(super) fn begin(shared: &Rc<Shared>, operation: &'static str) -> Self {
        let machine = shared.machine.borrow();
        let mut locks = shared.locks.borrow_mut();
        locks.begun += 1;
        Self {
            shared: Rc::clone(shared),
            number: locks.begun,
            operation,
            now: shared.clock.instant(),
            local: Machine {
                plans: machine.plans.clone(),
                drawn: Rc::clone(&machine.drawn),
                mutant: machine.mutant,
                ..Machine::default()
            },
            seen: BTreeSet::new(),
            taken: BTreeSet::new(),
            leases: Vec::new(),
            unqueued: Vec::new(),
        }
    }

    /// The end of a statement.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost here.
    pub(super) async fn between(&self) -> Result<(), PortError> {
        let interference = self.shared.interference.borrow().clone();
        match interference {
            Some(interference) if !interference.between().await => Err(self.broken("lost")),
            _ => Ok(()),
        }
    }

    fn broken(&self, why: &str) -> PortError {
        let kind = PortErrorKind::Unavailable { retry_after: None };
        PortError::new(kind, self.operation, why)
    }

    /// Waits until nobody else holds it.
    ///
    /// # Errors
    /// `Unavailable` when transactions would wait for each other in a circle.
    async fn lock(&self, what: Lockable) -> Result<(), PortError> {
        if self.local.has(Mutant::RunNotLocked) && matches!(what, Lockable::Run(_)) {
            return Ok(());
        }
        std::future::poll_fn(|context| {
            if self.try_lock(what) {
                return Poll::Ready(Ok(()));
            }
            let mut locks = self.shared.locks.borrow_mut();
            if locks.closes_a_circle(self.number, what) {
                return Poll::Ready(Err(self.broken("deadlock")));
            }
            locks.waiting.insert(self.number, what);
            locks.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Takes it if nobody else holds it.
    fn try_lock(&self, what: Lockable) -> bool {
        if self.local.has(Mutant::RunNotLocked) && matches!(what, Lockable::Run(_)) {
            return true;
        }
        let mut locks = self.shared.locks.borrow_mut();
        let holder = *locks.held.entry(what).or_insert(self.number);
        locks.waiting.remove(&self.number);
        holder == self.number
    }

    /// Locks a run and reads it; `false` when there is none.
    ///
    /// # Errors
    /// As those of waiting for a lock.
    pub(super) async fn lock_run(&mut self, id: ExecutionId) -> Result<bool, PortError> {
        if self.local.runs.contains_key(&id) && !self.seen.contains(&id) {
            return Ok(true);
        }
        let early = self.committed(id);
        self.lock(Lockable::Run(id)).await?;
        let run = match self.local.has(Mutant::ReadBeforeLock) {
            true => early,
            false => self.committed(id),
        };
        Ok(self.own(id, run))
    }

    fn own(&mut self, id: ExecutionId, run: Option<Run>) -> bool {
        self.seen.remove(&id);
        let found = run.is_some();
        self.local.runs.extend(run.map(|run| (id, run)));
        found
    }

    fn committed(&self, id: ExecutionId) -> Option<Run> {
        self.shared.machine.borrow().runs.get(&id).cloned()
    }

    /// Reads a run without locking it.
    pub(super) fn look(&mut self, id: ExecutionId) {
        if self.local.runs.contains_key(&id) && !self.seen.contains(&id) {
            return;
        }
        if let Some(run) = self.committed(id) {
            self.local.runs.insert(id, run);
            self.seen.insert(id);
        }
    }

    /// Looks at the nested runs that a run waits for.
    pub(super) fn look_below(&mut self, id: ExecutionId) {
        let rows = self.local.runs.get(&id).into_iter();
        let children = rows.flat_map(|run| run.rows.values().filter_map(|row| row.child));
        for child in children.collect::<Vec<_>>() {
            self.look(child);
        }
    }

    /// Prolongs a lease that is not fresh any more, as does every exchange.
    ///
    /// # Errors
    /// As those of waiting for a lock.
    pub(super) async fn renew_lease(&mut self, token: Uuid) -> Result<(), PortError> {
        let expires = self.shared.machine.borrow().leases.get(&token).copied();
        if expires.is_some_and(|expires| expires.millis_since(self.now) > FRESH_MS) {
            return Ok(());
        }
        self.lock(Lockable::Lease(token)).await?;
        let until = self.now.plus_millis(LEASE_MS);
        self.leases.push((token, Some(until)));
        self.local.journal.push(Change::LeaseRenewed {
            lease_token: token,
            until,
        });
        Ok(())
    }

    /// Deletes leases that have run out, except those that somebody renews; answers which.
    pub(super) fn drop_expired_leases(&mut self) -> Vec<Uuid> {
        let machine = Rc::clone(&self.shared);
        let machine = machine.machine.borrow();
        if self.local.has(Mutant::LeaseNeverExpires) {
            return Vec::new();
        }
        let leases = machine.leases.iter();
        let expired = leases.filter(|(_, until)| **until < self.now);
        let expired = expired.filter(|(token, _)| self.try_lock(Lockable::Lease(**token)));
        let expired: Vec<Uuid> = expired.map(|(token, _)| *token).collect();
        self.leases
            .extend(expired.iter().map(|token| (*token, None)));
        expired
    }

    /// Takes the most urgent row from the queue that is due, and that nobody holds, nor its run.
    pub(super) fn take_hint(&mut self) -> Option<(ExecutionId, Option<Step>)> {
        let shared = Rc::clone(&self.shared);
        let machine = shared.machine.borrow();
        let mut due: Vec<&Ready> = machine.ready.iter().chain(&self.local.ready).collect();
        due.retain(|hint| hint.due_at <= self.now && !self.taken.contains(&hint.arrival));
        due.sort_by_key(|hint| hint.place());
        let free = |hint: &&&Ready| {
            let is_run = |id| machine.runs.contains_key(&id) || self.local.runs.contains_key(&id);
            is_run(hint.execution_id)
                && self.is_free(Lockable::Queued(hint.arrival))
                && self.is_free(Lockable::Run(hint.execution_id))
        };
        let hint = due.iter().find(free)?;
        let (id, step, arrival) = (hint.execution_id, hint.step, hint.arrival);
        self.try_lock(Lockable::Queued(arrival));
        self.try_lock(Lockable::Run(id));
        self.taken.insert(arrival);
        if self.seen.contains(&id) || !self.local.runs.contains_key(&id) {
            let run = machine.runs.get(&id).cloned();
            self.own(id, run);
        }
        Some((id, step))
    }

    fn is_free(&self, what: Lockable) -> bool {
        let locks = self.shared.locks.borrow();
        let holder = locks.held.get(&what);
        holder.is_none_or(|holder| *holder == self.number)
    }

    /// Hands out what is due of the runs that this transaction itself stored.
    pub(super) fn take_own(&mut self, token: Uuid, want: u32) -> Vec<Claim> {
        let mut claims = Vec::new();
        while claims.len() < want as usize {
            let own = self.local.ready.iter();
            let own =
                own.filter(|hint| hint.due_at <= self.now && !self.taken.contains(&hint.arrival));
            let Some(hint) = own.min_by_key(|hint| hint.place()) else {
                break;
            };
            let (id, step, arrival) = (hint.execution_id, hint.step, hint.arrival);
            self.taken.insert(arrival);
            claims.extend(self.follow((id, step), token));
        }
        claims
    }

    /// Follows a hint that was taken.
    pub(super) fn follow(
        &mut self,
        (id, step): (ExecutionId, Option<Step>),
        token: Uuid,
    ) -> Option<Claim> {
        if let Some(other) = self.local.looked_at(id, step) {
            self.look(other);
        }
        self.local.take(id, step, token, self.now)
    }

    /// What is queued of some runs, as far as it is not being taken here.
    pub(super) fn queued(&self, ids: &[ExecutionId]) -> Queued {
        let machine = self.shared.machine.borrow();
        let hints = machine.ready.iter().chain(&self.local.ready);
        let hints = hints.filter(|hint| ids.contains(&hint.execution_id));
        let left = hints.filter(|hint| !self.taken.contains(&hint.arrival));
        left.map(|hint| (hint.execution_id, hint.step)).collect()
    }

    /// Deletes a step from the queue.
    pub(super) fn unqueue(&mut self, id: ExecutionId, step: Step) {
        self.unqueued.push((id, step));
    }

    /// Milliseconds until the next row of the queue is due, if there is one.
    pub(super) fn next_due_ms(&self) -> Option<u64> {
        let machine = self.shared.machine.borrow();
        let hints = machine.ready.iter().chain(&self.local.ready);
        let left = hints.filter(|hint| !self.taken.contains(&hint.arrival));
        let soonest = left.map(|hint| hint.due_at).min()?;
        let wait = soonest.millis_since(self.shared.clock.instant());
        Some(u64::try_from(wait).unwrap_or(0))
    }

    /// Runs that this transaction ended.
    pub(super) fn ended(&self) -> impl Iterator<Item = &Run> {
        let machine = self.shared.machine.borrow();
        let was_over = |id: &ExecutionId| {
            let run = machine.runs.get(id);
            run.is_some_and(|run| run.execution.status.is_finished())
        };
        let own = self.local.runs.iter().filter(|(id, run)| {
            run.execution.status.is_finished() && !self.seen.contains(id) && !was_over(id)
        });
        own.map(|(_, run)| run).collect::<Vec<_>>().into_iter()
    }

    /// Makes all visible that was written.
    pub(super) fn commit(mut self) {
        let mut machine = self.shared.machine.borrow_mut();
        let mut changes = std::mem::take(&mut self.local.journal);
        for (id, run) in std::mem::take(&mut self.local.runs) {
            if self.seen.contains(&id) {
                continue;
            }
            differences(machine.runs.get(&id), &run, &mut changes);
            machine.runs.insert(id, run);
        }
        let unqueued = |hint: &Ready| {
            let of = |(id, step): &(ExecutionId, Step)| {
                (*id, Some(*step)) == (hint.execution_id, hint.step)
            };
            self.taken.contains(&hint.arrival) || self.unqueued.iter().any(of)
        };
        machine.ready.retain(|hint| !unqueued(hint));
        let own = std::mem::take(&mut self.local.ready).into_iter();
        machine
            .ready
            .extend(own.filter(|hint| !self.taken.contains(&hint.arrival)));
        for (token, until) in self.leases.drain(..) {
            match until {
                Some(until) => machine.leases.insert(token, until),
                None => machine.leases.remove(&token),
            };
        }
        drop(machine);
        if let Some(interference) = self.shared.interference.borrow().clone() {
            interference.committed(self.shared.clock.instant(), changes);
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let mut locks = self.shared.locks.borrow_mut();
        locks.held.retain(|_, holder| *holder != self.number);
        locks.waiting.remove(&self.number);
        std::mem::take(&mut locks.wakers)
            .into_iter()
            .for_each(Waker::wake);
    }
}

/// How the rows of a run differ from what was committed before.
fn differences(before: Option<&Run>, after: &Run, changes: &mut Vec<Change>) {
    let e = &after.execution;
    let execution_id = e.execution_id;
    let from = before.map(|run| run.execution.status);
    if from != Some(e.status) {
        changes.push(Change::Run {
            execution_id,
            version_id: e.version_id,
            parent: e.parent_execution_id,
            from,
            to: e.status,
        });
    }
    let old = |step| before.and_then(|run| run.rows.get(&step));
    for (step, row) in &after.rows {
        let from = old(*step).map_or(StepState::Pending, |row| row.run.status);
        let to = row.run.status;
        let attempt = old(*step).map_or(0, |row| row.run.attempt);
        if from != to || attempt != row.run.attempt {
            changes.push(Change::Step {
                execution_id,
                step: *step,
                from,
                to,
            });
        }
    }
    for (step, row) in before.iter().flat_map(|run| &run.rows) {
        if !after.rows.contains_key(step) {
            changes.push(Change::Step {
                execution_id,
                step: *step,
                from: row.run.status,
                to: StepState::Pending,
            });
        }
    }
    let known = before.map_or(&[][..], |run| &run.stream);
    let new = |event: &&StoredEvent| known.iter().all(|old| old.event_id != event.event_id);
    for event in after.stream.iter().filter(new) {
        changes.push(Change::Event {
            execution_id,
            version: event.aggregate_version,
            event_type: event.event_type.clone(),
        });
    }
}
