//! `cargo xtask bench`: what things cost, as ratios of two ways of doing the same on the same machine.
//!
//! Rounds are interleaved and the median is quoted, so that a machine that slows down slows both sides.
//! The table is written to `tests/load/results.md`.

mod account;
mod engine;
mod http;
mod load;
mod module;
mod report;

use clap::Args;
use local_stack::{Data, Options, Ports, Stack};

use crate::command::Program;
use crate::interrupt;
use crate::places;
use crate::progress::step;
use crate::{setup, wasm_module};

/// What to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only this part: `http`, `engine` or `module`; everything without it.
    part: Option<Part>,
    /// How often each side of a comparison is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The parts of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Endpoints against direct calls and against TypeScript.
    Http,
    /// Runs: throughput, latency, and what they cost the database.
    Engine,
    /// Size and start time of the module.
    Module,
}

/// Measures and writes the table.
///
/// # Errors
/// When a part cannot start or an answer is not the expected one.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        return run_optimised(&arguments).await;
    }
    setup::run().await?;
    wasm_module().await?;
    let wanted = |part| arguments.part.is_none_or(|only| only == part);
    let mut rows = Vec::new();
    if wanted(Part::Module) {
        rows.extend(step("the module", module::measure(arguments.rounds)).await?);
    }
    if wanted(Part::Http) || wanted(Part::Engine) {
        let options = Options {
            root: places::root(),
            data: Data::Throwaway,
            ports: Ports::Random,
            function_env: vec![("FM_WORKER_CONCURRENCY".to_owned(), "64".to_owned())],
            quiet: true,
        };
        let stack = step(
            "starting the stack",
            interrupt::unless(Stack::start(options)),
        )
        .await?;
        let measured = interrupt::unless(async {
            let mut rows = Vec::new();
            let details = stack.details();
            if wanted(Part::Http) {
                rows.extend(step("endpoints", http::measure(details, arguments.rounds)).await?);
            }
            if wanted(Part::Engine) {
                rows.extend(step("the engine", engine::measure(details, arguments.rounds)).await?);
            }
            Ok(rows)
        })
        .await;
        step("stopping the stack", stack.stop()).await?;
        rows.extend(measured?);
    }
    let circumstances = format!(
        "By `cargo xtask bench` on {} logical processors; medians of {} interleaved rounds.\n\
         Absolute figures are those of one machine; ratios compare two things on it.",
        std::thread::available_parallelism()?,
        arguments.rounds
    );
    let file = match arguments.part {
        None => places::root().join("tests/load/results.md"),
        Some(_) => places::target().join("bench.md"),
    };
    report::write(&file, &circumstances, &rows)
}

/// The gateway runs in this process, so that it has to be an optimised one.
async fn run_optimised(arguments: &Arguments) -> anyhow::Result<()> {
    let rounds = arguments.rounds.to_string();
    let mut line = vec![
        "run",
        "--quiet",
        "--release",
        "--package",
        "scripts",
        "--",
        "bench",
    ];
    line.extend(arguments.part.map(|part| match part {
        Part::Http => "http",
        Part::Engine => "engine",
        Part::Module => "module",
    }));
    line.extend(["--rounds", &rounds]);
    Program::new("cargo", line).run().await
}
