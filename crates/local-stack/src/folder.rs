//! The folder in which a stack keeps everything it writes, kept or thrown away.
//!
//! - `pgdata/` the database, `logs/` one file per part (`logs-previous/` of the
//!   start before), `key.pem` the signing key
//! - `state.json` what was applied, `home/` the Supabase CLI's own files
//! - `stack.json` how to reach the running stack
//! - `stack.lock` held while it runs, `companion.lock` until its last child has ended

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::details::Details;
use crate::migrations::Fingerprints;

/// Where a stack's data live.
#[derive(Clone, Debug)]
pub enum Data {
    /// In this folder, from start to start.
    Kept(PathBuf),
    /// In a temporary folder that is removed at the end, also after a crash.
    Throwaway,
}

/// An open folder. The lock goes with the process, however it ends.
pub(crate) struct Folder {
    path: PathBuf,
    temporary: Option<TempDir>,
    _lock: File,
    companion: File,
}

/// What has been done to the data.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Applied {
    pub(crate) bootstrap: String,
    pub(crate) migrations: Fingerprints,
}

impl Folder {
    pub(crate) fn open(data: &Data) -> anyhow::Result<Self> {
        let (path, temporary) = match data {
            Data::Kept(path) => {
                fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
                (path.canonicalize()?, None)
            }
            Data::Throwaway => {
                let folder = tempfile::Builder::new().prefix("local-stack-").tempdir()?;
                // The database may run as another user, who must get through.
                fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
                (folder.path().canonicalize()?, Some(folder))
            }
        };
        let lock = lock(&path)?;
        let companion = companion_lock(&path)?;
        keep_previous_logs(&path)?;
        let folder = Self {
            path,
            temporary,
            _lock: lock,
            companion,
        };
        folder.remove(&folder.details_file())?;
        Ok(folder)
    }

    /// The lock that the companion holds until it has cleaned up.
    pub(crate) fn companion_lock(&self) -> anyhow::Result<File> {
        self.companion
            .try_clone()
            .context("sharing the companion's lock")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// True when nothing of it is wanted after the stack.
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path.join("key.pem")
    }

    pub(crate) fn applied(&self) -> anyhow::Result<Applied> {
        let file = self.path.join("state.json");
        if !file.exists() {
            return Ok(Applied::default());
        }
        serde_json::from_slice(&fs::read(&file)?)
            .with_context(|| format!("understanding {}", file.display()))
    }

    pub(crate) fn write_applied(&self, applied: &Applied) -> anyhow::Result<()> {
        Ok(fs::write(
            self.path.join("state.json"),
            serde_json::to_vec_pretty(applied)?,
        )?)
    }

    /// Says that the database is being made; until [`Folder::finish_database`] its
    /// files are worth nothing, and what an interrupted start left is removed here.
    pub(crate) fn begin_database(&self) -> anyhow::Result<()> {
        fs::write(self.path.join(UNFINISHED), "")?;
        let data = self.database();
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        }
        Ok(())
    }

    pub(crate) fn finish_database(&self, applied: &Applied) -> anyhow::Result<()> {
        self.write_applied(applied)?;
        self.remove(&self.path.join(UNFINISHED))
    }

    /// True when there is a database, and it was finished.
    pub(crate) fn has_database(&self) -> bool {
        self.database().join("PG_VERSION").exists() && !self.path.join(UNFINISHED).exists()
    }

    /// Where PostgreSQL keeps its data.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub(crate) fn write_details(&self, details: &Details) -> anyhow::Result<()> {
        Ok(fs::write(
            self.details_file(),
            serde_json::to_vec_pretty(details)?,
        )?)
    }

    pub(crate) fn remove_details(&self) -> anyhow::Result<()> {
        self.remove(&self.details_file())
    }

    fn details_file(&self) -> PathBuf {
        self.path.join(DETAILS)
    }

    fn remove(&self, file: &Path) -> anyhow::Result<()> {
        if file.exists() {
            fs::remove_file(file).with_context(|| format!("removing {}", file.display()))?;
        }
        Ok(())
    }
}

/// The logs of one start stay until the next but one.
fn keep_previous_logs(path: &Path) -> anyhow::Result<()> {
    let (logs, previous) = (path.join(LOGS), path.join(PREVIOUS_LOGS));
    if logs.exists() {
        if previous.exists() {
            fs::remove_dir_all(&previous)
                .with_context(|| format!("removing {}", previous.display()))?;
        }
        fs::rename(&logs, &previous).with_context(|| format!("renaming {}", logs.display()))?;
    }
    fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))
}

const DATABASE: &str = "pgdata";
const UNFINISHED: &str = "pgdata.unfinished";
const LOGS: &str = "logs";
const PREVIOUS_LOGS: &str = "logs-previous";
const DETAILS: &str = "stack.json";
const LOCK: &str = "stack.lock";
const COMPANION_LOCK: &str = "companion.lock";

/// How long the companion of a stack that was killed may take to clean up.
const CLEANUP_PATIENCE: Duration = Duration::from_secs(15);

/// Takes the lock of the stack.
fn lock(path: &Path) -> anyhow::Result<File> {
    let file = open_lock(path, LOCK)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => match running(path) {
            Some(details) => bail!(
                "a stack is already running on {} at {} (process {}); stop it first",
                path.display(),
                details.api_url,
                details.pid
            ),
            None => bail!(
                "a stack is already starting or stopping on {}",
                path.display()
            ),
        },
        Err(TryLockError::Error(error)) => Err(error).context("locking the data folder"),
    }
}

/// Takes the companion's lock, which outlives a stack that was killed until its
/// children have ended.
fn companion_lock(path: &Path) -> anyhow::Result<File> {
    let file = open_lock(path, COMPANION_LOCK)?;
    let deadline = Instant::now() + CLEANUP_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "the parts of an earlier stack on {} do not end",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).context("locking the data folder");
            }
        }
    }
}

fn open_lock(path: &Path, name: &str) -> anyhow::Result<File> {
    let file = path.join(name);
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&file)
        .with_context(|| format!("opening {}", file.display()))
}

/// How to reach the stack that runs on this folder, if one does.
#[must_use]
pub fn running(folder: &Path) -> Option<Details> {
    let lock = File::options().write(true).open(folder.join(LOCK)).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => {
            serde_json::from_slice(&fs::read(folder.join(DETAILS)).ok()?).ok()
        }
        _ => None,
    }
}

/// Removes the data of a kept stack, but nothing else that lies in the folder.
///
/// # Errors
/// A stack is running on it, or a file cannot be removed.
pub fn reset(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let _locks = (lock(folder)?, companion_lock(folder)?);
    for name in [DATABASE, LOGS, PREVIOUS_LOGS, "home"] {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    for name in [
        "state.json",
        "key.pem",
        "edge-runtime.js",
        UNFINISHED,
        DETAILS,
    ] {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_stack_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let data = Data::Kept(parent.path().join("stack"));
        let first = Folder::open(&data).unwrap();
        let error = Folder::open(&data).err().unwrap().to_string();
        assert!(error.contains("already"), "{error}");
        assert!(reset(first.path()).is_err());
        drop(first);
        Folder::open(&data).unwrap();
    }

    #[test]
    fn a_reset_leaves_what_is_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pgdata")).unwrap();
        fs::write(folder.path().join("mine.txt"), "x").unwrap();
        reset(folder.path()).unwrap();
        assert!(!folder.path().join("pgdata").exists());
        assert!(folder.path().join("mine.txt").exists());
    }
}
