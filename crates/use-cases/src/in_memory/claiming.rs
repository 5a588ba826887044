//! How steps that wait come into the hands of workers.

use std::rc::Rc;

use domain::ids::ExecutionId;
use domain::instant::Instant;
use domain::workflow::plan::StepKind;
use uuid::Uuid;

use super::machine::{Machine, Ready, Run};
use crate::ports::{ChildResult, Claim, Step, StepResult, StepState, StepStatus};

impl Machine {
    /// Leases due steps to a worker: the most urgent first, then the oldest.
    pub(super) fn claim(&mut self, token: Uuid, want: u32, now: Instant) -> Vec<Claim> {
        self.sort_ready();
        let mut claims = Vec::new();
        while claims.len() < want as usize {
            let due = |ready: &Ready| ready.due_at <= now && !self.rests(ready);
            let Some(place) = self.ready.iter().position(due) else {
                break;
            };
            let Ready {
                execution_id, step, ..
            } = self.ready.remove(place);
            match step {
                Some(step) if self.opens(execution_id, step) => {
                    self.release(execution_id, vec![step], now);
                    self.sort_ready();
                }
                Some(step) => claims.extend(self.hand_over(execution_id, step, token, now)),
                None => {
                    self.begin(execution_id, now);
                    self.sort_ready();
                }
            }
        }
        claims
    }

    /// Whether the step is the start of a container that is tried again.
    fn opens(&self, id: ExecutionId, step: Step) -> bool {
        let run = self.runs.get(&id);
        run.is_some_and(|run| run.plan.steps[step as usize].kind == StepKind::Open)
    }

    fn sort_ready(&mut self) {
        self.ready
            .sort_by_key(|r| (std::cmp::Reverse(r.priority), r.due_at, r.arrival));
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

    fn child_result(&self, id: ExecutionId, step: Step) -> Option<ChildResult> {
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
