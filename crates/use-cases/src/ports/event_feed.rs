//! Who follows the log of events.

use serde_json::Value;

use super::PortError;

/// What is asked of the feed. Commands and answers pass as JSON: the database keeps the state of
/// subscriptions by itself, and nothing between it and the caller looks into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedCall {
    /// Make, change, move or remove a subscription.
    Save,
    /// Read one subscription, or all.
    Read,
    /// Hand out the next batch.
    Fetch,
    /// End a batch.
    Settle,
    /// Read parked events.
    ReadDeadLetters,
    /// Have a parked event tried again, or drop it.
    SettleDeadLetter,
}

/// Subscriptions to the log. What it refuses: `NotFound` for a subscription or a parked event that
/// is not there, `BatchRunning` when another consumer has a batch, `Finished` when the batch is not
/// open any more.
pub trait EventFeed {
    /// Carries out a call; `null` is the answer about a subscription that is not there.
    async fn call(&self, call: FeedCall, command: &Value) -> Result<Value, PortError>;
}
