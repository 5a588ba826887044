use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::hash::{Hash, hex, root};
use super::*;

const OTHER: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn row(position: i64, month: &str, text: &str) -> SealedRow {
    let mut fields = vec![None; 17];
    fields[SealedRow::POSITION] = Some(position.to_string());
    fields[SealedRow::CHANGED_AT] = Some(format!("{month}-05 10:00:00.123456+00"));
    fields[10] = Some(text.to_owned());
    SealedRow(fields)
}

/// A log of batches; every batch is a list of months and how many rows it has of each.
#[derive(Clone, Debug, Default)]
struct Log {
    seals: Vec<Seal>,
    rows: Vec<SealedRow>,
}

impl Log {
    fn of(batches: &[&[(&str, i64)]]) -> Self {
        let mut log = Self::default();
        for batch in batches {
            log.seal(batch);
        }
        log
    }

    fn end(&self) -> i64 {
        self.seals.last().map_or(0, |seal| seal.last_position)
    }

    fn seal(&mut self, batch: &[(&str, i64)]) {
        let (after, mut position) = (self.end(), self.end());
        let first = self.rows.len();
        for (month, count) in batch {
            for _ in 0..*count {
                position += 1;
                self.rows
                    .push(row(position, month, &format!("row {position}")));
            }
        }
        let rows = self.rows[first..].to_vec();
        for (month, count) in batch {
            let own = rows.iter().filter(|row| row.month() == Some(month));
            let merkle_root = merkle_root(own);
            self.append(
                SealKind::Rows,
                month,
                (after, position),
                *count,
                merkle_root,
            );
        }
    }

    fn retire(&mut self, month: &str) {
        self.rows.retain(|row| row.month() != Some(month));
        let end = self.end();
        let nothing = hex(&root(std::iter::empty()));
        self.append(SealKind::Retirement, month, (end, end), 0, nothing);
    }

    fn append(&mut self, kind: SealKind, month: &str, range: (i64, i64), count: i64, root: String) {
        let previous = self.seals.last();
        let mut seal = Seal {
            seal_number: previous.map_or(1, |seal| seal.seal_number + 1),
            kind,
            month: month.to_owned(),
            after_position: range.0,
            last_position: range.1,
            row_count: count,
            merkle_root: root,
            details: (kind == SealKind::Retirement).then(|| "{}".to_owned()),
            sealed_at: Instant::from_millis(1_757_000_000_000),
            previous_hash: previous.map_or("0".repeat(64), |seal| seal.seal_hash.clone()),
            seal_hash: String::new(),
        };
        seal.seal_hash = seal.expected_hash();
        self.seals.push(seal);
    }

    /// Makes seals hold again from a number on, as the database's owner can.
    fn reseal(&mut self, from: usize) {
        for place in from..self.seals.len() {
            let (before, rest) = self.seals.split_at_mut(place);
            let seal = &mut rest[0];
            let rows = self.rows.iter().filter(|row| {
                let position = row.position().unwrap();
                (seal.after_position + 1..=seal.last_position).contains(&position)
                    && row.month() == Some(&seal.month)
            });
            let rows: Vec<&SealedRow> = rows.collect();
            seal.row_count = i64::try_from(rows.len()).unwrap();
            seal.merkle_root = merkle_root(rows);
            if let Some(before) = before.last() {
                seal.previous_hash.clone_from(&before.seal_hash);
            }
            seal.seal_hash = seal.expected_hash();
        }
    }

    fn verdict(&self, witness: Option<&Witness>) -> Verdict {
        let retirements: Vec<Seal> = self
            .seals
            .iter()
            .filter(|seal| seal.kind == SealKind::Retirement)
            .cloned()
            .collect();
        let evidence = Evidence {
            first: 1,
            previous: None,
            seals: &self.seals,
            retirements: &retirements,
            rows: &self.rows,
        };
        verify(&evidence, witness)
    }

    fn witness(&self) -> Witness {
        let seal = self.seals.last().unwrap();
        Witness {
            seal_number: seal.seal_number,
            seal_hash: seal.seal_hash.clone(),
        }
    }
}

/// Four batches; the third holds rows of two months: seals 3 and 4.
fn log() -> Log {
    let (may, june) = ("2025-05", "2025-06");
    Log::of(&[
        &[(may, 3)],
        &[(may, 1)],
        &[(may, 2), (june, 5)],
        &[(june, 4)],
    ])
}

