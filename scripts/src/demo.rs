//! `cargo xtask demo`: the main job from sign-up to audit trail, on a stack of its own.
//!
//! The story itself is `tests/demo/order_to_cash.ts`, written with supabase-js as any client would be.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use local_stack::{Data, Details, Options, Ports, Stack};
use serde::Deserialize;

use crate::command::Program;
use crate::interrupt;
use crate::places;
use crate::progress::step;
use crate::{setup, wasm_module};

/// How to show it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Leave the stack up afterwards and print how to reach it.
    #[arg(long)]
    keep: bool,
}

/// What the story leaves behind for a person who goes on from there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    model_id: String,
    execution_id: String,
    token: String,
}

/// Sets everything up, starts a stack with throw-away data, and tells the story on it.
///
/// # Errors
/// When a part cannot start or the story does not go as it should.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    setup::run().await?;
    wasm_module().await?;
    let folder = tempfile::tempdir()?;
    // The port is free now; the story's small service takes it a moment later.
    let service_port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let options = Options {
        root: places::root(),
        data: Data::Throwaway,
        ports: Ports::Random,
        function_env: vec![(
            "FM_ALLOWED_HOSTS".to_owned(),
            format!("127.0.0.1:{service_port}"),
        )],
        quiet: true,
    };
    let stack = step(
        "starting the stack",
        interrupt::unless(Stack::start(options)),
    )
    .await?;
    let told = tell(stack.details(), service_port, folder.path()).await;
    if let (Ok(told), true) = (&told, arguments.keep) {
        print(stack.details(), told);
        // It goes on until Ctrl-C, so that the runs somebody starts find the company's systems.
        let service = story("keep_service.ts", service_port)?;
        service.status().await.ok();
    }
    step("stopping the stack", stack.stop()).await?;
    told.map(|_| ())
}

async fn tell(details: &Details, service_port: u16, folder: &Path) -> anyhow::Result<Told> {
    let result = folder.join("told.json");
    story("order_to_cash.ts", service_port)?
        .env("SUPABASE_URL", &details.api_url)
        .env("SUPABASE_PUBLISHABLE_KEY", &details.publishable_key)
        .env("DEMO_RESULT", &result)
        .run()
        .await?;
    let text = std::fs::read_to_string(&result).context("the demo left no result")?;
    Ok(serde_json::from_str(&text)?)
}

/// A program of the story.
fn story(file: &str, service_port: u16) -> anyhow::Result<Program> {
    let arguments = [
        "run",
        "--quiet",
        "--frozen",
        "--allow-net",
        "--allow-env",
        "--allow-read",
        "--allow-write",
        file,
    ];
    let program = Program::new(places::deno()?, arguments);
    Ok(program
        .directory(places::root().join("tests/demo"))
        .env("DEMO_SERVICE_PORT", service_port.to_string()))
}

fn print(details: &Details, told: &Told) {
    let Details {
        api_url,
        functions_url,
        publishable_key,
        ..
    } = details;
    let Told {
        model_id,
        execution_id,
        token,
    } = told;
    println!("\nThe stack stays up until Ctrl-C.\n");
    println!("SUPABASE_URL    {api_url}");
    println!("publishable key {publishable_key}");
    println!("secret key      {}", details.secret_key);
    println!("database        {}", details.db_url);
    println!("\nTry, as Ada, for an hour:\n");
    println!("TOKEN={token}\n");
    let call =
        format!("curl -s -H \"Authorization: Bearer $TOKEN\" -H 'apikey: {publishable_key}'");
    println!("{call} '{functions_url}/api/function-models'");
    println!("{call} '{functions_url}/api/executions/{execution_id}'");
    println!(
        "{call} -X POST -H 'content-type: application/json' -H 'Prefer: wait=20' \
         -d '{{\"parameters\":{{\"order\":\"4712\",\"amount\":800}}}}' \
         '{functions_url}/api/function-models/{model_id}/executions'"
    );
}
