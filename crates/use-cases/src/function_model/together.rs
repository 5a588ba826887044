//! What changes of several models at once have in common: what stands around each, and the save.

use domain::error::Code;
use domain::function_model::surroundings::{Surroundings, TouchingLink};
use domain::function_model::{Delta, Event, FunctionModel, evolve};
use domain::ids::{EntityId, ModelId};
use domain::node_link::NodeLink;
use domain::vocabulary::FeatureType;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    Expected, FunctionModels, JointSave, LinkRemoval, ModelRelations, ModelSave, NodeLinks, Ports,
};
use crate::writing::{done, failure};

/// A model with the events that were decided about it.
pub(super) struct Decided {
    /// The model after the events.
    pub(super) after: FunctionModel,
    expected: Expected,
    events: Vec<Event>,
    /// Links that go along.
    pub(super) removed_links: Vec<LinkRemoval>,
}

impl Decided {
    /// Applies what was decided.
    pub(super) fn new(
        model: FunctionModel,
        events: Vec<Event>,
        removed_links: Vec<LinkRemoval>,
    ) -> Self {
        let expected = Expected::Revision(model.revision);
        let mut after = events.iter().fold(model, evolve);
        after.revision = expected.next();
        Self {
            after,
            expected,
            events,
            removed_links,
        }
    }
}

/// What stands around a model.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when it is gone meanwhile.
pub(super) async fn relations(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<ModelRelations, UseCaseError> {
    let found = ports.function_models().relations(context, model_id).await?;
    found.ok_or(UseCaseError::NotFound(Code::FunctionModelNotFound))
}

/// The links that touch a model.
pub(super) async fn links(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<Vec<NodeLink>, UseCaseError> {
    let (feature, entity) = (
        FeatureType::FunctionModel,
        EntityId::from_uuid(model_id.as_uuid()),
    );
    Ok(ports
        .node_links()
        .touching(context, feature, entity)
        .await?)
}

/// What the domain wants to know of relations and links.
pub(super) fn surroundings(relations: ModelRelations, links: &[NodeLink]) -> Surroundings {
    let links = links.iter().map(|link| TouchingLink {
        link_id: link.link_id,
        link_type: link.link_type,
        link_strength: link.link_strength.value(),
    });
    Surroundings {
        dependents: relations.dependents,
        links: links.collect(),
        has_active_executions: relations.has_active_executions,
        published_at: relations.published_at,
    }
}

/// Saves all of them in one transaction, in this order.
///
/// # Errors
/// `Conflict` when one of them was changed meanwhile; `MODEL_NAME_TAKEN`; `Replayed`.
pub(super) async fn save(
    ports: &impl Ports,
    context: &Context,
    decided: Vec<Decided>,
    answer: Option<StoredAnswer>,
) -> Result<(), UseCaseError> {
    let deltas: Vec<Delta> = decided.iter().map(|one| Delta::of(&one.events)).collect();
    let changes = decided.iter().zip(&deltas).map(|(one, delta)| JointSave {
        change: ModelSave {
            model: &one.after,
            expected: one.expected,
            delta,
            events: &one.events,
            version: None,
            answer: None,
        },
        removed_links: one.removed_links.clone(),
    });
    let saved = ports
        .function_models()
        .save_all(context, changes.collect(), answer);
    let written = saved.await;
    done(written.map_err(|error| failure(context, error, Code::FunctionModelNotFound))?)
}
