//! `cargo xtask events`: whether who follows the log of events gets all of it, in order, and nothing twice.
//!
//! Sixteen writers append to both logs, stall, and roll back whole or in part; a subscriber follows
//! them through the functions that are served, fails now and then, and is killed between fetching a
//! batch and settling it. Every event is accounted for. `test` does this with a tenth of the events,
//! and then once more with a watermark that is wrong, which has to be noticed.

mod account;
mod subscriber;
mod writers;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::ensure;
use clap::Args;
use local_stack::Details;

use crate::tally::Count;
use crate::test::{connect, on_database_of_its_own, with_stack};

/// What a filter has to be part of.
pub(crate) const NAME: &str = "events-followed";
/// The database of these tests: what is appended here says nothing true.
const DATABASE: &str = "fm_events";
/// Events of the test.
const TEST: usize = 100_000;
/// Events with the wrong watermark.
const PLANTED: usize = 20_000;
/// Readers that do not wait for transactions that are open.
const WRONG_WATERMARK: &str = "create or replace function private.event_watermark() returns bigint
    language sql as $$ select coalesce(pg_sequence_last_value('private.event_positions'), 0) $$";

/// How much of it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A million events.
    #[arg(long)]
    million: bool,
    /// So many events.
    #[arg(long, default_value_t = TEST, conflicts_with = "million")]
    events: usize,
}

/// Does it on a stack of its own and tells what was found.
///
/// # Errors
/// When an event is skipped, comes out of order or twice.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    crate::setup::run().await?;
    crate::wasm_module().await?;
    let events = match arguments.million {
        true => 1_000_000,
        false => arguments.events,
    };
    with_stack(async |stack| {
        on_database_of_its_own(stack.details(), DATABASE, async |url| {
            println!("{}", follow(url, events, 1).await?);
            Ok(())
        })
        .await
    })
    .await
}

/// Does it with a tenth, then with the wrong watermark.
///
/// # Errors
/// When the database cannot be reached.
pub(crate) async fn check(details: &Details) -> anyhow::Result<Count> {
    on_database_of_its_own(details, DATABASE, async |url| {
        let outcome = follow(url, TEST, 1).await;
        match &outcome {
            Ok(told) => println!("test {told} ... ok"),
            Err(error) => println!("test {TEST} events are followed ... FAILED\n{error:#}"),
        }
        let client = connect(url).await?;
        client.batch_execute(WRONG_WATERMARK).await?;
        let planted = follow(url, PLANTED, 2).await;
        match &planted {
            Ok(_) => println!("test a wrong watermark is noticed ... FAILED"),
            Err(error) => println!("test a wrong watermark is noticed: {error} ... ok"),
        }
        Ok(Count::one(outcome.is_ok()).and(Count::one(planted.is_err())))
    })
    .await
}

/// Appends so many events, more or less, and follows them.
async fn follow(url: &str, events: usize, seed: u64) -> anyhow::Result<String> {
    let start = Instant::now();
    let name = format!("stress-{seed}");
    subscriber::subscribe(url, &name).await?;
    let begin = log_end(url).await?;
    let race = Arc::new(writers::Race::new(events));
    let writing = tokio::spawn(writers::write(url.to_owned(), Arc::clone(&race), seed));
    let is_over = |handled| {
        race.handled.store(handled, Ordering::Relaxed);
        writing.is_finished()
    };
    let followed = subscriber::follow(url, &name, seed, is_over).await;
    race.handled.store(usize::MAX / 2, Ordering::Relaxed);
    let written = writing.await??;
    let followed = followed?;
    let there = positions_after(url, begin).await?;
    followed.account.close(&there)?;
    ensure!(
        written.rolled_back > 0 && followed.kills > 0 && followed.failures > 0,
        "nothing went wrong on the way"
    );
    Ok(format!(
        "{} events of {} transactions, {} rolled back, followed with {} kills and {} failures in {:.0} s: \
         none skipped, none out of order, none twice",
        there.len(),
        written.committed,
        written.rolled_back,
        followed.kills,
        followed.failures,
        start.elapsed().as_secs_f64()
    ))
}

/// The last position that was drawn.
async fn log_end(url: &str) -> anyhow::Result<i64> {
    let statement = "select coalesce(pg_sequence_last_value('private.event_positions'), 0)";
    Ok(connect(url).await?.query_one(statement, &[]).await?.get(0))
}

/// Where the events are that there are, in order.
async fn positions_after(url: &str, begin: i64) -> anyhow::Result<Vec<i64>> {
    let statement = "select position from public.domain_events where position > $1
        union all select position from public.execution_events where position > $1 order by 1";
    let rows = connect(url).await?.query(statement, &[&begin]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
