//! The Realtime stand-in against a real PostgreSQL.

mod client;
mod delivery;
mod postgres;
mod sending;
mod signing_in;
