//! The engine: how many instant actions it does, how soon one run ends, and what a run costs the database.
//!
//! Everything is on: row-level security, events, audit, broadcasts.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use super::account::Account;
use super::load::{Http, Measured, client, json as ask, measured, median};
use super::report::Row;

/// Runs of a throughput measurement.
const RUNS: usize = 1_000;
/// Instant actions of each run, one after another.
const ACTIONS: usize = 3;
/// Steps that one exchange hands out and records.
const BATCH: i32 = 50;
/// Connections that work at a time in SQL.
const WORKERS: usize = 2;
/// Runs one after another, for latency and for costs.
const SINGLE_RUNS: usize = 200;
/// Clients that start runs over HTTP at a time.
const STARTERS: usize = 32;

/// The model whose version is run, and who runs it.
struct Subject {
    account: Account,
    model_id: String,
    version_id: Uuid,
}

/// Measures in SQL and through HTTP.
///
/// # Errors
/// When a run does not complete.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Vec<Row>> {
    let http = client();
    let account = Account::sign_up(&http, details).await?;
    let model_id = account.instant_model(&http, "Instant", ACTIONS).await?;
    let admin = connect(&details.admin_db_url, None).await?;
    let version_id = admin
        .query_one(
            "select version_id from public.function_model_versions
             where model_id = $1::text::uuid and is_published",
            &[&model_id],
        )
        .await?
        .get(0);
    let subject = Subject {
        account,
        model_id,
        version_id,
    };

    let mut bulk = Vec::new();
    let mut single = Vec::new();
    let mut through_http = Vec::new();
    for _ in 0..rounds {
        bulk.push(in_sql(details, &admin, &subject, 50).await?);
        single.push(in_sql(details, &admin, &subject, 1).await?);
        through_http.push(over_http(&http, &admin, &subject).await?);
    }
    let sql_latency = latency_in_sql(details, &subject).await?;
    let http_latency = latency_over_http(&http, &subject).await?;
    let cost = cost(details, &admin, &subject).await?;
    Ok(rows(
        [median(bulk), median(single), median(through_http)],
        &sql_latency,
        &http_latency,
        &cost,
    ))
}

fn rows(actions: [f64; 3], sql: &Measured, http: &Measured, cost: &Cost) -> Vec<Row> {
    let [bulk, single, through_http] = actions;
    let rate = |figure: f64| format!("{figure:.0} actions/s");
    let latency = |m: &Measured| {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        format!("p50 {:.1} ms, p95 {:.1} ms", ms(m.p50), ms(m.p95))
    };
    let ratio = |figure: f64| format!("{:.2}", figure / bulk);
    vec![
        Row::new(
            "1,000 runs of three, started in bulk, SQL",
            rate(bulk),
            "",
            "1",
            "3,000 actions/s",
        ),
        Row::new(
            "the same, started one by one, SQL",
            rate(single),
            rate(bulk),
            ratio(single),
            "⅓",
        ),
        Row::new(
            "the same, started one by one, HTTP + wasm + RLS",
            rate(through_http),
            rate(bulk),
            ratio(through_http),
            "1,000 actions/s in bulk",
        ),
        Row::new(
            "one run of three on an idle engine, SQL",
            latency(sql),
            "",
            "",
            "p95 10 ms",
        ),
        Row::new(
            "one run of three on an idle engine, HTTP",
            latency(http),
            "",
            "",
            "p95 40 ms",
        ),
        Row::new(
            "statements per run",
            format!("{:.2}", cost.statements),
            "",
            "",
            "≤ 4",
        ),
        Row::new(
            "commits per run",
            format!("{:.2}", cost.commits),
            "",
            "",
            "≤ 4",
        ),
        Row::new(
            "WAL per run",
            format!("{:.1} kB", cost.wal_kb),
            "",
            "",
            "≤ 16 kB",
        ),
    ]
}

/// A connection; with a role as PostgREST makes it.
async fn connect(url: &str, role: Option<&str>) -> anyhow::Result<Client> {
    let mut config: Config = url.parse()?;
    if role.is_some() {
        config.user("authenticator");
    }
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    if let Some(role) = role {
        client.batch_execute(&format!("set role {role}")).await?;
    }
    Ok(client)
}

