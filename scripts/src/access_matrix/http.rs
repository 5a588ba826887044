//! Cells over HTTP: each attempt as a request to PostgREST, through the gateway, with the caller's own token.

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::Details;
use serde_json::{Value, json};

use super::cells::{Answer, Attempt, Cell, Deed};
use super::document::Part;
use super::scene::{Caller, SERVICE_COLUMN};

/// Requests under way at a time.
const AT_A_TIME: usize = 8;

/// A client of a stack.
pub(super) struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
    url: String,
    publishable_key: String,
    secret_key: String,
}

/// What a request looks like.
struct Ask {
    method: Method,
    path: String,
    body: Option<String>,
}

impl Api {
    /// A client of this stack.
    pub(super) fn of(details: &Details) -> Self {
        Self {
            http: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            url: details.api_url.clone(),
            publishable_key: details.publishable_key.clone(),
            secret_key: details.secret_key.clone(),
        }
    }

    /// The answers to all attempts of some cells, cell by cell.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn ask(&self, cells: &[(&Cell, &Caller)]) -> anyhow::Result<Vec<Vec<Answer>>> {
        stream::iter(cells)
            .map(async |(cell, caller)| {
                let mut answers = Vec::new();
                for attempt in &cell.attempts {
                    answers.push(self.attempt(cell, attempt, caller).await?);
                }
                anyhow::Ok(answers)
            })
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    async fn attempt(
        &self,
        cell: &Cell,
        attempt: &Attempt,
        caller: &Caller,
    ) -> anyhow::Result<Answer> {
        let (schema, object) = match cell.part {
            Part::TablesOutside => cell
                .object
                .split_once('.')
                .unwrap_or(("public", &cell.object)),
            _ => ("public", cell.object.as_str()),
        };
        let ask = asked(attempt, object);
        let mut headers = vec![("prefer", "return=minimal".to_owned())];
        if schema != "public" {
            let name = if ask.method == Method::GET {
                "accept-profile"
            } else {
                "content-profile"
            };
            headers.push((name, schema.to_owned()));
        }
        let path = format!("/rest/v1/{}", ask.path);
        let (status, body) = self
            .send(ask.method, &path, caller, &headers, ask.body)
            .await?;
        Ok(understood(status, &body))
    }

    /// Sends one request as a caller.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> anyhow::Result<(u16, Bytes)> {
        let key = match caller.name {
            SERVICE_COLUMN => &self.secret_key,
            _ => &self.publishable_key,
        };
        let url = format!("{}{path}", self.url);
        let mut request = Request::builder()
            .method(method)
            .uri(&url)
            .header("apikey", key);
        if let Some(token) = &caller.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = Full::new(Bytes::from(body.unwrap_or_default()));
        let response = self.http.request(request.body(body)?).await.context(url)?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

fn asked(attempt: &Attempt, object: &str) -> Ask {
    match &attempt.deed {
        Deed::Read {
            key,
            value,
            columns,
        } => {
            // A computed field is a column of its table.
            let table = object
                .split_once('(')
                .map_or(object, |(_, rest)| rest.trim_end_matches(')'));
            Ask {
                method: Method::GET,
                path: format!("{table}?select={columns}&{key}=eq.{value}&limit=1"),
                body: None,
            }
        }
        Deed::Add => Ask {
            method: Method::POST,
            path: object.to_owned(),
            body: Some("{}".to_owned()),
        },
        Deed::Change { key, value } => Ask {
            method: Method::PATCH,
            path: format!("{object}?{key}=eq.{value}"),
            body: Some(json!({ key: value }).to_string()),
        },
        Deed::Remove { key, value } => Ask {
            method: Method::DELETE,
            path: format!("{object}?{key}=eq.{value}"),
            body: None,
        },
        Deed::ChangeAll { key } => Ask {
            method: Method::PATCH,
            path: object.to_owned(),
            body: Some(json!({ key: null }).to_string()),
        },
        Deed::RemoveAll => Ask {
            method: Method::DELETE,
            path: object.to_owned(),
            body: None,
        },
        Deed::Call { body, filter } => Ask {
            method: Method::POST,
            path: format!(
                "rpc/{}{filter}",
                object.split('(').next().unwrap_or_default()
            ),
            body: Some(body.clone()),
        },
        Deed::Inside => Ask {
            method: Method::GET,
            path: String::new(),
            body: None,
        },
    }
}

/// Reads an answer of PostgREST as one of the database.
fn understood(status: u16, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if status < 300 {
        return Answer::Rows(match body {
            Value::Array(rows) => rows.len() as u64,
            // A write tells no rows here, and one that was let in is one too many.
            _ => 1,
        });
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let code = match (status, text("code").as_str()) {
        // Whatever stands in the body, the caller was not let in.
        (401, "" | "PGRST301" | "PGRST302" | "PGRST303") => "401".to_owned(),
        (_, code) => code.to_owned(),
    };
    Answer::Failed {
        code,
        message: text("message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_refusals_and_tokens_are_told_apart() {
        assert_eq!(understood(200, b"[]"), Answer::Rows(0));
        assert_eq!(understood(200, b"[{}]"), Answer::Rows(1));
        assert_eq!(understood(204, b""), Answer::Rows(1));
        let denied = Answer::Failed {
            code: "42501".to_owned(),
            message: "permission denied for table x".to_owned(),
        };
        let body = br#"{"code": "42501", "message": "permission denied for table x"}"#;
        assert_eq!(understood(403, body), denied);
        assert_eq!(understood(401, body), denied);
        let expired = understood(401, br#"{"code": "PGRST301", "message": "JWT expired"}"#);
        assert!(matches!(expired, Answer::Failed { code, .. } if code == "401"));
    }
}
