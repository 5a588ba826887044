//! Other programs: run in the repository, in a process group of their own that ends with them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::interrupt;
use crate::places;

/// A program about to run.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

/// What a program printed and how it ended.
pub(crate) struct Printed {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl Program {
    /// A program with its arguments, in the repository's root.
    pub(crate) fn new<A: AsRef<OsStr>>(
        name: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Program {
        let name = name.as_ref();
        let mut shown = Path::new(name)
            .file_name()
            .unwrap_or(name)
            .to_string_lossy()
            .into_owned();
        let mut command = Command::new(name);
        for argument in arguments {
            shown.push(' ');
            shown.push_str(&argument.as_ref().to_string_lossy());
            command.arg(argument);
        }
        command
            .current_dir(places::root())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .process_group(0);
        Program { command, shown }
    }

    /// Runs elsewhere than in the root.
    pub(crate) fn directory(mut self, directory: impl AsRef<Path>) -> Program {
        self.command.current_dir(directory);
        self
    }

    /// Adds one variable to the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    /// Runs it with its output on the terminal.
    ///
    /// # Errors
    /// When it cannot start, fails, or somebody asks to stop.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let shown = self.shown.clone();
        let status = self.status().await?;
        if !status.success() {
            bail!("`{shown}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it with its output on the terminal and answers how it ended.
    ///
    /// # Errors
    /// When it cannot start, or somebody asks to stop.
    pub(crate) async fn status(mut self) -> anyhow::Result<ExitStatus> {
        let mut group = Group::start(&mut self.command, &self.shown)?;
        interrupt::unless(async { Ok(group.child.wait().await?) }).await
    }

    /// Runs it and keeps what it prints.
    ///
    /// # Errors
    /// When it cannot start, or somebody asks to stop; a failing program is an answer.
    pub(crate) async fn output(self) -> anyhow::Result<Printed> {
        self.keep(|_| false).await
    }

    /// Runs it with its output on the terminal and keeps it as well.
    ///
    /// # Errors
    /// When it cannot start, or somebody asks to stop; a failing program is an answer.
    pub(crate) async fn output_shown(self) -> anyhow::Result<Printed> {
        self.keep(|_| true).await
    }

    /// Runs it, keeps what it prints, and puts those lines on the terminal that `show` picks.
    ///
    /// # Errors
    /// When it cannot start, or somebody asks to stop; a failing program is an answer.
    pub(crate) async fn output_picked(
        self,
        show: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Printed> {
        self.keep(show).await
    }

    async fn keep(mut self, show: impl Fn(&str) -> bool) -> anyhow::Result<Printed> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::start(&mut self.command, &self.shown)?;
        let (out, err) = (group.child.stdout.take(), group.child.stderr.take());
        let (Some(out), Some(err)) = (out, err) else {
            bail!("`{}` has no output to read", self.shown);
        };
        interrupt::unless(async {
            let (stdout, stderr) = tokio::try_join!(read(out, &show), read(err, &show))?;
            let status = group.child.wait().await?;
            Ok(Printed {
                status,
                stdout,
                stderr,
            })
        })
        .await
    }

    /// Runs it and answers what it printed, trimmed.
    ///
    /// # Errors
    /// When it cannot start, fails (with all it printed), or somebody asks to stop.
    pub(crate) async fn read(self) -> anyhow::Result<String> {
        let shown = self.shown.clone();
        let printed = self.output().await?;
        if !printed.status.success() {
            let (stdout, stderr) = (printed.stdout.trim(), printed.stderr.trim());
            bail!("`{shown}` failed ({})\n{stdout}\n{stderr}", printed.status);
        }
        Ok(printed.stdout.trim().to_owned())
    }
}

/// Reads to the end, showing each picked line as it arrives.
async fn read(from: impl AsyncRead + Unpin, show: impl Fn(&str) -> bool) -> anyhow::Result<String> {
    let mut lines = BufReader::new(from).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await? {
        if show(&line) {
            println!("{line}");
        }
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// A child and whatever it started; all of them end when this is dropped.
struct Group {
    child: Child,
}

impl Group {
    fn start(command: &mut Command, shown: &str) -> anyhow::Result<Group> {
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{shown}`"))?;
        Ok(Group { child })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A child that was waited for has no number any more, and then there is nothing to end.
        let number = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = number.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_program_is_named_with_what_it_printed() {
        let error = Program::new("sh", ["-c", "echo went wrong >&2; exit 3"])
            .read()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("went wrong"), "{error}");
        assert!(error.contains("sh -c"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Program::new("no-such-program", ["now"])
            .run()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no-such-program now"));
    }

    #[tokio::test]
    async fn what_a_dropped_program_started_ends_too() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("alive");
        let script = "(sleep 1; touch \"$MARK\") & wait";
        let program = Program::new("sh", ["-c", script]).env("MARK", &mark);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), program.run()).await;
        tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
        assert!(!mark.exists());
    }
}
