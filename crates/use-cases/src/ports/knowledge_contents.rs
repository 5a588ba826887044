//! The documents of the built-in knowledge base.

use domain::ids::{ContentId, OrganizationId, UserId};
use domain::instant::Instant;
use serde::{Deserialize, Serialize};

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// A document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KnowledgeContent {
    /// Its id, which actions name.
    pub content_id: ContentId,
    /// Whose it is; absent: of the user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who made it.
    pub user_id: UserId,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

/// The documents the caller may see.
pub trait KnowledgeContents {
    /// One document.
    async fn find(
        &self,
        context: &Context,
        content_id: ContentId,
    ) -> Result<Option<KnowledgeContent>, PortError>;

    /// All of them, or those of an organization, newest first.
    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Page<KnowledgeContent>, PortError>;

    /// Those that fit the words, best first.
    async fn search(
        &self,
        context: &Context,
        query: &str,
        limit: u32,
    ) -> Result<Vec<KnowledgeContent>, PortError>;

    /// Stores a document as it is given; answers its revision.
    async fn save(
        &self,
        context: &Context,
        content: &KnowledgeContent,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes a document.
    async fn remove(
        &self,
        context: &Context,
        content_id: ContentId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;
}
