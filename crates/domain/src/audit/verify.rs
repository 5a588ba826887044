//! Compares rows with their seals, and seals with each other and with a published one.

use serde::{Deserialize, Serialize};

use super::hash::merkle_root;
use super::{Seal, SealKind, SealedRow, Witness};

/// What is compared: some seals in a row, and every row in their ranges.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The number the first of the seals should have.
    pub first: i64,
    /// The seal before, when there is one.
    pub previous: Option<&'a Seal>,
    /// The seals, in their order.
    pub seals: &'a [Seal],
    /// The retirements of the whole chain.
    pub retirements: &'a [Seal],
    /// The rows in the order of their positions; from the beginning of the log, if the seals are.
    pub rows: &'a [SealedRow],
}

/// What is wrong with a seal or with what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// There is no seal of this number.
    SealMissing,
    /// The seal's own hash is not that of its fields.
    SealChanged,
    /// It does not follow the seal before it.
    SealUnchained,
    /// It is not the one that was published under its number.
    UnlikePublished,
    /// There are fewer rows than it covers.
    RowsMissing,
    /// There are more rows than it covers.
    RowsAdded,
    /// Its rows are not those it covers, or not in their order.
    RowsChanged,
}

/// The first seal that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// Its number.
    pub seal_number: i64,
    /// What is wrong.
    pub fault: Fault,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Seals that were looked at.
    pub seals: usize,
    /// Rows that were looked at.
    pub rows: usize,
    /// Seals whose rows were exported and dropped, so that only the chain could be looked at.
    pub retired: usize,
    /// The first seal that does not hold, if any.
    pub broken: Option<Broken>,
}

impl Witness {
    /// What a chain that ends before the published seal is: broken where it ends.
    pub fn beyond(&self, newest: i64) -> Option<Broken> {
        (self.seal_number > newest).then_some(Broken {
            seal_number: newest.saturating_add(1),
            fault: Fault::SealMissing,
        })
    }
}

/// Looks for any edit, removal, addition, reordering or truncation at or before the last seal.
///
/// The end of the chain is only as certain as the witness: see [`Witness::beyond`].
pub fn verify(evidence: &Evidence<'_>, witness: Option<&Witness>) -> Verdict {
    let covered = assign(evidence);
    let pairs = evidence.seals.iter().zip(&covered.rows);
    let row_faults = pairs.filter_map(|(seal, rows)| row_fault(evidence, seal, rows));
    let chain_faults = chain_faults(evidence, witness);
    let faults = chain_faults
        .into_iter()
        .chain(row_faults)
        .chain(covered.stray);
    Verdict {
        seals: evidence.seals.len(),
        rows: evidence.rows.len(),
        retired: evidence
            .seals
            .iter()
            .filter(|seal| is_retired(evidence, seal))
            .count(),
        // Of two faults of one seal the first: what is wrong with the chain explains the rest.
        broken: faults.min_by_key(|broken| broken.seal_number),
    }
}

/// Which rows belong to which seal, by place, and the first place of a row that no seal covers.
struct Covered<'a> {
    rows: Vec<Vec<&'a SealedRow>>,
    stray: Option<Broken>,
}

fn assign<'a>(evidence: &Evidence<'a>) -> Covered<'a> {
    let mut covered = Covered {
        rows: vec![Vec::new(); evidence.seals.len()],
        stray: None,
    };
    let mut last = i64::MIN;
    for row in evidence.rows {
        let position = row.position().unwrap_or(i64::MIN);
        let from = place(evidence, position);
        let ranges = evidence.seals.iter().enumerate().skip(from);
        let mut holding = ranges.take_while(|(_, seal)| seal.after_position < position);
        let own = holding.find(|(_, seal)| {
            seal.kind == SealKind::Rows && row.month() == Some(seal.month.as_str())
        });
        if let Some((place, _)) = own {
            covered.rows[place].push(row);
        } else {
            covered.add_stray(stray(evidence, from, row));
        }
        if position <= last {
            let seal = evidence.seals.get(from);
            covered.add_stray(seal.map(|seal| broken(seal, Fault::RowsChanged)));
        }
        last = last.max(position);
    }
    covered
}

