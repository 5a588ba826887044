//! Reads an organization the caller belongs to.

use domain::error::Code;
use domain::ids::OrganizationId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organization, Organizations, Ports};

/// One of the caller's organizations.
///
/// # Errors
/// `ORGANIZATION_NOT_FOUND` when it is missing or the caller is not a member.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
) -> Result<Organization, UseCaseError> {
    let found = ports.organizations().find(context, organization_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::OrganizationNotFound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob};

    #[test]
    fn strangers_find_nothing() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let check = |context: &Context| world.run(read(&world, context, acme)).map(|o| o.name);
        assert_eq!(check(&alice()), Ok("Acme".to_owned()));
        let hidden = UseCaseError::NotFound(Code::OrganizationNotFound);
        assert_eq!(check(&bob()), Err(hidden));
    }
}
