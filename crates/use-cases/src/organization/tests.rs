use domain::error::Code;
use domain::ids::{OrganizationId, UserId};
use domain::organization::{
    ChangeMember, INVITATION_MS, Invitation, InviteMember, Member, OrganizationRole,
    UpdateOrganization,
};

use super::*;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::in_memory::{World, nth_id};
use crate::ports::{Clock as _, PageRequest, Ports as _};
use crate::testing::{Draft, alice, bob, document, refusal, rendered, with_key};
use crate::writing::Saved;

const NONE: UseCaseError = UseCaseError::NotFound(Code::OrganizationNotFound);

/// An organization of alice's.
fn acme() -> (World, OrganizationId) {
    let world = World::new();
    let id = world.organization("Acme", &alice());
    (world, id)
}

fn with_email(mut context: Context, email: &str) -> Context {
    context.actor.email = Some(email.to_owned());
    context
}

fn carol() -> Context {
    let mut carol = with_email(bob(), "carol@example.org");
    carol.actor.user_id = UserId::from_uuid(nth_id(0xca01));
    carol
}

fn join(world: &World, id: OrganizationId, who: &Context, role: OrganizationRole) {
    world.add_member(id, who.actor.user_id, role);
}

#[track_caller]
fn forbidden<T: std::fmt::Debug>(result: Result<T, UseCaseError>, needed: &str) {
    match result.unwrap_err() {
        UseCaseError::Forbidden { required } => assert_eq!(required, needed),
        other => panic!("expected forbidden, got {other:?}"),
    }
}

#[test]
fn admins_rename_and_owners_remove() {
    let (world, id) = acme();
    let named = |who: &Context, name: Option<&str>| {
        let command = UpdateOrganization {
            name: name.map(str::to_owned),
        };
        world.run(update(&world, who, id, &command, rendered))
    };
    let gone = |who: &Context| world.run(remove(&world, who, id, rendered));
    assert_eq!(named(&bob(), Some("Beta")).unwrap_err(), NONE);
    assert_eq!(gone(&bob()).unwrap_err(), NONE);
    join(&world, id, &bob(), OrganizationRole::Editor);
    forbidden(named(&bob(), Some("Beta")), "administer");
    forbidden(gone(&bob()), "administer");
    join(&world, id, &bob(), OrganizationRole::Admin);
    let renamed = named(&bob(), Some(" Beta ")).unwrap();
    assert_eq!((renamed.value.name.as_str(), renamed.revision), ("Beta", 2));
    forbidden(gone(&bob()), "own");
    assert_eq!(
        refusal(named(&alice(), Some(" ")).unwrap_err()),
        Code::OrganizationNameInvalid
    );
    assert_eq!(
        refusal(named(&alice(), None).unwrap_err()),
        Code::NothingToChange
    );
    let stale = Context {
        if_match: Some(1),
        ..alice()
    };
    assert!(matches!(
        gone(&stale).unwrap_err(),
        UseCaseError::Conflict { .. }
    ));
    let draft = Draft::empty(&world, "Held");
    world.arrange(draft.model_id, |model| model.organization_id = Some(id));
    assert_eq!(
        refusal(gone(&alice()).unwrap_err()),
        Code::OrganizationNotEmpty
    );
    world.arrange(draft.model_id, |model| model.organization_id = None);
    let article = document(&world, &alice(), Some(id), "Guide", "text").content_id;
    gone(&alice()).unwrap();
    assert_eq!(world.run(read(&world, &alice(), id)).unwrap_err(), NONE);
    let who = alice();
    let read = crate::knowledge_content::read(&world, &who, article);
    assert!(world.run(read).is_err());
}

fn change(
    world: &World,
    who: &Context,
    id: OrganizationId,
    whom: &Context,
    role: OrganizationRole,
) -> Result<Saved<Member>, UseCaseError> {
    let user_id = whom.actor.user_id;
    let command = ChangeMember { role };
    world.run(change_member(world, who, id, user_id, &command, rendered))
}

fn end(
    world: &World,
    who: &Context,
    id: OrganizationId,
    whom: &Context,
) -> Result<Saved<()>, UseCaseError> {
    let user_id = whom.actor.user_id;
    world.run(remove_member(world, who, id, user_id, rendered))
}

#[test]
fn roles_are_given_by_those_who_may() {
    use OrganizationRole::{Admin, Editor, Owner, Viewer};
    let (world, id) = acme();
    join(&world, id, &bob(), Admin);
    assert_eq!(
        change(&world, &carol(), id, &bob(), Viewer).unwrap_err(),
        NONE
    );
    let missing = UseCaseError::NotFound(Code::MemberNotFound);
    assert_eq!(
        change(&world, &bob(), id, &carol(), Viewer).unwrap_err(),
        missing
    );
    join(&world, id, &carol(), Viewer);
    forbidden(change(&world, &carol(), id, &carol(), Editor), "administer");
    forbidden(change(&world, &bob(), id, &carol(), Owner), "own");
    forbidden(change(&world, &bob(), id, &alice(), Admin), "own");
    let changed = change(&world, &bob(), id, &carol(), Editor).unwrap();
    assert_eq!(changed.value.role, Editor);
    let last = change(&world, &alice(), id, &alice(), Admin).unwrap_err();
    assert_eq!(refusal(last), Code::LastOwner);
    assert!(change(&world, &alice(), id, &alice(), Owner).is_ok());
    change(&world, &alice(), id, &bob(), Owner).unwrap();
    change(&world, &alice(), id, &alice(), Viewer).unwrap();
    assert_eq!(
        world.event_types(id.as_uuid())[1..],
        ["OrganizationMemberRoleChanged"; 3]
    );
}

