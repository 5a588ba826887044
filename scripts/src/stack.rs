//! `cargo xtask stack`: the platform on this machine, for people.
//!
//! Ports are those of `supabase/config.toml`, and the data stays in `.local/` until `--reset`.

use anyhow::Context;
use clap::Args;
use local_stack::{Data, Details, Options, Ports, Stack};

use crate::interrupt;
use crate::places;
use crate::progress::step;
use crate::{setup, wasm_module};

/// How to start it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Throw away the kept data first.
    #[arg(long)]
    reset: bool,
    /// A variable for the functions, on top of the platform's; may be given often.
    #[arg(long = "function-env", value_name = "NAME=VALUE", value_parser = variable)]
    function_env: Vec<(String, String)>,
}

/// Starts the stack and keeps it until Ctrl-C.
///
/// # Errors
/// When a part cannot start; a taken port is named.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    setup::run().await?;
    wasm_module().await?;
    let data = places::root().join(".local");
    if arguments.reset {
        let reset = async { local_stack::reset(&data) };
        step("throwing away the kept data", reset).await?;
    }
    let options = Options {
        root: places::root(),
        data: Data::Kept(data),
        ports: Ports::Fixed,
        function_env: arguments.function_env,
        quiet: false,
    };
    let stack = step(
        "starting the stack",
        interrupt::unless(Stack::start(options)),
    )
    .await?;
    print(stack.details());
    interrupt::wait().await;
    step("stopping the stack", stack.stop()).await
}

fn print(details: &Details) {
    println!();
    println!("API              {}", details.api_url);
    println!("functions        {}", details.functions_url);
    println!("database         {}", details.db_url);
    println!("publishable key  {}", details.publishable_key);
    println!("secret key       {}", details.secret_key);
    println!("logs             {}", details.logs.display());
    println!("\nCtrl-C stops it; the data stays in .local/.");
}

fn variable(text: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text.split_once('=').context("NAME=VALUE is expected")?;
    Ok((name.to_owned(), value.to_owned()))
}
