//! The whole stack: starts the parts in order, holds them, stops them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::auth::{self, Auth};
use crate::config::Config;
use crate::database::Database;
use crate::details::Details;
use crate::folder::{Applied, Data, Folder};
use crate::functions::registry::{Functions, Settings};
use crate::gateway::control::Controls;
use crate::gateway::proxy::Proxy;
use crate::gateway::{self, Gateway};
use crate::keys::{JWT_SECRET, Keys, PUBLISHABLE_KEY, SECRET_KEY};
use crate::log::Log;
use crate::migrations::{self, Step};
use crate::ports::{Ports, Reserved};
use crate::postgres::{Postgres, SUPERUSER};
use crate::programs::Programs;
use crate::realtime::{self, Realtime};
use crate::supervisor::guard::Guard;
use crate::supervisor::part::Part;
use crate::timer::{cron, net};
use crate::{bootstrap, postgrest};

/// How long a part may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to start, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The repository: holds `node_modules` and `supabase`.
    pub root: PathBuf,
    /// Where the data live.
    pub data: Data,
    /// Where to listen.
    pub ports: Ports,
    /// More environment for the functions, over what the platform sets.
    pub function_env: Vec<(String, String)>,
    /// Whether to keep silent about progress on standard error.
    pub quiet: bool,
}

/// A running stack. Dropping it without [`Stack::stop`] ends the parts the hard way.
pub struct Stack {
    details: Details,
    postgres: Arc<Part>,
    postgrest: Arc<Part>,
    functions: Arc<Functions>,
    realtime: Realtime,
    tasks: Tasks,
    guard: Guard,
    folder: Folder,
}

/// What runs inside this process; ended on drop.
struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Stack {
    /// Starts everything and returns when requests are answered. Functions that do
    /// not come up are reported on standard error and answer 503.
    ///
    /// # Errors
    /// A program is missing, a port is taken, another stack runs on the same data,
    /// a migration fails, or a part does not start; with the reason in words.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let say = |text: &str| {
            if !options.quiet {
                eprintln!("local-stack: {text}");
            }
        };
        let root = options
            .root
            .canonicalize()
            .with_context(|| format!("finding {}", options.root.display()))?;
        let programs = Programs::find(&root)?;
        let config = Config::read(&root)?;
        let reserved = options.ports.reserve()?;
        let folder = Folder::open(&options.data)?;
        let guard = Guard::start(folder.is_temporary().then(|| folder.path()))?;
        let started = Starting {
            root: &root,
            programs: &programs,
            config: &config,
            guard: &guard,
            folder: &folder,
        };

        let keys = Arc::new(Keys::load_or_create(&folder.key_file())?);
        let postgres = Postgres::new(&programs.postgres, folder.path(), reserved.database)?;
        let (db_url, admin_db_url) = (postgres.url("postgres"), postgres.url(SUPERUSER));
        let rest_db_url = postgres.url("authenticator");
        let api_url = format!("http://127.0.0.1:{}", reserved.api);

        let functions =
            Arc::new(started.functions(&api_url, &db_url, &keys, options.function_env)?);
        let booting = tokio::spawn({
            let functions = Arc::clone(&functions);
            async move { functions.start_all().await }
        });
        say("starting PostgreSQL");
        let superuser = Database::new(&admin_db_url);
        let postgres = Arc::new(started.postgres(postgres, &superuser).await?);
        started.migrate(&db_url, &say).await?;
        bootstrap::store_secrets(&superuser, &api_url, SECRET_KEY).await?;
        say("starting PostgREST");
        let (postgrest, rest_ports) = postgrest::start(
            &programs.postgrest,
            &rest_db_url,
            &keys,
            &config.api,
            &folder.logs(),
            guard.clone(),
        )?;
        postgrest.ready(PATIENCE).await?;
        let postgrest = Arc::new(postgrest);

        let details = Details {
            functions_url: format!("{api_url}/functions/v1"),
            publishable_key: PUBLISHABLE_KEY.into(),
            secret_key: SECRET_KEY.into(),
            anon_key: keys.anon().into(),
            service_role_key: keys.service_role().into(),
            jwt_secret: JWT_SECRET.into(),
            postgrest_url: format!("http://127.0.0.1:{}", rest_ports.api),
            data: folder.path().to_owned(),
            logs: folder.logs(),
            pid: std::process::id(),
            api_url,
            db_url,
            admin_db_url,
        };
        let log = Log::open(&folder.logs(), "gateway")?;
        let proxy = Proxy::new();
        let gateway = Arc::new(Gateway {
            keys: Arc::clone(&keys),
            proxy: proxy.clone(),
            postgrest: rest_ports,
            functions: Arc::clone(&functions),
            controls: Controls {
                postgres: Arc::clone(&postgres),
                postgrest: Arc::clone(&postgrest),
            },
            log: log.clone(),
        });
        let auth = Auth::new(
            Arc::clone(&keys),
            superuser.clone(),
            config.auth.clone(),
            &details.api_url,
            log,
        );
        let realtime = Realtime::start(realtime::Config {
            database_url: details.admin_db_url.clone(),
            claims: Arc::new(move |token| {
                keys.verify(keys.translate(token)).ok().map(Value::Object)
            }),
        })
        .await?;
        let tasks = Tasks(vec![
            serve(
                reserved,
                gateway::router(gateway, auth::router(auth), realtime.router()),
            )?,
            tokio::spawn(cron::run(
                Database::new(&details.db_url),
                superuser.clone(),
                Log::open(&folder.logs(), "cron")?,
            )),
            tokio::spawn(net::run(
                superuser,
                proxy,
                Log::open(&folder.logs(), "net")?,
            )),
        ]);
        for (name, outcome) in booting.await?? {
            if let Err(error) = outcome {
                eprintln!("local-stack: function {name} is not up: {error:#}");
            }
        }
        folder.write_details(&details)?;
        say("ready");
        Ok(Self {
            details,
            postgres,
            postgrest,
            functions,
            realtime,
            tasks,
            guard,
            folder,
        })
    }

    /// How to reach it.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// Sends `SIGKILL` to the processes of all functions; they are started again.
    ///
    /// # Errors
    /// A function is not running.
    pub async fn kill_functions(&self) -> anyhow::Result<()> {
        self.functions.kill(None).await.map(drop)
    }

    /// Sends `SIGKILL` to PostgreSQL; it is started again and recovers.
    ///
    /// # Errors
    /// It is not running.
    pub async fn kill_postgres(&self) -> anyhow::Result<()> {
        self.postgres.kill().await
    }

    /// Sends `SIGKILL` to PostgREST; it is started again.
    ///
    /// # Errors
    /// It is not running.
    pub async fn kill_postgrest(&self) -> anyhow::Result<()> {
        self.postgrest.kill().await
    }

    /// Stops everything in order and waits until it has ended. Throw-away data is removed.
    ///
    /// # Errors
    /// A file of the stack cannot be removed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.folder.remove_details()?;
        self.functions.stop().await;
        drop(self.tasks);
        self.realtime.stop().await;
        self.postgrest.stop().await;
        self.postgres.stop().await;
        let guard = self.guard;
        tokio::task::spawn_blocking(move || guard.finish()).await??;
        Ok(())
    }
}

