//! Reads a document of the built-in knowledge base.

use domain::error::Code;
use domain::ids::ContentId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{KnowledgeContent, KnowledgeContents, Ports};

/// One document: the caller's own, or one of an organization the caller belongs to.
///
/// # Errors
/// `CONTENT_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    content_id: ContentId,
) -> Result<KnowledgeContent, UseCaseError> {
    let found = ports.knowledge_contents().find(context, content_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::ContentNotFound))
}
