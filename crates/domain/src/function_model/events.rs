//! What happened to a model. The JSON of these events is kept for years: it is a contract.

mod action;
mod container;
mod model;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Code, DomainError};
use crate::ids::ModelId;

pub use action::{
    ActionNodeAdded, ActionNodeExecutionModeChanged, ActionNodeExecutionOrderChanged,
    ActionNodeModified, ActionNodePriorityChanged, ActionNodeRemoved, ActionNodeRetryPolicyUpdated,
    ActionNodeStatusChanged,
};
pub use container::{
    ContainerNodeAdded, ContainerNodeModified, ContainerNodeRemoved, NodeDependencyAdded,
    NodeDependencyRemoved,
};
pub use model::{
    FunctionModelCreated, FunctionModelPublished, FunctionModelUpdated,
    FunctionModelVersionCreated, WorkflowValidationCompleted,
};

/// The version of the events' JSON.
pub const EVENT_VERSION: u32 = 1;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// Something that happened to a model.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "eventType", content = "data")]
        #[cfg_attr(not(target_arch = "wasm32"), expect(clippy::large_enum_variant, reason = "events live in short lists"))]
        pub enum Event {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Event {
            /// The type on the wire.
            pub const fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($variant),)* }
            }

            /// The model it happened to.
            pub const fn model_id(&self) -> ModelId {
                match self { $(Self::$variant(event) => event.model_id,)* }
            }
        }

        $(
            impl From<$variant> for Event {
                fn from(event: $variant) -> Self {
                    Self::$variant(event)
                }
            }
        )*
    };
}

events! {
    /// The model came into being.
    FunctionModelCreated,
    /// Fields of the model changed.
    FunctionModelUpdated,
    /// The model was published.
    FunctionModelPublished,
    /// A number was issued.
    FunctionModelVersionCreated,
    /// A container came.
    ContainerNodeAdded,
    /// Fields of a container changed.
    ContainerNodeModified,
    /// A container went, with its actions.
    ContainerNodeRemoved,
    /// A container waits for another.
    NodeDependencyAdded,
    /// A container waits no longer.
    NodeDependencyRemoved,
    /// An action came.
    ActionNodeAdded,
    /// Fields of an action changed.
    ActionNodeModified,
    /// An action went.
    ActionNodeRemoved,
    /// An action moved among its neighbours.
    ActionNodeExecutionOrderChanged,
    /// An action runs differently beside its neighbours.
    ActionNodeExecutionModeChanged,
    /// An action became more or less urgent.
    ActionNodePriorityChanged,
    /// An action is retried differently.
    ActionNodeRetryPolicyUpdated,
    /// An action has another status.
    ActionNodeStatusChanged,
    /// The model was validated.
    WorkflowValidationCompleted,
}

impl Event {
    /// The event as commands to the database carry it: `{eventType, eventVersion, data}`.
    pub fn to_json(&self) -> Value {
        let mut json = match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            _ => Map::new(),
        };
        json.insert("eventVersion".to_owned(), EVENT_VERSION.into());
        Value::Object(json)
    }

    /// Reads an event of the log.
    ///
    /// # Errors
    /// `EVENT_SCHEMA_INVALID` for an unknown version or type, and data that does not fit it.
    pub fn from_json(json: &Value) -> Result<Self, DomainError> {
        let version = json.get("eventVersion").and_then(Value::as_u64);
        if version != Some(u64::from(EVENT_VERSION)) {
            let message = "The event is of an unknown version.";
            return Err(DomainError::new(Code::EventSchemaInvalid, message));
        }
        Self::deserialize(json).map_err(|error| {
            DomainError::new(
                Code::EventSchemaInvalid,
                format!("The event is malformed: {error}"),
            )
        })
    }
}

#[cfg(test)]
mod tests;
