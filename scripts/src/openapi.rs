//! `cargo xtask openapi`: the description of the API, made of the types that requests and answers are made of.
//!
//! Writes the document that the API serves and the page that people read; `cargo xtask check` fails while either is stale.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::command::Program;
use crate::places;
use crate::progress::step;

mod reference;

/// Writes both files.
///
/// # Errors
/// When the edge does not compile with its descriptions.
pub(crate) async fn run() -> anyhow::Result<()> {
    for (path, text) in step("describing the API", files()).await? {
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Whether both files are as they would be written now.
///
/// # Errors
/// When one is stale.
pub(crate) async fn check() -> anyhow::Result<()> {
    for (path, text) in files().await? {
        let there = fs::read_to_string(&path).unwrap_or_default();
        ensure!(
            there == text,
            "{} is stale: run `cargo xtask openapi`",
            path.display()
        );
    }
    Ok(())
}

/// The document that the API serves.
pub(crate) fn document() -> PathBuf {
    places::root().join("supabase/functions/_shared/openapi.json")
}

async fn files() -> anyhow::Result<[(PathBuf, String); 2]> {
    let arguments = [
        "run",
        "--quiet",
        "--package",
        "edge",
        "--features",
        "schema",
        "--bin",
        "openapi",
    ];
    let printed = Program::new("cargo", arguments).output().await?;
    ensure!(printed.status.success(), "{}", printed.stderr);
    let description: Value = serde_json::from_str(&printed.stdout)?;
    let page = places::root().join("docs/api.md");
    Ok([
        (document(), printed.stdout),
        (page, reference::page(&description)),
    ])
}
