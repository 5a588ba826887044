//! Runs the jobs of `cron.job`, looking at the list once a second.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{MissedTickBehavior, interval};

use super::schedule::Schedule;
use crate::clock;
use crate::database::Database;
use crate::log::Log;

/// Days for which the outcomes of kept data stay.
const KEPT_DAYS: i32 = 1;

#[derive(Clone)]
struct Job {
    id: i64,
    command: String,
    schedule: String,
}

/// Runs for ever. Commands run on `jobs`, as the role that made them on the
/// platform; the outcome is written through `superuser`.
pub(crate) async fn run(jobs: Database, superuser: Database, log: Log) {
    let running: Arc<Mutex<HashSet<i64>>> = Arc::default();
    let mut last_starts: HashMap<i64, DateTime<Utc>> = HashMap::new();
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if let Err(error) = forget_old_outcomes(&superuser).await {
        log.line(&format!("cron: {error:#}"));
    }
    loop {
        ticks.tick().await;
        let list = match active_jobs(&superuser).await {
            Ok(list) => list,
            Err(error) => {
                log.line(&format!("cron: the jobs cannot be read: {error:#}"));
                continue;
            }
        };
        last_starts.retain(|id, _| list.iter().any(|job| job.id == *id));
        for job in list {
            let now = clock::now();
            let due = Schedule::parse(&job.schedule)
                .is_some_and(|schedule| schedule.is_due(last_starts.get(&job.id).copied(), now));
            // A job never runs twice at once; a start that falls into its run is left out.
            if due
                && running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(job.id)
            {
                last_starts.insert(job.id, now);
                tokio::spawn(run_job(
                    job,
                    jobs.clone(),
                    superuser.clone(),
                    Arc::clone(&running),
                    log.clone(),
                ));
            }
        }
    }
}

async fn active_jobs(superuser: &Database) -> anyhow::Result<Vec<Job>> {
    let connection = superuser.connect().await?;
    let rows = connection
        .query(
            "select jobid, command, schedule from cron.job where active order by jobid",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Job {
            id: row.get(0),
            command: row.get(1),
            schedule: row.get(2),
        })
        .collect())
}

async fn run_job(
    job: Job,
    jobs: Database,
    superuser: Database,
    running: Arc<Mutex<HashSet<i64>>>,
    log: Log,
) {
    let start = clock::now();
    let outcome = execute(&jobs, &job.command).await;
    running
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&job.id);
    let (status, message) = match &outcome {
        Ok(()) => ("succeeded", String::new()),
        Err(error) => ("failed", format!("{error:#}")),
    };
    if outcome.is_err() {
        log.line(&format!("cron: job {} failed: {message}", job.id));
    }
    if let Err(error) = write_outcome(&superuser, &job, status, &message, start).await {
        log.line(&format!(
            "cron: the outcome of job {} cannot be written: {error:#}",
            job.id
        ));
    }
}

async fn execute(jobs: &Database, command: &str) -> anyhow::Result<()> {
    let connection = jobs.connect().await?;
    if let Err(error) = connection.batch_execute(command).await {
        // The command may have left a transaction open.
        connection.discard();
        return Err(error.into());
    }
    Ok(())
}

async fn write_outcome(
    superuser: &Database,
    job: &Job,
    status: &str,
    message: &str,
    start: DateTime<Utc>,
) -> anyhow::Result<()> {
    superuser
        .connect()
        .await?
        .execute(
            "insert into cron.job_run_details
               (jobid, database, username, command, status, return_message, start_time, end_time)
             values ($1, current_database(), 'postgres', $2, $3, $4, $5, clock_timestamp())",
            &[&job.id, &job.command, &status, &message, &start],
        )
        .await?;
    Ok(())
}

async fn forget_old_outcomes(superuser: &Database) -> anyhow::Result<()> {
    superuser
        .connect()
        .await?
        .execute(
            "delete from cron.job_run_details where end_time < now() - make_interval(days => $1)",
            &[&KEPT_DAYS],
        )
        .await?;
    Ok(())
}
