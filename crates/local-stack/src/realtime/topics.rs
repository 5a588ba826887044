//! Who listens to which channel.
//!
//! A private and a public channel of one name are two channels.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use serde_json::Value;
use uuid::Uuid;

use super::broadcast::Broadcast;
use super::outbox::Outbox;
use super::presence::{Payload, Presence};
use super::serializer::{Version, encode};

/// Before the name of a channel in every message.
pub(super) const PREFIX: &str = "realtime:";

/// How many messages are held back for a subscriber that is still joining.
const HELD: usize = 1024;

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Topic {
    /// Its name, without prefix.
    pub(super) name: String,
    /// Whether policies guard it.
    pub(super) private: bool,
}

impl Topic {
    /// The name as messages carry it.
    pub(super) fn full_name(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

/// What a subscriber may receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hears {
    /// Messages.
    pub(super) broadcast: bool,
    /// Who comes and goes.
    pub(super) presence: bool,
}

/// All channels that have a subscriber.
#[derive(Debug, Default)]
pub(super) struct Topics {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    topics: HashMap<Topic, Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    subscribers: HashMap<u64, Subscriber>,
    presence: Presence,
}

#[derive(Debug)]
struct Subscriber {
    version: Version,
    outbox: Outbox,
    hears: Hears,
    /// Messages that arrived before the answer to the join was written.
    held: Option<Vec<(Option<Uuid>, Message)>>,
    /// Rows already repeated to this subscriber.
    replayed: HashSet<Uuid>,
}

impl Subscriber {
    fn deliver(&mut self, id: Option<Uuid>, message: Message) {
        match &mut self.held {
            Some(held) if held.len() < HELD => held.push((id, message)),
            Some(_) => self.outbox.give_up(),
            None if id.is_some_and(|id| self.replayed.contains(&id)) => {}
            None => self.outbox.push(message),
        }
    }
}

impl Topics {
    /// Adds a subscriber whose messages are held back until [`Topics::open`]; answers its number.
    pub(super) fn subscribe(
        &self,
        topic: &Topic,
        version: Version,
        outbox: Outbox,
        hears: Hears,
    ) -> u64 {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        let subscriber = Subscriber {
            version,
            outbox,
            hears,
            held: Some(Vec::new()),
            replayed: HashSet::new(),
        };
        let listeners = state.topics.entry(topic.clone()).or_default();
        listeners.subscribers.insert(id, subscriber);
        id
    }

    /// Sends `first`, then what was held back except rows in `replayed`, and from now on everything.
    /// `first` is given the present state of presence.
    pub(super) fn open(
        &self,
        topic: &Topic,
        id: u64,
        replayed: HashSet<Uuid>,
        first: impl FnOnce(Value) -> Vec<Message>,
    ) {
        let mut state = self.lock();
        let Some(listeners) = state.topics.get_mut(topic) else {
            return;
        };
        let present = listeners.presence.state();
        let Some(subscriber) = listeners.subscribers.get_mut(&id) else {
            return;
        };
        subscriber.replayed = replayed;
        first(present)
            .into_iter()
            .for_each(|message| subscriber.outbox.push(message));
        for (id, message) in subscriber.held.take().unwrap_or_default() {
            subscriber.deliver(id, message);
        }
    }

    /// Removes a subscriber and tells the others if it was present.
    pub(super) fn unsubscribe(&self, topic: &Topic, id: u64) {
        let mut state = self.lock();
        let Some(listeners) = state.topics.get_mut(topic) else {
            return;
        };
        listeners.subscribers.remove(&id);
        if listeners.subscribers.is_empty() {
            state.topics.remove(topic);
        } else if let Some(diff) = listeners.presence.untrack(id) {
            listeners.tell(topic, &diff);
        }
    }

    /// Changes what a subscriber may receive.
    pub(super) fn set_hears(&self, topic: &Topic, id: u64, hears: Hears) {
        let mut state = self.lock();
        let listeners = state.topics.get_mut(topic);
        if let Some(subscriber) = listeners.and_then(|found| found.subscribers.get_mut(&id)) {
            subscriber.hears = hears;
        }
    }

    /// Delivers a message to everybody in the channel but `except`.
    pub(super) fn publish(&self, topic: &Topic, broadcast: &Broadcast, except: Option<u64>) {
        let mut state = self.lock();
        let Some(listeners) = state.topics.get_mut(topic) else {
            return;
        };
        let name = topic.full_name();
        let mut one = Once::default();
        let mut two = Once::default();
        for (id, subscriber) in &mut listeners.subscribers {
            if !subscriber.hears.broadcast || except == Some(*id) {
                continue;
            }
            let once = match subscriber.version {
                Version::One => &mut one,
                Version::Two => &mut two,
            };
            if let Some(message) = once.get(|| broadcast.encode(subscriber.version, &name)) {
                subscriber.deliver(broadcast.id, message);
            }
        }
    }

