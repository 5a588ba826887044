//! Organizations: founding them, and looking at those one belongs to.

mod create;
mod list;
mod read;

pub use create::create;
pub use list::list;
pub use read::read;
