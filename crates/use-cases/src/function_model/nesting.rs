//! Gathers what the domain needs to know about models inside models.

use domain::function_model::Command;
use domain::function_model::nested_action::MAX_NESTING_DEPTH;
use domain::ids::ModelId;
use domain::limits::JsonObject;
use domain::sorted;
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
    let (children, nested) = match command {
        Command::AddActionNode(add) => {
            let data = [&add.action_specific_data];
            (named(data.into_iter()), &mut add.nested)
        }
        Command::ChangeActionNode(change) => {
            let data = change.changes.action_specific_data.iter();
            (named(data), &mut change.nested)
        }
        Command::EditStructure(edit) => {
            let added = edit.actions.add.iter().map(|add| &add.action_specific_data);
            let changed = edit.actions.change.iter();
            let changed = changed.filter_map(|c| c.changes.action_specific_data.as_ref());
            (named(added.chain(changed)), &mut edit.nested)
        }
        _ => return Ok(()),
    };
    *nested = gather(ports, context, &children, Readiness::There).await?;
    Ok(())
}

/// The models that the data of actions names, each once.
pub(crate) fn named<'a>(data: impl Iterator<Item = &'a JsonObject>) -> Vec<ModelId> {
    let named = data.filter_map(|data| data.get("nestedModelId")?.as_str());
    let mut children: Vec<ModelId> = named.filter_map(|text| ModelId::parse(text).ok()).collect();
    sorted::sort(&mut children);
    children.dedup();
    children
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
