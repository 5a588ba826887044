//! Runs through the edge: gateway, functions, PostgREST.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hyper::Method;
use local_stack::Details;
use serde_json::json;

use super::super::load::{Call, Http, json as ask};
use super::sql::bulk;
use super::{ACTIONS, BULK, RUNS, Subject};

/// Clients that start runs at a time.
pub(super) const STARTERS: usize = 32;
/// Longer than any measurement takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The way to the functions.
pub(super) struct Edge<'a> {
    http: Http,
    subject: &'a Subject,
    start: Call,
    in_bulk: Call,
    wake: Call,
}

impl<'a> Edge<'a> {
    /// Prepares the requests.
    pub(super) fn new(http: Http, details: &Details, subject: &'a Subject) -> Self {
        let path = format!("/function-models/{}/executions", subject.model_id);
        let key = ("apikey".to_owned(), details.secret_key.clone());
        let key = std::slice::from_ref(&key);
        let rpc = format!("{}/rest/v1/rpc/start_executions", details.api_url);
        let worker = format!("{}/background-worker", details.functions_url);
        Self {
            start: subject.account.call(Method::POST, &path).json(&json!({})),
            in_bulk: Call::new(Method::POST, rpc, key),
            wake: Call::new(Method::POST, worker, key).json(&json!({})),
            http,
            subject,
        }
    }

    /// One run, from the request to the answer that holds its result.
    pub(super) async fn run_one(&self) -> anyhow::Result<()> {
        let call = self.start.clone().header("prefer", "wait=10");
        let execution = ask(&self.http, call).await?;
        let completed = execution["status"] == "completed";
        ensure!(completed, "the run did not end: {execution}");
        Ok(())
    }

    /// Actions per second of runs that are stored in bulk and worked off by the background worker.
    pub(super) async fn rate_in_bulk(&self) -> anyhow::Result<f64> {
        let actor = json!({"sub": self.subject.account.user_id, "role": "authenticated"});
        let begun = Instant::now();
        for _ in 0..RUNS / BULK {
            let command = json!({"executions": bulk(self.subject, BULK)});
            let call = self.in_bulk.clone().json(&json!({
                "actor": actor, "request": {"requestId": "bench"}, "command": command,
            }));
            ask(&self.http, call).await?;
        }
        ask(&self.http, self.wake.clone()).await?;
        self.ended(RUNS, begun).await
    }

    /// Actions per second of runs that clients start one by one.
    pub(super) async fn rate_one_by_one(&self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..STARTERS {
            let (http, call) = (self.http.clone(), self.start.clone());
            tasks.spawn(async move {
                for _ in 0..RUNS / STARTERS {
                    ask(&http, call.clone()).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        self.ended(RUNS / STARTERS * STARTERS, begun).await
    }

    /// Waits until no run is alive.
    async fn ended(&self, runs: usize, begun: Instant) -> anyhow::Result<f64> {
        let statement = "select count(*) from private.live_executions";
        loop {
            let alive: i64 = self.subject.admin.query_one(statement, &[]).await?.get(0);
            if alive == 0 {
                return Ok((runs * ACTIONS) as f64 / begun.elapsed().as_secs_f64());
            }
            let patient = begun.elapsed() < PATIENCE;
            ensure!(patient, "{alive} runs did not end in two minutes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
