//! A smoke alarm: a file over 600 lines, tests included, wants to be two.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::places;

/// The longest file that is still read in one sitting, in lines.
const MOST: usize = 600;
/// Where people write code.
const FOLDERS: [&str; 4] = ["crates", "scripts", "supabase", "tests"];
/// In which languages.
const LANGUAGES: [&str; 3] = ["rs", "ts", "sql"];
/// What nobody writes: generated bindings, and the schema as the database prints it.
const GENERATED: [&str; 2] = [
    "supabase/functions/_shared/wasm",
    "tests/database/schema.snapshot.sql",
];

/// Finds files that are too long.
///
/// # Errors
/// One line per file.
pub(crate) async fn run() -> anyhow::Result<()> {
    let root = places::root();
    let mut findings = Vec::new();
    for folder in FOLDERS {
        for file in files(&root.join(folder))? {
            let name = file.strip_prefix(&root).unwrap_or(&file);
            if GENERATED
                .iter()
                .any(|generated| name.starts_with(generated))
            {
                continue;
            }
            let lines = std::fs::read_to_string(&file)?.lines().count();
            if lines > MOST {
                findings.push(format!("{}: {lines} lines, at most {MOST}", name.display()));
            }
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}", findings.join("\n"));
}

/// Every source file below a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let language = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if language.is_some_and(|language| LANGUAGES.contains(&language)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
