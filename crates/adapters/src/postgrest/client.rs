//! The way to PostgREST, and the only file that knows the `postgrest` crate.
//!
//! The crate builds a request: path, filters, preferences, body. It is sent through our own
//! [`Transport`], which is the host's fetch: half the CPU of the crate's own client, with the
//! timeouts and limits that it lacks. What else it lacks is done here: the caller's identity per
//! request (its `auth` panics on odd tokens), refusals as errors, values quoted, retries.
//!
//! Reads go with the user's token and the publishable key, so that row-level security judges the
//! user; commands go with the secret key and carry the verified actor themselves.

use std::fmt::Display;
use std::rc::Rc;

use domain::ids::OrganizationId;
use domain::json;
use postgrest::{Builder, Postgrest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use use_cases::ports::{Clock, PortError, PortErrorKind, SortOrder};

use super::query::{self, After, Order};
use crate::config::Config;
use crate::error::AdapterError;
use crate::http::retry::{Retry, Spread};
use crate::http::{HttpRequest, HttpResponse, Method, Transport, headers};

/// How long a call may take, in milliseconds; the database's own limit is 8 s.
const TIMEOUT_MS: u32 = 10_000;
/// How much longer a call may take for each megabyte it carries, in milliseconds.
const TIMEOUT_MS_PER_MEGABYTE: u32 = 2_000;
/// How long a call may take at most, in milliseconds; the database's limit for saving a model.
const LONGEST_TIMEOUT_MS: u32 = 30_000;

/// The project's PostgREST, shared by all requests.
pub struct Client<H, C> {
    host: H,
    clock: C,
    postgrest: Postgrest,
    publishable_key: String,
    secret_key: String,
    spread: Spread,
}

impl<H: Transport, C: Clock> Client<H, C> {
    /// The client of this deployment.
    pub fn new(host: H, clock: C, config: &Config) -> Self {
        let seed = clock.now().timestamp_millis().unsigned_abs();
        Self {
            host,
            clock,
            postgrest: Postgrest::new(config.rest_url()),
            publishable_key: config.publishable_key.clone(),
            secret_key: config.secret_key.clone(),
            spread: Spread::new(seed),
        }
    }

    /// Sends what the crate built, with our identity on it.
    async fn send(
        &self,
        builder: Builder,
        key: &str,
        token: Option<&str>,
    ) -> Result<HttpResponse, AdapterError> {
        let request = self.request(builder, key, token)?;
        let response = self
            .host
            .send(request)
            .await
            .map_err(AdapterError::Transport)?;
        match response.status {
            200..=299 => Ok(response),
            _ => Err(AdapterError::refused(&response)),
        }
    }

    fn request(
        &self,
        builder: Builder,
        key: &str,
        token: Option<&str>,
    ) -> Result<HttpRequest, AdapterError> {
        let unsendable = |why: &str| AdapterError::Unsendable(why.to_string());
        let built = builder
            .build()
            .build()
            .map_err(|_| unsendable("its address"))?;
        let method =
            Method::parse(built.method().as_str()).ok_or_else(|| unsendable("its method"))?;
        let mut headers = vec![("apikey".to_string(), key.to_string())];
        if let Some(token) = token {
            headers.push(("authorization".into(), format!("Bearer {token}")));
        }
        for (name, value) in built.headers() {
            let value = value.to_str().map_err(|_| unsendable("a header"))?;
            headers.push((name.as_str().into(), value.into()));
        }
        let body = built
            .body()
            .and_then(|body| body.as_bytes())
            .unwrap_or_default();
        let body = std::str::from_utf8(body).map_err(|_| unsendable("its body"))?;
        Ok(HttpRequest {
            method,
            url: built.url().as_str().into(),
            headers,
            body: (!body.is_empty()).then(|| body.to_string()),
            timeout_ms: timeout_ms(body.len()),
            max_body_bytes: None,
        })
    }

    /// Sends a request that changes nothing, up to three times while the database is out of reach.
    async fn send_again(
        &self,
        builder: Builder,
        key: &str,
        token: Option<&str>,
    ) -> Result<HttpResponse, AdapterError> {
        let mut tried = 1;
        loop {
            let error = match self.send(builder.clone(), key, token).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let fraction = self.spread.fraction();
            match Retry::READS.pause_after(tried, fraction) {
                Some(pause) if error.is_worth_repeating() => self.clock.sleep(pause).await,
                _ => return Err(error),
            }
            tried += 1;
        }
    }

    /// The secret key travels in `apikey`, where the gateway turns it into the service's role; a
    /// legacy key is itself the service's token.
    fn service_token(&self) -> Option<&str> {
        (!self.secret_key.starts_with("sb_")).then_some(self.secret_key.as_str())
    }
}

/// How long a call with a body of so many bytes may take, in milliseconds.
fn timeout_ms(bytes: usize) -> u32 {
    let megabytes = u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX);
    let more = megabytes.saturating_mul(TIMEOUT_MS_PER_MEGABYTE);
    TIMEOUT_MS.saturating_add(more).min(LONGEST_TIMEOUT_MS)
}

