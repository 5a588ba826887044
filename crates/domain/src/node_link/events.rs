//! What happened to links. The JSON of these events is kept for years: it is a contract.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{EntityId, LinkId, NodeId, UserId};
use crate::instant::Instant;
use crate::json;
use crate::limits::JsonObject;
use crate::node_link::LinkStrength;
use crate::vocabulary::{FeatureType, LinkType};

/// A link was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeLinkCreated {
    /// The link.
    pub link_id: LinkId,
    /// The product at whose thing it starts.
    pub source_feature: FeatureType,
    /// The product at whose thing it ends.
    pub target_feature: FeatureType,
    /// The thing at which it starts.
    pub source_entity_id: EntityId,
    /// The thing at which it ends.
    pub target_entity_id: EntityId,
    /// The node within the first thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_node_id: Option<NodeId>,
    /// The node within the second thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_node_id: Option<NodeId>,
    /// Its type.
    pub link_type: LinkType,
    /// Its first strength.
    pub link_strength: LinkStrength,
    /// Its notes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub link_context: JsonObject,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
}

/// A link changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeLinkUpdated {
    /// The link.
    pub link_id: LinkId,
    /// New values by field: `linkStrength`, `linkContext`, `linkType`.
    pub changes: JsonObject,
    /// What the same fields held before.
    pub previous_values: JsonObject,
    /// Who changed it.
    pub updated_by: UserId,
    /// When.
    pub updated_at: Instant,
}

/// A link was removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeLinkRemoved {
    /// The link.
    pub link_id: LinkId,
    /// The product at whose thing it started.
    pub source_feature: FeatureType,
    /// The product at whose thing it ended.
    pub target_feature: FeatureType,
    /// The thing at which it started.
    pub source_entity_id: EntityId,
    /// The thing at which it ended.
    pub target_entity_id: EntityId,
    /// Its type.
    pub link_type: LinkType,
    /// Who removed it.
    pub removed_by: UserId,
    /// When.
    pub removed_at: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Two products were joined; follows `NodeLinkCreated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CrossFeatureLinkEstablished {
    /// The link.
    pub link_id: LinkId,
    /// The product at whose thing it starts.
    pub source_feature: FeatureType,
    /// The product at whose thing it ends.
    pub target_feature: FeatureType,
    /// Its type.
    pub link_type: LinkType,
    /// Its first strength.
    pub link_strength: LinkStrength,
    /// Who made it.
    pub established_by: UserId,
    /// When.
    pub established_at: Instant,
}

/// Two products are joined no longer by this link; follows `NodeLinkRemoved`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CrossFeatureLinkBroken {
    /// The link.
    pub link_id: LinkId,
    /// Who removed it.
    pub broken_by: UserId,
    /// When.
    pub broken_at: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that happened to a link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent {
    /// It was made.
    Created(NodeLinkCreated),
    /// It changed.
    Updated(NodeLinkUpdated),
    /// It was removed.
    Removed(NodeLinkRemoved),
    /// It joins two products.
    Established(CrossFeatureLinkEstablished),
    /// It joined two products.
    Broken(CrossFeatureLinkBroken),
}

/// The schemas of the events' data.
#[cfg(feature = "schema")]
pub(crate) fn event_schemas() -> Vec<(&'static str, schemars::Schema)> {
    use crate::event_schema::of;
    vec![
        ("NodeLinkCreated", of::<NodeLinkCreated>()),
        ("NodeLinkUpdated", of::<NodeLinkUpdated>()),
        ("NodeLinkRemoved", of::<NodeLinkRemoved>()),
        (
            "CrossFeatureLinkEstablished",
            of::<CrossFeatureLinkEstablished>(),
        ),
        ("CrossFeatureLinkBroken", of::<CrossFeatureLinkBroken>()),
    ]
}

impl LinkEvent {
    /// The type on the wire.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Created(_) => "NodeLinkCreated",
            Self::Updated(_) => "NodeLinkUpdated",
            Self::Removed(_) => "NodeLinkRemoved",
            Self::Established(_) => "CrossFeatureLinkEstablished",
            Self::Broken(_) => "CrossFeatureLinkBroken",
        }
    }

    /// The event as commands to the database carry it: `{eventType, eventVersion, data}`.
    pub fn to_json(&self) -> Value {
        let data = match self {
            Self::Created(event) => json::to_value(event),
            Self::Updated(event) => json::to_value(event),
            Self::Removed(event) => json::to_value(event),
            Self::Established(event) => json::to_value(event),
            Self::Broken(event) => json::to_value(event),
        };
        serde_json::json!({ "eventType": self.event_type(), "eventVersion": 1, "data": data })
    }
}
