//! Kills parts of the stack, one after another, each when work has gone on since the last.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use local_stack::Stack;

use crate::dice::Dice;
use crate::test::connect;

/// Kills so many times; answers when.
///
/// # Errors
/// When work does not go on within a minute of a kill.
pub(super) async fn kill(
    stack: Arc<Stack>,
    kills: usize,
    seed: u64,
) -> anyhow::Result<Vec<SystemTime>> {
    let mut dice = Dice::new(seed ^ 0x6b69_6c6c);
    let mut times = Vec::new();
    while times.len() < kills {
        going_on(&stack).await?;
        tokio::time::sleep(Duration::from_millis(dice.below(600) as u64)).await;
        let killed = match dice.below(10) {
            0 | 1 => stack.kill_postgres().await,
            2 | 3 => stack.kill_postgrest().await,
            _ => stack.kill_functions().await,
        };
        // What is just being started again cannot be killed.
        if killed.is_ok() {
            times.push(SystemTime::now());
            if times.len() % 50 == 0 {
                println!("{} kills", times.len());
            }
        }
    }
    Ok(times)
}

/// Waits until an action begins or ends.
async fn going_on(stack: &Stack) -> anyhow::Result<()> {
    let begun = std::time::Instant::now();
    let mut seen = None;
    loop {
        let now = last_position(stack).await;
        match (seen, now) {
            (Some(before), Some(now)) if now > before => return Ok(()),
            (None, Some(now)) => seen = Some(now),
            _ => {}
        }
        anyhow::ensure!(
            begun.elapsed() < Duration::from_secs(60),
            "no action began or ended within a minute of a kill"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where the log of runs ends; nothing while the database is away.
async fn last_position(stack: &Stack) -> Option<i64> {
    let client = connect(&stack.details().admin_db_url).await.ok()?;
    let statement = "select coalesce(max(position), 0) from public.execution_events";
    Some(client.query_one(statement, &[]).await.ok()?.get(0))
}
