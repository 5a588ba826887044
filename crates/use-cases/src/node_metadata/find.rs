//! Finds described nodes.

use domain::error::Code;
use domain::ids::EntityId;
use domain::node_metadata::{FindSimilarNodes, NodeMetadata, SimilarNodes};
use domain::vocabulary::FeatureType;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{DescribedNodes, NodeFilter, NodeQuestion, Page, PageRequest, Ports};

/// Nodes that are compared at most.
const MOST_COMPARED: u32 = 5_000;

/// The description of one node.
///
/// # Errors
/// `NODE_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    (feature, entity, node): (FeatureType, EntityId, EntityId),
) -> Result<NodeMetadata, UseCaseError> {
    let question = NodeQuestion {
        feature_type: Some(feature),
        entity_id: Some(entity),
        node_id: Some(node),
        limit: 1,
        ..NodeQuestion::default()
    };
    let mut found = ports
        .described_nodes()
        .find(&context.actor, &question)
        .await?;
    found
        .pop()
        .ok_or(UseCaseError::NotFound(Code::NodeNotFound))
}

/// The described nodes the caller may see, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &NodeFilter,
    page: &PageRequest,
) -> Result<Page<NodeMetadata>, UseCaseError> {
    Ok(ports.described_nodes().list(context, filter, page).await?)
}

/// The nodes the caller may see whose meaning is nearest, of the first 5000 with vectors of that length.
///
/// # Errors
/// `NODE_METADATA_INVALID`.
pub async fn similar(
    ports: &impl Ports,
    context: &Context,
    command: &FindSimilarNodes,
) -> Result<SimilarNodes, UseCaseError> {
    command.checked()?;
    let question = NodeQuestion {
        feature_type: command.feature_type,
        dimensions: Some(command.vector.len()),
        limit: MOST_COMPARED,
        ..NodeQuestion::default()
    };
    let found = ports
        .described_nodes()
        .find(&context.actor, &question)
        .await?;
    Ok(command.answer(found)?)
}
