//! The engine's functions called over a connection, as a worker calls them.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use local_stack::Details;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{ACTIONS, RUNS, Subject, connect};

/// Steps that one exchange hands out and records.
const BATCH: i32 = 50;
/// Connections that work at a time.
const WORKERS: usize = 2;

/// What `start_executions` takes for so many new runs.
pub(super) fn bulk(subject: &Subject, count: usize) -> Value {
    runs(&subject.model_id, subject.version_id, count)
}

fn runs(model_id: &str, version_id: Uuid, count: usize) -> Value {
    let run = |_| {
        json!({
            "executionId": Uuid::now_v7(),
            "modelId": model_id,
            "versionId": version_id,
            "environment": "production",
            "parameters": {},
            "sessionId": "bench",
            "mode": "async",
            "priority": "normal",
            "maxDepth": 10,
            "approvedActions": [],
        })
    };
    (0..count).map(run).collect()
}

/// One connection under a lease.
pub(super) struct Worker {
    client: Client,
    actor: Value,
    model_id: String,
    version_id: Uuid,
    worker: Value,
}

/// What an exchange answered.
struct Answer {
    claims: Vec<Value>,
    /// Whether the queue holds more.
    more: bool,
}

impl Worker {
    /// Connects as PostgREST does.
    pub(super) async fn new(details: &Details, subject: &Subject) -> anyhow::Result<Self> {
        Ok(Self {
            client: connect(&details.db_url, Some("service_role")).await?,
            actor: json!({"sub": subject.account.user_id, "role": "authenticated"}),
            model_id: subject.model_id.clone(),
            version_id: subject.version_id,
            worker: json!({"leaseToken": Uuid::new_v4(), "name": "bench"}),
        })
    }

    /// Starts `count` runs; with `want`, the answer hands out their first steps.
    async fn start(&self, count: usize, want: i32) -> anyhow::Result<Vec<Value>> {
        let mut command = json!({"executions": runs(&self.model_id, self.version_id, count)});
        if want > 0 {
            command["worker"] = self.worker.clone();
            command["want"] = json!(want);
        }
        let request = json!({"requestId": "bench"});
        let statement = "select public.start_executions($1, $2, $3)";
        let arguments: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.actor, &request, &command];
        let row = self.client.query_one(statement, &arguments).await?;
        claims_of(&row.get(0))
    }

    async fn exchange(&self, claims: &[Value], want: i32) -> anyhow::Result<Answer> {
        let outcome = |claim: &Value| {
            json!({
                "executionId": claim["executionId"],
                "step": claim["step"],
                "attempt": claim["attempt"],
                "kind": "completed",
                "output": {"done": true},
            })
        };
        let outcomes: Value = claims.iter().map(outcome).collect();
        let statement = "select public.exchange($1, $2, $3)";
        let arguments: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.worker, &outcomes, &want];
        let answer: Value = self.client.query_one(statement, &arguments).await?.get(0);
        Ok(Answer {
            claims: claims_of(&answer)?,
            more: answer.get("nextDueMs").is_some(),
        })
    }

    /// One run from its start to its end, as an idle engine does it.
    ///
    /// # Errors
    /// When it takes more or fewer calls than there are actions.
    pub(super) async fn run_one(&self) -> anyhow::Result<()> {
        let mut claims = self.start(1, 1).await?;
        for _ in 0..ACTIONS {
            ensure!(claims.len() == 1, "one step was expected: {claims:?}");
            claims = self.exchange(&claims, 1).await?.claims;
        }
        ensure!(claims.is_empty(), "the run did not end");
        Ok(())
    }

    /// Starts this worker's share of the runs, `at_once` in one call, and works until the queue is empty.
    async fn work(self, at_once: usize) -> anyhow::Result<()> {
        let want = i32::from(at_once == 1);
        let mut claims = Vec::new();
        for _ in 0..RUNS / WORKERS / at_once {
            claims.extend(self.start(at_once, want).await?);
            // What was handed out meanwhile is reported in batches, as the engine does it.
            if claims.len() >= BATCH as usize {
                claims = self.exchange(&claims, BATCH).await?.claims;
            }
        }
        loop {
            let answer = self.exchange(&claims, BATCH).await?;
            claims = answer.claims;
            if claims.is_empty() && !answer.more {
                return Ok(());
            }
            if claims.is_empty() {
                // What is left is locked by the other one at the moment.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

fn claims_of(answer: &Value) -> anyhow::Result<Vec<Value>> {
    let claims = answer.get("claims").and_then(Value::as_array);
    Ok(claims
        .with_context(|| format!("no claims in {answer}"))?
        .clone())
}

/// Actions per second of `RUNS` runs, started `at_once` in one call.
///
/// # Errors
/// When not every run completes.
pub(super) async fn rate(
    details: &Details,
    subject: &Subject,
    at_once: usize,
) -> anyhow::Result<f64> {
    let before = subject.completed().await?;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(Worker::new(details, subject).await?);
    }
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for worker in workers {
        tasks.spawn(worker.work(at_once));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let elapsed = begun.elapsed();
    let done = subject.completed().await? - before;
    ensure!(done == RUNS as i64, "{done} of {RUNS} runs completed");
    Ok((RUNS * ACTIONS) as f64 / elapsed.as_secs_f64())
}
