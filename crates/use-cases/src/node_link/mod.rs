//! Links: joining things across features, and looking at what they form.

mod access;
mod batch;
mod calculate_strength;
mod change;
mod check_integrity;
mod create;
mod detect_cycles;
mod evolution;
mod list;
mod network;
mod read;
mod remove;

pub use batch::{BatchOutcome, LinkOutcome, batch};
pub use calculate_strength::calculate_strength;
pub use change::change;
pub use check_integrity::check_integrity;
pub use create::create;
pub use detect_cycles::detect_cycles;
pub use evolution::evolution;
pub use list::list;
pub use network::network;
pub use read::read;
pub use remove::remove;

/// Most links that are looked at together.
const LINKS: usize = 20_000;

#[cfg(test)]
mod tests;
