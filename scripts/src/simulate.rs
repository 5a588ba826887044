//! `cargo xtask simulate`: the engine in a time of its own, where everything that can go wrong does.
//!
//! What is simulated and judged is in `tests/simulation`; this only chooses seeds and tells.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;
use simulation::{Mutant, Options, Report, simulate};

use crate::{interrupt, progress};

/// Findings of one seed that are shown, at most.
const SHOWN: usize = 10;

/// Which seeds.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The first seed; without one 0.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds from there; one when a seed is named, else 200.
    #[arg(long)]
    seeds: Option<u64>,
    /// Most polls of tasks under one seed.
    #[arg(long, default_value_t = Options::of_seed(0).steps)]
    steps: u64,
    /// A fault to plant, by its name in docs/simulation.md.
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Where to write the history of the last seed, one JSON object a line.
    #[arg(long)]
    history: Option<PathBuf>,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    let known = Mutant::ALL.into_iter();
    let names: Vec<String> = Mutant::ALL.iter().map(|m| format!("{m:?}")).collect();
    known
        .zip(&names)
        .find_map(|(mutant, known)| (known == name).then_some(mutant))
        .ok_or_else(|| format!("one of {}", names.join(", ")))
}

/// Simulates the seeds and tells what was found.
///
/// # Errors
/// When something is found, or a seed does not replay.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let work = tokio::task::spawn_blocking(move || all(&arguments));
    interrupt::unless(async { work.await? }).await
}

fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let usual = if arguments.seed.is_some() { 1 } else { 200 };
    let seeds = arguments.seeds.unwrap_or(usual).max(1);
    let first = arguments.seed.unwrap_or(0);
    let begun = Instant::now();
    let (mut runs, mut kills, mut entries, mut failed) = (0, 0, 0, 0);
    for seed in first..first.saturating_add(seeds) {
        let options = Options {
            seed,
            steps: arguments.steps,
            mutant: arguments.mutant,
        };
        let report = simulate(options);
        if seeds == 1 {
            tell(&report);
            ensure!(simulate(options) == report, "seed {seed} does not replay");
        }
        if !report.findings.is_empty() {
            failed += 1;
            println!("seed {seed}: {} findings", report.findings.len());
            for finding in report.findings.iter().take(SHOWN) {
                println!("  {finding}");
            }
        }
        runs += report.runs;
        kills += report.kills;
        entries += report.history.len();
        if let Some(path) = &arguments.history {
            write(path, &report)?;
        }
    }
    println!(
        "{seeds} seeds, {runs} runs, {kills} kills, {entries} entries of history in {}",
        progress::seconds(begun.elapsed())
    );
    ensure!(failed == 0, "{failed} of {seeds} seeds break a rule");
    Ok(())
}

fn tell(report: &Report) {
    let Report {
        history,
        runs,
        kills,
        polls,
        digest,
        ..
    } = report;
    let entries = history.len();
    println!("{runs} runs, {kills} kills, {polls} polls, {entries} entries\nSHA-256 {digest}");
}

fn write(path: &Path, report: &Report) -> anyhow::Result<()> {
    let mut lines = String::new();
    for entry in &report.history {
        lines.push_str(&serde_json::to_string(entry)?);
        lines.push('\n');
    }
    std::fs::write(path, lines).with_context(|| format!("writing {}", path.display()))
}