/// The client on behalf of one caller.
pub struct Session<H, C> {
    client: Rc<Client<H, C>>,
    token: Option<Rc<str>>,
}

impl<H, C> Clone for Session<H, C> {
    fn clone(&self) -> Self {
        Self {
            client: Rc::clone(&self.client),
            token: self.token.clone(),
        }
    }
}

impl<H: Transport, C: Clock> Session<H, C> {
    /// Reads as the user of this token.
    ///
    /// # Errors
    /// `Forbidden` when the text cannot be a token, because no header could carry it.
    pub fn of_user(client: Rc<Client<H, C>>, token: &str) -> Result<Self, PortError> {
        let sendable = !token.is_empty() && !token.contains(' ') && headers::is_value(token);
        if !sendable {
            let kind = PortErrorKind::Forbidden;
            return Err(PortError::new(
                kind,
                "session",
                "no header can carry the token",
            ));
        }
        Ok(Self {
            client,
            token: Some(token.into()),
        })
    }

    /// Works for the service: commands and engine calls only, since the service's role may read
    /// no table.
    pub fn of_service(client: Rc<Client<H, C>>) -> Self {
        Self {
            client,
            token: None,
        }
    }

    pub(super) fn read(&self, table: &str, columns: String) -> Read {
        Read {
            builder: self.client.postgrest.from(table).select(columns),
        }
    }

    /// A read of the rows that a function finds for the caller.
    pub(super) fn found(&self, function: &str, arguments: &Value, columns: String) -> Read {
        let found = self.client.postgrest.rpc(function, arguments.to_string());
        Read {
            builder: found.select(columns),
        }
    }

    async fn fetch(&self, read: Read) -> Result<(Vec<Value>, Option<u64>), AdapterError> {
        let client = &self.client;
        let response = match &self.token {
            Some(token) => {
                let key = &client.publishable_key;
                client.send_again(read.builder, key, Some(token)).await
            }
            None => {
                let key = &client.secret_key;
                client
                    .send_again(read.builder, key, client.service_token())
                    .await
            }
        }?;
        let total = query::total(response.header("content-range"));
        let rows = json::from_text(&response.body).map_err(unreadable)?;
        Ok((rows, total))
    }

    /// The rows, and how many there are in all if that was asked for.
    pub(super) async fn rows(
        &self,
        operation: &'static str,
        read: Read,
    ) -> Result<(Vec<Value>, Option<u64>), PortError> {
        let answer = self.fetch(read).await;
        answer.map_err(|error| error.into_port(operation))
    }

    /// Calls a function as the service.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        call: Call<'_, impl Serialize>,
    ) -> Result<T, PortError> {
        let arguments = json::to_text(call.arguments);
        let answer = self.post(call.function, arguments, call.repeatable).await;
        answer
            .and_then(|answer| json::from_value(answer).map_err(unreadable))
            .map_err(|error| error.into_port(operation))
    }

    /// The part of a call that is the same whatever goes in and comes out.
    async fn post(
        &self,
        function: &str,
        arguments: String,
        repeatable: bool,
    ) -> Result<Value, AdapterError> {
        let client = &self.client;
        let builder = client.postgrest.rpc(function, arguments);
        let (key, token) = (&client.secret_key, client.service_token());
        let response = if repeatable {
            client.send_again(builder, key, token).await?
        } else {
            client.send(builder, key, token).await?
        };
        // A function without result answers 204 and nothing.
        let body = if response.body.is_empty() {
            "null"
        } else {
            &response.body
        };
        json::from_text(body).map_err(unreadable)
    }
}

