//! What people do to runs: pausing, resuming, one more attempt, taking a failed run up again.

use std::collections::BTreeSet;
use std::rc::Rc;

use domain::execution::Progress;
use domain::ids::{ExecutionId, UserId};
use domain::instant::Instant;
use domain::vocabulary::ExecutionStatus;
use domain::workflow::resumption::Resumption;
use uuid::Uuid;

use super::changes::{Change, Mutant};
use super::exchange::report_of;
use super::machine::{Machine, Row, Run};
use crate::ports::{Claim, Orchestrate, ReportedFailure, Retry, Step, StepState};

/// What is in the queue of some runs.
pub(super) type Queued = BTreeSet<(ExecutionId, Option<Step>)>;

impl Machine {
    /// Pauses or resumes a run and what is nested in it.
    pub(super) fn turn(
        &mut self,
        id: ExecutionId,
        to: ExecutionStatus,
        by: UserId,
        reason: Option<&str>,
        queued: &Queued,
        now: Instant,
    ) {
        let (from, event) = match to {
            ExecutionStatus::Paused => (ExecutionStatus::Running, "WorkflowExecutionPaused"),
            _ => (ExecutionStatus::Paused, "WorkflowExecutionResumed"),
        };
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        if to == ExecutionStatus::Running && run.execution.status == ExecutionStatus::Pending {
            self.queue_again(id, queued, now);
            return;
        }
        if run.execution.status != from {
            return;
        }
        run.execution.status = to;
        run.execution.revision += 1;
        if to == ExecutionStatus::Running {
            self.queue_again(id, queued, now);
        }
        self.record_turn(id, event, by, reason, now);
        self.end_if_done(id, now);
        let runs = self.runs.values().map(|run| &run.execution);
        let nested = runs.filter(|e| e.parent_execution_id == Some(id));
        for child in nested.map(|e| e.execution_id).collect::<Vec<_>>() {
            self.turn(child, to, by, reason, queued, now);
        }
    }

    /// Puts back into the queue what a paused run lost from it; what waits for a later attempt is
    /// still there.
    fn queue_again(&mut self, id: ExecutionId, queued: &Queued, now: Instant) {
        let Some(run) = self
            .runs
            .get(&id)
            .filter(|_| !self.has(Mutant::ResumeForgets))
        else {
            return;
        };
        let mut hints = Vec::new();
        if run.execution.status == ExecutionStatus::Pending {
            hints.push(None);
        }
        for (step, row) in &run.rows {
            let back = || self.child_result(id, *step).is_some();
            let state = row.run.status;
            if state == StepState::Ready || (state == StepState::Waiting && back()) {
                hints.push(Some(*step));
            }
        }
        for step in hints {
            if !queued.contains(&(id, step)) {
                self.enqueue(id, step, now);
            }
        }
    }

    /// Makes an action ready again; `false` when it moved on meanwhile.
    pub(super) fn retry_by_hand(
        &mut self,
        id: ExecutionId,
        retry: &Retry,
        by: UserId,
        now: Instant,
    ) -> bool {
        let Some(run) = self.runs.get_mut(&id) else {
            return false;
        };
        let wanted = match run.execution.status {
            ExecutionStatus::Failed => StepState::Failed,
            ExecutionStatus::Running => StepState::Ready,
            _ => return false,
        };
        let takes_up = wanted == StepState::Failed;
        let max = run.plan.action(retry.step);
        let max = max.map_or(0, |action| action.retry_policy.max_attempts());
        let row = run.row(retry.step);
        if row.run.status != wanted
            || row.run.attempt != retry.attempt
            || takes_up != retry.resumption.is_some()
        {
            return false;
        }
        row.run.status = StepState::Ready;
        row.run.finished_at = None;
        row.run.due_at = None;
        row.run.lets_others_go_on = false;
        row.container_failed = false;
        row.child = None;
        row.waiting = 0;
        run.execution.revision += 1;
        self.record_retried(id, retry.step, 0, now);
        // After one more failure the policy decides as it did before the last one.
        self.row_mut(id, retry.step, |row| {
            row.run.failures = row.run.failures.min(max);
        });
        self.journal.push(Change::RetriedByHand {
            execution_id: id,
            step: retry.step,
            takes_up,
        });
        if let Some(resumption) = &retry.resumption {
            self.take_up(id, retry.step, resumption, by, now);
        }
        self.enqueue(id, Some(retry.step), now);
        true
    }

