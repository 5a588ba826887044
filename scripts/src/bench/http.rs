//! Endpoints against the same PostgREST calls made directly, and against the same endpoint in TypeScript.

pub(super) mod function;

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use hyper::Method;
use local_stack::Details;
use serde_json::json;

use self::function::Function;
use super::account::Account;
use super::load::{Call, Http, Measured, client, drive, json as ask, median, ratio, send};
use super::report::{Row, Section};
use crate::places;

/// Clients at a time, each with a model of its own; and one alone, for the time that a single request takes.
const CLIENTS: usize = 16;
const ALONE: usize = 1;
/// How long one side of one round lasts.
const ROUND: Duration = Duration::from_millis(2_000);
const ROUND_ALONE: Duration = Duration::from_millis(1_000);
/// What the endpoints ask PostgREST for when they load a model.
const SELECTED: &str = "select=model_id,name,description,version,current_version,version_count,status,\
    ai_agent_config,metadata,permissions,user_id,organization_id,created_at,updated_at,last_saved_at,\
    deleted_at,deleted_by,revision,\
    published:function_model_versions(versionId:version_id,versionNumber:version_number),\
    organization:organizations(members:organization_members(role))&published.is_published=is.true";

/// A way of serving the two requests.
#[derive(Clone, Copy)]
enum Side {
    /// The stack's own function, through the gateway.
    Endpoint,
    /// The calls of PostgREST that the endpoint makes, through the gateway.
    Direct,
    /// The function in a process of its own, without a gateway before it.
    Module,
    /// The same in TypeScript, without a gateway before it.
    TypeScript,
}

const SIDES: [Side; 4] = [Side::Endpoint, Side::Direct, Side::Module, Side::TypeScript];

/// The request that is repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Read,
    Change,
}

/// What one side did in one round.
struct Sample {
    measured: Measured,
    alone: Measured,
    /// Processor time of the function's process per answer, where the system tells it.
    cpu_us: Option<f64>,
}

/// Everything the clients need.
struct Bench {
    http: Http,
    account: Account,
    models: Vec<String>,
    functions_url: String,
    rest_url: String,
    secret_key: String,
    module: Function,
    typescript: Function,
}

/// Measures both requests on all sides.
///
/// # Errors
/// When a side does not start or answers anything but success.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Section> {
    let bench = Arc::new(Bench::prepare(details).await?);
    let mut rows = Vec::new();
    for (work, name) in [(Work::Read, "read"), (Work::Change, "change")] {
        for side in SIDES {
            bench.load(work, side, CLIENTS, ROUND).await?;
        }
        let mut samples: [Vec<Sample>; 4] = Default::default();
        for round in 0..rounds {
            // Nobody is always first.
            for place in 0..SIDES.len() {
                let turn = (round + place) % SIDES.len();
                samples[turn].push(bench.sample(work, SIDES[turn]).await?);
            }
        }
        rows.extend(compare(name, &samples));
    }
    Ok(Section {
        title: "Endpoints",
        note: format!(
            "Reading a model is one call of PostgREST, changing its description is two (read, save); all three ways make the same calls.\n\
             Against the direct calls both sides go through the gateway, and the endpoint a second time for its own calls.\n\
             Against TypeScript (`tests/load/typescript_api`: supabase-js, the same checks, tokens remembered as the module remembers them) both are bare Deno processes, whose processor time is read from the system.\n\
             {CLIENTS} clients at a time, and one alone."
        ),
        rows,
    })
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
            functions_url: details.functions_url.clone(),
            rest_url: format!("{}/rest/v1", details.api_url),
            secret_key: details.secret_key.clone(),
            http,
            account,
            models,
        })
    }

    async fn sample(self: &Arc<Self>, work: Work, side: Side) -> anyhow::Result<Sample> {
        let alone = self.load(work, side, ALONE, ROUND_ALONE).await?;
        let before = self.cpu(side);
        let measured = self.load(work, side, CLIENTS, ROUND).await?;
        let spent = self.cpu(side).zip(before);
        let cpu_us = spent.map(|(after, before)| (after - before) * 1e6 / measured.answers as f64);
        Ok(Sample {
            measured,
            alone,
            cpu_us,
        })
    }

    async fn load(
        self: &Arc<Self>,
        work: Work,
        side: Side,
        clients: usize,
        length: Duration,
    ) -> anyhow::Result<Measured> {
        let bench = Arc::clone(self);
        drive(clients, length, move |client, turn| {
            let bench = Arc::clone(&bench);
            async move { bench.once(work, side, client, turn).await }
        })
        .await
    }

    async fn once(&self, work: Work, side: Side, client: usize, turn: usize) -> anyhow::Result<()> {
        let model = &self.models[client];
        let description = format!("Turn {turn}");
        let function = match (side, work) {
            (Side::Direct, Work::Read) => {
                return self.succeed(self.direct_read(model)).await;
            }
            (Side::Direct, Work::Change) => return self.direct_change(model, &description).await,
            (Side::Endpoint, _) => format!("{}/api", self.functions_url),
            (Side::Module, _) => format!("{}/api", self.module.url),
            (Side::TypeScript, _) => format!("{}/typescript", self.typescript.url),
        };
        let url = format!("{function}/function-models/{model}");
        let headers = &self.account.headers;
        let call = match work {
            Work::Read => Call::new(Method::GET, url, headers),
            Work::Change => {
                Call::new(Method::PATCH, url, headers).json(&json!({"description": description}))
            }
        };
        self.succeed(call).await
    }

    async fn succeed(&self, call: Call) -> anyhow::Result<()> {
        let (status, body) = send(&self.http, call).await?;
        let text = String::from_utf8_lossy(&body);
        ensure!(status.is_success(), "{status} {text}");
        Ok(())
    }

    fn direct_read(&self, model: &str) -> Call {
        let url = format!(
            "{}/function_models?{SELECTED}&model_id=eq.{model}&organization.members.user_id=eq.{}&limit=1",
            self.rest_url, self.account.user_id
        );
        Call::new(Method::GET, url, &self.account.headers)
    }

    /// The read and the write that the endpoint makes, and nothing else.
    async fn direct_change(&self, model: &str, description: &str) -> anyhow::Result<()> {
        let rows = ask(&self.http, self.direct_read(model)).await?;
        let user = &self.account.user_id;
        let now = &rows[0]["updated_at"];
        let command = json!({
            "modelId": model,
            "expectedRevision": rows[0]["revision"],
            "model": {"description": description, "updatedAt": now, "lastSavedAt": now},
            "events": [{
                "eventType": "FunctionModelUpdated",
                "eventVersion": 1,
                "data": {"modelId": model, "changes": {"description": description},
                    "previousValues": {"description": rows[0]["description"]},
                    "updatedBy": user, "updatedAt": now},
            }],
        });
        let url = format!("{}/rpc/save_function_model", self.rest_url);
        let call = Call::new(Method::POST, url, &[])
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
            Side::Endpoint | Side::Direct => None,
        }
    }
}

