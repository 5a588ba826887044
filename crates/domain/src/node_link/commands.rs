//! What can be asked of links.

use serde::{Deserialize, Serialize};

use crate::ids::{EntityId, LinkId, NodeId};
use crate::limits::JsonObject;
use crate::patch::Patch;
use crate::vocabulary::{FeatureType, LinkType, words};

/// Join one thing to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateNodeLink {
    /// The product at whose thing the link starts.
    pub source_feature: FeatureType,
    /// The product at whose thing it ends.
    pub target_feature: FeatureType,
    /// The thing at which it starts.
    pub source_entity_id: EntityId,
    /// The thing at which it ends.
    pub target_entity_id: EntityId,
    /// The node within the first thing; both nodes are given or neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_node_id: Option<NodeId>,
    /// The node within the second thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_node_id: Option<NodeId>,
    /// What the first thing is to the second; it must suit the two products.
    pub link_type: LinkType,
    /// 0 to 1; 0.5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub link_strength: Option<f64>,
    /// Free notes. Known: `sourceContext` and `targetContext` (`nodeId` and `nodeType`), `metrics`
    /// (`interactionFrequency`, `semanticSimilarity`, `contextRelevance`), `initialStrength`,
    /// `note`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_context: Option<JsonObject>,
}

/// Change a link; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeNodeLink {
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub link_strength: Option<f64>,
    /// The notes as a whole; `null` empties them.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub link_context: Patch<JsonObject>,
    /// Another type that suits the two products.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_type: Option<LinkType>,
}

/// Remove a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoveNodeLink {
    /// Why; at most 2000 characters.
    pub reason: Option<String>,
}

/// Compute a link's strength from how it is used; what is absent is taken from the link's own
/// `metrics`, else 0. Negative numbers count as 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CalculateLinkStrength {
    /// How often the two things meet; 100 and more count alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_frequency: Option<f64>,
    /// How alike they are, 0 to 1; what is outside counts as the nearer end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_similarity: Option<f64>,
    /// How much one matters to the other, 0 to 1; what is outside counts as the nearer end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_relevance: Option<f64>,
    /// Whether the link gets the new strength; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<bool>,
}

words!(
    /// How strong wanted links are.
    StrengthWord {
        /// 0.7 and more.
        Strong => "strong",
        /// 0.3 and less.
        Weak => "weak",
    }
);

words!(
    /// What happens to a thing at one end of links.
    EntityOperation {
        /// It comes into being.
        Create => "create",
        /// It changes.
        Update => "update",
        /// It is put away.
        Archive => "archive",
        /// It goes.
        Delete => "delete",
    }
);

/// Ask what would become of links if something happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckLinkIntegrity {
    /// The product.
    pub feature: FeatureType,
    /// The thing.
    pub entity_id: EntityId,
    /// What happens to it.
    pub operation: EntityOperation,
}

words!(
    /// What one operation of a batch does.
    LinkOperationKind {
        /// Joins two things.
        Create => "create",
        /// Gives a link another strength.
        UpdateStrength => "update-strength",
        /// Removes a link.
        Remove => "remove",
    }
);

/// One operation of a batch: `create` needs `link`, the others need `linkId`, `update-strength`
/// also `linkStrength`, and `remove` takes a `reason`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkOperation {
    /// What it does.
    pub operation: LinkOperationKind,
    /// The link to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<CreateNodeLink>,
    /// The link to change or remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_id: Option<LinkId>,
    /// The new strength, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub link_strength: Option<f64>,
    /// Why a link is removed; at most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    pub reason: Option<String>,
}

/// Do several things to links; each succeeds or fails by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchNodeLinks {
    /// The caller's name for the batch, 1–200 characters; while one runs, a second of the same
    /// name is refused.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub batch_id: String,
    /// 1–100 operations.
    #[cfg_attr(
        feature = "schema",
        schemars(
            with = "Vec<crate::schema::given::GivenLinkOperation>",
            length(min = 1, max = 100)
        )
    )]
    pub operations: Vec<LinkOperation>,
}
