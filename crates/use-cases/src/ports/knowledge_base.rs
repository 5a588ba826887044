//! The service that keeps documentation.

use domain::ids::OrganizationId;
use serde::{Deserialize, Serialize};

use super::ServiceError;
use crate::context::Actor;

/// A document, or what a search shows of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// How the knowledge base names it.
    pub content_id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// The documentation service.
pub trait KnowledgeBase {
    /// The document of this name, if this user may see it.
    async fn find_content_by_id(
        &self,
        actor: &Actor,
        organization_id: Option<OrganizationId>,
        content_id: &str,
    ) -> Result<Option<Document>, ServiceError>;

    /// The documents that fit the words best, best first.
    async fn search_content(
        &self,
        actor: &Actor,
        organization_id: Option<OrganizationId>,
        words: &[String],
        limit: u32,
    ) -> Result<Vec<Document>, ServiceError>;
}
