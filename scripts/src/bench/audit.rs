//! The audit log: what it costs a write, against none and against a trigger per row, and whether sealing keeps up.

use std::time::Instant;

use anyhow::ensure;
use local_stack::Details;
use tokio_postgres::{Client, NoTls};

use super::load::{median, ratio};
use super::report::{Row, Section};

/// Rows written one by one, each in a transaction of its own.
const SINGLES: usize = 1_000;
/// Rows written by one statement.
const BULK: i32 = 50_000;
/// The same table three times: without audit, with ours, with a trigger that fires for each row.
const SIDES: [&str; 3] = ["without", "with_ours", "with_row_trigger"];

/// The tables, and the widespread approach in our own words: a trigger per row that writes whole
/// rows, their identity computed from the key, into a log with an index for each question.
const SETUP: &str = "
create schema bench;
create table bench.without (
  row_id uuid primary key, record_id uuid not null, organization_id uuid, name text not null, description text,
  metadata jsonb not null default '{}', revision integer not null default 1, updated_at timestamptz not null default now());
create table bench.with_ours (like bench.without including all);
create table bench.with_row_trigger (like bench.without including all);

create trigger of_insert after insert on bench.with_ours referencing new table as new_rows
  for each statement execute function private.tg_record_audit_log('record_id', 'row_id');
create trigger of_update after update on bench.with_ours referencing old table as old_rows new table as new_rows
  for each statement execute function private.tg_record_audit_log('record_id', 'row_id');

create table bench.log (
  id bigint generated always as identity primary key, record uuid, old_record uuid, operation text not null,
  at timestamptz not null default now(), table_oid oid not null, table_schema name not null, table_name name not null,
  content jsonb, old_content jsonb);
create index on bench.log (record) where record is not null;
create index on bench.log (old_record) where old_record is not null;
create index on bench.log (table_oid);
create index on bench.log using brin (at);

create function bench.identity(relation oid, keys text[], content jsonb) returns uuid
language sql stable set search_path = '' as $$
  select case when content is null then null else md5((
    jsonb_build_array(relation) || coalesce((select jsonb_agg(content -> key) from unnest(keys) as key), '[]'))::text)::uuid end
$$;
create function bench.keys(relation oid) returns text[]
language sql stable set search_path = '' as $$
  select coalesce(array_agg(attribute.attname::text order by attribute.attnum), '{}')
  from pg_catalog.pg_index as index
  join pg_catalog.pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = any (index.indkey)
  where index.indrelid = relation and index.indisprimary
$$;
create function bench.log_row() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_keys text[] := bench.keys(tg_relid);
  v_new jsonb := to_jsonb(new);
  v_old jsonb := to_jsonb(old);
begin
  insert into bench.log (record, old_record, operation, table_oid, table_schema, table_name, content, old_content)
  values (bench.identity(tg_relid, v_keys, v_new), bench.identity(tg_relid, v_keys, v_old),
          tg_op, tg_relid, tg_table_schema, tg_table_name, v_new, v_old);
  return coalesce(new, old);
end
$$;
create trigger of_row after insert or update or delete on bench.with_row_trigger
  for each row execute function bench.log_row();
";

/// Figures of one side, one per round.
#[derive(Default)]
struct Side {
    inserts: Vec<f64>,
    updates: Vec<f64>,
    bulk: Vec<f64>,
}

/// Measures all of it.
///
/// # Errors
/// When the database refuses.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Section> {
    let (client, connection) = tokio_postgres::connect(&details.admin_db_url, NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute("update cron.job set active = false where true")
        .await?;
    // A job that is under way, and the list of jobs, which is read every second.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    client.batch_execute(SETUP).await?;
    let mut sides: [Side; 3] = Default::default();
    let mut sealed = Vec::new();
    for _ in 0..rounds {
        for (name, side) in SIDES.iter().zip(&mut sides) {
            side.inserts.push(single(&client, &insert(name)).await?);
            side.updates.push(single(&client, &update(name)).await?);
        }
        for (name, side) in SIDES.iter().zip(&mut sides) {
            side.bulk.push(bulk(&client, name).await?);
        }
        sealed.push(seal(&client).await?);
    }
    client
        .batch_execute("drop schema bench cascade; update cron.job set active = true where true")
        .await?;
    Ok(section(&sides, &sealed))
}

