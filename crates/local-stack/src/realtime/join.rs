//! Joining a channel: the checks, in the platform's order, and what the client is told.

use std::collections::HashSet;

use axum::extract::ws::Message;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::authorization::{Asker, readable};
use super::broadcast::Broadcast;
use super::channel::{Channel, JoinConfig, Permissions};
use super::credential::Credential;
use super::replay;
use super::serializer::encode;
use super::socket::{Socket, reply};
use super::topics::{PREFIX, Topic};

/// How many channels one connection may join; the platform's limit.
const CHANNELS: usize = 100;

/// The reason given to the client, a word and a sentence.
type Reason = String;

/// A join that has passed its checks.
struct Admitted {
    topic: Topic,
    credential: Credential,
    permissions: Permissions,
    replay: Option<replay::Request>,
}

/// Answers `phx_join`; a channel of the same name that was joined before is replaced.
pub(super) async fn join(
    socket: &mut Socket<'_>,
    full_name: &str,
    join_ref: Option<String>,
    reference: Option<String>,
    payload: &Value,
) {
    socket.close(full_name);
    let join_ref = join_ref.or_else(|| reference.clone());
    let config = JoinConfig::parse(payload);
    let joined = match admit(socket, full_name, &config).await {
        Ok(admitted) => enter(socket, admitted, &config, join_ref.clone(), &reference).await,
        Err(reason) => Err(reason),
    };
    match joined {
        Ok(channel) => {
            let name = channel.topic.name.clone();
            socket.channels.insert(full_name.to_owned(), channel);
            if config.replication_ready {
                let message = "Replication connection established";
                socket.tell_system(full_name, &name, "ok", message);
            }
        }
        Err(reason) => {
            let response = json!({"reason": reason});
            let join_ref = join_ref.as_deref();
            socket.push(reply(
                socket.version,
                join_ref,
                reference.as_deref(),
                full_name,
                "error",
                response,
            ));
        }
    }
}

async fn admit(
    socket: &Socket<'_>,
    full_name: &str,
    config: &JoinConfig,
) -> Result<Admitted, Reason> {
    let name = full_name.strip_prefix(PREFIX).ok_or("unmatched topic")?;
    if name.is_empty() {
        return Err("TopicNameRequired: You must provide a topic name".to_owned());
    }
    if socket.channels.len() >= CHANNELS {
        return Err("ChannelRateLimitReached: Too many channels".to_owned());
    }
    if config.postgres_changes {
        let sentence = "This local Realtime does not follow tables; use broadcasts from triggers";
        return Err(format!("RealtimeDisabledForConfiguration: {sentence}"));
    }
    let token = config.token.as_deref();
    let credential = Credential::verify(&socket.shared.claims, token.unwrap_or(socket.key.token()))
        .map_err(|refusal| format!("{}: {}", refusal.code, refusal.message))?;
    let topic = Topic {
        name: name.to_owned(),
        private: config.private,
    };
    let permissions = permissions(socket, &topic, &credential, config.presence).await?;
    Ok(Admitted {
        replay: wish(config, &topic, permissions)?,
        topic,
        credential,
        permissions,
    })
}

/// Asks the policies what a token may receive on a channel.
pub(super) async fn permissions(
    socket: &Socket<'_>,
    topic: &Topic,
    credential: &Credential,
    with_presence: bool,
) -> Result<Permissions, Reason> {
    if !topic.private {
        return Ok(Permissions::PUBLIC);
    }
    let asker = Asker {
        claims: credential.claims(),
        headers: &socket.headers,
        topic: &topic.name,
    };
    let readable = readable(&socket.shared.database, asker, with_presence).await;
    let readable = readable.map_err(|error| {
        eprintln!("realtime: the policies could not be asked: {error:#}");
        let sentence = "Realtime was unable to connect to the project database";
        format!("UnableToConnectToProject: {sentence}")
    })?;
    let permissions = Permissions::from_readable(readable, with_presence);
    match permissions.may_join() {
        true => Ok(permissions),
        false => Err(unauthorized(&topic.name)),
    }
}

fn unauthorized(name: &str) -> Reason {
    let sentence = "You do not have permissions to read from this Channel topic";
    format!("Unauthorized: {sentence}: {name}")
}

/// Checks the wish for messages of the past.
fn wish(
    config: &JoinConfig,
    topic: &Topic,
    permissions: Permissions,
) -> Result<Option<replay::Request>, Reason> {
    let Some(wish) = &config.replay else {
        return Ok(None);
    };
    if !topic.private {
        let sentence = "Replay is not allowed for public channels";
        return Err(format!("UnableToReplayMessages: {sentence}"));
    }
    if permissions.broadcast.read != Some(true) {
        return Err(unauthorized(&topic.name));
    }
    let request = replay::Request::parse(wish);
    let request = request.ok_or("UnableToReplayMessages: Replay params are not valid")?;
    Ok(Some(request))
}

/// Subscribes first and answers afterwards, so that nothing falls between past and present.
async fn enter(
    socket: &Socket<'_>,
    admitted: Admitted,
    config: &JoinConfig,
    join_ref: Option<String>,
    reference: &Option<String>,
) -> Result<Channel, Reason> {
    if !socket.shared.following.ready().await && config.replication_ready {
        let sentence = "Replication connection was not established in time";
        return Err(format!("ReplicationNotReady: {sentence}"));
    }
    let Admitted {
        topic, credential, ..
    } = admitted;
    let mut channel = Channel {
        id: 0,
        join_ref,
        check_at: Instant::now() + credential.trusted_for(),
        credential,
        permissions: admitted.permissions,
        ack: config.ack,
        own_messages: config.own_messages,
        presence_key: config.presence_key.clone().unwrap_or_else(super::fresh_id),
        presence: config.presence,
        topic,
    };
    let topics = &socket.shared.topics;
    let outbox = socket.outbox.clone();
    channel.id = topics.subscribe(&channel.topic, socket.version, outbox, channel.hears());
    let past = match admitted.replay {
        Some(request) => replay::read(&socket.shared.database, &channel.topic.name, request).await,
        None => Ok(Vec::new()),
    };
    let past = past.map_err(|error| {
        eprintln!("realtime: messages could not be replayed: {error:#}");
        topics.unsubscribe(&channel.topic, channel.id);
        "UnableToReplayMessages: Realtime was unable to replay messages".to_owned()
    })?;
    let ids: HashSet<_> = past.iter().filter_map(|message| message.id).collect();
    topics.open(&channel.topic, channel.id, ids, |present| {
        first_messages(socket, &channel, reference.as_deref(), &past, present)
    });
    Ok(channel)
}

/// The answer to the join, the messages of the past, and who is there.
fn first_messages(
    socket: &Socket<'_>,
    channel: &Channel,
    reference: Option<&str>,
    past: &[Broadcast],
    present: Value,
) -> Vec<Message> {
    let (version, topic) = (socket.version, channel.topic.full_name());
    let join_ref = channel.join_ref.as_deref();
    let response = json!({"postgres_changes": []});
    let mut first = vec![reply(version, join_ref, reference, &topic, "ok", response)];
    first.extend(
        past.iter()
            .filter_map(|message| message.encode(version, &topic)),
    );
    if channel.hears().presence {
        let state = encode(version, join_ref, None, &topic, "presence_state", &present);
        first.push(state);
    }
    first
}
