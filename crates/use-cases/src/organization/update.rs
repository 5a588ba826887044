//! Renames an organization.

use domain::error::Code;
use domain::ids::OrganizationId;
use domain::organization::{self, UpdateOrganization};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Organization, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Renames an organization; owners and admins may.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND`; `Forbidden`; `NOTHING_TO_CHANGE`; `ORGANIZATION_NAME_INVALID`;
/// `Conflict`; `Replayed` for a repetition.
pub async fn update(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
    command: &UpdateOrganization,
    render: impl Fn(&Saved<Organization>) -> StoredAnswer,
) -> Result<Saved<Organization>, UseCaseError> {
    answered_before(ports, context).await?;
    let (before, _) = access::administer(ports, context, organization_id).await?;
    let name = organization::rename(command)?;
    expect_revision(context, before.revision)?;
    let expected = Expected::Revision(before.revision);
    let saved = Saved {
        value: Organization {
            name,
            updated_at: ports.clock().instant(),
            revision: expected.next(),
            ..before
        },
        revision: expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    let organizations = ports.organizations();
    let written = organizations.rename(context, &saved.value, expected, answer);
    let written = written.await;
    done(written.map_err(|error| failure(context, error, Code::OrganizationNotFound))?)?;
    Ok(saved)
}
