//! Endpoints against the same PostgREST calls made directly, and against the same endpoint in TypeScript.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::account::Account;
use super::load::{Call, Http, Measured, client, drive, json as ask, median, send};
use super::report::Row;
use crate::places;

/// Clients at a time; each has a model of its own.
const CLIENTS: usize = 16;
/// How long one side of one round lasts.
const ROUND: Duration = Duration::from_secs(4);

/// A way of serving the two requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Module,
    Direct,
    TypeScript,
}

/// The request that is repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Read,
    Change,
}

const SIDES: [Side; 3] = [Side::Module, Side::Direct, Side::TypeScript];

/// What one side did in one round.
struct Sample {
    measured: Measured,
    /// Processor time of the function's process per answer, where the system tells it.
    cpu_us: Option<f64>,
}

/// Everything the clients need.
struct Bench {
    http: Http,
    account: Account,
    models: Vec<String>,
    rest_url: String,
    secret_key: String,
    module: Function,
    typescript: Function,
}

/// Measures both requests on all three sides.
///
/// # Errors
/// When a side does not start or answers anything but success.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Vec<Row>> {
    let bench = std::sync::Arc::new(Bench::prepare(details).await?);
    let mut rows = Vec::new();
    for (work, name) in [
        (Work::Read, "read a model"),
        (Work::Change, "change a model"),
    ] {
        let mut samples: [Vec<Sample>; 3] = Default::default();
        for side in SIDES {
            bench.sample(work, side, Duration::from_secs(1)).await?;
        }
        for _ in 0..rounds {
            for (kept, side) in samples.iter_mut().zip(SIDES) {
                kept.push(bench.sample(work, side, ROUND).await?);
            }
        }
        rows.extend(compare(name, &samples));
    }
    Ok(rows)
}

impl Bench {
    async fn prepare(details: &Details) -> anyhow::Result<Self> {
        let http = client();
        let account = Account::sign_up(&http, details).await?;
        let mut models = Vec::new();
        for number in 0..CLIENTS {
            models.push(account.model(&http, &format!("Model {number}")).await?);
        }
        let root = places::root();
        let variables = Function::variables(&http, details).await?;
        let shell = root.join("supabase/functions/api/index.ts");
        let other = root.join("tests/load/typescript_api/index.ts");
        Ok(Self {
            module: Function::start(&shell, &variables).await?,
            typescript: Function::start(&other, &variables).await?,
            rest_url: format!("{}/rest/v1", details.api_url),
            secret_key: details.secret_key.clone(),
            http,
            account,
            models,
        })
    }

    async fn sample(
        self: &std::sync::Arc<Self>,
        work: Work,
        side: Side,
        length: Duration,
    ) -> anyhow::Result<Sample> {
        let before = self.cpu(side);
        let bench = std::sync::Arc::clone(self);
        let measured = drive(CLIENTS, length, move |client, turn| {
            let bench = std::sync::Arc::clone(&bench);
            async move { bench.once(work, side, client, turn).await }
        })
        .await?;
        let spent = self
            .cpu(side)
            .zip(before)
            .map(|(after, before)| after - before);
        let cpu_us = spent.map(|seconds| seconds * 1e6 / measured.answers as f64);
        Ok(Sample { measured, cpu_us })
    }

