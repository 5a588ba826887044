//! The documents of the built-in knowledge base.

use domain::ids::{ContentId, OrganizationId};
use serde_json::json;
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Clock, Expected, KnowledgeContent, KnowledgeContents, Page, PageRequest, PortError, Written,
};

use super::client::Session;
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<KnowledgeContent> = Table::new(
    "knowledge_contents",
    &[
        "content_id",
        "organization_id",
        "user_id",
        "title",
        "body",
        "tags",
        "created_at",
        "updated_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "content_id");

/// [`KnowledgeContents`] over PostgREST.
pub struct PostgrestKnowledgeContents<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestKnowledgeContents<H, C> {
    /// The documents that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> KnowledgeContents for PostgrestKnowledgeContents<H, C> {
    async fn find(
        &self,
        _context: &Context,
        content_id: ContentId,
    ) -> Result<Option<KnowledgeContent>, PortError> {
        let read = TABLE.read(&self.session).eq("content_id", content_id);
        TABLE
            .find(&self.session, "knowledge_contents.find", read)
            .await
    }

    async fn list(
        &self,
        _context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<KnowledgeContent>, PortError> {
        let read = TABLE.read(&self.session).of_organization(organization_id);
        let operation = "knowledge_contents.list";
        TABLE
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await
    }

    async fn search(
        &self,
        context: &Context,
        query: &str,
        limit: u32,
    ) -> Result<Vec<KnowledgeContent>, PortError> {
        let names = ("knowledge_contents.search", "search_knowledge_contents");
        let question = json!({"query": query, "limit": limit.clamp(1, 100)});
        let found = self.session.ask(names, &context.actor, &question).await?;
        Ok(found.unwrap_or_default())
    }

    async fn save(
        &self,
        context: &Context,
        content: &KnowledgeContent,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "contentId": content.content_id,
            "expectedRevision": expected.number(),
            "organizationId": content.organization_id,
            "title": content.title,
            "body": content.body,
            "tags": content.tags,
        });
        let names = ("knowledge_contents.save", "save_knowledge_content");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }

    async fn remove(
        &self,
        context: &Context,
        content_id: ContentId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "contentId": content_id,
            "expectedRevision": expected.number(),
            "remove": true,
        });
        let names = ("knowledge_contents.remove", "save_knowledge_content");
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
            "contentId": ID, "organizationId": null, "userId": ID, "title":"Ship","body":"b","tags":["t"],
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
        let all = PostgrestKnowledgeContents::new(session(&script, &clock));
        let id = ContentId::parse(ID).unwrap();
        let found = block_on(all.find(&context(), id)).unwrap().unwrap();
        assert_eq!(found.revision, 3);
        let organization = Some(OrganizationId::parse(ID).unwrap());
        let page = block_on(all.list(&context(), organization, &PageRequest::default())).unwrap();
        assert_eq!((page.items, page.next), (vec![found], None));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "knowledge_contents");
        assert_eq!(parameter(&sent[0], "content_id"), Some(format!("eq.{ID}")));
        assert_eq!(
            parameter(&sent[1], "organization_id"),
            Some(format!("eq.{ID}"))
        );
        assert_eq!(
            parameter(&sent[1], "order").as_deref(),
            Some("created_at.desc,content_id.desc")
        );
    }

    #[test]
    fn saving_and_removing_name_the_revision_they_count_on() {
        let (script, clock) = played(&[
            json!([row()]),
            json!({"revision": 4}),
            json!({"revision": 5}),
        ]);
        let all = PostgrestKnowledgeContents::new(session(&script, &clock));
        let id = ContentId::parse(ID).unwrap();
        let found = block_on(all.find(&context(), id)).unwrap().unwrap();
        let saved = block_on(all.save(&context(), &found, Expected::Revision(3), kept()));
        assert_eq!(saved, Ok(Written::Done(4)));
        let removed = block_on(all.remove(&context(), id, Expected::Revision(4), None));
        assert_eq!(removed, Ok(Written::Done(())));
        let sent = script.sent();
        assert_eq!(asked(&sent[1]).0, "rpc/save_knowledge_content");
        let command = &body(&sent[1])["command"];
        assert_eq!(
            (&command["contentId"], &command["expectedRevision"]),
            (&json!(ID), &json!(3))
        );
        assert_eq!(command["tags"], json!(["t"]));
        assert_eq!(
            body(&sent[2])["command"],
            json!({"contentId": ID, "expectedRevision": 4, "remove": true})
        );
    }

    #[test]
    fn a_search_answers_the_best_first() {
        let (script, clock) = played(&[json!([row()]), Value::Null]);
        let all = PostgrestKnowledgeContents::new(session(&script, &clock));
        assert_eq!(
            block_on(all.search(&context(), "ship", 500)).unwrap().len(),
            1
        );
        assert!(
            block_on(all.search(&context(), "ship", 0))
                .unwrap()
                .is_empty()
        );
        let sent = script.sent();
        assert_eq!(
            body(&sent[0])["command"],
            json!({"query": "ship", "limit": 100})
        );
        assert_eq!(body(&sent[1])["command"]["limit"], 1);
    }
}
