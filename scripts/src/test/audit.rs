//! The audit log against whoever would change it: late rows are sealed, tampering is found and named.
//!
//! Runs last, over the rows that all other tests left, and adds some of its own.

mod in_database;
mod in_memory;
mod writers;

use anyhow::ensure;
use tokio_postgres::Client;

use super::database::connect;
use crate::audit::{Page, page, verify};
use crate::tally::Count;

/// What a filter has to name to have these alone.
pub(super) const NAME: &str = "audit-tampering";
/// Tamperings with sealed rows in memory.
const IN_MEMORY: usize = 10_000;
/// Tamperings with the rows themselves, as the superuser, undone each time.
const IN_DATABASE: usize = 300;
/// Rows of the seals that are tampered with.
const ROWS: usize = 120;

/// Runs all of them.
///
/// # Errors
/// When the database cannot be reached.
pub(super) async fn run(url: &str) -> anyhow::Result<Count> {
    let client = connect(url).await?;
    let mut sum = Count::default();
    let mut note = |name: &str, outcome: anyhow::Result<()>| {
        match &outcome {
            Ok(()) => println!("test audit log: {name} ... ok"),
            Err(error) => println!("test audit log: {name} ... FAILED\n{error:#}"),
        }
        sum = sum.and(Count::one(outcome.is_ok()));
    };
    note(
        "a row that commits late is not left out",
        writers::one_commits_late(url).await,
    );
    note(
        "writers that stall and roll back leave no row unsealed",
        writers::many_stall(url).await,
    );
    note("every row of all tests is as it was", holds(&client).await);
    let sample = sample(&client).await?;
    note(
        &format!("{IN_MEMORY} tamperings with sealed rows are found and named"),
        in_memory::all_are_found(&sample, IN_MEMORY),
    );
    note(
        &format!("{IN_DATABASE} tamperings in the database are found and named"),
        in_database::all_are_found(&client, &sample, IN_DATABASE).await,
    );
    Ok(sum)
}

/// Seals what there is, then verifies the whole log.
async fn holds(client: &Client) -> anyhow::Result<()> {
    seal(client).await?;
    let findings = verify(client, &[], &[]).await?;
    println!("{findings}");
    ensure!(findings.broken.is_none(), "{findings}");
    ensure!(findings.rows > 0 && findings.newest.is_some(), "{findings}");
    Ok(())
}

async fn seal(client: &Client) -> anyhow::Result<()> {
    client
        .batch_execute("select private.seal_audit_logs()")
        .await?;
    Ok(())
}

/// The last seals with as many rows as can be hashed thousands of times.
async fn sample(client: &Client) -> anyhow::Result<Page> {
    let statement = "select coalesce(max(seal_number), 1) - 1 from (
        select seal_number, sum(row_count) over (order by seal_number desc) as rows
        from public.audit_seals) as seal where rows > $1::int4";
    let rows = i32::try_from(ROWS)?;
    let after: i64 = client.query_one(statement, &[&rows]).await?.get(0);
    let sample = page(client, after + 1, 100).await?;
    ensure!(
        sample.seals.len() >= 5,
        "too few seals: {}",
        sample.seals.len()
    );
    ensure!(sample.broken(&[]).is_none(), "the sample is broken");
    Ok(sample)
}
