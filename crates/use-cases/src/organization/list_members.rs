//! Lists who belongs to an organization.

use domain::ids::OrganizationId;
use domain::organization::Member;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organizations, Page, PageRequest, Ports};

/// The members of an organization, longest first; every member may look.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`.
pub async fn list_members(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    page: &PageRequest,
) -> Result<Page<Member>, UseCaseError> {
    access::load(ports, context, organization_id).await?;
    let organizations = ports.organizations();
    Ok(organizations
        .members(context, organization_id, page)
        .await?)
}
