use domain::function_model::commands::{SoftDeleteFunctionModel, UpdateFunctionModel};
use domain::organization::OrganizationRole;
use domain::vocabulary::{ModelStatus, RecoveryEligibility};
use serde_json::json;

use super::*;
use crate::function_model::{add_action_node, soft_delete, update};
use crate::in_memory::World;
use crate::testing::{Draft, alice, bob, nests, object, refusal, rendered, with_key};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn delete(world: &World, draft: &Draft) {
    let (who, id) = (alice(), draft.model_id);
    let command = SoftDeleteFunctionModel {
        enforce_referential_integrity: false,
        ..SoftDeleteFunctionModel::default()
    };
    world
        .run(soft_delete(world, &who, id, &command, rendered))
        .unwrap();
}

fn nest(world: &World, parent: &Draft, child: &Draft) {
    let (who, id) = (alice(), parent.model_id);
    let add = nests(parent.stage, child.model_id);
    world
        .run(add_action_node(world, &who, id, add, rendered))
        .unwrap();
}

fn attempt(
    world: &World,
    context: &Context,
    draft: &Draft,
    command: &RestoreFunctionModel,
) -> Result<Saved<RestoredModel>, UseCaseError> {
    world.run(restore(world, context, draft.model_id, command, rendered))
}

fn eligible(world: &World, draft: &Draft, window: Option<i64>) -> Eligibility {
    let (who, id) = (alice(), draft.model_id);
    world
        .run(recovery_eligibility(world, &who, id, window))
        .unwrap()
}

fn usual() -> RestoreFunctionModel {
    RestoreFunctionModel::default()
}

#[test]
fn a_deleted_model_comes_back_as_it_was() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    draft.publish(&world, "1.1.0");
    let before = world.stored(draft.model_id);
    let there = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    assert_eq!(refusal(there), Code::ModelNotDeleted);
    delete(&world, &draft);
    assert_eq!(
        eligible(&world, &draft, None).status,
        RecoveryEligibility::Eligible
    );
    let keyed = with_key(alice(), "k", "h");
    let restored = attempt(&world, &keyed, &draft, &usual()).unwrap();
    assert_eq!(restored.value.model.status, ModelStatus::Published);
    assert_eq!(restored.value.results, [came_back(draft.model_id, 1)]);
    let after = world.stored(draft.model_id);
    assert_eq!((after.deletion, after.nodes), (None, before.nodes));
    assert_eq!(after.revision, restored.revision);
    let again = attempt(&world, &keyed, &draft, &usual()).unwrap_err();
    assert_eq!(again, UseCaseError::Replayed(rendered(&restored)));
}

#[test]
fn only_those_who_may_restore_see_and_restore() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let acme = world.organization("Acme", &bob());
    world.add_member(acme, alice().actor.user_id, OrganizationRole::Member);
    world.arrange(draft.model_id, |model| model.organization_id = Some(acme));
    let owner = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    let required = "restore".to_owned();
    assert_eq!(owner, UseCaseError::Forbidden { required });
    delete(&world, &draft);
    let hidden = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    attempt(&world, &bob(), &draft, &usual()).unwrap();
}

#[test]
fn the_window_closes_and_can_be_made_longer() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    delete(&world, &draft);
    world.clock().advance(31 * DAY_MS);
    assert_eq!(
        eligible(&world, &draft, None).status,
        RecoveryEligibility::Expired
    );
    let late = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    assert_eq!(refusal(late), Code::RecoveryWindowExpired);
    let longer = RestoreFunctionModel {
        window_days: Some(90),
        ..usual()
    };
    attempt(&world, &alice(), &draft, &longer).unwrap();
}

#[test]
fn a_name_that_was_taken_meanwhile_is_replaced() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    delete(&world, &draft);
    Draft::empty(&world, "Order to cash");
    assert_eq!(
        eligible(&world, &draft, None).status,
        RecoveryEligibility::RequiresRepair
    );
    let taken = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    assert_eq!(refusal(taken), Code::ModelNameTaken);
    let renamed = RestoreFunctionModel {
        new_name: Some("Order to cash again".into()),
        ..usual()
    };
    let restored = attempt(&world, &alice(), &draft, &renamed).unwrap().value;
    assert_eq!(restored.model.name.as_str(), "Order to cash again");
}

