//! Secrets on their way into a call, and out of what comes back.
//!
//! A value is decrypted for one call to a host on its list, over TLS or to a host that the operator
//! allows by name, and is dropped with the call. Should the service send it back, as it is,
//! percent-encoded or in base64, a mark takes its place before any expression sees the answer.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use domain::ids::OrganizationId;
use domain::secret::SecretValue;
use domain::sorted::SortedMap;
use serde_json::{Value, json};
use url::Url;
use use_cases::context::Actor;
use use_cases::ports::{Clock, SealedSecret, ServiceError, ServiceFailure, Vault};

use super::answer::invalid;
use super::knowledge_base::told;
use crate::http::{AllowedHosts, Transport};
use crate::postgrest::{Session, sealed_secrets};

/// What stands where a service sent a secret back.
const MARK: &str = "[secret]";

/// Secrets of one call, by name.
pub(super) type Values = SortedMap<String, SecretValue>;

/// Which secrets a call carries, and where it goes.
pub(super) struct Wanted<'a> {
    /// On whose behalf.
    pub(super) actor: &'a Actor,
    /// Whose the workflow is; absent: the actor's own.
    pub(super) organization_id: Option<OrganizationId>,
    /// What the workflow names.
    pub(super) names: &'a [&'a str],
    /// The address that is called.
    pub(super) url: &'a str,
}

/// Decrypts what one call carries.
///
/// # Errors
/// A secret is missing or hidden, may not go to the host, or does not open.
pub(super) async fn open<H: Transport, C: Clock>(
    session: &Session<H, C>,
    vault: &impl Vault,
    allowed: &AllowedHosts,
    wanted: Wanted<'_>,
) -> Result<Values, ServiceError> {
    let target = Target::of(wanted.url, allowed)?;
    let question = json!({
        "organizationId": wanted.organization_id,
        "names": wanted.names,
        "targets": target.listed(),
    });
    let names = ("spindle.use_secrets", "use_secrets");
    let found = sealed_secrets(session, names, wanted.actor, &question).await;
    let found = found.map_err(told)?;
    let mut values = Values::new();
    for name in wanted.names {
        let kept = found.iter().find(|kept| kept.secret.name == *name);
        let missing = || {
            let message = format!("There is no secret {name} that this run may use.");
            refused(ServiceFailure::SecretMissing, message)
        };
        let value = target.open(vault, kept.ok_or_else(missing)?).await?;
        values.insert((*name).to_owned(), value);
    }
    Ok(values)
}

/// Where a call goes.
struct Target {
    host: String,
    port: u16,
    is_usual: bool,
    is_safe: bool,
}

impl Target {
    fn of(url: &str, allowed: &AllowedHosts) -> Result<Self, ServiceError> {
        let unusable = || invalid("The service cannot be called: the address is not a valid URL.");
        let url = Url::parse(url).map_err(|_| unusable())?;
        Ok(Self {
            host: url.host_str().ok_or_else(unusable)?.to_owned(),
            port: url.port_or_known_default().ok_or_else(unusable)?,
            is_usual: url.port().is_none(),
            is_safe: url.scheme() == "https" || allowed.contains(&url),
        })
    }

    /// The entries of a secret's list that stand for it.
    fn listed(&self) -> Vec<String> {
        let mut listed = vec![format!("{}:{}", self.host, self.port)];
        listed.extend(self.is_usual.then(|| self.host.clone()));
        listed
    }

    async fn open(
        &self,
        vault: &impl Vault,
        kept: &SealedSecret,
    ) -> Result<SecretValue, ServiceError> {
        let secret = &kept.secret;
        let name = &secret.name;
        let sealed = kept.sealed.as_ref();
        let sealed = sealed.filter(|_| secret.may_go_to(&self.host, self.port, self.is_usual));
        let Some(sealed) = sealed else {
            let message = format!("The secret {name} may not be sent to this host.");
            return Err(refused(ServiceFailure::SecretHost, message));
        };
        if !self.is_safe {
            let message = format!("The secret {name} is sent over https only.");
            return Err(refused(ServiceFailure::SecretHost, message));
        }
        let opened = vault.open(&secret.key_id, &secret.place(), sealed).await;
        opened.map_err(told)?.ok_or_else(|| {
            let message = format!("The secret {name} cannot be decrypted; set it anew.");
            refused(ServiceFailure::SecretUnreadable, message)
        })
    }
}

