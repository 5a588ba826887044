//! UC-014: measures what links form together.

use domain::ids::EntityId;
use domain::node_link::{self, Network};

use super::LINKS;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{NodeLinks, Ports};

/// Measures of the links that the caller sees, or of those that touch a thing.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn network(
    ports: &impl Ports,
    context: &Context,
    entity_id: Option<EntityId>,
) -> Result<Network, UseCaseError> {
    let edges = ports.node_links().edges(context, entity_id, LINKS).await?;
    Ok(Network {
        truncated: edges.truncated,
        ..node_link::network(&edges.items)
    })
}
