//! Old events in the newest shape of their type.
//!
//! An event is never changed in the log. When the shape of a type's data changes, its version rises
//! and a [`Step`] from the version before joins [`UPCASTS`]; whoever reads an event reads what the
//! steps make of it. A step is pure: the same data always become the same.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Code, DomainError, FieldError};

/// The version of data that no step leads to.
const FIRST_VERSION: u32 = 1;

/// Most events that one request stores in a newer shape.
pub const MOST_MIGRATED: u32 = 10_000;

/// How data of one version become data of the next.
#[derive(Debug)]
pub struct Step {
    /// The type.
    pub event_type: &'static str,
    /// The version that it reads; it makes the next.
    pub from: u32,
    /// What it does to the data.
    pub make: fn(&mut Map<String, Value>),
}

/// The steps there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upcasts<'a>(pub &'a [Step]);

/// The steps of this product's events: every type still has its first shape.
pub const UPCASTS: Upcasts<'static> = Upcasts(&[]);

/// Store old events of a type in their newest shape, beside the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrateEvents {
    /// Events of this type.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub event_type: String,
    /// Those that are stored in this version.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub from_version: u32,
    /// The newest version of the type.
    #[cfg_attr(feature = "schema", schemars(range(min = 2)))]
    pub to_version: u32,
    /// Most events to read, 1–10,000; 1000 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MOST_MIGRATED)))]
    pub limit: Option<u32>,
}

/// A way from a version of a type to its newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventMigration {
    /// The type.
    pub event_type: String,
    /// The version of stored events.
    pub from_version: u32,
    /// The version that they are read as.
    pub to_version: u32,
}

impl MigrateEvents {
    /// The migration that is asked for.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when more events are wanted than one request migrates;
    /// `EVENT_STEP_UNKNOWN` when no steps lead from the one version to the other, or the other is
    /// not the newest of the type.
    pub fn check(&self, upcasts: &Upcasts<'_>) -> Result<EventMigration, DomainError> {
        if !self
            .limit
            .is_none_or(|limit| (1..=MOST_MIGRATED).contains(&limit))
        {
            let message = format!("limit is 1 to {MOST_MIGRATED}.");
            let error = FieldError::new("limit", "range").limit(MOST_MIGRATED);
            return Err(DomainError::field(Code::InvalidRequest, message, error));
        }
        let newest = upcasts.newest(&self.event_type);
        if self.to_version != newest || !upcasts.lead(&self.event_type, self.from_version) {
            let message = "No steps lead from this version of the type to that one as its newest.";
            let error = FieldError::new("toVersion", "oneOf").limit(newest);
            return Err(DomainError::field(Code::EventStepUnknown, message, error));
        }
        Ok(EventMigration {
            event_type: self.event_type.clone(),
            from_version: self.from_version,
            to_version: self.to_version,
        })
    }
}

