//! Work that goes on after a request was answered.
//!
//! `workflow_execution` drives runs: it is handed steps by the database, has them done by `perform`,
//! and reports what became of them. `schedules` starts the runs whose time has come.

mod agent_conversation;
mod agent_step;
mod agent_work;
mod perform;
mod schedules;
mod workflow_execution;

pub use agent_work::AgentWorker;
pub use schedules::fire_schedules;
pub use workflow_execution::{Engine, EngineOptions, Worked};

#[cfg(test)]
mod agent_tests;
#[cfg(test)]
mod perform_tests;
#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod tests;
