//! Takes up an old version: the working copy gets its content (the restoring part of UC-007).

use domain::error::Code;
use domain::function_model::{Act, Command, FunctionModel};
use domain::ids::ModelId;

use super::changing::{LostRace, change};
use super::{access, snapshots};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Extent, Ports};
use crate::writing::{Saved, answered_before};

/// Gives a draft the content of one of its snapshots; its numbers and status stay.
///
/// # Errors
/// Those of access; `VERSION_NOT_FOUND`; `MODEL_DELETED`, `MODEL_PUBLISHED`, `MODEL_ARCHIVED`;
/// `MODEL_NAME_TAKEN` when the name of then is another model's now; `Conflict`.
pub async fn restore_version(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    version_number: &str,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let found = access::load(ports, context, model_id, Extent::Header, Act::Edit).await?;
    let content = snapshots::read(ports, context, &found, version_number).await?;
    let content = content.ok_or(UseCaseError::NotFound(Code::VersionNotFound))?;
    let command = Command::RestoreVersion(Box::new(content));
    let show = |model: &FunctionModel| Ok(model.clone());
    let lost = LostRace::Refuse;
    change(ports, context, model_id, command, lost, show, render).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        number: &str,
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        let id = draft.model_id;
        world.run(restore_version(world, context, id, number, rendered))
    }

    #[test]
    fn the_content_of_then_comes_back_and_the_number_stays() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id);
        let restored = attempt(&world, &alice(), &draft, "1.0.0").unwrap();
        assert!(restored.value.nodes.is_empty() && restored.value.action_nodes.is_empty());
        let after = world.stored(draft.model_id);
        assert!(after.nodes.is_empty() && after.action_nodes.is_empty());
        assert_eq!(after.version, before.version);
        assert_eq!(after.revision, before.revision + 1);
        let events = world.event_types(draft.model_id.as_uuid());
        assert_eq!(
            events.last().map(String::as_str),
            Some("FunctionModelUpdated")
        );
        let again = attempt(&world, &alice(), &draft, "1.0.0").unwrap();
        assert_eq!(again.revision, after.revision);
        assert_eq!(world.stored(draft.model_id), after);
    }

    #[test]
    fn only_editors_restore_drafts() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &draft, "1.0.0").unwrap_err();
        let required = "edit".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        let unknown = attempt(&world, &alice(), &draft, "7.0.0").unwrap_err();
        assert_eq!(unknown, UseCaseError::NotFound(Code::VersionNotFound));
        draft.publish(&world, "1.1.0");
        let frozen = attempt(&world, &alice(), &draft, "1.0.0").unwrap_err();
        assert_eq!(refusal(frozen), Code::ModelPublished);
    }
}