#[test]
fn what_it_nests_comes_back_with_it_and_what_is_gone_is_taken_out() {
    let world = World::new();
    let (child, gone) = (Draft::named(&world, "Child"), Draft::named(&world, "Gone"));
    let parent = Draft::named(&world, "Parent");
    nest(&world, &parent, &child);
    nest(&world, &parent, &gone);
    delete(&world, &parent);
    delete(&world, &child);
    world.forget(gone.model_id);
    let plan = eligible(&world, &parent, None);
    assert_eq!(plan.status, RecoveryEligibility::RequiresRepair);
    assert_eq!(plan.repair_plan.len(), 2);
    let careful = attempt(&world, &alice(), &parent, &usual()).unwrap_err();
    assert_eq!(refusal(careful), Code::RecoveryRequiresRepair);
    let repair = RestoreFunctionModel {
        auto_repair: true,
        ..usual()
    };
    let restored = attempt(&world, &alice(), &parent, &repair).unwrap().value;
    assert_eq!(restored.repaired.len(), 2);
    assert!(world.stored(child.model_id).deletion.is_none());
    assert_eq!(world.stored(parent.model_id).action_nodes.len(), 3);
}

#[test]
fn dependents_come_back_after_it_each_with_its_own_result() {
    let world = World::new();
    let child = Draft::named(&world, "Child");
    let (parent, other) = (
        Draft::named(&world, "Parent"),
        Draft::named(&world, "Other"),
    );
    nest(&world, &parent, &child);
    nest(&world, &other, &child);
    for draft in [&parent, &other, &child] {
        delete(&world, draft);
    }
    Draft::empty(&world, "Other");
    let along = RestoreFunctionModel {
        include_dependents: true,
        auto_repair: true,
        ..usual()
    };
    let restored = attempt(&world, &alice(), &child, &along).unwrap().value;
    let results: Vec<(ModelId, RestoreOutcome)> = restored
        .results
        .iter()
        .map(|one| (one.model_id, one.status))
        .collect();
    assert_eq!(results[0], (child.model_id, RestoreOutcome::Restored));
    assert!(results.contains(&(parent.model_id, RestoreOutcome::Restored)));
    assert!(results.contains(&(other.model_id, RestoreOutcome::Failed)));
    let orders: Vec<usize> = restored.results.iter().map(|one| one.order).collect();
    assert_eq!(orders, [1, 2, 3]);
    assert!(world.stored(parent.model_id).deletion.is_none());
    assert!(world.stored(other.model_id).deletion.is_some());
}

#[test]
fn parts_in_scope_are_those_of_the_last_audit_row() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let command = UpdateFunctionModel {
        metadata: Some(object(json!({"tags": ["then"]}))),
        ..UpdateFunctionModel::default()
    };
    let (who, id) = (alice(), draft.model_id);
    world
        .run(update(&world, &who, id, command, rendered))
        .unwrap();
    world.clock().advance(1);
    delete(&world, &draft);
    world.arrange(id, |model| {
        model.metadata = object(json!({"tags": ["spoilt"]}))
    });
    let partial = RestoreFunctionModel {
        scope: vec![RestoreScope::Metadata, RestoreScope::Permissions],
        ..usual()
    };
    attempt(&world, &alice(), &draft, &partial).unwrap();
    assert_eq!(world.stored(id).metadata, object(json!({"tags": ["then"]})));
    assert_eq!(world.stored(id).permissions.owner, alice().actor.user_id);
}

#[test]
fn an_unreadable_model_stays_where_it_is() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    delete(&world, &draft);
    let corrupt = PortErrorKind::Corrupt;
    world
        .faults()
        .fail_next("model_versions.find", corrupt.clone());
    let found = eligible(&world, &draft, None);
    assert_eq!(found.status, RecoveryEligibility::RequiresRepair);
    world
        .faults()
        .fail_next("function_models.find_by_id", corrupt);
    let refused = attempt(&world, &alice(), &draft, &usual()).unwrap_err();
    assert_eq!(refusal(refused), Code::RecoveryRequiresRepair);
}
