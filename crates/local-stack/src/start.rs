//! The steps of a start, in order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::auth::{self, Auth};
use crate::config::Config;
use crate::database::Database;
use crate::details::Details;
use crate::folder::{Applied, Folder};
use crate::functions::registry::{Functions, Settings};
use crate::gateway::control::Controls;
use crate::gateway::proxy::Proxy;
use crate::gateway::{self, Gateway};
use crate::keys::{JWT_SECRET, Keys, PUBLISHABLE_KEY, SECRET_KEY};
use crate::log::Log;
use crate::migrations::{self, Step};
use crate::ports::{Pool, Reserved};
use crate::postgres::{Postgres, SUPERUSER};
use crate::programs::Programs;
use crate::realtime::{self, Realtime};
use crate::stack::{Options, Stack, Tasks};
use crate::supervisor::guard::Guard;
use crate::supervisor::part::Part;
use crate::timer::{cron, net};
use crate::{bootstrap, postgrest};

/// How long a part may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything is found, locked and reserved; nothing runs but the companion.
pub(crate) struct Starting {
    root: PathBuf,
    programs: Programs,
    config: Config,
    function_env: Vec<(String, String)>,
    quiet: bool,
    folder: Folder,
    guard: Guard,
    pool: Pool,
    reserved: Reserved,
    keys: Arc<Keys>,
    api_url: String,
}

/// How the parts reach the database.
struct Urls {
    postgres: String,
    superuser: String,
    authenticator: String,
}

impl Starting {
    /// May wait for a lock or a port of a stack that is just ending.
    pub(crate) fn prepare(options: Options) -> anyhow::Result<Self> {
        let root = options
            .root
            .canonicalize()
            .with_context(|| format!("finding {}", options.root.display()))?;
        let programs = Programs::find(&root)?;
        let config = Config::read(&root)?;
        let folder = Folder::open(&options.data)?;
        let pool = Pool::open()?;
        let reserved = options.ports.reserve(&pool)?;
        let keys = Arc::new(Keys::load_or_create(&folder.key_file())?);
        let throwaway = folder.is_temporary().then(|| folder.path());
        let guard = Guard::start(Some(folder.companion_lock()?), throwaway)?;
        Ok(Self {
            api_url: format!("http://127.0.0.1:{}", reserved.api),
            function_env: options.function_env,
            quiet: options.quiet,
            root,
            programs,
            config,
            folder,
            guard,
            pool,
            reserved,
            keys,
        })
    }

