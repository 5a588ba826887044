//! UC-001: creates a model, empty or with the structure of another.

use domain::error::Code;
use domain::function_model::commands::CreateFunctionModel;
use domain::function_model::create::Structure;
use domain::function_model::decide;
use domain::function_model::events::FunctionModelCreated;
use domain::function_model::{Act, Delta, Event, FunctionModel, evolve, snapshot};
use domain::ids::{ModelId, OrganizationId, VersionId};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    Clock, Expected, Extent, FunctionModels, Ids, ModelSave, NewVersion, Organizations, Ports,
};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Creates a model: a draft at 1.0.0 that belongs to the caller, with its first snapshot.
///
/// # Errors
/// `TEMPLATE_NOT_FOUND`; `Forbidden` when the organization is not the caller's; the value limits
/// of the fields; `MODEL_NAME_TAKEN`; `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: &CreateFunctionModel,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let structure = match command.template_id {
        Some(template_id) => template(ports, context, template_id).await?,
        None => Structure::default(),
    };
    if let Some(organization_id) = command.organization_id {
        membership(ports, context, organization_id).await?;
    }
    let model_id = ModelId::from_uuid(ports.ids().new_id());
    let now = ports.clock().instant();
    let created = decide::create(command, model_id, structure, context.actor.user_id, now)?;
    store(ports, context, created, render).await
}

/// Stores a new model with its first snapshot.
///
/// # Errors
/// `MODEL_NAME_TAKEN`; `Replayed` for a repetition.
pub(super) async fn store(
    ports: &impl Ports,
    context: &Context,
    mut created: FunctionModelCreated,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    let version_id = VersionId::from_uuid(ports.ids().new_id());
    created.version_id = Some(version_id);
    let model = evolve::create(&created);
    let events = [Event::from(created)];
    let saved = Saved {
        value: model,
        revision: 1,
    };
    let change = ModelSave {
        model: &saved.value,
        expected: Expected::New,
        delta: &Delta::of(&events),
        events: &events,
        version: Some(first_version(version_id, &saved.value)),
        answer: answer_to_keep(context, &saved, render),
    };
    let written = ports.function_models().save(context, change).await;
    done(written.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?)?;
    Ok(saved)
}

/// What a model that the caller may view is made of, with new identifiers.
async fn template(
    ports: &impl Ports,
    context: &Context,
    template_id: ModelId,
) -> Result<Structure, UseCaseError> {
    let missing = UseCaseError::NotFound(Code::TemplateNotFound);
    let loaded = access::load(ports, context, template_id, Extent::Whole, Act::View);
    let found = match loaded.await {
        Ok(found) => found,
        Err(UseCaseError::NotFound(_)) => return Err(missing),
        Err(error) => return Err(error),
    };
    if found.model.deletion.is_some() {
        return Err(missing);
    }
    let now = ports.clock().instant();
    Ok(decide::copy_structure(
        &found.model,
        || ports.ids().new_id(),
        now,
    ))
}

/// Whether the caller is a member of the organization.
pub(super) async fn membership(
    ports: &impl Ports,
    context: &Context,
    organization_id: OrganizationId,
) -> Result<(), UseCaseError> {
    let found = ports.organizations().find(context, organization_id).await?;
    found.map(|_| ()).ok_or_else(|| UseCaseError::Forbidden {
        required: "member".to_owned(),
    })
}

fn first_version(version_id: VersionId, model: &FunctionModel) -> NewVersion {
    NewVersion {
        version_id,
        version_number: model.version.to_string(),
        version_data: snapshot(model),
        is_published: false,
        notes: None,
        previous_version: None,
        plan: None,
    }
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::ModelVersions;
    use crate::testing::{Draft, alice, bob, refusal, rendered, with_key};

    fn named(name: &str) -> CreateFunctionModel {
        CreateFunctionModel {
            name: name.into(),
            ..CreateFunctionModel::default()
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        command: &CreateFunctionModel,
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        world.run(create(world, context, command, rendered))
    }

    #[test]
    fn a_new_model_is_a_draft_with_its_first_snapshot() {
        let world = World::new();
        let saved = attempt(&world, &alice(), &named("Order to cash")).unwrap();
        let model = saved.value;
        assert_eq!(
            (saved.revision, model.revision, model.version_count),
            (1, 1, 1)
        );
        assert_eq!(model.user_id, alice().actor.user_id);
        let version = world.run(world_version(&world, model.model_id)).unwrap();
        assert_eq!(version.version_data.unwrap()["name"], "Order to cash");
        assert!(!version.is_published);
        let events = world.event_types(model.model_id.as_uuid());
        assert_eq!(events, ["FunctionModelCreated"]);
        assert_eq!(world.stored(model.model_id), model);
    }

    async fn world_version(world: &World, id: ModelId) -> Option<crate::ports::ModelVersion> {
        let found = world.model_versions().find(&alice(), id, "1.0.0").await;
        found.unwrap()
    }

    #[test]
    fn values_outside_their_limits_are_all_named() {
        let command = CreateFunctionModel {
            description: Some("x".repeat(5001)),
            ..named("a")
        };
        let error = attempt(&World::new(), &alice(), &command).unwrap_err();
        let UseCaseError::Refused(refusal) = error else {
            panic!("refused, got {error}");
        };
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["name", "description"]);
    }

    #[test]
    fn a_name_is_taken_once_per_organization_or_user() {
        let world = World::new();
        attempt(&world, &alice(), &named("Order")).unwrap();
        let taken = attempt(&world, &alice(), &named("Order")).unwrap_err();
        assert_eq!(refusal(taken), Code::ModelNameTaken);
        attempt(&world, &bob(), &named("Order")).unwrap();
        let shared = CreateFunctionModel {
            organization_id: Some(world.organization("Acme", &alice())),
            ..named("Order")
        };
        attempt(&world, &alice(), &shared).unwrap();
    }

    #[test]
    fn only_members_create_in_an_organization() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let shared = CreateFunctionModel {
            organization_id: Some(acme),
            ..named("Order")
        };
        let error = attempt(&world, &bob(), &shared).unwrap_err();
        let required = "member".to_owned();
        assert_eq!(error, UseCaseError::Forbidden { required });
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
        attempt(&world, &bob(), &shared).unwrap();
    }

    #[test]
    fn a_template_lends_its_structure() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let copy = CreateFunctionModel {
            template_id: Some(draft.model_id),
            ..named("Copy")
        };
        let model = attempt(&world, &alice(), &copy).unwrap().value;
        let original = world.stored(draft.model_id);
        assert_eq!(model.nodes.len(), original.nodes.len());
        assert_eq!(model.action_nodes.len(), original.action_nodes.len());
        assert!(
            model
                .nodes
                .keys()
                .all(|id| !original.nodes.contains_key(id))
        );
        assert_eq!(world.stored(model.model_id), model);
        let hidden = attempt(&world, &bob(), &copy).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::TemplateNotFound));
        world.delete(draft.model_id);
        let deleted = attempt(&world, &alice(), &copy).unwrap_err();
        assert_eq!(deleted, UseCaseError::NotFound(Code::TemplateNotFound));
    }

    #[test]
    fn a_repetition_creates_nothing() {
        let world = World::new();
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &named("Order")).unwrap();
        let again = attempt(&world, &keyed, &named("Order")).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }
}
