//! Who may change what an organization shares: workflows of the built-in service and documents.

use domain::ids::{OrganizationId, UserId};
use domain::organization::OrganizationRole;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organizations, Ports};

/// Lets those pass who may change what belongs to an organization, or else to one user.
///
/// # Errors
/// `Forbidden` for everybody else.
pub(crate) async fn may_change(
    ports: &impl Ports,
    context: &Context,
    organization_id: Option<OrganizationId>,
    owner: UserId,
) -> Result<(), UseCaseError> {
    let allowed = match organization_id {
        _ if context.actor.service => true,
        None => owner == context.actor.user_id,
        Some(id) => {
            let organization = ports.organizations().find(context, id).await?;
            let role = organization.and_then(|organization| organization.role);
            role.is_some_and(OrganizationRole::may_edit_shared)
        }
    };
    if allowed {
        return Ok(());
    }
    Err(UseCaseError::Forbidden {
        required: "edit".to_owned(),
    })
}