#[test]
fn everybody_may_leave_but_the_last_owner() {
    use OrganizationRole::{Admin, Editor, Owner};
    let (world, id) = acme();
    join(&world, id, &bob(), Admin);
    join(&world, id, &carol(), Editor);
    let members = |who: &Context| {
        let page = PageRequest::default();
        let found = world.run(list_members(&world, who, id, &page));
        found.map(|page| page.items.len())
    };
    assert_eq!(members(&carol()), Ok(3));
    forbidden(end(&world, &carol(), id, &bob()), "administer");
    forbidden(end(&world, &bob(), id, &alice()), "own");
    assert_eq!(
        refusal(end(&world, &alice(), id, &alice()).unwrap_err()),
        Code::LastOwner
    );
    end(&world, &carol(), id, &carol()).unwrap();
    assert_eq!(members(&carol()), Err(NONE));
    let key = with_key(bob(), "k", "h");
    join(&world, id, &carol(), Editor);
    let removed = end(&world, &key, id, &carol()).unwrap();
    let again = end(&world, &key, id, &carol()).unwrap_err();
    assert_eq!(again, UseCaseError::Replayed(rendered(&removed)));
    join(&world, id, &bob(), Owner);
    end(&world, &alice(), id, &alice()).unwrap();
    assert_eq!(members(&alice()), Err(NONE));
    assert_eq!(
        world.event_types(id.as_uuid())[1..],
        ["OrganizationMemberRemoved"; 3]
    );
}

fn ask(
    world: &World,
    who: &Context,
    id: OrganizationId,
    role: OrganizationRole,
) -> Result<Saved<Invitation>, UseCaseError> {
    let command = InviteMember {
        email: "Carol@Example.org".into(),
        role,
    };
    world.run(invite(world, who, id, &command, rendered))
}

fn accept(world: &World, who: &Context, token: &str) -> Result<Saved<Member>, UseCaseError> {
    world.run(accept_invitation(world, who, token, rendered))
}

#[test]
fn an_invitation_is_accepted_once_by_whose_address_it_is() {
    use OrganizationRole::{Admin, Editor, Owner};
    let (world, id) = acme();
    let missing = UseCaseError::NotFound(Code::InvitationNotFound);
    assert_eq!(ask(&world, &bob(), id, Editor).unwrap_err(), NONE);
    join(&world, id, &bob(), Editor);
    forbidden(ask(&world, &bob(), id, Editor), "administer");
    join(&world, id, &bob(), Admin);
    forbidden(ask(&world, &bob(), id, Owner), "own");
    let invited = ask(&world, &bob(), id, Editor).unwrap().value;
    let token = invited.token.unwrap();
    assert_eq!(
        (token.len(), invited.email.as_str()),
        (64, "carol@example.org")
    );
    let page = PageRequest::default();
    let listed = world
        .run(list_invitations(&world, &bob(), id, &page))
        .unwrap();
    assert_eq!(listed.items[0].token, None);
    assert_eq!(accept(&world, &alice(), &token).unwrap_err(), missing);
    assert_eq!(accept(&world, &carol(), "other").unwrap_err(), missing);
    let member = accept(&world, &carol(), &token).unwrap().value;
    assert_eq!((member.role, member.organization_id), (Editor, id));
    assert_eq!(accept(&world, &carol(), &token).unwrap_err(), missing);
    assert_eq!(
        world.event_types(id.as_uuid())[1..],
        ["OrganizationMemberAdded"]
    );
    forbidden(
        world.run(list_invitations(&world, &carol(), id, &page)),
        "administer",
    );
}

#[test]
fn invitations_end_by_time_revocation_and_with_their_makers_right() {
    use OrganizationRole::{Admin, Editor, Viewer};
    let (world, id) = acme();
    let missing = UseCaseError::NotFound(Code::InvitationNotFound);
    let token = |invited: &Saved<Invitation>| invited.value.token.clone().unwrap();
    let late = token(&ask(&world, &alice(), id, Editor).unwrap());
    world.run(world.clock().sleep(INVITATION_MS.unsigned_abs()));
    let over = accept(&world, &carol(), &late).unwrap_err();
    assert_eq!(refusal(over), Code::InvitationNotFound);
    let revoked = ask(&world, &alice(), id, Editor).unwrap();
    let invitation_id = revoked.value.invitation_id;
    let take_back =
        |who: &Context| world.run(revoke_invitation(&world, who, id, invitation_id, rendered));
    join(&world, id, &bob(), Admin);
    take_back(&bob()).unwrap();
    assert_eq!(take_back(&bob()).unwrap_err(), missing);
    assert_eq!(
        accept(&world, &carol(), &token(&revoked)).unwrap_err(),
        missing
    );
    let lapsed = token(&ask(&world, &bob(), id, Editor).unwrap());
    join(&world, id, &bob(), Viewer);
    forbidden(take_back(&bob()), "administer");
    assert_eq!(accept(&world, &carol(), &lapsed).unwrap_err(), missing);
    join(&world, id, &bob(), Admin);
    join(&world, id, &carol(), Admin);
    // Nobody loses by accepting.
    assert_eq!(accept(&world, &carol(), &lapsed).unwrap().value.role, Admin);
}

#[test]
fn a_repeated_request_does_not_show_the_token_again() {
    let (world, id) = acme();
    let key = with_key(alice(), "k", "h");
    let first = ask(&world, &key, id, OrganizationRole::Viewer).unwrap();
    assert!(first.value.token.is_some());
    let UseCaseError::Replayed(answer) =
        ask(&world, &key, id, OrganizationRole::Viewer).unwrap_err()
    else {
        panic!("a repetition");
    };
    assert_eq!(answer.0["body"].get("token"), None);
}
