//! PostgREST 12, the real one, between the gateway and PostgreSQL.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::config::Api;
use crate::keys::Keys;
use crate::ports::Pool;
use crate::supervisor::guard::Guard;
use crate::supervisor::part::{Part, Program};
use crate::supervisor::probe::Probe;

/// Ports of a running PostgREST.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) api: u16,
    /// `/ready` and `/live`.
    pub(crate) admin: u16,
}

/// Starts PostgREST as `authenticator` on `url` and keeps it running.
pub(crate) fn start(
    program: &Path,
    url: &str,
    keys: &Keys,
    config: &Api,
    pool: &Pool,
    logs: &Path,
    guard: Guard,
) -> anyhow::Result<(Part, Ports)> {
    let ports = Ports {
        api: pool.free()?,
        admin: pool.free()?,
    };
    let environment: Vec<(&str, String)> = vec![
        ("PGRST_DB_URI", url.to_owned()),
        ("PGRST_DB_SCHEMAS", config.schemas.join(",")),
        (
            "PGRST_DB_EXTRA_SEARCH_PATH",
            config.extra_search_path.join(","),
        ),
        ("PGRST_DB_MAX_ROWS", config.max_rows.to_string()),
        ("PGRST_DB_ANON_ROLE", "anon".into()),
        ("PGRST_DB_POOL", "20".into()),
        ("PGRST_DB_POOL_ACQUISITION_TIMEOUT", "10".into()),
        ("PGRST_JWT_SECRET", keys.verification_set().to_string()),
        ("PGRST_SERVER_HOST", "127.0.0.1".into()),
        ("PGRST_SERVER_PORT", ports.api.to_string()),
        ("PGRST_ADMIN_SERVER_PORT", ports.admin.to_string()),
        ("PGRST_LOG_LEVEL", "warn".into()),
    ];
    let program = program.to_owned();
    let part = Program {
        name: "postgrest".into(),
        ready: Probe::Answers {
            port: ports.admin,
            path: "/ready",
        },
        stop: Signal::TERM,
        logs: logs.to_owned(),
        command: Box::new(move || {
            let mut command = Command::new(&program);
            command
                .env_clear()
                .envs(environment.iter().map(|(name, value)| (name, value)));
            command
        }),
    };
    Ok((Part::start(part, guard), ports))
}
