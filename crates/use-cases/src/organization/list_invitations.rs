//! Lists the open invitations of an organization.

use domain::ids::OrganizationId;
use domain::organization::Invitation;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organizations, Page, PageRequest, Ports};

/// The invitations that can still be accepted, newest first; owners and admins may look.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden`.
pub async fn list_invitations(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    page: &PageRequest,
) -> Result<Page<Invitation>, UseCaseError> {
    access::administer(ports, context, organization_id).await?;
    let organizations = ports.organizations();
    let found = organizations.invitations(context, organization_id, page);
    Ok(found.await?)
}
