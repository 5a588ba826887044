//! `cargo xtask check`: the quick part of `cargo xtask test`.
//!
//! | part | what it finds |
//! | --- | --- |
//! | [`walls`] | a room that imports what it must not know |
//! | [`file_sizes`] | a file that grew past reading in one sitting |
//! | [`refusals`] | a refusal that no end-to-end test gets |
//! | [`migrations`] | what the hosted platform would refuse, and functions without a pinned search path |
//! | [`openapi`] | a description of the API that is no longer true |
//! | format and lints | of Rust and of TypeScript |
//!
//! All parts run, so that one run shows all findings.

use anyhow::ensure;

use crate::command::Program;
use crate::interrupt;
use crate::places;
use crate::progress::step;
use crate::tally::Count;
use crate::{openapi, setup, wasm_module};

mod file_sizes;
mod migrations;
mod refusals;
mod statements;
mod walls;

/// The folders of TypeScript, each with its own `deno.json`.
const TYPESCRIPT: [&str; 4] = [
    "supabase/functions",
    "tests/demo",
    "tests/end-to-end",
    "tests/load/rules",
];

/// Runs every quick check.
///
/// # Errors
/// When any of them finds something; what was found is printed.
pub(crate) async fn run() -> anyhow::Result<()> {
    setup::run().await?;
    let count = count().await?;
    ensure!(count.failed == 0, "{} quick checks failed", count.failed);
    Ok(())
}

/// Runs every quick check and counts those that found nothing.
///
/// # Errors
/// When somebody asks to stop.
pub(crate) async fn count() -> anyhow::Result<Count> {
    let mut sum = Count::default();
    let mut note = |outcome: anyhow::Result<()>| {
        if let Err(error) = &outcome {
            eprintln!("{error:#}");
        }
        sum = sum.and(Count::one(outcome.is_ok()));
    };
    note(step("walls between the rooms", walls::run()).await);
    note(step("file sizes", file_sizes::run()).await);
    note(step("migrations", migrations::run()).await);
    note(step("refusals and their tests", refusals::run()).await);
    note(step("format of Rust", format()).await);
    note(step("lints of Rust", lints()).await);
    note(step("description of the API", openapi::check()).await);
    note(step("format, lints and types of TypeScript", typescript()).await);
    ensure!(!interrupt::happened(), "stopped by a signal");
    Ok(sum)
}

async fn format() -> anyhow::Result<()> {
    Program::new("cargo", ["fmt", "--all", "--check"])
        .run()
        .await
}

async fn lints() -> anyhow::Result<()> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets"];
    let strict = ["--", "--deny", "warnings"];
    Program::new("cargo", arguments.into_iter().chain(strict))
        .run()
        .await?;
    // The host's side of the module exists only in its own target.
    let module = [
        "clippy",
        "--quiet",
        "--package",
        "edge",
        "--lib",
        "--profile",
        "wasm",
    ];
    let target = ["--target", "wasm32-unknown-unknown"];
    Program::new("cargo", module.into_iter().chain(target).chain(strict))
        .run()
        .await
}

/// Format, lints and types of the TypeScript; the types need the module's bindings.
async fn typescript() -> anyhow::Result<()> {
    wasm_module().await?;
    let deno = places::deno()?;
    for folder in TYPESCRIPT {
        let folder = places::root().join(folder);
        for arguments in [
            &["fmt", "--quiet", "--check", "--line-width=100"][..],
            &["lint", "--quiet"],
            &["check", "--quiet", "--frozen", "."],
        ] {
            Program::new(&deno, arguments)
                .directory(&folder)
                .run()
                .await?;
        }
    }
    Ok(())
}
