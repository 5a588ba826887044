//! Pages of lists that stay stable while rows are added.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a page ends: the sort key of its last item, understood by the port that made it.
/// The outermost layer signs it before handing it to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Bookmark(pub Value);

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest {
    /// How many items at most, 1–100.
    pub limit: u32,
    /// Continue after this place; absent: from the beginning.
    pub after: Option<Bookmark>,
    /// Whether to count all items.
    pub count: bool,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: 20,
            after: None,
            count: false,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Where the next page starts; absent on the last one.
    pub next: Option<Bookmark>,
    /// How many items there are in all, when asked for.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
            total: self.total,
        }
    }
}

/// Direction of a sorted list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SortOrder {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    #[default]
    Desc,
}
