//! `local-stack`: starts the stack, prints how to reach it as one line of JSON,
//! and runs until it is told to stop.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser;
use local_stack::{Data, Options, Ports, Stack};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The Supabase platform on this machine, without Docker.
#[derive(Parser)]
struct Arguments {
    /// Keep the data in this folder; without it they are thrown away at the end.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Begin with empty data in the kept folder.
    #[arg(long, requires = "keep")]
    reset: bool,
    /// Listen on free ports instead of 54321 (API) and 54322 (database).
    #[arg(long)]
    random_ports: bool,
    /// More environment for the functions; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    function_env: Vec<(String, String)>,
    /// The repository, with `node_modules` and `supabase`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Say nothing about progress.
    #[arg(long)]
    quiet: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // Registered first, so that a request to stop during the start is not lost.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    if let (Some(folder), true) = (&arguments.keep, arguments.reset) {
        local_stack::reset(folder)?;
    }
    let options = Options {
        root: arguments.root,
        data: arguments.keep.map_or(Data::Throwaway, Data::Kept),
        ports: if arguments.random_ports {
            Ports::Random
        } else {
            Ports::Fixed
        },
        function_env: arguments.function_env,
        quiet: arguments.quiet,
    };
    let start = Stack::start(options);
    tokio::pin!(start);
    let stack = tokio::select! {
        stack = &mut start => stack?,
        // Half a stack cannot be stopped in order: this waits until it is whole,
        // unless asked once more.
        () = asked_to_stop(&mut interrupt, &mut terminate) => tokio::select! {
            stack = start => return stack?.stop().await.context("stopping"),
            () = asked_to_stop(&mut interrupt, &mut terminate) => bail!("interrupted while starting"),
        },
    };
    println!("{}", serde_json::to_string(stack.details())?);
    asked_to_stop(&mut interrupt, &mut terminate).await;
    stack.stop().await.context("stopping")
}

async fn asked_to_stop(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
