//! The content of a model as it is, or as one of its snapshots keeps it.

use domain::error::{Code, DomainError};
use domain::function_model::{Act, FunctionModel};
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, FoundModel, ModelVersions, PortError, PortErrorKind, Ports};

/// The model with the content of a snapshot, or of the working copy when no number is given; with
/// what was found beside it.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `VERSION_NOT_FOUND`.
pub(crate) async fn load(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    version_number: Option<&str>,
) -> Result<(FoundModel, FunctionModel), UseCaseError> {
    let extent = match version_number {
        None => Extent::Whole,
        Some(_) => Extent::Header,
    };
    let found = access::load(ports, context, model_id, extent, Act::View).await?;
    let model = match version_number {
        None => found.model.clone(),
        Some(number) => read(ports, context, &found, number)
            .await?
            .ok_or(UseCaseError::NotFound(Code::VersionNotFound))?,
    };
    Ok((found, model))
}

/// The model as one of its snapshots has it.
pub(crate) async fn read(
    ports: &impl Ports,
    context: &Context,
    found: &FoundModel,
    number: &str,
) -> Result<Option<FunctionModel>, PortError> {
    let model_id = found.model.model_id;
    let version = ports.model_versions().find(context, model_id, number);
    let Some(data) = version.await?.and_then(|version| version.version_data) else {
        return Ok(None);
    };
    let model = FunctionModel::from_snapshot(found.model.clone(), &data);
    let corrupt = |error: DomainError| {
        let detail = format!("version {number} of model {model_id}: {}", error.message);
        PortError::new(PortErrorKind::Corrupt, "model_versions.find", detail)
    };
    model.map(Some).map_err(corrupt)
}
