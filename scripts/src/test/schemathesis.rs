//! Requests generated from the description of the API, and every answer compared with it.

use std::ffi::OsStr;

use anyhow::{Context, ensure};
use local_stack::Details;

use crate::command::Program;
use crate::openapi;
use crate::places;
use crate::tally::Count;

/// What a filter finds this part by.
pub(super) const NAME: &str = "schemathesis";
/// The fewest cases a run has to make, so that a run that tests nothing does not pass.
const FEWEST: u64 = 2000;
/// Cases for each operation in each phase that draws at random.
const EXAMPLES: &str = "4";

/// Runs them; `tests/openapi` says how, and signs up the user in whose name they are made.
///
/// # Errors
/// When they do not start, or too few cases were made.
pub(super) async fn run(details: &Details) -> anyhow::Result<Count> {
    let report = places::target().join("schemathesis.json");
    let document = openapi::document();
    let address = format!("{}/api", details.functions_url);
    let arguments: [&OsStr; 14] = [
        "--config-file".as_ref(),
        "schemathesis.toml".as_ref(),
        "run".as_ref(),
        document.as_ref(),
        "--url".as_ref(),
        address.as_ref(),
        "--checks".as_ref(),
        "all".as_ref(),
        "--max-examples".as_ref(),
        EXAMPLES.as_ref(),
        "--warnings=off".as_ref(),
        "--report-json-path".as_ref(),
        report.as_ref(),
        "--no-color".as_ref(),
    ];
    let printed = Program::new(places::schemathesis()?, arguments)
        .directory(places::root().join("tests/openapi"))
        .env("SUPABASE_URL", &details.api_url)
        .env("SUPABASE_PUBLISHABLE_KEY", &details.publishable_key)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output_shown()
        .await?;
    let count = count(&printed.stdout).context("the run ended without a summary")?;
    ensure!(
        printed.status.success() || count.failed > 0,
        "schemathesis broke down"
    );
    let made = count.passed + count.failed;
    ensure!(
        made >= FEWEST,
        "only {made} cases were made, {FEWEST} are needed"
    );
    println!("{made} generated requests, at least {FEWEST} are needed");
    Ok(count)
}

/// Reads the summary: `3531 generated, 54 found 54 unique failures, 66 skipped`.
fn count(printed: &str) -> Option<Count> {
    let line = printed.lines().find(|line| line.contains(" generated"))?;
    let before = |word: &str| -> Option<u64> {
        let (words, _) = line.split_once(word)?;
        words.split_whitespace().last()?.parse().ok()
    };
    let generated = before(" generated")?;
    let failed = before(" found").unwrap_or(0);
    Some(Count {
        passed: generated.saturating_sub(failed),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_understood() {
        let printed = "Test cases:\n  3531 generated, 54 found 54 unique failures, 66 skipped\n";
        let expected = Count {
            passed: 3477,
            failed: 54,
        };
        assert_eq!(count(printed), Some(expected));
        let all = count("  2810 generated, 2810 passed\n");
        assert_eq!(all.map(|count| count.failed), Some(0));
        assert_eq!(count("nothing"), None);
    }
}
