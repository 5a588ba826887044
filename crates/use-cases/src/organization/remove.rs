//! Removes an organization that holds no model.

use domain::error::Code;
use domain::ids::OrganizationId;
use domain::organization::OrganizationRole;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Expected, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Removes an organization with its members, invitations, documents and tasks; owners may.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden`; `ORGANIZATION_NOT_EMPTY` while it holds models, deleted
/// ones included; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let (organization, role) = access::administer(ports, context, organization_id).await?;
    if role != OrganizationRole::Owner {
        return Err(access::forbidden("own"));
    }
    expect_revision(context, organization.revision)?;
    let expected = Expected::Revision(organization.revision);
    let saved = Saved {
        value: (),
        revision: expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    let organizations = ports.organizations();
    let removed = organizations.remove(context, organization_id, expected, answer);
    let removed = removed.await;
    done(removed.map_err(|error| failure(context, error, Code::OrganizationNotFound))?)?;
    Ok(saved)
}
