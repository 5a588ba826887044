//! UC-014: tells what became of links over time.

use domain::ids::EntityId;
use domain::instant::Instant;
use domain::node_link::{self, Evolution};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{NodeLinks, Ports};

/// Most events that are looked at together.
const EVENTS: usize = 5_000;

/// What became, in a period, of the links that ever touched a thing; without one, of the links
/// that the caller sees.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn evolution(
    ports: &impl Ports,
    context: &Context,
    entity_id: Option<EntityId>,
    from: Option<Instant>,
    to: Option<Instant>,
) -> Result<Evolution, UseCaseError> {
    let links = ports.node_links();
    let history = links.history(context, entity_id, to, EVENTS).await?;
    let truncated = history.events.len() == EVENTS;
    Ok(Evolution {
        truncated,
        ..node_link::evolution(history.events, from)
    })
}
