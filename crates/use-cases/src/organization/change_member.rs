//! Gives a member of an organization another role.

use domain::error::Code;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{self, ChangeMember, Member};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, MemberChange, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Gives a member another role; owners and admins may, but only an owner makes or unmakes owners.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `MEMBER_NOT_FOUND`; `Forbidden`; `LAST_OWNER`; `Conflict` when the
/// role is another one meanwhile; `Replayed` for a repetition.
pub async fn change_member(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    user_id: UserId,
    command: &ChangeMember,
    render: impl Fn(&Saved<Member>) -> StoredAnswer,
) -> Result<Saved<Member>, UseCaseError> {
    answered_before(ports, context).await?;
    let (organization, own) = access::load(ports, context, organization_id).await?;
    let found = access::member(ports, context, organization_id, user_id).await?;
    access::may_give(own, found.member.role)?;
    access::may_give(own, command.role)?;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let before = found.member;
    let event = organization::change_role(&before, command.role, found.is_last_owner, by, now)?;
    let saved = Saved {
        value: Member {
            role: command.role,
            ..before.clone()
        },
        revision: organization.revision,
    };
    let Some(event) = event else {
        return Ok(saved);
    };
    let change = MemberChange {
        member: before,
        role: Some(command.role),
        event,
        answer: answer_to_keep(context, &saved, render),
    };
    let written = ports.organizations().save_member(context, change).await;
    done(written.map_err(|error| failure(context, error, Code::MemberNotFound))?)?;
    Ok(saved)
}
