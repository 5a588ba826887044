//! Who follows: through the functions that are served, with failures, and killed now and then.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_postgres::Client;
use uuid::Uuid;

use super::account::{Account, Delivered};
use crate::dice::Dice;
use crate::test::connect;

/// Of so many batches one is lost, with its consumer.
const KILLED: usize = 16;
/// None is lost before so many: writing goes on while a lease runs out, and first it is to be followed.
const EARLIEST: usize = 40;
/// Most kills; each costs the length of a lease.
const KILLS: usize = 8;
/// Of so many batches one has an event that fails.
const FAILED: usize = 12;

/// What was handled, and what went wrong on the way.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) account: Account,
    pub(super) kills: usize,
    pub(super) failures: usize,
}

#[derive(Deserialize)]
struct Batch {
    batch: i64,
    events: Vec<Delivered>,
}

/// A consumer; killed by letting go of it.
struct Consumer {
    client: Client,
    name: String,
}

impl Consumer {
    async fn begin(url: &str, name: &str) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        client.batch_execute("set role service_role").await?;
        Ok(Self {
            client,
            name: name.to_owned(),
        })
    }

    async fn ask(&self, function: &str, mut command: Value) -> anyhow::Result<Value> {
        command["name"] = self.name.as_str().into();
        let statement = format!("select public.{function}($1)");
        let row = self.client.query_one(&statement, &[&command]).await?;
        Ok(row.get(0))
    }

    /// The next batch, as soon as nobody has one.
    async fn fetch(&self) -> anyhow::Result<Batch> {
        let command = json!({"limit": 1000, "leaseSeconds": 1});
        for _ in 0..2_000 {
            match self.ask("fetch_events", command.clone()).await {
                Ok(batch) => return Ok(serde_json::from_value(batch)?),
                Err(error) if code_of(&error) == Some("FM041") => {
                    sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error),
            }
        }
        anyhow::bail!("the batch of a consumer that was killed is never given up")
    }

    async fn settle(&self, batch: i64, failures: &[Uuid]) -> anyhow::Result<Value> {
        let failure = |id: &Uuid| json!({"eventId": id, "error": "no"});
        let failures: Vec<Value> = failures.iter().map(failure).collect();
        self.ask(
            "settle_events",
            json!({"batch": batch, "failures": failures}),
        )
        .await
    }
}

fn code_of(error: &anyhow::Error) -> Option<&str> {
    let told = error.downcast_ref::<tokio_postgres::Error>()?;
    Some(told.code()?.code())
}

/// Makes a subscription that begins now.
pub(super) async fn subscribe(url: &str, name: &str) -> anyhow::Result<()> {
    let consumer = Consumer::begin(url, name).await?;
    consumer.ask("save_event_subscription", json!({})).await?;
    Ok(())
}

/// Follows until nobody writes and nothing is left; tells how many events were handled so far.
pub(super) async fn follow(
    url: &str,
    name: &str,
    seed: u64,
    is_over: impl Fn(usize) -> bool,
) -> anyhow::Result<Followed> {
    let mut followed = Followed::default();
    let mut dice = Dice::new(seed * 7_919);
    let mut consumer = Consumer::begin(url, name).await?;
    let mut lost: Option<i64> = None;
    let mut batches = 0_usize;
    loop {
        let was_over = is_over(followed.account.len());
        let batch = consumer.fetch().await?;
        if let Some(number) = lost.take() {
            // Whoever was thought dead comes late.
            let late = Consumer::begin(url, name).await?.settle(number, &[]).await;
            let refused = late.err().context("a batch that was lost was settled")?;
            ensure!(code_of(&refused) == Some("FM007"), "{refused:#}");
        }
        batches += 1;
        let must = followed.kills == 0 && (batches > EARLIEST || was_over);
        let may = batches > EARLIEST && !batch.events.is_empty();
        if must || (may && followed.kills < KILLS && dice.below(KILLED) == 0) {
            followed.kills += 1;
            lost = Some(batch.batch);
            consumer = Consumer::begin(url, name).await?;
            continue;
        }
        let failed = handle(&mut followed, &mut dice, &batch)?;
        let state = consumer.settle(batch.batch, &failed).await?;
        if batch.events.is_empty() {
            if was_over && state["lag"] == 0 && state["setAside"] == 0 {
                return Ok(followed);
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Handles the events of a batch, some of which fail; answers these. What comes after a failure in
/// the same stream is left alone: it comes again.
fn handle(followed: &mut Followed, dice: &mut Dice, batch: &Batch) -> anyhow::Result<Vec<Uuid>> {
    let must = followed.failures == 0 && !batch.events.is_empty();
    let fails = !batch.events.is_empty() && (must || dice.below(FAILED) == 0);
    let unlucky = fails.then(|| dice.below(batch.events.len()));
    let mut held_up = HashSet::new();
    let mut failed = Vec::new();
    for (nth, event) in batch.events.iter().enumerate() {
        if unlucky == Some(nth) {
            held_up.insert(event.aggregate_id);
            failed.push(event.event_id);
        }
        if !held_up.contains(&event.aggregate_id) {
            followed.account.note(event)?;
        }
    }
    followed.failures += failed.len();
    Ok(failed)
}
