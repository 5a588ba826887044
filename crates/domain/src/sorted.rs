//! Sorted lists that serve as maps and sets, and sorting itself.
//!
//! The standard library's trees and sorts are compiled once more for every type they are used
//! with, at 5 to 20 KB. These are a tenth of that, and fast enough for what one model holds:
//! finding is a binary search, adding moves pointers.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

mod map;
mod set;

pub use map::{Entry, SortedMap};
pub use set::SortedSet;

/// Sorts a list; equal items keep their order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut order = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    for place in 0..items.len() {
        // What stood before this place was swapped away; its trace leads to where it is.
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        order[place] = from;
        items.swap(place, from);
    }
}

/// Sorts a list by the order of its items.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts a list by something that its items have; equal items keep their order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// The places of the items in the order in which they should stand: the one sort that is compiled.
fn order(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

/// Where a key stands, or else where it belongs.
fn place<T, K: Borrow<Q>, Q: Ord + ?Sized>(
    items: &[T],
    key_of: impl Fn(&T) -> &K,
    key: &Q,
) -> Result<usize, usize> {
    let compare = |item: &T| key_of(item).borrow().cmp(key);
    match items.last().map(&compare) {
        // What comes in order is the usual case.
        None | Some(Ordering::Less) => Err(items.len()),
        Some(Ordering::Equal) => Ok(items.len() - 1),
        Some(Ordering::Greater) => items.binary_search_by(compare),
    }
}

#[cfg(test)]
mod tests;
