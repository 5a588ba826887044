//! `cargo xtask audit`: whether the audit log is what it was, and its way out by the month.
//!
//! The rows come from the database, the verdict from `domain::audit`: nothing that runs there is trusted.
//! `docs/audit.md` has the format and the steps by hand.

mod chain;
mod export;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use domain::audit::Witness;

pub(crate) use self::chain::{Page, page, verify};

/// What to do with the audit log.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The database as the owner of the schema; without it the one of `cargo xtask stack`.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "SUPABASE_DB_URL",
        default_value = "postgresql://postgres:postgres@127.0.0.1:54322/postgres"
    )]
    db_url: String,
}

#[derive(Subcommand)]
enum Action {
    /// Compare every sealed row with its seal, and the chain of seals with published ones.
    Verify {
        /// A seal that was published, `NUMBER:HASH`; may be given several times.
        #[arg(long = "seal", value_name = "NUMBER:HASH")]
        seals: Vec<Witness>,
        /// A file with the rows of a month that was dropped, to be compared too.
        #[arg(long = "export", value_name = "FILE")]
        exports: Vec<PathBuf>,
    },
    /// Write the rows of a month into a file and note that it exists; the condition for dropping them.
    Export {
        /// The month in UTC, such as 2026-10.
        month: String,
        /// The file; must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Where the file is going to be kept; its path without it.
        #[arg(long)]
        location: Option<String>,
    },
    /// Drop the rows of a month that was exported. The chain keeps its seals and says so.
    Retire {
        /// The month in UTC.
        month: String,
        /// How old it has to be.
        #[arg(long, default_value = "1 year")]
        keep: String,
    },
}

/// Does it and tells what was found.
///
/// # Errors
/// When a seal does not hold, or the database refuses.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let client = chain::connect(&arguments.db_url).await?;
    match arguments.action {
        Action::Verify { seals, exports } => {
            let exported = export::read(&exports)?;
            let findings = verify(&client, &seals, &exported).await?;
            print!("{findings}");
            match findings.broken {
                None => Ok(()),
                Some(broken) => bail!("seal {} is broken", broken.seal_number),
            }
        }
        Action::Export {
            month,
            to,
            location,
        } => export::write(&client, &month, &to, location.as_deref()).await,
        Action::Retire { month, keep } => export::retire(&client, &month, &keep).await,
    }
}
