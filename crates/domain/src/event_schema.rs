//! The JSON Schema of every event's data, by its type and version.
//!
//! Made of the types that the events are made of. What the database writes by itself has types for
//! the sake of this in [`by_database`]. The schemas are kept in the repository and served; every event
//! that the tests leave behind is held against them.

mod by_database;

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::function_model::changes::{ActionData, ContainerData};
use crate::function_model::{self, IoNode, KnowledgeAction, NestedAction, StageNode, TetherAction};
use crate::upcast::UPCASTS;
use crate::{node_link, organization};

/// An event's type, the newest version of it, and the JSON Schema of its data.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventSchema {
    /// Such as `ContainerNodeAdded`.
    pub event_type: String,
    /// The version that new events have, and that older ones are read as.
    pub event_version: u32,
    /// JSON Schema (draft 2020-12) of the event's `data`.
    pub schema: Map<String, Value>,
}

/// The schemas of all types of events.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventSchemas {
    /// By type.
    pub items: Vec<EventSchema>,
}

/// The schemas of all types of events, by type.
pub fn event_schemas() -> EventSchemas {
    let mut all = function_model::events::event_schemas();
    all.extend(node_link::events::event_schemas());
    all.extend(organization::event_schemas());
    all.extend(by_database::event_schemas());
    let described = all.into_iter().map(|(event_type, schema)| {
        let mut schema = schema;
        // A field that the type does not know is a mistake, whatever types it is put together of.
        schema.insert("unevaluatedProperties".to_owned(), false.into());
        EventSchema {
            event_type: event_type.to_owned(),
            event_version: UPCASTS.newest(event_type),
            schema: std::mem::take(schema.ensure_object()),
        }
    });
    let mut items: Vec<EventSchema> = described.collect();
    items.sort_by(|one, two| one.event_type.cmp(&two.event_type));
    EventSchemas { items }
}

/// The schema of what a type is written as.
pub(crate) fn of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

/// The fields of one of several types, which the event does not name again.
macro_rules! one_of {
    ($($data:ident: $($of:ident)+;)+) => {
        $(impl JsonSchema for $data {
            fn schema_name() -> Cow<'static, str> {
                stringify!($data).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({ "anyOf": [$(generator.subschema_for::<$of>()),+] })
            }
        })+
    };
}

one_of! {
    ContainerData: IoNode StageNode;
    ActionData: TetherAction KnowledgeAction NestedAction;
}

#[cfg(test)]
mod tests;