    pub(crate) fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Starts all parts. Functions boot while the database is made ready.
    pub(crate) async fn run(self) -> anyhow::Result<Stack> {
        let native = &self.programs.postgres;
        let postgres = Postgres::new(native, self.folder.database(), self.reserved.database)?;
        let urls = Urls {
            postgres: postgres.url("postgres"),
            superuser: postgres.url(SUPERUSER),
            authenticator: postgres.url("authenticator"),
        };
        let superuser = Database::new(&urls.superuser);
        let functions = Arc::new(self.functions(&urls)?);
        functions.start_all().await?;

        self.say("starting PostgreSQL");
        let postgres = Arc::new(self.postgres(postgres, &superuser).await?);
        self.migrate(&urls).await?;
        bootstrap::store_secrets(&superuser, &self.api_url, SECRET_KEY).await?;
        self.say("starting PostgREST");
        let (postgrest, rest_ports) = self.postgrest(&urls).await?;
        let realtime = self.realtime(&urls).await?;

        let log = Log::open(&self.folder.logs(), "gateway")?;
        let proxy = Proxy::new();
        let gateway = Arc::new(Gateway {
            keys: Arc::clone(&self.keys),
            proxy: proxy.clone(),
            postgrest: rest_ports,
            functions: Arc::clone(&functions),
            controls: Controls {
                postgres: Arc::clone(&postgres),
                postgrest: Arc::clone(&postgrest),
            },
            log: log.clone(),
        });
        let auth = self.auth(superuser.clone(), log);
        let router = gateway::router(gateway, auth::router(auth), realtime.router());
        let mut tasks = Tasks(vec![serve(&self.reserved, router)?]);
        tasks.0.extend(self.timers(&urls, superuser, proxy)?);
        for (name, error) in functions.failures().await {
            eprintln!("local-stack: function {name} is not up: {error:#}");
        }

        let details = self.details(urls, rest_ports);
        self.folder.write_details(&details)?;
        self.say("ready");
        let Self { guard, folder, .. } = self;
        Ok(Stack {
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

    fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("local-stack: {text}");
        }
    }

    fn functions(&self, urls: &Urls) -> anyhow::Result<Functions> {
        let named = |key: &str| json!({ "default": key }).to_string();
        let mut environment: Vec<(String, String)> = [
            ("SUPABASE_URL", self.api_url.clone()),
            ("SUPABASE_PUBLISHABLE_KEYS", named(PUBLISHABLE_KEY)),
            ("SUPABASE_SECRET_KEYS", named(SECRET_KEY)),
            ("SUPABASE_ANON_KEY", self.keys.anon().to_owned()),
            (
                "SUPABASE_SERVICE_ROLE_KEY",
                self.keys.service_role().to_owned(),
            ),
            ("SUPABASE_DB_URL", urls.postgres.clone()),
            ("SUPABASE_JWKS", self.keys.public_set().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        environment.extend(self.function_env.iter().cloned());
        let settings = Settings {
            deno: self.programs.deno.clone(),
            supabase: self.root.join("supabase"),
            cache: self.root.join(".local/deno"),
            folder: self.folder.path().to_owned(),
            logs: self.folder.logs(),
            environment,
            config: self.config.clone(),
            pool: self.pool.clone(),
        };
        Functions::new(settings, self.guard.clone())
    }

    /// Starts the server; an empty data folder gets a cluster and the bootstrap first.
    async fn postgres(&self, postgres: Postgres, superuser: &Database) -> anyhow::Result<Part> {
        let is_new = !self.folder.has_database();
        if is_new {
            self.folder.begin_database()?;
            postgres.initialise().await?;
        } else if self.folder.applied()?.bootstrap != bootstrap::fingerprint() {
            bail!(
                "the data in {} was made by another version of the local stack; \
                 start once with --reset",
                self.folder.path().display()
            );
        }
        let part = postgres.start(&self.folder.logs(), self.guard.clone());
        part.ready(PATIENCE).await?;
        if is_new {
            bootstrap::run(superuser).await?;
            self.folder.finish_database(&Applied {
                bootstrap: bootstrap::fingerprint(),
                ..Applied::default()
            })?;
        }
        Ok(part)
    }

    /// Applies the migrations that the data does not have yet.
    async fn migrate(&self, urls: &Urls) -> anyhow::Result<()> {
        let mut applied = self.folder.applied()?;
        let now = migrations::fingerprints(&self.root)?;
        match migrations::step(&applied.migrations, &now) {
            Step::Nothing => return Ok(()),
            Step::Edited(files) => bail!(
                "these migrations were changed after they had been applied to {}: {}; \
                 start once with --reset",
                self.folder.path().display(),
                files.join(", ")
            ),
            Step::Push => {}
        }
        self.say("applying the migrations");
        let (cli, home) = (&self.programs.supabase, self.folder.path().join("home"));
        migrations::push(cli, &self.root, &urls.postgres, &home, &self.folder.logs()).await?;
        applied.migrations = now;
        self.folder.write_applied(&applied)
    }

    async fn postgrest(&self, urls: &Urls) -> anyhow::Result<(Arc<Part>, postgrest::Ports)> {
        let (part, ports) = postgrest::start(
            &self.programs.postgrest,
            &urls.authenticator,
            &self.keys,
            &self.config.api,
            &self.pool,
            &self.folder.logs(),
            self.guard.clone(),
        )?;
        part.ready(PATIENCE).await?;
        Ok((Arc::new(part), ports))
    }

    async fn realtime(&self, urls: &Urls) -> anyhow::Result<Realtime> {
        let keys = Arc::clone(&self.keys);
        Realtime::start(realtime::Config {
            database_url: urls.superuser.clone(),
            claims: Arc::new(move |token| {
                keys.verify(keys.translate(token)).ok().map(Value::Object)
            }),
        })
        .await
    }

    fn auth(&self, superuser: Database, log: Log) -> Auth {
        let settings = self.config.auth.clone();
        Auth::new(
            Arc::clone(&self.keys),
            superuser,
            settings,
            &self.api_url,
            log,
        )
    }

    fn timers(
        &self,
        urls: &Urls,
        superuser: Database,
        proxy: Proxy,
    ) -> anyhow::Result<[JoinHandle<()>; 2]> {
        let jobs = Database::new(&urls.postgres);
        let (cron_log, net_log) = (
            Log::open(&self.folder.logs(), "cron")?,
            Log::open(&self.folder.logs(), "net")?,
        );
        Ok([
            tokio::spawn(cron::run(jobs, superuser.clone(), cron_log)),
            tokio::spawn(net::run(superuser, proxy, net_log)),
        ])
    }

    fn details(&self, urls: Urls, rest_ports: postgrest::Ports) -> Details {
        Details {
            functions_url: format!("{}/functions/v1", self.api_url),
            api_url: self.api_url.clone(),
            db_url: urls.postgres,
            admin_db_url: urls.superuser,
            publishable_key: PUBLISHABLE_KEY.into(),
            secret_key: SECRET_KEY.into(),
            anon_key: self.keys.anon().into(),
            service_role_key: self.keys.service_role().into(),
            jwt_secret: JWT_SECRET.into(),
            postgrest_url: format!("http://127.0.0.1:{}", rest_ports.api),
            data: self.folder.path().to_owned(),
            logs: self.folder.logs(),
            pid: std::process::id(),
        }
    }
}

fn serve(reserved: &Reserved, router: axum::Router) -> anyhow::Result<JoinHandle<()>> {
    let listener = tokio::net::TcpListener::from_std(reserved.gateway.try_clone()?)?;
    // Without this the last bytes of a streamed answer wait 40 ms for the client's system.
    let listener = listener.tap_io(|connection| {
        connection.set_nodelay(true).ok();
    });
    Ok(tokio::spawn(async move {
        // Serving ends only with the task.
        axum::serve(listener, router).await.ok();
    }))
}
