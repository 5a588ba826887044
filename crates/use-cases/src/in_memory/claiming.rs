//! How steps that wait come into the hands of workers.

use std::rc::Rc;

use domain::ids::ExecutionId;
use domain::instant::Instant;
use domain::vocabulary::{ExecutionStatus, JobPriority};
use domain::workflow::plan::StepKind;
use uuid::Uuid;

use super::changes::{Change, Mutant};
use super::machine::{Machine, Ready, Run};
use crate::ports::{ChildResult, Claim, ClaimKey, Step, StepResult, StepState, StepStatus};

impl Machine {
    /// Follows a hint of the queue in a locked run: hands a step that still is ready to a worker,
    /// or begins the run.
    pub(super) fn take(
        &mut self,
        id: ExecutionId,
        step: Option<Step>,
        token: Uuid,
        now: Instant,
    ) -> Option<Claim> {
        let status = self.runs.get(&id)?.execution.status;
        // What a paused run loses here it gets back when it is resumed.
        let rests = status == ExecutionStatus::Paused && !self.has(Mutant::PausedHandedOut);
        let over = status.is_finished() && !self.has(Mutant::CancelledHandedOut);
        if rests || over {
            return None;
        }
        match step {
            None if status == ExecutionStatus::Pending && !self.rests_above(id) => {
                self.begin(id, now);
                None
            }
            None => None,
            Some(step) if self.is_takeable(id, step) => {
                if self.opens(id, step) {
                    self.release(id, vec![step], now);
                    return None;
                }
                self.hand_over(id, step, token, now)
            }
            Some(_) => None,
        }
    }

    /// Whether a step still waits for a worker, or for a nested run that has ended.
    fn is_takeable(&self, id: ExecutionId, step: Step) -> bool {
        let state = self.runs.get(&id).and_then(|run| run.state(step));
        match state {
            Some(StepState::Ready) => true,
            Some(StepState::Waiting) => {
                self.child_result(id, step).is_some() || self.has(Mutant::NestedNotAwaited)
            }
            Some(StepState::Cancelled) => self.has(Mutant::CancelledHandedOut),
            _ => self.has(Mutant::HintBelieved),
        }
    }

    /// Whether the run above is paused.
    fn rests_above(&self, id: ExecutionId) -> bool {
        let parent = self
            .runs
            .get(&id)
            .and_then(|run| run.execution.parent_execution_id);
        let parent = parent.and_then(|parent| self.runs.get(&parent));
        parent.is_some_and(|run| run.execution.status == ExecutionStatus::Paused)
    }

    /// The runs whose rows are looked at when a hint is followed, besides the run itself.
    pub(super) fn looked_at(&self, id: ExecutionId, step: Option<Step>) -> Option<ExecutionId> {
        let run = self.runs.get(&id)?;
        match step {
            None => run.execution.parent_execution_id,
            Some(step) => run.rows.get(&step)?.child,
        }
    }

    /// Whether the step is the start of a container that is tried again.
    fn opens(&self, id: ExecutionId, step: Step) -> bool {
        let run = self.runs.get(&id);
        run.is_some_and(|run| run.plan.steps[step as usize].kind == StepKind::Open)
    }

    pub(super) fn hand_over(
        &mut self,
        id: ExecutionId,
        step: Step,
        token: Uuid,
        now: Instant,
    ) -> Option<Claim> {
        let child = self.child_result(id, step);
        let run = self.runs.get_mut(&id)?;
        let row = run.row(step);
        row.run.status = StepState::Executing;
        row.run.attempt += 1;
        if child.is_none() {
            row.run.started_at = Some(now);
        }
        row.lease = Some(token);
        let (attempt, failures) = (row.run.attempt, row.run.failures);
        let options = row.options.clone();
        run.execution.revision += 1;
        self.journal.push(Change::HandedOut {
            key: ClaimKey {
                execution_id: id,
                step,
                attempt,
            },
            failures,
            lease_token: token,
        });
        match &child {
            None => self.record_started(id, step, now),
            Some(child) => self.record_level(id, child.execution_id, false, now),
        }
        let run = self.runs.get(&id)?;
        let e = &run.execution;
        Some(Claim {
            execution_id: id,
            step,
            attempt,
            failures,
            model_id: e.model_id,
            version_id: e.version_id,
            version_number: e.version_number.clone(),
            started_by: e.started_by,
            organization_id: e.organization_id,
            environment: e.environment,
            parameters: e.parameters.clone(),
            session_id: e.session_id.clone(),
            depth: e.depth,
            max_depth: e.max_depth,
            approved_actions: e.approved_actions.clone(),
            deadline: e.deadline,
            container_elapsed_ms: run.container_elapsed_ms(step, now),
            recovery: run.recovery,
            container_restarts: run.restarts(step),
            traceparent: run.traceparent.clone(),
            results: run.results_before(step),
            child,
            options,
        })
    }

    pub(super) fn child_result(&self, id: ExecutionId, step: Step) -> Option<ChildResult> {
        let child = self.runs.get(&id)?.rows.get(&step)?.child?;
        let execution = &self.runs.get(&child)?.execution;
        execution.status.is_finished().then(|| ChildResult {
            execution_id: child,
            status: execution.status,
            outputs: execution.outputs.clone().unwrap_or_default(),
            errors: execution.errors.clone(),
        })
    }
}

impl Ready {
    /// The place in the queue: the most urgent first, then the longest due.
    pub(super) fn place(&self) -> (std::cmp::Reverse<JobPriority>, Instant, u64) {
        (std::cmp::Reverse(self.priority), self.due_at, self.arrival)
    }
}

impl Run {
    fn restarts(&self, step: Step) -> u32 {
        let opened = self.plan.container_of(step);
        let opened = opened.and_then(|container| self.rows.get(&container.first));
        opened.map_or(0, |row| row.restarts)
    }

    fn container_elapsed_ms(&self, step: Step, now: Instant) -> Option<u64> {
        let container = self.plan.container_of(step)?;
        container.timeout_ms?;
        let begun = self.rows.get(&container.first)?.run.started_at?;
        u64::try_from(now.millis_since(begun)).ok()
    }

    /// How the action steps below a number ended.
    fn results_before(&self, step: Step) -> Vec<StepResult> {
        let plan = Rc::clone(&self.plan);
        let earlier = self.rows.range(..step).map(|(_, row)| &row.run);
        let actions = earlier.filter(|run| plan.steps[run.step as usize].kind == StepKind::Action);
        actions
            .filter_map(|run| {
                let status = match run.status {
                    StepState::Completed => StepStatus::Completed,
                    StepState::Failed => StepStatus::Failed,
                    StepState::Skipped => StepStatus::Skipped,
                    _ => return None,
                };
                Some(StepResult {
                    step: run.step,
                    status,
                    output: run.output.clone(),
                })
            })
            .collect()
    }
}
