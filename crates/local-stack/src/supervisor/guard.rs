//! A companion process that outlives this one for a moment.
//!
//! It reads the children's process ids from a pipe whose other end only this
//! process holds. When the pipe closes, for whatever reason (`kill -9`
//! included), it ends what is still listed. A shell does that on every system,
//! without unsafe code.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

/// Each line is `+ pid`, `- pid` or `folder path`; see [`Guard`]. A child that has
/// ended but has not been waited for by the system's first process counts as ended.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pids= folder=
while read -r word value; do
  case $word in
    +) pids="$pids $value" ;;
    -) kept=; for pid in $pids; do [ "$pid" = "$value" ] || kept="$kept $pid"; done; pids=$kept ;;
    folder) folder=$value ;;
  esac
done
runs() {
  kill -0 "-$1" 2>/dev/null || return 1
  case $(ps -o stat= -p "$1" 2>/dev/null) in Z*) return 1 ;; esac
}
for pid in $pids; do kill -INT "-$pid" 2>/dev/null; done
turn=0 alive=$pids
while [ -n "$alive" ] && [ $turn -lt 30 ]; do
  sleep 0.1
  turn=$((turn + 1)) pids=$alive alive=
  for pid in $pids; do runs "$pid" && alive="$alive $pid"; done
done
for pid in $alive; do kill -KILL "-$pid" 2>/dev/null; done
[ -n "$folder" ] && rm -rf -- "$folder"
exit 0
"#;

/// Handle to the companion. Clones speak to the same one.
#[derive(Clone)]
pub(crate) struct Guard(Arc<Mutex<Inner>>);

struct Inner {
    companion: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts the companion. It keeps `lock` open until it has cleaned up, and
    /// removes `folder`, when given, at the end.
    pub(crate) fn start(lock: Option<File>, folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut companion = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(lock.map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting the companion that ends the children")?;
        let pipe = companion.stdin.take();
        let guard = Self(Arc::new(Mutex::new(Inner { companion, pipe })));
        if let Some(folder) = folder {
            guard.say(&format!("folder {}", folder.display()))?;
        }
        Ok(guard)
    }

    /// From now on the process group `pid` is ended with the stack.
    pub(crate) fn watch(&self, pid: u32) -> io::Result<()> {
        self.say(&format!("+ {pid}"))
    }

    /// The process group `pid` has ended; its number may come back as another's.
    pub(crate) fn forget(&self, pid: u32) -> io::Result<()> {
        self.say(&format!("- {pid}"))
    }

    /// Closes the pipe and waits until the companion has cleaned up.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.pipe = None;
        inner.companion.wait().map(drop)
    }

    fn say(&self, line: &str) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut inner.pipe {
            Some(pipe) => writeln!(pipe, "{line}"),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap()
    }

    fn ends_soon(child: &mut Child) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if child.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    #[test]
    fn what_is_watched_ends_with_the_pipe_and_what_is_forgotten_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (mut watched, mut forgotten) = (sleeper(), sleeper());
        let guard = Guard::start(None, Some(folder.path())).unwrap();
        guard.watch(watched.id()).unwrap();
        guard.watch(forgotten.id()).unwrap();
        guard.forget(forgotten.id()).unwrap();
        // What a crash of this process would do.
        guard.0.lock().unwrap().pipe = None;
        assert!(ends_soon(&mut watched));
        guard.finish().unwrap();
        assert!(forgotten.try_wait().unwrap().is_none());
        assert!(!folder.path().exists());
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
    }
}
