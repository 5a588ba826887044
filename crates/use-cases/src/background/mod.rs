//! Work that goes on after a request was answered.
//!
//! `workflow_execution` drives runs: it is handed steps by the database, has them done by `perform`,
//! and reports what became of them. `plans` keeps the plans of recent versions.

mod perform;
mod plans;
mod workflow_execution;

pub use workflow_execution::{Engine, EngineOptions, Worked};

#[cfg(test)]
mod tests;
