//! UC-009: takes a deleted model back, repaired and with its dependents if wanted, or tells whether
//! that is possible.

use domain::error::{Code, DomainError};
use domain::function_model::commands::RestoreFunctionModel;
use domain::function_model::recovery::{self, Eligibility, Remains, RepairItem};
use domain::function_model::{Act, FunctionModel, ModelChanges, Permissions};
use domain::ids::{LinkId, ModelId};
use domain::instant::Instant;
use domain::json;
use domain::vocabulary::{RestoreOutcome, RestoreScope};
use serde::Serialize;
use serde_json::Value;

use super::together::{self, Decided};
use super::{access, snapshots};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{
    AuditFilter, AuditLogs, Clock, Extent, FoundModel, LinkRemoval, ModelRelations, PageRequest,
    PortErrorKind, Ports,
};
use crate::writing::{Saved, answer_to_keep, answered_before, expect_revision};

/// How many models come back together at most.
const MOST_RESTORED: usize = 100;

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoredModel {
    /// The model as it is now.
    pub model: FunctionModel,
    /// What was repaired.
    pub repaired: Vec<RepairItem>,
    /// What became of each model, the one asked for first.
    pub results: Vec<RestoreResult>,
}

/// What became of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoreResult {
    /// The model.
    pub model_id: ModelId,
    /// Its place in the order of restoring, from 1.
    pub order: usize,
    /// Whether it came back.
    pub status: RestoreOutcome,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Whether a deleted model can be taken back, and what must be repaired.
///
/// # Errors
/// Those of access, for those who may restore; `WINDOW_INVALID`; `MODEL_NOT_DELETED`.
pub async fn recovery_eligibility(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    window_days: Option<i64>,
) -> Result<Eligibility, UseCaseError> {
    let (found, remains, _) = look(ports, context, model_id).await?;
    let now = ports.clock().instant();
    let eligibility = recovery::eligibility(&found.model, window_days, &remains, now);
    Ok(eligibility?)
}

/// Takes a deleted model back.
///
/// # Errors
/// Those of access, for those who may restore; `REASON_INVALID`, `WINDOW_INVALID`,
/// `MODEL_NAME_INVALID`; `MODEL_NOT_DELETED`, `RECOVERY_WINDOW_EXPIRED`,
/// `RECOVERY_REQUIRES_REPAIR`, `MODEL_NAME_TAKEN`; `Conflict`.
pub async fn restore(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &RestoreFunctionModel,
    render: impl Fn(&Saved<RestoredModel>) -> StoredAnswer,
) -> Result<Saved<RestoredModel>, UseCaseError> {
    answered_before(ports, context).await?;
    let now = ports.clock().instant();
    let first = decide(ports, context, model_id, command, now).await?;
    expect_revision(context, first.revision)?;
    let (repaired, revision) = (first.plan, first.revision + 1);
    let mut dependents = dependents_of(&first.relations);
    let mut decided = vec![first.decided];
    let mut broken = first.relations.broken_links;
    let along = RestoreFunctionModel {
        reason: command.reason.clone(),
        window_days: command.window_days,
        auto_repair: command.auto_repair,
        ..RestoreFunctionModel::default()
    };
    let mut missing: Vec<ModelId> = repaired.iter().filter_map(|item| item.model_id).collect();
    while let Some(id) = missing.pop() {
        if is_among(&decided, id) || decided.len() >= MOST_RESTORED {
            continue;
        }
        let nested = decide(ports, context, id, &along, now).await?;
        missing.extend(nested.plan.iter().filter_map(|item| item.model_id));
        decided.push(nested.decided);
    }
    let mut results = vec![came_back(model_id, 1)];
    dependents.reverse();
    while let Some(id) = dependents.pop().filter(|_| command.include_dependents) {
        if is_among(&decided, id) || results.len() >= MOST_RESTORED {
            continue;
        }
        let order = results.len() + 1;
        match decide(ports, context, id, &along, now).await {
            Ok(dependent) => {
                let further = dependents_of(&dependent.relations);
                dependents.splice(0..0, further);
                broken.extend(dependent.relations.broken_links);
                decided.push(dependent.decided);
                results.push(came_back(id, order));
            }
            Err(error) => results.push(stayed(id, order, error)?),
        }
    }
    if command.auto_repair {
        unlink(ports, context, &mut decided, &broken, now).await?;
    }
    let mut model = decided[0].after.clone();
    model.nodes.clear();
    model.action_nodes.clear();
    let saved = Saved {
        value: RestoredModel {
            model,
            repaired,
            results,
        },
        revision,
    };
    let answer = answer_to_keep(context, &saved, render);
    together::save(ports, context, decided, answer).await?;
    Ok(saved)
}

fn is_among(decided: &[Decided], id: ModelId) -> bool {
    decided.iter().any(|one| one.after.model_id == id)
}

fn dependents_of(relations: &ModelRelations) -> Vec<ModelId> {
    let deleted = relations.dependents.iter().filter(|one| one.is_deleted);
    deleted.filter_map(|one| one.model_id).collect()
}

fn came_back(model_id: ModelId, order: usize) -> RestoreResult {
    RestoreResult {
        model_id,
        order,
        status: RestoreOutcome::Restored,
        code: None,
    }
}

