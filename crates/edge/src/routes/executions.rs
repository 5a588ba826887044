//! Runs: starting them, looking at them, ending them, and the worker that drives them.

use domain::execution::ExecuteFunctionModel;
use domain::ids::{ExecutionId, ModelId};
use domain::instant::Instant;
use domain::vocabulary::{ExecutionStatus, RunMode};
use serde::Deserialize;
use use_cases::Saved;
use use_cases::error::UseCaseError;
use use_cases::function_model::{Execute, Hands};
use use_cases::ports::{Execution, LogFilter, LogLevel, Ports};
use use_cases::{execution, function_model};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::{PAGE, STREAM};
use crate::request::{Method, Request};
use crate::response::Response;

/// How long a start with mode `sync` waits for the end, in seconds.
const SYNC_SECONDS: u64 = 25;
/// How many steps of a run its start takes at once; the engine fetches the rest.
const FIRST_STEPS: u32 = 8;
/// The longest wait a client may ask for, in seconds.
const LONGEST_WAIT: u64 = 60;

pub(crate) async fn start<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: ExecuteFunctionModel = call.body()?;
    let wait = wait(call.request, command.mode);
    let engine = call.wiring.engine();
    let hands = Some(Hands {
        worker: engine.worker(),
        want: FIRST_STEPS,
    });
    let keep = |saved: &Saved<Execution>| accepted(&saved.value).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let outcome = function_model::execute(ports, context, model_id, &command, hands, keep).await;
    if let Err(UseCaseError::Unavailable { .. }) = &outcome {
        // The start may have happened, and its first steps may be leased to this worker.
        engine.lost_a_reply();
        call.wiring.wake_engine();
    }
    match outcome? {
        Execute::Rehearsed(plan) => Ok(Response::json(Success::Ok, &*plan)),
        Execute::Started { execution, claims } => {
            engine.hand_over(claims);
            call.wiring.wake_engine();
            match wait {
                None => Ok(accepted(&execution.value)),
                Some(seconds) => ended(call, &execution.value, seconds).await,
            }
        }
    }
}

/// A run that was started, and where to look for it.
fn accepted(execution: &Execution) -> Response {
    let path = format!("/executions/{}", execution.execution_id);
    Response::json(Success::Accepted, execution).with_location(&path)
}

/// The run when it ends in time, otherwise what there is of it by then.
async fn ended<W: Wiring>(call: &Call<'_, W>, started: &Execution, seconds: u64) -> Answer {
    let execution_id = started.execution_id;
    let engine = call.wiring.engine();
    engine
        .finished(call.ports().clock(), execution_id, seconds * 1000)
        .await;
    let run = execution::read(call.ports(), &call.context, execution_id).await?;
    let applied = format!("wait={seconds}");
    let response = if run.execution.status.is_finished() {
        Response::json(Success::Ok, &run).with_revision(run.execution.revision)
    } else {
        let path = format!("/executions/{execution_id}");
        Response::json(Success::Accepted, &run).with_location(&path)
    };
    Ok(response.with("preference-applied", applied))
}

/// How many seconds the caller wants to wait: as the header says, else as the mode does.
pub(super) fn wait(request: &Request, mode: Option<RunMode>) -> Option<u64> {
    let preferences = request.header("prefer").unwrap_or_default();
    let asked = preferences.split([',', ';']).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then_some(seconds)
    });
    let usual = (mode == Some(RunMode::Sync)).then_some(SYNC_SECONDS);
    asked
        .map(|seconds| seconds.clamp(1, LONGEST_WAIT))
        .or(usual)
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&PAGE, &["status"]])?;
    let page = call.page(&query, 20)?;
    let status = query.value::<ExecutionStatus>("status")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let found = execution::list(call.ports(), &call.context, model_id, status, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let found = execution::read(call.ports(), &call.context, execution_id).await?;
    Ok(call
        .one(&query, &found)
        .with_revision(found.execution.revision))
}

pub(crate) async fn logs<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let query = call.query(&[&PAGE, &["level", "since"]])?;
    let page = call.page(&query, 20)?;
    let filter = LogFilter {
        level: query.value::<LogLevel>("level")?,
        since: query.value::<Instant>("since")?,
    };
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let lines = execution::logs(call.ports(), &call.context, execution_id, &filter, &page).await?;
    Ok(call.list(&query, &lines))
}

pub(crate) async fn events<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let query = call.query(&[&STREAM])?;
    let (after, limit) = query.stream(call.wiring.cursor_key())?;
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let events = execution::events(call.ports(), &call.context, execution_id, after, limit).await?;
    Ok(call.stream(&query, events, limit))
}

/// The body of ending, pausing or resuming a run.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlExecution {
    /// Why, at most 2000 characters.
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    reason: Option<String>,
}

pub(crate) async fn cancel<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let ControlExecution { reason } = call.body()?;
    let keep = |saved: &Saved<Execution>| controlled(saved).to_stored();
    let reason = reason.as_deref();
    let saved = execution::cancel(call.ports(), &call.context, execution_id, reason, keep).await?;
    Ok(controlled(&saved))
}

pub(crate) async fn pause<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let ControlExecution { reason } = call.body()?;
    let keep = |saved: &Saved<Execution>| controlled(saved).to_stored();
    let reason = reason.as_deref();
    let saved = execution::pause(call.ports(), &call.context, execution_id, reason, keep).await?;
    Ok(controlled(&saved))
}

pub(crate) async fn resume<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let ControlExecution { reason } = call.body()?;
    let keep = |saved: &Saved<Execution>| controlled(saved).to_stored();
    let reason = reason.as_deref();
    let saved = execution::resume(call.ports(), &call.context, execution_id, reason, keep).await?;
    call.wiring.wake_engine();
    Ok(controlled(&saved))
}

