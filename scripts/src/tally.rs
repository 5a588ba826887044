//! What passed and what failed, over all parts of a task.

use std::future::Future;
use std::time::Instant;

use crate::interrupt;
use crate::progress::seconds;

/// How many checks of one part held.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Count {
    /// Those that held.
    pub(crate) passed: u64,
    /// Those that did not.
    pub(crate) failed: u64,
}

impl Count {
    /// One check that held, or did not.
    pub(crate) fn one(held: bool) -> Count {
        let failed = u64::from(!held);
        Count {
            passed: 1 - failed,
            failed,
        }
    }

    /// The sum of both.
    pub(crate) fn and(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

/// The parts so far.
#[derive(Default)]
pub(crate) struct Tally {
    parts: Vec<(String, Count)>,
}

impl Tally {
    /// Runs one part and notes its count; a part that breaks down counts as one failure and is told at once.
    pub(crate) async fn part(
        &mut self,
        name: &str,
        work: impl Future<Output = anyhow::Result<Count>>,
    ) {
        if interrupt::happened() {
            return;
        }
        eprintln!("• {name} …");
        let start = Instant::now();
        let count = work.await.unwrap_or_else(|error| {
            eprintln!("{error:#}");
            Count::one(false)
        });
        let mark = if count.failed == 0 { '✓' } else { '✗' };
        eprintln!("{mark} {name} ({})", seconds(start.elapsed()));
        self.parts.push((name.to_owned(), count));
    }

    /// Prints every part and, alone on the last line, the sum.
    pub(crate) fn close(&self) -> Count {
        let width = self
            .parts
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        println!();
        for (name, Count { passed, failed }) in &self.parts {
            println!("{name:width$}  {passed:>5} passed  {failed:>3} failed");
        }
        let sum = self
            .parts
            .iter()
            .fold(Count::default(), |sum, (_, count)| sum.and(*count));
        println!("\n{} passed, {} failed", sum.passed, sum.failed);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_breaks_down_counts_as_a_failure() {
        let mut tally = Tally::default();
        let three = Count {
            passed: 3,
            failed: 1,
        };
        tally.part("counted", async { Ok(three) }).await;
        let broken = async { anyhow::bail!("no such thing") };
        tally.part("broken", broken).await;
        let sum = Count {
            passed: 3,
            failed: 2,
        };
        assert_eq!(tally.close(), sum);
    }
}
