//! `cargo xtask verify`: whether what is stored is what the events say.
//!
//! Rows and events come from the database, the verdict from `domain::verification`; `docs/recovery.md` says what to do about it.

use anyhow::{Context, bail, ensure};
use clap::Args;
use domain::verification::{self, Comparison, Recorded, ReplayedType};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::test::connect;

/// Aggregates that are read at once.
const AGGREGATES: u32 = 200;
/// Events that are read at once of each.
const EVENTS: u32 = 1000;
/// Whom the database takes for the service.
const SERVICE: Uuid = Uuid::nil();

/// What to compare.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only this one, such as `function-model/0192…`; everything without it.
    #[arg(long, value_name = "TYPE/ID", value_parser = named)]
    aggregate: Option<(ReplayedType, Uuid)>,
    /// Make rows what the events say where they are not.
    #[arg(long)]
    rebuild: bool,
    /// The database as the owner of the schema; without it the one of `cargo xtask stack`.
    #[arg(
        long,
        value_name = "URL",
        env = "SUPABASE_DB_URL",
        default_value = "postgresql://postgres:postgres@127.0.0.1:54322/postgres"
    )]
    db_url: String,
}

fn named(text: &str) -> Result<(ReplayedType, Uuid), String> {
    let parts = text
        .split_once('/')
        .and_then(|(kind, id)| Some((ReplayedType::parse(kind)?, id.parse().ok()?)));
    let types: Vec<&str> = ReplayedType::ALL.iter().map(|kind| kind.as_str()).collect();
    parts.ok_or_else(|| format!("a type ({}), a slash and an id", types.join(", ")))
}

/// An aggregate as the database tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stored {
    /// Its id.
    pub(crate) aggregate_id: Uuid,
    /// Its rows.
    pub(crate) rows: Value,
    stream_version: i64,
    events: Vec<Recorded>,
    gone_users: Vec<Uuid>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    /// How many were compared.
    pub(crate) compared: usize,
    /// What is not what its events say, and where.
    pub(crate) broken: Vec<(ReplayedType, Uuid, Result<Comparison, String>)>,
}

/// Compares, tells, and rebuilds if that is wanted.
///
/// # Errors
/// When something differs and stays so, or the database does not answer.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let client = connect(&arguments.db_url)
        .await
        .context("start the database with `cargo xtask stack`, or name it with --db-url")?;
    let sum = match arguments.aggregate {
        None => everything(&client).await?,
        Some((kind, id)) => {
            let stored = one(&client, kind, id).await?;
            let is_there = stored.stream_version > 0 || stored.rows != json!({});
            ensure!(
                is_there,
                "there is neither a row nor an event of {kind}/{id}"
            );
            let mut sum = Sum::default();
            sum.take(&client, kind, stored).await?;
            sum
        }
    };
    sum.tell();
    if arguments.rebuild {
        for (kind, id, _) in &sum.broken {
            rebuild(&client, *kind, *id).await?;
            println!("rebuilt {kind}/{id}");
        }
        return Ok(());
    }
    match sum.broken.len() {
        0 => Ok(()),
        count => bail!("{count} are not what their events say; --rebuild makes them so"),
    }
}

/// Compares everything, page by page.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn everything(client: &Client) -> anyhow::Result<Sum> {
    let mut sum = Sum::default();
    for kind in ReplayedType::ALL {
        let mut after = None;
        loop {
            let question = json!({"aggregateType": kind, "after": after, "limit": AGGREGATES,
                "mostEvents": EVENTS});
            let page = read(client, &question).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.aggregate_id);
            for stored in page {
                sum.take(client, *kind, stored).await?;
            }
        }
    }
    Ok(sum)
}

/// One aggregate.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn one(client: &Client, kind: ReplayedType, id: Uuid) -> anyhow::Result<Stored> {
    let question = json!({"aggregateType": kind, "aggregateId": id, "mostEvents": EVENTS});
    let found = read(client, &question).await?.into_iter().next();
    found.context("the database answers nothing")
}

/// Compares one aggregate with its events.
///
/// # Errors
/// When the database does not answer; a stream that cannot be replayed is an answer.
pub(crate) async fn compare(
    client: &Client,
    kind: ReplayedType,
    stored: &Stored,
) -> anyhow::Result<Result<Comparison, String>> {
    let replayed = replay(client, kind, stored).await?;
    Ok(replayed.map(|replayed| verification::compare(&stored.rows, &replayed)))
}

