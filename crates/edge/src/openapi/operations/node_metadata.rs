//! Search data about nodes.

use domain::error::Code;
use domain::node_metadata::{DescribeNode, FindSimilarNodes, NodeMetadata, SimilarNodes};

use super::Description;

const TAG: &str = "Node metadata";

pub(super) fn describe() -> Description {
    Description::new(TAG, "Describe a node for searching")
        .text("Replaces what was there; repeating it is harmless.")
        .change()
        .body::<DescribeNode>()
        .ok::<NodeMetadata>("The description.")
        .etag()
        .codes(&[
            Code::FunctionModelNotFound,
            Code::NodeNotFound,
            Code::Forbidden,
            Code::ModelDeleted,
            Code::NodeMetadataInvalid,
            Code::DocumentTooLarge,
        ])
}

pub(super) fn read() -> Description {
    Description::new(TAG, "Read the description of a node")
        .one::<NodeMetadata>("The description.")
        .etag()
        .codes(&[Code::NodeNotFound])
}

pub(super) fn list() -> Description {
    Description::new(TAG, "List described nodes")
        .query::<String>("keyword", "Only nodes with a keyword that holds this.")
        .query::<String>("tag", "Only nodes with this tag.")
        .page::<NodeMetadata>("The nodes, newest first.")
}

pub(super) fn similar() -> Description {
    Description::new(TAG, "Find nodes of similar meaning")
        .body::<FindSimilarNodes>()
        .ok::<SimilarNodes>("The nodes, most similar first.")
        .codes(&[Code::NodeMetadataInvalid])
}
