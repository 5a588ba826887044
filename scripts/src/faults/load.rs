//! The runs: models whose actions call the service, and people who start them until they are heard.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::far_side::FarSide;
use crate::bench::account::{Account, text};
use crate::bench::load::{Call, Http, client, json as ask, send};
use crate::test::connect;

/// People who start runs at the same time.
const STARTERS: usize = 4;
/// Most runs under way.
const MOST: i64 = 60;

/// What an action does, and whether its stage does everything at once.
const SHAPES: [(bool, &[&str]); 5] = [
    (false, &["instant", "instant", "instant"]),
    (true, &["slow", "flaky", "instant", "slow"]),
    (false, &["slow", "flaky", "slow"]),
    (true, &["hang", "instant"]),
    (true, &["nul", "huge", "deep", "instant"]),
];

/// Models and whoever starts their runs.
pub(super) struct Load {
    account: Arc<Account>,
    models: Vec<String>,
    http: Http,
    admin_db_url: String,
    started: AtomicUsize,
}

impl Load {
    /// Makes the models.
    ///
    /// # Errors
    /// When one is refused.
    pub(super) async fn prepare(details: &Details, far_side: &FarSide) -> anyhow::Result<Self> {
        let http = client();
        let account = Account::sign_up(&http, details).await?;
        let mut models = Vec::new();
        for (parallel, actions) in SHAPES {
            models.push(model(&http, &account, far_side, parallel, actions).await?);
        }
        Ok(Self {
            account: Arc::new(account),
            models,
            http,
            admin_db_url: details.admin_db_url.clone(),
            started: AtomicUsize::new(0),
        })
    }

    /// Starts so many runs, or until it is enough; answers those that were acknowledged.
    ///
    /// # Errors
    /// When a start is refused for good.
    pub(super) async fn start(
        &self,
        runs: usize,
        enough: impl Fn() -> bool,
    ) -> anyhow::Result<BTreeSet<Uuid>> {
        let mut acknowledged = BTreeSet::new();
        let mut starting: JoinSet<anyhow::Result<Uuid>> = JoinSet::new();
        let mut begun = 0;
        while begun < runs && !enough() {
            if self.under_way().await.is_none_or(|runs| runs >= MOST) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            while starting.len() < STARTERS && begun < runs {
                let number = self.started.fetch_add(1, Ordering::Relaxed);
                let model = self.models[number % self.models.len()].clone();
                let (http, account) = (self.http.clone(), Arc::clone(&self.account));
                starting.spawn(async move { start_one(&http, &account, &model, number).await });
                begun += 1;
            }
            if let Some(done) = starting.join_next().await {
                acknowledged.insert(done??);
            }
        }
        while let Some(done) = starting.join_next().await {
            acknowledged.insert(done??);
        }
        Ok(acknowledged)
    }

    /// Runs that have not ended; nothing while the database is away.
    async fn under_way(&self) -> Option<i64> {
        let client = connect(&self.admin_db_url).await.ok()?;
        let statement = "select count(*) from private.live_executions";
        Some(client.query_one(statement, &[]).await.ok()?.get(0))
    }

    /// For whoever looks for the cause.
    async fn what_is_left(&self) -> anyhow::Result<String> {
        let client = connect(&self.admin_db_url).await?;
        Ok(client.query_one(LEFT, &[]).await?.get(0))
    }

    /// Waits until no run is alive.
    ///
    /// # Errors
    /// When one still is after this time.
    pub(super) async fn ended(&self, patience: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            if self.under_way().await == Some(0) {
                return Ok(());
            }
            if begun.elapsed() > patience {
                bail!(
                    "runs did not end within {patience:?}: {}",
                    self.what_is_left().await?
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Of each run that is alive: itself, its steps, its places in the queue; and the leases.
const LEFT: &str = "select jsonb_pretty(jsonb_build_object(
    'runs', (
      select jsonb_agg(to_jsonb(execution) - 'parameters' || jsonb_build_object(
        'steps', (select jsonb_agg(to_jsonb(run) - 'output') from public.action_runs as run
                  where run.execution_id = execution.execution_id),
        'queue', (select jsonb_agg(queued) from private.ready as queued
                  where queued.execution_id = execution.execution_id)))
      from private.live_executions as live
      join public.workflow_executions as execution on execution.execution_id = live.execution_id),
    'leases', (select jsonb_agg(lease) from private.worker_leases as lease),
    'now', now()))";

/// Starts a run, again and again under the same key until there is an answer.
async fn start_one(
    http: &Http,
    account: &Account,
    model: &str,
    number: usize,
) -> anyhow::Result<Uuid> {
    let path = format!("/function-models/{model}/executions");
    let order = format!("order-{number}");
    let call = account
        .call(Method::POST, &path)
        .json(&json!({"parameters": {"order": order}}))
        .header("idempotency-key", &order);
    let begun = Instant::now();
    loop {
        if let Ok((status, body)) = send(http, call.clone()).await {
            if status.is_success() {
                let answer: Value = serde_json::from_slice(&body)?;
                return Ok(text(&answer, "/executionId")?.parse()?);
            }
            let told = String::from_utf8_lossy(&body);
            ensure!(
                status.is_server_error() || matches!(status.as_u16(), 409 | 429),
                "a start was answered with {status} {told}"
            );
        }
        ensure!(
            begun.elapsed() < Duration::from_secs(120),
            "a start had no answer in two minutes"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Makes and publishes a model of one stage.
async fn model(
    http: &Http,
    account: &Account,
    far_side: &FarSide,
    parallel: bool,
    actions: &[&str],
) -> anyhow::Result<String> {
    let model = account
        .model(http, &format!("Faults of {}", actions.join(" ")))
        .await?;
    let path = format!("/function-models/{model}");
    let stage = account.stage(http, &path).await?;
    for (number, behaviour) in actions.iter().enumerate() {
        let step = format!("step-{number}");
        let workflow = json!({
            "name": step,
            "definition": {
                "method": "POST",
                "url": format!("{}/{behaviour}", far_side.url),
                "timeoutMs": 2_000,
                "body": {"expression": "{'step': parameters.step, 'order': context.order}"},
            },
        });
        let call = account.call(Method::POST, "/workflows").json(&workflow);
        let workflow = text(&ask(http, call).await?, "/workflowId")?;
        let action = json!({
            "parentNodeId": stage,
            "name": step,
            "actionType": "tetherNode",
            "executionMode": if parallel { "parallel" } else { "sequential" },
            "retryPolicy": {
                "enabled": true, "maxAttempts": if *behaviour == "huge" { 2 } else { 50 },
                "strategy": "linear", "baseDelayMs": 100, "maxDelayMs": 1_000,
            },
            "actionSpecificData": {
                "tetherReferenceId": workflow, "executionParameters": {"step": step},
            },
        });
        ask(
            http,
            account
                .call(Method::POST, &format!("{path}/actions"))
                .json(&action),
        )
        .await?;
    }
    let call: Call = account.call(Method::POST, &format!("{path}/publish"));
    ask(http, call.json(&json!({"version": "1.1.0"}))).await?;
    Ok(model)
}