    fn take_up(
        &mut self,
        id: ExecutionId,
        target: Step,
        resumption: &Resumption,
        by: UserId,
        now: Instant,
    ) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.set_back(target, resumption, now);
        self.record_turn(id, "WorkflowExecutionResumed", by, None, now);
        self.release(id, resumption.release.clone(), now);
    }

    /// Hands what is ready of some steps to a worker, and skips others; `None` when the run or a
    /// step is under way otherwise.
    pub(super) fn orchestrate(
        &mut self,
        order: &Orchestrate,
        token: Uuid,
        want: u32,
        now: Instant,
    ) -> Option<Vec<Claim>> {
        let id = order.execution_id;
        let run = self.runs.get_mut(&id)?;
        let held = |state| matches!(state, Some(StepState::Executing | StepState::Waiting));
        let busy = order.steps.iter().any(|step| held(run.state(*step)));
        if busy || run.execution.status != ExecutionStatus::Running {
            return None;
        }
        for step in &order.steps {
            run.row(*step).options = Some(order.options.clone());
        }
        self.flag(id, &order.skip, "NOT_SELECTED", now);
        let mut claims = Vec::new();
        for step in &order.steps {
            let state = self.runs.get(&id).and_then(|run| run.state(*step));
            if state == Some(StepState::Ready) && claims.len() < want as usize {
                claims.extend(self.hand_over(id, *step, token, now));
            }
        }
        Some(claims)
    }

    /// Records a failure that somebody reports; `false` when the attempt is not under way.
    pub(super) fn record_reported(&mut self, failure: &ReportedFailure, now: Instant) -> bool {
        let outcome = &failure.outcome;
        let run = self.runs.get(&outcome.execution_id);
        let row = run.and_then(|run| run.rows.get(&outcome.step));
        let holds = row.is_some_and(|row| {
            row.run.status == StepState::Executing
                && row.run.attempt == outcome.attempt
                && failure
                    .lease_token
                    .is_none_or(|token| row.lease == Some(token))
        });
        if holds {
            let lease_token = row.and_then(|row| row.lease).unwrap_or_default();
            self.journal.push(Change::Accepted {
                key: outcome.key(),
                lease_token,
                report: report_of(&outcome.kind, now),
            });
            self.record(outcome, now);
        }
        holds
    }
}

impl Run {
    fn set_back(&mut self, target: Step, resumption: &Resumption, now: Instant) {
        let again: BTreeSet<Step> = resumption.again.iter().copied().collect();
        let plan = Rc::clone(&self.plan);
        let counts_on = self.mutant != Some(Mutant::AttemptsForgotten);
        self.rows.retain(|step, row| {
            let stays = *step == target
                || (!again.contains(step) && row.run.status != StepState::Cancelled);
            if !stays {
                // Attempts count on, since a late reply names them.
                *row = Row::blank(&plan, *step, row.run.attempt);
            }
            stays || (counts_on && row.run.attempt > 0)
        });
        for step in &resumption.release {
            self.row(*step).waiting = 0;
        }
        for (step, count) in &resumption.waiting {
            self.row(*step).waiting = *count;
        }
        // A run that ended has forgotten how far its groups were.
        let groups = self.plan.groups.iter();
        self.cursors = groups.map(|group| group.concurrency as usize).collect();
        for (group, next) in &resumption.cursors {
            self.cursors[*group as usize] = *next as usize;
        }
        let ended = self
            .rows
            .values()
            .filter(|row| row.run.finished_at.is_some());
        self.remaining = self.plan.steps.len() - ended.count();
        let execution = &mut self.execution;
        execution.status = ExecutionStatus::Running;
        execution.completed_at = None;
        execution.outputs = None;
        execution.errors.clear();
        execution.deadline = execution.deadline.filter(|deadline| *deadline > now);
        let total = execution.progress.total_nodes;
        execution.progress = Progress::of(total, 0, 0, 0, ExecutionStatus::Running);
    }
}
