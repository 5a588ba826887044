//! One channel that a socket has joined: what it asked for and what it may do.

use serde_json::Value;
use tokio::time::Instant;

use super::authorization::{Extension, Readable};
use super::credential::Credential;
use super::topics::{Hears, Topic};

/// What a client asks for when joining.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JoinConfig {
    /// Answer every message.
    pub(super) ack: bool,
    /// Send the client its own messages.
    pub(super) own_messages: bool,
    /// Messages of the past; not yet checked.
    pub(super) replay: Option<Value>,
    /// Say when the database is followed.
    pub(super) replication_ready: bool,
    /// The name under which the client is present; `None` to be given one.
    pub(super) presence_key: Option<String>,
    /// Receive who is there.
    pub(super) presence: bool,
    /// Whether policies guard the channel.
    pub(super) private: bool,
    /// Whether changes of tables are wanted.
    pub(super) postgres_changes: bool,
    /// The user's token; keys are left out, since the connection has shown one already.
    pub(super) token: Option<String>,
}

impl JoinConfig {
    /// Reads the payload of `phx_join`; what is absent or of a wrong type counts as not asked for.
    pub(super) fn parse(payload: &Value) -> Self {
        let config = &payload["config"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let token = text(&payload["user_token"]).or_else(|| text(&payload["access_token"]));
        let changes = config["postgres_changes"].as_array();
        Self {
            ack: truth(&config["broadcast"]["ack"]),
            own_messages: truth(&config["broadcast"]["self"]),
            replay: Some(config["broadcast"]["replay"].clone()).filter(Value::is_object),
            replication_ready: truth(&config["broadcast"]["replication_ready"]),
            presence_key: text(&config["presence"]["key"]).filter(|key| !key.is_empty()),
            presence: truth(&config["presence"]["enabled"]),
            private: truth(&config["private"]),
            postgres_changes: changes.is_some_and(|changes| !changes.is_empty()),
            token: token.filter(|token| !token.starts_with("sb_")),
        }
    }
}

/// Some clients write booleans as strings.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// What the policies said about one extension; `None` when they have not been asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// May receive.
    pub(super) read: Option<bool>,
    /// May send.
    pub(super) write: Option<bool>,
}

impl Grants {
    const ALL: Self = Self {
        read: Some(true),
        write: Some(true),
    };

    fn reading(read: bool) -> Self {
        Self {
            read: Some(read),
            write: None,
        }
    }
}

/// Answers of the policies, kept until the next token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Permissions {
    /// Messages.
    pub(super) broadcast: Grants,
    /// Who is there.
    pub(super) presence: Grants,
}

impl Permissions {
    /// A public channel asks nobody.
    pub(super) const PUBLIC: Self = Self {
        broadcast: Grants::ALL,
        presence: Grants::ALL,
    };

    /// What is known after the select policies were asked.
    pub(super) fn from_readable(readable: Readable, with_presence: bool) -> Self {
        Self {
            broadcast: Grants::reading(readable.broadcast),
            presence: match with_presence {
                true => Grants::reading(readable.presence),
                false => Grants::default(),
            },
        }
    }

    /// The answers for one extension.
    pub(super) fn of(&mut self, extension: Extension) -> &mut Grants {
        match extension {
            Extension::Broadcast => &mut self.broadcast,
            Extension::Presence => &mut self.presence,
        }
    }

    /// Whether the channel may be joined at all.
    pub(super) fn may_join(self) -> bool {
        [self.broadcast, self.presence]
            .iter()
            .any(|grants| grants.read == Some(true))
    }

    /// Whether something that could be read before cannot be read now.
    pub(super) fn lost(self, now: Self) -> bool {
        let lost =
            |before: Grants, now: Grants| before.read == Some(true) && now.read == Some(false);
        lost(self.broadcast, now.broadcast) || lost(self.presence, now.presence)
    }
}

/// A joined channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// Which one.
    pub(super) topic: Topic,
    /// Its number among the subscribers.
    pub(super) id: u64,
    /// The reference of the join.
    pub(super) join_ref: Option<String>,
    /// Whose token it acts with.
    pub(super) credential: Credential,
    /// When to verify the token again.
    pub(super) check_at: Instant,
    /// Answers of the policies for that token.
    pub(super) permissions: Permissions,
    /// Answer every message.
    pub(super) ack: bool,
    /// Send the client its own messages.
    pub(super) own_messages: bool,
    /// The name under which the client is present.
    pub(super) presence_key: String,
    /// Receive who is there.
    pub(super) presence: bool,
}

impl Channel {
    /// What it may receive now.
    pub(super) fn hears(&self) -> Hears {
        Hears {
            broadcast: self.permissions.broadcast.read == Some(true),
            presence: self.presence && self.permissions.presence.read == Some(true),
        }
    }

    /// Takes on a newly verified token.
    pub(super) fn renew(&mut self, credential: Credential) {
        self.check_at = Instant::now() + credential.trusted_for();
        self.credential = credential;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_join_reads_booleans_in_both_spellings() {
        let config = JoinConfig::parse(&json!({
            "access_token": "a.b.c",
            "config": {
                "private": "true",
                "broadcast": {"ack": true, "self": "TRUE", "replay": {"since": 1}},
                "presence": {"key": "me", "enabled": true},
                "postgres_changes": [{"event": "*"}],
            },
        }));
        assert!(config.private && config.ack && config.own_messages && config.presence);
        assert!(config.postgres_changes);
        assert_eq!(config.presence_key.as_deref(), Some("me"));
        assert_eq!(config.token.as_deref(), Some("a.b.c"));
        assert_eq!(config.replay, Some(json!({"since": 1})));
    }

    #[test]
    fn an_empty_join_asks_for_nothing() {
        let empty = JoinConfig::parse(&Value::Null);
        let odd = json!({
            "access_token": "sb_publishable_x",
            "config": {"private": 1, "presence": {"key": ""}, "postgres_changes": [], "broadcast": 3},
        });
        assert_eq!(JoinConfig::parse(&odd), empty);
        assert!(!empty.private && empty.token.is_none() && !empty.postgres_changes);
    }

    #[test]
    fn losing_what_could_be_read_is_noticed() {
        let known = |broadcast, presence| {
            let readable = Readable {
                broadcast,
                presence,
            };
            Permissions::from_readable(readable, true)
        };
        assert!(known(true, true).lost(known(true, false)));
        assert!(known(true, true).lost(known(false, true)));
        assert!(!known(false, true).lost(known(true, true)));
        let not_asked = Permissions::from_readable(Readable::default(), false);
        assert_eq!(not_asked.presence.read, None);
        assert!(!not_asked.may_join());
        assert!(known(false, true).may_join());
        assert!(Permissions::PUBLIC.may_join());
    }
}
