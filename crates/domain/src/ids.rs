//! Identifiers: one newtype for each kind of thing, so that they cannot be mixed up.
//!
//! New identifiers come from the outside; nothing here makes one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::error::{Code, DomainError};

/// Reads a UUID as people and programs write it: 36 characters with hyphens, any case.
fn parse_uuid(text: &str) -> Option<Uuid> {
    let text = text.trim();
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok()
}

/// Whether a UUID is of version 4 or 7 and of the usual variant.
fn is_ours(uuid: &Uuid) -> bool {
    matches!(uuid.get_version_num(), 4 | 7) && uuid.get_variant() == uuid::Variant::RFC4122
}

/// Whether a UUID may stand for a user; the sign-in service decides its version.
fn is_not_nil(uuid: &Uuid) -> bool {
    !uuid.is_nil()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $accepts:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(transform = crate::schema::$accepts))]
        pub struct $name(Uuid);

        impl $name {
            /// Reads the identifier from text of 36 characters, white space around it allowed.
            ///
            /// # Errors
            /// `ID_INVALID` for anything else, among them nil, braces and missing hyphens.
            pub fn parse(text: &str) -> Result<Self, DomainError> {
                parse_uuid(text)
                    .filter($accepts)
                    .map(Self)
                    .ok_or_else(|| DomainError::new(
                        Code::IdInvalid,
                        concat!("This is no ", stringify!($name), ": a UUID of version 4 or 7 is needed."),
                    ))
            }

            /// Takes over a UUID that is already known to be good, such as one just made.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DomainError;

            fn from_str(text: &str) -> Result<Self, DomainError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(|error| de::Error::custom(error.message))
            }
        }
    };
}

id!(
    /// A function model.
    ModelId, is_ours
);
id!(
    /// A container node of a model.
    NodeId, is_ours
);
id!(
    /// The context of a node.
    ContextId, is_ours
);
id!(
    /// An action node of a model.
    ActionId, is_ours
);
id!(
    /// A stored version of a model.
    VersionId, is_ours
);
id!(
    /// One run of a published version.
    ExecutionId, is_ours
);
id!(
    /// An organization.
    OrganizationId, is_ours
);
id!(
    /// A user, as the `sub` of a token names it.
    UserId, is_not_nil
);
id!(
    /// A workflow of the built-in Spindle.
    WorkflowId, is_ours
);
id!(
    /// An article of the built-in Knowledge Base.
    ContentId, is_ours
);
id!(
    /// One validation of a model.
    ValidationId, is_ours
);
id!(
    /// An AI agent.
    AgentId, is_ours
);
id!(
    /// A task of an agent.
    TaskId, is_ours
);
id!(
    /// A coordination of several agents.
    CoordinationId, is_ours
);
id!(
    /// A link between two things.
    LinkId, is_ours
);
id!(
    /// An invitation to an organization.
    InvitationId, is_ours
);
id!(
    /// A schedule that starts runs.
    ScheduleId, is_ours
);
id!(
    /// A secret that calls of services carry.
    SecretId, is_ours
);
id!(
    /// What an agent or a link serves, in whichever feature.
    EntityId, is_ours
);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let parsed = ModelId::parse(text).ok().map(|id| id.to_string());
        assert_eq!(parsed.as_deref(), expected, "{text}");
    }

    #[test]
    fn versions_4_and_7_are_taken_and_written_in_lower_case() {
        let v4 = "5F0C1D4E-9A52-4C3B-8F10-0123456789AB";
        check(v4, Some(&v4.to_lowercase()));
        check(
            "  01890a5d-ac96-774b-bcce-b302099a8057 ",
            Some("01890a5d-ac96-774b-bcce-b302099a8057"),
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "x",
            "00000000-0000-0000-0000-000000000000",
            "{5f0c1d4e-9a52-4c3b-8f10-0123456789ab}",
            "5f0c1d4e9a524c3b8f100123456789ab",
            "5f0c1d4e-9a52-1c3b-8f10-0123456789ab",
            "5f0c1d4e-9a52-3c3b-8f10-0123456789ab",
            "5f0c1d4e-9a52-4c3b-0f10-0123456789ab",
            "5f0c1d4e-9a52-4c3b-8f10-0123456789ag",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn users_may_carry_any_version_but_nil() {
        assert!(UserId::parse("5f0c1d4e-9a52-1c3b-8f10-0123456789ab").is_ok());
        assert!(UserId::parse("00000000-0000-0000-0000-000000000000").is_err());
    }

    #[test]
    fn json_is_text_and_malformed_text_is_refused() {
        let id: NodeId = serde_json::from_str("\"5F0C1D4E-9A52-4C3B-8F10-0123456789AB\"").unwrap();
        assert_eq!(
            serde_json::to_string(&id).unwrap(),
            "\"5f0c1d4e-9a52-4c3b-8f10-0123456789ab\""
        );
        assert!(serde_json::from_str::<NodeId>("\"nope\"").is_err());
        assert_eq!(format!("{id:?}"), format!("NodeId({id})"));
        assert_eq!(NodeId::from_uuid(id.as_uuid()), id);
        assert_eq!(id.to_string().parse::<NodeId>().unwrap(), id);
    }
}
