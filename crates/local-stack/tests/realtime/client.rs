//! A websocket client that speaks the protocol by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::{SinkExt, StreamExt};
use local_stack::realtime::{Config, Realtime};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::postgres::Postgres;

/// The key every client may connect with.
pub(crate) const KEY: &str = "sb_publishable_test";

/// A running stand-in.
pub(crate) struct Server {
    /// `host:port`
    pub(crate) address: String,
    _realtime: Realtime,
}

impl Server {
    /// Starts one on a database.
    pub(crate) async fn start(postgres: &Postgres) -> Self {
        Self::start_as(postgres.url()).await
    }

    /// Starts one that connects to the database in a way of its own.
    pub(crate) async fn start_as(database_url: String) -> Self {
        let realtime = Realtime::start(Config {
            database_url,
            claims: Arc::new(claims),
        });
        let realtime = realtime.await.expect("Realtime starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let router = realtime.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            _realtime: realtime,
        }
    }

    /// Connects with version 2.0.0.
    pub(crate) async fn client(&self) -> Client {
        self.client_of("2.0.0").await
    }

    /// Connects with a version.
    pub(crate) async fn client_of(&self, version: &str) -> Client {
        let query = format!("apikey={KEY}&vsn={version}");
        let stream = self.connect(&query).await.expect("the socket opens");
        Client {
            stream,
            version_two: version == "2.0.0",
            last_ref: 0,
        }
    }

    /// Opens a socket with a query of any kind.
    pub(crate) async fn connect(
        &self,
        query: &str,
    ) -> Result<WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>, tungstenite::Error> {
        let url = format!("ws://{}/websocket?{query}", self.address);
        Ok(connect_async(url).await?.0)
    }
}

/// A token is a name, optionally with the second at which it expires: `alice@1700000000`.
fn claims(token: &str) -> Option<Value> {
    if token == KEY {
        return Some(json!({"role": "anon"}));
    }
    // A real token, signed by somebody else.
    if token.contains('.') {
        return None;
    }
    let (name, expiry) = match token.split_once('@') {
        Some((name, expiry)) => (name, expiry.parse().ok()?),
        None => (token, now() + 3600),
    };
    let role = match name {
        "stranger" => return None,
        "service" => "service_role",
        _ => "authenticated",
    };
    (expiry > now()).then(|| json!({"role": role, "name": name, "exp": expiry}))
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.expect("a clock after 1970").as_secs()
}

/// One message from the server.
#[derive(Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) topic: String,
    pub(crate) event: String,
    pub(crate) payload: Value,
    /// The bytes of a binary frame, after its names.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// A connected client.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    version_two: bool,
    last_ref: u64,
}

impl Client {
    /// Sends a text message; channels are joined once, with reference 1 of their own.
    pub(crate) async fn send(&mut self, topic: &str, event: &str, payload: Value) {
        self.last_ref += 1;
        let (join_ref, reference) = (format!("join-{topic}"), self.last_ref.to_string());
        let message = match self.version_two {
            true => json!([join_ref, reference, topic, event, payload]),
            false => json!({"join_ref": join_ref, "ref": reference,
                "topic": topic, "event": event, "payload": payload}),
        };
        let sent = self.stream.send(Message::text(message.to_string())).await;
        sent.expect("the message leaves");
    }

    /// Sends a broadcast as supabase-js does, in a binary frame.
    pub(crate) async fn send_binary(&mut self, topic: &str, event: &str, json: bool, body: &[u8]) {
        let join_ref = format!("join-{topic}");
        let mut frame = vec![
            3,
            join_ref.len() as u8,
            2,
            topic.len() as u8,
            event.len() as u8,
            0,
        ];
        frame.push(u8::from(json));
        for part in [
            join_ref.as_bytes(),
            b"99",
            topic.as_bytes(),
            event.as_bytes(),
            body,
        ] {
            frame.extend_from_slice(part);
        }
        let sent = self.stream.send(Message::binary(frame)).await;
        sent.expect("the message leaves");
    }

    /// Joins a channel and answers the reply.
    pub(crate) async fn join(&mut self, topic: &str, token: &str, config: Value) -> Value {
        let payload = json!({"config": config, "access_token": token});
        self.send(topic, "phx_join", payload).await;
        let reply = self.next().await;
        assert_eq!(
            (reply.topic.as_str(), reply.event.as_str()),
            (topic, "phx_reply")
        );
        reply.payload
    }

    /// Joins a private channel, which must succeed.
    pub(crate) async fn join_private(&mut self, topic: &str, token: &str) {
        let reply = self.join(topic, token, json!({"private": true})).await;
        assert_eq!(
            reply,
            json!({"status": "ok", "response": {"postgres_changes": []}})
        );
    }

    /// The next message, which must come within seconds.
    pub(crate) async fn next(&mut self) -> Received {
        let received = timeout(Duration::from_secs(10), self.receive()).await;
        received
            .expect("a message comes")
            .expect("the socket stays open")
    }

    /// The next message, which must be a broadcast: its event and payload.
    pub(crate) async fn broadcast(&mut self) -> (String, Value) {
        let received = self.next().await;
        assert_eq!(received.event, "broadcast", "{received:?}");
        let event = received.payload["event"].as_str().unwrap_or_default();
        (event.to_owned(), received.payload["payload"].clone())
    }

    /// A message or, at the end, nothing.
    pub(crate) async fn receive(&mut self) -> Option<Received> {
        match self.stream.next().await? {
            Ok(Message::Text(text)) => Some(read_text(&text)),
            Ok(Message::Binary(bytes)) => Some(read_binary(&bytes)),
            Ok(_) | Err(_) => None,
        }
    }

    /// Fails when anything but the answer to a heartbeat comes next.
    pub(crate) async fn nothing_more(&mut self) {
        self.send("phoenix", "heartbeat", json!({})).await;
        let next = self.next().await;
        assert_eq!(
            (next.topic.as_str(), next.event.as_str()),
            ("phoenix", "phx_reply"),
            "{next:?}"
        );
        assert_eq!(next.payload, json!({"status": "ok", "response": {}}));
    }
}

fn read_text(text: &str) -> Received {
    let message: Value = serde_json::from_str(text).expect("JSON");
    let part = |index: usize, name: &str| match &message {
        Value::Array(parts) => parts[index].clone(),
        object => object[name].clone(),
    };
    Received {
        topic: part(2, "topic").as_str().expect("a topic").to_owned(),
        event: part(3, "event").as_str().expect("an event").to_owned(),
        payload: part(4, "payload"),
        bytes: None,
    }
}

fn read_binary(bytes: &[u8]) -> Received {
    let [4, topic, event, meta, encoding] = bytes[..5] else {
        panic!("not a delivered broadcast: {bytes:?}")
    };
    let mut rest = &bytes[5..];
    let mut text = |length: u8| {
        let (text, after) = rest.split_at(usize::from(length));
        rest = after;
        String::from_utf8(text.to_vec()).expect("text")
    };
    let (topic, event, meta) = (text(topic), text(event), text(meta));
    let payload = match encoding {
        1 => serde_json::from_slice(rest).expect("JSON"),
        _ => Value::Null,
    };
    let meta: Value = serde_json::from_str(&meta).unwrap_or_default();
    Received {
        topic,
        event: "broadcast".into(),
        payload: json!({"event": event, "payload": payload, "meta": meta}),
        bytes: Some(rest.to_vec()),
    }
}