/// The engine's calls over one connection.
struct Worker {
    client: Client,
    actor: Value,
    version_id: Uuid,
    model_id: String,
    worker: Value,
}

impl Worker {
    async fn new(details: &Details, subject: &Subject) -> anyhow::Result<Self> {
        Ok(Self {
            client: connect(&details.db_url, Some("service_role")).await?,
            actor: json!({"sub": subject.account.user_id, "role": "authenticated"}),
            version_id: subject.version_id,
            model_id: subject.model_id.clone(),
            worker: json!({"leaseToken": Uuid::new_v4(), "name": "bench"}),
        })
    }

    /// Starts `count` runs; with `want`, the answer hands out their first steps.
    async fn start(&self, count: usize, want: i32) -> anyhow::Result<Value> {
        let executions: Vec<Value> = (0..count)
            .map(|_| {
                json!({
                    "executionId": Uuid::now_v7(),
                    "modelId": self.model_id,
                    "versionId": self.version_id,
                    "environment": "production",
                    "parameters": {},
                    "sessionId": "bench",
                    "mode": "async",
                    "priority": "normal",
                    "maxDepth": 10,
                    "approvedActions": [],
                })
            })
            .collect();
        let mut command = json!({"executions": executions});
        if want > 0 {
            command["worker"] = self.worker.clone();
            command["want"] = json!(want);
        }
        let request = json!({"requestId": "bench"});
        let statement = "select public.start_executions($1, $2, $3)";
        let row = self
            .client
            .query_one(statement, &[&self.actor, &request, &command])
            .await?;
        Ok(row.get(0))
    }

    async fn exchange(&self, claims: &[Value], want: i32) -> anyhow::Result<Vec<Value>> {
        let outcomes: Vec<Value> = claims
            .iter()
            .map(|claim| {
                json!({
                    "executionId": claim["executionId"],
                    "step": claim["step"],
                    "attempt": claim["attempt"],
                    "kind": "completed",
                    "output": {"done": true},
                })
            })
            .collect();
        let statement = "select public.exchange($1, $2, $3)";
        let outcomes = Value::Array(outcomes);
        let row = self
            .client
            .query_one(statement, &[&self.worker, &outcomes, &want])
            .await?;
        claims_of(row.get(0))
    }

    /// One run from its start to its end, as an idle engine does it.
    async fn run_one(&self) -> anyhow::Result<()> {
        let mut claims = claims_of(self.start(1, 1).await?)?;
        for _ in 0..ACTIONS {
            ensure!(claims.len() == 1, "one step was expected: {claims:?}");
            claims = self.exchange(&claims, 1).await?;
        }
        ensure!(claims.is_empty(), "the run did not end");
        Ok(())
    }
}

fn claims_of(answer: Value) -> anyhow::Result<Vec<Value>> {
    let claims = answer.get("claims").and_then(Value::as_array);
    Ok(claims
        .with_context(|| format!("no claims in {answer}"))?
        .clone())
}

