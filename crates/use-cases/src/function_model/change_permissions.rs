//! Replaces who may do what with a model (§7; the rights of D§4.1.1).

use domain::function_model::commands::ChangePermissions;
use domain::function_model::{Command, FunctionModel, Permissions};
use domain::ids::ModelId;

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// Replaces the lists of a model, published ones included.
///
/// # Errors
/// Those of access (the owner, administrators and org admins may); `PERMISSIONS_INVALID`, also for
/// an owner that nobody knows; `MODEL_DELETED`, `MODEL_ARCHIVED`; `FORBIDDEN` when somebody else
/// than the owner or an org admin hands it over; `Conflict`.
pub async fn change_permissions(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    permissions: Permissions,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    let command = Command::ChangePermissions(ChangePermissions {
        permissions,
        by_org_admin: false,
    });
    let show = |model: &FunctionModel| Ok(model.clone());
    let lost = LostRace::Refuse;
    change(ports, context, model_id, command, lost, show, render).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        change: impl FnOnce(&mut Permissions),
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        let mut permissions = world.stored(draft.model_id).permissions;
        change(&mut permissions);
        let id = draft.model_id;
        world.run(change_permissions(
            world,
            context,
            id,
            permissions,
            rendered,
        ))
    }

    #[test]
    fn owners_and_administrators_change_the_lists_of_published_models_too() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.1.0");
        let bobs = bob().actor.user_id;
        attempt(&world, &alice(), &draft, |lists| {
            lists.administrators.push(bobs)
        })
        .unwrap();
        attempt(&world, &bob(), &draft, |lists| lists.viewers.push(bobs)).unwrap();
        assert_eq!(world.stored(draft.model_id).permissions.viewers, [bobs]);
        let twice = attempt(&world, &bob(), &draft, |lists| lists.viewers.push(bobs));
        assert_eq!(refusal(twice.unwrap_err()), Code::PermissionsInvalid);
    }

    #[test]
    fn only_owners_and_org_admins_hand_a_model_over() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let bobs = bob().actor.user_id;
        world.arrange(draft.model_id, |model| {
            model.permissions.administrators.push(bobs)
        });
        let grab = |lists: &mut Permissions| lists.owner = bobs;
        let taken = attempt(&world, &bob(), &draft, grab).unwrap_err();
        assert_eq!(refusal(taken), Code::Forbidden);
        let acme = world.organization("Acme", &alice());
        world.arrange(draft.model_id, |model| model.organization_id = Some(acme));
        world.add_member(acme, bobs, OrganizationRole::Admin);
        attempt(&world, &bob(), &draft, grab).unwrap();
        assert_eq!(world.stored(draft.model_id).user_id, bobs);
    }

    #[test]
    fn editors_may_not_and_deleted_models_stay_as_they_are() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_edit(draft.model_id, &bob());
        let editor = attempt(&world, &bob(), &draft, |_| ()).unwrap_err();
        let required = "change-permissions".to_owned();
        assert_eq!(editor, UseCaseError::Forbidden { required });
        world.delete(draft.model_id);
        let deleted = attempt(&world, &alice(), &draft, |_| ()).unwrap_err();
        assert_eq!(refusal(deleted), Code::ModelDeleted);
    }
}
