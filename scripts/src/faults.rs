//! `cargo xtask faults`: whether runs end, and each of their effects happens once, whatever is killed.
//!
//! Runs are started through the functions and call a service of ours. Meanwhile functions, PostgREST
//! and PostgreSQL are killed again and again, a proxy between the functions and the database's API
//! loses replies, repeats and delays requests, and the service is slow, hangs, fails and answers
//! nonsense. Then the histories are judged: what the service counted, and what the database wrote.

mod far_side;
mod history;
mod killer;
mod load;
mod proxy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use local_stack::{Data, Options, Ports, Stack};

use self::far_side::FarSide;
use self::proxy::Proxy;
use crate::tally::Count;
use crate::{interrupt, places, progress};

/// What a filter has to be part of.
pub(crate) const NAME: &str = "faults";
/// How long the runs may take to end once nothing is killed any more.
const PATIENCE: Duration = Duration::from_secs(180);

/// How much of it.
#[derive(Args, Clone, Copy)]
pub(crate) struct Arguments {
    /// How often something is killed, at least.
    #[arg(long, default_value_t = 1_000)]
    kills: usize,
    /// How many runs are started, at least.
    #[arg(long, default_value_t = 10_000)]
    runs: usize,
    /// The same seed makes the same choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the test command does of it.
const TEST: Arguments = Arguments {
    kills: 12,
    runs: 120,
    seed: 1,
};

/// Does it and tells what was found.
///
/// # Errors
/// When a run does not end, an effect happens twice, or a history contradicts itself.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    crate::setup::run().await?;
    crate::wasm_module().await?;
    println!("{}", survive(arguments).await?);
    Ok(())
}

/// The shorter form for the test command.
///
/// # Errors
/// When the stack does not start.
pub(crate) async fn check() -> anyhow::Result<Count> {
    let outcome = survive(TEST).await;
    match &outcome {
        Ok(told) => println!("test {told} ... ok"),
        Err(error) => println!("test runs survive faults ... FAILED\n{error:#}"),
    }
    Ok(Count::one(outcome.is_ok()))
}

/// A stack of its own, whose functions reach the database's API through the proxy.
async fn survive(arguments: Arguments) -> anyhow::Result<String> {
    let far_side = FarSide::start().await?;
    let proxy = Proxy::start(arguments.seed).await?;
    let options = Options {
        root: places::root(),
        data: Data::Throwaway,
        ports: Ports::Random,
        function_env: vec![
            ("FM_ALLOWED_HOSTS".to_owned(), "127.0.0.1".to_owned()),
            ("SUPABASE_URL".to_owned(), proxy.url.clone()),
        ],
        quiet: true,
    };
    let starting = interrupt::unless(Stack::start(options));
    let stack = Arc::new(progress::step("starting a stack", starting).await?);
    proxy.forward_to(&stack.details().api_url);
    let outcome = interrupt::unless(struggle(&stack, &far_side, &proxy, arguments)).await;
    if let Ok(stack) = Arc::try_unwrap(stack) {
        progress::step("stopping the stack", stack.stop()).await?;
    }
    outcome
}

/// Starts runs and kills parts until there was enough of both, then waits and judges.
async fn struggle(
    stack: &Arc<Stack>,
    far_side: &FarSide,
    proxy: &Proxy,
    arguments: Arguments,
) -> anyhow::Result<String> {
    let begun = Instant::now();
    let load = load::Load::prepare(stack.details(), far_side).await?;
    proxy.misbehave(true);
    let killing = tokio::spawn(killer::kill(
        Arc::clone(stack),
        arguments.kills,
        arguments.seed,
    ));
    let mut acknowledged = load.start(arguments.runs, || false).await?;
    if !killing.is_finished() {
        // Something has to be under way for as long as parts are killed.
        acknowledged.extend(load.start(usize::MAX, || killing.is_finished()).await?);
    }
    let kills = killing.await??;
    proxy.misbehave(false);
    load.ended(PATIENCE).await?;

    let recorded = history::Recorded::read(&stack.details().admin_db_url, far_side).await?;
    let faults = proxy.faults();
    let judged = recorded.judge(&acknowledged, kills.len(), faults);
    ensure!(judged.is_empty(), "{}", judged.join("\n"));
    let resumed = recorded.times_to_resume(&kills);
    Ok(format!(
        "{} runs of {} actions ended, {} kills, {faults} lost, repeated and late requests, {} calls for {} effects, \
         each once, in {:.0} s; work went on {} (p50), {} (p95), {} (at most) after a kill",
        recorded.runs(),
        recorded.steps(),
        kills.len(),
        far_side.calls(),
        far_side.effects(),
        begun.elapsed().as_secs_f64(),
        seconds(&resumed, 50),
        seconds(&resumed, 95),
        seconds(&resumed, 100),
    ))
}

/// A percentile of sorted times.
fn seconds(sorted: &[Duration], percentile: usize) -> String {
    let place = (sorted.len() * percentile / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or("–".to_owned(), |time| {
        format!("{:.2} s", time.as_secs_f64())
    })
}
