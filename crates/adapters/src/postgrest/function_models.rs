//! The models: read in one request, with whatever is needed to judge the caller; saved in one
//! command that carries only what changed.

use domain::sorted::{self, SortedMap, SortedSet};

use domain::function_model::{ContainerNode, Event, FunctionModel};
use domain::highlight;
use domain::ids::ModelId;
use domain::json;
use domain::vocabulary::ModelStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Clock, DeletedFilter, Extent, FoundByWords, FoundModel, FunctionModels, JointSave, ModelFilter,
    ModelRelations, ModelSave, ModelSort, NestedModel, NewVersion, Page, PageRequest, PortError,
    PortErrorKind, SortOrder, VersionRef, Written,
};

use super::client::{Read, Session};
use super::nested_models;
use super::organizations::Membership;
use super::parts;
use super::query::{Order, selected};
use super::table::{Table, page_of_rows, parse};
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
    "retain_until",
    "revision",
];
/// Of models found by words; none of them is deleted.
const FOUND: &[&str] = &[
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
    #[serde(default)]
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

    /// The service reads no table; a function finds the model for it.
    async fn find_for_service(
        &self,
        operation: &'static str,
        context: &Context,
        model_id: ModelId,
        extent: Extent,
    ) -> Result<Option<FoundModel>, PortError> {
        let names = (operation, "find_function_model_for_service");
        let whole = extent != Extent::Header;
        let question = json!({"modelId": model_id.to_string(), "withStructure": whole});
        let asked = self.session.ask::<Value>(names, &context.actor, &question);
        let row = asked.await?;
        let found = row.map(found).transpose();
        found.map_err(|error| {
            let detail = format!("modelId {model_id}: {error}");
            PortError::new(PortErrorKind::Corrupt, operation, detail)
        })
    }
}

