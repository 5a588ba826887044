//! The end-to-end tests: supabase-js against a running stack, of which they know the address and the keys.

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
    let printed = program.env("NO_COLOR", "1").output_shown().await?;
    let count = count(&printed.stdout).context("the tests ended without a closing line")?;
    ensure!(!some || count.passed + count.failed > 0, "no test ran");
    ensure!(
        printed.status.success() || count.failed > 0,
        "the tests broke down"
    );
    Ok(count)
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
