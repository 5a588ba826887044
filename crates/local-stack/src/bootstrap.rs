//! What a Supabase project has before its first migration: roles, schemas,
//! functions, default privileges, stand-ins for cron, net and vault.

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use crate::database::Database;

/// In the order in which they run, each as one transaction of the superuser.
const FILES: &[(&str, &str)] = &[
    ("01_roles", include_str!("../bootstrap/01_roles.sql")),
    ("02_schemas", include_str!("../bootstrap/02_schemas.sql")),
    ("03_auth", include_str!("../bootstrap/03_auth.sql")),
    ("04_storage", include_str!("../bootstrap/04_storage.sql")),
    ("05_realtime", include_str!("../bootstrap/05_realtime.sql")),
    ("06_cron", include_str!("../bootstrap/06_cron.sql")),
    ("07_net", include_str!("../bootstrap/07_net.sql")),
    ("08_vault", include_str!("../bootstrap/08_vault.sql")),
    (
        "09_schema_cache",
        include_str!("../bootstrap/09_schema_cache.sql"),
    ),
];

/// Changes with every edit of a bootstrap file.
pub(crate) fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for (name, sql) in FILES {
        hash.update(name);
        hash.update([0]);
        hash.update(sql);
        hash.update([0]);
    }
    format!("{:x}", hash.finalize())
}

/// Runs every file once.
pub(crate) async fn run(superuser: &Database) -> anyhow::Result<()> {
    let connection = superuser.connect().await?;
    for (name, sql) in FILES {
        connection
            .batch_execute(sql)
            .await
            .with_context(|| format!("running bootstrap/{name}.sql"))?;
    }
    Ok(())
}

/// Tells the database where the functions are and with which key to call them,
/// as the owner of a real project does once by hand.
pub(crate) async fn store_secrets(
    superuser: &Database,
    api_url: &str,
    secret_key: &str,
) -> anyhow::Result<()> {
    let connection = superuser.connect().await?;
    for (name, value) in [("project_url", api_url), ("worker_key", secret_key)] {
        let context = || format!("storing the secret {name}");
        connection
            .execute("delete from vault.secrets where name = $1", &[&name])
            .await
            .with_context(context)?;
        connection
            .execute(
                "select vault.create_secret($1, $2, 'made at start')",
                &[&value, &name],
            )
            .await
            .with_context(context)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bootstrap_file_is_run_in_the_order_of_names() {
        let mut names: Vec<_> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/bootstrap"))
                .unwrap()
                .map(|entry| {
                    entry
                        .unwrap()
                        .path()
                        .file_stem()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned()
                })
                .collect();
        names.sort();
        assert_eq!(
            FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            names
        );
    }
}
