//! Private channels: heard and talked on over a websocket, talked on over HTTP.

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
        let path = format!("/realtime/v1/api/broadcast/{topic}/events/tried?private=true");
        let sent = api.send(Method::POST, &path, caller, &[], Some("{}".to_owned()));
        let talks = sent.await?.0 < 300;
        letters.extend(talks.then_some(talk));
        if socket.join(topic, caller).await? {
            letters.insert(hear);
            let both_ways = socket.talk(topic).await? == talks;
            letters.extend((!both_ways).then_some('!'));
        }
    }
    Ok((letters, 6))
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
        let config = json!({"broadcast": {"ack": true}, "private": true});
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
        let reply = self.reply(|answered| answered == reference).await?;
        Ok(reply[4]["status"] == "ok")
    }

    /// Whether a message on a joined channel is acknowledged.
    async fn talk(&mut self, topic: &str) -> anyhow::Result<bool> {
        let joined = self.sent.to_string();
        let (message, heartbeat) = (format!("{joined}-message"), format!("{joined}-heartbeat"));
        let payload = json!({"type": "broadcast", "event": "tried", "payload": {}});
        let talk = json!([
            joined,
            message,
            format!("realtime:{topic}"),
            "broadcast",
            payload
        ]);
        let beat = json!([null, heartbeat, "phoenix", "heartbeat", {}]);
        for sent in [talk, beat] {
            self.stream.send(Message::text(sent.to_string())).await?;
        }
        // Who may not is not answered at all; the heartbeat is, after it.
        let reply = self
            .reply(|answered| answered == message || answered == heartbeat)
            .await?;
        Ok(reply[1] == json!(message) && reply[4]["status"] == "ok")
    }

    /// The reply to one of the messages that were sent.
    async fn reply(&mut self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Value> {
        loop {
            let message = timeout(PATIENCE, self.stream.next())
                .await
                .context("Realtime is silent")?;
            let Message::Text(text) = message.context("Realtime hung up")?? else {
                continue;
            };
            let message: Value = serde_json::from_str(&text)?;
            if message[3] == "phx_reply" && message[1].as_str().is_some_and(&wanted) {
                return Ok(message);
            }
        }
    }
}
