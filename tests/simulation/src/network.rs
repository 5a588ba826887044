//! The way to the database: requests and replies that are late, lost or repeated.

use std::rc::Rc;

use domain::ids::{ExecutionId, ModelId, VersionId};
use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::in_memory::World;
use use_cases::ports::{
    self, ActionRun, Claim, Clock, Control, Exchange, Execution, LogFilter, NewExecution,
    Orchestrate, Outcome, Page, PageRequest, PortError, PortErrorKind, Ports, PublishedVersion,
    ReportedFailure, Retry, Started, StoredEvent, StoredLogLine, Worker, Written,
};
use uuid::Uuid;

use crate::history::What;
use crate::stage::{OUTSIDE, Stage, attempt};

/// The runs, as one process reaches them.
pub(crate) struct Line {
    pub(crate) stage: Rc<Stage>,
    /// The lease of the process, when it is a worker.
    pub(crate) worker: Option<Uuid>,
}

type Answer<T> = Result<T, PortError>;

impl Line {
    fn runs(&self) -> &<World as Ports>::Executions {
        self.stage.world.executions()
    }

    /// Has the database do something, over a network that may lose or repeat it.
    async fn call<T: 'static>(
        &self,
        operation: &'static str,
        request: impl Fn(Rc<Stage>) -> LocalBoxFuture<'static, Answer<T>> + 'static,
    ) -> Answer<T> {
        let answer = self.carry(operation, Rc::new(request)).await;
        let lost = answer.as_ref().is_err_and(PortError::is_temporary);
        if let Some(worker) = self.worker.filter(|_| lost) {
            self.stage.note(What::ReplyLost { worker });
        }
        answer
    }

    async fn carry<T: 'static>(
        &self,
        operation: &'static str,
        request: Rc<impl Fn(Rc<Stage>) -> LocalBoxFuture<'static, Answer<T>> + 'static>,
    ) -> Answer<T> {
        let stage = &self.stage;
        let dead = || {
            let kind = PortErrorKind::Unavailable { retry_after: None };
            PortError::new(kind, operation, "the line is dead")
        };
        stage.pause(0, 10).await;
        if stage.strikes(|weather| weather.message_lost) {
            stage.pause(10, 3000).await;
            return Err(dead());
        }
        let (tell, told) = oneshot::channel();
        let (far, first) = (Rc::clone(stage), Rc::clone(&request));
        // The database works on, whatever becomes of the caller.
        stage.executor.spawn(OUTSIDE, async move {
            // The caller may have gone.
            let _ = tell.send(first(far).await);
        });
        if stage.strikes(|weather| weather.request_repeated) {
            let (far, again, worker) = (Rc::clone(stage), request, self.worker);
            stage.executor.spawn(OUTSIDE, async move {
                far.pause(0, 5000).await;
                if let Some(worker) = worker {
                    far.note(What::RequestRepeated { worker });
                }
                // Nobody waits for this reply.
                let _ = again(far).await;
            });
        }
        let limit = stage.world.clock().sleep(8_000);
        let answer = match select(told, Box::pin(limit)).await {
            Either::Left((Ok(answer), _)) => answer,
            Either::Left((Err(_), _)) | Either::Right(_) => return Err(dead()),
        };
        stage.pause(0, 10).await;
        match stage.strikes(|weather| weather.message_lost) {
            true => Err(dead()),
            false => answer,
        }
    }

    /// Reads something, which at worst fails.
    async fn read<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        self.stage.pause(0, 10).await;
        if self.stage.strikes(|weather| weather.message_lost) {
            let kind = PortErrorKind::Unavailable { retry_after: None };
            return Err(PortError::new(kind, operation, "the line is dead"));
        }
        request.await
    }
}

impl ports::Executions for Line {
    async fn start(
        &self,
        context: &Context,
        executions: &[NewExecution],
        answer: Option<StoredAnswer>,
        worker: Option<&Worker>,
        want: u32,
    ) -> Answer<Written<Started>> {
        let (context, executions) = (context.clone(), executions.to_vec());
        let worker = worker.cloned();
        let started = self.call("executions.start", move |stage| {
            let (context, executions) = (context.clone(), executions.clone());
            let (answer, worker) = (answer.clone(), worker.clone());
            async move {
                let runs = stage.world.executions();
                let worker = worker.as_ref();
                runs.start(&context, &executions, answer, worker, want)
                    .await
            }
            .boxed_local()
        });
        let started = started.await?;
        if let Written::Done(started) = &started {
            for run in &started.executions {
                let run = run.execution_id.as_uuid();
                self.stage.note(What::StartAcknowledged { run });
            }
        }
        Ok(started)
    }

