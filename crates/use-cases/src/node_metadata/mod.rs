//! Search data about nodes: describing them, finding them.

mod describe;
mod find;

pub use describe::describe;
pub use find::{list, read, similar};
