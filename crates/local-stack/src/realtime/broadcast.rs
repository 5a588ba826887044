//! One message of a channel, and how it looks on each kind of socket.

use axum::extract::ws::Message;
use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::pgoutput::Row;
use super::serializer::{Encoding, Version, encode, encode_delivery};

/// The largest payload, in bytes, that is passed on; the paid plans of the platform allow as much.
pub(super) const LARGEST_PAYLOAD: usize = 3_000_000;

/// What a message carries.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// JSON.
    Json(Value),
    /// Bytes, which only sockets of version 2.0.0 can receive.
    Binary(Bytes),
    /// JSON text from a binary frame, delivered to version 2.0.0 in a binary frame again.
    JsonBytes(Bytes),
    /// The whole text message of a client, passed on as it came.
    Whole(Value),
}

/// A message on its way to the subscribers of a channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broadcast {
    /// The event's name as the sender chose it.
    pub(super) event: String,
    /// What it carries.
    pub(super) body: Body,
    /// Identifier of the row it comes from.
    pub(super) id: Option<Uuid>,
    /// Whether it is repeated from the past.
    pub(super) replayed: bool,
}

impl Broadcast {
    /// A message without a row, as clients send them.
    pub(super) fn from_client(event: String, body: Body) -> Self {
        Self {
            event,
            body,
            id: None,
            replayed: false,
        }
    }

    /// Writes the message for one kind of socket; `None` when that kind cannot carry it.
    pub(super) fn encode(&self, version: Version, topic: &str) -> Option<Message> {
        let text = |payload: &Value| Some(encode(version, None, None, topic, "broadcast", payload));
        let meta = self.meta();
        match (&self.body, version) {
            (Body::Whole(payload), _) => text(payload),
            (Body::Json(payload), _) => text(&self.wrap(payload.clone())),
            (Body::JsonBytes(bytes), Version::Two) => {
                encode_delivery(topic, &self.event, meta.as_ref(), Encoding::Json, bytes)
                    .or_else(|| text(&self.wrap(serde_json::from_slice(bytes).ok()?)))
            }
            (Body::JsonBytes(bytes), Version::One) => {
                text(&self.wrap(serde_json::from_slice(bytes).ok()?))
            }
            (Body::Binary(bytes), Version::Two) => {
                encode_delivery(topic, &self.event, meta.as_ref(), Encoding::Binary, bytes)
            }
            (Body::Binary(_), Version::One) => None,
        }
    }

    fn meta(&self) -> Option<Value> {
        let id = self.id?;
        Some(match self.replayed {
            true => json!({"id": id, "replayed": true}),
            false => json!({"id": id}),
        })
    }

    fn wrap(&self, payload: Value) -> Value {
        let mut message = json!({"type": "broadcast", "event": self.event, "payload": payload});
        if let Some(meta) = self.meta() {
            message["meta"] = meta;
        }
        message
    }
}

/// A row of `realtime.messages` as a message, with its topic and whether it is private.
/// `None` for a row that lacks one of the parts or is too large: those are dropped quietly.
pub(super) fn from_row(row: &Row) -> Option<(String, bool, Broadcast)> {
    let body = match (row.get("payload"), row.get("binary_payload")) {
        (Some(json), _) if json.len() <= LARGEST_PAYLOAD => {
            Body::Json(serde_json::from_str(json).ok()?)
        }
        (None, Some(hex)) if hex.len() / 2 <= LARGEST_PAYLOAD => Body::Binary(from_hex(hex)?),
        _ => return None,
    };
    let broadcast = Broadcast {
        event: row.get("event")?.to_owned(),
        body,
        id: row.get("id")?.parse().ok(),
        replayed: false,
    };
    let private = row.get("private")? == "t";
    Some((row.get("topic")?.to_owned(), private, broadcast))
}

/// Reads `bytea` text, `\x` and two digits a byte.
fn from_hex(text: &str) -> Option<Bytes> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(broadcast: &Broadcast, version: Version) -> Value {
        let message = broadcast.encode(version, "realtime:a").unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    #[test]
    fn a_database_message_is_text_with_its_id_for_both_versions() {
        let id = Uuid::from_u128(7);
        let mut broadcast = Broadcast::from_client("moved".into(), Body::Json(json!({"x": 1})));
        broadcast.id = Some(id);
        let payload =
            json!({"type":"broadcast","event":"moved","payload":{"x":1},"meta":{"id":id}});
        assert_eq!(
            text(&broadcast, Version::Two),
            json!([null, null, "realtime:a", "broadcast", payload])
        );
        assert_eq!(text(&broadcast, Version::One)["payload"], payload);
        broadcast.replayed = true;
        assert_eq!(
            text(&broadcast, Version::One)["payload"]["meta"]["replayed"],
            true
        );
    }

    #[test]
    fn a_binary_frame_of_json_becomes_text_where_it_must() {
        let json = Bytes::from_static(br#"{"x":1}"#);
        let mut broadcast = Broadcast::from_client("e".into(), Body::JsonBytes(json));
        let frame = broadcast.encode(Version::Two, "realtime:a");
        assert!(matches!(frame, Some(Message::Binary(_))));
        let payload = json!({"type":"broadcast","event":"e","payload":{"x":1}});
        assert_eq!(text(&broadcast, Version::One)["payload"], payload);
        broadcast.event = "x".repeat(300);
        assert_eq!(text(&broadcast, Version::Two)[4]["payload"], json!({"x":1}));
    }

    #[test]
    fn bytes_do_not_reach_the_first_version() {
        let bytes = Body::Binary(Bytes::from_static(&[1]));
        let broadcast = Broadcast::from_client("e".into(), bytes);
        assert!(broadcast.encode(Version::One, "realtime:a").is_none());
        assert!(broadcast.encode(Version::Two, "realtime:a").is_some());
    }

    #[test]
    fn bytea_text_reads_as_bytes() {
        assert_eq!(from_hex("\\x00ff1A").unwrap()[..], [0, 255, 26]);
        assert!(from_hex("\\x").unwrap().is_empty());
        assert_eq!(from_hex("\\x0"), None);
        assert_eq!(from_hex("00"), None);
    }
}
