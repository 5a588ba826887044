//! AI agents: workers attached to a model or another thing, and what they are asked to do.
//!
//! `agent` is what an agent is, `configure` how it changes; `matching` and `search` find one;
//! `task` and `coordination` are the work; `failure` is what happens to an agent that breaks;
//! `tools` are what it may use on the way; `events` is what is told about all that.

mod agent;
mod commands;
mod configure;
pub mod coordination;
pub mod events;
pub mod failure;
pub mod matching;
pub mod search;
pub mod task;
pub mod tools;

pub use agent::{Agent, Capabilities, CustomTool, PerformanceMetrics, Tools};
pub use commands::{ChangeAgent, RegisterAgent};
pub use configure::{change, register, switch};
