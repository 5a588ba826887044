//! UC-014: joins one thing to another.

use domain::error::{Code, DomainError};
use domain::ids::{LinkId, NodeId};
use domain::node_link::{self, CreateNodeLink, LinkEvent, NodeLink};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, FoundEnd, Ids, LinkChange, LinkEnd, NodeLinks, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Makes a link; its answer warns about ends that have many links already.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` and `Forbidden` by the ends that are models; the values of the
/// command; `NODE_NOT_FOUND` for a node that is not in its model; `MODEL_DELETED`;
/// `LINK_ALREADY_EXISTS`; `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: &CreateNodeLink,
    render: impl Fn(&Saved<NodeLink>) -> StoredAnswer,
) -> Result<Saved<NodeLink>, UseCaseError> {
    answered_before(ports, context).await?;
    let ends = ends_of(command);
    let prospects = ports.node_links().prospects(context, &ends, &[]).await?;
    let [source, target] = prospects.ends.as_slice() else {
        return Err(UseCaseError::NotFound(Code::FunctionModelNotFound));
    };
    let link_id = LinkId::from_uuid(ports.ids().new_id());
    let (mut link, events) = decide(ports, context, command, link_id, source, target)?;
    let warnings = node_link::warnings(link.link_type, source.links, target.links);
    link.warnings = Some(warnings);
    let saved = Saved {
        value: link.clone(),
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let changes = [LinkChange {
        link,
        expected: Expected::New,
        removed: false,
        events,
    }];
    let links = ports.node_links();
    let written = links.save(context, &changes, None, answer).await;
    done(written.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?)?;
    Ok(saved)
}

/// The two ends of a link to make.
pub(super) fn ends_of(command: &CreateNodeLink) -> [LinkEnd; 2] {
    [
        access::end(
            command.source_feature,
            command.source_entity_id,
            command.source_node_id,
        ),
        access::end(
            command.target_feature,
            command.target_entity_id,
            command.target_node_id,
        ),
    ]
}

/// Judges the caller and the command by what is known of the two ends.
pub(super) fn decide(
    ports: &impl Ports,
    context: &Context,
    command: &CreateNodeLink,
    link_id: LinkId,
    source: &FoundEnd,
    target: &FoundEnd,
) -> Result<(NodeLink, Vec<LinkEvent>), UseCaseError> {
    access::may_link(context, source, target)?;
    let now = ports.clock().instant();
    let events = node_link::create(command, link_id, context.actor.user_id, now)?;
    for (end, node) in [
        (source, command.source_node_id),
        (target, command.target_node_id),
    ] {
        if lacks(end, node) {
            return Err(UseCaseError::NotFound(Code::NodeNotFound));
        }
    }
    if source.deleted || target.deleted {
        let message = "A deleted model cannot be linked.";
        return Err(DomainError::new(Code::ModelDeleted, message).into());
    }
    let organization_id = source.organization_id.or(target.organization_id);
    let link = events.iter().fold(None, |link, event| {
        node_link::evolve(link, event, organization_id)
    });
    link.map(|link| (link, events))
        .ok_or(UseCaseError::NotFound(Code::LinkNotFound))
}

/// Only of models it is known which nodes they have.
fn lacks(end: &FoundEnd, node_id: Option<NodeId>) -> bool {
    let known = end.feature == domain::vocabulary::FeatureType::FunctionModel;
    known && node_id.is_some_and(|id| !end.node_ids.contains(&id))
}