/// A call of a database function by name, with named arguments.
pub(super) struct Call<'a, A> {
    pub(super) function: &'static str,
    pub(super) arguments: &'a A,
    /// It changes nothing, so it may be sent again.
    pub(super) repeatable: bool,
}

fn unreadable(error: json::Error) -> AdapterError {
    AdapterError::Unreadable(error.to_string())
}

/// A read of a table under construction. Column names are ours; values may be anybody's.
#[derive(Clone)]
pub(super) struct Read {
    builder: Builder,
}

impl Read {
    fn with(self, change: impl FnOnce(Builder) -> Builder) -> Read {
        Read {
            builder: change(self.builder),
        }
    }

    pub(super) fn eq(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.eq(column, value.to_string()))
    }

    pub(super) fn neq(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.neq(column, value.to_string()))
    }

    pub(super) fn gt(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.gt(column, value.to_string()))
    }

    pub(super) fn gte(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.gte(column, value.to_string()))
    }

    pub(super) fn lt(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.lt(column, value.to_string()))
    }

    pub(super) fn lte(self, column: &str, value: impl Display) -> Read {
        self.with(|builder| builder.lte(column, value.to_string()))
    }

    pub(super) fn is(self, column: &str, value: &'static str) -> Read {
        self.with(|builder| builder.is(column, value))
    }

    /// Rows in which the column has a value.
    pub(super) fn has(self, column: &str) -> Read {
        self.with(|builder| builder.not("is", column, "null"))
    }

    /// Only what belongs to the organization, if one is named.
    pub(super) fn of_organization(self, organization_id: Option<OrganizationId>) -> Read {
        match organization_id {
            Some(organization_id) => self.eq("organization_id", organization_id),
            None => self,
        }
    }

    /// Any of several values.
    pub(super) fn any_of(self, column: &str, values: &[String]) -> Read {
        let quoted = values.iter().map(|value| query::quoted(value));
        self.with(|builder| builder.in_(column, quoted))
    }

    /// The JSON document in the column holds this one.
    pub(super) fn contains(self, column: &str, document: &Value) -> Read {
        self.with(|builder| builder.cs(column, json::to_text(document)))
    }

    /// The list of texts in the column holds all of these.
    pub(super) fn contains_all(self, column: &str, texts: &[String]) -> Read {
        let quoted: Vec<String> = texts.iter().map(|text| query::quoted(text)).collect();
        self.with(|builder| builder.cs(column, format!("{{{}}}", quoted.join(","))))
    }

    /// The text in the column holds this one, letter by letter.
    pub(super) fn holds(self, column: &str, text: &str) -> Read {
        let pattern = query::quoted(&query::literal_pattern(text));
        self.or(&format!("{column}.match.{pattern}"))
    }

    /// Any of several conditions, separated by commas.
    pub(super) fn or(self, conditions: &str) -> Read {
        self.with(|builder| builder.or(conditions))
    }

    pub(super) fn order(self, text: String) -> Read {
        self.with(|builder| builder.order(text))
    }

    /// At most this many rows, at least one.
    pub(super) fn limit(self, count: u32) -> Read {
        self.with(|builder| builder.limit(count.max(1) as usize))
    }

    pub(super) fn counted(self) -> Read {
        self.with(Builder::exact_count)
    }

    /// The list goes on behind a bookmark.
    pub(super) fn after(self, order: &Order, after: &After) -> Read {
        let bounded = match order.direction {
            SortOrder::Asc => self.gte(order.column, &after.value),
            SortOrder::Desc => self.lte(order.column, &after.value),
        };
        bounded.with(|builder| builder.or(&after.or))
    }
}

#[cfg(test)]
mod tests;
