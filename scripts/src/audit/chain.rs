//! Reads the chain page by page and has each page judged.

use std::fmt;

use anyhow::Context;
use domain::audit::{Broken, Evidence, Seal, SealedRow, Witness};
use serde::Deserialize;
use tokio_postgres::{Client, NoTls};

/// Seals that are read at once.
const SEALS: i32 = 50;

/// Seals in a row, and what they are compared with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    /// The seal before the first.
    pub(crate) previous: Option<Seal>,
    /// The seals.
    pub(crate) seals: Vec<Seal>,
    /// All retirements there are.
    pub(crate) retirements: Vec<Seal>,
    /// Every row in the range of the seals.
    pub(crate) rows: Vec<SealedRow>,
    /// The number that the first seal should have.
    pub(crate) first_seal: i64,
    /// The number that the last seal should have.
    pub(crate) last_seal: i64,
    /// The number of the newest seal.
    pub(crate) newest_seal: i64,
}

impl Page {
    /// What there is to judge.
    pub(crate) fn evidence(&self) -> Evidence<'_> {
        Evidence {
            first: self.first_seal,
            previous: self.previous.as_ref(),
            seals: &self.seals,
            retirements: &self.retirements,
            rows: &self.rows,
        }
    }

    /// Judges the page by itself.
    pub(crate) fn broken(&self, witnesses: &[Witness]) -> Option<Broken> {
        let verdict = |witness| domain::audit::verify(&self.evidence(), witness).broken;
        let found = match witnesses {
            [] => verdict(None),
            some => {
                let each = some.iter().filter_map(|witness| verdict(Some(witness)));
                each.min_by_key(|broken| broken.seal_number)
            }
        };
        // A page that is shorter than announced has lost its end.
        let read = i64::try_from(self.seals.len()).unwrap_or(i64::MAX);
        let end = self.first_seal.saturating_add(read);
        found.or((end <= self.last_seal).then_some(Broken {
            seal_number: end,
            fault: domain::audit::Fault::SealMissing,
        }))
    }
}

/// What is said of the whole log.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The number and hash of the newest seal.
    pub(crate) newest: Option<Witness>,
    /// Rows that were compared.
    pub(crate) rows: usize,
    /// Seals of rows that were dropped.
    pub(crate) retired: usize,
    /// Rows that wait for their seal.
    pub(crate) unsealed: i64,
    /// The first seal that does not hold.
    pub(crate) broken: Option<Broken>,
    retirements: Vec<Seal>,
}

/// Judges the whole log. `exported` are rows of months that were dropped.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn verify(
    client: &Client,
    witnesses: &[Witness],
    exported: &[SealedRow],
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let mut after = 0;
    loop {
        let mut found = page(client, after, SEALS).await?;
        add_exported(&mut found, exported);
        let verdict = domain::audit::verify(&found.evidence(), None);
        findings.rows += verdict.rows;
        findings.retired += verdict.retired;
        findings.broken = findings.broken.or(found.broken(witnesses));
        if let Some(seal) = found.seals.last() {
            findings.newest = Some(Witness {
                seal_number: seal.seal_number,
                seal_hash: seal.seal_hash.clone(),
            });
        }
        after = found.last_seal;
        if after >= found.newest_seal || findings.broken.is_some() {
            findings.retirements = found.retirements;
            break;
        }
    }
    let beyond = witnesses
        .iter()
        .filter_map(|witness| witness.beyond(after))
        .min_by_key(|broken| broken.seal_number);
    findings.broken = findings.broken.or(beyond);
    findings.unsealed = unsealed(client).await?;
    Ok(findings)
}

/// Adds the rows of dropped months that are at hand, so that their seals are judged like others.
fn add_exported(page: &mut Page, exported: &[SealedRow]) {
    let (Some(first), Some(last)) = (page.seals.first(), page.seals.last()) else {
        return;
    };
    let range = first.after_position + 1..=last.last_position;
    let months: Vec<&str> = exported.iter().filter_map(SealedRow::month).collect();
    page.retirements
        .retain(|retirement| !months.contains(&retirement.month.as_str()));
    let inside = exported
        .iter()
        .filter(|row| row.position().is_some_and(|it| range.contains(&it)));
    page.rows.extend(inside.cloned());
    page.rows.sort_by_key(SealedRow::position);
}

/// Some seals behind a number, with everything they are compared with.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn page(client: &Client, after: i64, seals: i32) -> anyhow::Result<Page> {
    let statement = "select private.read_sealed_rows($1, $2)::text";
    let row = client.query_one(statement, &[&after, &seals]).await?;
    serde_json::from_str(row.get(0)).context("reading seals")
}

async fn unsealed(client: &Client) -> anyhow::Result<i64> {
    let statement = "select count(*) from public.audit_logs
        where position > (select coalesce(max(last_position), 0) from public.audit_seals)";
    Ok(client.query_one(statement, &[]).await?.get(0))
}

/// Connects to the database.
///
/// # Errors
/// When it does not answer.
pub(super) async fn connect(url: &str) -> anyhow::Result<Client> {
    let connecting = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connecting.context(
        "the database does not answer; start it with `cargo xtask stack`, or name it with --db-url",
    )?;
    tokio::spawn(connection);
    Ok(client)
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.newest {
            None => writeln!(f, "nothing is sealed yet")?,
            Some(Witness {
                seal_number,
                seal_hash,
            }) => {
                let rows = self.rows;
                writeln!(f, "{rows} rows under {seal_number} seals")?;
                writeln!(f, "newest seal: {seal_number}:{seal_hash}")?;
            }
        }
        writeln!(f, "{} rows wait for their seal", self.unsealed)?;
        for retirement in &self.retirements {
            let (month, number) = (&retirement.month, retirement.seal_number);
            let details = retirement.details.as_deref().unwrap_or_default();
            writeln!(f, "{month} was dropped (seal {number}): {details}")?;
        }
        if self.retired > 0 {
            let retired = self.retired;
            writeln!(
                f,
                "{retired} seals of dropped rows: only their chain was compared"
            )?;
        }
        match self.broken {
            None => writeln!(f, "every seal holds"),
            Some(broken) => {
                let (number, fault) = (broken.seal_number, broken.fault);
                writeln!(f, "the first broken seal is {number}: {fault:?}")
            }
        }
    }
}
