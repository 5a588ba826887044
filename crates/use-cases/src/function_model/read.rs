//! Reads a model, with or without what is inside.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, FoundModel, Ports};

/// A model as the caller may see it; a deleted one is shown to those who may restore it.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    extent: Extent,
) -> Result<FoundModel, UseCaseError> {
    access::load(ports, context, model_id, extent, Act::View).await
}
