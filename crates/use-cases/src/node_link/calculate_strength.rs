//! UC-015: computes how strong a link is by how it is used.

use domain::ids::LinkId;
use domain::node_link::{self, CalculateLinkStrength, LinkMetrics, StrengthCalculation};

use super::{access, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, expect_revision};

/// Computes a link's strength and, unless only the number is wanted, gives it to the link.
///
/// # Errors
/// `LINK_NOT_FOUND`; `Forbidden`; `METRICS_INVALID`; `Conflict`; `Replayed` for a repetition.
pub async fn calculate_strength(
    ports: &impl Ports,
    context: &Context,
    link_id: LinkId,
    command: &CalculateLinkStrength,
    render: impl Fn(&Saved<StrengthCalculation>) -> StoredAnswer,
) -> Result<Saved<StrengthCalculation>, UseCaseError> {
    answered_before(ports, context).await?;
    let link = access::load(ports, context, link_id).await?;
    let applied = command.apply.unwrap_or(true);
    let metrics = LinkMetrics::of(command, &link)?;
    let calculation = StrengthCalculation::of(&link, metrics, applied);
    expect_revision(context, link.revision)?;
    if !applied {
        return Ok(Saved {
            value: calculation,
            revision: link.revision,
        });
    }
    let now = ports.clock().instant();
    let events = node_link::calculate(&link, &calculation, context.actor.user_id, now);
    let change = change::changed(link, events);
    let saved = Saved {
        value: calculation,
        revision: change.expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    change::store(ports, context, change, answer).await?;
    Ok(saved)
}
