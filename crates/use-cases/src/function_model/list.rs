//! Lists models.

use domain::function_model::FunctionModel;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{FunctionModels, ModelFilter, Page, PageRequest, Ports};

/// The models the caller may view, without what is inside, none of them deleted.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &ModelFilter,
    page: &PageRequest,
) -> Result<Page<FunctionModel>, UseCaseError> {
    Ok(ports.function_models().list(context, filter, page).await?)
}
