//! The account of what a subscriber handled.

use std::collections::{HashMap, HashSet};

use anyhow::{bail, ensure};
use serde::Deserialize;
use uuid::Uuid;

/// An event as it was handed out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivered {
    pub(super) event_id: Uuid,
    pub(super) aggregate_id: Uuid,
    pub(super) aggregate_version: i64,
    pub(super) position: i64,
}

/// What was handled and settled, in the order of handling.
#[derive(Default)]
pub(super) struct Account {
    handled: HashSet<i64>,
    newest: HashMap<Uuid, i64>,
}

impl Account {
    /// Notes an event that was handled, in a batch that was settled.
    ///
    /// # Errors
    /// When it was handled before, or one of its stream is missing before it.
    pub(super) fn note(&mut self, event: &Delivered) -> anyhow::Result<()> {
        let Delivered {
            position,
            aggregate_id,
            aggregate_version,
            ..
        } = event;
        if !self.handled.insert(*position) {
            bail!("the event at {position} was handled twice");
        }
        let newest = self.newest.entry(*aggregate_id).or_insert(0);
        let before = std::mem::replace(newest, *aggregate_version);
        ensure!(
            before + 1 == *aggregate_version,
            "{aggregate_version} of {aggregate_id} came after {before}"
        );
        Ok(())
    }

    /// How many events were handled.
    pub(super) fn len(&self) -> usize {
        self.handled.len()
    }

    /// Compares with the log itself.
    ///
    /// # Errors
    /// When an event was skipped, or one that is not there was handled.
    pub(super) fn close(&self, log: &[i64]) -> anyhow::Result<()> {
        let skipped = log.iter().filter(|place| !self.handled.contains(place));
        let skipped: Vec<&i64> = skipped.collect();
        ensure!(
            skipped.is_empty(),
            "{} of {} events were skipped, the first at {}",
            skipped.len(),
            log.len(),
            skipped[0]
        );
        ensure!(
            log.len() == self.len(),
            "{} events were handled, the log has {}",
            self.len(),
            log.len()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: i64, aggregate_version: i64) -> Delivered {
        Delivered {
            event_id: Uuid::nil(),
            aggregate_id: Uuid::nil(),
            aggregate_version,
            position,
        }
    }

    fn told(outcome: anyhow::Result<()>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let mut account = Account::default();
        account.note(&event(4, 1)).unwrap();
        account.note(&event(7, 2)).unwrap();
        assert!(account.close(&[4, 7]).is_ok());
        assert!(told(account.close(&[4, 5, 7])).contains("1 of 3 events were skipped"));
        assert!(told(account.close(&[4])).contains("2 events were handled"));
        assert!(told(account.note(&event(7, 3))).contains("twice"));
        assert!(told(account.note(&event(9, 5))).contains("5 of"));
    }
}