/// Narrows a read of models.
fn filtered(mut read: Read, filter: &ModelFilter) -> Read {
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

fn order_of(filter: &ModelFilter) -> Order {
    Order {
        column: match filter.sort_by {
            ModelSort::Name => "name",
            ModelSort::CreatedAt => "created_at",
            ModelSort::UpdatedAt => "updated_at",
            ModelSort::LastSavedAt => "last_saved_at",
        },
        tie: "model_id",
        direction: filter.sort_order,
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
        if context.actor.service {
            return self
                .find_for_service(operation, context, model_id, extent)
                .await;
        }
        let columns = match extent {
            Extent::Header => format!("{},{JUDGED_BY}", selected(COLUMNS)),
            Extent::Whole => format!("{},{STRUCTURE},{JUDGED_BY}", selected(COLUMNS)),
            part => format!("{},{JUDGED_BY},{}", selected(COLUMNS), parts::asked(part)),
        };
        let read = self
            .session
            .read("function_models", columns)
            .eq("model_id", model_id)
            .is("published.is_published", "true")
            .eq("organization.members.user_id", context.actor.user_id)
            .limit(1);
        let read = parts::narrowed(read, extent);
        let (rows, _) = self.session.rows(operation, read).await?;
        let found = rows.into_iter().next().map(found).transpose();
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
        let order = order_of(filter);
        let read = TABLE.read(&self.session).is("deleted_at", "null");
        let read = filtered(read, filter);
        TABLE
            .page(&self.session, "function_models.list", read, order, page)
            .await
    }

    async fn search(
        &self,
        _context: &Context,
        query: &str,
        filter: &ModelFilter,
        by_rank: bool,
        page: &PageRequest,
    ) -> Result<Page<FoundByWords>, PortError> {
        let order = match by_rank {
            true => Order::newest_first("rank", "model_id"),
            false => order_of(filter),
        };
        let columns = format!("{},rank", selected(FOUND));
        let found = self.session.found(
            "search_function_models",
            &json!({ "query": query }),
            columns,
        );
        let read = filtered(found, filter);
        let operation = "function_models.search";
        let page = page_of_rows(&self.session, operation, read, order, page).await?;
        let words = highlight::words(query);
        let items = page.items.into_iter().map(|row| {
            let model = parse::<FunctionModel>(operation, row)?;
            Ok(FoundByWords::new(model, &words))
        });
        Ok(Page {
            items: items.collect::<Result<_, PortError>>()?,
            next: page.next,
            total: page.total,
        })
    }

    async fn nested_models(
        &self,
        _context: &Context,
        model_ids: &[ModelId],
    ) -> Result<SortedMap<ModelId, NestedModel>, PortError> {
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

    async fn relations(
        &self,
        context: &Context,
        model_id: ModelId,
    ) -> Result<Option<ModelRelations>, PortError> {
        let names = ("function_models.relations", "read_model_relations");
        let question = json!({"modelId": model_id.to_string()});
        self.session.ask(names, &context.actor, &question).await
    }

    async fn list_deleted(
        &self,
        _context: &Context,
        filter: &DeletedFilter,
        page: &PageRequest,
    ) -> Result<Page<FunctionModel>, PortError> {
        let order = Order {
            column: "deleted_at",
            tie: "model_id",
            direction: SortOrder::Desc,
        };
        let mut read = TABLE.read(&self.session).has("deleted_at");
        if let Some(before) = filter.deleted_before {
            read = read.lt("deleted_at", before);
        }
        if let Some(user) = filter.deleted_by {
            read = read.eq("deleted_by", user);
        }
        if let Some(until) = filter.retained_until {
            read = read.lt("retain_until", until);
        }
        let operation = "function_models.list_deleted";
        TABLE
            .page(&self.session, operation, read, order, page)
            .await
    }

    async fn save_all(
        &self,
        context: &Context,
        changes: Vec<JointSave<'_>>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let names = ("function_models.save_all", "save_function_models");
        let saves = changes.into_iter().map(|joint| {
            let mut save = saved(&joint.change);
            if !joint.removed_links.is_empty() {
                save["removedLinks"] = json!(joint.removed_links);
            }
            save
        });
        let command = json!({"models": saves.collect::<Vec<Value>>()});
        self.session
            .remove(names, context, answer.as_ref(), &command)
            .await
    }

    async fn purge(
        &self,
        context: &Context,
        model_id: ModelId,
        revision: i64,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let names = ("function_models.purge", "purge_function_model");
        let command = json!({"modelId": model_id.to_string(), "expectedRevision": revision});
        self.session
            .remove(names, context, answer.as_ref(), &command)
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

/// Reads a row: its model, and what judges the caller.
fn found(mut row: Value) -> Result<FoundModel, json::Error> {
    let judged = json!({
        "published": row.get_mut("published").map(Value::take),
        "organization": row.get_mut("organization").map(Value::take),
    });
    let judged: Judged = json::from_value(judged)?;
    let members = judged.organization.map(|organization| organization.members);
    let own = members.into_iter().flatten().next();
    let besides = parts::put_together(&mut row);
    Ok(FoundModel {
        model: json::from_value(row)?,
        besides,
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
    if let [Event::FunctionModelCreated(_)] = change.events {
        // This event tells all that there is to store, the first snapshot included.
        if let Some(version) = &change.version {
            let mut version = version_json(version);
            if let Some(fields) = version.as_object_mut() {
                fields.remove("versionData");
            }
            command["version"] = version;
        }
        return command;
    }
    if !delta.containers_put.is_empty() || !delta.containers_removed.is_empty() {
        let put = delta.containers_put.iter();
        let mut put: Vec<&ContainerNode> = put.filter_map(|id| model.nodes.get(id)).collect();
        // The order of the list becomes the order of creation.
        sorted::sort_by_key(&mut put, |node| (node.created_at, node.node_id));
        let put = put.into_iter();
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
    removed: &SortedSet<U>,
    [put_name, removed_name]: [&str; 2],
) -> Value {
    let put: Vec<&T> = put.collect();
    json!({put_name: json::to_value(&put), removed_name: json::to_value(removed)})
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
        json["plan"] = json::to_value(plan);
    }
    json
}

#[cfg(test)]
mod lifecycle_tests;
#[cfg(test)]
mod tests;
