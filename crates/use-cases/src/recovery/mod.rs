//! What is done when something broke.

mod agent_failure;

pub use agent_failure::handle_agent_failure;
