//! Who may use a private channel: the project's own policies on `realtime.messages` decide.
//!
//! Reading is tried with probe rows written by the administrator and looked for as the user,
//! writing by an insert as the user; every trial is rolled back.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::database::Database;

/// A policy that takes longer than this counts as a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// The two things a policy on `realtime.messages` can allow apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// Messages.
    Broadcast,
    /// Who is there.
    Presence,
}

impl Extension {
    fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Presence => "presence",
        }
    }
}

/// Who asks, and for which channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    /// Verified claims of the token.
    pub(super) claims: &'a Value,
    /// Headers of the request that opened the socket.
    pub(super) headers: &'a Map<String, Value>,
    /// Name of the channel, without prefix.
    pub(super) topic: &'a str,
}

/// Which of the two a token may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Readable {
    /// Messages.
    pub(super) broadcast: bool,
    /// Presence; false when it was not asked for.
    pub(super) presence: bool,
}

/// Asks the select policies.
/// A policy that raises an error counts as a refusal, as does an unknown role; only a database
/// that cannot be asked is an error.
pub(super) async fn readable(
    database: &Database,
    asker: Asker<'_>,
    with_presence: bool,
) -> anyhow::Result<Readable> {
    let mut loan = database.lend().await?;
    let asked = timeout(PATIENCE, async {
        let transaction = loan.client.transaction().await?;
        let seen = select_probes(&transaction, asker, with_presence).await;
        transaction.rollback().await?;
        seen
    });
    let answer = asked.await.context("the policies took too long")?;
    settle(answer, Readable::default()).inspect(|_| database.give_back(loan))
}

/// Asks the insert policy of one extension.
pub(super) async fn may_write(
    database: &Database,
    asker: Asker<'_>,
    extension: Extension,
) -> anyhow::Result<bool> {
    let mut loan = database.lend().await?;
    let asked = timeout(PATIENCE, async {
        let transaction = loan.client.transaction().await?;
        let written = insert_probe(&transaction, asker, extension).await;
        transaction.rollback().await?;
        written.map(|()| true)
    });
    let answer = asked.await.context("the policies took too long")?;
    settle(answer, false).inspect(|_| database.give_back(loan))
}

/// Turns an error raised by a policy into the refusal and keeps those of the connection.
fn settle<T>(answer: Result<T, tokio_postgres::Error>, refusal: T) -> anyhow::Result<T> {
    match answer {
        Err(error) if error.code().is_some() => {
            if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                eprintln!("realtime: a policy on realtime.messages failed: {error:?}");
            }
            Ok(refusal)
        }
        Err(error) => Err(error.into()),
        Ok(answer) => Ok(answer),
    }
}

async fn select_probes(
    transaction: &Transaction<'_>,
    asker: Asker<'_>,
    with_presence: bool,
) -> Result<Readable, tokio_postgres::Error> {
    let insert = "insert into realtime.messages (topic, extension)
        select $1, extension from unnest($2) extension returning id";
    let mut extensions = vec![Extension::Broadcast.name()];
    extensions.extend(with_presence.then_some(Extension::Presence.name()));
    let probes = transaction
        .query_typed(
            insert,
            &[(&asker.topic, Type::TEXT), (&extensions, Type::TEXT_ARRAY)],
        )
        .await?;
    let ids: Vec<uuid::Uuid> = probes.iter().map(|row| row.get(0)).collect();
    become_asker(transaction, asker).await?;
    let select = "select extension from realtime.messages where topic = $1 and id = any($2)";
    let rows = transaction
        .query_typed(
            select,
            &[(&asker.topic, Type::TEXT), (&ids, Type::UUID_ARRAY)],
        )
        .await?;
    let sees = |extension: Extension| {
        rows.iter()
            .any(|row| row.get::<_, &str>(0) == extension.name())
    };
    Ok(Readable {
        broadcast: sees(Extension::Broadcast),
        presence: sees(Extension::Presence),
    })
}

async fn insert_probe(
    transaction: &Transaction<'_>,
    asker: Asker<'_>,
    extension: Extension,
) -> Result<(), tokio_postgres::Error> {
    become_asker(transaction, asker).await?;
    // Without `returning`, which would ask the select policy as well.
    let insert = "insert into realtime.messages (topic, extension) values ($1, $2)";
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&asker.topic, Type::TEXT), (&extension.name(), Type::TEXT)];
    transaction.query_typed(insert, &values).await?;
    Ok(())
}

/// Takes on the user's role and claims for the rest of the transaction.
async fn become_asker(
    transaction: &Transaction<'_>,
    asker: Asker<'_>,
) -> Result<(), tokio_postgres::Error> {
    let claim = |name: &str| asker.claims[name].as_str().unwrap_or_default();
    let (role, subject) = (claim("role"), claim("sub"));
    let claims = asker.claims.to_string();
    let headers = Value::Object(asker.headers.clone()).to_string();
    let settings = "select set_config('role', $1, true), set_config('realtime.topic', $2, true),
        set_config('request.jwt.claims', $3, true), set_config('request.jwt.claim.role', $1, true),
        set_config('request.jwt.claim.sub', $4, true), set_config('request.headers', $5, true)";
    let values = [role, asker.topic, &claims, subject, &headers];
    let typed: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> = values
        .iter()
        .map(|value| {
            (
                value as &(dyn tokio_postgres::types::ToSql + Sync),
                Type::TEXT,
            )
        })
        .collect();
    transaction.query_typed(settings, &typed).await?;
    Ok(())
}
