//! UC-011: the contexts of nodes.

mod access;
mod check;
mod clear;
mod list;
mod register;
mod update;

pub use check::check;
pub use clear::clear;
pub use list::list;
pub use register::register;
pub use update::{ContextUpdated, update};
