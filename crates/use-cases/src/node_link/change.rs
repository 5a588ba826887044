//! UC-014: changes a link.

use domain::error::Code;
use domain::ids::LinkId;
use domain::node_link::{self, ChangeNodeLink, LinkEvent, NodeLink};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, LinkChange, NodeLinks, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Changes the strength, the notes or the type of a link.
///
/// # Errors
/// `LINK_NOT_FOUND`; `Forbidden`; `NOTHING_TO_CHANGE` and the values of the command;
/// `LINK_ALREADY_EXISTS` for a type that another link of the same ends has; `Conflict`;
/// `Replayed` for a repetition.
pub async fn change(
    ports: &impl Ports,
    context: &Context,
    link_id: LinkId,
    command: &ChangeNodeLink,
    render: impl Fn(&Saved<NodeLink>) -> StoredAnswer,
) -> Result<Saved<NodeLink>, UseCaseError> {
    answered_before(ports, context).await?;
    let link = access::load(ports, context, link_id).await?;
    let now = ports.clock().instant();
    let events = node_link::change(&link, command, context.actor.user_id, now)?;
    expect_revision(context, link.revision)?;
    let change = changed(link, events);
    let saved = Saved {
        value: change.link.clone(),
        revision: change.expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    store(ports, context, change, answer).await?;
    Ok(saved)
}

/// A link with what happened to it.
pub(super) fn changed(link: NodeLink, events: Vec<LinkEvent>) -> LinkChange {
    let expected = Expected::Revision(link.revision);
    let before = link.clone();
    let mut after = Some(link);
    for event in &events {
        after = node_link::evolve(after, event, None);
    }
    LinkChange {
        expected,
        removed: after.is_none(),
        link: after.unwrap_or(before),
        events,
    }
}

/// Stores one change.
///
/// # Errors
/// `LINK_NOT_FOUND` when it is gone meanwhile; `Conflict`; `Replayed`.
pub(super) async fn store(
    ports: &impl Ports,
    context: &Context,
    change: LinkChange,
    answer: Option<StoredAnswer>,
) -> Result<(), UseCaseError> {
    let changes = [change];
    let written = ports.node_links().save(context, &changes, None, answer);
    let written = written.await;
    done(written.map_err(|error| failure(context, error, Code::LinkNotFound))?).map(|_| ())
}
