//! Whether rows are what events say: over everything that the other tests left, and after rows were corrupted on purpose.

use std::collections::HashSet;

use anyhow::{Context, bail, ensure};
use domain::verification::ReplayedType;
use serde_json::{Map, Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::tally::Count;
use crate::verify::{Stored, compare, everything, one, rebuild};

/// The name that picks this part.
pub(super) const NAME: &str = "verification";

/// Columns that name a row; another value is another row.
const KEYS: [&str; 7] = [
    "model_id",
    "node_id",
    "action_id",
    "version_id",
    "user_id",
    "organization_id",
    "dependencies",
];

/// Rows that were written by hand, without events: those of the access matrix.
pub(super) async fn by_hand(url: &str) -> anyhow::Result<HashSet<Uuid>> {
    let client = super::connect(url).await?;
    let broken = everything(&client).await?.broken.into_iter();
    Ok(broken.map(|(_, id, _)| id).collect())
}

/// Verifies everything but those, then corrupts every column of some rows and has each rebuilt.
pub(super) async fn run(url: &str, by_hand: &HashSet<Uuid>) -> anyhow::Result<Count> {
    let client = super::connect(url).await?;
    let mut sum = everything(&client).await?;
    sum.compared -= by_hand.len();
    sum.broken.retain(|(_, id, _)| !by_hand.contains(id));
    sum.tell();
    let mut count = Count::one(sum.broken.is_empty());
    for kind in ReplayedType::ALL {
        let outcome = corruptions(&client, *kind, by_hand).await;
        match &outcome {
            Ok(tried) => println!("test {tried} corruptions of {kind} are named and undone ... ok"),
            Err(error) => println!("test corruptions of {kind} ... FAILED\n{error:#}"),
        }
        count = count.and(Count::one(outcome.is_ok()));
    }
    Ok(count)
}

/// Corrupts an aggregate in every way; answers how many there were.
async fn corruptions(
    client: &Client,
    kind: ReplayedType,
    by_hand: &HashSet<Uuid>,
) -> anyhow::Result<usize> {
    let id = richest(client, kind, by_hand).await?;
    let stored = one(client, kind, id).await?;
    let tables = stored.rows.as_object().context("it has no rows")?;
    let mut tried = 0;
    for (table, rows) in tables {
        let rows = rows.as_object().context("a table has rows")?;
        let (key, row) = rows.iter().next().context("a table has a row")?;
        let row = row.as_object().context("a row has columns")?;
        for column in row.keys().filter(|column| !is_key(table, column)) {
            let key = change(client, table, rows, column).await?;
            let path = format!("{table}/{key}/{column}");
            undone(client, kind, &stored, &path).await?;
            tried += 1;
        }
        let place = at(row, table)?;
        planted(client, &format!("delete from public.{table} where {place}")).await?;
        undone(client, kind, &stored, &format!("{table}/{key}")).await?;
        tried += 1;
        if let Some(extra) = extra(table, row) {
            let id = Uuid::new_v4();
            let statement = format!(
                "insert into public.{table} select (jsonb_populate_record(null::public.{table}, to_jsonb(the_row)
                 || replace('{extra}', '$id', '{id}')::jsonb)).* from public.{table} as the_row where {place}"
            );
            planted(client, &statement).await?;
            undone(client, kind, &stored, &format!("{table}/{id}")).await?;
            tried += 1;
        }
    }
    if kind == ReplayedType::FunctionModel {
        let statement = format!("delete from public.node_dependencies where model_id = '{id}'");
        planted(client, &statement).await?;
        undone(client, kind, &stored, "container_nodes/").await?;
        tried += 1;
    }
    Ok(tried)
}

fn is_key(table: &str, column: &str) -> bool {
    // An owner and an organization are no part of these tables' keys.
    let plain = match table {
        "function_models" => ["user_id", "organization_id"].contains(&column),
        "node_links" | "ai_agents" => ["organization_id", "node_id"].contains(&column),
        _ => false,
    };
    let own = matches!(
        (table, column),
        ("node_links", "link_id") | ("ai_agents", "agent_id" | "tools")
    );
    own || KEYS.contains(&column) && !plain
}

