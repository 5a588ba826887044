//! AI agents: configuring them, finding them, having them work.

pub(crate) mod access;
mod change;
mod check_capacity;
mod coordinate_workflow;
mod discover;
mod distribute_tasks;
mod execute_task;
mod list;
mod performance;
mod read;
mod register;
mod remove;
mod search;
mod switch;

pub use change::change;
pub use check_capacity::check_capacity;
pub use coordinate_workflow::{coordinate, read_workflow};
pub use discover::discover;
pub use distribute_tasks::distribute;
pub use execute_task::{StartedAgentTask, execute_task, read_task};
pub use list::list;
pub use performance::{Performance, performance};
pub use read::read;
pub use register::register;
pub use remove::remove;
pub use search::search;
pub use switch::switch;