/// Actions per second of `RUNS` runs, started `at_once` in one call.
async fn in_sql(
    details: &Details,
    admin: &Client,
    subject: &Subject,
    at_once: usize,
) -> anyhow::Result<f64> {
    let before = completed(admin, subject).await?;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let worker = Worker::new(details, subject).await?;
        tasks.spawn(async move {
            let want = if at_once == 1 { 1 } else { 0 };
            let mut claims = Vec::new();
            for _ in 0..RUNS / WORKERS / at_once {
                claims.extend(claims_of(worker.start(at_once, want).await?)?);
                // What was handed out meanwhile is reported in batches, as the engine does it.
                if claims.len() >= BATCH as usize {
                    claims = worker.exchange(&claims, BATCH).await?;
                }
            }
            let mut empty = 0;
            while empty < 3 {
                claims = worker.exchange(&claims, BATCH).await?;
                empty = if claims.is_empty() { empty + 1 } else { 0 };
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let elapsed = begun.elapsed();
    let done = completed(admin, subject).await? - before;
    ensure!(done == RUNS as i64, "{done} of {RUNS} runs completed");
    Ok((RUNS * ACTIONS) as f64 / elapsed.as_secs_f64())
}

/// Actions per second of `RUNS` runs started one by one over HTTP and done by the edge function.
async fn over_http(http: &Http, admin: &Client, subject: &Subject) -> anyhow::Result<f64> {
    let before = completed(admin, subject).await?;
    let begun = Instant::now();
    let path = format!("/function-models/{}/executions", subject.model_id);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..STARTERS {
        let call = subject.account.call(Method::POST, &path).json(&json!({}));
        let http = http.clone();
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
    let started = (RUNS / STARTERS * STARTERS) as i64;
    while completed(admin, subject).await? - before < started {
        ensure!(
            begun.elapsed() < Duration::from_secs(120),
            "the runs did not end in two minutes"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(started as f64 * ACTIONS as f64 / begun.elapsed().as_secs_f64())
}

async fn completed(admin: &Client, subject: &Subject) -> anyhow::Result<i64> {
    let statement = "select count(*) from public.workflow_executions
        where version_id = $1 and status = 'completed'";
    Ok(admin
        .query_one(statement, &[&subject.version_id])
        .await?
        .get(0))
}

async fn latency_in_sql(details: &Details, subject: &Subject) -> anyhow::Result<Measured> {
    let worker = Worker::new(details, subject).await?;
    let begun = Instant::now();
    let mut times = Vec::new();
    for _ in 0..SINGLE_RUNS {
        let start = Instant::now();
        worker.run_one().await?;
        times.push(start.elapsed());
    }
    Ok(measured(times, begun.elapsed()))
}

async fn latency_over_http(http: &Http, subject: &Subject) -> anyhow::Result<Measured> {
    let path = format!("/function-models/{}/executions", subject.model_id);
    let call = subject
        .account
        .call(Method::POST, &path)
        .json(&json!({}))
        .header("prefer", "wait=10");
    let begun = Instant::now();
    let mut times = Vec::new();
    for _ in 0..SINGLE_RUNS {
        let start = Instant::now();
        let execution = ask(http, call.clone()).await?;
        ensure!(
            execution["status"] == "completed",
            "the run did not end: {execution}"
        );
        times.push(start.elapsed());
    }
    Ok(measured(times, begun.elapsed()))
}

/// What one run of three actions costs the database.
struct Cost {
    statements: f64,
    commits: f64,
    wal_kb: f64,
}

/// Counted over single runs, without full-page images, which depend on checkpoints.
async fn cost(details: &Details, admin: &Client, subject: &Subject) -> anyhow::Result<Cost> {
    admin
        .batch_execute("alter system set full_page_writes = off")
        .await?;
    admin
        .batch_execute("select pg_reload_conf(); checkpoint")
        .await?;
    admin
        .batch_execute("select extensions.pg_stat_statements_reset()")
        .await?;
    let worker = Worker::new(details, subject).await?;
    worker.run_one().await?;
    let counted = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";
    let before: f64 = admin.query_one(counted, &[]).await?.get(0);
    let (calls_before, commits_before) = calls(admin).await?;
    for _ in 0..SINGLE_RUNS {
        worker.run_one().await?;
    }
    let after: f64 = admin.query_one(counted, &[]).await?.get(0);
    let (calls_after, commits_after) = calls(admin).await?;
    admin
        .batch_execute("alter system reset full_page_writes")
        .await?;
    admin.batch_execute("select pg_reload_conf()").await?;
    let runs = SINGLE_RUNS as f64;
    Ok(Cost {
        statements: (calls_after - calls_before) / runs,
        commits: (commits_after - commits_before) / runs,
        wal_kb: (after - before) / runs / 1e3,
    })
}

/// Calls of the engine's functions, and those of them that wrote, each of which was one commit.
async fn calls(admin: &Client) -> anyhow::Result<(f64, f64)> {
    let statement = "select coalesce(sum(calls), 0)::float8,
            coalesce(sum(calls) filter (where wal_records > 0), 0)::float8
        from extensions.pg_stat_statements
        where query like 'select public.start_executions(%' or query like 'select public.exchange(%'";
    let row = admin.query_one(statement, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
