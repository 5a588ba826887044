//! The runs, driven by the machine beside this file.

use std::rc::Rc;

use domain::function_model::Act;
use domain::ids::{ExecutionId, ModelId, VersionId};
use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use serde_json::json;

use super::machine::{LEASE_MS, Origin};
use super::page::page;
use super::store::Shared;
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, ActionRun, Claim, Clock, Control, Exchange, Execution, LogFilter, NewExecution,
    Orchestrate, Outcome, Page, PageRequest, PortError, PortErrorKind, PublishedVersion,
    ReportedFailure, Retry, Started, StartedExecution, StoredEvent, StoredLogLine, Worker, Written,
};

/// A twin of the stored runs and of the functions that drive them.
#[derive(Debug)]
pub struct Executions(pub(super) Rc<Shared>);

impl Executions {
    /// Does what the database does every two seconds: takes work back from workers whose lease has
    /// run out, and ends runs whose deadline has passed.
    pub fn sweep(&self) {
        let now = self.0.clock.instant();
        self.0.machine.borrow_mut().sweep(now);
    }

    fn shown<T>(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        look: impl FnOnce(&super::machine::Run) -> T,
    ) -> Option<T> {
        let machine = self.0.machine.borrow();
        let run = machine.runs.get(&execution_id)?;
        let store = self.0.store.borrow();
        let visible = context.actor.service || store.shows(context, run.execution.model_id);
        visible.then(|| look(run))
    }
}

impl ports::Executions for Executions {
    async fn start(
        &self,
        context: &Context,
        executions: &[NewExecution],
        answer: Option<StoredAnswer>,
        worker: Option<&Worker>,
        want: u32,
    ) -> Result<Written<Started>, PortError> {
        const OPERATION: &str = "executions.start";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        let mut machine = self.0.machine.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let mut started = Started::default();
        for new in executions {
            let missing = || PortError::new(PortErrorKind::NotFound, OPERATION, "");
            if !store.shows(context, new.model_id) {
                return Err(missing());
            }
            let model = store.models.get(&new.model_id).ok_or_else(missing)?;
            let origin = Origin {
                organization_id: model.organization_id,
                started_by: context.actor.user_id,
                parent: None,
                depth: 0,
                traceparent: context.traceparent.clone(),
            };
            if !machine.start(new.clone(), origin, now) {
                return Err(missing());
            }
        }
        if let Some(worker) = worker {
            let expires = now.plus_millis(LEASE_MS);
            machine.leases.insert(worker.lease_token, expires);
            started.claims = machine.claim(worker.lease_token, want, now);
        }
        let begun = executions
            .iter()
            .filter_map(|new| machine.runs.get(&new.execution_id));
        started.executions = begun
            .map(|run| StartedExecution {
                execution_id: run.execution.execution_id,
                status: run.execution.status,
                created_at: run.execution.created_at,
            })
            .collect();
        store.keep(context, answer);
        Ok(Written::Done(started))
    }

    async fn exchange(
        &self,
        worker: &Worker,
        outcomes: &[Outcome],
        want: u32,
    ) -> Result<Exchange, PortError> {
        self.0.faults.check("executions.exchange")?;
        let now = self.0.clock.instant();
        let mut machine = self.0.machine.borrow_mut();
        let exchange = machine.exchange(worker, outcomes, want, now);
        self.0.faults.check("executions.exchange.reply")?;
        Ok(exchange)
    }

    async fn plan(&self, version_id: VersionId) -> Result<Option<Rc<Plan>>, PortError> {
        self.0.faults.check("executions.plan")?;
        let machine = self.0.machine.borrow();
        Ok(machine
            .plans
            .get(&version_id)
            .map(|(_, plan)| Rc::clone(plan)))
    }

    async fn find_published_version(
        &self,
        actor: &Actor,
        model_id: ModelId,
    ) -> Result<Option<PublishedVersion>, PortError> {
        self.0.faults.check("executions.find_published_version")?;
        let context = Context::new(actor.clone(), "");
        let store = self.0.store.borrow();
        let model = store.models.get(&model_id);
        let Some(model) = model.filter(|_| store.shows(&context, model_id)) else {
            return Ok(None);
        };
        let version = store.published(model_id);
        Ok(version.map(|version| PublishedVersion {
            version_id: version.version_id,
            model_id,
            version_number: version.version_number.clone(),
            organization_id: model.organization_id,
            model_status: model.status,
            deleted: model.deletion.is_some(),
            may_execute: store.allows(&context, model, Act::Execute),
        }))
    }

