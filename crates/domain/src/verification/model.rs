//! What the events of a model make: it, its containers and actions, and its versions.
//!
//! The events are applied to JSON in wire form, as `evolve` applies them to a model: reading every
//! event as its type would make the module larger by a twentieth. A test compares both.

use serde_json::{Map, Value, json};

use super::{Recorded, Rows, Saves, columns, timestamp, unreadable};
use crate::error::{Code, DomainError};
use crate::function_model::events::FunctionModelCreated;
use crate::function_model::{FunctionModel, ModelName, Permissions, Version, evolve};
use crate::ids::{ModelId, UserId};
use crate::instant::Instant;
use crate::json;
use crate::limits::JsonObject;
use crate::upcast::UPCASTS;
use crate::workflow::compile::compile;

/// The tables of a model.
const MODELS: &str = "function_models";
const VERSIONS: &str = "function_model_versions";

/// Events that change no row.
const REMARKS: [&str; 2] = ["WorkflowValidationCompleted", "NodeContextUpdated"];
/// The columns that a creation tells under their own names.
const CREATED: [&str; 7] = [
    "modelId",
    "name",
    "description",
    "organizationId",
    "metadata",
    "aiAgentConfig",
    "permissions",
];
/// What a version keeps beside nodes and actions.
const CONTENT: [&str; 4] = ["name", "description", "aiAgentConfig", "metadata"];
/// Who and when, beside a container or an action that was added.
const AROUND: [&str; 3] = ["modelId", "addedBy", "addedAt"];

/// A stream on its way.
#[derive(Default)]
struct Replay<'a> {
    /// The model's own fields; none before its creation.
    model: Option<Map<String, Value>>,
    nodes: Map<String, Value>,
    actions: Map<String, Value>,
    created_at: &'a str,
    updated_at: &'a str,
    saves: Saves<'a>,
    versions: Map<String, Value>,
    /// The version that is stored when the save ends: its row without the snapshot.
    pending: Option<Map<String, Value>>,
}

pub(super) fn replay(events: &[Recorded]) -> Result<Option<Rows>, DomainError> {
    let mut replay = Replay::default();
    for event in events {
        if event.event_version != UPCASTS.newest(&event.event_type) {
            return Err(unreadable(event, "its version is unknown"));
        }
        match event.event_type.as_str() {
            remark if REMARKS.contains(&remark) => {}
            "FunctionModelPurged" => replay = Replay::default(),
            _ => replay.take(event)?,
        }
    }
    replay.store_version();
    Ok(replay.rows())
}

impl<'a> Replay<'a> {
    fn take(&mut self, event: &'a Recorded) -> Result<(), DomainError> {
        if self.saves.take(event) {
            self.store_version();
            self.updated_at = &event.occurred_at;
        }
        if event.event_type == "FunctionModelCreated" {
            self.create(event);
            return Ok(());
        }
        let Some(mut model) = self.model.take() else {
            return Err(unreadable(event, "nothing was created before it"));
        };
        let known = self.of_model(&mut model, event) || self.of_part(event);
        self.model = Some(model);
        match known {
            true => Ok(()),
            false => Err(unreadable(event, "its type is unknown")),
        }
    }

    fn create(&mut self, event: &'a Recorded) {
        self.created_at = &event.occurred_at;
        let told = CREATED
            .iter()
            .map(|name| ((*name).to_owned(), event.field(name)));
        let mut model: Map<String, Value> = told.filter(|(_, value)| !value.is_null()).collect();
        let version = event.field("version");
        model.insert("status".into(), "draft".into());
        model.insert("version".into(), version.clone());
        model.insert("currentVersion".into(), version.clone());
        model.insert("versionCount".into(), 1.into());
        model.insert("userId".into(), event.data["permissions"]["owner"].clone());
        self.model = Some(model);
        self.nodes = keyed(&event.data["nodes"], "nodeId").collect();
        self.actions = keyed(&event.data["actionNodes"], "actionId").collect();
        self.version([
            ("version_id", event.field("versionId")),
            ("version_number", version),
            ("author_id", event.field("createdBy")),
            ("is_published", false.into()),
        ]);
    }

