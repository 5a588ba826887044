//! Takes an invitation back.

use domain::error::Code;
use domain::ids::{InvitationId, OrganizationId};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Takes an open invitation back; owners and admins may.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden`; `INVITATION_NOT_FOUND`; `Replayed` for a repetition.
pub async fn revoke_invitation(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    invitation_id: InvitationId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    access::administer(ports, context, organization_id).await?;
    let saved = Saved {
        value: (),
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let organizations = ports.organizations();
    let revoked = organizations.revoke(context, organization_id, invitation_id, answer);
    let revoked = revoked.await;
    done(revoked.map_err(|error| failure(context, error, Code::InvitationNotFound))?)?;
    Ok(saved)
}
