//! Finding a model and judging the caller: hidden models are missing, then permissions decide.

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, FoundModel, FunctionModels, Ports};

/// The model, if the caller may view it and do this with it.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when it is missing, hidden, or deleted for those who may not restore
/// it; `Forbidden` when the caller may view it and nothing more.
pub(crate) async fn load(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    extent: Extent,
    act: Act,
) -> Result<FoundModel, UseCaseError> {
    let found = ports
        .function_models()
        .find_by_id(context, model_id, extent);
    let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
    let Some(found) = found.await? else {
        return Err(hidden);
    };
    if !may(context, &found, Act::View) {
        return Err(hidden);
    }
    if found.model.deletion.is_some() && !may(context, &found, Act::Restore) {
        return Err(hidden);
    }
    if !may(context, &found, act) {
        return Err(forbidden(act));
    }
    Ok(found)
}

/// Whether the caller may do this with the model.
pub(crate) fn may(context: &Context, found: &FoundModel, act: Act) -> bool {
    let model = &found.model;
    let has_organization = model.organization_id.is_some();
    let user = context.actor.user_id;
    context.actor.service
        || model
            .permissions
            .allows(act, user, found.role, has_organization)
}

/// Lets the service alone pass.
///
/// # Errors
/// `Forbidden`.
pub(crate) fn service_only(context: &Context) -> Result<(), UseCaseError> {
    if context.actor.service {
        return Ok(());
    }
    Err(UseCaseError::Forbidden {
        required: "service".to_owned(),
    })
}

/// The refusal of an act.
pub(crate) fn forbidden(act: Act) -> UseCaseError {
    UseCaseError::Forbidden {
        required: act.as_str().to_owned(),
    }
}
