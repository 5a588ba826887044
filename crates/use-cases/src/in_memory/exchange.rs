//! What workers tell the machine, and what it hands them.

use std::collections::BTreeSet;

use domain::ids::{ExecutionId, UserId};
use domain::instant::Instant;
use domain::vocabulary::{ErrorCategory, ExecutionStatus};
use uuid::Uuid;

use super::machine::{LEASE_MS, Machine, Origin, Row};
use crate::ports::{
    ActionError, Exchange, ExecutionError, FinishedExecution, NewExecution, Outcome, OutcomeKind,
    Step, StepState, StoredLogLine, Worker,
};

impl Machine {
    /// Renews the lease, records outcomes whose lease holds, and hands out what is due.
    pub(super) fn exchange(
        &mut self,
        worker: &Worker,
        outcomes: &[Outcome],
        want: u32,
        now: Instant,
    ) -> Exchange {
        self.leases
            .insert(worker.lease_token, now.plus_millis(LEASE_MS));
        let before = self.finished();
        let mut exchange = Exchange::default();
        for outcome in outcomes {
            if self.holds(worker.lease_token, outcome) {
                self.record(outcome, now);
            } else {
                exchange.refused.push(outcome.key());
            }
        }
        if let Some(held) = &worker.held {
            let lost = self.leased(|token| token == worker.lease_token);
            let lost = lost.into_iter().filter(|(id, step, attempt)| {
                let known = |key: &&crate::ports::ClaimKey| {
                    (key.execution_id, key.step, key.attempt) == (*id, *step, *attempt)
                };
                held.iter().find(known).is_none()
            });
            for (id, step, _) in lost.collect::<Vec<_>>() {
                self.give_back(id, step, now);
            }
        }
        exchange.claims = self.claim(worker.lease_token, want, now);
        exchange.finished = self.ended_since(&before);
        if exchange.claims.len() < want as usize {
            let waiting = self.ready.iter().filter(|ready| !self.rests(ready));
            let waiting = waiting.map(|ready| ready.due_at.millis_since(now));
            exchange.next_due_ms = waiting.min().map(|ms| u64::try_from(ms).unwrap_or(0));
        }
        exchange
    }

