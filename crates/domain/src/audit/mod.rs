//! Whether the audit log is what it was: seals over its rows, and their verification.
//!
//! The database seals rows behind its writers; here is the other half, which shares nothing with
//! it but the format in `docs/audit.md`. A seal that somebody kept elsewhere, a [`Witness`], shows
//! what even the database's owner cannot hide: rows and seals rewritten together.

mod hash;
mod verify;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError};
use crate::instant::Instant;

pub use hash::merkle_root;
pub use verify::{Broken, Evidence, Fault, Verdict, verify};

/// What a seal stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SealKind {
    /// Rows of one month in a range of positions.
    Rows,
    /// The rows of the month were exported and dropped.
    Retirement,
}

impl SealKind {
    fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Retirement => "retirement",
        }
    }
}

/// One link of the chain over the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Seal {
    /// 1, 2, 3 … without gaps.
    pub seal_number: i64,
    /// What it stands for.
    pub kind: SealKind,
    /// The month of its rows in UTC, `2025-09`.
    pub month: String,
    /// Its rows lie behind this position.
    pub after_position: i64,
    /// Its rows lie up to this position.
    pub last_position: i64,
    /// How many rows it covers.
    pub row_count: i64,
    /// Root of the Merkle tree over the hashes of its rows, in hexadecimal.
    pub merkle_root: String,
    /// Of a retirement: what was exported and dropped, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// When it was made.
    pub sealed_at: Instant,
    /// The hash of the seal before it; zeros for the first.
    pub previous_hash: String,
    /// The hash of all of the above, in hexadecimal.
    pub seal_hash: String,
}

/// An audit row as its hash covers it: the text of every column, in the order of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedRow(pub Vec<Option<String>>);

impl SealedRow {
    /// Where the position stands among the columns.
    pub const POSITION: usize = 0;
    /// Where the time of the change stands among the columns.
    pub const CHANGED_AT: usize = 12;

    fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// Its place in the order of sealing.
    pub fn position(&self) -> Option<i64> {
        self.text(Self::POSITION)?.parse().ok()
    }

    /// The month of its change.
    pub fn month(&self) -> Option<&str> {
        self.text(Self::CHANGED_AT)?.get(..7)
    }
}

/// Digits of the number of a seal.
const MOST_DIGITS: usize = 15;

/// A seal as it was published: its number and its hash, `12:9f86d0…`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(
        with = "String",
        extend("pattern" = "^[1-9][0-9]{0,14}:[0-9a-f]{64}$")
    )
)]
#[serde(try_from = "String")]
pub struct Witness {
    /// Which seal.
    pub seal_number: i64,
    /// What its hash was.
    pub seal_hash: String,
}

impl TryFrom<String> for Witness {
    type Error = DomainError;

    fn try_from(text: String) -> Result<Self, DomainError> {
        text.parse()
    }
}

/// Compare sealed rows with their seals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyAudit {
    /// The number of the first seal; 1 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = LAST_SEAL)))]
    pub from: Option<i64>,
    /// The number of the last seal; the newest when absent. One request compares 50 at most.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = LAST_SEAL)))]
    pub to: Option<i64>,
    /// A seal as it was published, its number, a colon and its hash, with which the chain must agree.
    #[serde(default)]
    pub published: Option<Witness>,
}

/// The last number of a seal that can be named; every number in JSON up to it is exact.
pub const LAST_SEAL: i64 = (1 << 53) - 1;

impl VerifyAudit {
    /// The range of seals, both ends within it; no end when none was given.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a number that no seal can have, or an end before the beginning.
    pub fn range(&self) -> Result<(i64, Option<i64>), DomainError> {
        let (first, last) = (self.from.unwrap_or(1), self.to);
        let wrong = |field: &str, message: &str, limit: i64| {
            let error = FieldError::new(field, "range").limit(limit);
            DomainError::field(Code::InvalidRequest, message, error)
        };
        if !(1..=LAST_SEAL).contains(&first) {
            return Err(wrong("from", "from is the number of a seal, 1 or more.", 1));
        }
        if last.is_some_and(|last| !(first..=LAST_SEAL).contains(&last)) {
            let message = "to is the number of a seal, not before from.";
            return Err(wrong("to", message, first));
        }
        Ok((first, last))
    }
}

impl FromStr for Witness {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        let read = || {
            let (number, seal_hash) = text.split_once(':')?;
            let plain = number.len() <= MOST_DIGITS
                && number.starts_with(|first| matches!(first, '1'..='9'))
                && number.bytes().all(|digit| digit.is_ascii_digit());
            let seal_number = number.parse().ok().filter(|_| plain)?;
            let digits = seal_hash.len() == 64
                && seal_hash
                    .bytes()
                    .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
            digits.then(|| Self {
                seal_number,
                seal_hash: seal_hash.to_owned(),
            })
        };
        read().ok_or_else(|| {
            DomainError::new(
                Code::InvalidRequest,
                "A published seal is its number, a colon, and the 64 digits of its hash.",
            )
        })
    }
}

#[cfg(test)]
mod tests;
