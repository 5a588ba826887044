//! UC-011: registers the context of a node.

use domain::ids::{ContextId, ModelId};
use domain::node_context::commands::{RegisterContext, check_rules, checked_data};
use domain::node_context::data::inherit;
use domain::node_context::tree::ContextTree;
use domain::node_context::{ContextScope, NodeContext};

use super::access::{refusal, tree};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, ContextSave, Contexts, Ids, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Puts a context into the tree; its level follows from the node above, and so does what it
/// inherits.
///
/// # Errors
/// Those of access; `CONTEXT_DATA_INVALID`, `DOCUMENT_TOO_LARGE`; `HIERARCHY_CYCLE`,
/// `PARENT_NOT_FOUND`, `HIERARCHY_TOO_DEEP`; `CONTEXT_ALREADY_REGISTERED`.
pub async fn register(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &RegisterContext,
    render: impl Fn(&Saved<NodeContext>) -> StoredAnswer,
) -> Result<Saved<NodeContext>, UseCaseError> {
    answered_before(ports, context).await?;
    let (tree, contexts) = tree(ports, context, model_id, command.execution_id).await?;
    let data = checked_data(&command.data)?;
    check_rules(&command.inheritance)?;
    let known = ContextTree::of(&contexts);
    let level = known.place(command.node_id, command.parent_node_id)?;
    let parent = command.parent_node_id.and_then(|parent| known.get(parent));
    let scope = command.scope.unwrap_or(ContextScope::Execution);
    let now = ports.clock().instant();
    let mut registered = NodeContext {
        context_id: ContextId::from_uuid(ports.ids().new_id()),
        model_id,
        execution_id: command.execution_id,
        node_id: command.node_id,
        node_type: command.node_type,
        parent_node_id: command.parent_node_id,
        level,
        scope,
        inherited_data: inherit(parent, scope, &command.inheritance),
        data,
        inheritance: command.inheritance.clone(),
        last_emergency: None,
        created_at: now,
        updated_at: now,
        revision: 0,
    };
    let change = ContextSave {
        put: vec![registered.clone()],
        ..ContextSave::default()
    };
    registered.revision = 1;
    let saved = Saved {
        value: registered,
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports.contexts().save(context, tree, &change, answer).await;
    done(written.map_err(refusal)?)?;
    Ok(saved)
}

#[cfg(test)]
pub(super) mod tests {
    use domain::error::Code;
    use domain::ids::{ExecutionId, NodeId};
    use domain::node_context::ContextNodeType;
    use serde_json::{Value, json};

    use super::*;
    use crate::in_memory::{World, nth_id};
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, Run, alice, bob, refusal, rendered, service, with_key};

    pub(in crate::node_context) fn node(n: u64) -> NodeId {
        NodeId::from_uuid(nth_id(0xc0_0000 + n))
    }

    pub(in crate::node_context) fn command(
        n: u64,
        parent: Option<u64>,
        data: Value,
    ) -> RegisterContext {
        RegisterContext {
            node_id: node(n),
            node_type: ContextNodeType::StageNode,
            parent_node_id: parent.map(node),
            scope: None,
            data,
            inheritance: Vec::new(),
            execution_id: None,
        }
    }

    pub(in crate::node_context) fn attempt(
        world: &World,
        context: &Context,
        model_id: ModelId,
        command: &RegisterContext,
    ) -> Result<Saved<NodeContext>, UseCaseError> {
        world.run(register(world, context, model_id, command, rendered))
    }

    /// A model with contexts `1 → 2 → 3` and `1 → 4`.
    pub(in crate::node_context) fn family(world: &World) -> Draft {
        let draft = Draft::order_to_cash(world);
        for (n, parent) in [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1))] {
            let data = json!({ format!("p{n}"): n, "secretsOf": n });
            attempt(world, &alice(), draft.model_id, &command(n, parent, data)).unwrap();
        }
        draft
    }

    #[test]
    fn a_context_stands_below_its_parent_and_inherits() {
        let world = World::new();
        let draft = family(&world);
        let keyed = with_key(alice(), "k", "h");
        let child = command(5, Some(3), json!({"own": 1}));
        let saved = attempt(&world, &keyed, draft.model_id, &child).unwrap();
        assert_eq!((saved.value.level, saved.revision), (3, 1));
        assert_eq!(saved.value.inherited_data["p1"], 1);
        assert_eq!(saved.value.visible()["own"], 1);
        let again = attempt(&world, &keyed, draft.model_id, &child).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&saved)));
    }

    #[test]
    fn trees_of_runs_are_their_own() {
        let world = World::new();
        let draft = family(&world);
        let run = Run::pending(&world, &draft);
        let mut of_run = command(1, None, json!({}));
        of_run.execution_id = Some(run.execution_id);
        attempt(&world, &service(), draft.model_id, &of_run).unwrap();
        of_run.execution_id = Some(ExecutionId::from_uuid(nth_id(0xdead)));
        let unknown = attempt(&world, &alice(), draft.model_id, &of_run).unwrap_err();
        assert_eq!(unknown, UseCaseError::NotFound(Code::ExecutionNotFound));
    }

    #[test]
    fn wrong_places_and_data_are_refused() {
        let world = World::new();
        let draft = family(&world);
        let code = |command: RegisterContext| {
            refusal(attempt(&world, &alice(), draft.model_id, &command).unwrap_err())
        };
        assert_eq!(code(command(5, Some(5), json!({}))), Code::HierarchyCycle);
        assert_eq!(code(command(5, Some(9), json!({}))), Code::ParentNotFound);
        assert_eq!(
            code(command(4, None, json!({}))),
            Code::ContextAlreadyRegistered
        );
        assert_eq!(code(command(5, None, json!([]))), Code::ContextDataInvalid);
        world
            .faults()
            .fail_next("contexts.save", PortErrorKind::IdTaken);
        assert_eq!(
            code(command(5, None, json!({}))),
            Code::ContextAlreadyRegistered
        );
    }

    #[test]
    fn who_may_not_execute_has_no_contexts() {
        let world = World::new();
        let draft = family(&world);
        let child = command(5, Some(3), json!({}));
        let hidden = attempt(&world, &bob(), draft.model_id, &child).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), draft.model_id, &child).unwrap_err();
        let required = "execute".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
    }
}
