//! Hands out a model as one JSON document.

use domain::function_model::document::{Document, document};
use domain::ids::ModelId;

use super::snapshots;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::Ports;

/// The document of the working copy, or of the snapshot of this number; with the model's revision.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `VERSION_NOT_FOUND`.
pub async fn export_document(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    version_number: Option<&str>,
) -> Result<(Document, i64), UseCaseError> {
    let (found, model) = snapshots::load(ports, context, model_id, version_number).await?;
    Ok((document(&model), found.model.revision))
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn the_working_copy_and_snapshots_have_documents() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let export = |who: &Context, number: Option<&str>| {
            world.run(export_document(&world, who, draft.model_id, number))
        };
        let (working, _) = export(&alice(), None).unwrap();
        assert_eq!((working.containers.len(), working.actions.len()), (3, 2));
        draft.publish(&world, "1.0.1");
        assert_eq!(export(&alice(), Some("1.0.1")).unwrap().0, working);
        let (first, _) = export(&alice(), Some("1.0.0")).unwrap();
        assert!(first.containers.is_empty());
        let missing = export(&alice(), Some("7.0.0")).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::VersionNotFound));
        let hidden = export(&bob(), None).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
}
