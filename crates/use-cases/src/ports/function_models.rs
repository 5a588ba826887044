//! The models themselves.

use std::collections::BTreeMap;

use domain::function_model::{Delta, Event, FunctionModel};
use domain::ids::{ModelId, OrganizationId, VersionId};
use domain::instant::Instant;
use domain::organization::OrganizationRole;
use domain::vocabulary::ModelStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, NewVersion, Page, PageRequest, PortError, SortOrder, Written};
use crate::context::{Context, StoredAnswer};

/// A model, together with what is needed to judge the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundModel {
    /// The model; whether its nodes are in it depends on the question.
    pub model: FunctionModel,
    /// The caller's role in the model's organization.
    pub role: Option<OrganizationRole>,
    /// The snapshot that runs.
    pub published: Option<VersionRef>,
}

/// Names a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRef {
    /// Its id.
    pub version_id: VersionId,
    /// Its number, `x.y.z`.
    pub version_number: String,
}

/// How much of a model is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The model's own fields.
    Header,
    /// With containers, dependencies and actions.
    Whole,
}

/// A change of a model, ready to be stored in one transaction.
#[derive(Clone, Debug)]
pub struct ModelSave<'a> {
    /// The model after the change.
    pub model: &'a FunctionModel,
    /// The revision the change was decided on.
    pub expected: Expected,
    /// What of it differs from what is stored.
    pub delta: &'a Delta,
    /// What happened.
    pub events: &'a [Event],
    /// A snapshot to store with it.
    pub version: Option<NewVersion>,
    /// The answer to keep under the request's idempotency key.
    pub answer: Option<StoredAnswer>,
}

/// What lists of models can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ModelSort {
    /// By name.
    Name,
    /// By when it was made.
    CreatedAt,
    /// By when it last changed.
    #[default]
    UpdatedAt,
    /// By when it was last saved.
    LastSavedAt,
}

/// Which models are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFilter {
    /// Only in this status.
    pub status: Option<ModelStatus>,
    /// Only with all these tags.
    pub tags: Vec<String>,
    /// Made after this instant.
    pub created_after: Option<Instant>,
    /// Made before this instant.
    pub created_before: Option<Instant>,
    /// Only of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Archived ones too.
    pub include_archived: bool,
    /// Sort key.
    pub sort_by: ModelSort,
    /// Direction.
    pub sort_order: SortOrder,
}

/// A model as others nest it.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedModel {
    /// The model.
    pub model_id: ModelId,
    /// Where it stands.
    pub status: ModelStatus,
    /// Whether it carries the mark of deletion.
    pub deleted: bool,
    /// The snapshot that runs.
    pub published: Option<VersionRef>,
    /// The models that its published snapshot nests; before the first publication those that the
    /// working copy nests.
    pub nests: Vec<ModelId>,
}

/// The models the caller may see, deleted ones included where the caller may see those.
pub trait FunctionModels {
    /// One model.
    async fn find_by_id(
        &self,
        context: &Context,
        model_id: ModelId,
        extent: Extent,
    ) -> Result<Option<FoundModel>, PortError>;

    /// Models without nodes, none of them deleted.
    async fn list(
        &self,
        context: &Context,
        filter: &ModelFilter,
        page: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError>;

    /// What these models nest; those the caller may not see are missing from the answer.
    async fn nested_models(
        &self,
        context: &Context,
        model_ids: &[ModelId],
    ) -> Result<BTreeMap<ModelId, NestedModel>, PortError>;

    /// Stores a change with its events, all or nothing; answers the new revision.
    async fn save(
        &self,
        context: &Context,
        change: ModelSave<'_>,
    ) -> Result<Written<i64>, PortError>;

    /// Appends events that change nothing, each `{eventType, eventVersion, data}`.
    async fn record_events(
        &self,
        context: &Context,
        model_id: ModelId,
        events: Vec<Value>,
    ) -> Result<(), PortError>;
}
