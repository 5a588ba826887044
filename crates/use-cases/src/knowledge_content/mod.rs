//! The documents of the built-in knowledge base, which actions name.

mod change;
mod create;
mod list;
mod read;
mod remove;
mod search;

pub use change::change;
pub use create::create;
pub use list::list;
pub use read::read;
pub use remove::remove;
pub use search::search;
