//! How runs proceed: the rules the database's functions keep, written to be read.
//!
//! A plan is a graph of steps. A step is *released* when nothing it depends on is left: actions then
//! wait in `ready` for a worker, all other kinds pass at once. Whatever way a step ends, it counts
//! its successors down. A step that carries a reason to be skipped ends the moment it is released.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use domain::execution::Progress;
use domain::ids::{ExecutionId, OrganizationId, UserId, VersionId};
use domain::instant::Instant;
use domain::vocabulary::{ExecutionStatus, JobPriority};
use domain::workflow::plan::{Plan, StepKind};
use domain::workflow::recovery::RecoveryPolicy;
use serde_json::Map;
use uuid::Uuid;

use super::changes::{Change, Mutant};
use crate::ports::{
    ActionRun, Execution, NewExecution, Step, StepOptions, StepState, StoredEvent, StoredLogLine,
};

/// How long a lease lasts after the last exchange.
pub(super) const LEASE_MS: i64 = 4000;

/// All runs, and what waits for a worker; or as much of that as one transaction has read and written.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) runs: BTreeMap<ExecutionId, Run>,
    /// Hints: the step's own row says whether it still is ready.
    pub(super) ready: Vec<Ready>,
    pub(super) leases: BTreeMap<Uuid, Instant>,
    pub(super) plans: BTreeMap<VersionId, (String, Rc<Plan>)>,
    /// Numbers that rise, and that no rollback gives back.
    pub(super) drawn: Rc<Cell<u64>>,
    /// What a transaction did besides the rows it leaves.
    pub(super) journal: Vec<Change>,
    pub(super) mutant: Option<Mutant>,
}

/// One run with its steps.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) execution: Execution,
    pub(super) plan: Rc<Plan>,
    /// The trace that the start belongs to.
    pub(super) traceparent: Option<String>,
    pub(super) recovery: Option<RecoveryPolicy>,
    pub(super) remaining: usize,
    pub(super) rows: BTreeMap<Step, Row>,
    /// Per parallel group the place of the next member to release.
    pub(super) cursors: Vec<usize>,
    pub(super) mutant: Option<Mutant>,
    pub(super) stream: Vec<StoredEvent>,
    pub(super) logs: Vec<StoredLogLine>,
}

/// A step about which something is known.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) run: ActionRun,
    /// How many of its predecessors have not ended.
    pub(super) waiting: u32,
    pub(super) lease: Option<Uuid>,
    /// Of a failed action: the container fails with it.
    pub(super) container_failed: bool,
    /// Of the start of a container: when it is tried again once it has ended, and how often it was.
    pub(super) restart_at: Option<Instant>,
    pub(super) restarts: u32,
    /// The nested run whose end brings this step back.
    pub(super) child: Option<ExecutionId>,
    /// What holds for it instead of the plan.
    pub(super) options: Option<StepOptions>,
}

/// A step that waits for a worker, or a whole run that has not begun.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) due_at: Instant,
    pub(super) priority: JobPriority,
    pub(super) arrival: u64,
    pub(super) execution_id: ExecutionId,
    pub(super) step: Option<Step>,
}

/// What a start knows besides the request.
pub(super) struct Origin {
    pub(super) organization_id: Option<OrganizationId>,
    pub(super) started_by: UserId,
    pub(super) parent: Option<(ExecutionId, Step)>,
    pub(super) depth: u32,
    pub(super) traceparent: Option<String>,
}

impl Machine {
    /// A number that rises with every use.
    pub(super) fn draw(&mut self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }

    /// Whether this fault was planted.
    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Stores a run that a worker is going to begin; `false` when there is no plan.
    pub(super) fn start(&mut self, new: NewExecution, origin: Origin, now: Instant) -> bool {
        let Some((version_number, plan)) = self.plans.get(&new.version_id).cloned() else {
            return false;
        };
        let id = new.execution_id;
        let due_at = new.start_at.unwrap_or(now);
        let groups = plan.groups.iter();
        let run = Run {
            remaining: plan.steps.len(),
            rows: BTreeMap::new(),
            cursors: groups.map(|group| group.concurrency as usize).collect(),
            stream: Vec::new(),
            logs: Vec::new(),
            traceparent: origin.traceparent.clone(),
            recovery: new.recovery,
            mutant: self.mutant,
            execution: execution(new, origin, version_number, &plan, now),
            plan,
        };
        self.runs.insert(id, run);
        self.enqueue(id, None, due_at);
        true
    }

