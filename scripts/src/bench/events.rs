//! The log of events: what appending costs against a bare table, how soon a follower has an event, and how fast the log is read again.

mod append;
mod follow;

use local_stack::Details;
use tokio_postgres::NoTls;

use super::load::{Measured, median, ratio};
use super::report::{Row, Section};
use crate::test::{connect, on_database_of_its_own};

/// The database of the part: what is appended says nothing true.
const DATABASE: &str = "fm_bench_events";
/// Events of a batch, appended or read.
const BATCH: usize = 1_000;
/// Batches that are appended in a round, and then read again.
const BATCHES: usize = 50;
/// Connections that append batches.
const IN_BATCHES: usize = 2;
/// Connections that append event by event, and how many each does in a round.
const ONE_BY_ONE: usize = 8;
const SINGLES: usize = 250;

/// The columns of the log and nothing else.
const SETUP: &str = "
create schema bench;
create sequence bench.positions;
create table bench.bare (like public.domain_events);
alter table bench.bare
  alter position set default nextval('bench.positions'), alter event_id set default gen_random_uuid(),
  alter event_version set default 1, alter occurred_at set default now();
";

/// Events a second of both sides, one of each per round.
#[derive(Default)]
struct Sides {
    ours: Vec<f64>,
    bare: Vec<f64>,
}

/// What was measured in every round.
#[derive(Default)]
struct Rounds {
    singles: Sides,
    batches: Sides,
    lag: Vec<Measured>,
    followed: Sides,
    read: Vec<f64>,
}

/// Measures all of it.
///
/// # Errors
/// When the database refuses, or an event is missing.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Section> {
    let (admin, connection) = tokio_postgres::connect(&details.admin_db_url, NoTls).await?;
    tokio::spawn(connection);
    jobs_run(&admin, false).await?;
    let measured = on_database_of_its_own(details, DATABASE, async |url| {
        connect(url).await?.batch_execute(SETUP).await?;
        let mut figures = Rounds::default();
        for round in 0..rounds {
            figures.add(url, round).await?;
        }
        Ok(figures)
    })
    .await;
    jobs_run(&admin, true).await?;
    Ok(section(&measured?))
}

/// Jobs of the database wake workers, who would help themselves to the processors.
async fn jobs_run(admin: &tokio_postgres::Client, active: bool) -> anyhow::Result<()> {
    let statement = "update cron.job set active = $1";
    admin.execute(statement, &[&active]).await?;
    // A job that is under way, and the list of jobs, which is read every second.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    Ok(())
}

impl Rounds {
    async fn add(&mut self, url: &str, round: usize) -> anyhow::Result<()> {
        let (ours, bare) = (append::Side::Ours, append::Side::Bare);
        for (side, figures) in [
            (ours, &mut self.singles.ours),
            (bare, &mut self.singles.bare),
        ] {
            figures.push(append::rate(url, side, ONE_BY_ONE, SINGLES, 1).await?);
        }
        let begin = follow::log_end(url).await?;
        let each = BATCHES / IN_BATCHES;
        for (side, figures) in [
            (ours, &mut self.batches.ours),
            (bare, &mut self.batches.bare),
        ] {
            figures.push(append::rate(url, side, IN_BATCHES, each, BATCH).await?);
        }
        let events = BATCHES * BATCH;
        let name = format!("replay-{round}");
        self.followed
            .bare
            .push(follow::select(url, begin, events).await?);
        self.followed
            .ours
            .push(follow::subscribed(url, &name, begin, events).await?);
        self.read.push(follow::read(url, begin, events).await?);
        self.lag
            .push(follow::lag(url, &format!("lag-{round}")).await?);
        Ok(())
    }
}

fn section(rounds: &Rounds) -> Section {
    let against = |what: &str, some: &[f64], other: &[f64], against: &str, limit: f64| {
        let figure = median(some.iter().copied());
        let ratio = ratio(some.iter().copied(), other.iter().copied());
        let other = format!("{:.0}, {against}", median(other.iter().copied()));
        Row::new(what, format!("{figure:.0} events/s"))
            .against(other, ratio)
            .at_least(figure, limit, " events/s")
    };
    let ms = |time: fn(&Measured) -> std::time::Duration| {
        median(
            rounds
                .lag
                .iter()
                .map(|round| time(round).as_secs_f64() * 1e3),
        )
    };
    let (p50, p95) = (ms(|round| round.p50), ms(|round| round.p95));
    let Rounds {
        singles,
        batches,
        followed,
        read,
        ..
    } = rounds;
    let (bare, select) = ("a bare table", "a bare `select`");
    Section {
        title: "The event log",
        note: format!(
            "Appended by `private.append_events`, with the policies, the audit and the announcement of positions that commands have, \
             in a transaction each: {ONE_BY_ONE} connections append one event at a time, {IN_BATCHES} append {BATCH}. \
             The bare table has the same columns and no index, no condition, no policy and no trigger; rows come to it the same way.\n\
             Read again are the {} events that were appended in batches, {BATCH} at a time: by a subscription, which settles every batch, by `read_events`, and by a `select` of the same rows and columns.\n\
             The lag is the time from the answer to a commit until the follower has the event, with {} writers, each of which pauses {} ms after an event; the follower asks again at once, or after {} ms when there was nothing.",
            BATCHES * BATCH,
            follow::WRITERS,
            follow::PAUSE.as_millis(),
            follow::POLL.as_millis(),
        ),
        rows: vec![
            against(
                "appended one by one",
                &singles.ours,
                &singles.bare,
                bare,
                5_000.0,
            ),
            against(
                "appended in batches",
                &batches.ours,
                &batches.bare,
                bare,
                50_000.0,
            ),
            Row::new(
                "from commit to follower",
                format!("p50 {p50:.1} ms, p95 {p95:.1} ms"),
            )
            .at_most(p95, 50.0, " ms (p95)"),
            against(
                "replayed by a subscription",
                &followed.ours,
                &followed.bare,
                select,
                100_000.0,
            ),
            against(
                "replayed by `read_events`",
                read,
                &followed.bare,
                select,
                100_000.0,
            ),
        ],
    }
}
