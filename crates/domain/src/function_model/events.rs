//! What happened to a model. The JSON of these events is kept for years: it is a contract.

mod action;
mod container;
mod model;

use serde::de;
use serde_json::{Value, json};

use crate::error::{Code, DomainError};
use crate::ids::ModelId;
use crate::json;
use crate::upcast::UPCASTS;

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
    FunctionModelArchived, FunctionModelCreated, FunctionModelPublished, FunctionModelRestored,
    FunctionModelSoftDeleted, FunctionModelUpdated, FunctionModelVersionCreated,
    WorkflowValidationCompleted,
};

/// The version of the events' JSON.
pub const EVENT_VERSION: u32 = 1;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// Something that happened to a model.
        #[derive(Clone, Debug, PartialEq)]
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

            fn data(&self) -> Value {
                match self { $(Self::$variant(event) => json::to_value(event),)* }
            }

            fn read(event_type: &str, data: Value) -> Result<Self, json::Error> {
                match event_type {
                    $(stringify!($variant) => json::from_value(data).map(Self::$variant),)*
                    _ => Err(de::Error::unknown_variant(event_type, &[$(stringify!($variant)),*])),
                }
            }
        }

        /// The schemas of their data.
        #[cfg(feature = "schema")]
        pub(crate) fn event_schemas() -> Vec<(&'static str, schemars::Schema)> {
            vec![$((stringify!($variant), crate::event_schema::of::<$variant>()),)*]
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
    /// The model was archived.
    FunctionModelArchived,
    /// The model was marked deleted.
    FunctionModelSoftDeleted,
    /// The model was taken back.
    FunctionModelRestored,
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
        json!({
            "eventType": self.event_type(),
            "eventVersion": EVENT_VERSION,
            "data": self.data(),
        })
    }

    /// Reads an event of the log, an old one as the newest shape of its type.
    ///
    /// # Errors
    /// `EVENT_SCHEMA_INVALID` for an unknown version or type, and data that does not fit it.
    pub fn from_json(event: &Value) -> Result<Self, DomainError> {
        let version = event.get("eventVersion").and_then(Value::as_u64);
        let version = version.and_then(|version| u32::try_from(version).ok());
        let event_type = event.get("eventType").and_then(Value::as_str);
        let event_type = event_type.unwrap_or_default();
        let data = event.get("data").cloned().unwrap_or_default();
        let (version, data) = UPCASTS.upcast(event_type, version.unwrap_or_default(), data);
        if version != UPCASTS.newest(event_type) {
            let message = "The event is of an unknown version.";
            return Err(DomainError::new(Code::EventSchemaInvalid, message));
        }
        Self::read(event_type, data).map_err(|error| {
            DomainError::new(
                Code::EventSchemaInvalid,
                format!("The event is malformed: {error}"),
            )
        })
    }
}

#[cfg(test)]
mod tests;
