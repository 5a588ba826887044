//! What the function's environment says: where the project is, its keys, and our own settings.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use thiserror::Error;

use crate::http::{AllowedHosts, headers};

/// How many runs of actions a worker holds at once, unless `FM_WORKER_CONCURRENCY` says otherwise.
const WORKER_CONCURRENCY: u32 = 16;
/// How many seconds a worker works, unless `FM_WORKER_SECONDS` says otherwise.
const WORKER_SECONDS: u32 = 120;

/// The environment cannot be used. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A service that speaks chat completions, as OpenAI and many others do.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentSettings {
    /// Its address up to and including the version, such as `https://api.example.com/v1`.
    pub url: String,
    /// The model it is asked for.
    pub model: String,
    /// Its key, if it wants one.
    pub key: Option<String>,
}

/// The key never reaches a log.
impl fmt::Debug for AgentSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AgentSettings")
            .field("url", &self.url)
            .field("model", &self.model)
            .field("key", &self.key.is_some())
            .finish()
    }
}

/// A key that values of secrets are encrypted under.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultKey {
    /// Its name, which stands in every row that it encrypted.
    pub id: String,
    /// 32 bytes, base64url without padding.
    pub key: String,
}

/// The key never reaches a log.
impl fmt::Debug for VaultKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VaultKey({})", self.id)
    }
}

/// The settings of one deployment.
#[derive(Clone)]
pub struct Config {
    /// The project's address, without a slash at its end.
    pub url: String,
    /// The key that stands for "nobody in particular".
    pub publishable_key: String,
    /// The key that commands are sent with.
    pub secret_key: String,
    /// Every key that stands for the service: the secret ones and the legacy one.
    pub service_keys: Vec<String>,
    /// The public keys of Auth as deployed, `{"keys": […]}`; absent: they are fetched.
    pub jwks: Option<Value>,
    /// The secret of projects that sign user tokens with HS256.
    pub jwt_secret: Option<String>,
    /// Hosts that may be called although they are not public.
    pub allowed_hosts: AllowedHosts,
    /// The service behind the agents, if there is one.
    pub agents: Option<AgentSettings>,
    /// The keys of secrets, the present one first; without any none can be set.
    pub secret_keys: Rc<[VaultKey]>,
    /// Runs of actions a worker holds at once, 1–256.
    pub worker_concurrency: u32,
    /// Seconds a worker works before it hands over, 1–390.
    pub worker_seconds: u32,
}

impl Config {
    /// Reads the variables of a Supabase function and our own (`FM_…`).
    ///
    /// # Errors
    /// The first variable that is missing or unusable.
    pub fn from_map(environment: &HashMap<String, String>) -> Result<Config, ConfigError> {
        let get = |name: &'static str| {
            environment
                .get(name)
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
        };
        let publishable = keys(get, "SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY")?;
        let service_keys = keys(get, "SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY")?;
        Ok(Config {
            url: project_url(get("SUPABASE_URL"))?,
            publishable_key: first(&publishable, "SUPABASE_PUBLISHABLE_KEYS")?,
            secret_key: first(&service_keys, "SUPABASE_SECRET_KEYS")?,
            service_keys,
            jwks: get("SUPABASE_JWKS").map(jwks).transpose()?,
            jwt_secret: get("FM_JWT_SECRET").map(jwt_secret).transpose()?,
            allowed_hosts: AllowedHosts::parse(get("FM_ALLOWED_HOSTS").unwrap_or_default())
                .map_err(|_| {
                    broken(
                        "FM_ALLOWED_HOSTS",
                        "must list hosts, each host or host:port",
                    )
                })?,
            agents: agents(
                get("FM_AGENT_URL"),
                get("FM_AGENT_MODEL"),
                get("FM_AGENT_KEY"),
            )?,
            secret_keys: secret_keys(get("FM_SECRET_KEYS").unwrap_or_default())?,
            worker_concurrency: number(
                get("FM_WORKER_CONCURRENCY"),
                ("FM_WORKER_CONCURRENCY", "must be a number from 1 to 256"),
                WORKER_CONCURRENCY,
                256,
            )?,
            worker_seconds: number(
                get("FM_WORKER_SECONDS"),
                ("FM_WORKER_SECONDS", "must be a number from 1 to 390"),
                WORKER_SECONDS,
                390,
            )?,
        })
    }

    /// Where PostgREST answers.
    pub fn rest_url(&self) -> String {
        format!("{}/rest/v1", self.url)
    }

    /// Where Auth publishes its keys.
    pub fn jwks_url(&self) -> String {
        format!("{}/auth/v1/.well-known/jwks.json", self.url)
    }
}

