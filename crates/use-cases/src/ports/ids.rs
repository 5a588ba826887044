//! New identifiers and other things that must not repeat themselves.

use uuid::Uuid;

/// Where identifiers and random numbers come from.
pub trait Ids {
    /// A new identifier, version 7, so that later ones sort behind earlier ones.
    fn new_id(&self) -> Uuid;

    /// A random number from 0 up to but not including 1, for the jitter of retries.
    fn fraction(&self) -> f64;
}