    async fn find(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Option<Execution>, PortError> {
        self.0.faults.check("executions.find")?;
        Ok(self.shown(context, execution_id, |run| run.execution.clone()))
    }

    async fn list(
        &self,
        context: &Context,
        model_id: ModelId,
        status: Option<ExecutionStatus>,
        request: &PageRequest,
    ) -> Result<Page<Execution>, PortError> {
        self.0.faults.check("executions.list")?;
        let machine = self.0.machine.borrow();
        let store = self.0.store.borrow();
        let mut all: Vec<Execution> = machine
            .runs
            .values()
            .map(|run| &run.execution)
            .filter(|e| e.model_id == model_id && store.shows(context, model_id))
            .filter(|e| status.is_none_or(|status| e.status == status))
            .cloned()
            .collect();
        all.sort_by_key(|e| std::cmp::Reverse((e.created_at, e.execution_id)));
        Ok(page(all, |e| json!(e.execution_id), request))
    }

    async fn runs(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Vec<ActionRun>, PortError> {
        self.0.faults.check("executions.runs")?;
        let runs = self.shown(context, execution_id, |run| {
            run.rows.values().map(|row| row.run.clone()).collect()
        });
        Ok(runs.unwrap_or_default())
    }

    async fn logs(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        filter: &LogFilter,
        request: &PageRequest,
    ) -> Result<Page<StoredLogLine>, PortError> {
        self.0.faults.check("executions.logs")?;
        let lines = self.shown(context, execution_id, |run| run.logs.clone());
        let numbered = lines.unwrap_or_default().into_iter().enumerate();
        let wanted = numbered
            .filter(|(_, line)| filter.level.is_none_or(|level| line.level >= level))
            .filter(|(_, line)| filter.since.is_none_or(|since| line.at >= since))
            .collect();
        Ok(page(wanted, |(number, _)| json!(number), request).map(|(_, line)| line))
    }

    async fn events(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        self.0.faults.check("executions.events")?;
        let events = self.shown(context, execution_id, |run| {
            let later = run
                .stream
                .iter()
                .filter(|e| e.aggregate_version > after_version);
            later.take(limit as usize).cloned().collect()
        });
        Ok(events.unwrap_or_default())
    }

    async fn control(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        control: Control,
        reason: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<ExecutionStatus>, PortError> {
        let (operation, wanted, next) = match control {
            Control::Cancel => ("executions.cancel", None, ExecutionStatus::Cancelled),
            Control::Pause => {
                let running = Some(ExecutionStatus::Running);
                ("executions.pause", running, ExecutionStatus::Paused)
            }
            Control::Resume => {
                let paused = Some(ExecutionStatus::Paused);
                ("executions.resume", paused, ExecutionStatus::Running)
            }
        };
        self.0.faults.check(operation)?;
        let now = self.0.clock.instant();
        if let Some(answer) = self.0.store.borrow().replay(context, operation)? {
            return Ok(Written::Replayed(answer));
        }
        let status = self.shown(context, execution_id, |run| run.execution.status);
        let kind = match status {
            None => PortErrorKind::NotFound,
            Some(status) if wanted.is_none() && status.is_finished() => PortErrorKind::Finished,
            Some(status) if wanted.is_some_and(|wanted| wanted != status) => {
                PortErrorKind::OtherStatus
            }
            Some(_) => {
                let by = context.actor.user_id;
                let mut machine = self.0.machine.borrow_mut();
                if control == Control::Cancel {
                    machine.cancel(execution_id, by, reason, now);
                } else {
                    machine.turn(execution_id, next, by, reason, now);
                }
                self.0.store.borrow_mut().keep(context, answer);
                return Ok(Written::Done(next));
            }
        };
        Err(PortError::new(kind, operation, ""))
    }

    async fn retry(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        retry: &Retry,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "executions.retry";
        self.0.faults.check(OPERATION)?;
        if let Some(answer) = self.0.store.borrow().replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let now = self.0.clock.instant();
        let visible = self.shown(context, execution_id, |_| ()).is_some();
        let by = context.actor.user_id;
        let mut machine = self.0.machine.borrow_mut();
        let kind = match visible {
            false => PortErrorKind::NotFound,
            true if machine.retry_by_hand(execution_id, retry, by, now) => {
                self.0.store.borrow_mut().keep(context, answer);
                return Ok(Written::Done(()));
            }
            true => PortErrorKind::OtherStatus,
        };
        Err(PortError::new(kind, OPERATION, ""))
    }

    async fn nested(
        &self,
        context: &Context,
        execution_ids: &[ExecutionId],
    ) -> Result<Vec<Execution>, PortError> {
        self.0.faults.check("executions.nested")?;
        let machine = self.0.machine.borrow();
        let store = self.0.store.borrow();
        let runs = machine.runs.values().map(|run| &run.execution);
        let nested = runs.filter(|run| {
            let parent = run.parent_execution_id;
            let visible = context.actor.service || store.shows(context, run.model_id);
            visible && parent.is_some_and(|parent| execution_ids.contains(&parent))
        });
        Ok(nested.cloned().collect())
    }

    async fn orchestrate(
        &self,
        _context: &Context,
        order: &Orchestrate,
        worker: &Worker,
        want: u32,
    ) -> Result<Vec<Claim>, PortError> {
        const OPERATION: &str = "executions.orchestrate";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut machine = self.0.machine.borrow_mut();
        let claims = machine.orchestrate(order, worker.lease_token, want, now);
        claims.ok_or_else(|| PortError::new(PortErrorKind::OtherStatus, OPERATION, ""))
    }

    async fn record_failure(
        &self,
        context: &Context,
        failure: &ReportedFailure,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "executions.record_failure";
        self.0.faults.check(OPERATION)?;
        if let Some(answer) = self.0.store.borrow().replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let now = self.0.clock.instant();
        let mut machine = self.0.machine.borrow_mut();
        if !context.actor.service || !machine.record_reported(failure, now) {
            let kind = PortErrorKind::OtherStatus;
            return Err(PortError::new(kind, OPERATION, ""));
        }
        self.0.store.borrow_mut().keep(context, answer);
        Ok(Written::Done(()))
    }
}
