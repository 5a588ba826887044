//! Reading the log: how fast all of it, and how soon what is new.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::super::load::{Measured, measured};
use super::BATCH;
use super::append::{Side, Writer, events};
use crate::test::connect;

/// Who appends while the lag is measured, how many events each, and how long each waits after one.
pub(super) const WRITERS: usize = 4;
const EVENTS: usize = 100;
pub(super) const PAUSE: Duration = Duration::from_millis(5);
/// How long the follower waits when there was nothing.
pub(super) const POLL: Duration = Duration::from_millis(5);

/// A page of events, which are counted only.
#[derive(Deserialize)]
struct Page {
    events: Vec<IgnoredAny>,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    batch: i64,
}

/// A batch whose events are looked at.
#[derive(Deserialize)]
struct Batch {
    batch: i64,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    data: Numbered,
}

#[derive(Deserialize)]
struct Numbered {
    number: usize,
}

/// The last position that was drawn.
pub(super) async fn log_end(url: &str) -> anyhow::Result<i64> {
    let statement = "select coalesce(pg_sequence_last_value('private.event_positions'), 0)";
    Ok(connect(url).await?.query_one(statement, &[]).await?.get(0))
}

/// Who follows, as PostgREST does it.
struct Follower {
    client: Client,
    name: String,
}

impl Follower {
    async fn begin(url: &str, name: &str) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        client.batch_execute("set role service_role").await?;
        Ok(Self {
            client,
            name: name.to_owned(),
        })
    }

    async fn ask(&self, function: &str, mut command: Value) -> anyhow::Result<String> {
        command["name"] = self.name.as_str().into();
        let statement = format!("select public.{function}($1)::text");
        let row = self.client.query_one(&statement, &[&command]).await?;
        Ok(row.get(0))
    }

    async fn fetch(&self) -> anyhow::Result<String> {
        self.ask("fetch_events", json!({"limit": BATCH})).await
    }

    async fn settle(&self, batch: i64) -> anyhow::Result<()> {
        self.ask("settle_events", json!({"batch": batch})).await?;
        Ok(())
    }
}

/// Events a second of a subscription that begins after a position.
pub(super) async fn subscribed(
    url: &str,
    name: &str,
    begin: i64,
    events: usize,
) -> anyhow::Result<f64> {
    let follower = Follower::begin(url, name).await?;
    let command = json!({"afterPosition": begin});
    follower.ask("save_event_subscription", command).await?;
    let begun = Instant::now();
    let mut seen = 0;
    while seen < events {
        let page: Page = serde_json::from_str(&follower.fetch().await?)?;
        ensure!(!page.events.is_empty(), "{seen} of {events} were replayed");
        seen += page.events.len();
        follower.settle(page.batch).await?;
    }
    Ok(seen as f64 / begun.elapsed().as_secs_f64())
}

/// Events a second of `read_events`.
pub(super) async fn read(url: &str, begin: i64, events: usize) -> anyhow::Result<f64> {
    let client = connect(url).await?;
    client.batch_execute("set role service_role").await?;
    let statement = client
        .prepare("select public.read_events($1, $2)::text")
        .await?;
    let begun = Instant::now();
    let (mut seen, mut position) = (0, begin);
    while seen < events {
        let limit = i32::try_from(BATCH)?;
        let row = client.query_one(&statement, &[&position, &limit]).await?;
        let page: Page = serde_json::from_str(row.get(0))?;
        ensure!(!page.events.is_empty(), "{seen} of {events} were read");
        seen += page.events.len();
        position = page.position;
    }
    Ok(seen as f64 / begun.elapsed().as_secs_f64())
}

/// Rows a second of a bare `select`, page by page.
pub(super) async fn select(url: &str, begin: i64, events: usize) -> anyhow::Result<f64> {
    let client = connect(url).await?;
    let statement =
        "select * from public.domain_events where position > $1 order by position limit $2";
    let statement = client.prepare(statement).await?;
    let begun = Instant::now();
    let (mut seen, mut position) = (0, begin);
    while seen < events {
        let limit = i64::try_from(BATCH)?;
        let rows = client.query(&statement, &[&position, &limit]).await?;
        ensure!(!rows.is_empty(), "{seen} of {events} were selected");
        seen += rows.len();
        position = rows.last().map_or(position, |row| row.get(0));
    }
    Ok(seen as f64 / begun.elapsed().as_secs_f64())
}

/// Times from the answer to a commit until the follower has the event.
pub(super) async fn lag(url: &str, name: &str) -> anyhow::Result<Measured> {
    let follower = Follower::begin(url, name).await?;
    follower.ask("save_event_subscription", json!({})).await?;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for nth in 0..WRITERS {
        let writer = Writer::begin(url, Side::Ours).await?;
        tasks.spawn(write(writer, nth * EVENTS));
    }
    let mut arrived = HashMap::new();
    while arrived.len() < WRITERS * EVENTS {
        ensure!(
            begun.elapsed() < Duration::from_secs(60),
            "events are missing"
        );
        let batch: Batch = serde_json::from_str(&follower.fetch().await?)?;
        let now = Instant::now();
        arrived.extend(batch.events.iter().map(|event| (event.data.number, now)));
        follower.settle(batch.batch).await?;
        if batch.events.is_empty() {
            sleep(POLL).await;
        }
    }
    let mut lags = Vec::new();
    while let Some(done) = tasks.join_next().await {
        for (number, committed) in done?? {
            // The follower may have it before the writer heard of its commit.
            lags.push(arrived[&number].saturating_duration_since(committed));
        }
    }
    Ok(measured(lags, begun.elapsed()))
}

/// Appends events one by one; answers when each was committed.
async fn write(writer: Writer, first: usize) -> anyhow::Result<Vec<(usize, Instant)>> {
    let mut committed = Vec::new();
    for number in first..first + EVENTS {
        let event = events(number..number + 1);
        writer.append(number, &event).await?;
        committed.push((number, Instant::now()));
        sleep(PAUSE).await;
    }
    Ok(committed)
}
