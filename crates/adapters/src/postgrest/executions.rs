//! Runs: starting and driving them, which is the engine's and serves all users, and looking at
//! them, which row-level security judges.

use std::collections::HashMap;
use std::rc::Rc;

use domain::ids::{ExecutionId, ModelId, VersionId};
use domain::upcast::UPCASTS;
use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use domain::workflow::resumption::Resumption;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{
    ActionRun, Claim, Clock, Control, Exchange, Execution, Executions, LogFilter, LogLevel,
    NewExecution, Orchestrate, Outcome, Page, PageRequest, PortError, PublishedVersion,
    ReportedFailure, Retry, SortOrder, Started, StoredEvent, StoredLogLine, Worker, Written,
};
use uuid::Uuid;

use super::client::{Call, Session};
use super::event_log;
use super::plans::Plans;
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const RUNS: Table<Execution> = Table::new(
    "workflow_executions",
    &[
        "execution_id",
        "model_id",
        "version_id",
        "version_number",
        "organization_id",
        "status",
        "environment",
        "parameters",
        "session_id",
        "mode",
        "priority",
        "max_depth",
        "approved_actions",
        "start_at",
        "deadline",
        "progress",
        "outputs",
        "errors",
        "parent_execution_id",
        "parent_step",
        "schedule_id",
        "scheduled_for",
        "depth",
        "started_by",
        "created_at",
        "started_at",
        "completed_at",
        "revision",
    ],
);
const STEPS: Table<ActionRun> = Table::new(
    "action_runs",
    &[
        "step",
        "status",
        "attempt",
        "failures",
        "lets_others_go_on",
        "skip_reason",
        "output",
        "error",
        "due_at",
        "started_at",
        "finished_at",
    ],
);
const LOGS: Table<StoredLogLine> = Table::new(
    "execution_logs",
    &["log_id", "at", "level", "node_id", "action_id", "message"],
);
const EVENTS: Table<StoredEvent> = Table::new("execution_events", event_log::COLUMNS);
/// How many runs are asked for at once; their ids travel in the address.
const AT_ONCE: usize = 50;
const NEWEST_FIRST: Order = Order::newest_first("created_at", "execution_id");
const OLDEST_LINE_FIRST: Order = Order {
    column: "at",
    tie: "log_id",
    direction: SortOrder::Asc,
};

/// What a worker sends.
#[derive(Serialize)]
struct Report<'a> {
    worker: &'a Worker,
    outcomes: &'a [Outcome],
    want: u32,
}

/// Runs to start, and who takes their first steps.
#[derive(Serialize)]
struct Start<'a> {
    executions: &'a [NewExecution],
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<&'a Worker>,
    want: u32,
}

#[derive(Deserialize)]
struct Status {
    status: ExecutionStatus,
}

/// [`Executions`] over PostgREST.
pub struct PostgrestExecutions<H, C> {
    session: Session<H, C>,
    plans: Rc<Plans>,
}

impl<H: Transport, C: Clock> PostgrestExecutions<H, C> {
    /// The runs that the session's caller may see, and the engine's calls.
    pub fn new(session: Session<H, C>, plans: Rc<Plans>) -> Self {
        Self { session, plans }
    }
}

impl<H: Transport, C: Clock> Executions for PostgrestExecutions<H, C> {
    async fn start(
        &self,
        context: &Context,
        executions: &[NewExecution],
        answer: Option<StoredAnswer>,
        worker: Option<&Worker>,
        want: u32,
    ) -> Result<Written<Started>, PortError> {
        let command = Start {
            executions,
            worker,
            want,
        };
        let names = ("executions.start", "start_executions");
        let answer = answer.as_ref();
        let written = self
            .session
            .command::<Started>(names, context, answer, &command);
        Ok(match written.await? {
            Written::Done(started) => Written::Done(as_asked(started, executions)),
            Written::Replayed(answer) => Written::Replayed(answer),
        })
    }

    async fn exchange(
        &self,
        worker: &Worker,
        outcomes: &[Outcome],
        want: u32,
    ) -> Result<Exchange, PortError> {
        let call = Call {
            function: "exchange",
            arguments: &Report {
                worker,
                outcomes,
                want,
            },
            repeatable: false,
        };
        self.session.call("executions.exchange", call).await
    }

