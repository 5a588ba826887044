//! The end-to-end tests: supabase-js against a running stack, of which they know the address and the keys.

use std::cell::Cell;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;

use anyhow::{Context, ensure};
use local_stack::Details;

use super::native::before;
use crate::command::Program;
use crate::places;
use crate::tally::Count;

/// What makes a function panic when a request carries it; only stacks for tests are given it.
const PANIC: &str = "E2E_PANIC";

/// The key the agents of a stack under test show to the tests' model server.
const AGENT_KEY: &str = "e2e-agent-key";

/// Keys of secrets: the present one, and one that it took over from.
const SECRET_KEYS: &str = "new:bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0=,old:b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZC0=";

/// Where the tests' model server listens: functions are told before it is there.
fn agent_port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        free.map_or(18_888, |address| address.port())
    })
}

/// The stack under test.
pub(super) struct Target {
    variables: Vec<(&'static str, String)>,
}

impl Target {
    /// A stack that this task started.
    pub(super) fn of(details: &Details) -> Target {
        Target {
            variables: vec![
                ("SUPABASE_URL", details.api_url.clone()),
                ("SUPABASE_PUBLISHABLE_KEY", details.publishable_key.clone()),
                ("SUPABASE_SECRET_KEY", details.secret_key.clone()),
                ("E2E_SERVICE_HOST", "127.0.0.1".to_owned()),
                ("E2E_LOCAL_STACK", "true".to_owned()),
                ("E2E_AGENT_PORT", agent_port().to_string()),
                ("E2E_AGENT_KEY", AGENT_KEY.to_owned()),
                (PANIC, PANIC.to_owned()),
            ],
        }
    }

    /// The stack that the environment names; it must be able to reach this machine under `E2E_SERVICE_HOST`.
    ///
    /// # Errors
    /// When a variable is missing.
    pub(super) fn from_environment() -> anyhow::Result<Target> {
        let names = [
            "SUPABASE_URL",
            "SUPABASE_PUBLISHABLE_KEY",
            "SUPABASE_SECRET_KEY",
            "E2E_SERVICE_HOST",
        ];
        let variables = names.into_iter().map(|name| {
            let value = std::env::var(name).with_context(|| format!("{name} is not set"))?;
            Ok((name, value))
        });
        Ok(Target {
            variables: variables.collect::<anyhow::Result<_>>()?,
        })
    }
}

/// What the functions of a stack under test need beyond the platform's variables.
pub(super) fn function_env() -> Vec<(String, String)> {
    let agents = format!("http://127.0.0.1:{}/v1", agent_port());
    let variables = [
        ("FM_ALLOWED_HOSTS", "127.0.0.1"),
        ("FM_TEST_PANIC", PANIC),
        ("FM_AGENT_URL", agents.as_str()),
        ("FM_AGENT_MODEL", "e2e-model"),
        ("FM_AGENT_KEY", AGENT_KEY),
        ("FM_SECRET_KEYS", SECRET_KEYS),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Runs them; what is installed comes from the lock file beside them.
///
/// # Errors
/// When they do not start.
pub(super) async fn run(target: &Target, filter: Option<&str>) -> anyhow::Result<Count> {
    let mut arguments = vec![
        "test",
        "--frozen",
        "--allow-net",
        "--allow-env",
        "--allow-read",
    ];
    arguments.extend(filter.map(|_| "--filter"));
    arguments.extend(filter);
    let mut program =
        Program::new(places::deno()?, arguments).directory(places::root().join("tests/end-to-end"));
    for (name, value) in &target.variables {
        program = program.env(name, value);
    }
    deno_test(program, filter.is_none()).await
}

/// Runs a `deno test`, in which `some` tests must run, and reads its closing line.
///
/// # Errors
/// When no test ran, or something else than a test failed.
pub(super) async fn deno_test(program: Program, some: bool) -> anyhow::Result<Count> {
    let within = Cell::new(false);
    let program = program.env("NO_COLOR", "1");
    let printed = program.output_picked(|line| told(&within, line)).await?;
    for failure in failures(&printed.stdout) {
        println!("✗ {}", failure.join("\n"));
    }
    let count = count(&printed.stdout).context("the tests ended without a closing line")?;
    ensure!(!some || count.passed + count.failed > 0, "no test ran");
    ensure!(
        printed.status.success() || count.failed > 0,
        "the tests broke down"
    );
    Ok(count)
}

/// Whether a line is about a test, and not what the test or the tested printed: tests that ask for
/// trouble print much of it. That is told by the marks around it.
fn told(within: &Cell<bool>, line: &str) -> bool {
    if line.ends_with("output -------") {
        within.set(true);
    }
    let told = !within.get();
    if line.ends_with("output end -----") {
        within.set(false);
    }
    told
}

/// The lines of each test that failed, with all that was printed meanwhile.
fn failures(printed: &str) -> Vec<Vec<&str>> {
    let mut failures = Vec::new();
    let mut lines = Vec::new();
    for line in printed.lines() {
        lines.push(line);
        if line.contains(" ... FAILED") {
            failures.push(std::mem::take(&mut lines));
        } else if line.contains(" ... ok") {
            lines.clear();
        }
    }
    failures
}

/// Reads the closing line.
fn count(printed: &str) -> Option<Count> {
    let closing = |line: &&str| line.starts_with("ok | ") || line.starts_with("FAILED | ");
    let line = printed.lines().rev().find(closing)?;
    Some(Count {
        passed: before(line, " passed"),
        failed: before(line, " failed"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tested_print_is_told_of_failed_tests_only() {
        let printed = "first ...\n------- post-test output -------\nnoise\n\
            ----- post-test output end -----\nfirst ... ok (1ms)\n\
            second ...\n------- output -------\nreason\n----- output end -----\n\
            second ... FAILED (2ms)\nok | 1 passed | 1 failed (9ms)\n";
        let within = Cell::new(false);
        let live: Vec<&str> = printed.lines().filter(|line| told(&within, line)).collect();
        assert!(live.contains(&"first ... ok (1ms)"), "{live:?}");
        assert!(
            !live.contains(&"noise") && !live.contains(&"reason"),
            "{live:?}"
        );
        let failures = failures(printed);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].contains(&"reason") && !failures[0].contains(&"noise"));
    }

    #[test]
    fn the_closing_line_is_understood() {
        let printed = "ok | 3 passed | 0 failed (9ms)\n\nFAILED | 7 passed (12 steps) | 2 failed (1 step) (5s)\n";
        assert_eq!(
            count(printed),
            Some(Count {
                passed: 7,
                failed: 2
            })
        );
        assert_eq!(count("error: no such file"), None);
    }
}
