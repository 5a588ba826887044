//! A function in a Deno process of the benchmark's own, so that its processor time can be read.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::super::load::{Call, Http, json as ask};
use crate::places;

/// The process and where it listens; it ends when this is dropped.
pub(in crate::bench) struct Function {
    /// Its address.
    pub(in crate::bench) url: String,
    process: Child,
}

impl Function {
    /// The platform's variables, as a function finds them.
    ///
    /// # Errors
    /// When the keys of the stack cannot be read.
    pub(in crate::bench) async fn variables(
        http: &Http,
        details: &Details,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let url = format!("{}/auth/v1/.well-known/jwks.json", details.api_url);
        let keys: Value = ask(http, Call::new(Method::GET, url, &[])).await?;
        let only = |key: &str| json!({"default": key}).to_string();
        Ok(vec![
            ("SUPABASE_URL", details.api_url.clone()),
            ("SUPABASE_PUBLISHABLE_KEYS", only(&details.publishable_key)),
            ("SUPABASE_SECRET_KEYS", only(&details.secret_key)),
            ("SUPABASE_JWKS", keys.to_string()),
        ])
    }

    /// Starts the file and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub(in crate::bench) async fn start(
        file: &Path,
        variables: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = free.local_addr()?.port();
        drop(free);
        let rights = ["--allow-net", "--allow-env", "--allow-read"];
        let mut process = Command::new(places::deno()?)
            .args(["run", "--quiet", "--no-prompt"])
            .args(rights)
            .arg(file)
            .env("DENO_SERVE_ADDRESS", format!("tcp:127.0.0.1:{port}"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", file.display()))?;
        for _ in 0..600 {
            let address = ("127.0.0.1", port);
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                let url = format!("http://127.0.0.1:{port}");
                return Ok(Self { url, process });
            }
            if let Some(status) = process.try_wait()? {
                bail!("{} ended ({status})", file.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} did not start listening", file.display())
    }

    /// User and system time so far, from `/proc` where there is one.
    pub(in crate::bench) fn cpu_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()?)).ok()?;
        // Behind the name in brackets, user and system time are the 12th and 13th fields, in hundredths.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some((user + system) / 100.0)
    }
}
