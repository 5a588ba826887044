//! The runs, driven by the machine beside this file, one transaction for each call that writes.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::function_model::Act;
use domain::ids::{ExecutionId, ModelId, VersionId};
use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use serde_json::json;
use uuid::Uuid;

use super::changes::{Change, Mutant};
use super::machine::Origin;
use super::page::page;
use super::store::Shared;
use super::transaction::Transaction;
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, ActionRun, Claim, ClaimKey, Clock, Control, Exchange, Execution, FinishedExecution,
    LogFilter, NewExecution, Orchestrate, Outcome, Page, PageRequest, PortError, PortErrorKind,
    PublishedVersion, ReportedFailure, Retry, Started, StartedExecution, StoredEvent,
    StoredLogLine, Worker, Written,
};

/// A twin of the stored runs and of the functions that drive them.
#[derive(Debug)]
pub struct Executions(pub(super) Rc<Shared>);

impl Executions {
    /// Does what the database does every two seconds: takes work back from workers whose lease has
    /// run out, and ends runs whose deadline has passed.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost, or transactions wait for each other in a circle.
    pub async fn sweep(&self) -> Result<(), PortError> {
        let mut transaction = self.begin("executions.sweep");
        let mut expired = transaction.drop_expired_leases();
        transaction.between().await?;
        if transaction.local.has(Mutant::LivingWorkersSwept) {
            expired.extend(self.0.machine.borrow().leases.keys());
        }
        // A lease may have been deleted before a slow exchange committed steps under it.
        let missed = transaction.local.has(Mutant::LeaselessStepsMissed)
            || transaction.local.has(Mutant::LeaseNeverExpires);
        let shared = Rc::clone(&self.0);
        let lost = |token| {
            let leaseless = || !shared.machine.borrow().leases.contains_key(&token);
            expired.contains(&token) || (!missed && leaseless())
        };
        self.return_steps(&mut transaction, lost, &[], true).await?;
        let late = self.0.machine.borrow().late(transaction.now);
        for root in late {
            self.lock_tree(&mut transaction, root).await?;
            transaction.local.expire(root, transaction.now);
        }
        transaction.between().await?;
        transaction.commit();
        Ok(())
    }

    /// Whether a row of the queue is due, for which a worker is woken.
    pub fn work_is_due(&self) -> bool {
        let machine = self.0.machine.borrow();
        let now = self.0.clock.instant();
        machine.ready.iter().any(|hint| hint.due_at <= now)
    }

    fn begin(&self, operation: &'static str) -> Transaction {
        Transaction::begin(&self.0, operation)
    }

    async fn return_steps(
        &self,
        transaction: &mut Transaction,
        of: impl Fn(Uuid) -> bool,
        held: &[ClaimKey],
        lost: bool,
    ) -> Result<(), PortError> {
        let runs = self.0.machine.borrow().runs_leased(&of);
        for id in runs {
            transaction.lock_run(id).await?;
            let now = transaction.now;
            transaction.local.return_steps(id, &of, held, lost, now);
        }
        transaction.between().await
    }

    /// Takes back what a worker was handed in a reply that it does not know of.
    async fn take_unnamed(
        &self,
        transaction: &mut Transaction,
        token: Uuid,
        held: Vec<ClaimKey>,
    ) -> Result<(), PortError> {
        if !transaction.local.has(Mutant::LostReplyKept) {
            let own = |other| other == token;
            self.return_steps(transaction, own, &held, false).await?;
        }
        transaction.local.journal.push(Change::Named {
            lease_token: token,
            held,
            at: transaction.now,
        });
        Ok(())
    }

    /// Locks a run and all that are nested in it, also those that appeared meanwhile.
    async fn lock_tree(
        &self,
        transaction: &mut Transaction,
        root: ExecutionId,
    ) -> Result<Vec<ExecutionId>, PortError> {
        let mut locked = Vec::new();
        loop {
            let tree = self.0.machine.borrow().tree(root);
            if tree.iter().all(|id| locked.contains(id)) {
                return Ok(tree);
            }
            for id in &tree {
                transaction.lock_run(*id).await?;
            }
            locked = tree;
            transaction.between().await?;
        }
    }

    /// Hands out what is due, until the worker has enough.
    async fn claim(
        &self,
        transaction: &mut Transaction,
        token: Uuid,
        want: u32,
    ) -> Result<Vec<Claim>, PortError> {
        let mut claims = Vec::new();
        while claims.len() < want as usize {
            let Some(hint) = transaction.take_hint() else {
                break;
            };
            transaction.between().await?;
            claims.extend(transaction.follow(hint, token));
        }
        Ok(claims)
    }

    /// Loses an acknowledged exchange, where that was planted.
    async fn loses(&self, transaction: &Transaction) -> bool {
        transaction.local.has(Mutant::AcknowledgedBeforeCommit)
            && transaction.between().await.is_err()
    }

