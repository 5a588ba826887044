//! Organizations as their members see them.

use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::organization::{Invitation, Member, OrganizationRole};
use serde::Deserialize;
use serde_json::json;
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Acceptance, Clock, Expected, FoundInvitation, FoundMember, MemberChange, NewOrganization,
    Organization, Organizations, Page, PageRequest, PortError, SortOrder, Written,
};

use super::client::{Read, Session};
use super::query::{Order, selected};
use super::table::Table;
use crate::http::Transport;

const COLUMNS: &[&str] = &[
    "organization_id",
    "name",
    "created_by",
    "created_at",
    "updated_at",
    "revision",
];
const TABLE: Table<Row> = Table::new("organizations", COLUMNS);
const BY_NAME: Order = Order {
    column: "name",
    tie: "organization_id",
    direction: SortOrder::Asc,
};

const MEMBERS: Table<Member> = Table::new(
    "organization_members",
    &["organization_id", "user_id", "role", "created_at"],
);
const LONGEST_FIRST: Order = Order {
    column: "created_at",
    tie: "user_id",
    direction: SortOrder::Asc,
};
const INVITATIONS: Table<Invitation> = Table::new(
    "organization_invitations",
    &[
        "invitation_id",
        "organization_id",
        "email",
        "role",
        "invited_by",
        "created_at",
        "expires_at",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "invitation_id");

/// An organization with the caller's own membership, if there is one.
#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    organization: Organization,
    members: Vec<Membership>,
}

/// A row of the member table, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Membership {
    pub(super) role: OrganizationRole,
}

impl From<Row> for Organization {
    fn from(row: Row) -> Organization {
        Organization {
            role: row.members.first().map(|member| member.role),
            ..row.organization
        }
    }
}

/// [`Organizations`] over PostgREST.
pub struct PostgrestOrganizations<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestOrganizations<H, C> {
    /// The organizations of the session's caller.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    fn read(&self, context: &Context) -> Read {
        let columns = format!("{},members:organization_members(role)", selected(COLUMNS));
        self.session
            .read("organizations", columns)
            .eq("members.user_id", context.actor.user_id)
    }
}

