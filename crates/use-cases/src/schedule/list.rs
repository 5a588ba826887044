//! Lists schedules.

use domain::ids::ModelId;
use domain::schedule::Schedule;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Page, PageRequest, Ports, Schedules};

/// The schedules of the models that the caller may see, or of one of them, newest first.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    model_id: Option<ModelId>,
    page: &PageRequest,
) -> Result<Page<Schedule>, UseCaseError> {
    Ok(ports.schedules().list(context, model_id, page).await?)
}
