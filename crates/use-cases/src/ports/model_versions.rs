//! Frozen snapshots of models.

use domain::ids::{ModelId, OrganizationId, UserId, VersionId};
use domain::instant::Instant;
use domain::vocabulary::ModelStatus;
use domain::workflow::plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Page, PageRequest, PortError};
use crate::context::Context;

/// A snapshot as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelVersion {
    /// Its id.
    pub version_id: VersionId,
    /// The model.
    pub model_id: ModelId,
    /// `x.y.z`.
    pub version_number: String,
    /// Everything that was in the model; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<domain::function_model::Content>")
    )]
    pub version_data: Option<Value>,
    /// Who made it.
    pub author_id: UserId,
    /// Whether it is the one that runs.
    pub is_published: bool,
    /// At most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The number that was current before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<String>,
    /// When it was made.
    pub created_at: Instant,
}

/// A snapshot to store along with a save of its model.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVersion {
    /// Its id.
    pub version_id: VersionId,
    /// `x.y.z`, not used by this model before.
    pub version_number: String,
    /// Everything that is in the model.
    pub version_data: Value,
    /// Whether it becomes the one that runs.
    pub is_published: bool,
    /// At most 2000 characters.
    pub notes: Option<String>,
    /// The number that was current before.
    pub previous_version: Option<String>,
    /// What runs of it are going to follow; present when it is published.
    pub plan: Option<Plan>,
}

/// The snapshot of a model that runs, or the news that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedVersion {
    /// The snapshot.
    pub version_id: VersionId,
    /// The model.
    pub model_id: ModelId,
    /// `x.y.z`.
    pub version_number: String,
    /// Whose model it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Where the model stands; an archived one does not run.
    pub model_status: ModelStatus,
    /// Whether the model carries the mark of deletion; such a one does not run.
    pub deleted: bool,
    /// Whether the user may run it.
    #[serde(default)]
    pub may_execute: bool,
}

/// The snapshots of the models the caller may view.
pub trait ModelVersions {
    /// The snapshot of this number, with its data.
    async fn find(
        &self,
        context: &Context,
        model_id: ModelId,
        version_number: &str,
    ) -> Result<Option<ModelVersion>, PortError>;

    /// The snapshots without their data, newest first.
    async fn list(
        &self,
        context: &Context,
        model_id: ModelId,
        page: &PageRequest,
    ) -> Result<Page<ModelVersion>, PortError>;
}
