//! What the database commits reaches those who may read it.

use std::time::Duration;

use serde_json::json;

use crate::client::{Server, now};
use crate::postgres::Postgres;

/// Makes a member of a channel.
pub(crate) async fn admit(
    database: &tokio_postgres::Client,
    topic: &str,
    name: &str,
    speaks: bool,
) {
    let insert = "insert into public.members values ($1, $2, $3)";
    let inserted = database.execute(insert, &[&topic, &name, &speaks]).await;
    inserted.expect("a member");
}

async fn send(database: &tokio_postgres::Client, topic: &str, event: &str, private: bool) {
    let send = format!(
        "select realtime.send('{{\"from\": \"{event}\"}}', '{event}', '{topic}', {private})"
    );
    database.batch_execute(&send).await.expect("a message");
}

#[tokio::test]
async fn committed_rows_arrive_in_commit_order_and_rolled_back_ones_never() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let (first, second) = (
        postgres.connect("supabase_admin").await,
        postgres.connect("postgres").await,
    );
    admit(&first, "order", "alice", false).await;
    let mut alice = server.client().await;
    alice.join_private("realtime:order", "alice").await;

    first.batch_execute("begin").await.expect("begun");
    send(&first, "order", "begun-first", true).await;
    send(&second, "order", "committed-first", true).await;
    second.batch_execute("begin").await.expect("begun");
    send(&second, "order", "rolled-back", true).await;
    second.batch_execute("rollback").await.expect("rolled back");
    first.batch_execute("commit").await.expect("committed");

    let one = alice.next().await;
    assert_eq!(
        (one.topic.as_str(), one.event.as_str()),
        ("realtime:order", "broadcast")
    );
    assert_eq!(one.payload["type"], "broadcast");
    assert_eq!(one.payload["event"], "committed-first");
    assert_eq!(one.payload["payload"]["from"], "committed-first");
    assert_eq!(one.payload["meta"]["id"], one.payload["payload"]["id"]);
    assert_eq!(alice.broadcast().await.0, "begun-first");
    alice.nothing_more().await;
}

#[tokio::test]
async fn private_and_public_channels_of_one_name_are_apart() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "apart", "alice", false).await;
    let (mut inside, mut outside) = (server.client().await, server.client_of("1.0.0").await);
    inside.join_private("realtime:apart", "alice").await;
    outside.join("realtime:apart", "alice", json!({})).await;
    send(&database, "apart", "secret", true).await;
    send(&database, "apart", "open", false).await;
    assert_eq!(inside.broadcast().await.0, "secret");
    assert_eq!(outside.broadcast().await.0, "open");
    inside.nothing_more().await;
    outside.nothing_more().await;
}

#[tokio::test]
async fn rows_without_event_or_payload_are_dropped_and_bytes_arrive_as_bytes() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    let (mut two, mut one) = (server.client().await, server.client_of("1.0.0").await);
    two.join("realtime:odd", "alice", json!({})).await;
    one.join("realtime:odd", "alice", json!({})).await;
    let rows = "insert into realtime.messages (topic, extension, event, payload) values
        ('odd', 'broadcast', null, '{}'), ('odd', 'broadcast', 'no-payload', null);
        select realtime.send_binary('\\x00ff', 'bytes', 'odd', false);";
    database.batch_execute(rows).await.expect("rows");
    send(&database, "odd", "last", false).await;
    let bytes = two.next().await;
    assert_eq!(bytes.payload["event"], "bytes");
    assert_eq!(bytes.bytes.as_deref(), Some(&[0, 255][..]));
    assert!(bytes.payload["meta"]["id"].is_string());
    assert_eq!(two.broadcast().await.0, "last");
    assert_eq!(one.broadcast().await.0, "last");
}

