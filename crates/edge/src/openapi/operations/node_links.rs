//! Links between things of all features.

use domain::error::Code;
use domain::ids::{EntityId, NodeId};
use domain::instant::Instant;
use domain::node_link::{
    BatchNodeLinks, CalculateLinkStrength, ChangeNodeLink, CheckLinkIntegrity, CreateNodeLink,
    Cycles, Evolution, Integrity, LinkStrength, Network, NodeLink, StrengthCalculation,
    StrengthWord,
};
use domain::vocabulary::{FeatureType, LinkType};
use use_cases::node_link::BatchOutcome;

use super::Description;
use crate::openapi::description::Reason;

const TAG: &str = "Links";

pub(super) fn create() -> Description {
    Description::new(TAG, "Link two things")
        .text(
            "Needs the right to edit a model at the start and to view one at the end. Things of \
             other products are taken as they are named.",
        )
        .command()
        .body::<CreateNodeLink>()
        .created::<NodeLink>("It was made; `warnings` tell of ends that have many links.")
        .etag()
        .codes(&[
            Code::FunctionModelNotFound,
            Code::Forbidden,
            Code::LinkNodesIncomplete,
            Code::LinkToSelf,
            Code::LinkStrengthInvalid,
            Code::LinkTypeIncompatible,
            Code::MetricsInvalid,
            Code::MetadataInvalid,
            Code::DocumentTooLarge,
            Code::NodeNotFound,
            Code::ModelDeleted,
            Code::LinkAlreadyExists,
        ])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List links")
        .text("Links with an end that the caller may view.")
        .query::<EntityId>("entityId", "Only links with this thing at either end.")
        .query::<EntityId>("sourceEntityId", "Only links that start at this thing.")
        .query::<EntityId>("targetEntityId", "Only links that end at this thing.")
        .query::<NodeId>("nodeId", "Only links with this node at either end.")
        .query::<FeatureType>("feature", "Only links with this product at either end.")
        .query::<FeatureType>("sourceFeature", "Only links that start at this product.")
        .query::<FeatureType>("targetFeature", "Only links that end at this product.")
        .query::<LinkType>("linkType", "Only links of this type.")
        .query::<LinkStrength>("minStrength", "Only links at least this strong.")
        .query::<LinkStrength>("maxStrength", "Only links at most this strong.")
        .query::<StrengthWord>(
            "strength",
            "Only strong links (0.7 and more) or weak ones (0.3 and less).",
        )
        .page::<NodeLink>("The links, newest first.")
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read a link")
        .one::<NodeLink>("The link.")
        .etag()
        .codes(&[Code::LinkNotFound])
}

pub(super) fn change() -> Description {
    Description::new(TAG, "Change a link")
        .change()
        .body::<ChangeNodeLink>()
        .ok::<NodeLink>("The link.")
        .etag()
        .codes(&[
            Code::LinkNotFound,
            Code::Forbidden,
            Code::NothingToChange,
            Code::LinkStrengthInvalid,
            Code::LinkTypeIncompatible,
            Code::MetricsInvalid,
            Code::MetadataInvalid,
            Code::DocumentTooLarge,
            Code::LinkAlreadyExists,
        ])
}

pub(super) fn remove() -> Description {
    Description::new(TAG, "Remove a link")
        .change()
        .query::<Reason>("reason", "Why; at most 2000 characters.")
        .removed("It was removed.")
        .codes(&[Code::LinkNotFound, Code::Forbidden, Code::ReasonInvalid])
}

pub(super) fn calculate_strength() -> Description {
    Description::new(TAG, "Calculate the strength of a link")
        .text("Adds to the strength what the link's use is worth. Repeated, it only grows.")
        .change()
        .optional_body::<CalculateLinkStrength>()
        .ok::<StrengthCalculation>("The strength and what it is made of.")
        .etag()
        .codes(&[Code::LinkNotFound, Code::Forbidden, Code::MetricsInvalid])
}

pub(super) fn batch() -> Description {
    Description::new(TAG, "Do several things to links")
        .text(
            "Each operation succeeds or fails by itself. While a batch runs, a second one of the \
             same name is refused.",
        )
        .command()
        .body::<BatchNodeLinks>()
        .ok::<BatchOutcome>("What became of each operation.")
        .codes(&[Code::BatchInProgress, Code::RevisionConflict])
}

pub(super) fn cycles() -> Description {
    Description::new(TAG, "Find cycles of links")
        .text("Every elementary cycle once, at most 1000, among the links that the caller sees.")
        .query::<FeatureType>("feature", "Only cycles with a thing of this product.")
        .query::<EntityId>("entityId", "Only cycles through this thing.")
        .query::<CycleLength>("minLength", "Only cycles of at least so many things.")
        .query::<CycleLength>("maxLength", "Only cycles of at most so many things.")
        .one::<Cycles>("The cycles.")
}

pub(super) fn network() -> Description {
    Description::new(TAG, "Measure the network of links")
        .query::<EntityId>("entityId", "Only links that touch this thing.")
        .one::<Network>("Its measures.")
}

pub(super) fn evolution() -> Description {
    Description::new(TAG, "Read how links evolved")
        .query::<EntityId>("entityId", "Only links that ever touched this thing.")
        .query::<Instant>("from", "Only what happened from then on.")
        .query::<Instant>("to", "Only what happened until then.")
        .one::<Evolution>("What happened, and how strengths went.")
}

pub(super) fn check_integrity() -> Description {
    Description::new(TAG, "Foretell what becomes of links")
        .text("Says what would become of the links of a thing; changes nothing.")
        .body::<CheckLinkIntegrity>()
        .ok::<Integrity>("What would become of each link.")
}

/// How many things a cycle has.
#[derive(schemars::JsonSchema)]
#[schemars(inline)]
struct CycleLength(
    #[schemars(range(min = 1, max = 100_000))]
    #[expect(dead_code, reason = "only its schema is used")]
    u32,
);