    /// What happened to the model's own fields; false for anything else.
    fn of_model(&mut self, model: &mut Map<String, Value>, event: &Recorded) -> bool {
        let previous = model.get("currentVersion").cloned().unwrap_or_default();
        let mut put = |name: &str, value: Value| {
            model.insert(name.to_owned(), value);
        };
        match event.event_type.as_str() {
            "FunctionModelUpdated" => {
                if let Value::Object(changes) = event.field("changes") {
                    self.update(model, changes);
                }
            }
            "FunctionModelPublished" => {
                put("status", "published".into());
                put("version", event.field("version"));
                put("currentVersion", event.field("version"));
                self.version([
                    ("version_id", event.field("versionId")),
                    ("version_number", event.field("version")),
                    ("author_id", event.field("publishedBy")),
                    ("is_published", true.into()),
                    ("notes", event.field("publishNotes")),
                    ("previous_version", previous),
                ]);
            }
            "FunctionModelVersionCreated" => {
                put("version", event.field("newVersion"));
                if event.data.get("versionId").is_some() {
                    put("currentVersion", event.field("newVersion"));
                }
                let count = model.get("versionCount").and_then(Value::as_i64);
                model.insert("versionCount".into(), json!(count.unwrap_or_default() + 1));
                // Publishing has told its version already.
                if self.pending.is_none() {
                    self.version([
                        ("version_id", event.field("versionId")),
                        ("version_number", event.field("newVersion")),
                        ("author_id", event.field("createdBy")),
                        ("is_published", false.into()),
                        ("notes", event.field("versionNotes")),
                        ("previous_version", previous),
                    ]);
                }
            }
            "FunctionModelArchived" => put("status", "archived".into()),
            "FunctionModelSoftDeleted" => {
                put("deletedAt", column_time(&event.data["deletedAt"]));
                put("deletedBy", event.field("deletedBy"));
                put("retainUntil", column_time(&event.data["retainUntil"]));
            }
            "FunctionModelRestored" => {
                for name in ["deletedAt", "deletedBy", "retainUntil"] {
                    model.remove(name);
                }
                if let Some(name) = event.data.get("newName") {
                    model.insert("name".into(), name.clone());
                }
            }
            _ => return false,
        }
        true
    }

    fn update(&mut self, model: &mut Map<String, Value>, changes: Map<String, Value>) {
        for (name, value) in changes {
            match name.as_str() {
                "nodes" => self.nodes.extend(keyed(&value, "nodeId")),
                "actionNodes" => self.actions.extend(keyed(&value, "actionId")),
                "removedNodes" => remove(&mut self.nodes, &value),
                "removedActionNodes" => remove(&mut self.actions, &value),
                _ => {
                    if name == "permissions" {
                        model.insert("userId".into(), value["owner"].clone());
                    }
                    set(model, name, value);
                }
            }
        }
    }

    /// What happened to a container or an action; false for anything else.
    fn of_part(&mut self, event: &Recorded) -> bool {
        let at = ["modifiedAt", "changedAt", "updatedAt"];
        let at = at.iter().find_map(|name| event.data.get(*name)).cloned();
        let action = text(&event.data["actionId"]);
        let node = text(&event.data["nodeId"]);
        let one = |field: &str, value: &str| {
            let mut changes = Map::new();
            changes.insert(field.to_owned(), event.field(value));
            changes
        };
        let fields = |value: Value| match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let edge = event.field("dependencyId");
        match event.event_type.as_str() {
            "ContainerNodeAdded" => {
                self.nodes.insert(node, added(event));
            }
            "ContainerNodeModified" => {
                modify(&mut self.nodes, &node, fields(event.field("changes")), at);
            }
            "ContainerNodeRemoved" => {
                self.nodes.remove(&node);
                remove(&mut self.actions, &event.data["cascadedActions"]);
            }
            "NodeDependencyAdded" | "NodeDependencyRemoved" => {
                let edges = self
                    .nodes
                    .get(&node)
                    .map(|node| node["dependencies"].clone());
                let mut edges = edges
                    .as_ref()
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                edges.retain(|other| *other != edge);
                if event.event_type == "NodeDependencyAdded" {
                    edges.push(edge);
                }
                let changes = json!({ "dependencies": edges });
                modify(&mut self.nodes, &node, fields(changes), at);
            }
            "ActionNodeAdded" => {
                self.actions.insert(action, added(event));
            }
            "ActionNodeRemoved" => {
                self.actions.remove(&action);
            }
            "ActionNodeModified" => {
                modify(
                    &mut self.actions,
                    &action,
                    fields(event.field("changes")),
                    at,
                );
            }
            "ActionNodeExecutionOrderChanged" => {
                modify(
                    &mut self.actions,
                    &action,
                    one("executionOrder", "newOrder"),
                    at,
                );
            }
            "ActionNodeExecutionModeChanged" => {
                modify(
                    &mut self.actions,
                    &action,
                    one("executionMode", "newMode"),
                    at,
                );
            }
            "ActionNodePriorityChanged" => {
                modify(
                    &mut self.actions,
                    &action,
                    one("priority", "newPriority"),
                    at,
                );
            }
            "ActionNodeRetryPolicyUpdated" => {
                modify(
                    &mut self.actions,
                    &action,
                    one("retryPolicy", "retryPolicy"),
                    at,
                );
            }
            "ActionNodeStatusChanged" => {
                modify(
                    &mut self.actions,
                    &action,
                    one("status", "currentStatus"),
                    at,
                );
            }
            _ => return false,
        }
        true
    }

