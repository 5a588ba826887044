//! Function models: designing, checking, publishing and running them.
//!
//! `access` judges the caller, `changing` is the way of every change, `nesting` follows models
//! inside models; each other file is one use case.

pub(crate) mod access;
mod changing;
mod nesting;

mod create;
mod export_document;
mod import_document;
mod list;
mod read;
mod search;
mod update;

mod change_permissions;
mod duplicate;

mod add_container_node;
mod change_container_node;
mod remove_container_node;

mod add_action_node;
mod change_action_node;
mod remove_action_node;

mod edit_structure;
mod inspect_dependencies;
mod manage_dependencies;
mod reorder_actions;

mod execute;
mod execution_plan;
mod fractal_plan;
mod optimize_order;
mod publish;
mod snapshots;
mod statistics;
mod validate;
mod validate_business_rules;
mod versions;

mod compare_versions;
mod create_version;
mod restore_version;

mod archive;
mod restore;
mod soft_delete;
mod together;

mod audit;
mod events;

pub use add_action_node::add_action_node;
pub use add_container_node::add_container_node;
pub use archive::{ArchiveAssessment, ArchivedModel, Blocker, archive, assess_archive};
pub use audit::audit;
pub use change_action_node::change_action_node;
pub use change_container_node::change_container_node;
pub use change_permissions::change_permissions;
pub use compare_versions::{VersionComparison, WORKING, compare_versions};
pub use create::create;
pub use create_version::{CreatedVersion, create_version};
pub use duplicate::duplicate;
pub use edit_structure::edit_structure;
pub use events::{event_log, events};
pub(crate) use execute::runnable;
pub use execute::{DryRun, Execute, Hands, execute};
pub use execution_plan::execution_plan;
pub use export_document::export_document;
pub use fractal_plan::fractal_plan;
pub use import_document::import_document;
pub use inspect_dependencies::{analyse_dependencies, check_dependency, reach};
pub use list::list;
pub use manage_dependencies::{Dependencies, add_dependency, remove_dependency};
pub use optimize_order::{SuggestedOrder, optimize_order};
pub use publish::{Published, publish, rehearse_publication};
pub use read::read;
pub use remove_action_node::remove_action_node;
pub use remove_container_node::remove_container_node;
pub use reorder_actions::reorder_actions;
pub use restore::{RestoreResult, RestoredModel, recovery_eligibility, restore};
pub use restore_version::restore_version;
pub use search::{LONGEST_QUERY, search};
pub use soft_delete::{DeletedModel, DeletedModels, list_deleted, purge, soft_delete};
pub use statistics::statistics;
pub use update::update;
pub use validate::validate;
pub use validate_business_rules::validate_business_rules;
pub use versions::{list_versions, read_version};