/// A run that was moved to another status.
pub(super) fn controlled(saved: &Saved<Execution>) -> Response {
    Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
}

/// Wakes the engine of this instance; who holds the secret key may.
pub(crate) fn work<W: Wiring>(call: &Call<'_, W>) -> Answer {
    if !call.request.path.is_empty() {
        return Err(Problem::route_not_found().into());
    }
    if call.request.method != Method::Post {
        return Err(Problem::method_not_allowed("POST, OPTIONS".to_owned()).into());
    }
    if !call.context.actor.service {
        return Err(Problem::service_only().into());
    }
    call.wiring.wake_engine();
    call.wiring.wake_agents();
    call.wiring.wake_schedules();
    Ok(Response::empty(Success::Accepted))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use use_cases::ports::PortErrorKind;

    use super::*;
    use crate::testing::{BOB, NOTHING, Stage};

    /// A published model; answers the address of its runs.
    fn published(stage: &Stage) -> String {
        let path = stage.runnable("Order to cash");
        stage
            .post(&format!("{path}/publish"), json!({"version": "1.1.0"}))
            .ok(200);
        format!("{path}/executions")
    }

    #[test]
    fn a_run_is_started_and_read_when_it_has_ended() {
        let stage = Stage::new();
        let runs = published(&stage);
        let started = stage.post(&runs, json!({"parameters": {"order": "A-1"}}));
        let run = started.ok(202);
        let path = format!("/executions/{}", run["executionId"].as_str().unwrap());
        assert_eq!(
            started.header("location"),
            Some(format!("/functions/v1/api{path}").as_str())
        );
        stage.settle();
        let ended = stage.get(&path);
        assert_eq!(ended.ok(200)["status"], "completed");
        assert!(ended.header("etag").is_some());
        let list = stage
            .get(&format!("{runs}?status=completed&fields=executionId"))
            .ok(200);
        assert_eq!(list["items"], json!([{"executionId": run["executionId"]}]));
        let events = stage.get(&format!("{path}/events?limit=100")).ok(200);
        assert_eq!(events["items"][0]["eventType"], "WorkflowExecutionStarted");
        stage.get(&format!("{path}/logs?level=info")).ok(200);
        stage
            .get(&format!("{path}/logs?level=loud"))
            .refused(400, "INVALID_REQUEST");
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "EXECUTION_NOT_FOUND");
    }

    #[test]
    fn who_waits_gets_the_finished_run() {
        let stage = Stage::new();
        let runs = published(&stage);
        let waiting = stage
            .ask("POST", &runs)
            .header("prefer", "respond-async, wait=20");
        let answer = waiting.json(json!({})).send();
        assert_eq!(answer.ok(200)["status"], "completed");
        assert_eq!(answer.header("preference-applied"), Some("wait=20"));
        let sync = stage.post(&runs, json!({"mode": "sync"}));
        assert_eq!(sync.ok(200)["status"], "completed");
    }

    #[test]
    fn waits_have_bounds() {
        let asked = |prefer: &str, mode| {
            let headers = json!({ "prefer": prefer }).to_string();
            wait(
                &Request::parse("POST", "/api/x", &headers, None).unwrap(),
                mode,
            )
        };
        assert_eq!(asked("", None), None);
        assert_eq!(asked("", Some(RunMode::Async)), None);
        assert_eq!(asked("", Some(RunMode::Sync)), Some(SYNC_SECONDS));
        assert_eq!(asked("wait=5", Some(RunMode::Sync)), Some(5));
        assert_eq!(asked("return=minimal; Wait = \"0\"", None), Some(1));
        assert_eq!(asked("wait=3600", None), Some(LONGEST_WAIT));
        assert_eq!(asked("wait=soon", None), None);
    }

    #[test]
    fn a_rehearsal_starts_nothing() {
        let stage = Stage::new();
        let runs = published(&stage);
        let plan = stage.post(&runs, json!({"dryRun": true})).ok(200);
        assert_eq!(plan["executionOrder"].as_array().unwrap().len(), 3);
        assert_eq!(stage.get(&runs).ok(200), json!({"items": []}));
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let runs = format!("{path}/executions");
        stage
            .post(&runs, json!({}))
            .refused(422, "MODEL_NOT_PUBLISHED");
        let body = json!({"environment": "moon"});
        stage.post(&runs, body).refused(400, "INVALID_REQUEST");
        stage
            .post(&runs, json!({"timeoutSeconds": 0}))
            .refused(422, "TIMEOUT_INVALID");
        stage
            .ask("POST", &runs)
            .by(BOB)
            .json(json!({}))
            .send()
            .refused(404, "FUNCTION_MODEL_NOT_FOUND");
        let nothing = format!("/executions/{NOTHING}");
        stage.get(&nothing).refused(404, "EXECUTION_NOT_FOUND");
    }

    #[test]
    fn a_run_is_cancelled_once() {
        let stage = Stage::new();
        let runs = published(&stage);
        let down = PortErrorKind::Unavailable { retry_after: None };
        stage.world.faults().fail_next("executions.exchange", down);
        let run: Value = stage.post(&runs, json!({})).ok(202);
        let cancel = format!(
            "/executions/{}/cancel",
            run["executionId"].as_str().unwrap()
        );
        let cancelled = stage
            .post(&cancel, json!({"reason": "changed my mind"}))
            .ok(200);
        assert_eq!(cancelled["status"], "cancelled");
        stage
            .post(&cancel, json!({}))
            .refused(422, "EXECUTION_ALREADY_FINISHED");
        stage
            .post(&cancel, json!({"why": 1}))
            .refused(400, "INVALID_REQUEST");
    }
}
