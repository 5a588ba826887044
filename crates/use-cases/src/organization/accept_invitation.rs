//! Joins an organization by an invitation.

use domain::error::Code;
use domain::organization::{self, Member};

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Acceptance, Clock, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Makes the caller a member by the token of an invitation to an address that they have confirmed:
/// once, within seven days, while its maker may give the role.
///
/// # Errors
/// `INVITATION_NOT_FOUND` in every other case; `Replayed` for a repetition.
pub async fn accept_invitation(
    ports: &impl Ports,
    context: &Context,
    token: &str,
    render: impl Fn(&Saved<Member>) -> StoredAnswer,
) -> Result<Saved<Member>, UseCaseError> {
    answered_before(ports, context).await?;
    let missing = UseCaseError::NotFound(Code::InvitationNotFound);
    let organizations = ports.organizations();
    let found = organizations.find_invitation(context, token).await?;
    let found = found.ok_or(missing)?;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let (role, event) = organization::accept(&found.invitation, found.role, by, now)?;
    let saved = Saved {
        value: Member {
            organization_id: found.invitation.organization_id,
            user_id: by,
            role,
            created_at: now,
        },
        revision: 1,
    };
    let acceptance = Acceptance {
        token: token.to_owned(),
        event,
        answer: answer_to_keep(context, &saved, render),
    };
    let accepted = organizations.accept(context, acceptance).await;
    done(accepted.map_err(|error| failure(context, error, Code::InvitationNotFound))?)?;
    Ok(saved)
}
