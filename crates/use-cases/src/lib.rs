//! The use cases: one file each, named by a verb, in a module named by a noun.
//!
//! A use case loads through a port, asks the domain to decide, and saves through a port, once.
//! It knows neither the database nor the web; time and identifiers come from ports too.
//! To add one: a file beside its kin whose first line names its number, a function
//! `verb(ports, context, command, …)`, and its tests at the foot, on `in_memory::World`.

pub mod background;
pub mod context;
pub mod error;
pub mod ports;

pub mod ai_agent;
pub mod audit_log;
mod event_feed;
mod event_migration;
pub mod execution;
pub mod function_model;
pub mod knowledge_content;
pub mod node_context;
pub mod node_link;
pub mod node_metadata;
pub mod organization;
pub mod recovery;
pub mod schedule;
pub mod secret;
pub mod verification;
pub mod workflow;

pub mod in_memory;
mod sharing;
mod writing;

#[cfg(test)]
mod testing;

pub use event_feed::event_feed;
pub use event_migration::{Migrated, migrate_events};
pub use writing::Saved;
