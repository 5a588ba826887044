//! The conversation with one client: its channels, and what each of its messages does.

use std::collections::HashMap;

use axum::extract::ws::Message;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Shared;
use super::authorization::{Asker, Extension, may_write, readable};
use super::broadcast::{Body, Broadcast, LARGEST_PAYLOAD};
use super::channel::Channel;
use super::credential::Credential;
use super::join::{join, permissions};
use super::outbox::Outbox;
use super::serializer::{Encoding, Incoming, Payload, Version, encode};

/// One client's connection.
pub(super) struct Socket<'a> {
    /// What all connections share.
    pub(super) shared: &'a Shared,
    /// Its wire format.
    pub(super) version: Version,
    /// The key it connected with.
    pub(super) key: Credential,
    /// Headers of the request that opened it.
    pub(super) headers: Map<String, Value>,
    /// What it still has to send.
    pub(super) outbox: Outbox,
    /// Joined channels by full name.
    pub(super) channels: HashMap<String, Channel>,
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        for channel in self.channels.values() {
            self.shared.topics.unsubscribe(&channel.topic, channel.id);
        }
    }
}

/// A `phx_reply`.
pub(super) fn reply(
    version: Version,
    join_ref: Option<&str>,
    reference: Option<&str>,
    topic: &str,
    status: &str,
    response: Value,
) -> Message {
    let payload = json!({"status": status, "response": response});
    encode(version, join_ref, reference, topic, "phx_reply", &payload)
}