    /// Takes steps back from workers that fell silent, and ends runs whose deadline has passed.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.leases.retain(|_, expires| *expires > now);
        let live: Vec<Uuid> = self.leases.keys().copied().collect();
        for (id, step, _) in self.leased(|token| !live.contains(&token)) {
            // So a step that kills its workers comes to an end.
            self.row_mut(id, step, |row| row.run.failures += 1);
            self.give_back(id, step, now);
        }
        let late = self.runs.values().map(|run| &run.execution);
        let late = late.filter(|e| !e.status.is_finished() && e.deadline.is_some_and(|d| d <= now));
        for id in late.map(|e| e.execution_id).collect::<Vec<_>>() {
            let error = ExecutionError {
                node_id: None,
                action_id: None,
                code: "EXECUTION_TIMEOUT".to_owned(),
                message: "The deadline has passed".to_owned(),
                category: Some(ErrorCategory::Timeout),
            };
            self.stop(id, ExecutionStatus::Failed, Some(error), now);
        }
    }

    /// Ends a run and everything nested in it.
    pub(super) fn cancel(
        &mut self,
        id: ExecutionId,
        by: UserId,
        reason: Option<&str>,
        now: Instant,
    ) {
        self.record_cancel(id, Some(by), reason, now);
        self.stop(id, ExecutionStatus::Cancelled, None, now);
    }

    fn stop(
        &mut self,
        id: ExecutionId,
        status: ExecutionStatus,
        error: Option<ExecutionError>,
        now: Instant,
    ) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        if run.execution.status.is_finished() {
            return;
        }
        run.execution.errors.extend(error);
        for row in run
            .rows
            .values_mut()
            .filter(|row| row.run.finished_at.is_none())
        {
            row.run.status = StepState::Cancelled;
            row.run.finished_at = Some(now);
            row.lease = None;
        }
        self.end(id, status, now);
        let nested = self.runs.values().map(|run| &run.execution);
        let nested =
            nested.filter(|e| e.parent_execution_id == Some(id) && !e.status.is_finished());
        for child in nested.map(|e| e.execution_id).collect::<Vec<_>>() {
            self.record_cancel(child, None, None, now);
            self.stop(child, ExecutionStatus::Cancelled, None, now);
        }
    }

    fn holds(&self, token: Uuid, outcome: &Outcome) -> bool {
        let row = self
            .runs
            .get(&outcome.execution_id)
            .and_then(|run| run.rows.get(&outcome.step));
        row.is_some_and(|row| {
            row.run.status == StepState::Executing
                && row.lease == Some(token)
                && row.run.attempt == outcome.attempt
        })
    }

    pub(super) fn record(&mut self, outcome: &Outcome, now: Instant) {
        let (id, step) = (outcome.execution_id, outcome.step);
        self.log(outcome, now);
        match &outcome.kind {
            OutcomeKind::Completed { output } => {
                self.row_mut(id, step, |row| {
                    row.run.output = Some(output.clone());
                    row.run.error = None;
                });
                self.record_completed(id, step, now);
                self.end_action(id, step, StepState::Completed, now);
            }
            OutcomeKind::Retry { error, delay_ms } => self.retry(id, step, error, *delay_ms, now),
            OutcomeKind::Failed {
                error,
                skip,
                reason,
                container_failed,
                restart_after_ms,
            } => {
                if let Some(pause_ms) = restart_after_ms {
                    self.restart_later(id, step, *pause_ms, now);
                }
                self.row_mut(id, step, |row| {
                    row.container_failed = *container_failed;
                    row.run.lets_others_go_on = !container_failed;
                });
                self.fail(id, step, error, now);
                self.flag(id, skip, reason, now);
                self.end_action(id, step, StepState::Failed, now);
            }
            OutcomeKind::Skipped { reason } => {
                self.row_mut(id, step, |row| row.run.skip_reason = Some(reason.clone()));
                self.end_action(id, step, StepState::Skipped, now);
            }
            OutcomeKind::Child { child } => self.nest(id, step, child, now),
            OutcomeKind::Released { delay_ms } => {
                let delay = i64::try_from(*delay_ms).unwrap_or(i64::MAX);
                self.give_back(id, step, now.plus_millis(delay));
            }
        }
    }

    /// Notes on the start of a step's container that it is tried again.
    fn restart_later(&mut self, id: ExecutionId, step: Step, pause_ms: u64, now: Instant) {
        let due_at = now.plus_millis(i64::try_from(pause_ms).unwrap_or(i64::MAX));
        if let Some(run) = self.runs.get_mut(&id)
            && let Some(first) = run.plan.container_of(step).map(|of| of.first)
        {
            run.row(first).restart_at = Some(due_at);
        }
    }

    fn end_action(&mut self, id: ExecutionId, step: Step, state: StepState, now: Instant) {
        if let Some(run) = self.runs.get_mut(&id) {
            let released = run.end_step(step, state, now);
            self.release(id, released, now);
        }
    }

    fn retry(
        &mut self,
        id: ExecutionId,
        step: Step,
        error: &ActionError,
        delay: u64,
        now: Instant,
    ) {
        let due_at = now.plus_millis(i64::try_from(delay).unwrap_or(i64::MAX));
        self.row_mut(id, step, |row| {
            row.run.failures += 1;
            row.run.error = Some(error.clone());
            row.run.status = StepState::Ready;
            row.run.due_at = Some(due_at);
            row.lease = None;
            row.child = None;
        });
        self.record_failed(id, step, true, now);
        self.record_retried(id, step, delay, now);
        self.enqueue(id, Some(step), due_at);
    }

    fn fail(&mut self, id: ExecutionId, step: Step, error: &ActionError, now: Instant) {
        self.row_mut(id, step, |row| {
            row.run.failures += 1;
            row.run.error = Some(error.clone());
        });
        if let Some(run) = self.runs.get_mut(&id) {
            let (node_id, action_id) = run.place(step);
            run.execution.errors.push(ExecutionError {
                node_id,
                action_id,
                code: error.code.clone(),
                message: error.message.clone(),
                category: None,
            });
        }
        self.record_failed(id, step, false, now);
    }

    /// Writes the reason on steps that have not started; those already waiting for a worker end now.
    pub(super) fn flag(&mut self, id: ExecutionId, steps: &[Step], reason: &str, now: Instant) {
        for step in steps {
            let Some(run) = self.runs.get_mut(&id) else {
                return;
            };
            let row = run.row(*step);
            if row.run.started_at.is_some() || row.run.finished_at.is_some() {
                continue;
            }
            row.run.skip_reason = Some(reason.to_owned());
            if row.run.status == StepState::Ready {
                self.ready
                    .retain(|r| (r.execution_id, r.step) != (id, Some(*step)));
                self.end_action(id, *step, StepState::Skipped, now);
            }
        }
    }

    fn nest(&mut self, id: ExecutionId, step: Step, child: &NewExecution, now: Instant) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        let parent = &run.execution;
        let origin = Origin {
            organization_id: parent.organization_id,
            started_by: parent.started_by,
            parent: Some((id, step)),
            depth: parent.depth + 1,
            traceparent: run.traceparent.clone(),
        };
        let row = run.row(step);
        row.run.status = StepState::Waiting;
        row.lease = None;
        row.child = Some(child.execution_id);
        self.start(child.clone(), origin, now);
        self.record_level(id, child.execution_id, true, now);
    }

    fn give_back(&mut self, id: ExecutionId, step: Step, due_at: Instant) {
        self.row_mut(id, step, |row| {
            row.run.status = StepState::Ready;
            row.lease = None;
        });
        self.enqueue(id, Some(step), due_at);
    }

    fn log(&mut self, outcome: &Outcome, now: Instant) {
        let Some(run) = self.runs.get_mut(&outcome.execution_id) else {
            return;
        };
        let (node_id, action_id) = run.place(outcome.step);
        run.logs
            .extend(outcome.logs.iter().map(|line| StoredLogLine {
                at: now,
                level: line.level,
                node_id,
                action_id,
                message: line.message.clone(),
            }));
    }

    pub(super) fn row_mut(&mut self, id: ExecutionId, step: Step, change: impl FnOnce(&mut Row)) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.execution.revision += 1;
            change(run.row(step));
        }
    }

    fn leased(&self, of: impl Fn(Uuid) -> bool) -> Vec<(ExecutionId, Step, u32)> {
        let rows = self
            .runs
            .iter()
            .flat_map(|(id, run)| run.rows.values().map(move |r| (id, r)));
        rows.filter(|(_, row)| row.run.status == StepState::Executing && row.lease.is_some_and(&of))
            .map(|(id, row)| (*id, row.run.step, row.run.attempt))
            .collect()
    }

    fn finished(&self) -> BTreeSet<ExecutionId> {
        let runs = self.runs.values().map(|run| &run.execution);
        let ended = runs.filter(|execution| execution.status.is_finished());
        ended.map(|execution| execution.execution_id).collect()
    }

    fn ended_since(&self, before: &BTreeSet<ExecutionId>) -> Vec<FinishedExecution> {
        let ended = self
            .finished()
            .into_iter()
            .filter(|id| !before.contains(id));
        ended
            .filter_map(|execution_id| {
                let status = self.runs.get(&execution_id)?.execution.status;
                Some(FinishedExecution {
                    execution_id,
                    status,
                })
            })
            .collect()
    }
}
