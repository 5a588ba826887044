//! The whole stack on a small project of its own: real programs, real requests.

#![expect(clippy::unwrap_used, reason = "a failed preparation fails the test")]

mod crash;
mod failures;
mod functions;
mod people;
mod support;
