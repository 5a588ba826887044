//! The schema as a whole: it is the one in the repository, and every way to it ends there.
//!
//! Databases of their own, made of what a project has before its first migration, take the migrations file by file, each on a new connection.
//! From a prefix of the migrations a copy of that database takes the rest: it must arrive at the same schema.
//! Once more they take the migrations where the platform opens nothing new by itself.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, ensure};
use local_stack::Details;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::database;
use crate::places;
use crate::snapshot;
use crate::tally::Count;

/// The database that grows.
const GROWING: &str = "fm_prefix";
/// Copies of it that take the rest, at the same time.
const COPIES: [&str; 3] = ["fm_rest_0", "fm_rest_1", "fm_rest_2"];
/// What newer projects have in place of the older ones' default: nothing new is open to the roles of the API.
const OPEN_TO_NOBODY: &str = "
    alter default privileges for role postgres in schema public revoke all on tables from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public revoke all on functions from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public revoke all on sequences from anon, authenticated, service_role;";
/// A migration: its name and its text.
type File = (String, String);

/// Compares the schema with the one in the repository.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn snapshot(details: &Details) -> anyhow::Result<Count> {
    let client = database::connect(&details.admin_db_url).await?;
    let there = fs::read_to_string(snapshot::path()).unwrap_or_default();
    let now = snapshot::take(&client).await?;
    let same = there == now;
    if !same {
        println!("the schema is not that of the snapshot: run `cargo xtask snapshot`");
        if let Some(line) = first_difference(&there, &now) {
            println!("  first difference: {line}");
        }
    }
    let planted = "begin; create index planted on public.organizations (name)";
    client.batch_execute(planted).await?;
    let noticed = snapshot::take(&client).await? != now;
    client.batch_execute("rollback").await?;
    Ok(Count::one(same).and(Count::one(noticed)))
}

/// Works on a database of its own that has all migrations and no rows, and drops it.
///
/// # Errors
/// When it cannot be made, and those of the work.
pub(crate) async fn on_database_of_its_own<T>(
    details: &Details,
    name: &str,
    work: impl AsyncFnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let admin = database::connect(&details.admin_db_url).await?;
    bootstrap(details, &admin, name).await?;
    let outcome = async {
        for file in migrations()? {
            apply(&connect_to(details, name, false).await?, &file).await?;
        }
        work(&address(&details.admin_db_url, name)?).await
    };
    let outcome = outcome.await;
    drop_database(&admin, name).await?;
    outcome
}

/// Applies the migrations file by file, and from every prefix of themselves the rest to a copy; then all of them where nothing is open by default.
///
/// # Errors
/// When one does not apply, or the databases cannot be made.
pub(super) async fn prefixes(details: &Details) -> anyhow::Result<Count> {
    let files: Arc<[File]> = migrations()?.into();
    let admin = database::connect(&details.admin_db_url).await?;
    let whole = snapshot::take(&admin).await?;
    // Making and dropping databases waits for the disk most of the time; these need not survive a power cut.
    setting(&admin, "alter system set fsync = off").await?;
    let outcome = async {
        let arrived = from_prefixes(details, &admin, &files).await?;
        let closed = where_nothing_is_open(details, &admin, &files).await?;
        anyhow::Ok(arrived.into_iter().chain([closed]).collect::<Vec<_>>())
    };
    let outcome = outcome.await;
    for name in COPIES.into_iter().chain([GROWING]) {
        drop_database(&admin, name).await?;
    }
    setting(&admin, "alter system reset fsync").await?;
    let counts = outcome?.into_iter().map(|(from, arrived)| {
        if let Some(line) = first_difference(&whole, &arrived) {
            println!("{from} the migrations lead elsewhere: {line}");
        }
        Count::one(arrived == whole)
    });
    Ok(counts.fold(Count::default(), Count::and))
}

/// Where the migrations started, and the schema that they led to.
type Arrival = (String, String);

async fn from_prefixes(
    details: &Details,
    admin: &Client,
    files: &Arc<[File]>,
) -> anyhow::Result<Vec<Arrival>> {
    bootstrap(details, admin, GROWING).await?;
    let mut free = COPIES.to_vec();
    let mut at_work = JoinSet::new();
    let mut arrived = Vec::new();
    for (nth, file) in files.iter().enumerate() {
        if free.is_empty()
            && let Some(ended) = at_work.join_next().await
        {
            let (copy, arrival) = ended??;
            free.push(copy);
            arrived.push(arrival);
        }
        let copy = free.pop().context("a free copy")?;
        make_copy(admin, copy).await?;
        at_work.spawn(finish(details.clone(), copy, Arc::clone(files), nth));
        let client = connect_to(details, GROWING, false).await?;
        apply(&client, file).await?;
    }
    while let Some(ended) = at_work.join_next().await {
        arrived.push(ended??.1);
    }
    Ok(arrived)
}

