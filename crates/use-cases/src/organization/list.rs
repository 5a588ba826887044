//! Lists the organizations the caller belongs to.

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Organization, Organizations, Page, PageRequest, Ports};

/// The caller's organizations, by name.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    page: &PageRequest,
) -> Result<Page<Organization>, UseCaseError> {
    Ok(ports.organizations().list(context, page).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{alice, bob};

    #[test]
    fn only_the_callers_own_are_listed_by_name() {
        let world = World::new();
        world.organization("Beta", &alice());
        world.organization("Acme", &alice());
        world.organization("Other", &bob());
        let page = world
            .run(list(&world, &alice(), &PageRequest::default()))
            .unwrap();
        let names: Vec<&str> = page.items.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(names, ["Acme", "Beta"]);
    }

    #[test]
    fn a_database_that_is_down_is_named() {
        let world = World::new();
        let down = PortErrorKind::Unavailable {
            retry_after: Some(2),
        };
        world.faults().fail_next("organizations.list", down);
        let error = world
            .run(list(&world, &alice(), &PageRequest::default()))
            .unwrap_err();
        assert!(matches!(
            error,
            UseCaseError::Unavailable {
                retry_after: Some(2),
                ..
            }
        ));
    }
}
