//! Gathers what the domain needs to know about models inside models.

use domain::function_model::Command;
use domain::function_model::nested_action::MAX_NESTING_DEPTH;
use domain::ids::ModelId;
use domain::vocabulary::ModelStatus;
use domain::workflow::nesting::{NestedModel, NestedModels};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{self, FunctionModels, Ports};

/// How much of what is nested must be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// While editing: it must be there.
    There,
    /// For publishing and running: it must be published.
    Published,
}

/// Tells a command about the models it nests; asks nobody when there are none.
pub(crate) async fn inform(
    ports: &impl Ports,
    context: &Context,
    command: &mut Command,
) -> Result<(), UseCaseError> {
    let (data, nested) = match command {
        Command::AddActionNode(add) => (Some(&add.action_specific_data), &mut add.nested),
        Command::ChangeActionNode(change) => {
            let data = change.changes.action_specific_data.as_ref();
            (data, &mut change.nested)
        }
        _ => return Ok(()),
    };
    let child = data.and_then(|data| data.get("nestedModelId")?.as_str());
    let child = child.and_then(|text| ModelId::parse(text).ok());
    *nested = gather(ports, context, child.as_slice(), Readiness::There).await?;
    Ok(())
}

/// Follows models into models, level by level with one request each, no deeper than they may nest.
pub(crate) async fn gather(
    ports: &impl Ports,
    context: &Context,
    children: &[ModelId],
    readiness: Readiness,
) -> Result<NestedModels, UseCaseError> {
    let mut known = NestedModels::new();
    for _ in 0..=MAX_NESTING_DEPTH {
        let unknown = known.unknown(children);
        if unknown.is_empty() {
            break;
        }
        let asked = ports.function_models().nested_models(context, &unknown);
        let mut found = asked.await?;
        for id in unknown {
            let model = found.remove(&id).map(|model| judge(model, readiness));
            known.insert(id, model.unwrap_or_default());
        }
    }
    Ok(known)
}

fn judge(model: ports::NestedModel, readiness: Readiness) -> NestedModel {
    let alive = !model.deleted && model.status != ModelStatus::Archived;
    let ready = readiness == Readiness::There || model.published.is_some();
    NestedModel {
        is_available: alive && ready,
        nests: model.nests,
    }
}
