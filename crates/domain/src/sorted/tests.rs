use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn a_map_does_what_a_tree_does() {
    let keys = [5, 1, 9, 3, 1, 7, 5, 2, 8, 0];
    let entries = || keys.iter().enumerate().map(|(n, key)| (*key, n));
    let mut map: SortedMap<i32, usize> = entries().collect();
    let mut tree: BTreeMap<i32, usize> = entries().collect();
    let mut added = SortedMap::new();
    for (key, value) in entries() {
        added.insert(key, value);
    }
    assert_eq!(map, added);
    for key in -1..11 {
        assert_eq!(map.get(&key), tree.get(&key));
        assert_eq!(map.contains_key(&key), tree.contains_key(&key));
        *map.entry(key).or_default() += 1;
        *tree.entry(key).or_default() += 1;
    }
    assert!(map.range(2..=8).eq(tree.range(2..=8)));
    assert!(map.range(..3).eq(tree.range(..3)));
    assert!(map.range(30..).eq(tree.range(30..)));
    for key in [3, 30, -1] {
        assert_eq!(map.remove(&key), tree.remove(&key));
    }
    map.retain(|key, _| key % 2 == 0);
    tree.retain(|key, _| key % 2 == 0);
    assert!(map.iter().eq(tree.iter()) && map.len() == tree.len());
    assert!(map.keys().eq(tree.keys()) && map.values().eq(tree.values()));
    assert_eq!(format!("{map:?}"), format!("{tree:?}"));
    assert_eq!(
        serde_json::to_string(&map).unwrap(),
        serde_json::to_string(&tree).unwrap()
    );
    assert!(map.into_iter().eq(tree));
}

#[test]
fn a_set_does_what_a_tree_does() {
    let items = ["b", "a", "d", "b", "c"];
    let mut set: SortedSet<&str> = items.into_iter().collect();
    let mut tree: BTreeSet<&str> = items.into_iter().collect();
    for item in ["a", "e", "c"] {
        assert_eq!(set.insert(item), tree.insert(item));
        assert_eq!(set.contains(item), tree.contains(item));
    }
    assert_eq!(set.remove("d"), tree.remove("d"));
    assert_eq!((set.first(), set.last()), (tree.first(), tree.last()));
    assert_eq!(set.pop_first(), tree.pop_first());
    assert!(set.iter().eq(tree.iter()) && set.len() == tree.len());
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(text, serde_json::to_string(&tree).unwrap());
    assert_eq!(serde_json::from_str::<SortedSet<&str>>(&text).unwrap(), set);
}

#[test]
fn sorting_keeps_equals_in_order() {
    let mut words = vec!["pear", "fig", "plum", "nut", "apple"];
    sort_by_key(&mut words, |word| word.len());
    assert_eq!(words, ["fig", "nut", "pear", "plum", "apple"]);
    for seed in 0..50_usize {
        let mut numbers: Vec<usize> = (0..60)
            .map(|n| (n * (seed + 7) + seed * n * n) % 41)
            .collect();
        let mut expected = numbers.clone();
        expected.sort_unstable();
        sort(&mut numbers);
        assert_eq!(numbers, expected);
    }
}
