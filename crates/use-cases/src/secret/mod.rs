//! Secrets that calls of services carry: set, rotated, listed and removed here, and read by nobody.

mod access;
mod list;
mod remove;
mod reseal;
mod rotate;
mod set;

pub use list::list;
pub use remove::remove;
pub use reseal::{Resealed, reseal};
pub use rotate::rotate;
pub use set::set;
