//! What a person sees while a task runs: what happens now, and how long it took.

use std::future::Future;
use std::time::{Duration, Instant};

/// Runs one step of a task between a line that says what happens and a line that says how it went.
///
/// # Errors
/// Those of the work.
pub(crate) async fn step<T>(
    what: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    eprintln!("• {what} …");
    let start = Instant::now();
    let outcome = work.await;
    let mark = if outcome.is_ok() { '✓' } else { '✗' };
    eprintln!("{mark} {what} ({})", seconds(start.elapsed()));
    outcome
}

/// A length of time as a person reads it.
pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
