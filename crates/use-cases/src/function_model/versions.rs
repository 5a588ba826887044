//! Reads the snapshots of a model (the reading part of UC-007).

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, ModelVersion, ModelVersions, Page, PageRequest, Ports};

/// The snapshots without their data, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn list_versions(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    page: &PageRequest,
) -> Result<Page<ModelVersion>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let versions = ports.model_versions().list(context, model_id, page);
    Ok(versions.await?)
}

/// One snapshot with its data.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden, `VERSION_NOT_FOUND` when it has
/// no such snapshot.
pub async fn read_version(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    version_number: &str,
) -> Result<ModelVersion, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let found = ports
        .model_versions()
        .find(context, model_id, version_number);
    found
        .await?
        .ok_or(UseCaseError::NotFound(Code::VersionNotFound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn snapshots_are_listed_newest_first_without_their_data() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.1.0");
        let (who, request) = (alice(), PageRequest::default());
        let page = world
            .run(list_versions(&world, &who, draft.model_id, &request))
            .unwrap();
        let numbers: Vec<&str> = page
            .items
            .iter()
            .map(|v| v.version_number.as_str())
            .collect();
        assert_eq!(numbers, ["1.1.0", "1.0.0"]);
        assert!(
            page.items
                .iter()
                .all(|version| version.version_data.is_none())
        );
        assert_eq!(page.items[0].author_id, who.actor.user_id);
    }

    #[test]
    fn unknown_numbers_and_hidden_models_are_told_apart() {
        let world = World::new();
        let draft = Draft::empty(&world, "Order");
        let look = |who, number| world.run(read_version(&world, &who, draft.model_id, number));
        assert!(look(alice(), "1.0.0").unwrap().version_data.is_some());
        let unknown = look(alice(), "1.0.1").unwrap_err();
        assert_eq!(unknown, UseCaseError::NotFound(Code::VersionNotFound));
        let hidden = look(bob(), "1.0.0").unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
}