    /// Begins a run: releases the steps that depend on nothing.
    pub(super) fn begin(&mut self, id: ExecutionId, now: Instant) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        if run.execution.status != ExecutionStatus::Pending {
            return;
        }
        run.execution.status = ExecutionStatus::Running;
        run.execution.started_at = Some(now);
        let roots = run.plan.steps.iter().filter(|step| step.indegree == 0);
        let roots: Vec<Step> = roots.map(|step| step.step).collect();
        self.record_start(id, now);
        self.release(id, roots, now);
    }

    /// Passes everything that has nothing left to wait for, and ends the run when nothing is left.
    pub(super) fn release(&mut self, id: ExecutionId, steps: Vec<Step>, now: Instant) {
        let mut open = VecDeque::from(steps);
        while let Some(step) = open.pop_front() {
            let Some(run) = self.runs.get_mut(&id) else {
                return;
            };
            let kind = run.plan.steps[step as usize].kind;
            let row = run.row(step);
            if row.run.finished_at.is_some() {
                // The run was taken up again before it: it only lets through.
                open.extend(run.pass_on(step));
            } else if row.run.skip_reason.is_some() {
                open.extend(run.end_step(step, StepState::Skipped, now));
            } else if kind == StepKind::Action {
                row.run.status = StepState::Ready;
                self.enqueue(id, Some(step), now);
            } else if let Some((first, due_at)) = run.take_restart(step) {
                self.journal.push(Change::ContainerRestarted {
                    execution_id: id,
                    first,
                    last: step,
                });
                self.enqueue(id, Some(first), due_at);
            } else {
                let row = run.row(step);
                row.run.started_at = Some(now);
                self.record_passage(id, step, kind, now);
                if let Some(run) = self.runs.get_mut(&id) {
                    open.extend(run.end_step(step, StepState::Completed, now));
                }
            }
        }
        self.end_if_done(id, now);
    }

    /// Puts a step where workers look.
    pub(super) fn enqueue(&mut self, id: ExecutionId, step: Option<Step>, due_at: Instant) {
        let arrival = self.draw();
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        self.ready.push(Ready {
            due_at,
            priority: run.execution.priority,
            arrival,
            execution_id: id,
            step,
        });
    }

    pub(super) fn end_if_done(&mut self, id: ExecutionId, now: Instant) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.execution.progress = run.progress();
        if run.remaining > 0 || run.execution.status != ExecutionStatus::Running {
            return;
        }
        let failed = run.rows.values().any(|row| row.container_failed);
        let status = match failed {
            true => ExecutionStatus::Failed,
            false => ExecutionStatus::Completed,
        };
        self.end(id, status, now);
    }

    /// Ends a run, and brings back the step that waited for it: only into the queue, since the run
    /// above is not locked. Its own claim is going to see this run's end.
    pub(super) fn end(&mut self, id: ExecutionId, status: ExecutionStatus, now: Instant) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.execution.status = status;
        run.execution.completed_at = Some(now);
        run.execution.outputs = Some(run.outputs());
        run.execution.progress = run.progress();
        let execution = &run.execution;
        let parent = execution.parent_execution_id.zip(execution.parent_step);
        self.record_end(id, now);
        if let Some((parent, step)) = parent
            && !self.has(Mutant::NestedEndUnannounced)
        {
            let arrival = self.draw();
            self.ready.push(Ready {
                due_at: now,
                priority: JobPriority::Normal,
                arrival,
                execution_id: parent,
                step: Some(step),
            });
        }
    }
}

impl Run {
    /// The row of a step, made when it is first needed.
    pub(super) fn row(&mut self, step: Step) -> &mut Row {
        let plan = &self.plan;
        self.rows
            .entry(step)
            .or_insert_with(|| Row::blank(plan, step, 0))
    }

    /// Ends a step and answers which steps have nothing left to wait for.
    pub(super) fn end_step(&mut self, step: Step, status: StepState, now: Instant) -> Vec<Step> {
        let row = self.row(step);
        row.run.status = status;
        row.run.finished_at = Some(now);
        row.lease = None;
        self.remaining = self.remaining.saturating_sub(1);
        self.execution.revision += 1;
        self.pass_on(step)
    }

    /// Counts down what comes after a step.
    fn pass_on(&mut self, step: Step) -> Vec<Step> {
        let plan = Rc::clone(&self.plan);
        let spec = &plan.steps[step as usize];
        let mut released = Vec::new();
        let by = 1 + u32::from(self.mutant == Some(Mutant::JoinCountsTwice));
        let freed = 1 + usize::from(self.mutant == Some(Mutant::GroupLimitIgnored));
        for successor in &spec.successors {
            let row = self.row(*successor);
            row.waiting = row.waiting.saturating_sub(by);
            if row.waiting == 0 {
                released.push(*successor);
            }
        }
        if let Some(group) = spec.group {
            let cursor = &mut self.cursors[group as usize];
            let next = plan.groups[group as usize].members.iter().skip(*cursor);
            let before = released.len();
            released.extend(next.take(freed));
            *cursor += (released.len() - before).max(1);
        }
        released
    }

