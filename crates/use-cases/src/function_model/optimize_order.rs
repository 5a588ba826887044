//! UC-012: suggests an order of a container's actions, and saves it when asked to.

use domain::function_model::Act;
use domain::ids::{ActionId, ModelId, NodeId};
use domain::workflow::orchestration::suggested_order;
use serde::{Deserialize, Serialize};

use super::{access, reorder_actions};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Extent, Ports};
use crate::writing::{Saved, answered_before};

/// An order of a container's actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SuggestedOrder {
    /// The container.
    pub node_id: NodeId,
    /// Its actions; the first gets the order 1.
    pub action_ids: Vec<ActionId>,
    /// Whether the working copy has this order now.
    pub applied: bool,
}

/// The order that closes gaps and keeps what was: by order, then the most urgent first.
///
/// # Errors
/// Those of access, and of changing when it is applied; `NODE_NOT_FOUND`; `NO_ACTIONS`.
pub async fn optimize_order(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    node_id: NodeId,
    apply: bool,
    render: impl Fn(&Saved<SuggestedOrder>) -> StoredAnswer,
) -> Result<Saved<SuggestedOrder>, UseCaseError> {
    answered_before(ports, context).await?;
    let act = if apply { Act::Edit } else { Act::View };
    let found = access::load(ports, context, model_id, Extent::Whole, act).await?;
    let action_ids = suggested_order(&found.model, node_id)?;
    let orders = (1..).zip(&action_ids);
    let mut actions = orders.map(|(order, id)| (order, found.model.action(*id)));
    let is_so = actions.all(|(order, action)| action.is_ok_and(|a| a.execution_order == order));
    let suggestion = |revision, applied| Saved {
        value: SuggestedOrder {
            node_id,
            action_ids: action_ids.clone(),
            applied,
        },
        revision,
    };
    if apply {
        found.model.guard_change()?;
    }
    if !apply || is_so {
        return Ok(suggestion(found.model.revision, is_so));
    }
    let keep = |saved: &Saved<_>| render(&suggestion(saved.revision, true));
    let order = action_ids.clone();
    let saved = reorder_actions(ports, context, model_id, node_id, order, keep).await?;
    Ok(suggestion(saved.revision, true))
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::function_model::add_action_node;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob, refusal, rendered, tether};

    fn ask(
        world: &World,
        who: &Context,
        draft: &Draft,
        node: NodeId,
        apply: bool,
    ) -> Result<SuggestedOrder, UseCaseError> {
        let id = draft.model_id;
        let asked = optimize_order(world, who, id, node, apply, rendered);
        world.run(asked).map(|saved| saved.value)
    }

    #[test]
    fn gaps_are_closed_when_that_is_asked_for() {
        let world = World::new();
        let mut draft = Draft::order_to_cash(&world);
        assert!(
            ask(&world, &alice(), &draft, draft.stage, true)
                .unwrap()
                .applied
        );
        let mut third = tether(draft.stage, "Third");
        third.execution_order = Some(9);
        let (who, id) = (alice(), draft.model_id);
        let added = add_action_node(&world, &who, id, third, rendered);
        draft
            .actions
            .push(world.run(added).unwrap().value.action_id);
        let suggested = ask(&world, &alice(), &draft, draft.stage, false).unwrap();
        assert_eq!(
            (suggested.action_ids, suggested.applied),
            (draft.actions.clone(), false)
        );
        assert!(
            ask(&world, &alice(), &draft, draft.stage, true)
                .unwrap()
                .applied
        );
        let stored = world.stored(id);
        assert_eq!(stored.action(draft.actions[2]).unwrap().execution_order, 3);
    }

    #[test]
    fn who_may_only_look_may_not_apply() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        world.let_view(draft.model_id, &bob());
        assert!(ask(&world, &bob(), &draft, draft.stage, false).is_ok());
        let viewer = ask(&world, &bob(), &draft, draft.stage, true).unwrap_err();
        assert!(matches!(viewer, UseCaseError::Forbidden { .. }));
        let nothing = ask(&world, &alice(), &draft, draft.input, false).unwrap_err();
        assert_eq!(refusal(nothing), Code::NoActions);
        draft.publish(&world, "1.0.1");
        let frozen = ask(&world, &alice(), &draft, draft.stage, true).unwrap_err();
        assert_eq!(refusal(frozen), Code::ModelPublished);
    }
}
