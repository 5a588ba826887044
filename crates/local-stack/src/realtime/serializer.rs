//! The two wire formats of the websocket: 1.0.0 (JSON objects) and 2.0.0 (JSON arrays and binary broadcasts).

use axum::extract::ws::Message;
use bytes::Bytes;
use serde_json::{Value, json};

/// First byte of a broadcast pushed by a client.
const KIND_PUSH: u8 = 3;
/// First byte of a broadcast delivered to a client.
const KIND_DELIVERY: u8 = 4;

/// Which wire format a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `{"topic","event","payload","ref","join_ref"}`
    One,
    /// `[join_ref, ref, topic, event, payload]`, and binary frames for broadcasts
    Two,
}

impl Version {
    /// Reads the `vsn` parameter; without one the first format is meant, as on the platform.
    pub(super) fn parse(vsn: Option<&str>) -> Option<Self> {
        match vsn {
            None | Some("1.0.0") => Some(Self::One),
            Some("2.0.0") => Some(Self::Two),
            Some(_) => None,
        }
    }
}

/// How the bytes of a broadcast's payload are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Opaque bytes.
    Binary,
    /// JSON text.
    Json,
}

impl Encoding {
    fn as_byte(self) -> u8 {
        match self {
            Self::Binary => 0,
            Self::Json => 1,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Binary),
            1 => Some(Self::Json),
            _ => None,
        }
    }
}

/// What a client's message carries.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Payload {
    /// Ordinary JSON.
    Json(Value),
    /// A broadcast in binary form: the user's event name and the bytes of the payload.
    Broadcast {
        /// The event's name as the user chose it.
        event: String,
        /// How `bytes` reads.
        encoding: Encoding,
        /// The payload.
        bytes: Bytes,
    },
}

/// One message from a client.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Incoming {
    /// The reference of the join that opened the channel.
    pub(super) join_ref: Option<String>,
    /// The reference to repeat in the reply.
    pub(super) reference: Option<String>,
    /// The full topic, with its `realtime:` prefix.
    pub(super) topic: String,
    /// The protocol's event, such as `phx_join` or `broadcast`.
    pub(super) event: String,
    /// What it carries.
    pub(super) payload: Payload,
}

/// Reads a text frame; `None` when it is not a message of that version.
pub(super) fn decode_text(version: Version, text: &str) -> Option<Incoming> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let mut take = |index: usize, name: &str| match version {
        Version::One => value.get_mut(name).map(Value::take),
        Version::Two => value.get_mut(index).map(Value::take),
    };
    let (join_ref, reference) = (take(0, "join_ref"), take(1, "ref"));
    Some(Incoming {
        topic: as_text(take(2, "topic"))?,
        event: as_text(take(3, "event"))?,
        payload: Payload::Json(take(4, "payload").unwrap_or(Value::Null)),
        join_ref: as_text(join_ref),
        reference: as_text(reference),
    })
}

/// References are strings, yet some clients send numbers.
fn as_text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a binary frame; `None` when it is not a pushed broadcast.
pub(super) fn decode_binary(frame: &Bytes) -> Option<Incoming> {
    let header: [u8; 7] = frame.get(..7)?.try_into().ok()?;
    let [kind, join_ref, reference, topic, event, meta, encoding] = header;
    if kind != KIND_PUSH {
        return None;
    }
    let mut at = header.len();
    let mut text = |length: u8| -> Option<String> {
        let end = at + usize::from(length);
        let text = std::str::from_utf8(frame.get(at..end)?).ok()?;
        at = end;
        Some(text.to_owned())
    };
    let (join_ref, reference) = (text(join_ref)?, text(reference)?);
    let (topic, event, _meta) = (text(topic)?, text(event)?, text(meta)?);
    let present = |text: String| Some(text).filter(|text| !text.is_empty());
    Some(Incoming {
        join_ref: present(join_ref),
        reference: present(reference),
        topic,
        event: "broadcast".to_owned(),
        payload: Payload::Broadcast {
            event,
            encoding: Encoding::from_byte(encoding)?,
            bytes: frame.slice(at..),
        },
    })
}

/// Writes a message as text, in the form of `version`.
pub(super) fn encode(
    version: Version,
    join_ref: Option<&str>,
    reference: Option<&str>,
    topic: &str,
    event: &str,
    payload: &Value,
) -> Message {
    let message = match version {
        Version::One => json!({
            "join_ref": join_ref, "ref": reference,
            "topic": topic, "event": event, "payload": payload,
        }),
        Version::Two => json!([join_ref, reference, topic, event, payload]),
    };
    Message::Text(message.to_string().into())
}

