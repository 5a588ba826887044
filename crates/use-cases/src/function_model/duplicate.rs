//! Copies a model, or one of its snapshots, into a new model of the caller's (§7, duplicate).

use domain::function_model::FunctionModel;
use domain::function_model::commands::DuplicateFunctionModel;
use domain::function_model::decide;
use domain::ids::ModelId;

use super::create::{membership, store};
use super::snapshots;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ids, Ports};
use crate::writing::{Saved, answered_before};

/// Copies a model that the caller may view; the copy is a draft at 1.0.0.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`, `VERSION_NOT_FOUND`; `Forbidden` when the organization is not the
/// caller's; `MODEL_NAME_INVALID`; `MODEL_DELETED`; `MODEL_NAME_TAKEN`.
pub async fn duplicate(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &DuplicateFunctionModel,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let number = command.version_number.as_deref();
    let (_, source) = snapshots::load(ports, context, model_id, number).await?;
    if let Some(organization_id) = command.organization_id {
        membership(ports, context, organization_id).await?;
    }
    let (now, by) = (ports.clock().instant(), context.actor.user_id);
    let structure = decide::copy_structure(&source, || ports.ids().new_id(), now);
    let copy_id = ModelId::from_uuid(ports.ids().new_id());
    let created = decide::duplicate(command, &source, copy_id, structure, by, now)?;
    store(ports, context, created, render).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered, with_key};

    fn named(name: &str, version_number: Option<&str>) -> DuplicateFunctionModel {
        DuplicateFunctionModel {
            name: name.into(),
            organization_id: None,
            version_number: version_number.map(str::to_owned),
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: &DuplicateFunctionModel,
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        world.run(duplicate(world, context, draft.model_id, command, rendered))
    }

    #[test]
    fn viewers_take_a_copy_of_their_own() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        let copy = attempt(&world, &bob(), &draft, &named("Copy", None))
            .unwrap()
            .value;
        assert_eq!(copy.user_id, bob().actor.user_id);
        assert_eq!((copy.nodes.len(), copy.action_nodes.len()), (3, 2));
        assert_eq!(world.stored(copy.model_id), copy);
        let old = attempt(&world, &bob(), &draft, &named("Old", Some("1.0.0"))).unwrap();
        assert!(old.value.nodes.is_empty());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let copy = |who: &Context, name, number| {
            attempt(&world, who, &draft, &named(name, number)).unwrap_err()
        };
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        assert_eq!(copy(&bob(), "Copy", None), hidden);
        let unknown = UseCaseError::NotFound(Code::VersionNotFound);
        assert_eq!(copy(&alice(), "Copy", Some("3.0.0")), unknown);
        assert_eq!(
            refusal(copy(&alice(), "Order to cash", None)),
            Code::ModelNameTaken
        );
        assert_eq!(refusal(copy(&alice(), "x", None)), Code::ModelNameInvalid);
        world.delete(draft.model_id);
        assert_eq!(refusal(copy(&alice(), "Copy", None)), Code::ModelDeleted);
    }

    #[test]
    fn only_members_copy_into_an_organization_and_only_once() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        let mut shared = named("Copy", None);
        shared.organization_id = Some(world.organization("Acme", &alice()));
        let stranger = attempt(&world, &bob(), &draft, &shared).unwrap_err();
        let required = "member".to_owned();
        assert_eq!(stranger, UseCaseError::Forbidden { required });
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &draft, &shared).unwrap();
        let again = attempt(&world, &keyed, &draft, &shared).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }
}
