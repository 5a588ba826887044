//! What workers tell the machine, and how runs are ended from outside.

use std::collections::BTreeSet;

use domain::ids::{ExecutionId, UserId};
use domain::instant::Instant;
use domain::vocabulary::{ErrorCategory, ExecutionStatus};
use uuid::Uuid;

use super::changes::{Change, Mutant, Report};
use super::machine::{Machine, Origin, Row, Run};
use crate::ports::{
    ActionError, ClaimKey, ExecutionError, NewExecution, Outcome, OutcomeKind, Step, StepState,
    StoredLogLine,
};

impl Machine {
    /// The runs in which steps are held under some leases, in the order in which they are locked.
    pub(super) fn runs_leased(&self, of: impl Fn(Uuid) -> bool) -> Vec<ExecutionId> {
        let holds = |run: &&Run| run.rows.values().any(|row| row.held_by(&of));
        let runs = self.runs.values().filter(holds);
        runs.map(|run| run.execution.execution_id).collect()
    }

    /// Takes back what is held of a run under some leases, except what is known to be held.
    pub(super) fn return_steps(
        &mut self,
        id: ExecutionId,
        of: impl Fn(Uuid) -> bool,
        held: &[ClaimKey],
        lost: bool,
        now: Instant,
    ) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let rows = run.rows.values().filter(|row| row.held_by(&of));
        let keys = rows.filter_map(|row| Some((run.key(row.run.step), row.lease?)));
        let keys = keys.filter(|(key, _)| !held.contains(key));
        for (key, lease_token) in keys.collect::<Vec<_>>() {
            if lost {
                // So a step that kills its workers comes to an end.
                self.count_failure(id, key.step);
            }
            self.give_back(id, key.step, now);
            self.journal.push(Change::Returned {
                key,
                lease_token,
                lost,
            });
        }
    }

    /// Records outcomes of one run whose lease holds; answers the others.
    pub(super) fn report(
        &mut self,
        token: Uuid,
        outcomes: &[&Outcome],
        now: Instant,
    ) -> Vec<ClaimKey> {
        let mut refused = Vec::new();
        for outcome in outcomes {
            if self.holds(token, outcome) {
                self.journal.push(Change::Accepted {
                    key: outcome.key(),
                    lease_token: token,
                    report: report_of(&outcome.kind, now),
                });
                self.record(outcome, now);
            } else {
                refused.push(outcome.key());
            }
        }
        refused
    }

    /// The runs whose deadline has passed.
    pub(super) fn late(&self, now: Instant) -> Vec<ExecutionId> {
        let runs = self.runs.values().map(|run| &run.execution);
        let late = runs.filter(|e| !e.status.is_finished() && e.deadline.is_some_and(|d| d <= now));
        late.map(|e| e.execution_id).collect()
    }

    /// A run and all that are nested in it and have not ended, in the order in which they are
    /// locked.
    pub(super) fn tree(&self, root: ExecutionId) -> Vec<ExecutionId> {
        let mut tree = BTreeSet::from([root]);
        loop {
            let runs = self.runs.values().map(|run| &run.execution);
            let below = runs.filter(|e| {
                let parent = e.parent_execution_id;
                !e.status.is_finished() && parent.is_some_and(|parent| tree.contains(&parent))
            });
            let below: Vec<ExecutionId> = below.map(|e| e.execution_id).collect();
            let before = tree.len();
            tree.extend(below);
            if tree.len() == before {
                return tree.into_iter().collect();
            }
        }
    }

    /// Fails a run whose deadline has passed, and cancels what is nested in it.
    pub(super) fn expire(&mut self, id: ExecutionId, now: Instant) {
        let error = ExecutionError {
            node_id: None,
            action_id: None,
            code: "EXECUTION_TIMEOUT".to_owned(),
            message: "The deadline has passed".to_owned(),
            category: Some(ErrorCategory::Timeout),
        };
        self.stop(id, ExecutionStatus::Failed, Some(error), now);
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
        let unended = run.rows.values_mut();
        for row in unended.filter(|row| row.run.finished_at.is_none()) {
            row.run.status = StepState::Cancelled;
            row.run.finished_at = Some(now);
            row.lease = None;
        }
        self.end(id, status, now);
        let nested = self.runs.values().map(|run| &run.execution);
        let nested =
            nested.filter(|e| e.parent_execution_id == Some(id) && !e.status.is_finished());
        let nested = nested.filter(|_| !self.has(Mutant::NestedRunsOn));
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
        let again = self.has(Mutant::OutcomeAppliedTwice);
        row.is_some_and(|row| {
            let fenced = !self.has(Mutant::NotFenced);
            let mine = row.lease == Some(token) || !fenced;
            let any = self.has(Mutant::AttemptNotFenced) || !fenced;
            let same = row.run.attempt == outcome.attempt || any;
            let twice = again && same && row.run.status == StepState::Completed;
            row.run.status == StepState::Executing && mine && same || twice
        })
    }

    fn count_failure(&mut self, id: ExecutionId, step: Step) {
        let counts = u32::from(!self.has(Mutant::FailuresForgotten));
        self.row_mut(id, step, |row| row.run.failures += counts);
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
        let delay = if self.has(Mutant::BackoffForgotten) {
            0
        } else {
            delay
        };
        let due_at = now.plus_millis(i64::try_from(delay).unwrap_or(i64::MAX));
        self.count_failure(id, step);
        self.row_mut(id, step, |row| {
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
        self.count_failure(id, step);
        self.row_mut(id, step, |row| row.run.error = Some(error.clone()));
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
        if self.has(Mutant::NestedNotAwaited) {
            self.enqueue(id, Some(step), now.plus_millis(500));
        }
    }

    fn give_back(&mut self, id: ExecutionId, step: Step, due_at: Instant) {
        self.row_mut(id, step, |row| {
            row.run.status = StepState::Ready;
            row.lease = None;
        });
        if !self.has(Mutant::WakeUpLost) {
            self.enqueue(id, Some(step), due_at);
        }
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
}

impl Run {
    fn key(&self, step: Step) -> ClaimKey {
        ClaimKey {
            execution_id: self.execution.execution_id,
            step,
            attempt: self.rows.get(&step).map_or(0, |row| row.run.attempt),
        }
    }
}

impl Row {
    /// Whether it is under way under one of some leases.
    fn held_by(&self, of: &impl Fn(Uuid) -> bool) -> bool {
        self.run.status == StepState::Executing && self.lease.is_some_and(of)
    }
}

pub(super) fn report_of(kind: &OutcomeKind, now: Instant) -> Report {
    let due_at = |ms: u64| now.plus_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    match kind {
        OutcomeKind::Completed { .. } => Report::Completed,
        OutcomeKind::Retry { delay_ms, .. } => Report::Retry(due_at(*delay_ms)),
        OutcomeKind::Failed { .. } => Report::Failed,
        OutcomeKind::Skipped { .. } => Report::Skipped,
        OutcomeKind::Child { child } => Report::Child(child.execution_id),
        OutcomeKind::Released { delay_ms } => Report::Released(due_at(*delay_ms)),
    }
}
