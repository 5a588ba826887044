//! Secrets: values that calls of services carry and that nobody reads again.
//!
//! A workflow names one in a header as `{secrets.name}`. The value is known while it is set and
//! while a call is made, and only hosts on the secret's list are ever sent it. The list changes
//! only together with the value: who may administer secrets but does not know one cannot have it
//! sent to a host of their own.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{OrganizationId, SecretId, UserId};
use crate::instant::Instant;

/// Shortest value, in bytes: shorter ones could be guessed, and stand in answers by chance.
pub const SHORTEST: usize = 8;
/// Longest value, in bytes.
pub const LONGEST: usize = 4096;
/// Most secrets of one organization or one user.
pub const MOST: usize = 100;
const MOST_HOSTS: usize = 20;
const LONGEST_NAME: usize = 64;
const LONGEST_HOST: usize = 259;

/// The value of a secret. It is never shown, and has no JSON form to be written in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SecretValue(
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(min = 8, max = 4096),
            regex(pattern = "^[!-~]([ -~]*[!-~])?$"),
            example = "correct horse battery staple"
        )
    )]
    String,
);

impl SecretValue {
    /// A value that was kept.
    pub fn kept(text: String) -> Self {
        Self(text)
    }

    /// The value itself, for the call that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretValue(…)")
    }
}

/// Keep a secret.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSecret {
    /// The organization it belongs to; without one it is the caller's alone.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// What workflows call it: a letter, then letters, digits, `-` and `_`.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(min = 1, max = 64),
            regex(pattern = "^[A-Za-z][A-Za-z0-9_-]*$"),
            example = "shop-api-key"
        )
    )]
    pub name: String,
    /// 8–4096 visible ASCII characters, spaces between them. It is never answered.
    pub value: SecretValue,
    /// Where it may be sent: `host` (its usual port) or `host:port`.
    #[cfg_attr(feature = "schema", schemars(with = "Hosts"))]
    pub hosts: Vec<String>,
}

/// Give a secret a new value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateSecret {
    /// The new value.
    pub value: SecretValue,
    /// Where it may be sent from now on; as before when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Hosts>"))]
    pub hosts: Option<Vec<String>>,
}

/// How a list of hosts is sent.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Hosts(#[schemars(length(min = 1, max = 20))] Vec<Host>);

/// How a host is sent.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Host(
    #[schemars(
        length(max = 259),
        regex(pattern = HOST_PATTERN),
        example = "api.example.com"
    )]
    String,
);

#[cfg(feature = "schema")]
const HOST_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9-]*(\\.[A-Za-z0-9][A-Za-z0-9-]*)*(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$";

/// What is told of a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Its id.
    pub secret_id: SecretId,
    /// Whose it is; absent: of the user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who set it first.
    pub user_id: UserId,
    /// What workflows call it.
    pub name: String,
    /// Where it may be sent.
    pub hosts: Vec<String>,
    /// Names the key it is encrypted under.
    pub key_id: String,
    /// When a call last carried it, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Instant>,
    /// When its value was set.
    pub rotated_at: Instant,
    /// When it was set first.
    pub created_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

impl Secret {
    /// What the encryption binds the value to, so that it opens in no other row: the secret, its
    /// owner, its name and its hosts.
    pub fn place(&self) -> String {
        let owner = match self.organization_id {
            Some(id) => json!({"organization": id}),
            None => json!({"user": self.user_id}),
        };
        json!([self.secret_id, owner, self.name, self.hosts]).to_string()
    }

    /// Whether a call to this host may carry it. `usual` is the port of the address's scheme.
    pub fn may_go_to(&self, host: &str, port: u16, usual: bool) -> bool {
        let with_port = format!("{host}:{port}");
        let fits = |listed: &String| *listed == with_port || (usual && listed == host);
        self.hosts.iter().any(fits)
    }
}

impl SetSecret {
    /// Checks everything; answers the name and the hosts as they are kept.
    ///
    /// # Errors
    /// `SECRET_INVALID` with every field that is wrong; the value is not repeated.
    pub fn check(&self) -> Result<(String, Vec<String>), DomainError> {
        let mut violations = Violations::new();
        if !is_name(&self.name) {
            let error = FieldError::new("name", "format").limit("letters, digits, - and _");
            violations.add(Code::SecretInvalid, error);
        }
        check_value(&self.value, &mut violations);
        let hosts = check_hosts(&self.hosts, &mut violations);
        violations.finish().map(|()| (self.name.clone(), hosts))
    }
}

impl RotateSecret {
    /// Checks everything; answers the secret's hosts from now on.
    ///
    /// # Errors
    /// `SECRET_INVALID` with every field that is wrong; the value is not repeated.
    pub fn check(&self, before: &Secret) -> Result<Vec<String>, DomainError> {
        let mut violations = Violations::new();
        check_value(&self.value, &mut violations);
        let hosts = match &self.hosts {
            Some(hosts) => check_hosts(hosts, &mut violations),
            None => before.hosts.clone(),
        };
        violations.finish().map(|()| hosts)
    }
}

/// Refuses one more secret than an owner may have.
///
/// # Errors
/// `SECRET_INVALID`.
pub fn too_many() -> DomainError {
    let message = format!("There are {MOST} secrets already.");
    DomainError::new(Code::SecretInvalid, message)
}

/// Whether workflows may call a secret this.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_NAME).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(fits)
}

fn check_value(value: &SecretValue, violations: &mut Violations) {
    let text = value.reveal();
    let error = if !(SHORTEST..=LONGEST).contains(&text.len()) {
        FieldError::new("value", "length").limit(json!({"min": SHORTEST, "max": LONGEST}))
    } else if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') || text.trim() != text {
        FieldError::new("value", "format").limit("visible ASCII characters")
    } else {
        return;
    };
    violations.add(Code::SecretInvalid, error);
}

