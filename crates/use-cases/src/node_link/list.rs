//! UC-014: lists links.

use domain::node_link::NodeLink;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{LinkFilter, NodeLinks, Page, PageRequest, Ports};

/// The links that fit and have an end that the caller may view, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &LinkFilter,
    page: &PageRequest,
) -> Result<Page<NodeLink>, UseCaseError> {
    Ok(ports.node_links().list(context, filter, page).await?)
}
