//! Lists tasks of the built-in workflow service.

use domain::ids::OrganizationId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Page, PageRequest, Ports, Workflow, Workflows};

/// The tasks the caller may see, or those of one organization, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    organization_id: Option<OrganizationId>,
    page: &PageRequest,
) -> Result<Page<Workflow>, UseCaseError> {
    let found = ports.workflows().list(context, organization_id, page);
    Ok(found.await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, task};

    #[test]
    fn members_see_the_tasks_of_their_organization_and_their_own() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        task(&world, &alice(), Some(acme), "shared");
        task(&world, &alice(), None, "own");
        task(&world, &bob(), None, "foreign");
        let names = |organization| {
            let request = PageRequest::default();
            let page = world
                .run(list(&world, &alice(), organization, &request))
                .unwrap();
            page.items.into_iter().map(|w| w.name).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["own", "shared"]);
        assert_eq!(names(Some(acme)), ["shared"]);
    }
}
