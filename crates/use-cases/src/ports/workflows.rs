//! The tasks of the built-in workflow service.

use domain::ids::{OrganizationId, UserId, WorkflowId};
use domain::instant::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// A registered task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// Its id, which tethers name.
    pub workflow_id: WorkflowId,
    /// Whose it is; absent: of the user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who made it.
    pub user_id: UserId,
    /// 1–200 characters.
    pub name: String,
    /// What it does, in the form the domain checks.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "domain::built_in_workflow::HttpTask")
    )]
    pub definition: Value,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

/// The tasks the caller may see.
pub trait Workflows {
    /// One task.
    async fn find(
        &self,
        context: &Context,
        workflow_id: WorkflowId,
    ) -> Result<Option<Workflow>, PortError>;

    /// All of them, or those of an organization, newest first.
    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<Workflow>, PortError>;

    /// Stores a task as it is given; answers its revision.
    async fn save(
        &self,
        context: &Context,
        workflow: &Workflow,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes a task.
    async fn remove(
        &self,
        context: &Context,
        workflow_id: WorkflowId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;
}