/// A figure of each round of one side.
fn of(side: &[Sample], figure: fn(&Sample) -> f64) -> Vec<f64> {
    side.iter().map(figure).collect()
}

fn compare(name: &str, [endpoint, direct, module, typescript]: &[Vec<Sample>; 4]) -> Vec<Row> {
    let row = |what: &str, unit: &str, figures: Vec<f64>, others: Vec<f64>, whose: &str| {
        let (figure, other) = (median(figures.clone()), median(others.clone()));
        let ratio = ratio(figures, others);
        let row = Row::new(
            format!("{name}: {what}"),
            format!("{} {unit}", short(figure)),
        );
        (
            row.against(format!("{} {unit}, {whose}", short(other)), ratio),
            ratio,
        )
    };
    let rate = |sample: &Sample| sample.measured.per_second;
    let p50 = |sample: &Sample| sample.measured.p50.as_secs_f64() * 1e3;
    let alone = |sample: &Sample| sample.alone.p50.as_secs_f64() * 1e3;
    let cpu = |sample: &Sample| sample.cpu_us.unwrap_or(f64::NAN);
    let at_most = |(row, ratio): (Row, f64), limit| row.at_most(ratio, limit, " ×");
    let at_least = |(row, ratio): (Row, f64), limit| row.at_least(ratio, limit, " ×");

    let against = |what, unit, figure: fn(&Sample) -> f64| {
        let (figures, others) = (of(endpoint, figure), of(direct, figure));
        row(what, unit, figures, others, "direct calls")
    };
    let written_again = |what, unit, figure: fn(&Sample) -> f64| {
        let (figures, others) = (of(module, figure), of(typescript, figure));
        row(what, unit, figures, others, "TypeScript")
    };
    vec![
        at_least(against("throughput", "/s", rate), 0.6),
        at_most(against("p50 of 16 clients", "ms", p50), 1.5),
        at_most(against("p50 of one client", "ms", alone), 1.5),
        at_least(written_again("throughput", "/s", rate), 1.0),
        written_again("p50 of one client", "ms", alone).0,
        at_most(written_again("CPU of the function", "µs", cpu), 1.0),
    ]
}

/// Three digits say enough.
fn short(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}
