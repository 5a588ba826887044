//! Who is there: the state of one channel and the differences that tell about it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a client says about itself.
pub(super) type Payload = Map<String, Value>;

/// Everybody present in one channel, by key; one key can stand for several connections.
#[derive(Debug, Default)]
pub(super) struct Presence {
    keys: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    owner: u64,
    reference: String,
    payload: Payload,
}

impl Entry {
    fn meta(&self) -> Payload {
        let mut meta = self.payload.clone();
        meta.insert("phx_ref".to_owned(), self.reference.clone().into());
        meta
    }
}

impl Presence {
    /// The payload of `presence_state`.
    pub(super) fn state(&self) -> Value {
        self.keys
            .iter()
            .map(|(key, entries)| (key.clone(), metas(entries.iter().map(Entry::meta))))
            .collect()
    }

    /// Notes that `owner` is there, or has changed; answers the payload of `presence_diff`, or
    /// `None` when nothing changed. `reference` must be new.
    pub(super) fn track(
        &mut self,
        owner: u64,
        key: &str,
        payload: Payload,
        reference: String,
    ) -> Option<Value> {
        let entries = self.keys.entry(key.to_owned()).or_default();
        let found = entries.iter_mut().find(|entry| entry.owner == owner);
        let entry = Entry {
            owner,
            reference,
            payload,
        };
        let mut joined = entry.meta();
        let left = match found {
            Some(old) if old.payload == entry.payload => return None,
            Some(old) => {
                let left = old.meta();
                joined.insert("phx_ref_prev".to_owned(), left["phx_ref"].clone());
                *old = entry;
                Some(left)
            }
            None => {
                entries.push(entry);
                None
            }
        };
        Some(diff(key, Some(joined), left))
    }

    /// Notes that `owner` has gone; `None` when it was not there.
    pub(super) fn untrack(&mut self, owner: u64) -> Option<Value> {
        let (key, index) = self.keys.iter().find_map(|(key, entries)| {
            let index = entries.iter().position(|entry| entry.owner == owner)?;
            Some((key.clone(), index))
        })?;
        let entries = self.keys.get_mut(&key)?;
        let left = entries.remove(index).meta();
        if entries.is_empty() {
            self.keys.remove(&key);
        }
        Some(diff(&key, None, Some(left)))
    }
}

fn metas(metas: impl Iterator<Item = Payload>) -> Value {
    json!({"metas": metas.collect::<Vec<_>>()})
}

fn diff(key: &str, joined: Option<Payload>, left: Option<Payload>) -> Value {
    let side = |meta: Option<Payload>| -> Value {
        meta.map(|meta| (key.to_owned(), metas(std::iter::once(meta))))
            .into_iter()
            .collect()
    };
    json!({"joins": side(joined), "leaves": side(left)})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(name: &str) -> Payload {
        Map::from_iter([("name".to_owned(), name.into())])
    }

    fn track(presence: &mut Presence, owner: u64, name: &str, reference: &str) -> Option<Value> {
        presence.track(owner, "k", payload(name), reference.to_owned())
    }

    #[test]
    fn coming_and_going_are_told_as_differences() {
        let mut presence = Presence::default();
        let there = json!({"k": {"metas": [{"name": "a", "phx_ref": "1"}]}});
        assert_eq!(
            track(&mut presence, 1, "a", "1").unwrap(),
            json!({"joins": there, "leaves": {}})
        );
        assert_eq!(presence.state(), there);
        assert_eq!(
            presence.untrack(1).unwrap(),
            json!({"joins": {}, "leaves": there})
        );
        assert_eq!(presence.state(), json!({}));
        assert_eq!(presence.untrack(1), None);
    }

    #[test]
    fn a_change_replaces_the_earlier_statement() {
        let mut presence = Presence::default();
        track(&mut presence, 1, "a", "1");
        assert_eq!(track(&mut presence, 1, "a", "2"), None, "nothing changed");
        let change = track(&mut presence, 1, "b", "3").unwrap();
        assert_eq!(change["leaves"]["k"]["metas"][0]["phx_ref"], "1");
        assert_eq!(
            change["joins"]["k"]["metas"],
            json!([{"name": "b", "phx_ref": "3", "phx_ref_prev": "1"}])
        );
    }

    #[test]
    fn two_connections_share_a_key() {
        let mut presence = Presence::default();
        track(&mut presence, 1, "a", "1");
        track(&mut presence, 2, "b", "2");
        presence.untrack(1);
        assert_eq!(
            presence.state(),
            json!({"k": {"metas": [{"name": "b", "phx_ref": "2"}]}})
        );
    }
}
