//! Whether what is stored is what the events say, and what to do about it where it is not.

mod rebuild;
#[cfg(test)]
mod tests;
mod verify;

pub use rebuild::rebuild_aggregate;
pub use verify::{Findings, MOST_AGGREGATES, Verdict, verify_aggregate, verify_aggregates};
