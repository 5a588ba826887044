//! Lists secrets, without their values.

use domain::ids::OrganizationId;
use domain::secret::Secret;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Page, PageRequest, Ports, Secrets};

/// What is told of the secrets the caller may see, or of those of one organization, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    organization_id: Option<OrganizationId>,
    page: &PageRequest,
) -> Result<Page<Secret>, UseCaseError> {
    let found = ports.secrets().list(context, organization_id, page);
    Ok(found.await?)
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, secret};

    #[test]
    fn members_see_what_secrets_there_are() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        secret(&world, &alice(), Some(acme), "shared");
        secret(&world, &alice(), None, "own");
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
        let names = |context: &Context, organization| {
            let request = PageRequest::default();
            let page = world.run(list(&world, context, organization, &request));
            let items = page.unwrap().items;
            items.into_iter().map(|s| s.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&alice(), None), ["own", "shared"]);
        assert_eq!(names(&alice(), Some(acme)), ["shared"]);
        assert_eq!(names(&bob(), None), ["shared"]);
    }
}