    /// The save makes a version, unless its event names none.
    fn version<const N: usize>(&mut self, columns: [(&str, Value); N]) {
        let row: Map<String, Value> = columns
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect();
        if row.get("version_id").is_some_and(Value::is_string) {
            self.pending = Some(row);
        }
    }

    /// The save is over: its version, if it made one, has the content of now.
    fn store_version(&mut self) {
        let (Some(mut row), Some(model)) = (self.pending.take(), &self.model) else {
            return;
        };
        if row.get("is_published") == Some(&Value::Bool(true)) {
            for former in self.versions.values_mut() {
                former["is_published"] = false.into();
            }
        }
        let content = CONTENT.iter().filter_map(|name| {
            let value = model.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        let mut content: Map<String, Value> = content.collect();
        content.insert("nodes".into(), Value::Object(self.nodes.clone()));
        content.insert("actionNodes".into(), Value::Object(self.actions.clone()));
        row.insert("version_data".into(), Value::Object(content));
        row.insert(
            "model_id".into(),
            model.get("modelId").cloned().unwrap_or_default(),
        );
        row.insert("created_at".into(), self.updated_at.into());
        let key = row.get("version_id").map(text).unwrap_or_default();
        self.versions.insert(key, Value::Object(row));
    }

    fn rows(self) -> Option<Rows> {
        let mut model = self.model?;
        model.insert("revision".into(), self.saves.count.into());
        let parts = [self.nodes, self.actions];
        let times = [self.created_at, self.updated_at];
        Some(rows_of(model, parts, times, self.versions))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Parts of a model by their ids.
fn keyed(list: &Value, id: &str) -> impl Iterator<Item = (String, Value)> {
    let list = list.as_array().into_iter().flatten();
    list.map(move |part| (text(&part[id]), part.clone()))
}

fn remove(parts: &mut Map<String, Value>, ids: &Value) {
    for id in ids.as_array().into_iter().flatten() {
        parts.remove(id.as_str().unwrap_or_default());
    }
}

/// Sets a field; null clears it.
fn set(fields: &mut Map<String, Value>, name: String, value: Value) {
    match value {
        Value::Null => fields.remove(&name),
        value => fields.insert(name, value),
    };
}

fn modify(
    parts: &mut Map<String, Value>,
    id: &str,
    changes: Map<String, Value>,
    at: Option<Value>,
) {
    let Some(part) = parts.get_mut(id).and_then(Value::as_object_mut) else {
        return;
    };
    for (name, value) in changes {
        set(part, name, value);
    }
    part.insert("updatedAt".into(), at.unwrap_or_default());
}

/// The part that an event of adding has inside.
fn added(event: &Recorded) -> Value {
    let mut part = event.data.clone();
    if let Some(fields) = part.as_object_mut() {
        fields.retain(|name, _| !AROUND.contains(&name.as_str()));
    }
    part
}

fn column_time(value: &Value) -> Value {
    let instant = value.as_str().and_then(Instant::parse);
    instant.map(timestamp).into()
}

/// The rows of a model that was created and last saved at these times, with rows of versions.
pub fn model_rows(
    model: &FunctionModel,
    times: [&str; 2],
    versions: Map<String, Value>,
) -> Map<String, Value> {
    let Value::Object(mut fields) = json::to_value(model) else {
        return Map::new();
    };
    let mut part = |name: &str| match fields.remove(name) {
        Some(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    let parts = [part("nodes"), part("actionNodes")];
    for name in ["deletedAt", "retainUntil"] {
        if let Some(value) = fields.get_mut(name) {
            *value = column_time(value);
        }
    }
    rows_of(fields, parts, times, versions)
}

fn rows_of(
    model: Map<String, Value>,
    [nodes, actions]: [Map<String, Value>; 2],
    [created_at, updated_at]: [&str; 2],
    versions: Map<String, Value>,
) -> Rows {
    let model_id = model.get("modelId").map(text).unwrap_or_default();
    let mut row = columns(Value::Object(model));
    row.insert("created_at".into(), created_at.into());
    for column in ["updated_at", "last_saved_at"] {
        row.insert(column.into(), updated_at.into());
    }
    let nodes = nodes.into_iter().map(|(id, node)| {
        let mut row = part(node, &model_id);
        let place = row.remove("position").unwrap_or_default();
        row.insert("position_x".into(), place["x"].clone());
        row.insert("position_y".into(), place["y"].clone());
        (id, row.into())
    });
    let actions = actions
        .into_iter()
        .map(|(id, action)| (id, part(action, &model_id).into()));
    let mut rows = super::one(MODELS, &model_id, row);
    let tables: [(&str, Map<String, Value>); 3] = [
        ("container_nodes", nodes.collect()),
        ("action_nodes", actions.collect()),
        (VERSIONS, versions),
    ];
    for (table, content) in tables {
        if !content.is_empty() {
            rows.insert(table.into(), Value::Object(content));
        }
    }
    rows
}

/// A container or an action as a row.
fn part(fields: Value, model_id: &str) -> Map<String, Value> {
    let mut row = columns(fields);
    row.insert("model_id".into(), model_id.into());
    for column in ["created_at", "updated_at"] {
        if let Some(value) = row.get_mut(column) {
            *value = column_time(value);
        }
    }
    row
}

/// The plans of the published versions among replayed rows, by the version. `stored` are the rows
/// that are there: only versions that are missing need their plans anew.
///
/// # Errors
/// As reading a snapshot and compiling it.
pub fn plans(stored: &Value, replayed: &Value) -> Result<Map<String, Value>, DomainError> {
    let mut plans = Map::new();
    let versions = replayed[VERSIONS].as_object().into_iter().flatten();
    for (id, version) in versions {
        if !stored[VERSIONS][id].is_null() {
            continue;
        }
        let header = blank(version)?;
        let model = FunctionModel::from_snapshot(header, &version["version_data"])?;
        // What was never ready to run has no plan.
        if let Ok(plan) = compile(&model) {
            plans.insert(id.clone(), json::to_value(&plan));
        }
    }
    Ok(plans)
}

/// A model to put the content of a version into.
fn blank(version: &Value) -> Result<FunctionModel, DomainError> {
    let unreadable = || DomainError::new(Code::EventSchemaInvalid, "A version names no model.");
    let model_id = version["model_id"]
        .as_str()
        .and_then(|id| ModelId::parse(id).ok());
    let author = version["author_id"]
        .as_str()
        .and_then(|id| UserId::parse(id).ok());
    let (model_id, by) = model_id.zip(author).ok_or_else(unreadable)?;
    Ok(evolve::create(&FunctionModelCreated {
        model_id,
        name: ModelName::placeholder(),
        description: None,
        version: Version::INITIAL,
        permissions: Permissions::of_owner(by),
        organization_id: None,
        metadata: JsonObject::new(),
        ai_agent_config: None,
        template_id: None,
        duplicated_from: None,
        version_id: None,
        nodes: Vec::new(),
        action_nodes: Vec::new(),
        created_by: by,
        created_at: Instant::from_millis(0),
    }))
}
