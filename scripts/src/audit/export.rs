//! The rows of a month as a file: one line of JSON per row, the texts that its hash covers.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use domain::audit::SealedRow;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::chain::{page, verify};

/// Seals that are read at once.
const SEALS: i32 = 50;

/// The rows of exported months.
///
/// # Errors
/// When a file is not an export.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<SealedRow>> {
    let mut rows = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        for line in text.lines() {
            let row = serde_json::from_str(line);
            rows.push(row.with_context(|| format!("{} is no export", file.display()))?);
        }
    }
    Ok(rows)
}

/// Verifies the log, writes the month's rows and notes the export.
///
/// # Errors
/// When the log does not hold, the month is not over, or the file exists.
pub(super) async fn write(
    client: &Client,
    month: &str,
    to: &Path,
    location: Option<&str>,
) -> anyhow::Result<()> {
    let findings = verify(client, &[], &[]).await?;
    ensure!(
        findings.broken.is_none(),
        "a log that does not hold is not exported:\n{findings}"
    );
    let file = File::create_new(to).with_context(|| to.display().to_string())?;
    let mut file = BufWriter::new(file);
    let mut hash = Sha256::new();
    let (mut after, mut count) = (0, 0_i64);
    loop {
        let found = page(client, after, SEALS).await?;
        for row in found.rows.iter().filter(|row| row.month() == Some(month)) {
            let line = serde_json::to_string(row)? + "\n";
            hash.update(&line);
            file.write_all(line.as_bytes())?;
            count += 1;
        }
        after = found.last_seal;
        if after >= found.newest_seal {
            break;
        }
    }
    file.flush()?;
    let digest = format!("{:x}", hash.finalize());
    let path = to.display().to_string();
    let location = location.unwrap_or(&path);
    let statement = "select private.record_audit_export($1, $2, $3, $4)::text";
    let noted = client
        .query_one(statement, &[&month, &count, &digest, &location])
        .await;
    // An export that the database does not accept is none.
    let row = noted.map_err(told).inspect_err(|_| {
        fs::remove_file(to).ok();
    })?;
    let id: String = row.get(0);
    println!("export {id}: {count} rows of {month} in {path}, SHA-256 {digest}");
    Ok(())
}

/// Drops the rows of an exported month.
///
/// # Errors
/// When the database refuses; it says why.
pub(super) async fn retire(client: &Client, month: &str, keep: &str) -> anyhow::Result<()> {
    let statement = "select private.retire_audit_month($1, $2::text::interval)";
    let row = client.query_one(statement, &[&month, &keep]).await;
    let seal: i64 = row.map_err(told)?.get(0);
    println!("{month} was dropped; seal {seal} says so");
    Ok(())
}

fn told(error: tokio_postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(said) => anyhow::anyhow!("{}", said.message()),
        None => error.into(),
    }
}