impl<H: Transport, C: Clock> Organizations for PostgrestOrganizations<H, C> {
    async fn create(
        &self,
        context: &Context,
        organization: NewOrganization,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "organizationId": organization.organization_id,
            "name": organization.name,
            "events": organization.events,
        });
        let names = ("organizations.create", "create_organization");
        let answer = organization.answer.as_ref();
        self.session.save(names, context, answer, &command).await
    }

    async fn find(
        &self,
        context: &Context,
        organization_id: OrganizationId,
    ) -> Result<Option<Organization>, PortError> {
        let read = self.read(context).eq("organization_id", organization_id);
        let found = TABLE
            .find(&self.session, "organizations.find", read)
            .await?;
        Ok(found.map(Organization::from))
    }

    async fn list(
        &self,
        context: &Context,
        page: &PageRequest,
    ) -> Result<Page<Organization>, PortError> {
        let read = self.read(context);
        let rows = TABLE.page(&self.session, "organizations.list", read, BY_NAME, page);
        Ok(rows.await?.map(Organization::from))
    }

    async fn rename(
        &self,
        context: &Context,
        organization: &Organization,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "organizationId": organization.organization_id,
            "expectedRevision": expected.number(),
            "name": organization.name,
        });
        let names = ("organizations.rename", "save_organization");
        let answer = answer.as_ref();
        self.session.save(names, context, answer, &command).await
    }

    async fn remove(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "organizationId": organization_id,
            "expectedRevision": expected.number(),
            "remove": true,
        });
        let names = ("organizations.remove", "save_organization");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }

    async fn members(
        &self,
        _context: &Context,
        organization_id: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Member>, PortError> {
        let read = MEMBERS.read(&self.session);
        let read = read.eq("organization_id", organization_id);
        let operation = "organizations.members";
        MEMBERS
            .page(&self.session, operation, read, LONGEST_FIRST, page)
            .await
    }

    async fn find_member(
        &self,
        _context: &Context,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Option<FoundMember>, PortError> {
        const OPERATION: &str = "organizations.find_member";
        let all = || {
            let read = MEMBERS.read(&self.session);
            read.eq("organization_id", organization_id)
        };
        let one = all().eq("user_id", user_id);
        let Some(member) = MEMBERS.find(&self.session, OPERATION, one).await? else {
            return Ok(None);
        };
        let is_last_owner = member.role == OrganizationRole::Owner && {
            let others = all().eq("role", "owner").neq("user_id", user_id);
            let other = MEMBERS.find(&self.session, OPERATION, others).await?;
            other.is_none()
        };
        Ok(Some(FoundMember {
            member,
            is_last_owner,
        }))
    }

    async fn save_member(
        &self,
        context: &Context,
        change: MemberChange,
    ) -> Result<Written<()>, PortError> {
        let mut command = json!({
            "organizationId": change.member.organization_id,
            "userId": change.member.user_id,
            "expectedRole": change.member.role.as_str(),
            "events": [change.event.to_json()],
        });
        if let Some(role) = change.role {
            command["role"] = role.as_str().into();
        }
        let names = ("organizations.save_member", "save_organization_member");
        let answer = change.answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }

    async fn invitations(
        &self,
        _context: &Context,
        organization_id: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, PortError> {
        let read = INVITATIONS.read(&self.session);
        let read = read.eq("organization_id", organization_id);
        let operation = "organizations.invitations";
        INVITATIONS
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await
    }

    async fn invite(
        &self,
        context: &Context,
        invitation: &Invitation,
        token: &str,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "organizationId": invitation.organization_id,
            "invitationId": invitation.invitation_id,
            "email": invitation.email,
            "role": invitation.role.as_str(),
            "token": token,
        });
        let names = ("organizations.invite", "save_invitation");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }

    async fn revoke(
        &self,
        context: &Context,
        organization_id: OrganizationId,
        invitation_id: InvitationId,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "organizationId": organization_id,
            "invitationId": invitation_id,
            "remove": true,
        });
        let names = ("organizations.revoke", "save_invitation");
        let answer = answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }

    async fn find_invitation(
        &self,
        context: &Context,
        token: &str,
    ) -> Result<Option<FoundInvitation>, PortError> {
        let names = ("organizations.find_invitation", "find_invitation");
        let question = json!({ "token": token });
        self.session.ask(names, &context.actor, &question).await
    }

    async fn accept(
        &self,
        context: &Context,
        acceptance: Acceptance,
    ) -> Result<Written<()>, PortError> {
        let mut command = json!({"token": acceptance.token, "events": []});
        if let Some(event) = acceptance.event {
            command["role"] = event.role.as_str().into();
            command["events"] = json!([event.to_json()]);
        }
        let names = ("organizations.accept", "accept_invitation");
        let answer = acceptance.answer.as_ref();
        self.session.remove(names, context, answer, &command).await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

    fn row(members: &str) -> String {
        format!(
            r#"[{{"organizationId":"{ID}","name":"Acme","createdBy":"{ID}","createdAt":"{WHEN}","updatedAt":"{WHEN}","revision":1,"members":{members}}}]"#
        )
    }

    #[test]
    fn founding_is_one_command() {
        let (script, clock) = (
            Script::of([answer(200, r#"{"revision":1}"#)]),
            StillClock::default(),
        );
        let organization = NewOrganization {
            organization_id: OrganizationId::parse(ID).unwrap(),
            name: "Acme".into(),
            events: vec![json!({"eventType": "OrganizationCreated"})],
            answer: kept(),
        };
        let organizations = PostgrestOrganizations::new(session(&script, &clock));
        let founded = block_on(organizations.create(&context(), organization));
        assert_eq!(founded, Ok(Written::Done(1)));
        let sent = &script.sent()[0];
        assert_eq!(asked(sent).0, "rpc/create_organization");
        assert_eq!(body(sent)["command"]["name"], "Acme");
        assert_eq!(
            body(sent)["command"]["events"][0]["eventType"],
            "OrganizationCreated"
        );
    }

    #[test]
    fn an_organization_comes_with_the_callers_role() {
        let rows = [row(r#"[{"role":"editor"}]"#), row("[]"), "[]".into()];
        let script = Script::of(rows.iter().map(|row| answer(200, row)));
        let clock = StillClock::default();
        let organizations = PostgrestOrganizations::new(session(&script, &clock));
        let id = OrganizationId::parse(ID).unwrap();
        let role = || {
            block_on(organizations.find(&context(), id))
                .unwrap()
                .map(|found| found.role)
        };
        assert_eq!(role(), Some(Some(OrganizationRole::Editor)));
        assert_eq!(role(), Some(None));
        assert_eq!(role(), None);
        let sent = &script.sent()[0];
        assert_eq!(parameter(sent, "organization_id"), Some(format!("eq.{ID}")));
        let user = context().actor.user_id;
        assert_eq!(
            parameter(sent, "members.user_id"),
            Some(format!("eq.{user}"))
        );
        assert!(
            parameter(sent, "select")
                .unwrap()
                .ends_with(",members:organization_members(role)")
        );
    }

    #[test]
    fn organizations_are_listed_by_name() {
        let (script, clock) = (Script::of([answer(200, &row("[]"))]), StillClock::default());
        let organizations = PostgrestOrganizations::new(session(&script, &clock));
        let page = block_on(organizations.list(&context(), &PageRequest::default())).unwrap();
        assert_eq!(page.items[0].name, "Acme");
        assert_eq!(
            parameter(&script.sent()[0], "order").as_deref(),
            Some("name.asc,organization_id.asc")
        );
    }

    fn member(role: &str) -> serde_json::Value {
        json!({"organizationId": ID, "userId": ID, "role": role, "createdAt": WHEN})
    }

    #[test]
    fn a_member_is_found_with_whether_others_own() {
        let replies = [
            json!([member("owner")]),
            json!([]),
            json!([member("owner")]),
            json!([member("owner")]),
            json!([member("editor")]),
            json!([]),
        ];
        let script = Script::of(replies.iter().map(|reply| answer(200, &reply.to_string())));
        let clock = StillClock::default();
        let organizations = PostgrestOrganizations::new(session(&script, &clock));
        let id = OrganizationId::parse(ID).unwrap();
        let user = UserId::parse(ID).unwrap();
        let find = || {
            let found = block_on(organizations.find_member(&context(), id, user)).unwrap();
            found.map(|found| found.is_last_owner)
        };
        assert_eq!(find(), Some(true));
        assert_eq!(find(), Some(false));
        assert_eq!(find(), Some(false));
        assert_eq!(find(), None);
        let sent = script.sent();
        assert_eq!(parameter(&sent[1], "role").as_deref(), Some("eq.owner"));
        assert_eq!(parameter(&sent[1], "user_id"), Some(format!("neq.{ID}")));
        assert_eq!(sent.len(), 6);
    }

    #[test]
    fn members_and_invitations_travel_in_commands() {
        use domain::instant::Instant;
        use domain::organization::{MembershipEvent, MembershipFact};

        let invitation = json!({
            "invitationId": ID, "organizationId": ID, "email": "a@b", "role": "editor",
            "invitedBy": ID, "createdAt": WHEN, "expiresAt": WHEN,
        });
        let found = json!({"invitation": invitation, "role": "viewer"});
        let replies = [
            json!([invitation]),
            json!([member("editor")]),
            found,
            json!({"revision": 1}),
            json!({"revision": 1}),
            json!({"revision": 1}),
            json!({"revision": 1}),
            json!({"revision": 2}),
            json!({"revision": 3}),
        ];
        let script = Script::of(replies.iter().map(|reply| answer(200, &reply.to_string())));
        let clock = StillClock::default();
        let organizations = PostgrestOrganizations::new(session(&script, &clock));
        let id = OrganizationId::parse(ID).unwrap();
        let page = PageRequest::default();
        let who = context();
        let listed = block_on(organizations.invitations(&who, id, &page)).unwrap();
        let members = block_on(organizations.members(&who, id, &page)).unwrap();
        let known = block_on(organizations.find_invitation(&who, "t")).unwrap();
        assert_eq!(known.unwrap().role, Some(OrganizationRole::Viewer));
        let invitation = &listed.items[0];
        let event = MembershipEvent {
            fact: MembershipFact::Added,
            organization_id: id,
            user_id: UserId::parse(ID).unwrap(),
            role: OrganizationRole::Editor,
            previous_role: None,
            changed_by: UserId::parse(ID).unwrap(),
            changed_at: Instant::from_millis(0),
        };
        let change = MemberChange {
            member: members.items[0].clone(),
            role: None,
            event: event.clone(),
            answer: None,
        };
        let acceptance = Acceptance {
            token: "t".into(),
            event: Some(event),
            answer: None,
        };
        let organization = Organization {
            organization_id: id,
            name: "Beta".into(),
            created_by: UserId::parse(ID).unwrap(),
            role: None,
            created_at: Instant::from_millis(0),
            updated_at: Instant::from_millis(0),
            revision: 2,
        };
        let done = Ok(Written::Done(()));
        let invited = organizations.invite(&who, invitation, "t", None);
        assert_eq!(block_on(invited), done);
        let revoked = organizations.revoke(&who, id, invitation.invitation_id, None);
        assert_eq!(block_on(revoked), done);
        assert_eq!(block_on(organizations.save_member(&who, change)), done);
        assert_eq!(block_on(organizations.accept(&who, acceptance)), done);
        let expected = Expected::Revision(1);
        let renamed = organizations.rename(&who, &organization, expected, None);
        assert_eq!(block_on(renamed), Ok(Written::Done(2)));
        assert_eq!(
            block_on(organizations.remove(&who, id, expected, None)),
            done
        );
        let sent = script.sent();
        let command = |n: usize| body(&sent[n])["command"].clone();
        assert_eq!(command(2), json!({"token": "t"}));
        assert_eq!(command(3)["token"], "t");
        assert_eq!(command(4)["remove"], true);
        assert_eq!(command(5)["expectedRole"], "editor");
        assert_eq!(command(5).get("role"), None);
        assert_eq!(command(6)["role"], "editor");
        assert_eq!(
            command(6)["events"][0]["eventType"],
            "OrganizationMemberAdded"
        );
        assert_eq!(command(7)["name"], "Beta");
        assert_eq!(command(8)["remove"], true);
        assert_eq!(asked(&sent[8]).0, "rpc/save_organization");
    }
}
