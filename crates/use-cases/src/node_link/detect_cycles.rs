//! UC-016: finds links that lead back to where they start.

use domain::node_link::{self, CycleFilter, Cycles};

use super::LINKS;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{NodeLinks, Ports};

/// The elementary cycles among the links that the caller sees, each once, at most 1000.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn detect_cycles(
    ports: &impl Ports,
    context: &Context,
    filter: &CycleFilter,
) -> Result<Cycles, UseCaseError> {
    let edges = ports.node_links().edges(context, None, LINKS).await?;
    let found = node_link::cycles(&edges.items, filter);
    Ok(Cycles {
        truncated: found.truncated || edges.truncated,
        ..found
    })
}
