//! What the events of a model make: it, its containers and actions, and its versions.

use serde_json::{Map, Value, json};

use super::{Recorded, Rows, Saves, columns, timestamp, unreadable};
use crate::error::DomainError;
use crate::function_model::events::FunctionModelCreated;
use crate::function_model::{Event, FunctionModel, Version, evolve, snapshot};
use crate::ids::{UserId, VersionId};
use crate::json;
use crate::workflow::compile::compile;

/// The tables of a model.
const MODELS: &str = "function_models";
const VERSIONS: &str = "function_model_versions";

/// Events that change no row.
const REMARKS: [&str; 2] = ["WorkflowValidationCompleted", "NodeContextUpdated"];

/// A stream on its way.
#[derive(Default)]
struct Replay<'a> {
    model: Option<FunctionModel>,
    created_at: &'a str,
    updated_at: &'a str,
    saves: Saves<'a>,
    versions: Map<String, Value>,
    /// The version that is stored when the save ends.
    pending: Option<Pending>,
}

/// A version without its snapshot.
struct Pending {
    version_id: VersionId,
    number: Version,
    author: UserId,
    is_published: bool,
    notes: Option<String>,
    previous: Option<Version>,
}

pub(super) fn replay(events: &[Recorded]) -> Result<Option<Rows>, DomainError> {
    let mut replay = Replay::default();
    for recorded in events {
        if REMARKS.contains(&recorded.event_type.as_str()) {
            continue;
        }
        if recorded.event_type == "FunctionModelPurged" {
            replay = Replay::default();
            continue;
        }
        let event = json!({
            "eventType": recorded.event_type,
            "eventVersion": recorded.event_version,
            "data": recorded.data,
        });
        let event = Event::from_json(&event).map_err(|why| unreadable(recorded, &why.message))?;
        replay.take(recorded, &event)?;
    }
    replay.store_version();
    let (created_at, updated_at) = (replay.created_at, replay.updated_at);
    Ok(replay.model.map(|mut model| {
        model.revision = replay.saves.count;
        model_rows(&model, [created_at, updated_at], replay.versions)
    }))
}

impl<'a> Replay<'a> {
    fn take(&mut self, recorded: &'a Recorded, event: &Event) -> Result<(), DomainError> {
        if self.saves.take(recorded) {
            self.store_version();
            self.updated_at = &recorded.occurred_at;
        }
        let previous = self
            .model
            .as_ref()
            .map(|model| model.current_version.clone());
        self.model = match (self.model.take(), event) {
            (None, Event::FunctionModelCreated(created)) => {
                self.created_at = &recorded.occurred_at;
                Some(evolve::create(created))
            }
            (Some(model), event) => Some(evolve(model, event)),
            (None, _) => return Err(unreadable(recorded, "nothing was created before it")),
        };
        self.pending = match event {
            Event::FunctionModelCreated(created) => first_version(created),
            Event::FunctionModelPublished(published) => {
                published.version_id.map(|version_id| Pending {
                    version_id,
                    number: published.version.clone(),
                    author: published.published_by,
                    is_published: true,
                    notes: published.publish_notes.clone(),
                    previous,
                })
            }
            Event::FunctionModelVersionCreated(made) if self.pending.is_none() => {
                made.version_id.map(|version_id| Pending {
                    version_id,
                    number: made.new_version.clone(),
                    author: made.created_by,
                    is_published: false,
                    notes: made.version_notes.clone(),
                    previous,
                })
            }
            _ => return Ok(()),
        }
        .or_else(|| self.pending.take());
        Ok(())
    }

    /// The save is over: its version, if it made one, has the content of now.
    fn store_version(&mut self) {
        let (Some(pending), Some(model)) = (self.pending.take(), &self.model) else {
            return;
        };
        if pending.is_published {
            for former in self.versions.values_mut() {
                former["is_published"] = false.into();
            }
        }
        let row = json!({
            "version_id": pending.version_id,
            "model_id": model.model_id,
            "version_number": pending.number,
            "version_data": snapshot(model),
            "author_id": pending.author,
            "is_published": pending.is_published,
            "notes": pending.notes,
            "previous_version": pending.previous,
            "created_at": self.updated_at,
        });
        self.versions.insert(pending.version_id.to_string(), row);
    }
}

fn first_version(created: &FunctionModelCreated) -> Option<Pending> {
    Some(Pending {
        version_id: created.version_id?,
        number: created.version.clone(),
        author: created.created_by,
        is_published: false,
        notes: None,
        previous: None,
    })
}

/// The rows of a model that was created and last saved at these times, with rows of versions.
pub fn model_rows(
    model: &FunctionModel,
    [created_at, updated_at]: [&str; 2],
    versions: Map<String, Value>,
) -> Map<String, Value> {
    let model_id = model.model_id.to_string();
    let mut row = columns(json::to_value(model));
    row.remove("nodes");
    row.remove("action_nodes");
    row.insert("created_at".into(), created_at.into());
    for column in ["updated_at", "last_saved_at"] {
        row.insert(column.into(), updated_at.into());
    }
    if let Some(deletion) = &model.deletion {
        row.insert("deleted_at".into(), timestamp(deletion.deleted_at).into());
        let until = deletion.retain_until.map(timestamp);
        row.insert("retain_until".into(), until.into());
    }
    let nodes = model.nodes.values().map(|node| {
        let mut row = part(json::to_value(node), &model_id);
        let place = row.remove("position").unwrap_or_default();
        row.insert("position_x".into(), place["x"].clone());
        row.insert("position_y".into(), place["y"].clone());
        (node.node_id.to_string(), row.into())
    });
    let actions = model.action_nodes.values().map(|action| {
        let row = part(json::to_value(action), &model_id);
        (action.action_id.to_string(), row.into())
    });
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
        let instant = row.get(column).and_then(Value::as_str);
        if let Some(instant) = instant.and_then(crate::instant::Instant::parse) {
            row.insert(column.into(), timestamp(instant).into());
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
    let created = json!({"eventType": "FunctionModelCreated", "eventVersion": 1, "data": {
        "modelId": version["model_id"], "name": version["version_data"]["name"],
        "version": version["version_number"], "permissions": {"owner": version["author_id"]},
        "createdBy": version["author_id"], "createdAt": version["created_at"],
    }});
    match Event::from_json(&created)? {
        Event::FunctionModelCreated(created) => Ok(evolve::create(&created)),
        _ => Err(DomainError::new(
            crate::error::Code::EventSchemaInvalid,
            "No creation.",
        )),
    }
}
