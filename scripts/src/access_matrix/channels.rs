//! Private channels: heard over a websocket, talked on over HTTP.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::{SinkExt, StreamExt};
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::document::Letters;
use super::http::Api;
use super::scene::{Caller, SERVICE_COLUMN, Scene};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The topics of a kind of channel: one of the organization under test, one of the other.
///
/// # Errors
/// When the scene has nothing of the kind.
pub(super) fn topics(scene: &Scene, kind: &str) -> anyhow::Result<[String; 2]> {
    let thing = match kind {
        "function_model" => "model",
        "execution" => "run",
        "user" => "owner",
        "organization" => "organization",
        // A kind there is not, with an identifier there is.
        "anything_else" => "model",
        kind => bail!("what a channel of the kind {kind} is about is not known here"),
    };
    let topic = |side: &str| {
        let id = scene.named.get(&format!("{side} {thing}"));
        anyhow::Ok(format!(
            "{kind}:{}",
            id.with_context(|| format!("there is no {side} {thing}"))?
        ))
    };
    Ok([topic("own")?, topic("foreign")?])
}

/// What a caller may do on the channels of a kind, and how many attempts it took.
///
/// # Errors
/// When Realtime does not answer.
pub(super) async fn observed(
    details: &Details,
    api: &Api,
    caller: &Caller,
    topics: &[String; 2],
) -> anyhow::Result<(Letters, usize)> {
    let mut letters = Letters::new();
    let mut socket = Socket::open(details, caller).await?;
    for (topic, [hear, talk]) in topics.iter().zip([['h', 't'], ['H', 'T']]) {
        if socket.join(topic, caller).await? {
            letters.insert(hear);
        }
        let path = format!("/realtime/v1/api/broadcast/{topic}/events/tried?private=true");
        let (status, _) = api
            .send(Method::POST, &path, caller, &[], Some("{}".to_owned()))
            .await?;
        if status < 300 {
            letters.insert(talk);
        }
    }
    Ok((letters, 4))
}

/// A connection to Realtime.
struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    sent: usize,
}

impl Socket {
    async fn open(details: &Details, caller: &Caller) -> anyhow::Result<Self> {
        let key = match caller.name {
            SERVICE_COLUMN => &details.secret_key,
            _ => &details.publishable_key,
        };
        let url = details.api_url.replacen("http", "ws", 1);
        let url = format!("{url}/realtime/v1/websocket?apikey={key}&vsn=2.0.0");
        let (stream, _) = connect_async(&url)
            .await
            .context("connecting to Realtime")?;
        Ok(Self { stream, sent: 0 })
    }

    /// Whether a private channel lets the caller in.
    async fn join(&mut self, topic: &str, caller: &Caller) -> anyhow::Result<bool> {
        self.sent += 1;
        let reference = self.sent.to_string();
        let config = json!({"broadcast": {"self": true}, "private": true});
        let mut payload = json!({ "config": config });
        if let Some(token) = &caller.token {
            payload["access_token"] = json!(token);
        }
        let join = json!([
            reference,
            reference,
            format!("realtime:{topic}"),
            "phx_join",
            payload
        ]);
        self.stream.send(Message::text(join.to_string())).await?;
        loop {
            let message = timeout(PATIENCE, self.stream.next())
                .await
                .context("Realtime is silent")?;
            let Message::Text(text) = message.context("Realtime hung up")?? else {
                continue;
            };
            let message: Value = serde_json::from_str(&text)?;
            if message[1] == json!(reference) && message[3] == "phx_reply" {
                return Ok(message[4]["status"] == "ok");
            }
        }
    }
}
