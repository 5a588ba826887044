//! The audit log of everything the caller may see, and the proof that it is what it was.
//!
//! [`list`] answers reports, [`states`] what a thing was at a time; [`seals`], [`verify`] and
//! [`publish`] are about the chain of seals (`domain::audit`).

mod list;
mod publish;
mod states;
mod verify;

pub use list::{LONGEST_PERIOD_DAYS, USUAL_PERIOD_DAYS, list};
pub use publish::{publish, seals};
pub use states::states;
pub use verify::{Verification, verify};
