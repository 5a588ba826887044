//! The hashes of the format: of rows, of trees of rows, of seals.
//!
//! A first byte tells the three kinds apart, so that none can be passed off as another.

use sha2::{Digest, Sha256};

use super::{Seal, SealedRow};

const LEAF: u8 = 0;
const NODE: u8 = 1;
const SEAL: u8 = 2;
/// The format of seals, their first field.
const FORMAT: &str = "1";
/// The length that stands for "no value".
const ABSENT: u32 = u32::MAX;

/// 32 bytes.
pub(super) type Hash = [u8; 32];

impl SealedRow {
    /// The leaf that stands for this row.
    pub(super) fn hash(&self) -> Hash {
        fields(LEAF, self.0.iter().map(Option::as_deref))
    }
}

impl Seal {
    /// The hash that this seal should have.
    pub fn expected_hash(&self) -> String {
        let [number, after, last, count] = [
            self.seal_number,
            self.after_position,
            self.last_position,
            self.row_count,
        ]
        .map(|number| number.to_string());
        let sealed_at = self.sealed_at.to_string();
        let parts = [
            Some(FORMAT),
            Some(&number),
            Some(self.kind.word()),
            Some(&self.month),
            Some(&after),
            Some(&last),
            Some(&count),
            Some(&self.merkle_root),
            self.details.as_deref(),
            Some(&sealed_at),
            Some(&self.previous_hash),
        ];
        hex(&fields(SEAL, parts.into_iter()))
    }
}

/// The root over rows, as their seal should hold it.
pub fn merkle_root<'a>(rows: impl IntoIterator<Item = &'a SealedRow>) -> String {
    hex(&root(rows.into_iter().map(SealedRow::hash)))
}

/// Every field as its length in four bytes and its text.
fn fields<'a>(kind: u8, parts: impl Iterator<Item = Option<&'a str>>) -> Hash {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in parts {
        let length = part.map_or(ABSENT, |text| u32::try_from(text.len()).unwrap_or(ABSENT));
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.finalize().into()
}

/// The root of the tree over leaves: neighbours are joined level by level, and one without a
/// neighbour goes up as it is.
pub(super) fn root(leaves: impl Iterator<Item = Hash>) -> Hash {
    let mut level: Vec<Hash> = leaves.collect();
    if level.is_empty() {
        return Sha256::digest([]).into();
    }
    while level.len() > 1 {
        level = level.chunks(2).map(join).collect();
    }
    level[0]
}

fn join(pair: &[Hash]) -> Hash {
    let [left, right] = pair else { return pair[0] };
    let joined = Sha256::new().chain_update([NODE]);
    joined
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// In small hexadecimal digits.
pub(super) fn hex(hash: &Hash) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}
