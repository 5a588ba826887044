//! The Supabase platform on one machine, without Docker and without root.
//!
//! Real programs run as children where they exist: PostgreSQL, PostgREST, Deno,
//! the Supabase CLI. For the rest a stand-in runs inside this process: the
//! gateway, Auth, Realtime, and the timer for pg_cron and pg_net. Everything
//! listens on the loopback address only.
//!
//! To add a part: a program gets a file that makes a `supervisor::part::Program`;
//! a stand-in gets a folder with a `router`. Both are started in [`Stack::start`].

mod auth;
mod bootstrap;
mod clock;
mod config;
mod database;
mod details;
mod folder;
mod functions;
mod gateway;
pub mod keys;
mod log;
mod migrations;
mod ports;
mod postgres;
mod postgrest;
mod programs;
pub mod realtime;
mod stack;
mod start;
mod supervisor;
mod timer;

pub use details::Details;
pub use folder::{Data, reset, running};
pub use ports::Ports;
pub use postgres::runnable_programs;
pub use stack::{Options, Stack};
