//! Judging members of an organization; to everybody else it does not exist.

use domain::error::Code;
use domain::ids::{OrganizationId, UserId};
use domain::organization::OrganizationRole;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{FoundMember, Organization, Organizations, Ports};

/// An organization of the caller, and what they are in it.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND` when it is missing or the caller is no member.
pub(super) async fn load(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
) -> Result<(Organization, OrganizationRole), UseCaseError> {
    let organization = super::read(ports, context, organization_id).await?;
    match organization.role {
        Some(role) => Ok((organization, role)),
        None if context.actor.service => Ok((organization, OrganizationRole::Owner)),
        None => Err(UseCaseError::NotFound(Code::OrganizationNotFound)),
    }
}

/// Lets owners and admins pass.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden` for members of any other role.
pub(super) async fn administer(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
) -> Result<(Organization, OrganizationRole), UseCaseError> {
    let (organization, role) = load(ports, context, organization_id).await?;
    if role.is_admin() {
        return Ok((organization, role));
    }
    Err(forbidden("administer"))
}

/// A member of an organization of the caller.
///
/// # Errors
/// `MEMBER_NOT_FOUND`.
pub(super) async fn member(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<FoundMember, UseCaseError> {
    let organizations = ports.organizations();
    let found = organizations.find_member(context, organization_id, user_id);
    let missing = UseCaseError::NotFound(Code::MemberNotFound);
    found.await?.ok_or(missing)
}

/// What is missing.
pub(super) fn forbidden(required: &str) -> UseCaseError {
    UseCaseError::Forbidden {
        required: required.to_owned(),
    }
}

/// Only an owner makes and unmakes owners.
///
/// # Errors
/// `Forbidden` for those who may not give this role, or take it.
pub(super) fn may_give(own: OrganizationRole, role: OrganizationRole) -> Result<(), UseCaseError> {
    if own.may_give(role) {
        return Ok(());
    }
    let needed = match role {
        OrganizationRole::Owner => "own",
        _ => "administer",
    };
    Err(forbidden(needed))
}
