//! Which functions there are, and the processes that serve them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::sync::Mutex;

use super::SHIM;
use crate::config::{self, Config};
use crate::ports::Pool;
use crate::supervisor::guard::Guard;
use crate::supervisor::part::{Part, Program};
use crate::supervisor::probe::Probe;

/// How long a call waits for a function that is starting.
const BOOT_PATIENCE: Duration = Duration::from_secs(15);

/// What every function's process is started with.
pub(crate) struct Settings {
    pub(crate) deno: PathBuf,
    /// The folder `supabase`.
    pub(crate) supabase: PathBuf,
    /// Where Deno keeps what it fetched and compiled; shared by all stacks.
    pub(crate) cache: PathBuf,
    /// This stack's own folder.
    pub(crate) folder: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) config: Config,
    pub(crate) pool: Pool,
}

/// All functions that were called or started so far.
pub(crate) struct Functions {
    settings: Settings,
    shim: PathBuf,
    guard: Guard,
    running: Mutex<HashMap<String, Arc<Function>>>,
}

/// One function's process.
pub(crate) struct Function {
    pub(crate) port: u16,
    pub(crate) verify_jwt: bool,
    part: Part,
}

impl Function {
    /// Waits until it accepts requests.
    ///
    /// # Errors
    /// It ends instead of starting; with the end of its log.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        self.part.ready(BOOT_PATIENCE).await
    }
}

impl Functions {
    /// Prepares the folder for the processes; starts none.
    pub(crate) fn new(settings: Settings, guard: Guard) -> anyhow::Result<Self> {
        fs::create_dir_all(&settings.cache)
            .with_context(|| format!("making {}", settings.cache.display()))?;
        let shim = settings.folder.join("edge-runtime.js");
        fs::write(&shim, SHIM).with_context(|| format!("writing {}", shim.display()))?;
        Ok(Self {
            settings,
            shim,
            guard,
            running: Mutex::default(),
        })
    }

    /// Starts every function there is, without waiting for any.
    pub(crate) async fn start_all(&self) -> anyhow::Result<()> {
        for name in self.names()? {
            self.find(&name).await?;
        }
        Ok(())
    }

    /// Waits until each started function has come up or failed to; answers the latter.
    pub(crate) async fn failures(&self) -> Vec<(String, anyhow::Error)> {
        let running = self.running.lock().await.clone();
        let mut failures = Vec::new();
        for (name, function) in running {
            if let Err(error) = function.ready().await {
                failures.push((name, error));
            }
        }
        failures
    }

    /// The function of this name, started if it was not; `None` when there is none.
    pub(crate) async fn find(&self, name: &str) -> anyhow::Result<Option<Arc<Function>>> {
        let mut running = self.running.lock().await;
        if let Some(function) = running.get(name) {
            return Ok(Some(Arc::clone(function)));
        }
        let config = self
            .settings
            .config
            .functions
            .get(name)
            .cloned()
            .unwrap_or_default();
        let entrypoint = self.entrypoint(name, &config);
        if !is_function_name(name) || !config.enabled || !entrypoint.is_file() {
            return Ok(None);
        }
        let function = Arc::new(self.start(name, &config, entrypoint)?);
        running.insert(name.to_owned(), Arc::clone(&function));
        Ok(Some(function))
    }

    /// Sends `SIGKILL` to every function, or to one; returns when they are dead.
    pub(crate) async fn kill(&self, only: Option<&str>) -> anyhow::Result<usize> {
        let running = self.running.lock().await;
        let mut killed = 0;
        for (name, function) in running.iter() {
            if only.is_none_or(|wanted| wanted == name) {
                function.part.kill().await?;
                killed += 1;
            }
        }
        Ok(killed)
    }

    /// Ends all of them.
    pub(crate) async fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock().await);
        futures::future::join_all(
            running
                .into_values()
                .map(|function| async move { function.part.stop().await }),
        )
        .await;
    }

    fn names(&self) -> anyhow::Result<Vec<String>> {
        let folder = self.settings.supabase.join("functions");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut names: Vec<_> = fs::read_dir(&folder)
            .with_context(|| format!("reading {}", folder.display()))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_function_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    fn entrypoint(&self, name: &str, config: &config::Function) -> PathBuf {
        match &config.entrypoint {
            Some(path) => self.settings.supabase.join(path),
            None => self
                .settings
                .supabase
                .join("functions")
                .join(name)
                .join("index.ts"),
        }
    }

    fn start(
        &self,
        name: &str,
        config: &config::Function,
        entrypoint: PathBuf,
    ) -> anyhow::Result<Function> {
        let port = self.settings.pool.free()?;
        let arguments = self.arguments(config, &entrypoint);
        let folder = entrypoint
            .parent()
            .unwrap_or(&self.settings.supabase)
            .to_owned();
        let deno = self.settings.deno.clone();
        let environment = self.environment(name, port);
        let program = Program {
            name: format!("function-{name}"),
            ready: Probe::Listens(port),
            stop: Signal::TERM,
            logs: self.settings.logs.clone(),
            command: Box::new(move || {
                let mut command = Command::new(&deno);
                command.args(&arguments).current_dir(&folder);
                command
                    .env_clear()
                    .envs(environment.iter().map(|(name, value)| (name, value)));
                command
            }),
        };
        Ok(Function {
            port,
            verify_jwt: config.verify_jwt,
            part: Part::start(program, self.guard.clone()),
        })
    }

    /// A function may use the network and its environment and read the functions'
    /// own files; it may not write, run programs or load native libraries.
    fn arguments(&self, config: &config::Function, entrypoint: &Path) -> Vec<String> {
        let functions = self.settings.supabase.join("functions");
        let mut arguments = vec![
            "run".into(),
            "--quiet".into(),
            "--no-prompt".into(),
            "--no-lock".into(),
            "--allow-net".into(),
            "--allow-env".into(),
            format!("--allow-read={}", functions.display()),
            format!("--preload={}", self.shim.display()),
        ];
        let secrets = functions.join(".env");
        if secrets.is_file() {
            arguments.push(format!("--env-file={}", secrets.display()));
        }
        if let Some(map) = &config.import_map {
            // A `deno.json` is a whole configuration, of which the import map is a part.
            let option = if map.contains("deno.json") {
                "config"
            } else {
                "import-map"
            };
            let path = self.settings.supabase.join(map);
            arguments.push(format!("--{option}={}", path.display()));
        }
        arguments.push(entrypoint.display().to_string());
        arguments
    }

    fn environment(&self, name: &str, port: u16) -> Vec<(String, String)> {
        let mut environment = vec![
            ("DENO_DIR".into(), self.settings.cache.display().to_string()),
            ("DENO_NO_UPDATE_CHECK".into(), "1".into()),
            ("DENO_SERVE_ADDRESS".into(), format!("tcp:127.0.0.1:{port}")),
            ("NO_COLOR".into(), "1".into()),
            ("SUPABASE_FUNCTION_SLUG".into(), name.into()),
        ];
        environment.extend(self.settings.environment.iter().cloned());
        environment
    }
}

/// Letters, digits, `-` and `_`, not starting with `_`: what the platform deploys.
fn is_function_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_code_and_paths_are_no_functions() {
        assert!(is_function_name("background-worker"));
        for name in ["", "_shared", "..", "a/b", ".env", "a.ts"] {
            assert!(!is_function_name(name), "{name}");
        }
    }
}
