//! UC-014: foretells what becomes of links when something happens to a thing.

use domain::node_link::{self, CheckLinkIntegrity, Integrity, LinkEdge};

use super::LINKS;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{NodeLinks, Ports};

/// What would become of the links of a thing; changes nothing.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn check_integrity(
    ports: &impl Ports,
    context: &Context,
    command: &CheckLinkIntegrity,
) -> Result<Integrity, UseCaseError> {
    let links = ports.node_links();
    let edges = links.edges(context, Some(command.entity_id), LINKS).await?;
    let end = (command.feature, command.entity_id);
    let touching: Vec<LinkEdge> = edges
        .items
        .into_iter()
        .filter(|edge| {
            end == (edge.source_feature, edge.source_entity_id)
                || end == (edge.target_feature, edge.target_entity_id)
        })
        .collect();
    Ok(Integrity {
        truncated: edges.truncated,
        ..node_link::integrity(&touching, command.operation)
    })
}
