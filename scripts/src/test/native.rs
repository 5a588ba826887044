//! The Rust tests of every package, natively.

use anyhow::ensure;

use crate::command::Program;
use crate::tally::Count;

/// Runs them all, also after a failure.
///
/// # Errors
/// When they do not compile.
pub(super) async fn run() -> anyhow::Result<Count> {
    let arguments = ["test", "--workspace", "--no-fail-fast"];
    let printed = Program::new("cargo", arguments).output_shown().await?;
    let count = count(&printed.stdout);
    let told = printed.status.success() || count.failed > 0;
    ensure!(
        told && count.passed + count.failed > 0,
        "the tests did not run"
    );
    Ok(count)
}

/// Adds up the closing lines of all test programs.
fn count(printed: &str) -> Count {
    let lines = printed
        .lines()
        .filter(|line| line.starts_with("test result: "));
    lines.fold(Count::default(), |sum, line| {
        sum.and(Count {
            passed: before(line, " passed"),
            failed: before(line, " failed"),
        })
    })
}

/// The number that stands before a word.
pub(super) fn before(line: &str, word: &str) -> u64 {
    let digits = line
        .split(word)
        .next()
        .and_then(|start| start.rsplit(' ').next());
    digits
        .filter(|_| line.contains(word))
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_all_programs_are_added_up() {
        let printed = "running 2 tests\n\
            test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured\n\
            test result: ok. 30 passed; 0 failed; 2 ignored; 0 measured\n";
        assert_eq!(
            count(printed),
            Count {
                passed: 42,
                failed: 1
            }
        );
    }
}