fn insert(table: &str) -> String {
    format!(
        "insert into bench.{table} (row_id, record_id, name, description)
         values (private.uuid_v7(), gen_random_uuid(), 'Check the order', 'Whether it is complete')"
    )
}

fn update(table: &str) -> String {
    format!(
        "update bench.{table} set name = 'Check it again', revision = revision + 1
         where row_id = (select row_id from bench.{table} limit 1)"
    )
}

/// Writes a second, one transaction each.
async fn single(client: &Client, statement: &str) -> anyhow::Result<f64> {
    let prepared = client.prepare(statement).await?;
    let start = Instant::now();
    for _ in 0..SINGLES {
        ensure!(client.execute(&prepared, &[]).await? == 1, "{statement}");
    }
    Ok(SINGLES as f64 / start.elapsed().as_secs_f64())
}

/// Rows a second, in one statement over an empty table.
async fn bulk(client: &Client, table: &str) -> anyhow::Result<f64> {
    client
        .batch_execute(&format!("truncate bench.{table}; checkpoint"))
        .await?;
    let statement = format!(
        "insert into bench.{table} (row_id, record_id, name, description)
         select gen_random_uuid(), gen_random_uuid(), 'Check the order', 'Whether it is complete'
         from generate_series(1, $1::int4)"
    );
    let start = Instant::now();
    client.execute(&statement, &[&BULK]).await?;
    Ok(f64::from(BULK) / start.elapsed().as_secs_f64())
}

/// Rows a second that are sealed.
async fn seal(client: &Client) -> anyhow::Result<f64> {
    let start = Instant::now();
    let row = client.query_one("select private.seal_audit_logs()", &[]);
    let rows: i32 = row.await?.get(0);
    let elapsed = start.elapsed().as_secs_f64();
    ensure!(rows >= BULK, "only {rows} rows were sealed");
    Ok(f64::from(rows) / elapsed)
}

fn section(sides: &[Side; 3], sealed: &[f64]) -> Section {
    let [without, ours, by_row] = sides;
    let against = |what: &str, some: &[f64], other: &[f64], unit: &str, against: &str| {
        let figure = median(some.iter().copied());
        let ratio = ratio(some.iter().copied(), other.iter().copied());
        let row = Row::new(what, format!("{figure:.0} {unit}"));
        (row.against(against, ratio), figure, ratio)
    };
    let writes = "writes/s";
    let rows = "rows/s";
    let mut table = Vec::new();
    for (what, figures) in [
        (
            "inserts one by one",
            [&without.inserts, &ours.inserts, &by_row.inserts],
        ),
        (
            "updates one by one",
            [&without.updates, &ours.updates, &by_row.updates],
        ),
    ] {
        let [none, own, other] = figures;
        let (row, _, kept) = against(&format!("{what}, audit on"), own, none, writes, "audit off");
        table.push(row.at_least(kept, 0.75, " ×"));
        let name = format!("{what}, a trigger per row");
        table.push(against(&name, other, none, writes, "audit off").0);
    }
    let (row, figure, _) = against(
        "one statement, audit on",
        &ours.bulk,
        &without.bulk,
        rows,
        "audit off",
    );
    table.push(row.at_least(figure, 90_000.0, " rows/s"));
    let name = "one statement, a trigger per row";
    table.push(against(name, &by_row.bulk, &without.bulk, rows, "audit off").0);
    let (row, _, ratio) = against(
        "sealed",
        sealed,
        &ours.bulk,
        rows,
        "written by one statement",
    );
    table.push(row.at_least(ratio, 1.0, " ×"));
    Section {
        title: "The audit log",
        note: format!(
            "One table of eight columns three times: without audit, with the triggers of the business tables, and with a widespread approach written again for this benchmark, a trigger per row that logs whole rows under four more indexes.\n\
             One connection; {SINGLES} transactions of one row, and {BULK} rows in one statement.\n\
             Sealing runs behind the writers, so it costs none of them; what counts is that it is faster than they are."
        ),
        rows: table,
    }
}
