//! Function models: designing, checking, publishing and running them.
//!
//! `access` judges the caller, `changing` is the way of every change, `nesting` follows models
//! inside models; each other file is one use case.

pub(crate) mod access;
mod changing;
mod nesting;

mod create;
mod list;
mod read;
mod update;

mod add_container_node;
mod change_container_node;
mod remove_container_node;

mod add_action_node;
mod change_action_node;
mod remove_action_node;

mod manage_dependencies;

mod execute;
mod publish;
mod validate;
mod versions;

mod audit;
mod events;

pub use add_action_node::add_action_node;
pub use add_container_node::add_container_node;
pub use audit::audit;
pub use change_action_node::change_action_node;
pub use change_container_node::change_container_node;
pub use create::create;
pub use events::{event_log, events};
pub use execute::{DryRun, Execute, Hands, execute};
pub use list::list;
pub use manage_dependencies::{Dependencies, add_dependency, remove_dependency};
pub use publish::{Published, publish};
pub use read::read;
pub use remove_action_node::remove_action_node;
pub use remove_container_node::remove_container_node;
pub use update::update;
pub use validate::validate;
pub use versions::{list_versions, read_version};