fn refused(failure: ServiceFailure, message: String) -> ServiceError {
    ServiceError {
        permanent: true,
        ..ServiceError::new(failure, message)
    }
}

/// Puts the mark wherever an answer holds one of the secrets, in names of fields too.
pub(super) fn redact(answer: &mut Value, values: &Values) {
    let mut forms: Vec<String> = values.values().flat_map(forms).collect();
    // What holds another form inside goes first.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    if !forms.is_empty() {
        redact_forms(answer, &forms);
    }
}

/// A secret as services are likely to repeat it.
fn forms(value: &SecretValue) -> Vec<String> {
    let text = value.reveal();
    let percent: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let escaped = json!(text).to_string();
    let mut forms = vec![
        text.to_owned(),
        percent.replace('+', "%20"),
        percent,
        escaped.trim_matches('"').to_owned(),
        STANDARD_NO_PAD.encode(text),
        URL_SAFE_NO_PAD.encode(text),
    ];
    forms.dedup();
    forms
}

fn redact_forms(value: &mut Value, forms: &[String]) {
    match value {
        Value::String(text) => redact_text(text, forms),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_forms(item, forms)),
        Value::Object(fields) => {
            let named = |name: &String| forms.iter().any(|form| name.contains(form));
            if fields.keys().any(named) {
                let before = std::mem::take(fields);
                fields.extend(before.into_iter().map(|(mut name, value)| {
                    redact_text(&mut name, forms);
                    (name, value)
                }));
            }
            fields
                .values_mut()
                .for_each(|value| redact_forms(value, forms));
        }
        Value::Number(_) if forms.contains(&value.to_string()) => *value = json!(MARK),
        _ => {}
    }
}

fn redact_text(text: &mut String, forms: &[String]) {
    for form in forms {
        if text.contains(form.as_str()) {
            *text = text.replace(form.as_str(), MARK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[&str]) -> Values {
        let mut values = Values::new();
        for (nth, text) in all.iter().enumerate() {
            values.insert(format!("s{nth}"), SecretValue::kept((*text).to_owned()));
        }
        values
    }

    #[test]
    fn a_secret_that_comes_back_is_marked_in_every_usual_form() {
        let secret = "s3cr&t \"quoted\"";
        let mut answer = json!({
            "headers": {"x-echo": format!("Bearer {secret}")},
            "body": {
                "plain": secret,
                "twice": format!("{secret}{secret}"),
                "url": "https://a.example/?k=s3cr%26t%20%22quoted%22&l=s3cr%26t+%22quoted%22",
                "json": format!("{}", json!({"k": secret})),
                "base64": STANDARD_NO_PAD.encode(secret),
                format!("name {secret}"): [secret, 1, null],
            },
        });
        redact(&mut answer, &values(&[secret]));
        let text = answer.to_string();
        for form in forms(&SecretValue::kept(secret.into())) {
            assert!(!text.contains(&form), "{form} in {text}");
        }
        assert_eq!(answer["headers"]["x-echo"], "Bearer [secret]");
        assert_eq!(answer["body"]["twice"], "[secret][secret]");
        assert_eq!(
            answer["body"]["name [secret]"],
            json!(["[secret]", 1, null])
        );
    }

    #[test]
    fn a_secret_inside_another_and_one_of_digits_are_marked() {
        let mut answer = json!(["longer-secret-value", "secret-value", 12_345_678, 12]);
        redact(
            &mut answer,
            &values(&["secret-value", "longer-secret-value", "12345678"]),
        );
        assert_eq!(answer, json!(["[secret]", "[secret]", "[secret]", 12]));
    }

    #[test]
    fn without_secrets_an_answer_stays_as_it_is() {
        let mut answer = json!({"a": ["b", 1]});
        redact(&mut answer, &Values::new());
        assert_eq!(answer, json!({"a": ["b", 1]}));
    }
}