/// A copy after `nth` migrations takes those that are left.
async fn finish(
    details: Details,
    copy: &'static str,
    files: Arc<[File]>,
    nth: usize,
) -> anyhow::Result<(&'static str, Arrival)> {
    let from = format!("on top of {nth} of themselves");
    let schema = take_rest(&details, copy, &files[nth..]).await;
    let schema = schema.with_context(|| from.clone())?;
    Ok((copy, (from, schema)))
}

/// The migrations in a project that opens nothing new to the roles of the API.
async fn where_nothing_is_open(
    details: &Details,
    admin: &Client,
    files: &[File],
) -> anyhow::Result<Arrival> {
    bootstrap(details, admin, GROWING).await?;
    let client = connect_to(details, GROWING, true).await?;
    client.batch_execute(OPEN_TO_NOBODY).await?;
    let schema = take_rest(details, GROWING, files).await?;
    Ok(("where nothing is open by default".to_owned(), schema))
}

async fn make_copy(admin: &Client, name: &str) -> anyhow::Result<()> {
    drop_database(admin, name).await?;
    settle(admin).await?;
    let copy =
        format!("create database {name} template {GROWING} owner postgres strategy file_copy");
    admin.batch_execute(&copy).await.context("copying")
}

/// A database takes these migrations; answers its schema.
async fn take_rest(details: &Details, name: &str, rest: &[File]) -> anyhow::Result<String> {
    let client = connect_to(details, name, false).await?;
    for file in rest {
        apply(&client, file).await?;
    }
    let reader = connect_to(details, name, true).await?;
    snapshot::take(&reader).await
}

/// Waits until nobody is connected to the growing database, which can be copied only then.
async fn settle(admin: &Client) -> anyhow::Result<()> {
    let count = "select count(*) from pg_stat_activity where datname = $1";
    for _ in 0..500 {
        let connected: i64 = admin.query_one(count, &[&GROWING]).await?.get(0);
        if connected == 0 {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    anyhow::bail!("somebody stays connected to {GROWING}")
}

/// Makes a database with what a project has before its first migration.
async fn bootstrap(details: &Details, admin: &Client, name: &str) -> anyhow::Result<()> {
    drop_database(admin, name).await?;
    let make = format!("create database {name} template template0 owner postgres");
    admin.batch_execute(&make).await?;
    let client = connect_to(details, name, true).await?;
    let folder = places::root().join("crates/local-stack/bootstrap");
    for (name, sql) in read_folder(&folder)? {
        client.batch_execute(&sql).await.with_context(|| name)?;
    }
    Ok(())
}

async fn setting(admin: &Client, statement: &str) -> anyhow::Result<()> {
    admin.batch_execute(statement).await.context("a setting")?;
    Ok(admin.batch_execute("select pg_reload_conf()").await?)
}

async fn drop_database(admin: &Client, name: &str) -> anyhow::Result<()> {
    let statement = format!("drop database if exists {name} with (force)");
    Ok(admin.batch_execute(&statement).await?)
}

/// Applies a migration as the CLI does: as one transaction.
async fn apply(client: &Client, (name, sql): &File) -> anyhow::Result<()> {
    let applied = client
        .batch_execute(&format!("begin;\n{sql}\n;commit"))
        .await;
    applied.with_context(|| name.clone())
}

async fn connect_to(details: &Details, name: &str, admin: bool) -> anyhow::Result<Client> {
    let url = match admin {
        true => &details.admin_db_url,
        false => &details.db_url,
    };
    database::connect(&address(url, name)?).await
}

/// The address of another database of the same server.
fn address(url: &str, name: &str) -> anyhow::Result<String> {
    let (server, _) = url.rsplit_once('/').context("an address of a database")?;
    Ok(format!("{server}/{name}"))
}

fn migrations() -> anyhow::Result<Vec<File>> {
    let files = read_folder(&places::root().join("supabase/migrations"))?;
    ensure!(
        files.len() > 50,
        "the migrations are not where they should be"
    );
    Ok(files)
}

fn read_folder(folder: &std::path::Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((name.into_owned(), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn first_difference(before: &str, now: &str) -> Option<String> {
    let mut pairs = before.lines().zip(now.lines());
    let pair = pairs.find(|(before, now)| before != now);
    pair.map(|(before, now)| format!("{before} | {now}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_told() {
        assert_eq!(first_difference("a\nb", "a\nb"), None);
        assert_eq!(first_difference("a\nb", "a\nc").as_deref(), Some("b | c"));
    }
}
