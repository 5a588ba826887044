//! The outward form of an event.

use serde_json::{Map, Value};

use crate::upcast::UPCASTS;

/// Optional fields of the stored form, with the names of the attributes they become.
const ATTRIBUTES: [(&str, &str); 8] = [
    ("aggregateVersion", "aggregateversion"),
    ("eventVersion", "eventversion"),
    ("actorId", "actorid"),
    ("organizationId", "organizationid"),
    ("correlationId", "correlationid"),
    ("causationId", "causationid"),
    ("traceparent", "traceparent"),
    ("attempt", "attempt"),
];

/// An event of the log as CloudEvents 1.0 JSON, in the newest shape of its type. The attribute `sequence` is
/// its place in the log, with leading zeros, so that it also sorts as text.
pub fn cloud_event(stored: Value) -> Value {
    let Value::Object(mut stored) = stored else {
        return Value::Null;
    };
    UPCASTS.upcast_event(&mut stored);
    let mut take = |name: &str| stored.remove(name).unwrap_or_default();
    let (kind, event_type) = (take("aggregateType"), take("eventType"));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = take("position").as_i64().unwrap_or_default();
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("specversion", "1.0".into());
    put("id", take("eventId"));
    put("source", format!("/events/{}", word(&kind)).into());
    put("type", event_type);
    put("subject", take("aggregateId"));
    put("time", take("occurredAt"));
    put("datacontenttype", "application/json".into());
    put("sequence", format!("{place:020}").into());
    for (name, attribute) in ATTRIBUTES {
        let value = take(name);
        if !value.is_null() {
            put(attribute, value);
        }
    }
    put("data", take("data"));
    Value::Object(event)
}

/// The same for the field `events` or `event` of an answer, or of each of its `letters`.
pub fn cloud_events(mut answer: Value) -> Value {
    if let Some(event) = answer.get_mut("event") {
        *event = cloud_event(event.take());
    }
    if let Some(Value::Array(events)) = answer.get_mut("events") {
        for event in events {
            *event = cloud_event(event.take());
        }
    }
    if let Some(Value::Array(letters)) = answer.get_mut("letters") {
        for letter in letters {
            *letter = cloud_events(letter.take());
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_outward_form_stays_what_it_is() {
        let stored = json!({
            "eventId": "e", "eventType": "ContainerNodeAdded", "aggregateType": "function-model",
            "aggregateId": "m", "aggregateVersion": 2, "position": 42, "eventVersion": 1,
            "occurredAt": "2025-01-01T00:00:00.000Z", "actorId": "u", "correlationId": "r",
            "attempt": 1, "data": {"nodeId": "n"},
        });
        let expected = json!({
            "specversion": "1.0", "id": "e", "source": "/events/function-model",
            "type": "ContainerNodeAdded", "subject": "m", "time": "2025-01-01T00:00:00.000Z",
            "datacontenttype": "application/json",
            "sequence": "00000000000000000042", "aggregateversion": 2, "eventversion": 1,
            "actorid": "u", "correlationid": "r", "attempt": 1, "data": {"nodeId": "n"},
        });
        assert_eq!(cloud_event(stored.clone()), expected);
        let batch = cloud_events(json!({"batch": 1, "events": [stored]}));
        assert_eq!(batch, json!({"batch": 1, "events": [expected]}));
        let letter = json!({"error": "no", "event": batch["events"][0]});
        assert_eq!(cloud_events(json!({"letters": []})), json!({"letters": []}));
        assert!(cloud_events(json!({"letters": [letter]}))["letters"][0]["event"].is_object());
        assert_eq!(cloud_event(Value::Null), Value::Null);
    }
}