    /// Instead of ending, a container that is to be tried again is set back to its start; answers
    /// that and when it is due.
    fn take_restart(&mut self, close: Step) -> Option<(Step, Instant)> {
        let plan = Rc::clone(&self.plan);
        let container = plan.container_of(close).filter(|of| of.last == close)?;
        let due_at = self.rows.get_mut(&container.first)?.restart_at.take()?;
        for (step, row) in self.rows.range_mut(container.first..=close) {
            self.remaining += usize::from(row.run.finished_at.is_some());
            *row = Row {
                restarts: row.restarts + u32::from(*step == container.first),
                options: row.options.clone(),
                ..Row::blank(&plan, *step, row.run.attempt)
            };
        }
        for (cursor, group) in self.cursors.iter_mut().zip(&plan.groups) {
            let within = |step: &Step| (container.first..=close).contains(step);
            if group.members.iter().any(within) {
                *cursor = group.concurrency as usize;
            }
        }
        let node_id = Some(container.node_id);
        self.execution
            .errors
            .retain(|error| error.node_id != node_id);
        self.row(container.first).run.status = StepState::Ready;
        Some((container.first, due_at))
    }

    /// The merged outputs of the steps that make the result.
    fn outputs(&self) -> Map<String, serde_json::Value> {
        let mut outputs = Map::new();
        for step in &self.plan.outputs {
            let name = self
                .plan
                .action(*step)
                .map_or("", |action| action.name.as_str());
            let row = self.rows.get(step).map(|row| &row.run);
            match row.and_then(|run| run.output.clone()) {
                Some(serde_json::Value::Object(fields)) => outputs.extend(fields),
                Some(value) => {
                    outputs.insert(name.to_owned(), value);
                }
                None => {}
            }
        }
        outputs
    }

    /// How a step stands, if anything is known about it.
    pub(super) fn state(&self, step: Step) -> Option<StepState> {
        self.rows.get(&step).map(|row| row.run.status)
    }

    /// How far the run is, by how its containers ended.
    fn progress(&self) -> Progress {
        let (mut completed, mut failed, mut skipped) = (0, 0, 0);
        for container in &self.plan.containers {
            let last = self.rows.get(&container.last);
            let mut steps = container.first..=container.last;
            let broken = |step| self.rows.get(&step).is_some_and(|row| row.container_failed);
            if last.is_none_or(|row| row.run.finished_at.is_none()) {
                continue;
            } else if self.state(container.first) == Some(StepState::Skipped) {
                skipped += 1;
            } else if steps.any(broken) {
                failed += 1;
            } else {
                completed += 1;
            }
        }
        let total = self.execution.progress.total_nodes;
        let status = self.execution.status;
        Progress::of(total, completed, failed, skipped, status).at_least(self.execution.progress)
    }
}

impl Row {
    /// A step that nothing has happened to but being handed out some times.
    pub(super) fn blank(plan: &Plan, step: Step, attempt: u32) -> Self {
        Self {
            run: ActionRun {
                attempt,
                ..blank(step)
            },
            waiting: plan.steps[step as usize].indegree,
            lease: None,
            container_failed: false,
            restart_at: None,
            restarts: 0,
            child: None,
            options: None,
        }
    }
}

/// A step that nothing has happened to.
fn blank(step: Step) -> ActionRun {
    ActionRun {
        step,
        status: StepState::Pending,
        attempt: 0,
        failures: 0,
        lets_others_go_on: false,
        skip_reason: None,
        output: None,
        error: None,
        due_at: None,
        started_at: None,
        finished_at: None,
    }
}

fn execution(
    new: NewExecution,
    origin: Origin,
    version_number: String,
    plan: &Plan,
    now: Instant,
) -> Execution {
    let deadline = new.deadline(now);
    let (parent_execution_id, parent_step) = origin.parent.unzip();
    let total = u32::try_from(plan.containers.len()).unwrap_or(u32::MAX);
    Execution {
        execution_id: new.execution_id,
        model_id: new.model_id,
        version_id: new.version_id,
        version_number,
        organization_id: origin.organization_id,
        status: ExecutionStatus::Pending,
        environment: new.environment,
        parameters: new.parameters,
        session_id: new.session_id,
        mode: new.mode,
        priority: new.priority,
        max_depth: new.max_depth,
        approved_actions: new.approved_actions,
        start_at: new.start_at,
        deadline,
        progress: Progress::of(total, 0, 0, 0, ExecutionStatus::Pending),
        outputs: None,
        errors: Vec::new(),
        parent_execution_id,
        parent_step,
        schedule_id: None,
        scheduled_for: None,
        depth: origin.depth,
        started_by: origin.started_by,
        created_at: now,
        started_at: None,
        completed_at: None,
        revision: 1,
    }
}
