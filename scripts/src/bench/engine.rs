//! The engine: how many instant actions it does, how soon one run ends, and what a run costs the database.
//!
//! Everything is on: row-level security, events, audit, broadcasts.

mod cost;
mod edge;
mod sql;

use std::time::{Duration, Instant};

use local_stack::Details;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use self::cost::Cost;
use self::edge::Edge;
use self::sql::Worker;
use super::account::Account;
use super::load::{Measured, client, measured, median, ratio};
use super::report::{Row, Section};

/// Runs of a throughput measurement.
const RUNS: usize = 1_000;
/// Instant actions of each run, one after another.
const ACTIONS: usize = 3;
/// Runs that one call starts in bulk.
const BULK: usize = 50;
/// Runs one after another, for latency and for costs.
const SINGLE_RUNS: usize = 100;

/// The model whose version is run, who runs it, and the way to look behind the scenes.
struct Subject {
    account: Account,
    model_id: String,
    version_id: Uuid,
    admin: Client,
}

impl Subject {
    async fn completed(&self) -> anyhow::Result<i64> {
        let statement = "select count(*) from public.workflow_executions
            where version_id = $1 and status = 'completed'";
        let row = self.admin.query_one(statement, &[&self.version_id]).await?;
        Ok(row.get(0))
    }

    /// Jobs of the database wake workers; while SQL is measured no worker may help.
    async fn jobs_run(&self, active: bool) -> anyhow::Result<()> {
        let statement = "update cron.job set active = $1";
        self.admin.execute(statement, &[&active]).await?;
        // A job that is under way, and the list of jobs, which is read every second.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        Ok(())
    }
}

/// What was measured in every round.
#[derive(Default)]
struct Rounds {
    sql_bulk: Vec<f64>,
    sql_single: Vec<f64>,
    edge_bulk: Vec<f64>,
    edge_single: Vec<f64>,
    sql_latency: Vec<Measured>,
    edge_latency: Vec<Measured>,
}

/// Measures in SQL and through the edge.
///
/// # Errors
/// When a run does not complete.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Vec<Section>> {
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
        admin,
    };
    let edge = Edge::new(http, details, &subject);

    let mut figures = Rounds::default();
    for _ in 0..rounds {
        subject.jobs_run(false).await?;
        figures
            .sql_bulk
            .push(sql::rate(details, &subject, BULK).await?);
        figures
            .sql_single
            .push(sql::rate(details, &subject, 1).await?);
        let worker = Worker::new(details, &subject).await?;
        figures
            .sql_latency
            .push(one_by_one(|| worker.run_one()).await?);
        subject.jobs_run(true).await?;
        figures.edge_bulk.push(edge.rate_in_bulk().await?);
        figures.edge_single.push(edge.rate_one_by_one().await?);
        figures
            .edge_latency
            .push(one_by_one(|| edge.run_one()).await?);
    }
    subject.jobs_run(false).await?;
    let worker = Worker::new(details, &subject).await?;
    let in_sql = cost::of(&subject, || worker.run_one()).await?;
    let through_edge = cost::of(&subject, || edge.run_one()).await?;
    subject.jobs_run(true).await?;
    Ok(vec![speed(figures), costs(&in_sql, &through_edge)])
}

/// Times of single runs on an otherwise idle engine.
async fn one_by_one<F: Future<Output = anyhow::Result<()>>>(
    run: impl Fn() -> F,
) -> anyhow::Result<Measured> {
    let begun = Instant::now();
    let mut times = Vec::new();
    for _ in 0..SINGLE_RUNS {
        let start = Instant::now();
        run().await?;
        times.push(start.elapsed());
    }
    Ok(measured(times, begun.elapsed()))
}

fn speed(rounds: Rounds) -> Section {
    let Rounds {
        sql_bulk,
        sql_single,
        edge_bulk,
        edge_single,
        sql_latency,
        edge_latency,
    } = rounds;
    let rate = |what: &str, figures: &[f64], limit: f64| {
        let figure = median(figures.iter().copied());
        Row::new(what, format!("{figure:.0} actions/s")).at_least(figure, limit, " actions/s")
    };
    let to_bulk = |figures: &[f64]| ratio(figures.iter().copied(), sql_bulk.iter().copied());
    let latency = |what: &str, rounds: &[Measured], limit: f64| {
        let ms = |time: fn(&Measured) -> Duration| {
            median(rounds.iter().map(|round| time(round).as_secs_f64() * 1e3))
        };
        let (p50, p95) = (ms(|round| round.p50), ms(|round| round.p95));
        Row::new(what, format!("p50 {p50:.1} ms, p95 {p95:.1} ms")).at_most(p95, limit, " ms (p95)")
    };
    let bulk = "SQL in bulk";
    Section {
        title: "The engine",
        note: format!(
            "{RUNS} runs of {ACTIONS} instant actions each (an expression that the engine itself evaluates), one after another within a run, with row-level security, events, audit and broadcasts on.\n\
             SQL: two connections call the functions of the engine. Edge: gateway, Deno, the module with the settings it has by default, PostgREST; runs in bulk are stored by the database's function and worked off by `background-worker`, runs one by one are {} clients' POST requests.\n\
             Single runs, {SINGLE_RUNS} in a row: through the edge with `Prefer: wait`, from the request to the answer that holds the result.",
            edge::STARTERS
        ),
        rows: vec![
            rate("in bulk, SQL", &sql_bulk, 3_000.0),
            rate("one by one, SQL", &sql_single, 1_000.0).against(bulk, to_bulk(&sql_single)),
            rate("in bulk, edge", &edge_bulk, 1_000.0).against(bulk, to_bulk(&edge_bulk)),
            rate("one by one, edge", &edge_single, 333.0).against(bulk, to_bulk(&edge_single)),
            latency("single run, SQL", &sql_latency, 10.0),
            latency("single run, edge", &edge_latency, 40.0),
        ],
    }
}

fn costs(in_sql: &Cost, through_edge: &Cost) -> Section {
    let row = |what: &str, figure: f64, limit: f64, unit: &str| {
        Row::new(what, format!("{figure:.2}{unit}")).at_most(figure, limit, unit)
    };
    let edge = format!("{:.2}", through_edge.calls);
    Section {
        title: "What a run of three actions costs the database",
        note: format!(
            "Counted over {SINGLE_RUNS} single runs with the database's jobs at rest and without full-page images, which depend on checkpoints.\n\
             Calls are those of `start_executions` and `exchange`, by `pg_stat_statements`; commits are those of them that wrote, each a transaction of its own; WAL is the distance its end moved.\n\
             Through the edge a run also writes a line of its log per action, which the SQL side does not."
        ),
        rows: vec![
            row(
                "calls of the engine's functions, SQL",
                in_sql.calls,
                4.0,
                "",
            ),
            row("commits, SQL", in_sql.commits, 4.0, ""),
            row("WAL, SQL", in_sql.wal_kb, 16.0, " kB"),
            Row::new("transaction numbers, SQL", format!("{:.2}", in_sql.numbers)),
            row(
                "calls of the engine's functions, edge",
                through_edge.calls,
                4.0,
                "",
            ),
            row("commits, edge", through_edge.commits, 4.0, ""),
            row("WAL, edge", through_edge.wal_kb, 16.0, " kB"),
            Row::new(
                "everything PostgREST was asked, edge",
                format!("{:.2} requests", through_edge.requests),
            )
            .against(
                format!("{edge} of them calls of the engine's functions"),
                through_edge.requests / through_edge.calls,
            ),
        ],
    }
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