    async fn once(&self, work: Work, side: Side, client: usize, turn: usize) -> anyhow::Result<()> {
        let model = &self.models[client];
        let description = format!("Turn {turn}");
        let call = match (side, work) {
            (Side::Direct, Work::Read) => self.direct_read(model),
            (Side::Direct, Work::Change) => return self.direct_change(model, &description).await,
            (side, work) => {
                let (function, name) = match side {
                    Side::Module => (&self.module, "api"),
                    _ => (&self.typescript, "typescript"),
                };
                let url = format!("{}/{name}/function-models/{model}", function.url);
                match work {
                    Work::Read => Call::new(Method::GET, url, &self.account.headers),
                    Work::Change => Call::new(Method::PATCH, url, &self.account.headers)
                        .json(&json!({"description": description})),
                }
            }
        };
        let (status, body) = send(&self.http, call).await?;
        ensure!(
            status.is_success(),
            "{status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(())
    }

    fn direct_read(&self, model: &str) -> Call {
        let url = format!(
            "{}/function_models?model_id=eq.{model}&limit=2",
            self.rest_url
        );
        Call::new(Method::GET, url, &self.account.headers)
    }

    /// The read and the write that the endpoint makes, and nothing else.
    async fn direct_change(&self, model: &str, description: &str) -> anyhow::Result<()> {
        let rows = ask(&self.http, self.direct_read(model)).await?;
        let user = &self.account.user_id;
        let command = json!({
            "modelId": model,
            "expectedRevision": rows[0]["revision"],
            "model": {"description": description},
            "events": [{
                "eventType": "FunctionModelUpdated",
                "eventVersion": 1,
                "data": {"modelId": model, "changes": {"description": description},
                    "previousValues": {"description": rows[0]["description"]},
                    "updatedBy": user, "updatedAt": rows[0]["updated_at"]},
            }],
        });
        let call = Call::new(
            Method::POST,
            format!("{}/rpc/save_function_model", self.rest_url),
            &[],
        )
        .header("apikey", &self.secret_key)
        .json(&json!({
            "actor": {"sub": user, "role": "authenticated"},
            "request": {"requestId": "bench"},
            "command": command,
        }));
        ask(&self.http, call).await.map(|_| ())
    }

    fn cpu(&self, side: Side) -> Option<f64> {
        match side {
            Side::Module => self.module.cpu_seconds(),
            Side::TypeScript => self.typescript.cpu_seconds(),
            Side::Direct => None,
        }
    }
}

fn compare(name: &str, [module, direct, typescript]: &[Vec<Sample>; 3]) -> Vec<Row> {
    let rate = |side: &[Sample]| median(side.iter().map(|sample| sample.measured.per_second));
    let p50 = |side: &[Sample]| median(side.iter().map(|s| s.measured.p50.as_secs_f64() * 1e3));
    let cpu = |side: &[Sample]| median(side.iter().filter_map(|sample| sample.cpu_us));
    let row = |what: &str, unit: &str, figure: f64, against: f64, whose: &str, budget: &str| {
        Row::new(
            format!("{name}: {what}"),
            format!("{figure:.1} {unit}"),
            format!("{against:.1} {unit} ({whose})"),
            format!("{:.2}", figure / against),
            budget,
        )
    };
    vec![
        row(
            "throughput",
            "/s",
            rate(module),
            rate(direct),
            "direct PostgREST calls",
            "≥ 0.6",
        ),
        row(
            "p50",
            "ms",
            p50(module),
            p50(direct),
            "direct PostgREST calls",
            "≤ 1.5",
        ),
        row(
            "throughput",
            "/s",
            rate(module),
            rate(typescript),
            "TypeScript",
            "≥ 1.0",
        ),
        row(
            "CPU per request",
            "µs",
            cpu(module),
            cpu(typescript),
            "TypeScript",
            "≤ 1.0",
        ),
    ]
}

/// A function in a Deno process of the benchmark's own, so that its processor time can be read.
struct Function {
    url: String,
    process: Child,
}

impl Function {
    /// The platform's variables, as a function finds them.
    async fn variables(
        http: &Http,
        details: &Details,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let url = format!("{}/auth/v1/.well-known/jwks.json", details.api_url);
        let keys: Value = ask(http, Call::new(Method::GET, url, &[])).await?;
        Ok(vec![
            ("SUPABASE_URL", details.api_url.clone()),
            (
                "SUPABASE_PUBLISHABLE_KEYS",
                json!({"default": details.publishable_key}).to_string(),
            ),
            (
                "SUPABASE_SECRET_KEYS",
                json!({"default": details.secret_key}).to_string(),
            ),
            ("SUPABASE_JWKS", keys.to_string()),
        ])
    }

    async fn start(
        file: &std::path::Path,
        variables: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let process = Command::new(places::deno()?)
            .args([
                "run",
                "--quiet",
                "--allow-net",
                "--allow-env",
                "--allow-read",
            ])
            .arg(file)
            .env("DENO_SERVE_ADDRESS", format!("tcp:127.0.0.1:{port}"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", file.display()))?;
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
            {
                let url = format!("http://127.0.0.1:{port}");
                return Ok(Self { url, process });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("{} did not start listening", file.display())
    }

    /// User and system time so far, from `/proc` where there is one.
    fn cpu_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()?)).ok()?;
        // Behind the name in brackets, user and system time are the 12th and 13th fields, in hundredths.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some((user + system) / 100.0)
    }
}
