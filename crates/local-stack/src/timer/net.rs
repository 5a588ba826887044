//! Sends the requests of `net.http_request_queue` and stores the answers.
//!
//! Requests leave after the transaction that queued them has committed. Only
//! `http:` addresses are called: on a laptop they are the stack itself.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Builder;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::database::Database;
use crate::gateway::proxy::Proxy;
use crate::log::Log;

/// How long a queued request waits at most until it is seen.
const PAUSE: Duration = Duration::from_millis(100);
/// Requests taken from the queue at once.
const BATCH: i64 = 200;
/// Rounds between two clean-ups of old answers: ten minutes.
const ROUNDS_PER_CLEANUP: u32 = 6000;
/// Largest answer that is stored, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

struct Queued {
    id: i64,
    method: String,
    url: String,
    headers: Option<Value>,
    body: Option<Vec<u8>>,
    timeout: Duration,
}

struct Answer {
    status: i32,
    content_type: Option<String>,
    headers: Value,
    content: String,
}

/// Runs for ever.
pub(crate) async fn run(superuser: Database, proxy: Proxy, log: Log) {
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        ticks.tick().await;
        if round.is_multiple_of(ROUNDS_PER_CLEANUP)
            && let Err(error) = forget_old_answers(&superuser).await
        {
            log.line(&format!("net: {error:#}"));
        }
        round = round.wrapping_add(1);
        match take(&superuser).await {
            Ok(requests) => {
                for request in requests {
                    tokio::spawn(answer(
                        request,
                        superuser.clone(),
                        proxy.clone(),
                        log.clone(),
                    ));
                }
            }
            Err(error) => {
                log.line(&format!("net: the queue cannot be read: {error:#}"));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn take(superuser: &Database) -> anyhow::Result<Vec<Queued>> {
    let rows = superuser
        .connect()
        .await?
        .query(
            "delete from net.http_request_queue where id in
               (select id from net.http_request_queue order by id limit $1 for update skip locked)
             returning id, method::text, url, headers, body, timeout_milliseconds",
            &[&BATCH],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Queued {
            id: row.get(0),
            method: row.get(1),
            url: row.get(2),
            headers: row.get(3),
            body: row.get(4),
            timeout: Duration::from_millis(u64::try_from(row.get::<_, i32>(5)).unwrap_or(5000)),
        })
        .collect())
}

async fn answer(queued: Queued, superuser: Database, proxy: Proxy, log: Log) {
    let id = queued.id;
    let limit = queued.timeout;
    let outcome = timeout(limit, send(queued, &proxy)).await;
    let stored = match &outcome {
        Ok(Ok(answer)) => store(&superuser, id, Some(answer), false, None).await,
        Ok(Err(error)) => store(&superuser, id, None, false, Some(format!("{error:#}"))).await,
        Err(_) => {
            store(
                &superuser,
                id,
                None,
                true,
                Some(format!("Timeout of {} ms reached", limit.as_millis())),
            )
            .await
        }
    };
    if let Err(error) = stored {
        log.line(&format!(
            "net: the answer to request {id} cannot be stored: {error:#}"
        ));
    }
}

async fn send(queued: Queued, proxy: &Proxy) -> anyhow::Result<Answer> {
    let empty = Map::new();
    let headers = queued
        .headers
        .as_ref()
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let request: Builder = headers
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .fold(
            Request::builder()
                .method(queued.method.to_uppercase().as_str())
                .uri(&queued.url),
            |request, (name, value)| request.header(name, value),
        );
    let response = proxy
        .send(request.body(queued.body.map_or_else(Body::empty, Body::from))?)
        .await?;
    let (parts, body) = response.into_parts();
    let content = Limited::new(body, ANSWER_LIMIT)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?;
    let text =
        |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Answer {
        status: i32::from(parts.status.as_u16()),
        content_type: parts.headers.get("content-type").map(text),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), Value::from(text(value))))
            .collect(),
        content: String::from_utf8_lossy(&content.to_bytes()).into_owned(),
    })
}

async fn store(
    superuser: &Database,
    id: i64,
    answer: Option<&Answer>,
    timed_out: bool,
    error: Option<String>,
) -> anyhow::Result<()> {
    superuser
        .connect()
        .await?
        .execute(
            "insert into net._http_response
               (id, status_code, content_type, headers, content, timed_out, error_msg)
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &id,
                &answer.map(|answer| answer.status),
                &answer.and_then(|answer| answer.content_type.as_deref()),
                &answer.map(|answer| &answer.headers),
                &answer.map(|answer| answer.content.as_str()),
                &timed_out,
                &error,
            ],
        )
        .await?;
    Ok(())
}

async fn forget_old_answers(superuser: &Database) -> anyhow::Result<()> {
    superuser
        .connect()
        .await?
        .execute(
            "delete from net._http_response where created < now() - interval '6 hours'",
            &[],
        )
        .await?;
    Ok(())
}
