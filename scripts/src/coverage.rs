//! `cargo xtask coverage`: how much of the rooms' code their tests run; at least 90 % of the lines of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::command::Program;
use crate::places;
use crate::progress::step;
use crate::setup;

/// The measuring tool and its version.
const TOOL: &str = "cargo-llvm-cov";
const VERSION: &str = "0.9.1";
/// What exists only beside JavaScript and is tested end to end.
const NOT_NATIVE: [&str; 3] = [
    "crates/edge/src/host.rs",
    "crates/edge/src/lib.rs",
    "crates/edge/src/wiring.rs",
];
/// What is measured.
const ROOMS: [&str; 4] = ["domain", "use-cases", "adapters", "edge"];
/// The least part of a room's lines that its tests run, in percent.
const LEAST: f64 = 90.0;

#[derive(Deserialize)]
struct Report {
    data: Vec<Export>,
}

#[derive(Deserialize)]
struct Export {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: PathBuf,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

/// Lines of code, and how many of them ran.
#[derive(Clone, Copy, Default, Deserialize)]
struct Lines {
    count: u64,
    covered: u64,
}

impl Lines {
    fn and(self, other: Lines) -> Lines {
        Lines {
            count: self.count + other.count,
            covered: self.covered + other.covered,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no room has 2^52 lines")]
    fn percent(self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            100.0 * self.covered as f64 / self.count as f64
        }
    }
}

/// Measures and prints a table.
///
/// # Errors
/// When a room is below the least, or a test fails.
pub(crate) async fn run() -> anyhow::Result<()> {
    setup::run().await?;
    let tool = tool().await?;
    let report = places::target().join("coverage.json");
    step("running the tests, measured", measure(&tool, &report)).await?;
    let report: Report = serde_json::from_slice(&std::fs::read(&report)?)?;
    let files = report.data.into_iter().flat_map(|export| export.files);
    let files: Vec<(PathBuf, Lines)> = files
        .map(|file| (file.filename, file.summary.lines))
        .collect();
    let below = print(&places::root(), &files);
    ensure!(below.is_empty(), "below {LEAST} %: {}", below.join(", "));
    Ok(())
}

/// The measuring tool, installed below `target/` when it is not there.
async fn tool() -> anyhow::Result<PathBuf> {
    let folder = places::target().join("tools");
    let program = folder.join("bin").join(TOOL);
    let sysroot = Program::new("rustc", ["--print", "sysroot"]).read().await?;
    let tools = has_profdata(Path::new(&sysroot));
    if !tools {
        let add = Program::new("rustup", ["component", "add", "llvm-tools"]);
        step("adding llvm-tools", add.read())
            .await
            .context("rustup is needed")?;
    }
    let known = Program::new(&program, ["llvm-cov", "--version"])
        .read()
        .await;
    if !known.is_ok_and(|known| known.ends_with(VERSION)) {
        let install = Program::new(
            "cargo",
            ["install", TOOL, "--locked", "--version", VERSION, "--root"]
                .map(Path::new)
                .into_iter()
                .chain([folder.as_path()]),
        );
        step("installing the measuring tool", install.run()).await?;
    }
    Ok(program)
}

/// Whether the toolchain has the program that merges measurements.
fn has_profdata(sysroot: &Path) -> bool {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib"))
        .into_iter()
        .flatten();
    hosts
        .filter_map(Result::ok)
        .any(|host| host.path().join("bin/llvm-profdata").is_file())
}

async fn measure(tool: &Path, report: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(places::target())?;
    let mut arguments = vec!["llvm-cov", "--json", "--summary-only", "--output-path"];
    let report = report.to_string_lossy();
    arguments.push(&report);
    for room in ROOMS {
        arguments.extend(["--package", room]);
    }
    Program::new(tool, arguments).run().await
}

/// Prints a line per room and per folder of it; answers the rooms below the least.
fn print(root: &Path, files: &[(PathBuf, Lines)]) -> Vec<String> {
    let mut sums: BTreeMap<String, Lines> = BTreeMap::new();
    for (file, lines) in files {
        for name in names(root, file) {
            let sum = sums.entry(name).or_default();
            *sum = sum.and(*lines);
        }
    }
    println!("\n{:<44} {:>7} {:>7} {:>7}", "", "lines", "run", "%");
    for (name, lines) in &sums {
        println!(
            "{name:<44} {:>7} {:>7} {:>6.1}",
            lines.count,
            lines.covered,
            lines.percent()
        );
    }
    let short = |room: &&&str| sums.get(**room).copied().unwrap_or_default().percent() < LEAST;
    ROOMS
        .iter()
        .filter(short)
        .map(|room| (*room).to_owned())
        .collect()
}

/// The room of a file, and the folder or file in it.
fn names(root: &Path, file: &Path) -> Vec<String> {
    if NOT_NATIVE.iter().any(|place| file == root.join(place)) {
        return Vec::new();
    }
    let Ok(inside) = file.strip_prefix(root.join("crates")) else {
        return Vec::new();
    };
    let parts: Vec<_> = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    match parts.as_slice() {
        [room, source, part, ..] if source == "src" => vec![room.clone(), format!("{room}/{part}")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_below_the_least_is_named() {
        let file = |name: &str, covered| {
            (
                PathBuf::from(name),
                Lines {
                    count: 100,
                    covered,
                },
            )
        };
        let files = [
            file("/r/crates/domain/src/ids.rs", 95),
            file("/r/crates/use-cases/src/ports/clock.rs", 80),
            file("/r/crates/use-cases/src/error.rs", 99),
            file("/r/crates/adapters/src/error.rs", 90),
            file("/r/crates/edge/src/router.rs", 100),
            file("/r/crates/edge/src/host.rs", 0),
            file("/elsewhere/lib.rs", 0),
        ];
        assert_eq!(print(Path::new("/r"), &files), ["use-cases"]);
    }
}
