//! Who appends: to streams that they share, with stalls and rollbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::dice::Dice;
use crate::test::connect;

const WRITERS: u64 = 16;
/// Streams in each of both logs.
const STREAMS: usize = 48;
/// Most events that are appended at once.
const MOST: usize = 40;

/// Appends to the log of everything but runs; the caller has locked the stream, as commands lock the row.
const APPEND: &str = "select private.append_events('ai-agent', $1, null, (
    select jsonb_agg(jsonb_build_object('eventType', 'Stressed', 'data', jsonb_build_object('number', number)))
    from generate_series(1, $2::int4) as number))";
/// Appends to the log of runs.
const APPEND_RUN: &str = "insert into public.execution_events (aggregate_id, aggregate_version, event_type, facts)
    select $1, stream.version + number, 'Stressed', '{}'
    from (select coalesce(max(aggregate_version), 0) as version from public.execution_events where aggregate_id = $1) as stream,
         generate_series(1, $2::int4) as number";
/// Apart from the locks that announce positions, which are of one number.
const LOCK: &str = "select pg_advisory_xact_lock(7, $1::int4)";

/// So many events the writers are ahead at most: who follows is to be where they are.
const AHEAD: usize = 1_000;

/// How far both sides are.
pub(super) struct Race {
    events: usize,
    appended: AtomicUsize,
    pub(super) handled: AtomicUsize,
}

impl Race {
    /// Ends with so many events.
    pub(super) fn new(events: usize) -> Self {
        Self {
            events,
            appended: AtomicUsize::new(0),
            handled: AtomicUsize::new(0),
        }
    }

    /// Whether enough is there.
    fn is_over(&self) -> bool {
        self.appended.load(Ordering::Relaxed) >= self.events
    }

    async fn wait(&self) {
        let far = || {
            let handled = self.handled.load(Ordering::Relaxed);
            self.appended.load(Ordering::Relaxed) > handled + AHEAD
        };
        while far() {
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) committed: usize,
    pub(super) rolled_back: usize,
}

/// Appends at least so many events.
pub(super) async fn write(url: String, race: Arc<Race>, seed: u64) -> anyhow::Result<Written> {
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let dice = Dice::new(seed * 1_000 + writer);
        let writer = Writer::begin(&url, dice, seed).await?;
        writers.push(tokio::spawn(writer.work(Arc::clone(&race))));
    }
    let mut sum = Written::default();
    for writer in writers {
        let written = writer.await??;
        sum.committed += written.committed;
        sum.rolled_back += written.rolled_back;
    }
    Ok(sum)
}

struct Writer {
    client: Client,
    lock: Statement,
    append: [Statement; 2],
    dice: Dice,
    seed: u64,
}

impl Writer {
    async fn begin(url: &str, dice: Dice, seed: u64) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        client.batch_execute("set role fm_engine").await?;
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            append: [
                client.prepare(APPEND).await?,
                client.prepare(APPEND_RUN).await?,
            ],
            client,
            dice,
            seed,
        })
    }

    async fn work(mut self, race: Arc<Race>) -> anyhow::Result<Written> {
        let mut written = Written::default();
        while !race.is_over() {
            race.wait().await;
            self.client.batch_execute("begin").await?;
            let appended = self.transaction().await?;
            if self.dice.below(6) == 0 {
                self.client.batch_execute("rollback").await?;
                written.rolled_back += 1;
                continue;
            }
            self.client.batch_execute("commit").await?;
            written.committed += 1;
            race.appended.fetch_add(appended, Ordering::Relaxed);
        }
        Ok(written)
    }

    /// Appends to one stream or two, in the order that everybody keeps; answers how many stay.
    async fn transaction(&mut self) -> anyhow::Result<usize> {
        let (first, second) = self.dice.pair(2 * STREAMS);
        let mut sum = self.append(first).await?;
        self.stall().await;
        if self.dice.below(2) == 0 {
            return Ok(sum);
        }
        let undone = self.dice.below(4) == 0;
        if undone {
            self.client.batch_execute("savepoint part").await?;
        }
        let more = self.append(second).await?;
        match undone {
            true => self.client.batch_execute("rollback to part").await?,
            false => sum += more,
        }
        self.stall().await;
        Ok(sum)
    }

    async fn append(&mut self, stream: usize) -> anyhow::Result<usize> {
        let count = 1 + self.dice.below(MOST);
        let id = Uuid::from_u64_pair(self.seed, stream as u64);
        let key = i32::try_from(stream)?;
        self.client.execute(&self.lock, &[&key]).await?;
        let append = &self.append[stream % 2];
        self.client
            .execute(append, &[&id, &i32::try_from(count)?])
            .await?;
        Ok(count)
    }

    /// Mostly not at all, sometimes long.
    async fn stall(&mut self) {
        let millis = match self.dice.below(24) {
            0 => self.dice.below(60),
            1..4 => self.dice.below(6),
            _ => return,
        };
        sleep(Duration::from_millis(millis as u64)).await;
    }
}
