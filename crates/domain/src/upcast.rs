//! Old events in the newest shape of their type.
//!
//! An event is never changed in the log. When the shape of a type's data changes, its version rises
//! and a [`Step`] from the version before joins [`UPCASTS`]; whoever reads an event reads what the
//! steps make of it. A step is pure: the same data always become the same.

use serde_json::{Map, Value};

/// The version of data that no step leads to.
const FIRST_VERSION: u32 = 1;

/// How data of one version become data of the next.
pub struct Step {
    /// The type.
    pub event_type: &'static str,
    /// The version that it reads; it makes the next.
    pub from: u32,
    /// What it does to the data.
    pub make: fn(&mut Map<String, Value>),
}

/// The steps there are.
pub struct Upcasts<'a>(pub &'a [Step]);

/// The steps of this product's events: every type still has its first shape.
pub const UPCASTS: Upcasts<'static> = Upcasts(&[]);

impl Upcasts<'_> {
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
