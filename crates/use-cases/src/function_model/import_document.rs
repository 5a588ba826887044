//! Makes a model of a document.

use domain::function_model::FunctionModel;
use domain::function_model::document::{ImportFunctionModel, import};
use domain::ids::ModelId;

use super::create::{membership, store};
use super::nesting;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ids, Ports};
use crate::writing::{Saved, answered_before};

/// Imports a document: a draft at 1.0.0 that belongs to the caller, with its first snapshot.
///
/// # Errors
/// `Forbidden` when the organization is not the caller's; everything that stands against the
/// document at once, each with its path and code; `MODEL_NAME_TAKEN`; `Replayed` for a repetition.
pub async fn import_document(
    ports: &impl Ports,
    context: &Context,
    mut command: ImportFunctionModel,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    answered_before(ports, context).await?;
    if let Some(organization_id) = command.organization_id {
        membership(ports, context, organization_id).await?;
    }
    let actions = command.document.actions.iter();
    let children = nesting::named(actions.map(|action| &action.action_specific_data));
    let readiness = nesting::Readiness::There;
    command.nested = nesting::gather(ports, context, &children, readiness).await?;
    let model_id = ModelId::from_uuid(ports.ids().new_id());
    let now = ports.clock().instant();
    let created = import(command, model_id, context.actor.user_id, now)?;
    store(ports, context, created, render).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::function_model::document::Document;

    use super::*;
    use crate::function_model::export_document;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered};

    fn command(document: Document, name: Option<&str>) -> ImportFunctionModel {
        ImportFunctionModel {
            document,
            name: name.map(str::to_owned),
            organization_id: None,
            nested: Default::default(),
        }
    }

    fn export(world: &World, model_id: ModelId) -> Document {
        let exported = world.run(export_document(world, &alice(), model_id, None));
        exported.unwrap().0
    }

    #[test]
    fn what_was_exported_comes_back_the_same() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let document = export(&world, draft.model_id);
        let taken = command(document.clone(), None);
        let taken = world
            .run(import_document(&world, &alice(), taken, rendered))
            .unwrap_err();
        assert_eq!(refusal(taken), Code::ModelNameTaken);
        let copy = command(document.clone(), Some("Copy"));
        let saved = world
            .run(import_document(&world, &alice(), copy, rendered))
            .unwrap();
        assert_ne!(saved.value.model_id, draft.model_id);
        assert_eq!(world.stored(saved.value.model_id), saved.value);
        let mut again = export(&world, saved.value.model_id);
        assert_eq!(again.name, "Copy");
        again.name.clone_from(&document.name);
        assert_eq!(again, document);
        let events = world.event_types(saved.value.model_id.as_uuid());
        assert_eq!(events, ["FunctionModelCreated"]);
    }

    #[test]
    fn organizations_of_others_and_broken_documents_are_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut foreign = command(export(&world, draft.model_id), Some("Copy"));
        foreign.organization_id = Some(world.organization("Acme", &bob()));
        let error = world
            .run(import_document(&world, &alice(), foreign, rendered))
            .unwrap_err();
        let required = "member".to_owned();
        assert_eq!(error, UseCaseError::Forbidden { required });
        let mut broken = command(export(&world, draft.model_id), Some("C"));
        broken.document.containers.remove(0);
        broken.document.actions[0].priority = Some(0);
        let error = world
            .run(import_document(&world, &alice(), broken, rendered))
            .unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        assert!(error.errors.len() >= 3, "{:?}", error.errors);
    }
}
