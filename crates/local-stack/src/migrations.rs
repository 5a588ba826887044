//! The project's migrations, applied by the real Supabase CLI as `postgres`.
//!
//! Kept data remembers which files it has: a start with nothing new skips the
//! CLI, and a file that was edited after it had been applied is reported, since
//! the CLI, which knows migrations by number only, would silently pass over it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

/// File name → fingerprint of its content.
pub(crate) type Fingerprints = BTreeMap<String, String>;

/// The migrations in `<root>/supabase/migrations`.
pub(crate) fn fingerprints(root: &Path) -> anyhow::Result<Fingerprints> {
    let folder = root.join("supabase/migrations");
    let mut found = Fingerprints::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql")
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            found.insert(name.to_owned(), format!("{:x}", Sha256::digest(content)));
        }
    }
    Ok(found)
}

/// What is to be done with data that has `applied`, given the files of `now`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Nothing,
    Push,
    /// These files were edited, renamed or removed after they had been applied.
    Edited(Vec<String>),
}

/// Compares; pure.
pub(crate) fn step(applied: &Fingerprints, now: &Fingerprints) -> Step {
    let edited: Vec<_> = applied
        .iter()
        .filter(|(name, hash)| now.get(*name) != Some(hash))
        .map(|(name, _)| name.clone())
        .collect();
    if !edited.is_empty() {
        Step::Edited(edited)
    } else if applied.len() == now.len() {
        Step::Nothing
    } else {
        Step::Push
    }
}

/// Runs `supabase db push` against `url`; its output goes to `logs/migrations.log`.
///
/// `home` is where the CLI may keep its own files, so that none of them reach
/// the user's home or the repository.
pub(crate) async fn push(
    cli: &Path,
    root: &Path,
    url: &str,
    home: &Path,
    logs: &Path,
) -> anyhow::Result<()> {
    let workdir = workdir(root, home)?;
    let mut command = tokio::process::Command::new(cli);
    command
        .args(["db", "push", "--yes", "--include-all", "--remote"])
        .arg(url)
        .arg("--workdir")
        .arg(&workdir)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .env("SUPABASE_HOME", home)
        .env("SUPABASE_TELEMETRY_DISABLED", "1")
        .env("DO_NOT_TRACK", "1")
        .env("SUPABASE_NO_UPDATE_NOTIFIER", "1")
        .env("SUPABASE_NO_KEYRING", "1")
        .env("NO_COLOR", "1")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.context("running the Supabase CLI")?;
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    fs::write(logs.join("migrations.log"), &text)?;
    if !output.status.success() {
        bail!(
            "`supabase db push` failed:\n{}",
            String::from_utf8_lossy(&text)
        );
    }
    Ok(())
}

/// A folder whose `supabase` has the project's migrations and configuration, and
/// where the CLI may write its temporary files.
fn workdir(root: &Path, home: &Path) -> anyhow::Result<PathBuf> {
    let workdir = home.join("workdir");
    let supabase = workdir.join("supabase");
    fs::create_dir_all(&supabase)?;
    for name in ["migrations", "config.toml", "functions"] {
        let (source, link) = (root.join("supabase").join(name), supabase.join(name));
        if source.exists() && link.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(&source, &link)?;
        }
    }
    Ok(workdir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Fingerprints {
        list.iter()
            .map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned()))
            .collect()
    }

    #[test]
    fn only_new_files_are_pushed() {
        let applied = files(&[("1_a.sql", "x")]);
        assert_eq!(step(&applied, &applied), Step::Nothing);
        assert_eq!(
            step(&applied, &files(&[("1_a.sql", "x"), ("2_b.sql", "y")])),
            Step::Push
        );
        assert_eq!(step(&files(&[]), &applied), Step::Push);
    }

    #[test]
    fn an_edited_or_removed_file_is_named() {
        let applied = files(&[("1_a.sql", "x"), ("2_b.sql", "y")]);
        let edited = files(&[("1_a.sql", "changed"), ("2_b.sql", "y"), ("3_c.sql", "z")]);
        assert_eq!(
            step(&applied, &edited),
            Step::Edited(vec!["1_a.sql".into()])
        );
        assert_eq!(
            step(&applied, &files(&[("1_a.sql", "x")])),
            Step::Edited(vec!["2_b.sql".into()])
        );
    }
}
