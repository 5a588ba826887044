//! The database tests: `tests/database/<object>/<behaviour>.test.sql`, one behaviour per file.
//!
//! A test is a script that raises an exception when something does not hold.
//! Each runs as the superuser on a connection of its own, after `support.sql`, inside a transaction that is rolled back.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio_postgres::{Client, NoTls};

use crate::interrupt;
use crate::places;
use crate::tally::Count;

/// Runs every test whose path has the filter in it.
///
/// # Errors
/// When the folder cannot be read.
pub(super) async fn run(url: &str, filter: Option<&str>) -> anyhow::Result<Count> {
    let folder = places::root().join("tests/database");
    let support =
        std::fs::read_to_string(folder.join("support.sql")).context("reading support.sql")?;
    let files = tests(&folder)?;
    ensure!(!files.is_empty(), "there are no database tests");
    let mut sum = Count::default();
    for file in files {
        let name = file
            .strip_prefix(&folder)
            .unwrap_or(&file)
            .display()
            .to_string();
        if filter.is_some_and(|text| !name.contains(text)) {
            continue;
        }
        let script = std::fs::read_to_string(&file)?;
        let outcome = interrupt::unless(test(url, &support, &script)).await;
        match &outcome {
            Ok(()) => println!("test {name} ... ok"),
            Err(error) => println!("test {name} ... FAILED\n{error:#}"),
        }
        sum = sum.and(Count::one(outcome.is_ok()));
    }
    Ok(sum)
}

/// Connects to the database.
///
/// # Errors
/// When it does not answer.
pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    let connecting = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connecting.context("connecting to the database")?;
    tokio::spawn(connection);
    Ok(client)
}

async fn test(url: &str, support: &str, script: &str) -> anyhow::Result<()> {
    let client = connect(url).await?;
    client.batch_execute("begin").await?;
    client
        .batch_execute(support)
        .await
        .map_err(told)
        .context("support.sql")?;
    client.batch_execute(script).await.map_err(told)?;
    client.batch_execute("rollback").await?;
    Ok(())
}

/// What the database says, with its detail and where it happened.
fn told(error: tokio_postgres::Error) -> anyhow::Error {
    let Some(said) = error.as_db_error() else {
        return error.into();
    };
    let parts = [
        Some(said.message()),
        said.detail(),
        said.hint(),
        said.where_(),
    ];
    let text: Vec<&str> = parts.into_iter().flatten().collect();
    anyhow::anyhow!("{} {}", said.code().code(), text.join("\n  "))
}

/// Every test below a folder, in order.
fn tests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(tests(&path)?);
        } else if path.to_string_lossy().ends_with(".test.sql") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
