//! Runs: looking at them and stopping them. Starting one is `function_model::execute`.

mod access;
mod cancel;
mod control;
mod events;
mod handle_action_failure;
mod list;
mod logs;
mod pause;
mod read;
mod resume;
mod retry_action;

pub use cancel::cancel;
pub use events::events;
pub use handle_action_failure::handle_action_failure;
pub use list::list;
pub use logs::logs;
pub use pause::pause;
pub use read::{ActionResult, ContainerResult, ExecutionDetails, OrchestrationStatus, read};
pub use resume::resume;
pub use retry_action::retry_action;
