//! The models themselves.

use domain::sorted::SortedMap;

use domain::function_model::surroundings::Dependent;
use domain::function_model::{Delta, Event, FunctionModel};
use domain::highlight::highlight;
use domain::ids::{ActionId, LinkId, ModelId, NodeId, OrganizationId, UserId, VersionId};
use domain::instant::Instant;
use domain::organization::OrganizationRole;
use domain::vocabulary::ModelStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, LinkRemoval, NewVersion, Page, PageRequest, PortError, SortOrder, Written};
use crate::context::{Context, StoredAnswer};

/// A model, together with what is needed to judge the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundModel {
    /// The model; whether its nodes are in it depends on the question.
    pub model: FunctionModel,
    /// How many containers and actions it has besides; counted for [`Extent::Room`] alone.
    pub besides: usize,
    /// The caller's role in the model's organization.
    pub role: Option<OrganizationRole>,
    /// The snapshot that runs.
    pub published: Option<VersionRef>,
}

/// Names a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// With this container, if there is one, what it waits for, and the actions in it.
    Container(NodeId),
    /// With the container that this action is in, if there is one, as [`Extent::Container`] has it.
    ContainerOf(ActionId),
    /// With this container as [`Extent::Container`] has it, and the containers that wait for it.
    Dependents(NodeId),
    /// What adding looks at: this container and the one that this action is in, as far as there are
    /// any, as [`Extent::Container`] has them, and how much else there is.
    Room(NodeId, Option<ActionId>),
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A model that was found by words.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundByWords {
    /// The model without nodes.
    pub model: FunctionModel,
    /// Where the words stand.
    pub highlights: Highlights,
}

/// Where words stand in a model: texts that may be shown as HTML, with `<mark>` around each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Highlights {
    /// The name, when a word stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An excerpt of the description, when a word stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl FoundByWords {
    /// A model with those words of a search marked that stand in it.
    pub fn new(model: FunctionModel, words: &[String]) -> Self {
        let description = model.description.as_deref();
        let highlights = Highlights {
            name: highlight(model.name.as_str(), words),
            description: description.and_then(|text| highlight(text, words)),
        };
        Self { model, highlights }
    }
}

/// A model as others nest it.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedModel {
    /// The model.
    pub model_id: ModelId,
    /// Its name.
    pub name: String,
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

/// What stands around a model, hidden models included as far as they count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelRelations {
    /// Models whose working copy or published snapshot nests it.
    pub dependents: Vec<Dependent>,
    /// What its working copy nests and is gone or deleted.
    pub nested: Vec<MissingModel>,
    /// Links that touch it and whose other end is gone or deleted.
    pub broken_links: Vec<LinkId>,
    /// Whether another model that is not deleted has its name.
    pub is_name_taken: bool,
    /// Whether a run of it is pending, running or paused.
    pub has_active_executions: bool,
    /// When the snapshot that runs was published.
    #[serde(default)]
    pub published_at: Option<Instant>,
}

/// A nested model that is gone or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingModel {
    /// The action that runs it.
    pub action_id: ActionId,
    /// The nested model.
    pub model_id: ModelId,
    /// Whether it is gone for good.
    pub is_missing: bool,
    /// Whether it carries the mark of deletion.
    pub is_deleted: bool,
}

/// One of several models that are saved together, with the links that go along.
#[derive(Clone, Debug)]
pub struct JointSave<'a> {
    /// The model's own change; its answer is not looked at.
    pub change: ModelSave<'a>,
    /// Links to remove in the same transaction.
    pub removed_links: Vec<LinkRemoval>,
}

/// Which deleted models are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletedFilter {
    /// Deleted before this instant.
    pub deleted_before: Option<Instant>,
    /// Deleted by this user.
    pub deleted_by: Option<UserId>,
    /// Whose retention ended before this instant.
    pub retained_until: Option<Instant>,
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

    /// Models without nodes in which these words stand, none of them deleted. The best come first
    /// when `by_rank` is set, whatever the filter says.
    async fn search(
        &self,
        context: &Context,
        query: &str,
        filter: &ModelFilter,
        by_rank: bool,
        page: &PageRequest,
    ) -> Result<Page<FoundByWords>, PortError>;

    /// What these models nest; those the caller may not see are missing from the answer.
    async fn nested_models(
        &self,
        context: &Context,
        model_ids: &[ModelId],
    ) -> Result<SortedMap<ModelId, NestedModel>, PortError>;

    /// Stores a change with its events, all or nothing; answers the new revision.
    async fn save(
        &self,
        context: &Context,
        change: ModelSave<'_>,
    ) -> Result<Written<i64>, PortError>;

    /// What stands around a model; nothing when it is missing or hidden.
    async fn relations(
        &self,
        context: &Context,
        model_id: ModelId,
    ) -> Result<Option<ModelRelations>, PortError>;

    /// Deleted models without nodes, the latest deletion first.
    async fn list_deleted(
        &self,
        context: &Context,
        filter: &DeletedFilter,
        page: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError>;

    /// Stores changes of several models with their events, all or nothing.
    async fn save_all(
        &self,
        context: &Context,
        changes: Vec<JointSave<'_>>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Removes a deleted model for good with all that belongs to it; for the service alone.
    async fn purge(
        &self,
        context: &Context,
        model_id: ModelId,
        revision: i64,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Appends events that change nothing, each `{eventType, eventVersion, data}`.
    async fn record_events(
        &self,
        context: &Context,
        model_id: ModelId,
        events: Vec<Value>,
    ) -> Result<(), PortError>;
}
