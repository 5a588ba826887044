//! Editing one container of models of every size, storing the largest ones, and pages of many models.

mod lists;
mod wire;

use std::time::Instant;

use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use self::wire::Wire;
use super::account::{Account, text};
use super::http::function::Function;
use super::load::{Call, Http, client, json as ask, median};
use super::report::{Row, Section};
use crate::places;

/// Containers of the models that are edited.
const SIZES: [usize; 3] = [10, 500, 5_000];
/// What each waits for.
const DEPENDENCIES: usize = 5;
/// Edits of a model, of which the first ones are not counted.
const EDITS: usize = 20;
const WARM: usize = 5;

/// What editing one container costs.
struct Cost {
    sent: f64,
    received: f64,
    wal: f64,
    ms: f64,
}

/// Everything the edits need.
struct Bench {
    http: Http,
    account: Account,
    admin: Client,
    function: Function,
    wire: Wire,
}

/// Measures both.
///
/// # Errors
/// When something is refused.
pub(super) async fn measure(details: &Details, rounds: usize) -> anyhow::Result<Section> {
    let bench = Bench::prepare(details).await?;
    let mut costs = Vec::new();
    let mut rows = Vec::new();
    bench.images("off").await?;
    for size in SIZES {
        let begun = Instant::now();
        let model = bench.import(size).await?;
        let imported = begun.elapsed().as_secs_f64();
        costs.push((size, bench.edit(&model).await?));
        if Some(&size) == SIZES.last() {
            rows.extend(bench.largest(&model, imported).await?);
        }
    }
    bench.images("on").await?;
    let mut edits = compare(&costs);
    edits.append(&mut rows);
    edits.extend(lists::measure(details, &bench.admin, &bench.account, rounds).await?);
    Ok(Section {
        title: "Large models, and many",
        note: format!(
            "One container of a model is moved, {EDITS} times; each has {DEPENDENCIES} dependencies and each stage an action. \
             Bytes are those between the function and the platform, headers included; WAL is without full-page images, which depend on checkpoints.\n\
             The largest model has 10,000 nodes; storing it is measured once, with everything that is written along.\n\
             Pages are those of an organization with 10,000 of 20,000 models, newest first, asked of the database as PostgREST asks it; \
             without policies means as a role that passes row-level security, with the same filters."
        ),
        rows: edits,
    })
}

/// A figure by its name, and its unit.
type Figure = (&'static str, fn(&Cost) -> f64, &'static str);

fn compare(costs: &[(usize, Cost)]) -> Vec<Row> {
    let figures: [Figure; 4] = [
        ("sent to the platform", |cost| cost.sent / 1e3, "kB"),
        ("received from it", |cost| cost.received / 1e3, "kB"),
        ("WAL", |cost| cost.wal / 1e3, "kB"),
        ("time", |cost| cost.ms, "ms"),
    ];
    let mut rows = Vec::new();
    let Some((smallest, base)) = costs.first() else {
        return rows;
    };
    for (what, figure, unit) in figures {
        for (size, cost) in costs {
            let told = |cost: &Cost| format!("{:.1} {unit}", figure(cost));
            let row = Row::new(format!("edit in {size} containers: {what}"), told(cost));
            let other = format!("{}, in {smallest}", told(base));
            rows.push(row.against(other, figure(cost) / figure(base)));
        }
    }
    rows
}

impl Bench {
    async fn prepare(details: &Details) -> anyhow::Result<Self> {
        let http = client();
        let account = Account::sign_up(&http, details).await?;
        let (admin, connection) = tokio_postgres::connect(&details.admin_db_url, NoTls).await?;
        tokio::spawn(connection);
        let wire = Wire::to(&details.api_url).await?;
        let mut variables = Function::variables(&http, details).await?;
        for (name, value) in &mut variables {
            if *name == "SUPABASE_URL" {
                value.clone_from(&wire.url);
            }
        }
        let shell = places::root().join("supabase/functions/api/index.ts");
        Ok(Self {
            function: Function::start(&shell, &variables).await?,
            http,
            account,
            admin,
            wire,
        })
    }

    fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}/api/function-models{path}", self.function.url);
        Call::new(method, url, &self.account.headers)
    }

    async fn import(&self, containers: usize) -> anyhow::Result<String> {
        let body = json!({"document": document(containers)});
        let call = self.call(Method::POST, "/import").json(&body);
        text(&ask(&self.http, call).await?, "/modelId")
    }

    async fn edit(&self, model: &str) -> anyhow::Result<Cost> {
        let path = format!("/{model}/nodes/{}", node_id(1));
        let (mut sent, mut received, mut wal, mut ms) = (vec![], vec![], vec![], vec![]);
        for edit in 0..EDITS + WARM {
            let (bytes, log) = (self.wire.bytes(), self.wal().await?);
            let begun = Instant::now();
            let body = json!({"position": {"x": edit, "y": 7}});
            ask(&self.http, self.call(Method::PATCH, &path).json(&body)).await?;
            if edit < WARM {
                continue;
            }
            ms.push(begun.elapsed().as_secs_f64() * 1e3);
            let after = self.wire.bytes();
            sent.push((after.0 - bytes.0) as f64);
            received.push((after.1 - bytes.1) as f64);
            wal.push(self.wal().await? - log);
        }
        Ok(Cost {
            sent: median(sent),
            received: median(received),
            wal: median(wal),
            ms: median(ms),
        })
    }

    /// What storing the largest model takes.
    async fn largest(&self, model: &str, imported: f64) -> anyhow::Result<Vec<Row>> {
        let begun = Instant::now();
        let path = format!("/{model}/publish");
        let call = self.call(Method::POST, &path);
        ask(&self.http, call.json(&json!({"version": "1.0.1"}))).await?;
        let published = begun.elapsed().as_secs_f64();
        let row = |what: &str, seconds| Row::new(what, format!("{seconds:.1} s"));
        Ok(vec![
            row("import of 10,000 nodes", imported),
            row("publication of 10,000 nodes, with its plan", published),
        ])
    }

    async fn wal(&self) -> anyhow::Result<f64> {
        let statement = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";
        Ok(self.admin.query_one(statement, &[]).await?.get(0))
    }

    async fn images(&self, setting: &str) -> anyhow::Result<()> {
        let statement = format!("alter system set full_page_writes = {setting}");
        self.admin.batch_execute(&statement).await?;
        let statement = "select pg_reload_conf(); checkpoint";
        Ok(self.admin.batch_execute(statement).await?)
    }
}

fn node_id(number: usize) -> String {
    format!("0192aaaa-0000-7000-8000-{number:012}")
}

/// An input, stages with an action each, an output.
fn document(containers: usize) -> Value {
    let nodes = (0..containers).map(|number| {
        let boundary = match number {
            0 => Some("input"),
            last if last + 1 == containers => Some("output"),
            _ => None,
        };
        json!({
            "nodeId": node_id(number),
            "nodeType": if boundary.is_some() { "ioNode" } else { "stageNode" },
            "name": format!("Container {number}"),
            "position": {"x": number, "y": 1},
            "typeSpecificData": boundary.map_or(json!({}), |kind| json!({"boundaryType": kind})),
        })
    });
    let actions = (1..containers - 1).map(|number| {
        json!({
            "actionId": format!("0192bbbb-0000-7000-8000-{number:012}"),
            "parentNodeId": node_id(number),
            "actionType": "tetherNode",
            "name": format!("Action {number}"),
            "actionSpecificData": {"tetherReferenceId": "w"},
        })
    });
    let edges = (1..containers).flat_map(|number| {
        let before = number.saturating_sub(DEPENDENCIES)..number;
        before.map(move |other| json!({"nodeId": node_id(number), "dependencyId": node_id(other)}))
    });
    json!({
        "documentVersion": 1,
        "name": format!("Of {containers} containers"),
        "containers": nodes.collect::<Vec<_>>(),
        "actions": actions.collect::<Vec<_>>(),
        "dependencies": edges.collect::<Vec<_>>(),
    })
}
