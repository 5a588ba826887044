//! What single runs cost the database, in counts that do not depend on the machine.

use super::{SINGLE_RUNS, Subject};

/// The cost of one run.
pub(super) struct Cost {
    /// Calls of the engine's functions.
    pub(super) calls: f64,
    /// Those of them that wrote, each a transaction of its own.
    pub(super) commits: f64,
    /// Transaction numbers used up, those of subtransactions included.
    pub(super) numbers: f64,
    /// Thousands of bytes of WAL.
    pub(super) wal_kb: f64,
    /// Statements of clients, each the one of a request when PostgREST sent it.
    pub(super) requests: f64,
}

/// Counters of the database, all rising.
struct Counters {
    wal: f64,
    numbers: f64,
    commits: f64,
    calls: f64,
    requests: f64,
}

/// Counts what `SINGLE_RUNS` runs cost.
///
/// # Errors
/// When a run fails.
pub(super) async fn of<F: Future<Output = anyhow::Result<()>>>(
    subject: &Subject,
    run: impl Fn() -> F,
) -> anyhow::Result<Cost> {
    // Full-page images depend on when the last checkpoint was.
    images(subject, "off").await?;
    run().await?;
    // An edge function answers before its worker is at rest.
    rest().await;
    let before = counters(subject).await?;
    for _ in 0..SINGLE_RUNS {
        run().await?;
    }
    rest().await;
    let after = counters(subject).await?;
    images(subject, "on").await?;
    let each =
        |counter: fn(&Counters) -> f64| (counter(&after) - counter(&before)) / SINGLE_RUNS as f64;
    Ok(Cost {
        calls: each(|of| of.calls),
        commits: each(|of| of.commits),
        numbers: each(|of| of.numbers),
        wal_kb: each(|of| of.wal) / 1e3,
        requests: each(|of| of.requests),
    })
}

async fn rest() {
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
}

async fn images(subject: &Subject, setting: &str) -> anyhow::Result<()> {
    let statement = format!("alter system set full_page_writes = {setting}");
    subject.admin.batch_execute(&statement).await?;
    let statement = "select pg_reload_conf(); checkpoint";
    subject.admin.batch_execute(statement).await?;
    rest().await;
    Ok(())
}

/// The stack's own timer works as the superuser and is left out.
async fn counters(subject: &Subject) -> anyhow::Result<Counters> {
    let statement = "select
            (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8,
            pg_snapshot_xmax(pg_current_snapshot())::text::float8,
            coalesce(sum(calls) filter (where engine and wal_records > 0), 0)::float8,
            coalesce(sum(calls) filter (where engine), 0)::float8,
            coalesce(sum(calls) filter (where query ~ 'pgrst_source'), 0)::float8
        from extensions.pg_stat_statements
        cross join lateral (
            select query ~ '\"?public\"?\\.\"?(start_executions|exchange)\"?\\M' as engine) as kind
        where toplevel and userid <> 'supabase_admin'::regrole";
    let row = subject.admin.query_one(statement, &[]).await?;
    Ok(Counters {
        wal: row.get(0),
        numbers: row.get(1),
        commits: row.get(2),
        calls: row.get(3),
        requests: row.get(4),
    })
}
