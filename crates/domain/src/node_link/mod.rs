//! Links: what joins things across features and inside one, how strong they are, what they form.
//!
//! A link is an aggregate of its own. `decide` holds its rules, `strength` the formula of UC-015,
//! `network` what many links form together, `evolution` what became of them over time.

mod commands;
mod decide;
pub(crate) mod events;
mod evolution;
mod network;
mod strength;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Code, DomainError, FieldError};
use crate::ids::{EntityId, LinkId, NodeId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::vocabulary::{FeatureType, LinkType};

pub use commands::{
    BatchNodeLinks, CalculateLinkStrength, ChangeNodeLink, CheckLinkIntegrity, CreateNodeLink,
    EntityOperation, LinkOperation, LinkOperationKind, RemoveNodeLink, StrengthWord,
};
pub use decide::{
    LinkWarning, LinkWarningCode, calculate, change, create, evolve, operations, remove, warnings,
};
pub use events::{
    CrossFeatureLinkBroken, CrossFeatureLinkEstablished, LinkEvent, NodeLinkCreated,
    NodeLinkRemoved, NodeLinkUpdated,
};
pub use evolution::{Evolution, PastEvent, StrengthPoint, StrengthSeries, evolution};
pub use network::{
    Cycle, CycleCategory, CycleCounts, CycleFilter, Cycles, FeatureConnectivity, Integrity,
    LinkEdge, LinkFate, LinkState, Network, WeighedLink, cycles, integrity, network,
};
pub use strength::{LinkMetrics, StrengthCalculation};

/// How much a link weighs: 0 to 1, kept with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "f64", extend("minimum" = 0, "maximum" = 1)))]
pub struct LinkStrength(u8);

impl LinkStrength {
    /// What a link weighs when nobody said anything.
    pub const DEFAULT: Self = Self(50);

    /// Reads a strength; what is finer than a hundredth is rounded half away from zero.
    ///
    /// # Errors
    /// `LINK_STRENGTH_INVALID` outside 0 to 1.
    pub fn parse(value: f64) -> Result<Self, DomainError> {
        if !(0.0..=1.0).contains(&value) {
            let limit = serde_json::json!({ "min": 0, "max": 1 });
            let error = FieldError::new("linkStrength", "range")
                .limit(limit)
                .value(value);
            let message = "The strength of a link is between 0 and 1.";
            return Err(DomainError::field(
                Code::LinkStrengthInvalid,
                message,
                error,
            ));
        }
        Ok(Self::of_fraction(value))
    }

    /// The nearest hundredth of a number that is already known to lie between 0 and 1.
    fn of_fraction(value: f64) -> Self {
        // The small addend keeps 0.285, which is a little less in binary, a half.
        Self((value * 100.0 + 1e-9).round().clamp(0.0, 100.0) as u8)
    }

    /// The number.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// At least 0.7.
    pub fn is_strong(self) -> bool {
        self.0 >= 70
    }

    /// At most 0.3.
    pub fn is_weak(self) -> bool {
        self.0 <= 30
    }
}

impl Default for LinkStrength {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for LinkStrength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

impl Serialize for LinkStrength {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for LinkStrength {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::parse(value).map_err(|error| serde::de::Error::custom(error.message))
    }
}

/// Something joined to something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeLink {
    /// Its id.
    pub link_id: LinkId,
    /// The product at whose thing the link starts.
    pub source_feature: FeatureType,
    /// The product at whose thing it ends.
    pub target_feature: FeatureType,
    /// The thing at which it starts.
    pub source_entity_id: EntityId,
    /// The thing at which it ends.
    pub target_entity_id: EntityId,
    /// The node within the first thing; there when the other one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_node_id: Option<NodeId>,
    /// The node within the second thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_node_id: Option<NodeId>,
    /// What the first thing is to the second.
    pub link_type: LinkType,
    /// 0 to 1, two decimals.
    pub link_strength: LinkStrength,
    /// Whatever else is known about it.
    #[serde(default)]
    pub link_context: JsonObject,
    /// The organization of the linked models; absent when none of them has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
    /// What is worth a second look; only in the answer to making it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<LinkWarning>>,
}

impl NodeLink {
    /// The link as networks know it.
    pub fn edge(&self) -> LinkEdge {
        LinkEdge {
            link_id: self.link_id,
            source_feature: self.source_feature,
            source_entity_id: self.source_entity_id,
            target_feature: self.target_feature,
            target_entity_id: self.target_entity_id,
            link_type: self.link_type,
            link_strength: self.link_strength,
        }
    }

    /// Whether its ends belong to different products.
    pub fn is_cross_feature(&self) -> bool {
        self.source_feature != self.target_feature
    }

    /// Whether either end is this thing.
    pub fn touches(&self, feature: FeatureType, entity_id: EntityId) -> bool {
        (self.source_feature, self.source_entity_id) == (feature, entity_id)
            || (self.target_feature, self.target_entity_id) == (feature, entity_id)
    }

    /// What no two links have in common.
    pub fn key(&self) -> LinkKey {
        LinkKey {
            source_feature: self.source_feature,
            target_feature: self.target_feature,
            source_entity_id: self.source_entity_id,
            target_entity_id: self.target_entity_id,
            source_node_id: self.source_node_id,
            target_node_id: self.target_node_id,
            link_type: self.link_type,
        }
    }
}

/// Features, ids and type of a link: there is only one of each. Direction matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkKey {
    /// See [`NodeLink::source_feature`].
    pub source_feature: FeatureType,
    /// See [`NodeLink::target_feature`].
    pub target_feature: FeatureType,
    /// See [`NodeLink::source_entity_id`].
    pub source_entity_id: EntityId,
    /// See [`NodeLink::target_entity_id`].
    pub target_entity_id: EntityId,
    /// See [`NodeLink::source_node_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_node_id: Option<NodeId>,
    /// See [`NodeLink::target_node_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_node_id: Option<NodeId>,
    /// See [`NodeLink::link_type`].
    pub link_type: LinkType,
}

/// The types a link between things of these products may have, whichever way it points.
pub fn allowed_types(one: FeatureType, other: FeatureType) -> &'static [LinkType] {
    use FeatureType::{EventStorm, FunctionModel, KnowledgeBase, Spindle};
    use LinkType::{Consumes, Documents, Implements, Produces, References, Supports, Triggers};
    match (one.min(other), one.max(other)) {
        (one, other) if one == other => LinkType::ALL,
        (FunctionModel, KnowledgeBase) => &[Documents, References, Supports],
        (FunctionModel, Spindle) => &[Implements, Triggers, Consumes, Produces],
        (KnowledgeBase, Spindle) => &[Documents, Supports],
        (KnowledgeBase, EventStorm) => &[Documents, References],
        _ => &[Triggers, Consumes, Produces],
    }
}

#[cfg(test)]
mod tests;
