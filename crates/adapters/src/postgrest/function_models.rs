//! The models: read in one request, with whatever is needed to judge the caller; saved in one
//! command that carries only what changed.

use std::collections::{BTreeMap, BTreeSet};

use domain::function_model::{Event, FunctionModel};
use domain::ids::ModelId;
use domain::vocabulary::ModelStatus;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use use_cases::context::Context;
use use_cases::ports::{
    Clock, Extent, FoundModel, FunctionModels, ModelFilter, ModelSave, ModelSort, NestedModel,
    NewVersion, Page, PageRequest, PortError, PortErrorKind, VersionRef, Written,
};

use super::client::{Read, Session};
use super::nested_models;
use super::organizations::Membership;
use super::query::{Order, selected};
use super::table::Table;
use crate::http::Transport;

const COLUMNS: &[&str] = &[
    "model_id",
    "name",
    "description",
    "version",
    "current_version",
    "version_count",
    "status",
    "ai_agent_config",
    "metadata",
    "permissions",
    "user_id",
    "organization_id",
    "created_at",
    "updated_at",
    "last_saved_at",
    "deleted_at",
    "deleted_by",
    "revision",
];
const TABLE: Table<FunctionModel> = Table::new("function_models", COLUMNS);

/// The published snapshot and the caller's own membership, embedded in the same answer.
const JUDGED_BY: &str = "published:function_model_versions(versionId:version_id,versionNumber:version_number),organization:organizations(members:organization_members(role))";
/// The computed fields that hold the structure in wire form. They are made in one pass over the
/// rows, which embedding the tables is not.
const STRUCTURE: &str = "nodes,actionNodes:action_nodes";

/// What of a row judges the caller.
#[derive(Deserialize)]
struct Judged {
    published: Vec<VersionRef>,
    organization: Option<Members>,
}

#[derive(Deserialize)]
struct Members {
    members: Vec<Membership>,
}

/// [`FunctionModels`] over PostgREST.
pub struct PostgrestFunctionModels<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestFunctionModels<H, C> {
    /// The models that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    fn filtered(&self, filter: &ModelFilter) -> Read {
        let mut read = TABLE.read(&self.session).is("deleted_at", "null");
        match filter.status {
            Some(status) => read = read.eq("status", status),
            None if !filter.include_archived => read = read.neq("status", ModelStatus::Archived),
            None => {}
        }
        if !filter.tags.is_empty() {
            read = read.contains("metadata", &json!({"tags": filter.tags}));
        }
        if let Some(after) = filter.created_after {
            read = read.gt("created_at", after);
        }
        if let Some(before) = filter.created_before {
            read = read.lt("created_at", before);
        }
        read.of_organization(filter.organization_id)
    }
}

