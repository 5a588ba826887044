//! Search data about nodes.

use domain::ids::OrganizationId;
use domain::node_metadata::NodeMetadata;
use serde_json::json;
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{
    Clock, DescribedNodes, Expected, NodeFilter, NodeQuestion, Page, PageRequest, PortError,
    Written,
};

use super::client::Session;
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<NodeMetadata> = Table::new(
    "node_metadata",
    &[
        "metadata_id",
        "feature_type",
        "entity_id",
        "node_id",
        "node_type",
        "position",
        "vector_embedding",
        "search_keywords",
        "semantic_tags",
        "ai_agent_config",
        "visual_properties",
        "created_at",
        "updated_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "metadata_id");

/// [`DescribedNodes`] over PostgREST.
pub struct PostgrestDescribedNodes<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestDescribedNodes<H, C> {
    /// The nodes of whoever each call names; lists are those of the session's caller.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }
}

impl<H: Transport, C: Clock> DescribedNodes for PostgrestDescribedNodes<H, C> {
    async fn find(
        &self,
        actor: &Actor,
        question: &NodeQuestion,
    ) -> Result<Vec<NodeMetadata>, PortError> {
        let names = ("described_nodes.find", "read_node_metadata");
        let found = self.session.ask(names, actor, question).await?;
        Ok(found.unwrap_or_default())
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &NodeFilter,
        page: &PageRequest,
    ) -> Result<Page<NodeMetadata>, PortError> {
        let mut read = TABLE.read(&self.session);
        if let Some(keyword) = &filter.keyword {
            read = read.holds("keyword_text", &keyword.trim().to_lowercase());
        }
        if let Some(tag) = &filter.tag {
            read = read.contains_all("semantic_tags", &[tag.trim().to_lowercase()]);
        }
        let operation = "described_nodes.list";
        TABLE
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await
    }

    async fn save(
        &self,
        context: &Context,
        node: &NodeMetadata,
        organization_id: Option<OrganizationId>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "expectedRevision": expected.number(),
            "organizationId": organization_id,
            "node": domain::json::to_value(node),
        });
        let names = ("described_nodes.save", "save_node_metadata");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::Value;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, body, context, parameter, session};

    fn row() -> Value {
        json!({
            "metadataId": ID, "featureType": "function-model", "entityId": ID, "nodeId": ID,
            "nodeType": "stageNode", "position": {"x": 0, "y": 1}, "vectorEmbedding": null,
            "searchKeywords": ["tax"], "semanticTags": [], "aiAgentConfig": {}, "visualProperties": {},
            "createdAt": WHEN, "updatedAt": WHEN, "revision": 2,
        })
    }

    #[test]
    fn nodes_are_found_listed_and_saved() {
        let mut whole = row();
        whole.as_object_mut().unwrap().remove("vectorEmbedding");
        let replies = [json!([whole]), json!([row()]), json!({"revision": 3})];
        let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
        let (script, clock) = (Script::of(steps), StillClock::default());
        let all = PostgrestDescribedNodes::new(session(&script, &clock));
        let question = NodeQuestion {
            limit: 1,
            ..NodeQuestion::default()
        };
        let found = block_on(all.find(&context().actor, &question)).unwrap();
        let filter = NodeFilter {
            keyword: Some("T*x".into()),
            tag: Some(" VAT ".into()),
        };
        let listed = block_on(all.list(&context(), &filter, &PageRequest::default())).unwrap();
        assert_eq!(listed.items, found);
        let expected = Expected::Revision(2);
        let saved = block_on(all.save(&context(), &found[0], None, expected, None));
        assert_eq!(saved, Ok(Written::Done(3)));
        let sent = script.sent();
        assert_eq!(body(&sent[0])["command"], json!({"limit": 1}));
        let pattern = r#"(keyword_text.match."t\\*x")"#;
        assert_eq!(parameter(&sent[1], "or").as_deref(), Some(pattern));
        assert_eq!(
            parameter(&sent[1], "semantic_tags").as_deref(),
            Some("cs.{\"vat\"}")
        );
        assert_eq!(body(&sent[2])["command"]["node"]["nodeType"], "stageNode");
    }
}
