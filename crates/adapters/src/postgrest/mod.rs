//! The collections over PostgREST, one file each, named like their ports.
//!
//! `client` is the way there, `table` reads rows, `query` writes what needs care in a query.

pub mod client;
mod query;
mod table;

pub use client::{Client, Session};