fn check(tamper: impl FnOnce(&mut Log), expected: impl Into<Option<(i64, Fault)>>) {
    let mut log = log();
    let witness = log.witness();
    tamper(&mut log);
    let verdict = log.verdict(Some(&witness));
    let end = log.seals.last().map_or(0, |seal| seal.seal_number);
    let broken = verdict.broken.or_else(|| witness.beyond(end));
    let found = broken.map(|broken| (broken.seal_number, broken.fault));
    assert_eq!(found, expected.into());
}

#[test]
fn trees_are_those_of_certificate_transparency() {
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"PQRSTUVW",
        b"`abcdefghijklmno",
    ];
    let leaf = |input: &&[u8]| -> Hash {
        Sha256::new()
            .chain_update([0])
            .chain_update(input)
            .finalize()
            .into()
    };
    for (count, expected) in [
        (
            0,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            1,
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        ),
        (
            3,
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        ),
        (
            5,
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        ),
        (
            8,
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ] {
        assert_eq!(
            hex(&root(inputs[..count].iter().map(leaf))),
            expected,
            "{count}"
        );
    }
}

#[test]
fn texts_do_not_run_into_each_other() {
    let some = |text: &str| Some(text.to_owned());
    let rows = [
        vec![some("ab"), some("c")],
        vec![some("a"), some("bc")],
        vec![some("abc"), some("")],
        vec![some("abc"), None],
        vec![None, some("abc")],
        vec![some("abc")],
    ];
    let mut hashes: Vec<Hash> = rows.map(SealedRow).iter().map(SealedRow::hash).collect();
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

#[test]
fn an_untouched_log_holds() {
    let verdict = log().verdict(Some(&log().witness()));
    assert_eq!((verdict.seals, verdict.rows, verdict.retired), (5, 15, 0));
    assert_eq!(verdict.broken, None);
}

#[test]
fn what_happened_to_rows_is_found_and_named() {
    use Fault::{RowsAdded, RowsChanged, RowsMissing};
    check(
        |log| log.rows[4].0[10] = Some("else".into()),
        (3, RowsChanged),
    );
    check(
        |log| log.rows[14].0[3] = Some(String::new()),
        (5, RowsChanged),
    );
    check(|log| drop(log.rows.remove(3)), (2, RowsMissing));
    check(|log| log.rows.truncate(9), (4, RowsMissing));
    check(|log| log.rows.clear(), (1, RowsMissing));
    check(
        |log| log.rows.insert(5, row(6, "2025-06", "new")),
        // Two rows of one place: whichever is wrong, the first seal of their range is.
        (3, RowsChanged),
    );
    check(
        |log| log.rows.insert(5, row(6, "2025-04", "new")),
        (3, RowsAdded),
    );
    check(
        |log| log.rows.insert(0, row(-1, "2025-05", "new")),
        (1, RowsAdded),
    );
    check(
        |log| log.rows.insert(0, SealedRow(Vec::new())),
        (1, RowsAdded),
    );
    check(|log| log.rows.swap(0, 2), (1, RowsChanged));
    // Two rows trade places across seals.
    check(
        |log| {
            let (one, other) = (log.rows[1].0[0].clone(), log.rows[13].0[0].clone());
            (log.rows[1].0[0], log.rows[13].0[0]) = (other, one);
            log.rows.swap(1, 13);
        },
        (1, RowsMissing),
    );
    // What is not sealed yet is not judged.
    check(|log| log.rows.push(row(99, "2025-06", "new")), None);
}

#[test]
fn what_happened_to_seals_is_found_and_named() {
    use Fault::{RowsMissing, SealChanged, SealMissing, SealUnchained};
    check(|log| log.seals[2].row_count += 1, (3, SealChanged));
    check(|log| drop(log.seals.remove(1)), (2, SealMissing));
    check(|log| drop(log.seals.remove(0)), (1, SealMissing));
    check(|log| log.seals.swap(1, 2), (2, SealMissing));
    check(|log| log.seals.truncate(3), (4, SealMissing));
    check(|log| log.seals.clear(), (1, SealMissing));
    check(
        |log| {
            log.seals[1].previous_hash = OTHER.into();
            log.seals[1].seal_hash = log.seals[1].expected_hash();
        },
        (2, SealUnchained),
    );
    // A range that leaves out a row, in a seal that is right otherwise.
    check(
        |log| {
            log.rows.remove(3);
            log.seals[2].after_position += 1;
            log.seals[2].seal_hash = log.seals[2].expected_hash();
        },
        (2, RowsMissing),
    );
}

#[test]
fn rows_and_seals_rewritten_together_are_unlike_the_published_one() {
    check(
        |log| {
            log.rows[4].0[10] = Some("else".into());
            log.reseal(2);
        },
        (5, Fault::UnlikePublished),
    );
    check(
        |log| {
            log.rows.truncate(4);
            log.seals.truncate(2);
        },
        (3, Fault::SealMissing),
    );
}

#[test]
fn dropped_months_leave_their_chain() {
    let mut log = log();
    log.retire("2025-05");
    log.seal(&[("2025-06", 2)]);
    let verdict = log.verdict(None);
    assert_eq!((verdict.broken, verdict.retired), (None, 3));
    let mut again = log.clone();
    again.rows.insert(0, row(1, "2025-05", "row 1"));
    assert_eq!(again.verdict(None).broken.unwrap().fault, Fault::RowsAdded);
    // Without its retirement a month may not be missing.
    log.seals.pop();
    log.seals.pop();
    assert_eq!(
        log.verdict(None).broken,
        Some(Broken {
            seal_number: 1,
            fault: Fault::RowsMissing
        })
    );
}

#[test]
fn a_part_of_the_chain_hangs_on_the_seal_before_it() {
    let log = log();
    let part = |previous: Option<&Seal>| {
        let evidence = Evidence {
            first: 3,
            previous,
            seals: &log.seals[2..],
            retirements: &[],
            rows: &log.rows[4..],
        };
        verify(&evidence, None).broken
    };
    assert_eq!(part(Some(&log.seals[1])), None);
    assert_eq!(part(None).unwrap().seal_number, 2);
    let mut changed = log.seals[1].clone();
    changed.month = "2024-01".into();
    assert_eq!(part(Some(&changed)).unwrap().fault, Fault::SealChanged);
}

#[test]
fn a_published_seal_is_a_number_and_a_hash() {
    let read = |text: String| text.parse::<Witness>().ok();
    let witness = read(format!("12:{OTHER}")).unwrap();
    assert_eq!(
        (witness.seal_number, witness.seal_hash.as_str()),
        (12, OTHER)
    );
    for wrong in ["", "12", "0:", "-1:", "x:", "12:abc"] {
        assert_eq!(read(wrong.to_owned()), None);
    }
    for number in ["0", "-1", "+1", "01", "1e3", "1000000000000000"] {
        assert_eq!(read(format!("{number}:{OTHER}")), None);
    }
    assert_eq!(read(format!("12:{}", OTHER.to_uppercase())), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_changed_column_of_any_row_breaks_its_seal(
        sizes in prop::collection::vec(1_i64..20, 1..8),
        place in any::<prop::sample::Index>(),
        column in 0_usize..17,
        text in "\\PC{0,12}",
    ) {
        let batches: Vec<[(&str, i64); 1]> = sizes.iter().map(|size| [("2025-05", *size)]).collect();
        let batches: Vec<&[(&str, i64)]> = batches.iter().map(|batch| &batch[..]).collect();
        let mut log = Log::of(&batches);
        let place = place.index(log.rows.len());
        let position = log.rows[place].position().unwrap();
        let value = Some(text);
        prop_assume!(log.rows[place].0[column] != value);
        log.rows[place].0[column] = value;
        let own = log.seals.iter().find(|seal| seal.last_position >= position).unwrap();
        let found = log.verdict(None).broken.map(|broken| broken.seal_number);
        // A row without a readable position is taken for one before the first.
        let expected = match column {
            SealedRow::POSITION => log.seals[0].seal_number.min(own.seal_number)..=own.seal_number,
            _ => own.seal_number..=own.seal_number,
        };
        prop_assert!(found.is_some_and(|number| expected.contains(&number)), "{found:?}");
    }

    #[test]
    fn any_row_removed_doubled_or_moved_is_found(
        sizes in prop::collection::vec(1_i64..20, 1..8),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        how in 0..3,
    ) {
        let batches: Vec<[(&str, i64); 1]> = sizes.iter().map(|size| [("2025-05", *size)]).collect();
        let batches: Vec<&[(&str, i64)]> = batches.iter().map(|batch| &batch[..]).collect();
        let mut log = Log::of(&batches);
        let (one, other) = (one.index(log.rows.len()), other.index(log.rows.len()));
        let first = match how {
            0 => { log.rows.remove(one); one }
            1 => { let twin = log.rows[one].clone(); log.rows.insert(one, twin); one }
            _ => {
                prop_assume!(one != other);
                log.rows.swap(one, other);
                one.min(other)
            }
        };
        let position = i64::try_from(first).unwrap() + 1;
        let own = log.seals.iter().find(|seal| seal.last_position >= position).unwrap().seal_number;
        prop_assert_eq!(log.verdict(None).broken.map(|broken| broken.seal_number), Some(own));
    }
}
