//! The tasks of the built-in workflow service: calls over the network that tethers name.

mod change;
mod create;
mod list;
mod read;
mod remove;

pub use change::change;
pub use create::create;
pub use list::list;
pub use read::read;
pub use remove::remove;
