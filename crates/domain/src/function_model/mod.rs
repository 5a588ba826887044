//! The function model: a workflow document with containers, actions and dependencies.
//!
//! `commands` say what may be asked, `decide` answers with `events` or a refusal, `evolve` applies
//! events to the model, `delta` names what they touched. The other files hold the parts of a model.

pub mod name;
pub mod position;
pub mod raci;
pub mod retry_policy;
pub mod version;

pub mod action_node;
pub mod knowledge_action;
pub mod nested_action;
pub mod node;
pub mod permissions;
pub mod tether_action;

pub mod archiving;
pub mod changes;
mod checks;
pub mod commands;
pub mod comparison;
pub mod create;
pub mod decide;
mod decide_action;
mod decide_node;
mod decide_publish;
mod decide_structure;
mod decide_version;
pub mod deletion;
pub mod delta;
pub mod document;
pub mod events;
pub mod evolve;
pub mod recovery;
pub mod snapshot;
pub mod statistics;
pub mod surroundings;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError};
use crate::ids::{ActionId, ModelId, NodeId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::sorted::{self, SortedMap};

pub use crate::vocabulary::{ActionStatus, ModelStatus, NodeStatus};
pub use action_node::{ActionKind, ActionNode};
pub use changes::{ActionChanges, ContainerChanges, ModelChanges};
pub use commands::Command;
pub use decide::{copy_structure, create, decide};
pub use delta::Delta;
pub use events::Event;
pub use evolve::{evolve, replay};
pub use knowledge_action::KnowledgeAction;
pub use name::ModelName;
pub use nested_action::NestedAction;
pub use node::{ContainerKind, ContainerNode, IoNode, StageNode};
pub use permissions::{Act, PermissionLists, Permissions};
pub use position::{Position, RawPosition};
pub use raci::{Raci, RawRaci};
pub use retry_policy::{RawRetryPolicy, RetryPolicy};
pub use snapshot::{Content, snapshot};
pub use tether_action::TetherAction;
pub use version::Version;

/// A function model with everything inside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FunctionModel {
    /// Its identifier.
    pub model_id: ModelId,
    /// Its name.
    pub name: ModelName,
    /// What it is for, at most 5000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The number under which the working copy is edited.
    pub version: Version,
    /// The number of the newest stored snapshot.
    pub current_version: Version,
    /// Numbers issued so far.
    pub version_count: u32,
    /// Its status.
    pub status: ModelStatus,
    /// Its containers.
    #[serde(default)]
    pub nodes: SortedMap<NodeId, ContainerNode>,
    /// Its actions.
    #[serde(default)]
    pub action_nodes: SortedMap<ActionId, ActionNode>,
    /// Free settings for agents attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_agent_config: Option<JsonObject>,
    /// Free data; `tags`, `category`, `dataSharingApproved` and `auditing` have a meaning.
    #[serde(default)]
    pub metadata: JsonObject,
    /// Who may do what.
    pub permissions: Permissions,
    /// The owner, as in the permissions.
    pub user_id: UserId,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was last saved.
    pub last_saved_at: Instant,
    /// The mark of a deleted model.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// The number of saves, from 1.
    pub revision: i64,
}

/// Who deleted a model, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// When.
    pub deleted_at: Instant,
    /// Who, not blank.
    pub deleted_by: String,
    /// Until when it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<Instant>,
}

impl FunctionModel {
    /// Whether the model may be changed at all.
    ///
    /// # Errors
    /// `MODEL_DELETED`, `MODEL_PUBLISHED` or `MODEL_ARCHIVED`, looked at in this order.
    pub fn guard_change(&self) -> Result<(), DomainError> {
        self.guard_not_deleted()?;
        match self.status {
            ModelStatus::Draft => Ok(()),
            ModelStatus::Published => Err(DomainError::new(
                Code::ModelPublished,
                "A published model is frozen; reopen it by creating a version.",
            )
            .with("from", "published")),
            ModelStatus::Archived => Err(self.archived()),
        }
    }

    /// Whether the model is there.
    ///
    /// # Errors
    /// `MODEL_DELETED`.
    pub fn guard_not_deleted(&self) -> Result<(), DomainError> {
        match self.deletion {
            None => Ok(()),
            Some(_) => Err(DomainError::new(
                Code::ModelDeleted,
                "The model is deleted; restore it first.",
            )
            .with("from", "deleted")),
        }
    }

    /// The refusal of what no archived model undergoes: `MODEL_ARCHIVED`.
    pub fn archived(&self) -> DomainError {
        let message = "The model is archived, and stays so.";
        DomainError::new(Code::ModelArchived, message).with("from", "archived")
    }

    /// A container by its identifier.
    ///
    /// # Errors
    /// `NODE_NOT_FOUND`.
    pub fn node(&self, node_id: NodeId) -> Result<&ContainerNode, DomainError> {
        self.nodes.get(&node_id).ok_or_else(|| {
            DomainError::new(Code::NodeNotFound, "The model has no such container.")
                .with("nodeId", node_id.to_string())
        })
    }

    /// An action by its identifier.
    ///
    /// # Errors
    /// `ACTION_NOT_FOUND`.
    pub fn action(&self, action_id: ActionId) -> Result<&ActionNode, DomainError> {
        self.action_nodes.get(&action_id).ok_or_else(|| {
            DomainError::new(Code::ActionNotFound, "The model has no such action.")
                .with("actionId", action_id.to_string())
        })
    }

    /// The actions of a container, by order, then priority descending, then identifier.
    pub fn actions_of(&self, node_id: NodeId) -> Vec<&ActionNode> {
        let mut actions: Vec<&ActionNode> = self
            .action_nodes
            .values()
            .filter(|action| action.parent_node_id == node_id)
            .collect();
        sorted::sort_by_key(&mut actions, |action| place(action));
        actions
    }

    /// The actions of every container that has some, sorted as [`Self::actions_of`] does.
    pub fn actions_by_container(&self) -> SortedMap<NodeId, Vec<&ActionNode>> {
        let mut actions: Vec<&ActionNode> = self.action_nodes.values().collect();
        sorted::sort_by_key(&mut actions, |action| {
            (action.parent_node_id, place(action))
        });
        let groups = actions.chunk_by(|a, b| a.parent_node_id == b.parent_node_id);
        groups
            .map(|own| (own[0].parent_node_id, own.to_vec()))
            .collect()
    }

    /// The number of dependencies.
    pub fn dependency_count(&self) -> usize {
        self.nodes
            .values()
            .map(|node| node.dependencies.len())
            .sum()
    }
}

/// Where an action stands among those of its container.
fn place(action: &ActionNode) -> (u32, Reverse<u8>, ActionId) {
    let urgency = Reverse(action.priority);
    (action.execution_order, urgency, action.action_id)
}