/// Writes a broadcast as a binary frame of version 2.0.0; `None` when a name is longer than 255 bytes.
pub(super) fn encode_delivery(
    topic: &str,
    event: &str,
    meta: Option<&Value>,
    encoding: Encoding,
    payload: &[u8],
) -> Option<Message> {
    let meta = meta.map(Value::to_string).unwrap_or_default();
    let mut frame = vec![
        KIND_DELIVERY,
        u8::try_from(topic.len()).ok()?,
        u8::try_from(event.len()).ok()?,
        u8::try_from(meta.len()).ok()?,
        encoding.as_byte(),
    ];
    for part in [topic.as_bytes(), event.as_bytes(), meta.as_bytes(), payload] {
        frame.extend_from_slice(part);
    }
    Some(Message::Binary(frame.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(names: [&str; 5], encoding: u8, payload: &[u8]) -> Bytes {
        let mut frame = vec![KIND_PUSH];
        frame.extend(names.iter().map(|name| name.len() as u8));
        frame.push(encoding);
        names
            .iter()
            .for_each(|name| frame.extend_from_slice(name.as_bytes()));
        frame.extend_from_slice(payload);
        frame.into()
    }

    #[test]
    fn both_text_forms_read_alike() {
        let one = decode_text(
            Version::One,
            r#"{"topic":"realtime:a","event":"phx_join","payload":{"x":1},"ref":"7","join_ref":"7"}"#,
        );
        let two = decode_text(Version::Two, r#"["7","7","realtime:a","phx_join",{"x":1}]"#);
        assert_eq!(one, two);
        assert_eq!(one.unwrap().reference.as_deref(), Some("7"));
    }

    #[test]
    fn a_text_frame_without_topic_or_event_is_refused() {
        assert_eq!(decode_text(Version::Two, r#"["1","1",null,"x",{}]"#), None);
        assert_eq!(decode_text(Version::One, r#"{"topic":"t"}"#), None);
        assert_eq!(decode_text(Version::Two, "not json"), None);
    }

    #[test]
    fn a_pushed_broadcast_is_read_from_its_lengths() {
        let frame = push(["1", "2", "realtime:é", "grüß", "{}"], 1, br#"{"a":1}"#);
        let message = decode_binary(&frame).unwrap();
        assert_eq!(message.topic, "realtime:é");
        assert_eq!(message.join_ref.as_deref(), Some("1"));
        assert_eq!(
            message.payload,
            Payload::Broadcast {
                event: "grüß".into(),
                encoding: Encoding::Json,
                bytes: Bytes::from_static(br#"{"a":1}"#),
            }
        );
    }

    #[test]
    fn every_truncated_or_foreign_binary_frame_is_refused() {
        let whole = push(["1", "2", "realtime:a", "e", ""], 0, b"");
        for length in 0..whole.len() {
            assert_eq!(decode_binary(&whole.slice(..length)), None, "{length}");
        }
        let mut foreign = whole.to_vec();
        foreign[0] = 0;
        assert_eq!(decode_binary(&foreign.into()), None);
    }

    #[test]
    fn a_delivery_has_four_lengths_before_its_names() {
        let meta = json!({"id": "x"});
        let frame = encode_delivery("realtime:a", "e", Some(&meta), Encoding::Binary, &[9, 8]);
        let Some(Message::Binary(bytes)) = frame else {
            panic!("not binary")
        };
        assert_eq!(&bytes[..5], &[4, 10, 1, 10, 0]);
        assert_eq!(&bytes[5..], b"realtime:ae{\"id\":\"x\"}\x09\x08");
        let long = "x".repeat(256);
        assert!(encode_delivery(&long, "e", None, Encoding::Json, b"{}").is_none());
    }

    #[test]
    fn replies_are_written_in_the_socket_s_own_form() {
        let text = |version| {
            encode(version, Some("1"), None, "t", "e", &json!({}))
                .into_text()
                .unwrap()
                .to_string()
        };
        assert_eq!(text(Version::Two), r#"["1",null,"t","e",{}]"#);
        let one: Value = serde_json::from_str(&text(Version::One)).unwrap();
        assert_eq!(
            one,
            json!({"join_ref":"1","ref":null,"topic":"t","event":"e","payload":{}})
        );
    }
}