    /// Stores a run that somebody starts; `None` when the model or its plan is missing or hidden.
    fn insert(
        &self,
        transaction: &mut Transaction,
        context: &Context,
        new: &NewExecution,
    ) -> Option<()> {
        let store = self.0.store.borrow();
        let model = store.models.get(&new.model_id)?;
        let origin = Origin {
            organization_id: model.organization_id,
            started_by: context.actor.user_id,
            parent: None,
            depth: 0,
            traceparent: context.traceparent.clone(),
        };
        let now = transaction.now;
        let shown = store.shows(context, new.model_id);
        (shown && transaction.local.start(new.clone(), origin, now)).then_some(())
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
        let mut transaction = self.begin(OPERATION);
        if let Some(answer) = self.0.store.borrow().replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        for new in executions {
            if transaction.lock_run(new.execution_id).await? {
                return Err(PortError::new(PortErrorKind::IdTaken, OPERATION, ""));
            }
            self.insert(&mut transaction, context, new)
                .ok_or_else(|| PortError::new(PortErrorKind::NotFound, OPERATION, ""))?;
        }
        transaction.between().await?;
        let mut started = Started::default();
        if let Some(worker) = worker {
            let token = worker.lease_token;
            transaction.renew_lease(token).await?;
            if let Some(held) = &worker.held {
                self.take_unnamed(&mut transaction, token, held.clone())
                    .await?;
            }
            started.claims = transaction.take_own(token, want);
        }
        transaction.between().await?;
        let begun = executions
            .iter()
            .filter_map(|new| transaction.local.runs.get(&new.execution_id));
        started.executions = begun
            .map(|run| StartedExecution {
                execution_id: run.execution.execution_id,
                status: run.execution.status,
                created_at: run.execution.created_at,
            })
            .collect();
        transaction.commit();
        self.0.store.borrow_mut().keep(context, answer);
        Ok(Written::Done(started))
    }

    async fn exchange(
        &self,
        worker: &Worker,
        outcomes: &[Outcome],
        want: u32,
    ) -> Result<Exchange, PortError> {
        self.0.faults.check("executions.exchange")?;
        let mut transaction = self.begin("executions.exchange");
        let token = worker.lease_token;
        transaction.renew_lease(token).await?;
        transaction.between().await?;
        if let Some(held) = &worker.held {
            let reported = outcomes.iter().map(Outcome::key);
            let known = held.iter().cloned().chain(reported).collect();
            self.take_unnamed(&mut transaction, token, known).await?;
        }
        let mut exchange = Exchange::default();
        let mut by_run: BTreeMap<ExecutionId, Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes {
            by_run
                .entry(outcome.execution_id)
                .or_default()
                .push(outcome);
        }
        for (id, outcomes) in by_run {
            transaction.lock_run(id).await?;
            let now = transaction.now;
            let refused = transaction.local.report(token, &outcomes, now);
            exchange.refused.extend(refused);
            transaction.between().await?;
        }
        exchange.claims = self.claim(&mut transaction, token, want).await?;
        let ended = transaction.ended().map(|run| FinishedExecution {
            execution_id: run.execution.execution_id,
            status: run.execution.status,
        });
        exchange.finished = ended.collect();
        if exchange.claims.len() < want as usize {
            exchange.next_due_ms = transaction.next_due_ms();
        }
        if self.loses(&transaction).await {
            return Ok(exchange);
        }
        transaction.between().await?;
        transaction.commit();
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
        if let Some(answer) = self.0.store.borrow().replay(context, operation)? {
            return Ok(Written::Replayed(answer));
        }
        if self.shown(context, execution_id, |_| ()).is_none() {
            return Err(PortError::new(PortErrorKind::NotFound, operation, ""));
        }
        let mut transaction = self.begin(operation);
        transaction.lock_run(execution_id).await?;
        let run = transaction.local.runs.get(&execution_id);
        let status = run.map(|run| run.execution.status);
        let kind = match status {
            None => PortErrorKind::NotFound,
            Some(status) if wanted.is_none() && status.is_finished() => PortErrorKind::Finished,
            Some(status) if wanted.is_some_and(|wanted| wanted != status) => {
                PortErrorKind::OtherStatus
            }
            Some(_) => {
                let (by, now) = (context.actor.user_id, transaction.now);
                let tree = self.lock_tree(&mut transaction, execution_id).await?;
                if control == Control::Cancel {
                    transaction.local.cancel(execution_id, by, reason, now);
                } else {
                    tree.iter().for_each(|id| transaction.look_below(*id));
                    let queued = transaction.queued(&tree);
                    let local = &mut transaction.local;
                    local.turn(execution_id, next, by, reason, &queued, now);
                }
                transaction.between().await?;
                transaction.commit();
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
        let visible = self.shown(context, execution_id, |_| ()).is_some();
        let mut transaction = self.begin(OPERATION);
        transaction.lock_run(execution_id).await?;
        transaction.unqueue(execution_id, retry.step);
        let (by, now) = (context.actor.user_id, transaction.now);
        let local = &mut transaction.local;
        let kind = match visible {
            false => PortErrorKind::NotFound,
            true if local.retry_by_hand(execution_id, retry, by, now) => {
                transaction.between().await?;
                transaction.commit();
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
        let token = worker.lease_token;
        let mut transaction = self.begin(OPERATION);
        transaction.lock_run(order.execution_id).await?;
        order
            .steps
            .iter()
            .for_each(|step| transaction.unqueue(order.execution_id, *step));
        let now = transaction.now;
        let claims = transaction.local.orchestrate(order, token, want, now);
        let claims =
            claims.ok_or_else(|| PortError::new(PortErrorKind::OtherStatus, OPERATION, ""))?;
        transaction.renew_lease(token).await?;
        transaction.commit();
        Ok(claims)
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
        let mut transaction = self.begin(OPERATION);
        transaction.lock_run(failure.outcome.execution_id).await?;
        let now = transaction.now;
        if !context.actor.service || !transaction.local.record_reported(failure, now) {
            let kind = PortErrorKind::OtherStatus;
            return Err(PortError::new(kind, OPERATION, ""));
        }
        transaction.commit();
        self.0.store.borrow_mut().keep(context, answer);
        Ok(Written::Done(()))
    }
}
