//! `cargo xtask bench`: what things cost, as ratios of two ways of doing the same on the same machine.
//!
//! Rounds are interleaved and the median is quoted, so that a machine that slows down slows both sides.
//! The table is written to `tests/load/results.md`.

pub(crate) mod account;
mod audit;
mod circumstances;
mod engine;
mod events;
mod http;
mod large;
pub(crate) mod load;
mod module;
mod report;
mod rules;

use anyhow::Context;
use clap::{Args, ValueEnum};
use local_stack::{Data, Options, Ports, Stack};

use crate::command::Program;
use crate::interrupt;
use crate::places;
use crate::progress::step;
use crate::{setup, wasm_module};

use self::report::Section;

/// What to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only this part: `http`, `engine`, `module`, `rules`, `large`, `audit` or `events`; everything without it.
    part: Option<Part>,
    /// How often each side of a comparison is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The parts of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Endpoints against direct calls and against TypeScript.
    Http,
    /// Runs: throughput, latency, and what they cost the database.
    Engine,
    /// Size and start time of the module.
    Module,
    /// The rules over models of every size, against TypeScript.
    Rules,
    /// Editing large models, and lists of many.
    Large,
    /// Writes with and without audit, and sealing.
    Audit,
    /// Appending to the log of events, following it and reading it again.
    Events,
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
    let before = circumstances::load();
    let mut sections = Vec::new();
    if wanted(Part::Module) {
        sections.push(step("the module", module::measure(arguments.rounds)).await?);
    }
    if wanted(Part::Rules) {
        sections.push(step("the rules", rules::measure(arguments.rounds)).await?);
    }
    let parts = [
        Part::Http,
        Part::Engine,
        Part::Large,
        Part::Audit,
        Part::Events,
    ];
    if parts.into_iter().any(wanted) {
        sections.extend(on_a_stack(&arguments, wanted).await?);
    }
    let load = (before, circumstances::load());
    let head = circumstances::describe(arguments.rounds, load).await?;
    let file = match arguments.part {
        None => places::root().join("tests/load/results.md"),
        Some(_) => places::target().join("bench.md"),
    };
    report::write(&file, &head, &sections)
}

async fn on_a_stack(
    arguments: &Arguments,
    wanted: impl Fn(Part) -> bool,
) -> anyhow::Result<Vec<Section>> {
    let options = Options {
        root: places::root(),
        data: Data::Throwaway,
        ports: Ports::Random,
        function_env: Vec::new(),
        quiet: true,
    };
    let starting = interrupt::unless(Stack::start(options));
    let stack = step("starting the stack", starting).await?;
    let measured = interrupt::unless(async {
        let mut sections = Vec::new();
        let details = stack.details();
        if wanted(Part::Http) {
            sections.push(step("endpoints", http::measure(details, arguments.rounds)).await?);
        }
        if wanted(Part::Large) {
            sections.push(step("large models", large::measure(details, arguments.rounds)).await?);
        }
        if wanted(Part::Audit) {
            sections.push(step("the audit log", audit::measure(details, arguments.rounds)).await?);
        }
        if wanted(Part::Events) {
            sections.push(
                step(
                    "the log of events",
                    events::measure(details, arguments.rounds),
                )
                .await?,
            );
        }
        if wanted(Part::Engine) {
            sections.extend(step("the engine", engine::measure(details, arguments.rounds)).await?);
        }
        Ok(sections)
    })
    .await;
    step("stopping the stack", stack.stop()).await?;
    measured
}

/// The gateway runs in this process, so that it has to be an optimised one: builds it and becomes it.
async fn run_optimised(arguments: &Arguments) -> anyhow::Result<()> {
    let build = ["build", "--quiet", "--release", "--package", "scripts"];
    step("optimised build", Program::new("cargo", build).run()).await?;
    let program = places::target().with_file_name("release").join("xtask");
    let mut command = std::process::Command::new(&program);
    command.arg("bench");
    if let Some(part) = arguments.part.and_then(|part| part.to_possible_value()) {
        command.arg(part.get_name());
    }
    command.args(["--rounds", &arguments.rounds.to_string()]);
    // One process instead of two: Ctrl-C reaches the one that has a stack to stop.
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(error).with_context(|| format!("starting {}", program.display()))
}
