//! Writers that are slower than the sealing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::super::database::connect;
use super::seal;
use crate::audit::verify;
use crate::dice::Dice;

const WRITERS: u64 = 8;
const TRANSACTIONS: usize = 40;
const INSERT: &str = "insert into public.audit_logs (table_name, operation, record_id, new_data)
    select 'stalled', 'create', gen_random_uuid(), '{\"name\": \"Ä\"}' from generate_series(1, $1::int4)";

/// A lower position becomes visible after a higher one: neither is sealed before both are there.
pub(super) async fn one_commits_late(url: &str) -> anyhow::Result<()> {
    let (late, early, sealing) = (
        connect(url).await?,
        connect(url).await?,
        connect(url).await?,
    );
    late.batch_execute("begin").await?;
    late.execute(INSERT, &[&2]).await?;
    early.execute(INSERT, &[&3]).await?;
    seal(&sealing).await?;
    let waiting = unsealed(&sealing).await?;
    late.batch_execute("commit").await?;
    seal(&sealing).await?;
    let left = unsealed(&sealing).await?;
    ensure!(
        waiting == 3,
        "{waiting} rows waited for the late one, not 3"
    );
    ensure!(left == 0, "{left} rows were left out");
    Ok(())
}

/// Many of them, some rolling back whole or in part, while sealing goes on without a pause.
pub(super) async fn many_stall(url: &str) -> anyhow::Result<()> {
    let done = Arc::new(AtomicBool::new(false));
    let sealing = tokio::spawn(keep_sealing(connect(url).await?, Arc::clone(&done)));
    let mut writers = Vec::new();
    for seed in 0..WRITERS {
        writers.push(tokio::spawn(write(connect(url).await?, Dice::new(seed))));
    }
    for writer in writers {
        writer.await??;
    }
    done.store(true, Ordering::Relaxed);
    sealing.await??;
    let client = connect(url).await?;
    seal(&client).await?;
    let left = unsealed(&client).await?;
    ensure!(left == 0, "{left} rows were left out");
    let findings = verify(&client, &[], &[]).await?;
    ensure!(findings.broken.is_none(), "{findings}");
    Ok(())
}

async fn keep_sealing(client: Client, done: Arc<AtomicBool>) -> anyhow::Result<()> {
    while !done.load(Ordering::Relaxed) {
        seal(&client).await?;
        sleep(Duration::from_millis(3)).await;
    }
    Ok(())
}

async fn write(client: Client, mut dice: Dice) -> anyhow::Result<()> {
    for _ in 0..TRANSACTIONS {
        client.batch_execute("begin").await?;
        if dice.below(3) == 0 {
            client.batch_execute("savepoint part").await?;
            client.execute(INSERT, &[&2]).await?;
            client.batch_execute("rollback to part").await?;
        }
        for _ in 0..=dice.below(2) {
            let rows = i32::try_from(1 + dice.below(3))?;
            client.execute(INSERT, &[&rows]).await?;
            sleep(Duration::from_millis(u64::try_from(dice.below(20))?)).await;
        }
        let end = ["commit", "commit", "rollback"][dice.below(3)];
        client.batch_execute(end).await?;
    }
    Ok(())
}

/// Rows of these writers that no seal covers: the sum of the seals against the rows there are.
async fn unsealed(client: &Client) -> anyhow::Result<i64> {
    let statement = "select (select count(*) from public.audit_logs)
        - (select coalesce(sum(row_count), 0) from public.audit_seals)::bigint";
    Ok(client.query_one(statement, &[]).await?.get(0))
}
