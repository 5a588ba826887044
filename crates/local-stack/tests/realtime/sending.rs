//! What clients send each other.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Server;
use crate::delivery::admit;
use crate::postgres::Postgres;

#[tokio::test]
async fn a_broadcast_reaches_the_others_in_the_form_they_understand() {
    let server = Server::start(Postgres::shared()).await;
    let topic = "realtime:talk";
    let (mut sender, mut two) = (server.client().await, server.client().await);
    let mut one = server.client_of("1.0.0").await;
    sender
        .join(
            topic,
            "alice",
            json!({"broadcast": {"ack": true, "self": true}}),
        )
        .await;
    two.join(topic, "bob", json!({})).await;
    one.join(topic, "carol", json!({})).await;

    sender.send_binary(topic, "hi", true, br#"{"x":1}"#).await;
    assert_eq!(
        sender.broadcast().await,
        ("hi".into(), json!({"x": 1})),
        "its own"
    );
    assert_eq!(
        sender.next().await.payload,
        json!({"status": "ok", "response": {}}),
        "the ack"
    );
    assert!(two.next().await.bytes.is_some());
    assert_eq!(one.broadcast().await, ("hi".into(), json!({"x": 1})));

    sender.send_binary(topic, "raw", false, &[1, 2]).await;
    assert_eq!(two.next().await.bytes.as_deref(), Some(&[1, 2][..]));
    one.send(
        topic,
        "broadcast",
        json!({"type": "broadcast", "event": "old", "payload": {"y": 2}}),
    )
    .await;
    assert_eq!(two.broadcast().await, ("old".into(), json!({"y": 2})));
    one.nothing_more().await;
}

#[tokio::test]
async fn what_policies_forbid_is_dropped_without_a_word() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "quiet", "mute", false).await;
    admit(&database, "quiet", "alice", true).await;
    let topic = "realtime:quiet";
    let (mut mute, mut alice) = (server.client().await, server.client().await);
    let acknowledged = json!({"private": true, "broadcast": {"ack": true}});
    mute.join(topic, "mute", acknowledged.clone()).await;
    alice.join(topic, "alice", acknowledged).await;
    mute.send_binary(topic, "no", true, b"{}").await;
    mute.nothing_more().await;
    alice.send_binary(topic, "yes", true, b"{}").await;
    assert_eq!(alice.next().await.payload["status"], "ok");
    assert_eq!(mute.broadcast().await.0, "yes");
    alice.nothing_more().await;
}

#[tokio::test]
async fn presence_tells_who_comes_changes_and_goes() {
    let server = Server::start(Postgres::shared()).await;
    let topic = "realtime:room";
    let presence = |key: &str| json!({"presence": {"enabled": true, "key": key}});
    let track =
        |mood: &str| json!({"type": "presence", "event": "track", "payload": {"mood": mood}});
    let (mut alice, mut bob) = (server.client().await, server.client().await);
    alice.join(topic, "alice", presence("alice")).await;
    let state = alice.next().await;
    assert_eq!(
        (state.event.as_str(), &state.payload),
        ("presence_state", &json!({}))
    );

    alice.send(topic, "presence", track("glad")).await;
    let diff = alice.next().await;
    assert_eq!(diff.event, "presence_diff");
    assert_eq!(diff.payload["joins"]["alice"]["metas"][0]["mood"], "glad");
    assert_eq!(alice.next().await.payload["status"], "ok");

    bob.join(topic, "bob", presence("bob")).await;
    let state = bob.next().await;
    assert_eq!(state.payload["alice"]["metas"][0]["mood"], "glad");
    let reference = state.payload["alice"]["metas"][0]["phx_ref"].clone();
    alice.send(topic, "presence", track("sad")).await;
    let diff = bob.next().await;
    assert_eq!(diff.payload["joins"]["alice"]["metas"][0]["mood"], "sad");
    assert_eq!(
        diff.payload["leaves"]["alice"]["metas"][0]["phx_ref"],
        reference
    );
    drop(alice);
    let diff = bob.next().await;
    assert_eq!(diff.payload["leaves"]["alice"]["metas"][0]["mood"], "sad");
    assert_eq!(diff.payload["joins"], json!({}));
}

#[tokio::test]
async fn presence_needs_the_insert_policy_on_a_private_channel() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "hall", "mute", false).await;
    admit(&database, "hall", "alice", true).await;
    let topic = "realtime:hall";
    let track = json!({"type": "presence", "event": "track", "payload": {}});
    let mut client = server.client().await;
    client.join_private(topic, "mute").await;
    client.send(topic, "presence", track.clone()).await;
    assert_eq!(client.next().await.payload["status"], "error");
    let mut client = server.client().await;
    client.join_private(topic, "alice").await;
    client.send(topic, "presence", track).await;
    // Tracking turns presence on for a client that had not asked for it.
    assert_eq!(client.next().await.event, "presence_state");
    assert_eq!(client.next().await.event, "presence_diff");
    assert_eq!(client.next().await.payload["status"], "ok");
}

/// Posts and answers the status and the body.
async fn post(server: &Server, path: &str, token: &str, kind: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&server.address)
        .await
        .expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request leaves");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let status = answer[9..12].parse().expect("a status");
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    (status, body.unwrap_or_default())
}

#[tokio::test]
async fn messages_can_be_sent_over_http() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "post", "alice", true).await;
    admit(&database, "post", "mute", false).await;
    let mut alice = server.client().await;
    alice.join_private("realtime:post", "alice").await;
    let batch = |token: &'static str| {
        let message =
            json!({"topic": "post", "event": token, "payload": {"z": 3}, "private": true});
        (token, json!({"messages": [message]}).to_string())
    };
    for (token, body) in [batch("mute"), batch("alice")] {
        let answer = post(&server, "/api/broadcast", token, "application/json", &body).await;
        assert_eq!(answer, (202, String::new()));
    }
    assert_eq!(
        alice.broadcast().await,
        ("alice".into(), json!({"z": 3})),
        "mute is not heard"
    );

    let path = "/api/broadcast/post/events/one%20two?private=true";
    let status =
        async |token: &str, kind: &str, body: &str| post(&server, path, token, kind, body).await.0;
    assert_eq!(status("alice", "application/json", "[4]").await, 202);
    assert_eq!(alice.broadcast().await, ("one two".into(), json!([4])));
    assert_eq!(
        status("alice", "application/octet-stream", "raw").await,
        202
    );
    assert_eq!(alice.next().await.bytes.as_deref(), Some(&b"raw"[..]));
    assert_eq!(status("mute", "application/json", "{}").await, 403);
    assert_eq!(status("stranger", "application/json", "{}").await, 401);
    assert_eq!(status("alice", "application/json", "{").await, 422);
    assert_eq!(status("alice", "text/plain", "{}").await, 415);
    let (invalid, body) = post(&server, "/api/broadcast", "alice", "application/json", "{}").await;
    assert_eq!((invalid, body.contains("messages")), (422, true));
    alice.nothing_more().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let server = Server::start(Postgres::shared()).await;
    let (mut fast, mut slow) = (server.client().await, server.client().await);
    fast.join("realtime:flood", "alice", json!({})).await;
    slow.join("realtime:flood", "bob", json!({})).await;
    let large = format!("\"{}\"", "x".repeat(2_000_000));
    for _message in 0..40 {
        fast.send_binary("realtime:flood", "large", true, large.as_bytes())
            .await;
    }
    fast.nothing_more().await;
    let mut received = 0;
    while slow.receive().await.is_some() {
        received += 1;
    }
    assert!(received < 40, "{received} messages were kept for it");
}
