//! Runs: looking at them and stopping them. Starting one is `function_model::execute`.

mod access;
mod cancel;
mod events;
mod list;
mod logs;
mod read;

pub use cancel::cancel;
pub use events::events;
pub use list::list;
pub use logs::logs;
pub use read::{ActionResult, ContainerResult, ExecutionDetails, OrchestrationStatus, read};
