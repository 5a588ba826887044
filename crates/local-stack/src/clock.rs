//! The only place of this crate that asks for the time or a random number.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The instant of the call.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock of the local stack"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A random identifier (version 4), also used where a random number will do.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the source of ids of the local stack"
)]
pub(crate) fn new_id() -> Uuid {
    Uuid::new_v4()
}
