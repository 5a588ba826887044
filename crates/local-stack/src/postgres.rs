//! PostgreSQL 17, the real one.
//!
//! It refuses to run as root, so when this process is root the server and its
//! data belong to `nobody`. Connections are trusted, on the loopback address only.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use rustix::process::Signal;

use crate::clock;
use crate::programs::link_libraries;
use crate::supervisor::guard::Guard;
use crate::supervisor::part::{Part, Program};
use crate::supervisor::probe::Probe;

/// The superuser, who runs the bootstrap and nothing of the project's.
pub(crate) const SUPERUSER: &str = "supabase_admin";

/// Settings the platform relies on, or that suit a laptop.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "wal_level=logical",
    "shared_preload_libraries=pg_stat_statements",
    "max_connections=100",
    "max_wal_senders=5",
    "max_replication_slots=5",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_duration_statement=500",
    "logging_collector=off",
];

/// A server's files and how to run it.
pub(crate) struct Postgres {
    native: PathBuf,
    data: PathBuf,
    port: u16,
    account: Option<Account>,
}

/// Whom the server runs as when this process is root.
#[derive(Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Postgres {
    /// Prepares to run `native/bin/postgres` on `data`.
    pub(crate) fn new(native: &Path, data: PathBuf, port: u16) -> anyhow::Result<Self> {
        let account = unprivileged();
        let native = runnable_programs(native)?;
        if account.is_some() && !reachable_by_others(&data) {
            bail!(
                "PostgreSQL does not run as root, and as `nobody` it cannot reach {}: \
                 keep the data elsewhere or start the stack as another user",
                data.display()
            );
        }
        Ok(Self {
            native,
            data,
            port,
            account,
        })
    }

    /// The connection string of a role.
    pub(crate) fn url(&self, role: &str) -> String {
        format!(
            "postgresql://{role}:postgres@127.0.0.1:{}/postgres",
            self.port
        )
    }

    /// Makes an empty cluster.
    pub(crate) async fn initialise(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.data)
            .with_context(|| format!("making {}", self.data.display()))?;
        if let Some(Account { uid, gid }) = self.account {
            chown(&self.data, Some(uid), Some(gid))
                .context("giving the data folder to `nobody`")?;
        }
        let mut command = self.command("initdb");
        command.arg("-D").arg(&self.data).args(["-U", SUPERUSER]);
        command.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]);
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .context("running initdb")?;
        if !output.status.success() {
            bail!(
                "initdb failed:\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// Starts the server and keeps it running.
    pub(crate) fn start(self, logs: &Path, guard: Guard) -> Part {
        remove_stale_pid_file(&self.data, Path::new("/proc"));
        let program = Program {
            name: "postgres".into(),
            ready: Probe::Database(self.url(SUPERUSER)),
            // "Fast" shutdown: sessions are ended, data is written out.
            stop: Signal::INT,
            logs: logs.to_owned(),
            command: Box::new(move || {
                let mut command = self.command("postgres");
                command
                    .arg("-D")
                    .arg(&self.data)
                    .args(["-p", &self.port.to_string()]);
                for setting in SETTINGS {
                    command.args(["-c", setting]);
                }
                command
            }),
        };
        Part::start(program, guard)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.native.join("bin").join(program));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        command.current_dir("/");
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The server refuses to start while the process that its pid file names exists,
/// even when that is no PostgreSQL or has ended and only waits to be buried.
fn remove_stale_pid_file(data: &Path, proc: &Path) {
    let file = data.join("postmaster.pid");
    let content = fs::read_to_string(&file).unwrap_or_default();
    let pid = content.lines().next().unwrap_or_default();
    // Where there is no such file the process is gone, or the system tells nothing.
    let Ok(status) = fs::read_to_string(proc.join(pid).join("stat")) else {
        return;
    };
    // `pid (name) state …`; the name may contain anything.
    let (name, state) = status.rsplit_once(") ").unwrap_or_default();
    if !name.ends_with("(postgres") || state.starts_with('Z') {
        // If it cannot be removed the server says so.
        fs::remove_file(&file).ok();
    }
}

/// `nobody` when this process is root, else nothing to change.
fn unprivileged() -> Option<Account> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let nobody = accounts.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        match fields.as_slice() {
            ["nobody", _, uid, gid, ..] => Some(Account {
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            }),
            _ => None,
        }
    });
    Some(nobody.unwrap_or(Account {
        uid: 65_534,
        gid: 65_534,
    }))
}

/// Whether everybody may pass through all folders above `path`.
fn reachable_by_others(path: &Path) -> bool {
    path.ancestors().skip(1).all(|folder| {
        folder.as_os_str().is_empty()
            || fs::metadata(folder).is_ok_and(|meta| meta.mode() & 0o001 != 0)
    })
}

/// The folder of PostgreSQL's programs with their libraries linked, as the server's account can
/// run them: the given one, or a copy when this process is root and the folder is closed to others.
///
/// # Errors
/// When a link or the copy cannot be made.
pub fn runnable_programs(native: &Path) -> anyhow::Result<PathBuf> {
    link_libraries(native)?;
    let is_root = rustix::process::geteuid().is_root();
    // A link may lead from an open folder into a closed one.
    let real = fs::canonicalize(native.join("bin/postgres"))?;
    if is_root && !reachable_by_others(&real) {
        return copy_for_others(native);
    }
    Ok(native.to_path_buf())
}

/// Copies the programs to where `nobody` may run them; kept for later starts.
fn copy_for_others(native: &Path) -> anyhow::Result<PathBuf> {
    let source = fs::metadata(native.join("bin/postgres"))?;
    let name = format!(
        "local-stack-postgres-{:x}-{:x}",
        source.ino(),
        source.mtime()
    );
    let copy = std::env::temp_dir().join(name);
    if !copy.exists() {
        let partial = copy.with_extension(clock::new_id().to_string());
        copy_folder(native, &partial).context("copying PostgreSQL to where `nobody` may run it")?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        // Another start may have been quicker; then its copy is as good.
        if fs::rename(&partial, &copy).is_err() {
            fs::remove_dir_all(&partial)?;
        }
    }
    // The temporary folder is everybody's: what somebody else put there is not run.
    if fs::symlink_metadata(&copy)?.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to another user", copy.display());
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: &str, is_removed: bool) {
        let (data, proc) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(data.path().join("postmaster.pid"), "4711\n/data\n").unwrap();
        fs::create_dir(proc.path().join("4711")).unwrap();
        fs::write(proc.path().join("4711/stat"), status).unwrap();
        remove_stale_pid_file(data.path(), proc.path());
        assert_eq!(
            !data.path().join("postmaster.pid").exists(),
            is_removed,
            "{status}"
        );
    }

    #[test]
    fn the_pid_file_of_a_dead_server_is_removed_and_of_a_living_one_is_not() {
        check("4711 (postgres) S 1 4711", false);
        check("4711 (postgres) Z 1 4711", true);
        check("4711 (some) other) S 1 4711", true);
    }
}