impl Socket<'_> {
    /// Queues a message for the client.
    pub(super) fn push(&self, message: Message) {
        self.outbox.push(message);
    }

    /// When the next token has to be verified again.
    pub(super) fn next_check(&self) -> Option<Instant> {
        self.channels.values().map(|channel| channel.check_at).min()
    }

    /// Does what a message asks for.
    pub(super) async fn handle(&mut self, message: Incoming) {
        let Incoming {
            join_ref,
            reference,
            topic,
            event,
            payload,
        } = message;
        let current = self.channels.get(&topic).map(|channel| &channel.join_ref);
        // What was sent before a rejoin belongs to a channel that is no more.
        let stale = current.is_some_and(|current| join_ref.is_some() && *current != join_ref);
        match (event.as_str(), payload) {
            ("heartbeat", _) if topic == "phoenix" => {
                self.answer(&topic, &reference, "ok", json!({}))
            }
            ("phx_join", Payload::Json(payload)) => {
                join(self, &topic, join_ref, reference, &payload).await;
            }
            ("phx_leave", _) => {
                self.answer(&topic, &reference, "ok", json!({}));
                if !stale {
                    self.close(&topic);
                }
            }
            _ if stale => {}
            _ if current.is_none() => {
                let response = json!({"reason": "unmatched topic"});
                self.answer(&topic, &reference, "error", response);
            }
            ("broadcast", payload) => self.broadcast(&topic, &reference, payload).await,
            ("presence", Payload::Json(payload)) => {
                self.presence(&topic, &reference, &payload).await;
            }
            ("access_token", Payload::Json(payload)) => {
                if let Some(token) = payload["access_token"].as_str() {
                    self.renew(&topic, token).await;
                }
            }
            _ => {}
        }
    }

    /// Verifies the tokens whose time has come and closes the channels of those that no longer hold.
    pub(super) async fn check_tokens(&mut self) {
        let now = Instant::now();
        let due = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.check_at <= now);
        let due: Vec<String> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            let Some(channel) = self.channels.get_mut(&name) else {
                continue;
            };
            match Credential::verify(&self.shared.claims, channel.credential.token()) {
                Ok(credential) => channel.renew(credential),
                Err(refusal) => self.shut(&name, &refusal.message),
            }
        }
    }

    /// Tells the client that the server closes a channel, and why.
    fn shut(&mut self, full_name: &str, message: &str) {
        let Some(channel) = self.channels.get(full_name) else {
            return;
        };
        self.tell_system(full_name, &channel.topic.name, "error", message);
        self.close(full_name);
    }

    /// Ends a channel, if there is one.
    pub(super) fn close(&mut self, full_name: &str) {
        let Some(channel) = self.channels.remove(full_name) else {
            return;
        };
        self.shared.topics.unsubscribe(&channel.topic, channel.id);
        let reference = channel.join_ref.as_deref();
        let empty = json!({});
        self.push(encode(
            self.version,
            reference,
            reference,
            full_name,
            "phx_close",
            &empty,
        ));
    }

    /// Sends a message about the channel itself.
    pub(super) fn tell_system(&self, full_name: &str, name: &str, status: &str, message: &str) {
        let payload =
            json!({"extension": "system", "status": status, "message": message, "channel": name});
        let join_ref = self
            .channels
            .get(full_name)
            .and_then(|channel| channel.join_ref.as_deref());
        self.push(encode(
            self.version,
            join_ref,
            None,
            full_name,
            "system",
            &payload,
        ));
    }

    fn answer(&self, topic: &str, reference: &Option<String>, status: &str, response: Value) {
        let join_ref = self
            .channels
            .get(topic)
            .and_then(|channel| channel.join_ref.as_deref());
        let reference = reference.as_deref();
        self.push(reply(
            self.version,
            join_ref,
            reference,
            topic,
            status,
            response,
        ));
    }

    /// Passes a message on; one that policies forbid is dropped without a word.
    async fn broadcast(&mut self, topic: &str, reference: &Option<String>, payload: Payload) {
        if !self.may_write(topic, Extension::Broadcast).await {
            return;
        }
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let delivered = to_broadcast(payload).map(|broadcast| {
            let except = (!channel.own_messages).then_some(channel.id);
            self.shared
                .topics
                .publish(&channel.topic, &broadcast, except);
        });
        if channel.ack {
            match delivered {
                Some(()) => self.answer(topic, reference, "ok", json!({})),
                None => {
                    let response = json!({"reason": "payload_size_exceeded"});
                    self.answer(topic, reference, "error", response);
                }
            }
        }
    }

    async fn presence(&mut self, topic: &str, reference: &Option<String>, payload: &Value) {
        let event = payload["event"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let outcome = match event.as_str() {
            "track" => self.track(topic, &payload["payload"]).await,
            "untrack" => {
                if let Some(channel) = self.channels.get(topic) {
                    self.shared.topics.untrack(&channel.topic, channel.id);
                }
                Ok(())
            }
            _ => Err("Unknown presence event"),
        };
        match outcome {
            Ok(()) => self.answer(topic, reference, "ok", json!({})),
            Err(reason) => self.answer(topic, reference, "error", json!({"reason": reason})),
        }
    }

    async fn track(&mut self, topic: &str, payload: &Value) -> Result<(), &'static str> {
        let payload = match payload {
            Value::Null => Map::new(),
            Value::Object(payload) => payload.clone(),
            _ => return Err("Presence track payload must be a map"),
        };
        if !self.may_write(topic, Extension::Presence).await {
            return Err("Unauthorized");
        }
        self.enable_presence(topic).await;
        let Some(channel) = self.channels.get(topic) else {
            return Ok(());
        };
        let key = &channel.presence_key;
        let topics = &self.shared.topics;
        topics.track(&channel.topic, channel.id, key, payload, super::fresh_id());
        Ok(())
    }

    /// A client that tracks itself without having asked for presence gets it from then on.
    async fn enable_presence(&mut self, topic: &str) {
        let Some(channel) = self
            .channels
            .get_mut(topic)
            .filter(|channel| !channel.presence)
        else {
            return;
        };
        channel.presence = true;
        if channel.permissions.presence.read.is_none() {
            let asker = Asker {
                claims: channel.credential.claims(),
                headers: &self.headers,
                topic: &channel.topic.name,
            };
            let answer = readable(&self.shared.database, asker, true).await;
            channel.permissions.presence.read = answer.ok().map(|readable| readable.presence);
        }
        let hears = channel.hears();
        let topics = &self.shared.topics;
        topics.set_hears(&channel.topic, channel.id, hears);
        if hears.presence {
            topics.present(&channel.topic, |state| {
                let join_ref = channel.join_ref.as_deref();
                let message = encode(
                    self.version,
                    join_ref,
                    None,
                    topic,
                    "presence_state",
                    &state,
                );
                self.outbox.push(message);
            });
        }
    }

    /// Asks the insert policy once for each token.
    async fn may_write(&mut self, topic: &str, extension: Extension) -> bool {
        let Some(channel) = self.channels.get_mut(topic) else {
            return false;
        };
        let known = channel.permissions.of(extension).write;
        if let Some(known) = known {
            return known;
        }
        let asker = Asker {
            claims: channel.credential.claims(),
            headers: &self.headers,
            topic: &channel.topic.name,
        };
        match may_write(&self.shared.database, asker, extension).await {
            Ok(allowed) => {
                channel.permissions.of(extension).write = Some(allowed);
                allowed
            }
            Err(error) => {
                eprintln!("realtime: the policies could not be asked: {error:#}");
                false
            }
        }
    }

    /// Takes on a new token; a channel it may not read is closed.
    async fn renew(&mut self, full_name: &str, token: &str) {
        let Some(channel) = self.channels.get(full_name) else {
            return;
        };
        if token.starts_with("sb_") || token == channel.credential.token() {
            return;
        }
        let credential = match Credential::verify(&self.shared.claims, token) {
            Ok(credential) => credential,
            Err(refusal) => return self.shut(full_name, &refusal.message),
        };
        let now = match permissions(self, &channel.topic, &credential, channel.presence).await {
            Ok(now) => now,
            Err(reason) => return self.shut(full_name, without_code(&reason)),
        };
        let Some(channel) = self.channels.get_mut(full_name) else {
            return;
        };
        if channel.permissions.lost(now) {
            let name = &channel.topic.name;
            let reason =
                format!("You no longer have permission to read from this Channel topic: {name}");
            return self.shut(full_name, &reason);
        }
        channel.permissions = now;
        channel.renew(credential);
        let topics = &self.shared.topics;
        topics.set_hears(&channel.topic, channel.id, channel.hears());
    }
}

/// Only answers to a join carry the word for programs.
fn without_code(reason: &str) -> &str {
    reason
        .split_once(": ")
        .map_or(reason, |(_, sentence)| sentence)
}

/// `None` when the payload is larger than allowed.
fn to_broadcast(payload: Payload) -> Option<Broadcast> {
    let (event, body, size) = match payload {
        Payload::Json(whole) => {
            let event = whole["event"].as_str().unwrap_or_default().to_owned();
            let size = whole.to_string().len();
            (event, Body::Whole(whole), size)
        }
        Payload::Broadcast {
            event,
            encoding,
            bytes,
        } => {
            let size = bytes.len();
            let body = match encoding {
                Encoding::Binary => Body::Binary(bytes),
                Encoding::Json => Body::JsonBytes(bytes),
            };
            (event, body, size)
        }
    };
    (size <= LARGEST_PAYLOAD).then(|| Broadcast::from_client(event, body))
}