/// The condition that names a row.
fn at(row: &Map<String, Value>, table: &str) -> anyhow::Result<String> {
    let columns: &[&str] = match table {
        "function_models" => &["model_id"],
        "container_nodes" => &["model_id", "node_id"],
        "action_nodes" => &["model_id", "action_id"],
        "function_model_versions" => &["version_id"],
        "node_links" => &["link_id"],
        "ai_agents" => &["agent_id"],
        "organizations" => &["organization_id"],
        "organization_members" => &["organization_id", "user_id"],
        other => bail!("{other} is new here"),
    };
    let parts = columns.iter().map(|column| {
        let value = row.get(*column).and_then(Value::as_str);
        format!("{column} = '{}'", value.unwrap_or_default())
    });
    Ok(parts.collect::<Vec<_>>().join(" and "))
}

/// What makes a second row of one, where it can have several.
fn extra(table: &str, row: &Map<String, Value>) -> Option<Value> {
    match table {
        "container_nodes" => Some(json!({"node_id": "$id"})),
        "action_nodes" => Some(json!({"action_id": "$id", "execution_order": 4096})),
        "function_model_versions" => {
            Some(json!({"version_id": "$id", "version_number": "94.9.9", "is_published": false}))
        }
        "organization_members" => Some(json!({"user_id": "$id", "role": row["role"]})),
        _ => None,
    }
}

/// Gives a column of some row another value, past every guard but the checks of the table; answers which row it was.
async fn change(
    client: &Client,
    table: &str,
    rows: &Map<String, Value>,
    column: &str,
) -> anyhow::Result<String> {
    const OTHERS: [&str; 13] = [
        "to_jsonb({column} + interval '1 second')",
        "to_jsonb(not {column})",
        "to_jsonb({column} + 1)",
        "to_jsonb({column} - 0.01)",
        "{column} || '{\"corrupted\": true}'::jsonb",
        "to_jsonb('2001-01-01T00:00:00Z'::timestamptz)",
        "to_jsonb({column}::text || 'x')",
        "'{\"corrupted\": true}'::jsonb",
        "'\"corrupted\"'::jsonb",
        "'\"93.9.9\"'::jsonb",
        "'7'::jsonb",
        "'\"00000000-0000-4000-8000-000000000009\"'::jsonb",
        "null::jsonb",
    ];
    // Words of the enumerations.
    const WORDS: [&str; 13] = [
        "archived",
        "draft",
        "parallel",
        "conditional",
        "ioNode",
        "stageNode",
        "kbNode",
        "tetherNode",
        "references",
        "supports",
        "event-storm",
        "viewer",
        "admin",
    ];
    // The mark of a deletion is whole, the owner stands in two places, and a link suits its ends.
    let along = match column {
        "source_feature" | "target_feature" => ", link_type = 'triggers'",
        "user_id" => ", permissions = permissions || jsonb_build_object('owner', {value})",
        "deleted_at" => ", deleted_by = coalesce(deleted_by, 'x')",
        "deleted_by" => ", deleted_at = coalesce(deleted_at, now())",
        "retain_until" => {
            ", deleted_at = coalesce(deleted_at, now()), deleted_by = coalesce(deleted_by, 'x')"
        }
        _ => "",
    };
    let mut refusals = Vec::new();
    for (key, row) in rows {
        let place = at(row.as_object().context("a row has columns")?, table)?;
        let words = WORDS.iter().map(|word| format!("'\"{word}\"'::jsonb"));
        let others = OTHERS
            .iter()
            .map(|other| other.replace("{column}", &format!("the_row.{column}")));
        for other in others.chain(words) {
            let value = format!(
                "(jsonb_populate_record(null::public.{table}, jsonb_build_object('{column}', {other}))).{column}"
            );
            let along = along.replace("{value}", &value);
            let statement = format!(
                "update public.{table} as the_row set {column} = {value}{along}
                 where {place} and {value} is distinct from the_row.{column}"
            );
            match planted(client, &statement).await {
                Ok(1) => return Ok(key.clone()),
                Ok(_) => {}
                Err(error) => refusals.push(format!("{error:#}")),
            }
        }
    }
    bail!(
        "no other value fits {table}.{column}: {}",
        refusals.join("; ")
    )
}

