//! No secret that a test set stands anywhere: not in a table, a message of Realtime (which is a row, too), or a log.
//!
//! The values of the end-to-end tests hold a marker, which is looked for in every form that the database or a log could keep.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use local_stack::Details;
use tokio_postgres::Client;

use super::database;
use crate::tally::Count;

/// What every value of a secret in `tests/end-to-end/secrets.test.ts` holds.
const MARKER: &str = "fm-secret-marker";
/// How many bits a letter of base64 holds.
const BITS: usize = 6;

/// Looks for the marker in the whole database and in every log.
///
/// # Errors
/// When the database or a log cannot be read, or no test has set a secret.
pub(super) async fn run(details: &Details) -> anyhow::Result<Count> {
    let client = database::connect(&details.admin_db_url).await?;
    let used = "select count(*) from public.secrets where last_used_at is not null";
    let used: i64 = client.query_one(used, &[]).await?.get(0);
    ensure!(used > 0, "no test has used a secret");
    // The logs first: a slow search of a table is itself logged, with what it looks for.
    let mut found = in_logs(&details.logs)?;
    found.extend(in_tables(&client).await?);
    for place in &found {
        println!("a secret stands in {place}");
    }
    let sum = Count::one(found.is_empty());
    client
        .batch_execute(&format!(
            "begin; create table private.planted (at bytea); insert into private.planted values ('{MARKER}')"
        ))
        .await?;
    let noticed = in_tables(&client).await?;
    client.batch_execute("rollback").await?;
    let noticed = noticed.iter().any(|table| table.contains("planted"));
    if !noticed {
        println!("a secret in a table would not be noticed");
    }
    Ok(sum.and(Count::one(noticed)))
}

/// The tables of which a row holds the marker, as text or as bytes.
async fn in_tables(client: &Client) -> anyhow::Result<Vec<String>> {
    let tables = client
        .query(
            "select format('%I.%I', n.nspname, c.relname)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
               and n.nspname !~ '^pg_(toast|temp)'",
            &[],
        )
        .await?;
    ensure!(tables.len() > 20, "the tables are not where they should be");
    let forms = forms();
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let query = format!(
            "select exists (select from {table} as r, unnest($1::text[]) as form where strpos(r::text, form) > 0)"
        );
        let holds = client.query_one(&query, &[&forms]).await;
        if holds.with_context(|| table.clone())?.get(0) {
            found.push(table);
        }
    }
    Ok(found)
}

fn in_logs(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut bytes = 0;
    for log in fs::read_dir(folder)? {
        let path = log?.path();
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        bytes += text.len();
        if forms().iter().any(|form| text.contains(form)) {
            found.push(path.display().to_string());
        }
    }
    ensure!(bytes > 0, "the logs are not where they should be");
    Ok(found)
}

/// The marker as a database or a log could keep it: as it is, as bytes, and in base64 beside other text.
fn forms() -> Vec<String> {
    let hex = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
    let encoded = (0..3).map(|before| {
        let text = STANDARD_NO_PAD.encode(format!("{}{MARKER}", " ".repeat(before)));
        // Without the letters that hold bits of what stands before and after it.
        let from = (before * 8).div_ceil(BITS);
        let to = (before + MARKER.len()) * 8 / BITS;
        text[from..to].to_owned()
    });
    encoded.chain([MARKER.to_owned(), hex]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_found_wherever_it_begins_in_base64() {
        for before in ["", "B", "Be", "Bearer "] {
            let text = STANDARD_NO_PAD.encode(format!("{before}{MARKER} and more"));
            let found = forms().into_iter().filter(|form| text.contains(form));
            assert_eq!(found.count(), 1, "{before}");
        }
    }
}
