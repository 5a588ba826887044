//! `cargo xtask <task>`: everything this project does to itself.
//!
//! One file per task, found under the task's name.
//! To add one: a file with `pub(crate) async fn run(…) -> anyhow::Result<()>`, a `mod` line, a variant of [`Task`] and an arm in [`run`].
//! What tasks share: [`places`] (where things are), [`command`] (other programs), [`progress`] (what the person sees), [`interrupt`] (Ctrl-C), [`tally`] (what passed and what failed).

use std::process::ExitCode;

use clap::Parser;

// The tasks.
mod access_matrix;
mod audit;
mod bench;
mod check;
mod coverage;
mod demo;
mod events;
mod faults;
mod openapi;
mod setup;
mod simulate;
mod snapshot;
mod stack;
mod test;
mod verify;
mod wasm;

// What they share.
mod command;
mod dice;
mod interrupt;
mod places;
mod progress;
mod tally;

/// Runs a task of this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Task {
    /// Watch the main job from sign-up to audit trail, on a stack of its own.
    Demo(demo::Arguments),
    /// Bring the machine to where every other task can run. All of them do this first.
    Setup,
    /// The quick part of `test`: format, lints, walls between the rooms, migrations, types of the TypeScript.
    Check,
    /// Build the WebAssembly module that the edge functions load.
    Wasm,
    /// Write the description of the API: the document it serves, and docs/api.md.
    Openapi,
    /// Write down the schema that the migrations make: tests/database/schema.snapshot.sql.
    Snapshot,
    /// Verify the audit log against its seals, export a month of it, drop an exported month.
    Audit(audit::Arguments),
    /// Compare what is stored with what the events say, and rebuild what differs.
    Verify(verify::Arguments),
    /// Start the platform on this machine, on fixed ports and with data that stays.
    Stack(stack::Arguments),
    /// Check everything; what continuous integration runs.
    Test(test::Arguments),
    /// Ask who may do what, for every cell of docs/access-matrix.md, and whether loosening anything would be noticed.
    AccessMatrix,
    /// Follow the log of events while sixteen writers stall and roll back, and account for every event.
    Events(events::Arguments),
    /// Kill parts of the stack a thousand times while ten thousand runs are under way, and account for every run, call and effect.
    Faults(faults::Arguments),
    /// Simulate the engine with kills, losses and stalls by seed, and judge what happened.
    Simulate(simulate::Arguments),
    /// Measure, and write tests/load/results.md.
    Bench(bench::Arguments),
    /// How much of the rooms' code their tests run.
    Coverage,
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = Task::parse();
    interrupt::listen();
    match run(task).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupt::happened() => {
            eprintln!("stopped");
            // A build that runs on in a thread is not waited for.
            std::process::exit(interrupt::STOPPED)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Demo(arguments) => demo::run(arguments).await,
        Task::Setup => setup::run().await,
        Task::Check => check::run().await,
        Task::Wasm => {
            setup::run().await?;
            wasm_module().await
        }
        Task::Openapi => {
            setup::run().await?;
            openapi::run().await
        }
        Task::Snapshot => snapshot::run().await,
        Task::Audit(arguments) => audit::run(arguments).await,
        Task::Verify(arguments) => verify::run(arguments).await,
        Task::Stack(arguments) => stack::run(arguments).await,
        Task::Test(arguments) => test::run(arguments).await,
        Task::AccessMatrix => access_matrix::run().await,
        Task::Events(arguments) => events::run(arguments).await,
        Task::Faults(arguments) => faults::run(arguments).await,
        Task::Simulate(arguments) => simulate::run(arguments).await,
        Task::Bench(arguments) => bench::run(arguments).await,
        Task::Coverage => coverage::run().await,
    }
}

/// Builds the module when it is not up to date.
async fn wasm_module() -> anyhow::Result<()> {
    let build = tokio::task::spawn_blocking(|| wasm::run(&places::root()));
    let built = interrupt::unless(async { build.await? });
    progress::step("WebAssembly module", built).await
}
