//! The log file of a part that runs inside this process.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use crate::clock;

/// Appends lines with their time. Clones write to the same file.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<File>>);

impl Log {
    /// Opens `<folder>/<part>.log`.
    pub(crate) fn open(folder: &Path, part: &str) -> anyhow::Result<Self> {
        let path = folder.join(format!("{part}.log"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    /// Writes one line. A log that cannot be written stops nothing.
    pub(crate) fn line(&self, text: &str) {
        let line = format!("{} {text}\n", clock::now().format("%Y-%m-%dT%H:%M:%S%.3fZ"));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes())
            .ok();
    }
}
