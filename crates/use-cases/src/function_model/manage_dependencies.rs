//! UC-010: lets one container wait for another, or wait no longer.

use domain::function_model::commands::Dependency;
use domain::function_model::{Command, FunctionModel};
use domain::ids::{ModelId, NodeId};
use domain::workflow::ordering::Graph;
use serde::{Deserialize, Serialize};

use super::changing::{LostRace, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::Ports;
use crate::writing::Saved;

/// What a container waits for, and what order of execution that makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Dependencies {
    /// The container.
    pub node_id: NodeId,
    /// What it waits for, in the order in which that was said.
    pub dependencies: Vec<NodeId>,
    /// All containers of the model; each comes after those it waits for.
    pub execution_order: Vec<NodeId>,
}

/// Lets a container wait for another; repeated when somebody else saves at the same time.
///
/// # Errors
/// Those of access; the guards of the model's state; `NODE_NOT_FOUND`, `SELF_DEPENDENCY`,
/// `DEPENDENCY_ALREADY_EXISTS`, `INPUT_HAS_DEPENDENCIES`, `CIRCULAR_DEPENDENCY` with the cycle.
pub async fn add_dependency(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    dependency: Dependency,
    render: impl Fn(&Saved<Dependencies>) -> StoredAnswer,
) -> Result<Saved<Dependencies>, UseCaseError> {
    let command = Command::AddDependency(dependency);
    let show = |model: &FunctionModel| {
        let node = model.node(dependency.node_id)?;
        Ok(Dependencies {
            node_id: node.node_id,
            dependencies: node.dependencies.clone(),
            execution_order: Graph::of(model).execution_order()?,
        })
    };
    change(
        ports,
        context,
        model_id,
        command,
        LostRace::Repeat,
        show,
        render,
    )
    .await
}

/// Lets a container wait no longer for another.
///
/// # Errors
/// Those of access; the guards of the model's state; `NODE_NOT_FOUND`, `DEPENDENCY_NOT_FOUND`;
/// `Conflict`.
pub async fn remove_dependency(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    dependency: Dependency,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    let command = Command::RemoveDependency(dependency);
    let show = |_: &FunctionModel| Ok(());
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
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, alice, refusal, rendered};

    fn add(
        world: &World,
        draft: &Draft,
        node_id: NodeId,
        dependency_id: NodeId,
    ) -> Result<Saved<Dependencies>, UseCaseError> {
        let edge = Dependency {
            node_id,
            dependency_id,
        };
        world.run(add_dependency(
            world,
            &alice(),
            draft.model_id,
            edge,
            rendered,
        ))
    }

    #[test]
    fn a_dependency_changes_the_order() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.faults().fail_next(
            "function_models.save",
            PortErrorKind::Conflict {
                current_revision: None,
            },
        );
        let saved = add(&world, &draft, draft.output, draft.input)
            .unwrap()
            .value;
        assert_eq!(saved.dependencies, [draft.stage, draft.input]);
        assert_eq!(
            saved.execution_order,
            [draft.input, draft.stage, draft.output]
        );
        let stored = &world.stored(draft.model_id).nodes[&draft.output];
        assert_eq!(stored.dependencies, saved.dependencies);
    }

    #[test]
    fn loops_repetitions_and_strangers_are_refused() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let code = |node, dependency| refusal(add(&world, &draft, node, dependency).unwrap_err());
        assert_eq!(code(draft.stage, draft.stage), Code::SelfDependency);
        assert_eq!(
            code(draft.stage, draft.input),
            Code::DependencyAlreadyExists
        );
        assert_eq!(code(draft.input, draft.output), Code::InputHasDependencies);
        let unknown = NodeId::from_uuid(crate::in_memory::nth_id(9999));
        assert_eq!(code(draft.stage, unknown), Code::NodeNotFound);
        let error = add(&world, &draft, draft.stage, draft.output).unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        assert_eq!(error.code, Code::CircularDependency);
        assert!(
            error.data["cycle"]
                .as_array()
                .unwrap()
                .contains(&json!(draft.stage))
        );
    }

    #[test]
    fn a_removed_dependency_is_gone() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let edge = Dependency {
            node_id: draft.output,
            dependency_id: draft.stage,
        };
        let attempt = || {
            let id = draft.model_id;
            world.run(remove_dependency(&world, &alice(), id, edge, rendered))
        };
        attempt().unwrap();
        assert!(
            world.stored(draft.model_id).nodes[&draft.output]
                .dependencies
                .is_empty()
        );
        assert_eq!(refusal(attempt().unwrap_err()), Code::DependencyNotFound);
    }
}
