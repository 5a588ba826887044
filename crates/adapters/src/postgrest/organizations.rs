//! Organizations as their members see them.

use domain::ids::OrganizationId;
use domain::organization::OrganizationRole;
use serde::Deserialize;
use serde_json::json;
use use_cases::context::Context;
use use_cases::ports::{
    Clock, NewOrganization, Organization, Organizations, Page, PageRequest, PortError, SortOrder,
    Written,
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
}