impl Upcasts<'_> {
    /// Whether there is every step from a version of a type to its newest, and one at least.
    fn lead(&self, event_type: &str, from: u32) -> bool {
        let newest = self.newest(event_type);
        from < newest && (from..newest).all(|version| self.step(event_type, version).is_some())
    }

    /// The version that data of a type are read as.
    pub fn newest(&self, event_type: &str) -> u32 {
        let steps = self.0.iter().filter(|step| step.event_type == event_type);
        steps
            .map(|step| step.from + 1)
            .max()
            .unwrap_or(FIRST_VERSION)
    }

    /// Data in the newest shape, with its version. What no step reads stays what it is: it is
    /// new already, or nobody knows it, which whoever needs it says.
    pub fn upcast(&self, event_type: &str, event_version: u32, data: Value) -> (u32, Value) {
        let (mut version, mut data) = (event_version, data);
        while let Some(step) = self.step(event_type, version)
            && let Value::Object(fields) = &mut data
        {
            (step.make)(fields);
            version += 1;
        }
        (version, data)
    }

    /// The same for an event in its stored form, `{eventType, eventVersion, data, …}`.
    pub fn upcast_event(&self, event: &mut Map<String, Value>) {
        let Some(version) = event.get("eventVersion").and_then(Value::as_u64) else {
            return;
        };
        let Some(event_type) = event.get("eventType").and_then(Value::as_str) else {
            return;
        };
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        if self.step(event_type, version).is_none() {
            return;
        }
        let event_type = event_type.to_owned();
        let data = event.remove("data").unwrap_or_default();
        let (version, data) = self.upcast(&event_type, version, data);
        event.insert("eventVersion".to_owned(), version.into());
        event.insert("data".to_owned(), data);
    }

    fn step(&self, event_type: &str, version: u32) -> Option<&Step> {
        let mut steps = self.0.iter();
        steps.find(|step| step.event_type == event_type && step.from == version)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// A type that was changed twice: a field got another name, then came one more.
    pub(crate) const CHANGED: Upcasts<'static> = Upcasts(&[
        Step {
            event_type: "ShapeChanged",
            from: 1,
            make: |data| {
                if let Some(name) = data.remove("title") {
                    data.insert("name".to_owned(), name);
                }
            },
        },
        Step {
            event_type: "ShapeChanged",
            from: 2,
            make: |data| {
                data.insert("tags".to_owned(), json!([]));
            },
        },
    ]);

    #[test]
    fn old_data_are_read_as_the_newest() {
        let newest = (3, json!({"name": "a", "tags": []}));
        let of = |version, data| CHANGED.upcast("ShapeChanged", version, data);
        assert_eq!(of(1, json!({"title": "a"})), newest);
        assert_eq!(of(2, json!({"name": "a"})), newest);
        assert_eq!(of(3, newest.1.clone()), newest);
        assert_eq!(CHANGED.newest("ShapeChanged"), 3);
    }

    #[test]
    fn what_no_step_reads_stays() {
        let data = json!({"title": "a"});
        for (event_type, version) in [("ShapeChanged", 0), ("ShapeChanged", 9), ("Other", 1)] {
            let same = CHANGED.upcast(event_type, version, data.clone());
            assert_eq!(same, (version, data.clone()));
        }
        assert_eq!(CHANGED.upcast("ShapeChanged", 1, json!([])), (1, json!([])));
        assert_eq!(UPCASTS.newest("ContainerNodeAdded"), 1);
    }

    #[test]
    fn only_known_steps_are_taken() {
        let check = |event_type: &str, from_version, to_version, limit| {
            let command = MigrateEvents {
                event_type: event_type.to_owned(),
                from_version,
                to_version,
                limit,
            };
            command.check(&CHANGED).map_err(|refusal| refusal.code)
        };
        let whole = check("ShapeChanged", 1, 3, Some(MOST_MIGRATED)).unwrap();
        assert_eq!((whole.from_version, whole.to_version), (1, 3));
        assert!(check("ShapeChanged", 2, 3, None).is_ok());
        for (event_type, from, to) in [
            ("ShapeChanged", 1, 2),
            ("ShapeChanged", 1, 4),
            ("ShapeChanged", 0, 3),
            ("ShapeChanged", 3, 3),
            ("ShapeChanged", 3, 1),
            ("Other", 1, 2),
            ("Other", 1, 1),
        ] {
            let refused = check(event_type, from, to, None);
            assert_eq!(
                refused,
                Err(Code::EventStepUnknown),
                "{event_type} {from} {to}"
            );
        }
        for limit in [0, MOST_MIGRATED + 1] {
            let refused = check("ShapeChanged", 1, 3, Some(limit));
            assert_eq!(refused, Err(Code::InvalidRequest));
        }
        let gap = Upcasts(&CHANGED.0[1..]);
        assert!(!gap.lead("ShapeChanged", 1) && gap.lead("ShapeChanged", 2));
    }

    #[test]
    fn a_stored_event_keeps_the_rest() {
        let mut event = json!({"eventId": "e", "eventType": "ShapeChanged", "eventVersion": 2,
            "data": {"name": "a"}});
        let expected = json!({"eventId": "e", "eventType": "ShapeChanged", "eventVersion": 3,
            "data": {"name": "a", "tags": []}});
        CHANGED.upcast_event(event.as_object_mut().unwrap());
        assert_eq!(event, expected);
        CHANGED.upcast_event(event.as_object_mut().unwrap());
        assert_eq!(event, expected);
        let mut odd = json!({"eventType": "ShapeChanged"});
        CHANGED.upcast_event(odd.as_object_mut().unwrap());
        assert_eq!(odd, json!({"eventType": "ShapeChanged"}));
    }
}
