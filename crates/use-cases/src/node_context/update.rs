//! UC-011: replaces the data of a context, and passes it on to what stands below.

use domain::error::Code;
use domain::ids::{ModelId, NodeId};
use domain::node_context::access::granted_level;
use domain::node_context::commands::{UpdateContext, checked_data};
use domain::node_context::data::{changed_names, propagate};
use domain::node_context::tree::ContextTree;
use domain::node_context::{AccessLevel, NodeContext};
use serde::{Deserialize, Serialize};

use super::access::{refusal, tree};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, ContextSave, Contexts, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// What an update changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContextUpdated {
    /// The top-level names whose values differ now, sorted.
    pub updated_properties: Vec<String>,
    /// Why the requester may change it.
    pub access_reason: String,
}

/// Replaces the data of the target as a whole.
///
/// # Errors
/// Those of access; `CONTEXT_DATA_INVALID`, `DOCUMENT_TOO_LARGE`; `CONTEXT_NOT_FOUND`; `Forbidden`
/// when the relation of the two nodes does not grant write; `EXECUTION_ALREADY_FINISHED` for the
/// contexts of a run that has ended; `Conflict` when the context changed meanwhile.
pub async fn update(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    target: NodeId,
    command: &UpdateContext,
    render: impl Fn(&Saved<ContextUpdated>) -> StoredAnswer,
) -> Result<Saved<ContextUpdated>, UseCaseError> {
    answered_before(ports, context).await?;
    let (tree, mut contexts) = tree(ports, context, model_id, command.execution_id).await?;
    let missing = UseCaseError::NotFound(Code::ContextNotFound);
    let known = ContextTree::of(&contexts);
    let requester = command.requesting_node_id;
    let (Some(former), Some(_)) = (known.get(target).cloned(), known.get(requester)) else {
        return Err(missing);
    };
    let relation = known.relation(requester, target);
    let level = granted_level(relation, &former);
    if level < AccessLevel::Write {
        return Err(UseCaseError::Forbidden {
            required: AccessLevel::Write.as_str().to_owned(),
        });
    }
    let data = checked_data(&command.data)?;
    expect_revision(context, former.revision)?;
    let changed = changed_names(&former.data, &data);
    let now = ports.clock().instant();
    for own in contexts.iter_mut().filter(|c| c.node_id == target) {
        own.data = data.clone();
    }
    let below = propagate(&mut contexts, target);
    let touched = |c: &&NodeContext| c.node_id == target || below.contains(&c.node_id);
    let emergency = former.last_emergency.as_ref().is_some_and(|emergency| {
        emergency.requesting_node_id == requester && now < emergency.access_until
    });
    let by = context.actor.user_id;
    let change = ContextSave {
        put: contexts.iter().filter(touched).cloned().collect(),
        remove: Vec::new(),
        events: vec![former.updated_event(requester, &changed, emergency, by, now)],
    };
    let saved = Saved {
        value: ContextUpdated {
            updated_properties: changed,
            access_reason: format!("The relation {relation} grants {level}."),
        },
        revision: former.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports.contexts().save(context, tree, &change, answer).await;
    done(written.map_err(refusal)?)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::register::tests::{family, node};
    use super::*;
    use crate::in_memory::World;
    use crate::ports::{PortErrorKind, TreeId};
    use crate::testing::{Draft, alice, refusal as code, rendered};

    fn attempt(
        world: &World,
        context: &Context,
        draft: &Draft,
        (from, to): (u64, u64),
        data: Value,
    ) -> Result<Saved<ContextUpdated>, UseCaseError> {
        let command = UpdateContext {
            requesting_node_id: node(from),
            data,
            execution_id: None,
        };
        let id = draft.model_id;
        world.run(update(world, context, id, node(to), &command, rendered))
    }

    #[test]
    fn data_is_replaced_and_goes_down() {
        let world = World::new();
        let draft = family(&world);
        let data = json!({"p1": 10, "new": 1});
        let saved = attempt(&world, &alice(), &draft, (1, 1), data).unwrap();
        assert_eq!(saved.value.updated_properties, ["new", "p1", "secretsOf"]);
        let tree = TreeId {
            model_id: draft.model_id,
            execution_id: None,
        };
        let who = alice();
        let stored = world
            .run(world.contexts().find_by_model(&who, tree))
            .unwrap();
        let leaf = stored.iter().find(|c| c.node_id == node(3)).unwrap();
        assert_eq!(leaf.inherited_data["p1"], 10);
        let types = world.event_types(draft.model_id.as_uuid());
        assert_eq!(types.last().unwrap(), "NodeContextUpdated");
    }

    #[test]
    fn only_from_above_and_only_what_was_read() {
        let world = World::new();
        let draft = family(&world);
        let required = "write".to_owned();
        for pair in [(3, 2), (2, 4), (3, 4)] {
            let denied = attempt(&world, &alice(), &draft, pair, json!({})).unwrap_err();
            let required = required.clone();
            assert_eq!(denied, UseCaseError::Forbidden { required });
        }
        let missing = UseCaseError::NotFound(Code::ContextNotFound);
        for pair in [(1, 9), (9, 1)] {
            let unknown = attempt(&world, &alice(), &draft, pair, json!({})).unwrap_err();
            assert_eq!(unknown, missing);
        }
        let wrong = attempt(&world, &alice(), &draft, (1, 2), json!(1)).unwrap_err();
        assert_eq!(code(wrong), Code::ContextDataInvalid);
        let mut stale = alice();
        stale.if_match = Some(7);
        let conflict = attempt(&world, &stale, &draft, (1, 2), json!({})).unwrap_err();
        assert!(matches!(
            conflict,
            UseCaseError::Conflict { if_match: true, .. }
        ));
        world
            .faults()
            .fail_next("contexts.save", PortErrorKind::Finished);
        let ended = attempt(&world, &alice(), &draft, (1, 2), json!({})).unwrap_err();
        assert_eq!(code(ended), Code::ExecutionAlreadyFinished);
    }
}