fn check_hosts(given: &[String], violations: &mut Violations) -> Vec<String> {
    if given.is_empty() || given.len() > MOST_HOSTS {
        let limit = json!({"min": 1, "max": MOST_HOSTS});
        let error = FieldError::new("hosts", "length").limit(limit);
        violations.add(Code::SecretInvalid, error);
    }
    let mut hosts: Vec<String> = Vec::new();
    for (place, host) in given.iter().enumerate() {
        let host = host.to_ascii_lowercase();
        if !is_host(&host) {
            let error = FieldError::new(format!("hosts[{place}]"), "format");
            violations.add(Code::SecretInvalid, error.limit("host or host:port"));
        } else if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// `host` or `host:port`, without any sign that would stand for more than one host.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_port = |port: &str| {
        let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        plain && port.parse::<u16>().is_ok()
    };
    text.len() <= LONGEST_HOST && name.split('.').all(is_label) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, value: &str, hosts: &[&str]) -> SetSecret {
        SetSecret {
            organization_id: None,
            name: name.into(),
            value: SecretValue::kept(value.into()),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        }
    }

    fn broken(command: &SetSecret) -> Vec<String> {
        let errors = command.check().unwrap_err().errors.into_iter();
        errors.map(|e| format!("{} {}", e.field, e.rule)).collect()
    }

    fn secret(hosts: &[&str]) -> Secret {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let when = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        Secret {
            secret_id: SecretId::parse(id).unwrap(),
            organization_id: None,
            user_id: UserId::parse(id).unwrap(),
            name: "api-key".into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            key_id: "k1".into(),
            last_used_at: None,
            rotated_at: when,
            created_at: when,
            revision: 1,
        }
    }

    #[test]
    fn hosts_are_kept_in_lower_case_and_once() {
        let good = command(
            "api-Key_1",
            "12345678",
            &["API.example.com", "api.example.com", "10.0.0.1:8080"],
        );
        let (name, hosts) = good.check().unwrap();
        assert_eq!(name, "api-Key_1");
        assert_eq!(hosts, ["api.example.com", "10.0.0.1:8080"]);
    }

    #[test]
    fn everything_wrong_is_named_and_the_value_is_not_repeated() {
        let bad = command("1a", "short", &[]);
        assert_eq!(
            broken(&bad),
            ["name format", "value length", "hosts length"]
        );
        for value in [
            "line\nbreak1",
            "späteres",
            " in front",
            "behind  ",
            "tab\there",
        ] {
            let refusal = command("a", value, &["a.example"]).check().unwrap_err();
            assert_eq!(refusal.errors[0].rule, "format", "{value}");
            assert!(!format!("{refusal:?}").contains(value));
        }
        for host in [
            "",
            "*",
            "*.example.com",
            "a/b",
            "a@b",
            "a:",
            "a:0",
            "a:99999",
            "a:08",
            "[::1]",
            "a..b",
            "-a",
            "a b",
            " a",
            "https://a",
        ] {
            assert_eq!(
                broken(&command("a", "12345678", &[host])),
                ["hosts[0] format"],
                "{host}"
            );
        }
        assert_eq!(
            broken(&command("a", "12345678", &["a"; 21])),
            ["hosts length"]
        );
    }

    #[test]
    fn a_new_value_may_bring_new_hosts() {
        let rotate = |value: &str, hosts: Option<&[&str]>| RotateSecret {
            value: SecretValue::kept(value.into()),
            hosts: hosts.map(|all| all.iter().map(|host| (*host).to_owned()).collect()),
        };
        let before = secret(&["a.example"]);
        assert_eq!(
            rotate("12345678", None).check(&before).unwrap(),
            ["a.example"]
        );
        assert_eq!(
            rotate("12345678", Some(&["B.example"]))
                .check(&before)
                .unwrap(),
            ["b.example"]
        );
        assert!(rotate("1234567", None).check(&before).is_err());
        assert!(rotate("12345678", Some(&[])).check(&before).is_err());
    }

    #[test]
    fn only_listed_hosts_and_ports_are_served() {
        let listed = secret(&["api.example.com", "b.example:8443"]);
        assert!(listed.may_go_to("api.example.com", 443, true));
        assert!(listed.may_go_to("b.example", 8443, false));
        assert!(!listed.may_go_to("api.example.com", 8443, false));
        assert!(!listed.may_go_to("b.example", 443, true));
        assert!(!listed.may_go_to("evil.example", 443, true));
        assert!(!listed.may_go_to("api.example.com.evil.example", 443, true));
        assert!(!listed.may_go_to("x.api.example.com", 443, true));
    }

    #[test]
    fn the_place_changes_with_whatever_it_binds() {
        let place = secret(&["a.example"]).place();
        assert_ne!(place, secret(&["b.example"]).place());
        let renamed = Secret {
            name: "other".into(),
            ..secret(&["a.example"])
        };
        assert_ne!(place, renamed.place());
        let id = renamed.secret_id.as_uuid();
        let shared = Secret {
            organization_id: Some(OrganizationId::from_uuid(id)),
            ..secret(&["a.example"])
        };
        assert_ne!(place, shared.place());
        let rotated = Secret {
            revision: 2,
            key_id: "k2".into(),
            ..secret(&["a.example"])
        };
        assert_eq!(place, rotated.place());
    }

    #[test]
    fn values_are_not_printed() {
        let printed = format!("{:?}", command("a", "marker-value", &["a"]));
        assert!(!printed.contains("marker"), "{printed}");
    }
}
