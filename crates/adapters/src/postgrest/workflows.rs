//! The registered tasks of the built-in workflow service.

use domain::ids::{OrganizationId, WorkflowId};
use serde_json::json;
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Clock, Expected, Page, PageRequest, PortError, Workflow, Workflows, Written,
};

use super::client::Session;
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<Workflow> = Table::new(
    "workflows",
    &[
        "workflow_id",
        "organization_id",
        "user_id",
        "name",
        "definition",
        "created_at",
        "updated_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "workflow_id");

/// [`Workflows`] over PostgREST.
pub struct PostgrestWorkflows<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestWorkflows<H, C> {
    /// The tasks that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> Workflows for PostgrestWorkflows<H, C> {
    async fn find(
        &self,
        _context: &Context,
        workflow_id: WorkflowId,
    ) -> Result<Option<Workflow>, PortError> {
        let read = TABLE.read(&self.session).eq("workflow_id", workflow_id);
        TABLE.find(&self.session, "workflows.find", read).await
    }

    async fn list(
        &self,
        _context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<Workflow>, PortError> {
        let read = TABLE.read(&self.session).of_organization(organization_id);
        let rows = TABLE.page(&self.session, "workflows.list", read, NEWEST_FIRST, page);
        rows.await
    }

    async fn save(
        &self,
        context: &Context,
        workflow: &Workflow,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "workflowId": workflow.workflow_id,
            "expectedRevision": expected.number(),
            "organizationId": workflow.organization_id,
            "name": workflow.name,
            "definition": workflow.definition,
        });
        let names = ("workflows.save", "save_workflow");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }

    async fn remove(
        &self,
        context: &Context,
        workflow_id: WorkflowId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "workflowId": workflow_id,
            "expectedRevision": expected.number(),
            "remove": true,
        });
        let names = ("workflows.remove", "save_workflow");
        self.session
            .remove(names, context, answer.as_ref(), &command)
            .await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::Value;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

    fn row() -> Value {
        json!({
            "workflowId": ID, "organizationId": null, "userId": ID, "name":"Ship","definition":{"url":"u"},
            "createdAt": WHEN, "updatedAt": WHEN, "revision": 3,
        })
    }

    fn played(replies: &[Value]) -> (Script, StillClock) {
        let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
        (Script::of(steps), StillClock::default())
    }

    #[test]
    fn one_is_found_and_several_are_listed() {
        let (script, clock) = played(&[json!([row()]), json!([row()])]);
        let all = PostgrestWorkflows::new(session(&script, &clock));
        let id = WorkflowId::parse(ID).unwrap();
        let found = block_on(all.find(&context(), id)).unwrap().unwrap();
        assert_eq!(found.revision, 3);
        let organization = Some(OrganizationId::parse(ID).unwrap());
        let page = block_on(all.list(&context(), organization, &PageRequest::default())).unwrap();
        assert_eq!((page.items, page.next), (vec![found], None));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "workflows");
        assert_eq!(parameter(&sent[0], "workflow_id"), Some(format!("eq.{ID}")));
        assert_eq!(
            parameter(&sent[1], "organization_id"),
            Some(format!("eq.{ID}"))
        );
        assert_eq!(
            parameter(&sent[1], "order").as_deref(),
            Some("created_at.desc,workflow_id.desc")
        );
    }

    #[test]
    fn saving_and_removing_name_the_revision_they_count_on() {
        let (script, clock) = played(&[
            json!([row()]),
            json!({"revision": 4}),
            json!({"revision": 5}),
        ]);
        let all = PostgrestWorkflows::new(session(&script, &clock));
        let id = WorkflowId::parse(ID).unwrap();
        let found = block_on(all.find(&context(), id)).unwrap().unwrap();
        let saved = block_on(all.save(&context(), &found, Expected::Revision(3), kept()));
        assert_eq!(saved, Ok(Written::Done(4)));
        let removed = block_on(all.remove(&context(), id, Expected::Revision(4), None));
        assert_eq!(removed, Ok(Written::Done(())));
        let sent = script.sent();
        assert_eq!(asked(&sent[1]).0, "rpc/save_workflow");
        let command = &body(&sent[1])["command"];
        assert_eq!(
            (&command["workflowId"], &command["expectedRevision"]),
            (&json!(ID), &json!(3))
        );
        assert_eq!(command["definition"]["url"], "u");
        assert_eq!(
            body(&sent[2])["command"],
            json!({"workflowId": ID, "expectedRevision": 4, "remove": true})
        );
    }
}
