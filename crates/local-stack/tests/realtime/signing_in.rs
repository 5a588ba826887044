//! Who may connect, join and stay.

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Server, now};
use crate::delivery::admit;
use crate::postgres::Postgres;

#[tokio::test]
async fn a_refused_connection_says_why_in_json() {
    let server = Server::start(Postgres::shared()).await;
    let key = crate::client::KEY;
    let cases = [
        (String::new(), 401),
        ("apikey=stranger".into(), 401),
        (format!("apikey={key}&vsn=3.0.0"), 400),
        ("apikey=h.eyJleHAiOjV9.s".into(), 403),
    ];
    for (query, status) in cases {
        let Err(Error::Http(answer)) = server.connect(&query).await else {
            panic!("{query} was let in")
        };
        assert_eq!(answer.status().as_u16(), status, "{query}");
        let body = answer.body().as_deref().unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        assert!(body["error"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn only_those_whom_the_policies_admit_join_a_private_channel() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "club", "alice", false).await;
    let mut client = server.client().await;
    let private = json!({"private": true});
    for token in ["bob", crate::client::KEY] {
        let reply = client.join("realtime:club", token, private.clone()).await;
        assert_eq!(reply["status"], "error");
        assert_eq!(
            reply["response"]["reason"],
            "Unauthorized: You do not have permissions to read from this Channel topic: club"
        );
    }
    client.join_private("realtime:club", "alice").await;
    // The service role skips policies.
    let mut service = server.client().await;
    service.join_private("realtime:club", "service").await;
    let expired = client
        .join("realtime:other", &format!("alice@{}", now() - 5), private)
        .await;
    assert_eq!(expired["status"], "error");
    let left: i64 = database
        .query_one(
            "select count(*) from realtime.messages where topic = 'club'",
            &[],
        )
        .await
        .expect("a count")
        .get(0);
    assert_eq!(left, 0, "probe rows are rolled back");
}

#[tokio::test]
async fn following_tables_is_refused() {
    let server = Server::start(Postgres::shared()).await;
    let mut client = server.client().await;
    let changes = json!({"postgres_changes": [{"event": "*", "schema": "public", "table": "t"}]});
    let reply = client.join("realtime:changes", "alice", changes).await;
    let reason = reply["response"]["reason"].as_str().unwrap_or_default();
    assert!(
        reason.starts_with("RealtimeDisabledForConfiguration: "),
        "{reply}"
    );
}

#[tokio::test]
async fn a_channel_closes_when_its_token_expires() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "brief", "alice", false).await;
    let mut client = server.client().await;
    client
        .join_private("realtime:brief", &format!("alice@{}", now() + 2))
        .await;
    let system = client.next().await;
    assert_eq!(system.event, "system");
    assert_eq!(system.payload["status"], "error");
    assert_eq!(system.payload["channel"], "brief");
    assert_eq!(client.next().await.event, "phx_close");
    client.nothing_more().await;
}

#[tokio::test]
async fn a_new_token_is_judged_anew() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "renewed", "alice", false).await;
    admit(&database, "renewed", "carol", true).await;
    let mut client = server.client().await;
    client.join_private("realtime:renewed", "alice").await;
    let mut listener = server.client().await;
    listener.join_private("realtime:renewed", "carol").await;

    client
        .send_binary("realtime:renewed", "as-alice", true, b"{}")
        .await;
    client
        .send(
            "realtime:renewed",
            "access_token",
            json!({"access_token": "carol"}),
        )
        .await;
    client
        .send_binary("realtime:renewed", "as-carol", true, b"{}")
        .await;
    assert_eq!(
        listener.broadcast().await.0,
        "as-carol",
        "alice may not speak"
    );

    client
        .send(
            "realtime:renewed",
            "access_token",
            json!({"access_token": "sb_secret_x"}),
        )
        .await;
    client.nothing_more().await;
    client
        .send(
            "realtime:renewed",
            "access_token",
            json!({"access_token": "bob"}),
        )
        .await;
    let system = client.next().await;
    assert_eq!(
        system.payload["message"],
        "You do not have permissions to read from this Channel topic: renewed"
    );
    assert_eq!(client.next().await.event, "phx_close");
}

#[tokio::test]
async fn channels_can_be_left_and_joined_again() {
    let server = Server::start(Postgres::shared()).await;
    let mut client = server.client().await;
    let topic = "realtime:again";
    client.join(topic, "alice", json!({})).await;
    client.send(topic, "phx_leave", json!({})).await;
    let reply = client.next().await;
    assert_eq!(reply.payload, json!({"status": "ok", "response": {}}));
    assert_eq!(client.next().await.event, "phx_close");
    client.send(topic, "broadcast", json!({"event": "e"})).await;
    assert_eq!(
        client.next().await.payload["response"]["reason"],
        "unmatched topic"
    );
    let reply = client.join(topic, "alice", json!({})).await;
    assert_eq!(reply["status"], "ok");
    // Joined twice, the first one ends.
    client.send(topic, "phx_join", json!({})).await;
    assert_eq!(client.next().await.event, "phx_close");
    assert_eq!(client.next().await.payload["status"], "ok");
}
