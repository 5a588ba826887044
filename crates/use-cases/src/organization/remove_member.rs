//! Ends a membership: somebody leaves, or is removed.

use domain::error::Code;
use domain::ids::{OrganizationId, UserId};
use domain::organization;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, MemberChange, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Ends a membership, at once; everybody may leave, owners and admins remove others, and only an
/// owner removes an owner.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `MEMBER_NOT_FOUND`; `Forbidden`; `LAST_OWNER`; `Conflict` when the
/// role is another one meanwhile; `Replayed` for a repetition.
pub async fn remove_member(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    user_id: UserId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let (organization, own) = access::load(ports, context, organization_id).await?;
    let found = access::member(ports, context, organization_id, user_id).await?;
    let by = context.actor.user_id;
    if user_id != by {
        access::may_give(own, found.member.role)?;
    }
    let now = ports.clock().instant();
    let event = organization::remove_member(&found.member, found.is_last_owner, by, now)?;
    let saved = Saved {
        value: (),
        revision: organization.revision,
    };
    let change = MemberChange {
        member: found.member,
        role: None,
        event,
        answer: answer_to_keep(context, &saved, render),
    };
    let written = ports.organizations().save_member(context, change).await;
    done(written.map_err(|error| failure(context, error, Code::MemberNotFound))?)?;
    Ok(saved)
}
