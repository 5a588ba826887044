//! The time of day, and waiting for it.

use chrono::{DateTime, Utc};
use domain::instant::Instant;

/// Where the time comes from.
pub trait Clock {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// Lets this much time pass.
    async fn sleep(&self, milliseconds: u64);

    /// The present instant in whole milliseconds, as the domain takes it.
    fn instant(&self) -> Instant {
        Instant::from_datetime(self.now())
    }
}
