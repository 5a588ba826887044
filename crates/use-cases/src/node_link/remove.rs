//! UC-014: removes a link.

use domain::ids::LinkId;
use domain::node_link::{self, RemoveNodeLink};

use super::{access, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, expect_revision};

/// Removes a link; what it was stays in the log.
///
/// # Errors
/// `LINK_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    link_id: LinkId,
    command: &RemoveNodeLink,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let link = access::load(ports, context, link_id).await?;
    let now = ports.clock().instant();
    let events = node_link::remove(&link, command, context.actor.user_id, now)?;
    expect_revision(context, link.revision)?;
    let change = change::changed(link, events);
    let saved = Saved {
        value: (),
        revision: change.expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    change::store(ports, context, change, answer).await?;
    Ok(saved)
}
