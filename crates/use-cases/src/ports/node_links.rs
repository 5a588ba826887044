//! Links between things of all features.

use domain::ids::{EntityId, LinkId, NodeId, OrganizationId, UserId};
use domain::instant::Instant;
use domain::node_link::{
    LinkEdge, LinkEvent, LinkKey, NodeLink, PastEvent, RemoveNodeLink, remove,
};
use domain::vocabulary::{FeatureType, LinkType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// Which links are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkFilter {
    /// With this thing at either end.
    pub entity_id: Option<EntityId>,
    /// With this thing at the start.
    pub source_entity_id: Option<EntityId>,
    /// With this thing at the end.
    pub target_entity_id: Option<EntityId>,
    /// With this node at either end.
    pub node_id: Option<NodeId>,
    /// With a thing of this product at either end.
    pub feature: Option<FeatureType>,
    /// With a thing of this product at the start.
    pub source_feature: Option<FeatureType>,
    /// With a thing of this product at the end.
    pub target_feature: Option<FeatureType>,
    /// Of this type.
    pub link_type: Option<LinkType>,
    /// At least this strong.
    pub min_strength: Option<f64>,
    /// At most this strong.
    pub max_strength: Option<f64>,
}

/// A thing that is to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkEnd {
    /// Whose it is.
    pub feature: FeatureType,
    /// The thing.
    pub entity_id: EntityId,
    /// Nodes it is said to have.
    pub node_ids: Vec<NodeId>,
}

/// What is known of a thing that is to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundEnd {
    /// Whose it is.
    pub feature: FeatureType,
    /// The thing.
    pub entity_id: EntityId,
    /// How many links of it the caller sees, counted up to 1000.
    pub links: usize,
    /// What the caller may do with it when it is a model: `view`, `edit`, `restore` and more;
    /// nothing when it is missing or hidden.
    pub acts: Vec<String>,
    /// Whether it is a model that carries the mark of deletion.
    pub deleted: bool,
    /// The model's organization.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Those of the nodes that it really has.
    pub node_ids: Vec<NodeId>,
}

impl FoundEnd {
    /// Whether the caller may do this with the model.
    pub fn allows(&self, act: &str) -> bool {
        self.acts.iter().any(|word| word == act)
    }

    /// Whether the thing is hidden from the caller; only of models this is known.
    pub fn is_hidden(&self) -> bool {
        let act = if self.deleted { "restore" } else { "view" };
        self.feature == FeatureType::FunctionModel && !self.allows(act)
    }
}

/// What is known before links are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkProspects {
    /// Of each thing, in the order asked.
    pub ends: Vec<FoundEnd>,
    /// Whether each link exists already, in the order asked.
    pub taken: Vec<bool>,
}

/// Links as far as networks are concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkEdges {
    /// The links.
    pub items: Vec<LinkEdge>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}

/// The history of links.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkHistory {
    /// Oldest first.
    pub events: Vec<PastEvent>,
}

/// A change of one link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    /// The link after the change; before it, when it is removed.
    pub link: NodeLink,
    /// The revision the change was decided on.
    pub expected: Expected,
    /// Whether it is removed.
    pub removed: bool,
    /// What happened.
    pub events: Vec<LinkEvent>,
}

/// A link that goes in the transaction of something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkRemoval {
    /// The link.
    pub link_id: LinkId,
    /// Events to append to its stream, each `{eventType, eventVersion, data}`.
    pub events: Vec<Value>,
}

impl LinkRemoval {
    /// Removes the link for no reason of its own.
    pub fn of(link: &NodeLink, by: UserId, now: Instant) -> Self {
        let events = remove(link, &RemoveNodeLink::default(), by, now).unwrap_or_default();
        Self {
            link_id: link.link_id,
            events: events.iter().map(LinkEvent::to_json).collect(),
        }
    }
}

/// The links with an end that the caller may view.
pub trait NodeLinks {
    /// Those of these links that are there.
    async fn find_by_ids(
        &self,
        context: &Context,
        link_ids: &[LinkId],
    ) -> Result<Vec<NodeLink>, PortError>;

    /// Links that fit, newest first.
    async fn list(
        &self,
        context: &Context,
        filter: &LinkFilter,
        page: &PageRequest,
    ) -> Result<Page<NodeLink>, PortError>;

    /// All links that touch a thing.
    async fn touching(
        &self,
        context: &Context,
        feature: FeatureType,
        entity_id: EntityId,
    ) -> Result<Vec<NodeLink>, PortError>;

    /// At most `limit` links, those that touch a thing or all.
    async fn edges(
        &self,
        context: &Context,
        entity_id: Option<EntityId>,
        limit: usize,
    ) -> Result<LinkEdges, PortError>;

    /// What is known of things to be linked, and which of the links exist already.
    async fn prospects(
        &self,
        context: &Context,
        ends: &[LinkEnd],
        links: &[LinkKey],
    ) -> Result<LinkProspects, PortError>;

    /// The events, up to an instant, of links that ever touched a thing, removed ones included;
    /// without a thing, those of the newest links. At most `limit`, oldest first.
    async fn history(
        &self,
        context: &Context,
        entity_id: Option<EntityId>,
        until: Option<Instant>,
        limit: usize,
    ) -> Result<LinkHistory, PortError>;

    /// Stores changes with their events, all or none, and ends the batch they belong to; answers
    /// the revision of the last.
    async fn save(
        &self,
        context: &Context,
        changes: &[LinkChange],
        batch_id: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Marks a batch of the caller as under way.
    async fn begin_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError>;

    /// Lets a batch go that changed nothing.
    async fn end_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError>;
}