#[tokio::test]
async fn the_past_is_replayed_oldest_first_and_the_present_follows() {
    let postgres = Postgres::shared();
    let server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "past", "alice", false).await;
    for event in ["a", "b", "c"] {
        send(&database, "past", event, true).await;
    }
    let mut alice = server.client().await;
    let since = (now() - 60) * 1000;
    let replay = |limit: u64| json!({"private": true, "broadcast": {"replay": {"since": since, "limit": limit}}});
    let refused = alice.join("realtime:past", "alice", replay(26)).await;
    assert_eq!(
        refused["response"]["reason"],
        "UnableToReplayMessages: Replay params are not valid"
    );
    alice.join("realtime:past", "alice", replay(2)).await;
    for event in ["b", "c"] {
        let message = alice.next().await;
        assert_eq!(message.payload["event"], event);
        assert_eq!(message.payload["meta"]["replayed"], true);
        assert_eq!(
            message.payload["meta"]["id"],
            message.payload["payload"]["id"]
        );
    }
    send(&database, "past", "d", true).await;
    assert_eq!(alice.broadcast().await.0, "d");
    let public = json!({"broadcast": {"replay": {"since": since}}});
    let refused = alice.join("realtime:public-past", "alice", public).await;
    assert_eq!(
        refused["response"]["reason"],
        "UnableToReplayMessages: Replay is not allowed for public channels"
    );
}

#[tokio::test]
async fn messages_arrive_again_after_the_database_crashed() {
    let postgres = Postgres::start();
    let server = Server::start(&postgres).await;
    let database = postgres.connect("supabase_admin").await;
    admit(&database, "crash", "alice", false).await;
    let mut alice = server.client().await;
    alice.join_private("realtime:crash", "alice").await;
    send(&database, "crash", "before", true).await;
    assert_eq!(alice.broadcast().await.0, "before");

    postgres.crash();
    let database = postgres.connect("supabase_admin").await;
    let mut bob = server.client().await;
    let mut joined = false;
    for _attempt in 0..20 {
        // A join waits for the database to be followed again.
        let reply = bob
            .join("realtime:crash", "alice", json!({"private": true}))
            .await;
        joined = reply["status"] == "ok";
        if joined {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(joined);
    send(&database, "crash", "after", true).await;
    assert_eq!(bob.broadcast().await.0, "after");
    assert_eq!(alice.broadcast().await.0, "after");
}

#[tokio::test]
async fn partitions_reach_three_days_ahead() {
    let postgres = Postgres::shared();
    let _server = Server::start(postgres).await;
    let database = postgres.connect("supabase_admin").await;
    let count = "select count(*) from pg_inherits join pg_class on oid = inhrelid
        where inhparent = 'realtime.messages'::regclass and relname ~ '^messages_\\d{4}_\\d\\d_\\d\\d$'";
    let count: i64 = database
        .query_one(count, &[])
        .await
        .expect("a count")
        .get(0);
    assert!(count >= 4, "{count} partitions");
}

#[tokio::test]
async fn the_database_is_followed_whatever_way_it_wants_to_be_signed_in_to() {
    let postgres = Postgres::start();
    let database = postgres.connect("supabase_admin").await;
    let roles = "set password_encryption = 'md5';
        create role in_md5 superuser login password 'secret';
        create role in_clear superuser login password 'secret';
        set password_encryption = 'scram-sha-256';
        create role in_scram superuser login password 'secret';";
    database.batch_execute(roles).await.expect("roles");
    postgres
        .admit_by(&[
            ("in_md5", "md5"),
            ("in_clear", "password"),
            ("in_scram", "scram-sha-256"),
        ])
        .await;
    for role in ["in_md5", "in_clear", "in_scram"] {
        let url = postgres.url().replace("supabase_admin", role);
        let refused = local_stack::realtime::Realtime::start(local_stack::realtime::Config {
            database_url: url.clone(),
            claims: std::sync::Arc::new(|_| None),
        });
        assert!(refused.await.is_err(), "{role} without a password");
        let server = Server::start_as(format!("{url} password=secret")).await;
        let mut client = server.client().await;
        client.join("realtime:signed-in", "alice", json!({})).await;
        send(&database, "signed-in", role, false).await;
        assert_eq!(client.broadcast().await.0, role);
    }
}
