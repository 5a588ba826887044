//! Appending: by the function that commands use, and to a table that has nothing but the columns.

use std::time::Instant;

use serde_json::{Value, json};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::test::connect;

/// Streams of a connection, one after another.
const STREAMS: usize = 20;

const OURS: &str = "select private.append_events('ai-agent', $1, null, $2)";
const BARE: &str =
    "insert into bench.bare (aggregate_type, aggregate_id, aggregate_version, event_type, data)
    select 'ai-agent', $1, draft.place, draft.event ->> 'eventType', draft.event -> 'data'
    from jsonb_array_elements($2) with ordinality as draft (event, place)";

/// Where events go.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Ours,
    Bare,
}

/// One connection that appends.
pub(super) struct Writer {
    client: Client,
    append: Statement,
    streams: Vec<Uuid>,
}

impl Writer {
    /// Connects; ours works as the engine does.
    pub(super) async fn begin(url: &str, side: Side) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        let statement = match side {
            Side::Ours => {
                client.batch_execute("set role fm_engine").await?;
                OURS
            }
            Side::Bare => BARE,
        };
        Ok(Self {
            append: client.prepare(statement).await?,
            client,
            streams: (0..STREAMS).map(|_| Uuid::now_v7()).collect(),
        })
    }

    /// Appends to the `nth` stream, in a transaction.
    pub(super) async fn append(&self, nth: usize, events: &Value) -> anyhow::Result<()> {
        let stream = &self.streams[nth % STREAMS];
        self.client.execute(&self.append, &[stream, events]).await?;
        Ok(())
    }
}

/// Events for one call.
pub(super) fn events(numbers: std::ops::Range<usize>) -> Value {
    let event = |number| json!({"eventType": "AIAgentExecutionCompleted", "data": {"number": number, "note": "The order is complete"}});
    numbers.map(event).collect()
}

/// Events a second, of so many connections that append `batch` events each time.
pub(super) async fn rate(
    url: &str,
    side: Side,
    connections: usize,
    times: usize,
    batch: usize,
) -> anyhow::Result<f64> {
    let mut writers = Vec::new();
    for _ in 0..connections {
        let writer = Writer::begin(url, side).await?;
        // What a connection does the first time is not what is measured.
        writer.append(0, &events(0..1)).await?;
        writers.push(writer);
    }
    connect(url).await?.batch_execute("checkpoint").await?;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in writers {
        tasks.spawn(async move {
            let events = events(0..batch);
            for nth in 0..times {
                writer.append(nth, &events).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((connections * times * batch) as f64 / begun.elapsed().as_secs_f64())
}
