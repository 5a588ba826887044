//! Cutting a sorted list into pages.

use serde_json::Value;

use crate::ports::{Bookmark, Page, PageRequest};

/// The wanted part of a whole list; a page ends at its last item's key.
pub(super) fn page<T>(all: Vec<T>, key: impl Fn(&T) -> Value, request: &PageRequest) -> Page<T> {
    let total = request.count.then_some(all.len() as u64);
    let start = match &request.after {
        None => 0,
        Some(Bookmark(last)) => all
            .iter()
            .position(|item| key(item) == *last)
            .map_or(all.len(), |place| place + 1),
    };
    let limit = request.limit as usize;
    let more = all.len() > start + limit;
    let items: Vec<T> = all.into_iter().skip(start).take(limit).collect();
    let next = items
        .last()
        .filter(|_| more)
        .map(|item| Bookmark(key(item)));
    Page { items, next, total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_until_the_list_ends() {
        let mut request = PageRequest {
            limit: 2,
            count: true,
            ..PageRequest::default()
        };
        let all = || vec![5, 4, 3];
        let first = page(all(), |n| Value::from(*n), &request);
        assert_eq!((first.items, first.total), (vec![5, 4], Some(3)));
        request.after = first.next;
        let second = page(all(), |n| Value::from(*n), &request);
        assert_eq!((second.items, second.next), (vec![3], None));
    }
}
