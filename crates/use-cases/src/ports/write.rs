//! What the writes of all collections have in common.

use crate::context::StoredAnswer;

/// The revision a write counts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is stored yet.
    New,
    /// Exactly this revision is stored.
    Revision(i64),
}

impl Expected {
    /// The number the database compares with: 0 stands for "nothing yet".
    pub fn number(self) -> i64 {
        match self {
            Self::New => 0,
            Self::Revision(revision) => revision,
        }
    }

    /// The revision that a successful write leaves behind.
    pub fn next(self) -> i64 {
        self.number() + 1
    }
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written<T> {
    /// It was done.
    Done(T),
    /// It had been done before under the same idempotency key; nothing was changed now.
    Replayed(StoredAnswer),
}
