//! Asks somebody to join an organization.

use domain::error::Code;
use domain::ids::{InvitationId, OrganizationId};
use domain::organization::{self, Invitation, InviteMember};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ids, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Makes an invitation to a role not above the caller's own; its token is shown this once, and
/// a repetition of the request gets the invitation without it.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden`; `INVALID_REQUEST` for what is no address; `Replayed`.
pub async fn invite(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    command: &InviteMember,
    render: impl Fn(&Saved<Invitation>) -> StoredAnswer,
) -> Result<Saved<Invitation>, UseCaseError> {
    answered_before(ports, context).await?;
    let (_, own) = access::administer(ports, context, organization_id).await?;
    access::may_give(own, command.role)?;
    let ids = ports.ids();
    let id = InvitationId::from_uuid(ids.new_id());
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let invitation = organization::invite(command, id, organization_id, by, now)?;
    // Two identifiers: 148 random bits.
    let token = format!("{}{}", ids.new_id().simple(), ids.new_id().simple());
    let mut saved = Saved {
        value: invitation,
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let organizations = ports.organizations();
    let written = organizations.invite(context, &saved.value, &token, answer);
    let written = written.await;
    done(written.map_err(|error| failure(context, error, Code::OrganizationNotFound))?)?;
    saved.value.token = Some(token);
    Ok(saved)
}
