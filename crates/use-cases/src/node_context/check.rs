//! UC-011: says what one node may do with the context of another.

use domain::ids::ModelId;
use domain::node_context::NodeContext;
use domain::node_context::access::{self as rules, AccessDecision};
use domain::node_context::commands::CheckContextAccess;
use domain::node_context::tree::ContextTree;

use super::access::{refusal, refused, tree};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Clock, ContextSave, Contexts, Ports};
use crate::writing::done;

/// Decides about an access. An emergency that lets one through is stored with the context, so that
/// the audit has it.
///
/// # Errors
/// Those of access; `ACCESS_WINDOW_INVALID`, `EMERGENCY_REASON_REQUIRED`; `CONTEXT_NOT_FOUND`.
pub async fn check(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &CheckContextAccess,
) -> Result<AccessDecision, UseCaseError> {
    let (tree, contexts) = tree(ports, context, model_id, command.execution_id).await?;
    let known = ContextTree::of(&contexts);
    let now = ports.clock().instant();
    let (decision, emergency) = rules::check(&known, command, now).map_err(refused)?;
    if let Some((emergency, target)) = emergency.zip(known.get(command.target_node_id)) {
        let target = NodeContext {
            last_emergency: Some(emergency),
            ..target.clone()
        };
        let change = ContextSave {
            put: vec![target],
            ..ContextSave::default()
        };
        let written = ports.contexts().save(context, tree, &change, None).await;
        done(written.map_err(refusal)?)?;
    }
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::node_context::AccessLevel;
    use domain::node_context::commands::TimeConstraints;

    use super::super::register::tests::{family, node};
    use super::*;
    use crate::in_memory::World;
    use crate::ports::TreeId;
    use crate::testing::alice;

    fn ask(from: u64, to: u64, requested_access: AccessLevel) -> CheckContextAccess {
        CheckContextAccess {
            requesting_node_id: node(from),
            target_node_id: node(to),
            requested_access,
            requested_properties: None,
            time_constraints: None,
            execution_id: None,
        }
    }

    #[test]
    fn a_denial_is_an_answer_and_an_emergency_leaves_a_trace() {
        let world = World::new();
        let draft = family(&world);
        let decide = |command| world.run(check(&world, &alice(), draft.model_id, &command));
        let denied = decide(ask(2, 4, AccessLevel::Write)).unwrap();
        assert!(!denied.access_granted);
        assert!(
            decide(ask(1, 3, AccessLevel::Write))
                .unwrap()
                .access_granted
        );
        let missing = decide(ask(1, 9, AccessLevel::Read)).unwrap_err();
        assert_eq!(missing, UseCaseError::NotFound(Code::ContextNotFound));
        let mut urgent = ask(2, 4, AccessLevel::Read);
        urgent.time_constraints = Some(TimeConstraints {
            valid_until: Some(world.clock().instant()),
            emergency_access: true,
            emergency_reason: Some("fire".into()),
            ..TimeConstraints::default()
        });
        assert!(decide(urgent).unwrap().emergency_access);
        let tree = TreeId {
            model_id: draft.model_id,
            execution_id: None,
        };
        let who = alice();
        let stored = world
            .run(world.contexts().find_by_model(&who, tree))
            .unwrap();
        let target = stored.iter().find(|c| c.node_id == node(4)).unwrap();
        assert_eq!(target.last_emergency.as_ref().unwrap().reason, "fire");
        assert_eq!(target.revision, 2);
    }
}