/// Keys never reach a log, so only their number is shown.
impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("url", &self.url)
            .field("service_keys", &self.service_keys.len())
            .field("jwks", &self.jwks.is_some())
            .field("jwt_secret", &self.jwt_secret.is_some())
            .field("secret_keys", &self.secret_keys)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("worker_concurrency", &self.worker_concurrency)
            .field("worker_seconds", &self.worker_seconds)
            .finish_non_exhaustive()
    }
}

fn broken(variable: &'static str, problem: &'static str) -> ConfigError {
    ConfigError { variable, problem }
}

/// An address without a model, or a model without an address, would fail at the first task.
fn agents(
    url: Option<&str>,
    model: Option<&str>,
    key: Option<&str>,
) -> Result<Option<AgentSettings>, ConfigError> {
    let Some(address) = url else {
        return Ok(None);
    };
    let valid = url::Url::parse(address)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !valid {
        let problem = "must be an http or https address";
        return Err(broken("FM_AGENT_URL", problem));
    }
    let model = model.ok_or_else(|| broken("FM_AGENT_MODEL", "is missing beside FM_AGENT_URL"))?;
    if key.is_some_and(|key| !headers::is_value(key)) {
        return Err(broken("FM_AGENT_KEY", "cannot be carried by a header"));
    }
    Ok(Some(AgentSettings {
        url: address.trim_end_matches('/').to_string(),
        model: model.to_string(),
        key: key.map(str::to_string),
    }))
}

fn project_url(value: Option<&str>) -> Result<String, ConfigError> {
    let value = value.ok_or_else(|| broken("SUPABASE_URL", "is missing"))?;
    let url = url::Url::parse(value)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(|_| value.trim_end_matches('/').to_string())
        .ok_or_else(|| broken("SUPABASE_URL", "must be an http or https address"))
}

/// The values of a JSON object of keys, that called `default` first, then the legacy key.
fn keys<'a>(
    get: impl Fn(&'static str) -> Option<&'a str>,
    named: &'static str,
    legacy: &'static str,
) -> Result<Vec<String>, ConfigError> {
    let mut found: Vec<String> = match get(named) {
        None => Vec::new(),
        Some(text) => {
            let mut set: domain::sorted::SortedMap<String, String> = domain::json::from_text(text)
                .map_err(|_| broken(named, "must be a JSON object of keys"))?;
            set.remove("default")
                .into_iter()
                .chain(set.into_values())
                .collect()
        }
    };
    found.extend(get(legacy).map(str::to_string));
    if found
        .iter()
        .any(|key| key.is_empty() || !headers::is_value(key))
    {
        return Err(broken(named, "holds a key that no header can carry"));
    }
    Ok(found)
}

fn first(keys: &[String], variable: &'static str) -> Result<String, ConfigError> {
    keys.first()
        .cloned()
        .ok_or_else(|| broken(variable, "is missing, and so is its legacy form"))
}

fn jwks(text: &str) -> Result<Value, ConfigError> {
    let problem = || broken("SUPABASE_JWKS", "must be a JWK set");
    let value: Value = serde_json::from_str(text).map_err(|_| problem())?;
    let set = match value {
        Value::Array(keys) => serde_json::json!({ "keys": keys }),
        other => other,
    };
    set["keys"].is_array().then_some(set).ok_or_else(problem)
}

/// Reads `name:key`, separated by commas; a key is 32 bytes in base64 of either alphabet.
fn secret_keys(list: &str) -> Result<Rc<[VaultKey]>, ConfigError> {
    let problem = "must list keys, each name:base64 of 32 bytes, no name twice";
    let broken = || broken("FM_SECRET_KEYS", problem);
    let mut keys: Vec<VaultKey> = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let key = secret_key(entry).ok_or_else(broken)?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(broken());
        }
        keys.push(key);
    }
    Ok(keys.into())
}

fn secret_key(entry: &str) -> Option<VaultKey> {
    let (id, key) = entry.split_once(':')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = (1..=40).contains(&id.len()) && id.bytes().all(fits);
    let key = key.trim_end_matches('=');
    let key = key.replace('+', "-").replace('/', "_");
    let bytes = URL_SAFE_NO_PAD.decode(&key).ok()?;
    (is_name && bytes.len() == 32).then(|| VaultKey {
        id: id.to_owned(),
        key,
    })
}

/// Shorter secrets can be guessed from one token.
fn jwt_secret(text: &str) -> Result<String, ConfigError> {
    (text.len() >= 32)
        .then(|| text.to_string())
        .ok_or_else(|| broken("FM_JWT_SECRET", "must have at least 32 characters"))
}

