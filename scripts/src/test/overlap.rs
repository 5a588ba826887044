//! What two calls of the engine do to each other when they overlap. The database tests have one
//! connection each; here there are two.

use std::time::Duration;

use anyhow::{Context, ensure};
use local_stack::Details;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::database::connect;
use super::schema::on_database_of_its_own;
use crate::places;
use crate::tally::Count;

/// What a filter has to be part of.
pub(super) const NAME: &str = "overlap";
const DATABASE: &str = "fm_overlap";

/// Runs them.
///
/// # Errors
/// When the database cannot be made.
pub(super) async fn run(details: &Details) -> anyhow::Result<Count> {
    on_database_of_its_own(details, DATABASE, async |url| {
        let support = places::root().join("tests/database/support.sql");
        let support = std::fs::read_to_string(support)?;
        connect(url).await?.batch_execute(&support).await?;
        let both_count = both_reports_count(url).await;
        let nothing_is_left = a_lost_lease_leaves_nothing(url).await;
        Ok(told(
            "two workers report on one run at once, and both count",
            both_count,
        )
        .and(told(
            "a lease that ends while its worker is handed something leaves nothing behind",
            nothing_is_left,
        )))
    })
    .await
}

fn told(name: &str, outcome: anyhow::Result<()>) -> Count {
    match &outcome {
        Ok(()) => println!("test {name} ... ok"),
        Err(error) => println!("test {name} ... FAILED\n{error:#}"),
    }
    Count::one(outcome.is_ok())
}

/// Starts a run of a plan and hands its first actions to the first worker.
async fn start(client: &Client, name: &str, plan: &str, want: i32) -> anyhow::Result<Vec<Value>> {
    let statement = format!(
        "select test.start(person.id, test.published(person.id, '{name}', {plan}), {want})
         from (select test.user('{name}@example.org') as id) as person"
    );
    let started: Value = client.query_one(&statement, &[]).await?.get(0);
    let claims = started["claims"].as_array().cloned();
    claims.context("no claims")
}

/// Reports that an attempt has ended and asks for more, as one of the workers.
async fn exchange(
    client: &Client,
    ended: &[&Value],
    want: i32,
    worker: i32,
) -> anyhow::Result<Value> {
    let outcomes = ended.iter().map(|claim| {
        json!({"executionId": claim["executionId"], "step": claim["step"], "attempt": claim["attempt"],
            "kind": "completed", "output": {}})
    });
    let outcomes = Value::Array(outcomes.collect());
    let statement = "select test.exchange($1, $2, test.worker($3))";
    Ok(client
        .query_one(statement, &[&outcomes, &want, &worker])
        .await?
        .get(0))
}

/// Waits until a connection waits for another.
async fn blocked(observer: &Client, process: i32) -> anyhow::Result<()> {
    for _ in 0..500 {
        let statement = "select cardinality(pg_blocking_pids($1)) > 0";
        if observer.query_one(statement, &[&process]).await?.get(0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("the second call did not wait for the first")
}

async fn both_reports_count(url: &str) -> anyhow::Result<()> {
    let (one, other, observer) = (
        connect(url).await?,
        connect(url).await?,
        connect(url).await?,
    );
    let claims = start(&one, "Both", "test.parallel_plan(2, 2)", 1).await?;
    let first = claims.first().context("no action")?;
    let taken = exchange(&other, &[], 1, 2).await?;
    let second = &taken["claims"][0];
    ensure!(second["step"].is_number(), "the second worker got {taken}");

    let process: i32 = other
        .query_one("select pg_backend_pid()", &[])
        .await?
        .get(0);
    one.batch_execute("begin").await?;
    exchange(&one, &[first], 0, 1).await?;
    let reported = [second];
    let (later, committed) = tokio::join!(exchange(&other, &reported, 0, 2), async {
        blocked(&observer, process).await?;
        one.batch_execute("commit").await?;
        anyhow::Ok(())
    });
    committed?;
    let ended = later?;
    ensure!(
        ended["finished"][0]["status"] == "completed",
        "the later call was answered with {ended}"
    );
    Ok(())
}

async fn a_lost_lease_leaves_nothing(url: &str) -> anyhow::Result<()> {
    let (worker, sweeper) = (connect(url).await?, connect(url).await?);
    sweeper.batch_execute("set lock_timeout = '5s'").await?;
    let claims = start(&worker, "Left", "test.chain_plan(2)", 1).await?;
    worker.batch_execute("begin").await?;
    exchange(&worker, &[claims.first().context("no action")?], 1, 1).await?;
    // Time passes while the call is under way.
    let expire = "update private.worker_leases set expires_at = now() - interval '1 second'";
    sweeper.batch_execute(expire).await?;
    let early = sweep(&sweeper).await?;
    worker.batch_execute("commit").await?;
    let late = sweep(&sweeper).await?;
    ensure!(
        early["returned"] == 0,
        "a sweep during the call was answered with {early}"
    );
    ensure!(
        late["returned"] == 1,
        "a sweep after the call was answered with {late}"
    );
    Ok(())
}

async fn sweep(client: &Client) -> anyhow::Result<Value> {
    Ok(client.query_one("select public.sweep()", &[]).await?.get(0))
}
