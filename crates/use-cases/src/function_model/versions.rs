//! Reads the snapshots of a model (the reading part of UC-007).

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, ModelVersion, ModelVersions, Page, PageRequest, Ports};

/// The snapshots without their data, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn list_versions(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    page: &PageRequest,
) -> Result<Page<ModelVersion>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let versions = ports.model_versions().list(context, model_id, page);
    Ok(versions.await?)
}

/// One snapshot with its data.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden, `VERSION_NOT_FOUND` when it has
/// no such snapshot.
pub async fn read_version(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    version_number: &str,
) -> Result<ModelVersion, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let found = ports
        .model_versions()
        .find(context, model_id, version_number);
    found
        .await?
        .ok_or(UseCaseError::NotFound(Code::VersionNotFound))
}
