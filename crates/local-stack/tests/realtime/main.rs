//! The Realtime stand-in against a real PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed preparation fails the test"
)]

mod client;
mod delivery;
mod postgres;
mod sending;
mod signing_in;
