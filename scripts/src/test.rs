//! `cargo xtask test`: everything that must hold, in one command; what continuous integration runs.
//!
//! Module → quick checks → Rust → a stack of its own with throw-away data → database tests → lints of the database → end-to-end tests.
//! Every part runs, whatever the ones before it found; the last line counts all.

use std::fs;
use std::path::Path;

use anyhow::{bail, ensure};
use clap::Args;
use local_stack::{Data, Options, Ports, Stack};

use crate::interrupt;
use crate::progress::step;
use crate::tally::{Count, Tally};
use crate::{access_matrix, check, events, faults, places, setup, wasm_module};

pub(crate) use self::database::connect;
pub(crate) use self::schema::on_database_of_its_own;

mod advisors;
mod audit;
mod catalogue;
mod database;
mod end_to_end;
mod event_schemas;
mod leaks;
mod native;
mod overlap;
mod schema;
mod schemathesis;
mod shells;
mod verification;

/// Which part to run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only the end-to-end tests, against the stack that SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY name.
    #[arg(long)]
    against_env: bool,
    /// Only what needs the stack: database tests, lints of the database, end-to-end tests.
    #[arg(long, conflicts_with = "against_env")]
    stack_only: bool,
    /// Only end-to-end tests with this in their name (and the database tests with this in their path).
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Runs the tests and prints `N passed, M failed`.
///
/// # Errors
/// When anything failed.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    setup::run().await?;
    let filter = arguments.filter.as_deref();
    let mut tally = Tally::default();
    if arguments.against_env {
        let target = end_to_end::Target::from_environment()?;
        tally
            .part("end-to-end tests", end_to_end::run(&target, filter))
            .await;
    } else {
        tally
            .part("module", async {
                wasm_module().await.map(|()| Count::one(true))
            })
            .await;
        if !arguments.stack_only {
            tally.part("quick checks", check::count()).await;
            tally.part("Rust tests", native::run()).await;
            tally.part("tests of the shells", shells::run()).await;
        }
        if let Err(error) =
            with_stack(async |stack| on_stack(stack, filter, &mut tally).await).await
        {
            tally.part("stack", async { Err(error) }).await;
        }
        if filter.is_none_or(|text| faults::NAME.contains(text)) {
            tally.part("runs under faults", faults::check()).await;
        }
    }
    if interrupt::happened() {
        bail!("stopped by a signal");
    }
    let sum = tally.close();
    ensure!(sum.failed == 0, "{} failed", sum.failed);
    Ok(())
}

async fn on_stack(stack: &Stack, filter: Option<&str>, tally: &mut Tally) -> anyhow::Result<()> {
    let details = stack.details();
    tally
        .part(
            "database tests",
            database::run(&details.admin_db_url, filter),
        )
        .await;
    tally
        .part("database catalogue", catalogue::run(&details.admin_db_url))
        .await;
    tally
        .part("database advisors", advisors::run(details))
        .await;
    tally
        .part("schema snapshot", schema::snapshot(details))
        .await;
    if filter.is_none_or(|text| text == "migrations") {
        tally.part("migrations", schema::prefixes(details)).await;
    }
    if filter.is_none_or(|text| overlap::NAME.contains(text)) {
        tally
            .part("calls that overlap", overlap::run(details))
            .await;
    }
    if filter.is_none_or(|text| events::NAME.contains(text)) {
        tally
            .part("followers of the log", events::check(details))
            .await;
    }
    if filter.is_none_or(|text| access_matrix::NAME.contains(text)) {
        tally
            .part("access matrix", access_matrix::check(details, false))
            .await;
    }
    // The scene of the matrix was written by hand, without events.
    let by_hand = verification::by_hand(&details.admin_db_url).await?;
    let by_hand_until = event_schemas::position(&details.admin_db_url).await?;
    if filter.is_none_or(|text| schemathesis::NAME.contains(text)) {
        tally
            .part("generated requests", schemathesis::run(details))
            .await;
    }
    let target = end_to_end::Target::of(details);
    tally
        .part("end-to-end tests", end_to_end::run(&target, filter))
        .await;
    if filter.is_none_or(|text| text.contains("secret")) {
        tally.part("leaks", leaks::run(details)).await;
    }
    tally
        .part(
            "stored events",
            event_schemas::run(&details.admin_db_url, by_hand_until, filter.is_none()),
        )
        .await;
    if filter.is_none_or(|text| verification::NAME.contains(text)) {
        tally
            .part(
                "stored rows",
                verification::run(&details.admin_db_url, &by_hand),
            )
            .await;
    }
    if filter.is_none_or(|text| audit::NAME.contains(text)) {
        // Last, over the rows that all others left.
        tally
            .part("audit log", audit::run(&details.admin_db_url))
            .await;
    }
    Ok(())
}

/// Starts a stack on free ports with throw-away data, and stops it whatever happens.
///
/// # Errors
/// When it does not start or stop, and those of the work.
pub(crate) async fn with_stack<F, T>(work: F) -> anyhow::Result<T>
where
    F: AsyncFnOnce(&Stack) -> anyhow::Result<T>,
{
    let options = Options {
        root: places::root(),
        data: Data::Throwaway,
        ports: Ports::Random,
        function_env: end_to_end::function_env(),
        quiet: true,
    };
    let stack = step("starting a stack", interrupt::unless(Stack::start(options))).await?;
    let outcome = interrupt::unless(work(&stack)).await;
    keep_logs(&stack.details().logs)?;
    let stopped = step("stopping the stack", stack.stop()).await;
    let value = outcome?;
    stopped.map(|()| value)
}

/// Keeps what the parts wrote past the end of the stack, for whoever looks for the cause of a failure.
fn keep_logs(logs: &Path) -> anyhow::Result<()> {
    let kept = places::target().join("test-logs");
    fs::create_dir_all(&kept)?;
    for log in fs::read_dir(logs)? {
        let log = log?;
        fs::copy(log.path(), kept.join(log.file_name()))?;
    }
    println!("logs of the stack: {}", kept.display());
    Ok(())
}