/// Writes as only a superuser can: no trigger fires, no reference is checked.
async fn planted(client: &Client, statement: &str) -> anyhow::Result<u64> {
    client
        .batch_execute("set session_replication_role = replica")
        .await?;
    let done = client.execute(statement, &[]).await;
    client
        .batch_execute("reset session_replication_role")
        .await?;
    done.map_err(|error| match error.as_db_error() {
        Some(said) => anyhow::anyhow!("{}", said.message()),
        None => error.into(),
    })
}

/// A corruption is named, and rebuilding undoes it and leaves its trace in the audit log.
async fn undone(
    client: &Client,
    kind: ReplayedType,
    before: &Stored,
    path: &str,
) -> anyhow::Result<()> {
    let id = before.aggregate_id;
    let corrupted = one(client, kind, id).await?;
    ensure!(corrupted.rows != before.rows, "{path} is as it was");
    let found = compare(client, kind, &corrupted).await?;
    let found = found.map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
    let paths: Vec<&str> = found
        .differences
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    let named = paths.iter().any(|found| found.starts_with(path));
    ensure!(named, "{path} is not named, but {paths:?}");
    let traces = traces(client, id).await?;
    rebuild(client, kind, id)
        .await
        .with_context(|| path.to_owned())?;
    let after = one(client, kind, id).await?;
    ensure!(
        after.rows == before.rows,
        "{path} is not as it was: {} instead of {}",
        after.rows,
        before.rows
    );
    let left = self::traces(client, id).await?;
    ensure!(
        left > traces,
        "the rebuild of {path} is not in the audit log"
    );
    Ok(())
}

async fn traces(client: &Client, id: Uuid) -> anyhow::Result<i64> {
    let statement = "select count(*) from public.audit_logs
        where record_id = $1 and event_type = 'rebuild' and event_id is null";
    Ok(client.query_one(statement, &[&id]).await?.get(0))
}

/// The aggregate with the most to corrupt, of those that have events.
async fn richest(
    client: &Client,
    kind: ReplayedType,
    by_hand: &HashSet<Uuid>,
) -> anyhow::Result<Uuid> {
    let statement = match kind {
        ReplayedType::FunctionModel => {
            "select model_id from public.function_models as model
             where status = 'published' and model_id <> all ($1) and exists (
               select from public.function_model_versions as version
               where version.model_id = model.model_id and not exists (
                 select from public.workflow_executions as run where run.version_id = version.version_id))
               and exists (select from public.domain_events as event where event.aggregate_id = model.model_id)
             order by (select count(*) from public.action_nodes as action where action.model_id = model.model_id) between 1 and 20 desc,
               (select count(*) from public.node_dependencies as edge where edge.model_id = model.model_id) between 1 and 20 desc
             limit 1"
        }
        ReplayedType::NodeLink => {
            "select link_id from public.node_links as link
             where link_id <> all ($1)
               and exists (select from public.domain_events as event where event.aggregate_id = link.link_id)
             order by source_node_id is null, link_context = '{}', revision desc limit 1"
        }
        ReplayedType::AiAgent => {
            "select agent_id from public.ai_agents as agent
             where agent_id <> all ($1)
               and exists (select from public.domain_events as event where event.aggregate_id = agent.agent_id)
               and not exists (select from public.agent_tasks as task where task.agent_id = agent.agent_id)
             order by description is null, revision desc limit 1"
        }
        ReplayedType::Organization => {
            "select organization_id from public.organizations as organization
             where organization_id <> all ($1)
               and exists (select from public.domain_events as event where event.aggregate_id = organization.organization_id)
             order by (select count(*) from public.organization_members as member
               where member.organization_id = organization.organization_id) desc limit 1"
        }
    };
    let by_hand: Vec<Uuid> = by_hand.iter().copied().collect();
    let row = client.query_opt(statement, &[&by_hand]).await?;
    Ok(row.with_context(|| format!("no {kind} was left"))?.get(0))
}
