//! Who may set, rotate and remove a secret.

use domain::error::{Code, DomainError};
use domain::ids::{OrganizationId, SecretId, UserId};
use domain::organization::OrganizationRole;
use domain::secret::{self, Secret};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organizations, PortError, PortErrorKind, Ports, Secrets};
use crate::writing;

/// Lets owners pass, and of an organization its administrators.
///
/// # Errors
/// `Forbidden` for everybody else.
pub(super) async fn administer(
    ports: &impl Ports,
    context: &Context,
    organization_id: Option<OrganizationId>,
    owner: UserId,
) -> Result<(), UseCaseError> {
    let allowed = match organization_id {
        None => owner == context.actor.user_id,
        Some(id) => {
            let organization = ports.organizations().find(context, id).await?;
            let role = organization.and_then(|organization| organization.role);
            role.is_some_and(OrganizationRole::is_admin)
        }
    };
    allowed.then_some(()).ok_or(UseCaseError::Forbidden {
        required: "administer".to_owned(),
    })
}

/// A secret that the caller may change.
///
/// # Errors
/// `SECRET_NOT_FOUND` when it is missing or hidden; `Forbidden`.
pub(super) async fn load(
    ports: &impl Ports,
    context: &Context,
    secret_id: SecretId,
) -> Result<Secret, UseCaseError> {
    let found = ports.secrets().find(context, secret_id).await?;
    let secret = found.ok_or(UseCaseError::NotFound(Code::SecretNotFound))?;
    administer(ports, context, secret.organization_id, secret.user_id).await?;
    Ok(secret)
}

/// The failure of a write in the words of secrets.
pub(super) fn failure(context: &Context, error: PortError) -> UseCaseError {
    match error.kind {
        PortErrorKind::NameTaken => {
            let message = "Another secret of this owner has the name.";
            DomainError::new(Code::SecretNameTaken, message).into()
        }
        PortErrorKind::TooMany => secret::too_many().into(),
        _ => writing::failure(context, error, Code::SecretNotFound),
    }
}
