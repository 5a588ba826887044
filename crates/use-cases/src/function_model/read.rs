//! Reads a model, with or without what is inside.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, FoundModel, Ports};

/// A model as the caller may see it; a deleted one is shown to those who may restore it.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    extent: Extent,
) -> Result<FoundModel, UseCaseError> {
    access::load(ports, context, model_id, extent, Act::View).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn a_model_is_read_whole_or_without_what_is_inside() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let look = |extent| {
            world
                .run(read(&world, &alice(), draft.model_id, extent))
                .unwrap()
        };
        assert_eq!(look(Extent::Whole).model, world.stored(draft.model_id));
        assert!(look(Extent::Header).model.nodes.is_empty());
        assert_eq!(look(Extent::Header).published, None);
        let version_id = draft.publish(&world, "1.0.1");
        let published = look(Extent::Header).published.unwrap();
        assert_eq!(published.version_id, version_id);
    }

    #[test]
    fn roles_in_the_organization_open_a_model() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let acme = world.organization("Acme", &alice());
        world.arrange(draft.model_id, |model| model.organization_id = Some(acme));
        let look = || world.run(read(&world, &bob(), draft.model_id, Extent::Header));
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
        assert_eq!(look().unwrap_err(), hidden);
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Viewer);
        assert_eq!(look().unwrap().role, Some(OrganizationRole::Viewer));
        world.delete(draft.model_id);
        assert_eq!(look().unwrap_err(), hidden);
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Admin);
        assert!(look().unwrap().model.deletion.is_some());
    }

    #[test]
    fn a_database_that_is_down_is_told_apart_from_a_missing_model() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let down = PortErrorKind::Unavailable {
            retry_after: Some(1),
        };
        world.faults().fail_next("function_models.find_by_id", down);
        let error = world.run(read(&world, &alice(), draft.model_id, Extent::Header));
        let UseCaseError::Unavailable { source, .. } = error.unwrap_err() else {
            panic!("unavailable");
        };
        assert!(source.is_temporary());
    }
}
