//! UC-014: reads a link.

use domain::error::Code;
use domain::ids::LinkId;
use domain::node_link::NodeLink;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{NodeLinks, Ports};

/// A link with an end that the caller may view.
///
/// # Errors
/// `LINK_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    link_id: LinkId,
) -> Result<NodeLink, UseCaseError> {
    let mut found = ports.node_links().find_by_ids(context, &[link_id]).await?;
    found
        .pop()
        .ok_or(UseCaseError::NotFound(Code::LinkNotFound))
}