fn number(
    value: Option<&str>,
    (variable, problem): (&'static str, &'static str),
    otherwise: u32,
    most: u32,
) -> Result<u32, ConfigError> {
    value.map_or(Ok(otherwise), |text| {
        text.parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| broken(variable, problem))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut environment: HashMap<String, String> = [
            ("SUPABASE_URL", "https://abc.supabase.co/"),
            (
                "SUPABASE_PUBLISHABLE_KEYS",
                r#"{"default":"sb_publishable_a"}"#,
            ),
            (
                "SUPABASE_SECRET_KEYS",
                r#"{"a":"sb_secret_a","default":"sb_secret_d"}"#,
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        for (name, value) in changes {
            environment.insert((*name).into(), (*value).into());
        }
        Config::from_map(&environment)
    }

    #[test]
    fn the_defaults_suit_a_deployment() {
        let config = read(&[]).unwrap();
        assert_eq!(config.rest_url(), "https://abc.supabase.co/rest/v1");
        assert_eq!(
            config.jwks_url(),
            "https://abc.supabase.co/auth/v1/.well-known/jwks.json"
        );
        assert_eq!(config.publishable_key, "sb_publishable_a");
        assert_eq!(config.secret_key, "sb_secret_d");
        assert_eq!(config.service_keys, ["sb_secret_d", "sb_secret_a"]);
        assert_eq!(
            (config.worker_concurrency, config.worker_seconds),
            (16, 120)
        );
        assert!(config.jwks.is_none() && config.jwt_secret.is_none());
    }

    #[test]
    fn legacy_keys_serve_where_there_are_no_others() {
        let config = read(&[
            ("SUPABASE_PUBLISHABLE_KEYS", ""),
            ("SUPABASE_SECRET_KEYS", ""),
            ("SUPABASE_ANON_KEY", "anon.jwt"),
            ("SUPABASE_SERVICE_ROLE_KEY", "service.jwt"),
        ])
        .unwrap();
        assert_eq!(config.publishable_key, "anon.jwt");
        assert_eq!(config.service_keys, ["service.jwt"]);
        let both = read(&[("SUPABASE_SERVICE_ROLE_KEY", "service.jwt")]).unwrap();
        assert_eq!(
            both.service_keys,
            ["sb_secret_d", "sb_secret_a", "service.jwt"]
        );
    }

    #[test]
    fn settings_of_our_own_are_read() {
        let config = read(&[
            ("SUPABASE_JWKS", r#"[{"kty":"EC"}]"#),
            ("FM_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            ("FM_ALLOWED_HOSTS", "127.0.0.1:9000"),
            ("FM_WORKER_CONCURRENCY", "4"),
            ("FM_WORKER_SECONDS", "30"),
        ])
        .unwrap();
        assert_eq!(config.jwks.unwrap()["keys"][0]["kty"], "EC");
        assert!(config.jwt_secret.is_some());
        assert_eq!((config.worker_concurrency, config.worker_seconds), (4, 30));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (variable, value) in [
            ("SUPABASE_URL", ""),
            ("SUPABASE_URL", "ftp://a"),
            ("SUPABASE_PUBLISHABLE_KEYS", ""),
            ("SUPABASE_PUBLISHABLE_KEYS", "sb_a"),
            ("SUPABASE_SECRET_KEYS", "{}"),
            ("SUPABASE_SECRET_KEYS", r#"{"default":"a\nb"}"#),
            ("SUPABASE_JWKS", "{"),
            ("SUPABASE_JWKS", "{}"),
            ("FM_JWT_SECRET", "short"),
            ("FM_ALLOWED_HOSTS", "a/b"),
            ("FM_SECRET_KEYS", "k1"),
            ("FM_SECRET_KEYS", "k1:c2hvcnQ="),
            ("FM_SECRET_KEYS", &format!(":{KEY}")),
            ("FM_SECRET_KEYS", &format!("k1:{KEY},k1:{KEY}")),
            ("FM_SECRET_KEYS", &format!("k 1:{KEY}")),
            ("FM_WORKER_CONCURRENCY", "0"),
            ("FM_WORKER_SECONDS", "1000"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert_eq!(error.variable, variable, "{value}");
            assert!(error.to_string().starts_with(variable));
        }
    }

    /// 32 bytes.
    const KEY: &str = "//79+/////////////////////////////////////8=";

    #[test]
    fn keys_of_secrets_are_read_in_their_order() {
        let url_safe = KEY.replace('/', "_").replace('+', "-");
        let list = format!("k2:{KEY} , k1:{}", url_safe.trim_end_matches('='));
        let keys = read(&[("FM_SECRET_KEYS", &list)]).unwrap().secret_keys;
        let names: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(names, ["k2", "k1"]);
        assert_eq!(keys[0].key, keys[1].key);
        assert!(read(&[]).unwrap().secret_keys.is_empty());
    }

    #[test]
    fn keys_are_not_printed() {
        let config = read(&[
            ("FM_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            ("FM_SECRET_KEYS", &format!("k1:{KEY}")),
        ])
        .unwrap();
        let printed = format!("{config:?}");
        assert!(!printed.contains("sb_secret"));
        assert!(!printed.contains("0123456789"));
        assert!(!printed.contains("____"), "{printed}");
    }
}
