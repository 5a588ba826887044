//! Runs: looking at them and stopping them. Starting one is `function_model::execute`.

mod access;
mod cancel;
mod control;
mod events;
mod handle_action_failure;
mod levels;
mod list;
mod logs;
mod orchestrate;
mod pause;
mod read;
mod read_node;
mod resume;
mod retry_action;

pub use cancel::cancel;
pub use events::events;
pub use handle_action_failure::handle_action_failure;
pub use levels::levels;
pub use list::list;
pub use logs::logs;
pub use orchestrate::orchestrate;
pub use pause::pause;
pub use read::{ActionResult, ContainerResult, ExecutionDetails, OrchestrationStatus, read};
pub use read_node::{ContainerProgress, read_node};
pub use resume::resume;
pub use retry_action::retry_action;

pub(crate) use access::no_plan;
