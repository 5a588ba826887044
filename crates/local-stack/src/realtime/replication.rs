//! Delivers the committed rows of `realtime.messages`, in commit order.
//!
//! The database's log is followed only while somebody listens, so that an idle stack costs nothing.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::Shared;
use super::broadcast::from_row;
use super::partitions::{self, PUBLICATION};
use super::pgoutput::Decoder;
use super::replication_stream::ReplicationStream;
use super::topics::Topic;

/// How long the log is followed after the last listener has gone.
const LINGER: Duration = Duration::from_secs(60);
/// How often the server learns how far we have read.
const CONFIRM: Duration = Duration::from_secs(5);
/// How long a join waits for the log to be followed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pauses between attempts to reach a database that is down.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Whether somebody listens, and whether the database is being followed.
#[derive(Debug)]
pub(super) struct Following {
    listeners: watch::Sender<usize>,
    ready: watch::Sender<bool>,
}

/// Held by everybody who wants messages from the database.
pub(super) struct Listening<'a>(&'a Following);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.listeners.send_modify(|count| *count -= 1);
    }
}

impl Following {
    /// Nobody listens yet.
    pub(super) fn new() -> Self {
        Self {
            listeners: watch::Sender::new(0),
            ready: watch::Sender::new(false),
        }
    }

    /// Asks for the database to be followed while the answer is held.
    pub(super) fn listen(&self) -> Listening<'_> {
        self.listeners.send_modify(|count| *count += 1);
        Listening(self)
    }

    /// Waits until rows committed from now on will be delivered; false when that takes too long.
    pub(super) async fn ready(&self) -> bool {
        let mut ready = self.ready.subscribe();
        let waited = timeout(PATIENCE, ready.wait_for(|ready| *ready)).await;
        matches!(waited, Ok(Ok(_)))
    }
}

/// Follows the database for as long as the stack runs, across its restarts.
pub(super) async fn run(shared: &Shared) {
    let mut pause = PAUSES.0;
    let mut told = false;
    loop {
        let mut listeners = shared.following.listeners.subscribe();
        if listeners.wait_for(|count| *count > 0).await.is_err() {
            return;
        }
        let started = Instant::now();
        let outcome = follow(shared).await;
        shared.following.ready.send_replace(false);
        if let Err(error) = outcome {
            if started.elapsed() > PAUSES.1 {
                (pause, told) = (PAUSES.0, false);
            }
            // One line for each time the database is away, not one for each attempt.
            if !told {
                eprintln!("realtime: following the database: {error:#}");
            }
            told = true;
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

/// Follows until nobody has listened for a while, or until the connection breaks.
async fn follow(shared: &Shared) -> anyhow::Result<()> {
    // A database that was replaced while it was down may lack them.
    partitions::prepare(&shared.database).await?;
    let mut stream = ReplicationStream::connect(shared.database.config()).await?;
    // Within the 63 characters of a name, and unlike that of another stack on the same server.
    let mark = &super::fresh_id()[..8];
    let slot = format!("supabase_realtime_messages_replication_slot_{mark}");
    stream.follow(&slot, PUBLICATION).await?;
    shared.following.ready.send_replace(true);
    let mut decoder = Decoder::default();
    let mut abandoned: Option<Instant> = None;
    let mut confirmed = Instant::now();
    loop {
        let mut asked = false;
        if let Ok(message) = timeout(CONFIRM, stream.next()).await {
            match message? {
                Some(message) => deliver(shared, &mut decoder, &message)?,
                None => asked = true,
            }
        }
        if asked || confirmed.elapsed() >= CONFIRM {
            stream.confirm().await?;
            confirmed = Instant::now();
        }
        let alone = *shared.following.listeners.borrow() == 0;
        abandoned = alone.then(|| abandoned.unwrap_or_else(Instant::now));
        if abandoned.is_some_and(|since| since.elapsed() > LINGER) {
            return Ok(());
        }
    }
}

fn deliver(shared: &Shared, decoder: &mut Decoder, message: &[u8]) -> anyhow::Result<()> {
    let Some(row) = decoder.read(message, "realtime", "messages")? else {
        return Ok(());
    };
    if let Some((name, private, broadcast)) = from_row(&row) {
        shared
            .topics
            .publish(&Topic { name, private }, &broadcast, None);
    }
    Ok(())
}
