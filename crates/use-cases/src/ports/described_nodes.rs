//! Search data about nodes.

use domain::ids::{EntityId, OrganizationId};
use domain::node_metadata::NodeMetadata;
use domain::vocabulary::FeatureType;
use serde::Serialize;

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Actor, Context, StoredAnswer};

/// Which nodes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeQuestion {
    /// Of this feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_type: Option<FeatureType>,
    /// Of this entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// This node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<EntityId>,
    /// With a vector of this length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// At most so many.
    pub limit: u32,
}

/// Which nodes are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFilter {
    /// With a keyword that holds this text.
    pub keyword: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
}

/// The nodes that were described, as far as the actor sees their entities.
pub trait DescribedNodes {
    /// Those that fit.
    async fn find(
        &self,
        actor: &Actor,
        question: &NodeQuestion,
    ) -> Result<Vec<NodeMetadata>, PortError>;

    /// Those that fit, newest first.
    async fn list(
        &self,
        context: &Context,
        filter: &NodeFilter,
        page: &PageRequest,
    ) -> Result<Page<NodeMetadata>, PortError>;

    /// Describes a node; answers its revision.
    async fn save(
        &self,
        context: &Context,
        node: &NodeMetadata,
        organization_id: Option<OrganizationId>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;
}