/// Makes the rows of an aggregate what its events say.
///
/// # Errors
/// When its events cannot be replayed, or the database refuses.
pub(crate) async fn rebuild(client: &Client, kind: ReplayedType, id: Uuid) -> anyhow::Result<()> {
    let stored = one(client, kind, id).await?;
    ensure!(
        stored.stream_version > 0,
        "there is no event to rebuild {kind}/{id} from"
    );
    let replayed = replay(client, kind, &stored).await?;
    let rows = replayed.map_err(|why| anyhow::anyhow!("{kind}/{id}: {why}"))?;
    let plans = verification::plans(&stored.rows, &rows);
    let plans = plans.map_err(|refusal| anyhow::anyhow!("{}", refusal.message))?;
    let arguments = [
        json!({"sub": SERVICE, "role": "service_role"}),
        json!({"requestId": format!("xtask verify {}", Uuid::new_v4())}),
        json!({"aggregateType": kind, "aggregateId": id, "streamVersion": stored.stream_version,
            "rows": rows, "plans": plans}),
    ];
    let [actor, request, command] = arguments.map(|argument| argument.to_string());
    let statement =
        "select public.rebuild_aggregate($1::text::jsonb, $2::text::jsonb, $3::text::jsonb)::text";
    let done = client
        .query_one(statement, &[&actor, &request, &command])
        .await;
    done.map_err(|error| match error.as_db_error() {
        Some(said) => anyhow::anyhow!("{kind}/{id}: {said}"),
        None => error.into(),
    })?;
    Ok(())
}

impl Sum {
    async fn take(
        &mut self,
        client: &Client,
        kind: ReplayedType,
        stored: Stored,
    ) -> anyhow::Result<()> {
        self.compared += 1;
        let found = compare(client, kind, &stored).await?;
        if found
            .as_ref()
            .map_or(true, |comparison| comparison.count > 0)
        {
            self.broken.push((kind, stored.aggregate_id, found));
        }
        Ok(())
    }

    /// Prints every difference.
    pub(crate) fn tell(&self) {
        let (compared, broken) = (self.compared, self.broken.len());
        println!("{compared} compared, {broken} not what their events say");
        for (kind, id, found) in &self.broken {
            println!("{kind}/{id}");
            match found {
                Err(why) => println!("  {why}"),
                Ok(comparison) => {
                    for difference in &comparison.differences {
                        let told = |value: &Option<Value>| {
                            value
                                .as_ref()
                                .map_or_else(|| "nothing".to_owned(), Value::to_string)
                        };
                        let (stored, replayed) =
                            (told(&difference.stored), told(&difference.replayed));
                        println!(
                            "  {}: stored {stored}, events say {replayed}",
                            difference.path
                        );
                    }
                    let more = comparison.count - comparison.differences.len();
                    if more > 0 {
                        println!("  and {more} more");
                    }
                }
            }
        }
    }
}

async fn replay(
    client: &Client,
    kind: ReplayedType,
    stored: &Stored,
) -> anyhow::Result<Result<Value, String>> {
    let mut events = stored.events.clone();
    while let Some(last) = events.last().map(|event| event.aggregate_version)
        && last < stored.stream_version
    {
        let statement = "select private.stream_of_aggregate($1, $2, $3)::text";
        let arguments = (i32::try_from(last)?, i32::try_from(EVENTS)?);
        let row = client
            .query_one(
                statement,
                &[&stored.aggregate_id, &arguments.0, &arguments.1],
            )
            .await?;
        let more: Vec<Recorded> = serde_json::from_str(row.get(0))?;
        ensure!(
            !more.is_empty(),
            "events of {} are missing",
            stored.aggregate_id
        );
        events.extend(more);
    }
    events.retain(|event| event.aggregate_version <= stored.stream_version);
    let replayed = verification::replay(kind, &events, &stored.gone_users);
    Ok(replayed.map_err(|refusal| refusal.message))
}

async fn read(client: &Client, question: &Value) -> anyhow::Result<Vec<Stored>> {
    let statement = "select private.read_aggregates($1::text::jsonb)::text";
    let row = client
        .query_one(statement, &[&question.to_string()])
        .await?;
    serde_json::from_str(row.get(0)).context("reading aggregates")
}