/// What the steps of a start share.
struct Starting<'a> {
    root: &'a Path,
    programs: &'a Programs,
    config: &'a Config,
    guard: &'a Guard,
    folder: &'a Folder,
}

impl Starting<'_> {
    fn functions(
        &self,
        api_url: &str,
        db_url: &str,
        keys: &Keys,
        more: Vec<(String, String)>,
    ) -> anyhow::Result<Functions> {
        let named = |key: &str| serde_json::json!({ "default": key }).to_string();
        let mut environment: Vec<(String, String)> = [
            ("SUPABASE_URL", api_url.to_owned()),
            ("SUPABASE_PUBLISHABLE_KEYS", named(PUBLISHABLE_KEY)),
            ("SUPABASE_SECRET_KEYS", named(SECRET_KEY)),
            ("SUPABASE_ANON_KEY", keys.anon().to_owned()),
            ("SUPABASE_SERVICE_ROLE_KEY", keys.service_role().to_owned()),
            ("SUPABASE_DB_URL", db_url.to_owned()),
            ("SUPABASE_JWKS", keys.public_set().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        environment.extend(more);
        let settings = Settings {
            deno: self.programs.deno.clone(),
            supabase: self.root.join("supabase"),
            cache: self.root.join(".local/deno"),
            logs: self.folder.logs(),
            environment,
            config: self.config.clone(),
        };
        Functions::new(settings, self.guard.clone())
    }

    /// Starts the server; an empty data folder gets a cluster and the bootstrap first.
    async fn postgres(&self, postgres: Postgres, superuser: &Database) -> anyhow::Result<Part> {
        let mut applied = self.folder.applied()?;
        let is_new = !postgres.is_initialised();
        if !is_new && applied.bootstrap != bootstrap::fingerprint() {
            bail!(
                "the data in {} was made by another version of the local stack, or its start was interrupted; \
                 start once with --reset",
                self.folder.path().display()
            );
        }
        if is_new {
            postgres.initialise().await?;
        }
        let part = postgres.start(&self.folder.logs(), self.guard.clone());
        part.ready(PATIENCE).await?;
        if is_new {
            bootstrap::run(superuser).await?;
            applied = Applied {
                bootstrap: bootstrap::fingerprint(),
                ..Applied::default()
            };
            self.folder.write_applied(&applied)?;
        }
        Ok(part)
    }

    /// Applies the migrations that the data does not have yet.
    async fn migrate(&self, db_url: &str, say: &impl Fn(&str)) -> anyhow::Result<()> {
        let mut applied = self.folder.applied()?;
        let now = migrations::fingerprints(self.root)?;
        match migrations::step(&applied.migrations, &now) {
            Step::Nothing => return Ok(()),
            Step::Edited(files) => bail!(
                "these migrations were changed after they had been applied to {}: {}; start once with --reset",
                self.folder.path().display(),
                files.join(", ")
            ),
            Step::Push => {}
        }
        say("applying the migrations");
        let home = self.folder.path().join("home");
        migrations::push(
            &self.programs.supabase,
            self.root,
            db_url,
            &home,
            &self.folder.logs(),
        )
        .await?;
        applied.migrations = now;
        self.folder.write_applied(&applied)
    }
}

fn serve(reserved: Reserved, router: axum::Router) -> anyhow::Result<JoinHandle<()>> {
    let listener = tokio::net::TcpListener::from_std(reserved.gateway)?;
    Ok(tokio::spawn(async move {
        // Serving ends only with the task.
        axum::serve(listener, router).await.ok();
    }))
}