    /// Shows who is present, while nobody can come or go.
    pub(super) fn present(&self, topic: &Topic, show: impl FnOnce(Value)) {
        if let Some(listeners) = self.lock().topics.get(topic) {
            show(listeners.presence.state());
        }
    }

    /// Notes that a subscriber is present and tells the channel.
    pub(super) fn track(&self, topic: &Topic, id: u64, key: &str, payload: Payload, tag: String) {
        let mut state = self.lock();
        let Some(listeners) = state.topics.get_mut(topic) else {
            return;
        };
        if let Some(diff) = listeners.presence.track(id, key, payload, tag) {
            listeners.tell(topic, &diff);
        }
    }

    /// Notes that a subscriber is no longer present and tells the channel.
    pub(super) fn untrack(&self, topic: &Topic, id: u64) {
        let mut state = self.lock();
        let Some(listeners) = state.topics.get_mut(topic) else {
            return;
        };
        if let Some(diff) = listeners.presence.untrack(id) {
            listeners.tell(topic, &diff);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn tell(&mut self, topic: &Topic, diff: &Value) {
        let name = topic.full_name();
        for subscriber in self.subscribers.values_mut() {
            if subscriber.hears.presence {
                let version = subscriber.version;
                let message = encode(version, None, None, &name, "presence_diff", diff);
                subscriber.deliver(None, message);
            }
        }
    }
}

/// A message encoded at most once; `None` inside when it cannot be.
#[derive(Default)]
struct Once(Option<Option<Message>>);

impl Once {
    fn get(&mut self, make: impl FnOnce() -> Option<Message>) -> Option<Message> {
        self.0.get_or_insert_with(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realtime::broadcast::Body;
    use crate::realtime::outbox::{Drain, outbox};
    use serde_json::json;

    fn topic() -> Topic {
        Topic {
            name: "a".into(),
            private: true,
        }
    }

    fn row(number: u128) -> Broadcast {
        Broadcast {
            event: number.to_string(),
            body: Body::Json(json!({})),
            id: Some(Uuid::from_u128(number)),
            replayed: false,
        }
    }

    fn subscribe(topics: &Topics, presence: bool) -> (u64, Drain) {
        let (outbox, drain) = outbox();
        let hears = Hears {
            broadcast: true,
            presence,
        };
        let id = topics.subscribe(&topic(), Version::Two, outbox, hears);
        (id, drain)
    }

    /// What has been sent, told by the event's name.
    fn sent(drain: &mut Drain) -> Vec<String> {
        use futures::FutureExt as _;
        let mut names = Vec::new();
        while let Some(Some(message)) = drain.next().now_or_never() {
            let message = message.into_text().expect("text");
            let message: Value = serde_json::from_str(&message).unwrap_or(json!(message.as_str()));
            let name = &message[4]["event"];
            let other = message[3].as_str().or(message.as_str());
            let name = name.as_str().or(other).expect("a name");
            names.push(name.to_owned());
        }
        names
    }

    #[test]
    fn what_arrives_while_joining_follows_the_answer_and_the_past() {
        let topics = Topics::default();
        let (id, mut drain) = subscribe(&topics, false);
        topics.publish(&topic(), &row(1), None);
        topics.publish(&topic(), &row(2), None);
        assert!(sent(&mut drain).is_empty(), "held back");
        let past = HashSet::from([Uuid::from_u128(1), Uuid::from_u128(3)]);
        let answer = || vec![Message::text("answer"), Message::text("past")];
        topics.open(&topic(), id, past, |_| answer());
        topics.publish(&topic(), &row(3), None);
        topics.publish(&topic(), &row(4), None);
        assert_eq!(sent(&mut drain), ["answer", "past", "2", "4"]);
    }

    #[test]
    fn nobody_hears_what_is_not_meant_for_them() {
        let topics = Topics::default();
        let (id, mut drain) = subscribe(&topics, true);
        let (other, mut other_drain) = subscribe(&topics, false);
        for id in [id, other] {
            topics.open(&topic(), id, HashSet::new(), |_| Vec::new());
        }
        topics.publish(&topic(), &row(1), Some(id));
        topics.track(&topic(), other, "k", Payload::new(), "1".into());
        let deaf = Hears {
            broadcast: false,
            presence: true,
        };
        topics.set_hears(&topic(), id, deaf);
        topics.publish(&topic(), &row(2), None);
        topics.unsubscribe(&topic(), other);
        assert_eq!(sent(&mut drain), ["presence_diff", "presence_diff"]);
        assert_eq!(sent(&mut other_drain), ["1", "2"]);
        topics.unsubscribe(&topic(), id);
        assert!(topics.lock().topics.is_empty(), "nothing is left behind");
    }
}
