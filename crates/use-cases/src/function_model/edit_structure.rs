//! Changes containers, actions and dependencies of a model in one command, all or none: what a
//! canvas saves.

use domain::function_model::commands::EditStructure;
use domain::function_model::{Command, FunctionModel};
use domain::ids::{ActionId, ModelId, NodeId};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Ids, Ports};
use crate::writing::Saved;

/// Edits the structure of a model in bulk; answers the whole model.
///
/// # Errors
/// Those of access; everything that stands against the edit at once, each with its path and code;
/// `MODEL_DELETED`, `MODEL_PUBLISHED`, `MODEL_ARCHIVED`; `NOTHING_TO_CHANGE`; `MODEL_TOO_LARGE`;
/// `Conflict`.
pub async fn edit_structure(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: EditStructure,
    render: impl Fn(&Saved<FunctionModel>) -> StoredAnswer,
) -> Result<Saved<FunctionModel>, UseCaseError> {
    for add in &mut command.containers.add {
        add.node_id
            .get_or_insert_with(|| NodeId::from_uuid(ports.ids().new_id()));
    }
    for add in &mut command.actions.add {
        add.action_id
            .get_or_insert_with(|| ActionId::from_uuid(ports.ids().new_id()));
    }
    let command = Command::EditStructure(command);
    let show = |model: &FunctionModel| Ok(model.clone());
    change(
        ports,
        context,
        model_id,
        command,
        LostRace::Refuse,
        show,
        render,
    )
    .await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::function_model::commands::Dependency;
    use domain::vocabulary::ActionNodeType;
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, action, alice, bob, nests, refusal, rendered, stage, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        command: EditStructure,
    ) -> Result<Saved<FunctionModel>, UseCaseError> {
        world.run(edit_structure(
            world,
            context,
            draft.model_id,
            command,
            rendered,
        ))
    }

    fn wire(draft: &Draft) -> EditStructure {
        let mut command = EditStructure::default();
        let mut check = stage("Check");
        let node_id = NodeId::from_uuid(crate::in_memory::nth_id(5000));
        check.node_id = Some(node_id);
        command.containers.add = vec![check, stage("Loose")];
        let task = json!({"tetherReferenceId": "w"});
        command.actions.add = vec![action(node_id, ActionNodeType::TetherNode, "Do", task)];
        command.dependencies.add = vec![Dependency {
            node_id,
            dependency_id: draft.stage,
        }];
        command
    }

    #[test]
    fn all_parts_are_stored_in_one_save() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id).revision;
        let saved = attempt(&world, &alice(), &draft, wire(&draft)).unwrap();
        let stored = world.stored(draft.model_id);
        assert_eq!(saved.revision, before + 1);
        assert_eq!(stored.nodes, saved.value.nodes);
        assert_eq!(stored.action_nodes, saved.value.action_nodes);
        let events = world.event_types(draft.model_id.as_uuid());
        let expected = [
            "ContainerNodeAdded",
            "ContainerNodeAdded",
            "ActionNodeAdded",
            "NodeDependencyAdded",
        ];
        assert!(events.ends_with(&expected.map(str::to_owned)), "{events:?}");
    }

    #[test]
    fn one_wrong_part_keeps_all_from_being_stored() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let before = world.stored(draft.model_id);
        let mut command = wire(&draft);
        command.actions.remove = vec![ActionId::from_uuid(crate::in_memory::nth_id(9999))];
        command.actions.add[0].priority = Some(11);
        let error = attempt(&world, &alice(), &draft, command).unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        let fields: Vec<&str> = error.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["actions.remove[0]", "actions.add[0].priority"]);
        assert_eq!(world.stored(draft.model_id), before);
    }

    #[test]
    fn nested_models_are_looked_up_and_must_be_visible() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let child = Draft::named(&world, "Child");
        let mut command = EditStructure::default();
        command.actions.add = vec![nests(draft.stage, child.model_id)];
        attempt(&world, &alice(), &draft, command).unwrap();
        let mut command = EditStructure::default();
        let unknown = ModelId::from_uuid(crate::in_memory::nth_id(9999));
        command.actions.add = vec![
            nests(draft.stage, unknown),
            nests(draft.stage, draft.model_id),
        ];
        let error = attempt(&world, &alice(), &draft, command).unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        let codes: Vec<Code> = error.errors.iter().filter_map(|e| e.code).collect();
        assert_eq!(codes, [Code::NestedModelUnavailable, Code::NestingCycle]);
    }

    #[test]
    fn viewers_and_losers_of_a_race_are_refused_and_repetitions_answered() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &draft, wire(&draft)).unwrap_err();
        let required = "edit".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        let kind = PortErrorKind::Conflict {
            current_revision: Some(9),
        };
        world.faults().fail_next("function_models.save", kind);
        let raced = attempt(&world, &alice(), &draft, wire(&draft)).unwrap_err();
        assert!(matches!(raced, UseCaseError::Conflict { .. }));
        let keyed = with_key(alice(), "once", "hash");
        attempt(&world, &keyed, &draft, wire(&draft)).unwrap();
        let again = attempt(&world, &keyed, &draft, wire(&draft)).unwrap_err();
        assert!(matches!(again, UseCaseError::Replayed(_)));
        draft.publish(&world, "1.0.1");
        let mut command = EditStructure::default();
        command.containers.add = vec![stage("Late")];
        let frozen = attempt(&world, &alice(), &draft, command).unwrap_err();
        assert_eq!(refusal(frozen), Code::ModelPublished);
    }
}
