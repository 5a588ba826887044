//! `cargo xtask snapshot`: the schema that the migrations make, in one file that people can read and compare.
//!
//! `cargo xtask test` fails while the file is not what the migrations make.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tokio_postgres::Client;

use crate::places;
use crate::progress::step;
use crate::{setup, test};

const QUERY: &str = include_str!("snapshot/schema.sql");
const HEAD: &str =
    "-- What the migrations make, written by `cargo xtask snapshot`. Nobody runs this.\n\n";

/// Starts a stack, and writes down its schema.
///
/// # Errors
/// When the migrations do not apply.
pub(crate) async fn run() -> anyhow::Result<()> {
    setup::run().await?;
    let text = test::with_stack(async |stack| {
        let client = test::connect(&stack.details().admin_db_url).await?;
        step("reading the schema", take(&client)).await
    });
    let text = text.await?;
    fs::write(path(), text).context("writing the snapshot")?;
    println!("{}", path().display());
    Ok(())
}

/// Where it stands.
pub(crate) fn path() -> PathBuf {
    places::root().join("tests/database/schema.snapshot.sql")
}

/// The schema of a database as text.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn take(client: &Client) -> anyhow::Result<String> {
    let rows = client.query(QUERY, &[]).await?;
    ensure!(rows.len() > 100, "the schema is nearly empty");
    let mut text = HEAD.to_owned();
    for row in rows {
        let line: String = row.get(0);
        if !line.starts_with(' ') && !text.ends_with("\n\n") {
            text.push('\n');
        }
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}
