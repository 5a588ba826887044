use domain::error::Code;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{OrganizationRole, UpdateOrganization};
use domain::verification::ReplayedType;
use uuid::Uuid;

use super::*;
use crate::error::UseCaseError;
use crate::in_memory::World;
use crate::testing::{Draft, alice, refusal, service};

const MODEL: ReplayedType = ReplayedType::FunctionModel;
const ORGANIZATION: ReplayedType = ReplayedType::Organization;

fn look(world: &World, kind: ReplayedType, id: Uuid) -> Verdict {
    world
        .run(verify_aggregate(world, &service(), kind, id))
        .unwrap()
}

#[test]
fn what_commands_leave_is_what_events_say() {
    let world = World::new();
    let draft = Draft::staged(&world, "Order");
    let verdict = look(&world, MODEL, draft.model_id.as_uuid());
    assert_eq!((verdict.intact, verdict.stream_version), (true, 2));
    assert_eq!(verdict.differences, []);
}

#[test]
fn only_the_service_asks_and_for_what_is_there() {
    let world = World::new();
    let draft = Draft::staged(&world, "Order");
    let id = draft.model_id.as_uuid();
    let refused = world.run(verify_aggregate(&world, &alice(), MODEL, id));
    assert!(matches!(refused, Err(UseCaseError::Forbidden { .. })));
    let refused = world.run(verify_aggregates(&world, &alice(), MODEL, None, 1));
    assert!(matches!(refused, Err(UseCaseError::Forbidden { .. })));
    let refused = world.run(rebuild_aggregate(&world, &alice(), MODEL, id));
    assert!(matches!(refused, Err(UseCaseError::Forbidden { .. })));
    let missing = world.run(verify_aggregate(&world, &service(), MODEL, Uuid::nil()));
    let none = UseCaseError::NotFound(Code::AggregateNotFound);
    assert_eq!(missing.unwrap_err(), none);
}

#[test]
fn all_of_a_type_are_compared_page_by_page() {
    let world = World::new();
    for name in ["One", "Two", "Three"] {
        Draft::staged(&world, name);
    }
    let who = service();
    let page = |after| {
        let found = verify_aggregates(&world, &who, MODEL, after, 2);
        world.run(found).unwrap()
    };
    let first = page(None);
    assert_eq!((first.compared, first.broken.len()), (2, 0));
    let rest = page(first.after);
    assert_eq!((rest.compared, rest.after), (1, None));
}

/// An organization whose members were changed behind its back.
fn corrupted(world: &World) -> (OrganizationId, UserId) {
    let id = world.organization("Acme", &alice());
    let stranger = UserId::from_uuid(Uuid::from_u128(99));
    world.add_member(id, stranger, OrganizationRole::Admin);
    world.add_member(id, alice().actor.user_id, OrganizationRole::Viewer);
    (id, stranger)
}

#[test]
fn differences_are_named_and_rebuilt() {
    let world = World::new();
    let (id, stranger) = corrupted(&world);
    let verdict = look(&world, ORGANIZATION, id.as_uuid());
    let paths: Vec<&str> = verdict
        .differences
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    let owner = alice().actor.user_id;
    let mut expected = [
        format!("organization_members/{stranger}"),
        format!("organization_members/{owner}/role"),
    ];
    expected.sort();
    assert_eq!(paths, expected);
    let found = world.run(verify_aggregates(&world, &service(), ORGANIZATION, None, 9));
    assert_eq!(found.unwrap().broken, std::slice::from_ref(&verdict));
    let who = service();
    let rebuilt = rebuild_aggregate(&world, &who, ORGANIZATION, id.as_uuid());
    assert_eq!(world.run(rebuilt).unwrap(), verdict);
    assert!(look(&world, ORGANIZATION, id.as_uuid()).intact);
    // The owner is one again.
    let rename = UpdateOrganization {
        name: Some("Beta".into()),
    };
    let ada = alice();
    let renamed = crate::organization::update(&world, &ada, id, &rename, |_| {
        crate::context::StoredAnswer(serde_json::Value::Null)
    });
    world.run(renamed).unwrap();
    assert!(look(&world, ORGANIZATION, id.as_uuid()).intact);
}

#[test]
fn what_has_no_events_is_left_alone() {
    let world = World::new();
    let id = OrganizationId::from_uuid(Uuid::from_u128(7));
    let draft = Draft::staged(&world, "Order");
    world.forget_events(draft.model_id.as_uuid());
    let who = service();
    let refused = rebuild_aggregate(&world, &who, MODEL, draft.model_id.as_uuid());
    assert_eq!(
        refusal(world.run(refused).unwrap_err()),
        Code::AggregateNotReplayable
    );
    let missing = rebuild_aggregate(&world, &who, ORGANIZATION, id.as_uuid());
    let none = UseCaseError::NotFound(Code::AggregateNotFound);
    assert_eq!(world.run(missing).unwrap_err(), none);
}