    async fn plan(&self, version_id: VersionId) -> Result<Option<Rc<Plan>>, PortError> {
        if let Some(plan) = self.plans.get(version_id) {
            return Ok(Some(plan));
        }
        let call = Call {
            function: "read_plan",
            arguments: &json!({"version_id": version_id}),
            repeatable: true,
        };
        let plan: Option<Plan> = self.session.call("executions.plan", call).await?;
        let plan = plan.map(Rc::new);
        if let Some(plan) = &plan {
            self.plans.put(version_id, Rc::clone(plan));
        }
        Ok(plan)
    }

    async fn find_published_version(
        &self,
        actor: &Actor,
        model_id: ModelId,
    ) -> Result<Option<PublishedVersion>, PortError> {
        let names = (
            "executions.find_published_version",
            "find_published_version",
        );
        self.session
            .ask(names, actor, &json!({"modelId": model_id}))
            .await
    }

    async fn find(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Option<Execution>, PortError> {
        if context.actor.service {
            let run = self.read_run("executions.find", execution_id).await?;
            return Ok(run.map(|run| run.execution));
        }
        let read = RUNS.read(&self.session).eq("execution_id", execution_id);
        RUNS.find(&self.session, "executions.find", read).await
    }

    async fn list(
        &self,
        _context: &Context,
        model_id: ModelId,
        status: Option<ExecutionStatus>,
        page: &PageRequest,
    ) -> Result<Page<Execution>, PortError> {
        let mut read = RUNS.read(&self.session).eq("model_id", model_id);
        if let Some(status) = status {
            read = read.eq("status", status.as_str());
        }
        RUNS.page(&self.session, "executions.list", read, NEWEST_FIRST, page)
            .await
    }

    async fn runs(
        &self,
        context: &Context,
        execution_id: ExecutionId,
    ) -> Result<Vec<ActionRun>, PortError> {
        if context.actor.service {
            let run = self.read_run("executions.runs", execution_id).await?;
            return Ok(run.map_or_else(Vec::new, |run| run.steps));
        }
        let read = STEPS.read(&self.session).eq("execution_id", execution_id);
        let read = read.order("step.asc".into());
        STEPS.all(&self.session, "executions.runs", read).await
    }

    async fn logs(
        &self,
        _context: &Context,
        execution_id: ExecutionId,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> Result<Page<StoredLogLine>, PortError> {
        let mut read = LOGS.read(&self.session).eq("execution_id", execution_id);
        if let Some(level) = filter.level {
            read = read.any_of("level", &levels_from(level));
        }
        if let Some(since) = filter.since {
            read = read.gte("at", since);
        }
        LOGS.page(
            &self.session,
            "executions.logs",
            read,
            OLDEST_LINE_FIRST,
            page,
        )
        .await
    }

    async fn events(
        &self,
        _context: &Context,
        execution_id: ExecutionId,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        let read = EVENTS.read(&self.session);
        let read = event_log::stream(read, execution_id.as_uuid(), after_version, limit);
        let read = ("executions.events", read);
        event_log::newest(&EVENTS, &self.session, &UPCASTS, read).await
    }

    async fn control(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        control: Control,
        reason: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<ExecutionStatus>, PortError> {
        let mut command = json!({"executionId": execution_id});
        if let Some(reason) = reason {
            command["reason"] = reason.into();
        }
        if let Some(revision) = context.if_match {
            command["expectedRevision"] = revision.into();
        }
        let names = match control {
            Control::Cancel => ("executions.cancel", "cancel_execution"),
            Control::Pause => ("executions.pause", "pause_execution"),
            Control::Resume => ("executions.resume", "resume_execution"),
        };
        let answer = answer.as_ref();
        let written = self
            .session
            .command::<Status>(names, context, answer, &command);
        Ok(match written.await? {
            Written::Done(ended) => Written::Done(ended.status),
            Written::Replayed(answer) => Written::Replayed(answer),
        })
    }

    async fn retry(
        &self,
        context: &Context,
        execution_id: ExecutionId,
        retry: &Retry,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let mut command = json!({
            "executionId": execution_id, "step": retry.step, "attempt": retry.attempt,
        });
        if let Some(resumption) = &retry.resumption {
            command["resumption"] = set_back(resumption);
        }
        if let Some(revision) = context.if_match {
            command["expectedRevision"] = revision.into();
        }
        let names = ("executions.retry", "retry_action");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }

    async fn nested(
        &self,
        context: &Context,
        execution_ids: &[ExecutionId],
    ) -> Result<Vec<Execution>, PortError> {
        const OPERATION: &str = "executions.nested";
        if context.actor.service {
            let call = Call {
                function: "read_nested_runs",
                arguments: &json!({"execution_ids": execution_ids}),
                repeatable: true,
            };
            return self.session.call(OPERATION, call).await;
        }
        let mut nested = Vec::new();
        for some in execution_ids.chunks(AT_ONCE) {
            let ids: Vec<String> = some.iter().map(ExecutionId::to_string).collect();
            let read = RUNS.read(&self.session);
            let read = read.any_of("parent_execution_id", &ids);
            let read = read.order("execution_id.asc".into());
            nested.extend(RUNS.all(&self.session, OPERATION, read).await?);
        }
        Ok(nested)
    }

    async fn orchestrate(
        &self,
        context: &Context,
        order: &Orchestrate,
        worker: &Worker,
        want: u32,
    ) -> Result<Vec<Claim>, PortError> {
        let command = Ordered {
            order,
            worker,
            want,
        };
        let names = ("executions.orchestrate", "orchestrate_container");
        let written = self
            .session
            .command::<Vec<Claim>>(names, context, None, &command);
        Ok(match written.await? {
            Written::Done(claims) => claims,
            Written::Replayed(_) => Vec::new(),
        })
    }

    async fn record_failure(
        &self,
        context: &Context,
        failure: &ReportedFailure,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let outcome = &failure.outcome;
        let command = Reported {
            execution_id: outcome.execution_id,
            step: outcome.step,
            attempt: outcome.attempt,
            lease_token: failure.lease_token,
            outcome,
        };
        let names = ("executions.record_failure", "record_action_failure");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }
}

/// What is to be run of a container, and by whom.
#[derive(Serialize)]
struct Ordered<'a> {
    order: &'a Orchestrate,
    worker: &'a Worker,
    want: u32,
}

/// A failure that somebody reports who does not hold the attempt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reported<'a> {
    execution_id: ExecutionId,
    step: u32,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_token: Option<Uuid>,
    outcome: &'a Outcome,
}

/// A run with its steps, as the service reads it.
#[derive(Deserialize)]
struct Run {
    execution: Execution,
    steps: Vec<ActionRun>,
}

impl<H: Transport, C: Clock> PostgrestExecutions<H, C> {
    /// Any run; for the service, which may read no table.
    async fn read_run(
        &self,
        operation: &'static str,
        execution_id: ExecutionId,
    ) -> Result<Option<Run>, PortError> {
        let call = Call {
            function: "read_run",
            arguments: &json!({"execution_id": execution_id}),
            repeatable: true,
        };
        self.session.call(operation, call).await
    }
}

/// The resumption as the database counts on from it.
fn set_back(resumption: &Resumption) -> Value {
    json!({
        "again": resumption.again, "release": resumption.release,
        "waiting": resumption.waiting, "cursors": resumption.cursors,
    })
}

/// Puts what was started into the order it was asked for; the database answers in its own.
fn as_asked(mut started: Started, asked: &[NewExecution]) -> Started {
    let places: HashMap<ExecutionId, usize> = asked
        .iter()
        .enumerate()
        .map(|(place, execution)| (execution.execution_id, place))
        .collect();
    started
        .executions
        .sort_by_key(|execution| places.get(&execution.execution_id).copied());
    started
}

/// The words for this level and everything more serious.
fn levels_from(least: LogLevel) -> Vec<String> {
    [
        (LogLevel::Debug, "debug"),
        (LogLevel::Info, "info"),
        (LogLevel::Warn, "warn"),
        (LogLevel::Error, "error"),
    ]
    .into_iter()
    .filter(|(level, _)| *level >= least)
    .map(|(_, word)| word.to_string())
    .collect()
}

#[cfg(test)]
mod tests;