    async fn exchange(&self, worker: &Worker, outcomes: &[Outcome], want: u32) -> Answer<Exchange> {
        let (named, reported) = (worker.clone(), outcomes.to_vec());
        let exchange = self.call("executions.exchange", move |stage| {
            let (worker, outcomes) = (named.clone(), reported.clone());
            async move {
                let runs = stage.world.executions();
                runs.exchange(&worker, &outcomes, want).await
            }
            .boxed_local()
        });
        let exchange = exchange.await?;
        for outcome in outcomes {
            let (attempt, worker) = (attempt(&outcome.key()), worker.lease_token);
            self.stage
                .note(match exchange.refused.contains(&outcome.key()) {
                    true => What::Refused { attempt, worker },
                    false => What::Acknowledged { attempt, worker },
                });
        }
        Ok(exchange)
    }

    async fn plan(&self, version_id: VersionId) -> Answer<Option<Rc<Plan>>> {
        let plan = self.runs().plan(version_id);
        self.read("executions.plan", plan).await
    }

    async fn find_published_version(
        &self,
        actor: &Actor,
        model_id: ModelId,
    ) -> Answer<Option<PublishedVersion>> {
        let found = self.runs().find_published_version(actor, model_id);
        self.read("executions.find_published_version", found).await
    }

    async fn find(&self, context: &Context, id: ExecutionId) -> Answer<Option<Execution>> {
        let found = self.runs().find(context, id);
        self.read("executions.find", found).await
    }

    async fn list(
        &self,
        context: &Context,
        model_id: ModelId,
        status: Option<ExecutionStatus>,
        page: &PageRequest,
    ) -> Answer<Page<Execution>> {
        self.runs().list(context, model_id, status, page).await
    }

    async fn runs(&self, context: &Context, id: ExecutionId) -> Answer<Vec<ActionRun>> {
        let runs = self.runs().runs(context, id);
        self.read("executions.runs", runs).await
    }

    async fn logs(
        &self,
        context: &Context,
        id: ExecutionId,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> Answer<Page<StoredLogLine>> {
        self.runs().logs(context, id, filter, page).await
    }

    async fn events(
        &self,
        context: &Context,
        id: ExecutionId,
        after_version: i64,
        limit: u32,
    ) -> Answer<Vec<StoredEvent>> {
        self.runs().events(context, id, after_version, limit).await
    }

    async fn control(
        &self,
        context: &Context,
        id: ExecutionId,
        control: Control,
        reason: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Answer<Written<ExecutionStatus>> {
        let (context, reason) = (context.clone(), reason.map(str::to_owned));
        let turned = self.call("executions.control", move |stage| {
            let (context, reason, answer) = (context.clone(), reason.clone(), answer.clone());
            async move {
                let runs = stage.world.executions();
                runs.control(&context, id, control, reason.as_deref(), answer)
                    .await
            }
            .boxed_local()
        });
        let turned = turned.await?;
        if control == Control::Cancel {
            let run = id.as_uuid();
            self.stage.note(What::CancelAcknowledged { run });
        }
        Ok(turned)
    }

    async fn retry(
        &self,
        context: &Context,
        id: ExecutionId,
        retry: &Retry,
        answer: Option<StoredAnswer>,
    ) -> Answer<Written<()>> {
        let (context, retry) = (context.clone(), retry.clone());
        let retried = self.call("executions.retry", move |stage| {
            let (context, retry, answer) = (context.clone(), retry.clone(), answer.clone());
            async move {
                let runs = stage.world.executions();
                runs.retry(&context, id, &retry, answer).await
            }
            .boxed_local()
        });
        retried.await
    }

    async fn nested(&self, context: &Context, ids: &[ExecutionId]) -> Answer<Vec<Execution>> {
        self.runs().nested(context, ids).await
    }

    async fn orchestrate(
        &self,
        context: &Context,
        order: &Orchestrate,
        worker: &Worker,
        want: u32,
    ) -> Answer<Vec<Claim>> {
        self.runs().orchestrate(context, order, worker, want).await
    }

    async fn record_failure(
        &self,
        context: &Context,
        failure: &ReportedFailure,
        answer: Option<StoredAnswer>,
    ) -> Answer<Written<()>> {
        self.runs().record_failure(context, failure, answer).await
    }
}
