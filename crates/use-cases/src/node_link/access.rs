//! Finding a link and judging the caller: editing its source is what changing it needs.

use domain::error::Code;
use domain::ids::{EntityId, LinkId, NodeId};
use domain::node_link::NodeLink;
use domain::vocabulary::FeatureType;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{FoundEnd, LinkEnd, NodeLinks, Ports};

/// A link that the caller may change.
///
/// # Errors
/// `LINK_NOT_FOUND` when it is missing or hidden; `Forbidden` for those who may only look.
pub(super) async fn load(
    ports: &impl Ports,
    context: &Context,
    link_id: LinkId,
) -> Result<NodeLink, UseCaseError> {
    let link = super::read(ports, context, link_id).await?;
    let Some(judged) = judged_end(&link) else {
        return permitted(context, &link, None).map(|()| link);
    };
    let wanted = [judged];
    let prospects = ports.node_links().prospects(context, &wanted, &[]).await?;
    let ends = prospects.ends;
    permitted(context, &link, ends.first()).map(|()| link)
}

/// The model whose editors may change a link: the one at its source, else the one at its end.
pub(super) fn judged_end(link: &NodeLink) -> Option<LinkEnd> {
    let ends = [
        (link.source_feature, link.source_entity_id),
        (link.target_feature, link.target_entity_id),
    ];
    ends.into_iter()
        .find(|(feature, _)| *feature == FeatureType::FunctionModel)
        .map(|(feature, entity_id)| end(feature, entity_id, None))
}

/// Lets those pass who may change a link, by what is known of the model that is judged.
///
/// # Errors
/// `Forbidden` for everybody else.
pub(super) fn permitted(
    context: &Context,
    link: &NodeLink,
    judged: Option<&FoundEnd>,
) -> Result<(), UseCaseError> {
    let made_it = link.created_by == context.actor.user_id;
    let own = made_it && link.source_feature != FeatureType::FunctionModel;
    if context.actor.service || own || judged.is_some_and(|model| model.allows("edit")) {
        return Ok(());
    }
    Err(forbidden())
}

/// What changing a link needs.
pub(super) fn forbidden() -> UseCaseError {
    UseCaseError::Forbidden {
        required: "edit".to_owned(),
    }
}

/// A thing that is to be linked, with the node it is said to have.
pub(super) fn end(feature: FeatureType, entity_id: EntityId, node_id: Option<NodeId>) -> LinkEnd {
    LinkEnd {
        feature,
        entity_id,
        node_ids: node_id.into_iter().collect(),
    }
}

/// Checks what must hold before values are looked at: both ends are visible, the source editable.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `Forbidden`.
pub(super) fn may_link(
    context: &Context,
    source: &FoundEnd,
    target: &FoundEnd,
) -> Result<(), UseCaseError> {
    if context.actor.service {
        return Ok(());
    }
    if source.is_hidden() || target.is_hidden() {
        return Err(UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
    if source.feature == FeatureType::FunctionModel && !source.allows("edit") {
        return Err(forbidden());
    }
    Ok(())
}