/// A dependent that cannot come back does not keep the others from it; a database that is down does.
fn stayed(
    model_id: ModelId,
    order: usize,
    error: UseCaseError,
) -> Result<RestoreResult, UseCaseError> {
    let code = match error {
        UseCaseError::Refused(refusal) => refusal.code,
        UseCaseError::NotFound(code) => code,
        UseCaseError::Forbidden { .. } => Code::Forbidden,
        other => return Err(other),
    };
    Ok(RestoreResult {
        model_id,
        order,
        status: RestoreOutcome::Failed,
        code: Some(code.to_string()),
    })
}

/// Removes links whose other end does not come back, each once.
async fn unlink(
    ports: &impl Ports,
    context: &Context,
    decided: &mut [Decided],
    broken: &[LinkId],
    now: Instant,
) -> Result<(), UseCaseError> {
    let ids: Vec<_> = decided
        .iter()
        .map(|one| one.after.model_id.as_uuid())
        .collect();
    let mut removed: Vec<LinkId> = Vec::new();
    for one in decided.iter_mut().filter(|_| !broken.is_empty()) {
        for link in together::links(ports, context, one.after.model_id).await? {
            let ends = [link.source_entity_id, link.target_entity_id];
            let inside = ends.iter().all(|end| ids.contains(&end.as_uuid()));
            let gone = broken.contains(&link.link_id) && !removed.contains(&link.link_id);
            if gone && !inside {
                removed.push(link.link_id);
                let removal = LinkRemoval::of(&link, context.actor.user_id, now);
                one.removed_links.push(removal);
            }
        }
    }
    Ok(())
}

/// One model that is going to be restored.
struct Restoring {
    decided: Decided,
    plan: Vec<RepairItem>,
    relations: ModelRelations,
    revision: i64,
}

async fn decide(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    command: &RestoreFunctionModel,
    now: Instant,
) -> Result<Restoring, UseCaseError> {
    let (found, remains, relations) = look(ports, context, model_id).await?;
    let model = found.model;
    let reverted = reverted(ports, context, &model, &command.scope).await?;
    let by = context.actor.user_id;
    let (events, plan) = recovery::restore(&model, command, &remains, reverted, by, now)?;
    Ok(Restoring {
        revision: model.revision,
        decided: Decided::new(model, events, Vec::new()),
        plan,
        relations,
    })
}

/// The model, if the caller may restore it, and what is left of it.
async fn look(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
) -> Result<(FoundModel, Remains, ModelRelations), UseCaseError> {
    let whole = access::load(ports, context, model_id, Extent::Whole, Act::Restore).await;
    let (found, is_unreadable) = match whole {
        Ok(found) => {
            let newest = found.model.current_version.to_string();
            let snapshot = snapshots::read(ports, context, &found, &newest).await;
            let corrupt = matches!(&snapshot, Err(error) if error.kind == PortErrorKind::Corrupt);
            if !corrupt {
                snapshot?;
            }
            (found, corrupt)
        }
        Err(UseCaseError::Internal(error)) if error.kind == PortErrorKind::Corrupt => {
            let header = access::load(ports, context, model_id, Extent::Header, Act::Restore);
            (header.await?, true)
        }
        Err(error) => return Err(error),
    };
    let relations = together::relations(ports, context, model_id).await?;
    let nested = || relations.nested.iter();
    let mut deleted_models: Vec<ModelId> = Vec::new();
    for one in nested().filter(|one| one.is_deleted) {
        if !deleted_models.contains(&one.model_id) {
            deleted_models.push(one.model_id);
        }
    }
    let remains = Remains {
        is_permitted: access::may(context, &found, Act::Restore),
        broken_links: relations.broken_links.clone(),
        orphaned_actions: nested()
            .filter(|one| one.is_missing)
            .map(|one| one.action_id)
            .collect(),
        deleted_models,
        is_name_taken: relations.is_name_taken,
        is_unreadable,
    };
    Ok((found, remains, relations))
}

/// The parts in scope as the last audit row before the deletion tells them.
async fn reverted(
    ports: &impl Ports,
    context: &Context,
    model: &FunctionModel,
    scope: &[RestoreScope],
) -> Result<ModelChanges, UseCaseError> {
    let mut changes = ModelChanges::default();
    let Some(mark) = model
        .deletion
        .as_ref()
        .filter(|_| !recovery::is_full(scope))
    else {
        return Ok(changes);
    };
    let filter = AuditFilter {
        to: Some(mark.deleted_at),
        ..AuditFilter::default()
    };
    let page = PageRequest {
        limit: 100,
        ..PageRequest::default()
    };
    let logs = ports.audit_logs();
    let rows = logs.find_by_model(context, model.model_id, &filter, &page);
    let rows = rows.await?.items;
    let last = |name: &str| -> Option<Value> {
        let mut own = rows
            .iter()
            .filter(|row| row.table_name == "function_models");
        own.find_map(|row| row.new_data.as_ref()?.get(name).cloned())
    };
    if scope.contains(&RestoreScope::Metadata)
        && let Some(Value::Object(metadata)) = last("metadata")
    {
        changes.metadata = Some(metadata);
    }
    if scope.contains(&RestoreScope::Permissions)
        && let Some(permissions) = last("permissions")
    {
        let permissions: Permissions = json::from_value(permissions).map_err(unreadable)?;
        changes.permissions = Some(permissions);
    }
    Ok(changes)
}

fn unreadable(_: json::Error) -> DomainError {
    let message = "The audit trail of the model cannot be read.";
    DomainError::new(Code::RecoveryRequiresRepair, message)
}

#[cfg(test)]
mod tests;