/// The place of the first seal that may cover a position.
fn place(evidence: &Evidence<'_>, position: i64) -> usize {
    let ends_before = |seal: &Seal| seal.last_position < position;
    evidence.seals.partition_point(ends_before)
}

/// What a row means that no seal covers; one behind the last of the seals means nothing yet.
fn stray(evidence: &Evidence<'_>, from: usize, row: &SealedRow) -> Option<Broken> {
    let seal = evidence.seals.get(from)?;
    // Its range may have had a seal for its month behind the last one that is left.
    let end = evidence.seals.last()?;
    let cut = end.last_position == seal.last_position && row.month() > Some(end.month.as_str());
    if cut && row.position()? > end.after_position {
        return Some(missing(end.seal_number.saturating_add(1)));
    }
    Some(broken(seal, Fault::RowsAdded))
}

impl Covered<'_> {
    fn add_stray(&mut self, stray: Option<Broken>) {
        let strays = self.stray.into_iter().chain(stray);
        self.stray = strays.min_by_key(|stray| stray.seal_number);
    }
}

fn missing(seal_number: i64) -> Broken {
    Broken {
        seal_number,
        fault: Fault::SealMissing,
    }
}

fn broken(seal: &Seal, fault: Fault) -> Broken {
    Broken {
        seal_number: seal.seal_number,
        fault,
    }
}

fn chain_faults(evidence: &Evidence<'_>, witness: Option<&Witness>) -> Vec<Broken> {
    let mut faults = Vec::new();
    let mut before = evidence.previous;
    match before {
        None if evidence.first > 1 => faults.push(missing(evidence.first - 1)),
        Some(seal) if seal.expected_hash() != seal.seal_hash => {
            faults.push(broken(seal, Fault::SealChanged));
        }
        _ => {}
    }
    for (expected, seal) in (evidence.first..).zip(evidence.seals) {
        if seal.seal_number != expected {
            // Whatever stands here under another number: the chain ends before it.
            faults.push(missing(expected));
            return faults;
        }
        if seal.expected_hash() != seal.seal_hash {
            faults.push(broken(seal, Fault::SealChanged));
        } else if !follows(before, seal) {
            faults.push(broken(seal, Fault::SealUnchained));
        } else if witness.is_some_and(|witness| {
            witness.seal_number == seal.seal_number && witness.seal_hash != seal.seal_hash
        }) {
            faults.push(broken(seal, Fault::UnlikePublished));
        }
        before = Some(seal);
    }
    faults
}

/// Whether a seal names the one before it, and its range goes on where that one ended.
fn follows(before: Option<&Seal>, seal: &Seal) -> bool {
    let Some(before) = before else {
        let nothing = seal.previous_hash.bytes().all(|digit| digit == b'0');
        return nothing && seal.after_position == 0;
    };
    let goes_on = seal.after_position == before.last_position;
    let same_range = seal.after_position == before.after_position
        && seal.last_position == before.last_position
        && seal.kind == SealKind::Rows
        && before.kind == SealKind::Rows
        && seal.month > before.month;
    seal.previous_hash == before.seal_hash && (goes_on || same_range)
}

fn is_retired(evidence: &Evidence<'_>, seal: &Seal) -> bool {
    seal.kind == SealKind::Rows
        && evidence.retirements.iter().any(|retirement| {
            retirement.month == seal.month && retirement.seal_number > seal.seal_number
        })
}

fn row_fault(evidence: &Evidence<'_>, seal: &Seal, rows: &[&SealedRow]) -> Option<Broken> {
    let expected = match is_retired(evidence, seal) {
        true => 0,
        false => usize::try_from(seal.row_count).unwrap_or(0),
    };
    let fault = match rows.len().cmp(&expected) {
        std::cmp::Ordering::Less => Some(Fault::RowsMissing),
        std::cmp::Ordering::Greater => Some(Fault::RowsAdded),
        std::cmp::Ordering::Equal => (expected > 0
            && merkle_root(rows.iter().copied()) != seal.merkle_root)
            .then_some(Fault::RowsChanged),
    };
    fault.map(|fault| broken(seal, fault))
}
