//! The advisors of the Supabase CLI on the migrated database: nothing at level `warn` or above.
//!
//! A lint that finds nothing may be a lint that looked at nothing, so a violation is planted once and must be found.

use anyhow::Context;
use local_stack::Details;

use super::database;
use crate::command::{Printed, Program};
use crate::places;
use crate::tally::Count;

/// A table that anybody may read and nobody guards.
const VIOLATION: &str = "create table public.planted_violation (id int primary key);
    grant select on public.planted_violation to anon, authenticated;";
const REMEDY: &str = "drop table if exists public.planted_violation;";

/// Asks for advice without and with a violation.
///
/// # Errors
/// When the database or the CLI does not answer.
pub(super) async fn run(details: &Details) -> anyhow::Result<Count> {
    let clean = advice(&details.db_url).await?;
    if !clean.status.success() {
        println!("{}\n{}", clean.stdout, clean.stderr);
    }
    let client = database::connect(&details.admin_db_url).await?;
    client
        .batch_execute(VIOLATION)
        .await
        .context("planting a violation")?;
    let planted = advice(&details.db_url).await;
    client
        .batch_execute(REMEDY)
        .await
        .context("removing the planted violation")?;
    let planted = planted?;
    let found = !planted.status.success() && planted.stdout.contains("planted_violation");
    if !found {
        println!(
            "the advisors did not find the planted violation:\n{}\n{}",
            planted.stdout, planted.stderr
        );
    }
    Ok(Count::one(clean.status.success()).and(Count::one(found)))
}

async fn advice(url: &str) -> anyhow::Result<Printed> {
    let remote = format!("--remote={url}");
    let arguments = [
        "db",
        "advisors",
        &remote,
        "--level",
        "warn",
        "--fail-on",
        "warn",
    ];
    let program = Program::new(places::supabase()?, arguments).env("NO_COLOR", "1");
    program
        .env("DO_NOT_TRACK", "1")
        .env("SUPABASE_TELEMETRY_DISABLED", "1")
        .output()
        .await
}
