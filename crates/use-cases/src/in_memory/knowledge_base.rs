//! The built-in documents as the knowledge base shows them to a run.

use std::rc::Rc;

use domain::ids::{ContentId, OrganizationId};

use super::knowledge_contents::KnowledgeContents;
use super::store::Shared;
use crate::context::{Actor, Context};
use crate::ports::{
    self, Document, KnowledgeContent, KnowledgeContents as _, PortError, ServiceError,
    ServiceFailure,
};

/// A twin of the documentation service, over the world's own documents.
#[derive(Debug)]
pub struct KnowledgeBase(pub(super) Rc<Shared>);

impl ports::KnowledgeBase for KnowledgeBase {
    async fn find_content_by_id(
        &self,
        actor: &Actor,
        _: Option<OrganizationId>,
        content_id: &str,
    ) -> Result<Option<Document>, ServiceError> {
        let Ok(content_id) = ContentId::parse(content_id) else {
            return Ok(None);
        };
        let context = Context::new(actor.clone(), "");
        let contents = KnowledgeContents(Rc::clone(&self.0));
        let found = contents.find(&context, content_id).await.map_err(down)?;
        Ok(found.map(document))
    }

    async fn search_content(
        &self,
        actor: &Actor,
        _: Option<OrganizationId>,
        words: &[String],
        limit: u32,
    ) -> Result<Vec<Document>, ServiceError> {
        let context = Context::new(actor.clone(), "");
        let contents = KnowledgeContents(Rc::clone(&self.0));
        let found = contents.search(&context, &words.join(" "), limit).await;
        Ok(found.map_err(down)?.into_iter().map(document).collect())
    }
}

fn down(error: PortError) -> ServiceError {
    ServiceError::new(ServiceFailure::Unreachable, error.to_string())
}

fn document(content: KnowledgeContent) -> Document {
    Document {
        content_id: content.content_id.to_string(),
        title: content.title,
        body: content.body,
        tags: content.tags,
    }
}