impl<H: Transport, C: Clock> FunctionModels for PostgrestFunctionModels<H, C> {
    async fn find_by_id(
        &self,
        context: &Context,
        model_id: ModelId,
        extent: Extent,
    ) -> Result<Option<FoundModel>, PortError> {
        let operation = "function_models.find_by_id";
        let columns = match extent {
            Extent::Header => format!("{},{JUDGED_BY}", selected(COLUMNS)),
            Extent::Whole => format!("{},{STRUCTURE},{JUDGED_BY}", selected(COLUMNS)),
        };
        let read = self
            .session
            .read("function_models", columns)
            .eq("model_id", model_id)
            .is("published.is_published", "true")
            .eq("organization.members.user_id", context.actor.user_id)
            .limit(1);
        let (rows, _) = self.session.rows::<Box<RawValue>>(operation, read).await?;
        let found = rows.first().map(|row| found(row)).transpose();
        found.map_err(|error| {
            let detail = format!("modelId {model_id}: {error}");
            PortError::new(PortErrorKind::Corrupt, operation, detail)
        })
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &ModelFilter,
        page: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError> {
        let order = Order {
            column: match filter.sort_by {
                ModelSort::Name => "name",
                ModelSort::CreatedAt => "created_at",
                ModelSort::UpdatedAt => "updated_at",
                ModelSort::LastSavedAt => "last_saved_at",
            },
            tie: "model_id",
            direction: filter.sort_order,
        };
        let read = self.filtered(filter);
        TABLE
            .page(&self.session, "function_models.list", read, order, page)
            .await
    }

    async fn nested_models(
        &self,
        _context: &Context,
        model_ids: &[ModelId],
    ) -> Result<BTreeMap<ModelId, NestedModel>, PortError> {
        nested_models::read(&self.session, model_ids).await
    }

    async fn save(
        &self,
        context: &Context,
        change: ModelSave<'_>,
    ) -> Result<Written<i64>, PortError> {
        let names = ("function_models.save", "save_function_model");
        let command = saved(&change);
        self.session
            .save(names, context, change.answer.as_ref(), &command)
            .await
    }

    async fn record_events(
        &self,
        context: &Context,
        model_id: ModelId,
        events: Vec<Value>,
    ) -> Result<(), PortError> {
        let command = json!({
            "aggregateType": "function-model",
            "aggregateId": model_id,
            "events": events,
        });
        let names = ("function_models.record_events", "record_events");
        self.session
            .remove(names, context, None, &command)
            .await
            .map(|_| ())
    }
}

/// Reads a row twice: its model, and what judges the caller. The second pass only skips over the
/// structure, while one pass for both would buffer it.
fn found(row: &RawValue) -> Result<FoundModel, serde_json::Error> {
    let model: FunctionModel = serde_json::from_str(row.get())?;
    let judged: Judged = serde_json::from_str(row.get())?;
    let members = judged.organization.map(|organization| organization.members);
    let own = members.into_iter().flatten().next();
    Ok(FoundModel {
        model,
        role: own.map(|membership| membership.role),
        published: judged.published.into_iter().next(),
    })
}

/// The command of a save: only what differs from what is stored.
fn saved(change: &ModelSave<'_>) -> Value {
    let (model, delta) = (change.model, change.delta);
    let mut command = json!({
        "modelId": model.model_id,
        "expectedRevision": change.expected.number(),
        "model": delta.changed_columns(model),
    });
    let events: Vec<Value> = change.events.iter().map(Event::to_json).collect();
    command["events"] = Value::Array(events);
    if !delta.containers_put.is_empty() || !delta.containers_removed.is_empty() {
        let put = delta
            .containers_put
            .iter()
            .filter_map(|id| model.nodes.get(id));
        command["containers"] = changes(put, &delta.containers_removed, ["put", "remove"]);
    }
    if !delta.actions_put.is_empty() || !delta.actions_removed.is_empty() {
        let put = delta
            .actions_put
            .iter()
            .filter_map(|id| model.action_nodes.get(id));
        command["actions"] = changes(put, &delta.actions_removed, ["put", "remove"]);
    }
    if !delta.dependencies_added.is_empty() || !delta.dependencies_removed.is_empty() {
        let added = delta.dependencies_added.iter();
        command["dependencies"] = changes(added, &delta.dependencies_removed, ["add", "remove"]);
    }
    if let Some(version) = &change.version {
        command["version"] = version_json(version);
    }
    command
}

fn changes<'a, T: Serialize + 'a, U: Serialize>(
    put: impl Iterator<Item = &'a T>,
    removed: &BTreeSet<U>,
    [put_name, removed_name]: [&str; 2],
) -> Value {
    let put: Vec<&T> = put.collect();
    json!({put_name: put, removed_name: removed})
}

fn version_json(version: &NewVersion) -> Value {
    let mut json = json!({
        "versionId": version.version_id,
        "versionNumber": version.version_number,
        "versionData": version.version_data,
        "isPublished": version.is_published,
    });
    if let Some(notes) = &version.notes {
        json["notes"] = notes.as_str().into();
    }
    if let Some(previous) = &version.previous_version {
        json["previousVersion"] = previous.as_str().into();
    }
    if let Some(plan) = &version.plan {
        json["plan"] = json!(plan);
    }
    json
}

#[cfg(test)]
mod tests;
