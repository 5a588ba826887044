//! Lists documents of the built-in knowledge base.

use domain::ids::OrganizationId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{KnowledgeContent, KnowledgeContents, Page, PageRequest, Ports};

/// The documents the caller may see, or those of one organization, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    organization_id: Option<OrganizationId>,
    page: &PageRequest,
) -> Result<Page<KnowledgeContent>, UseCaseError> {
    let found = ports
        .knowledge_contents()
        .list(context, organization_id, page);
    Ok(found.await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, document};

    #[test]
    fn pages_follow_each_other() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        for title in ["a", "b", "c"] {
            document(&world, &alice(), Some(acme), title, "text");
        }
        document(&world, &bob(), None, "foreign", "text");
        let mut request = PageRequest {
            limit: 2,
            after: None,
            count: true,
        };
        let first = world.run(list(&world, &alice(), None, &request)).unwrap();
        assert_eq!((first.items.len(), first.total), (2, Some(3)));
        request.after = first.next;
        let second = world
            .run(list(&world, &alice(), Some(acme), &request))
            .unwrap();
        assert_eq!(second.items[0].title, "a");
        assert_eq!(second.next, None);
    }
}
