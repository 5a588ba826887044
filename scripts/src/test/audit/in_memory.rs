//! Random changes of real rows and seals, judged without a database.

use anyhow::{bail, ensure};
use domain::audit::{Broken, SealedRow, Witness, merkle_root};

use crate::audit::Page;
use crate::dice::Dice;

/// Does something to the log; answers the number of the first seal that it breaks.
type Trick = fn(&mut Page, &mut Dice) -> i64;

/// What is done to the log.
const TRICKS: [(&str, Trick); 7] = [
    ("edit", edit),
    ("delete", delete),
    ("insert", insert),
    ("reorder", reorder),
    ("truncate", truncate),
    ("cut the chain", cut),
    ("rewrite as the owner", rewrite),
];

/// Plays every trick as often as the others, against the newest seal as published.
pub(super) fn all_are_found(sample: &Page, times: usize) -> anyhow::Result<()> {
    let mut dice = Dice::new(2_025);
    let Some(newest) = sample.seals.last() else {
        bail!("no seals")
    };
    let witness = Witness {
        seal_number: newest.seal_number,
        seal_hash: newest.seal_hash.clone(),
    };
    for time in 0..times {
        let (name, trick) = TRICKS[time % TRICKS.len()];
        let mut page = sample.clone();
        let expected = trick(&mut page, &mut dice);
        let found = judge(&page, &witness);
        let named = found.is_some_and(|broken| broken.seal_number == expected);
        ensure!(
            named,
            "{name}, number {time}: seal {expected}, found {found:?}"
        );
    }
    Ok(())
}

/// The page as a reader of the whole chain would judge it.
pub(super) fn judge(page: &Page, witness: &Witness) -> Option<Broken> {
    let end = page
        .seals
        .last()
        .map_or(page.first_seal - 1, |seal| seal.seal_number);
    let verdict = domain::audit::verify(&page.evidence(), Some(witness));
    verdict.broken.or_else(|| witness.beyond(end))
}

/// The number of the seal of a row.
pub(super) fn seal_of(page: &Page, row: &SealedRow) -> i64 {
    let position = row.position().unwrap_or(i64::MIN);
    let own = page.seals.iter().find(|seal| {
        (seal.after_position + 1..=seal.last_position).contains(&position)
            && row.month() == Some(&seal.month)
    });
    own.map_or(page.first_seal, |seal| seal.seal_number)
}

/// Another text in any column but those that say where the row belongs.
fn edit(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.rows.len());
    let number = seal_of(page, &page.rows[place]);
    let columns = 1..page.rows[place].0.len();
    let others: Vec<usize> = columns
        .filter(|column| *column != SealedRow::CHANGED_AT)
        .collect();
    let field = &mut page.rows[place].0[others[dice.below(others.len())]];
    *field = match (field.take(), dice.below(3)) {
        (Some(_), 0) => None,
        (Some(text), _) => Some(changed(&text, dice)),
        (None, 0) => Some(String::new()),
        (None, _) => Some("null".to_owned()),
    };
    number
}

/// One character more, less or other.
fn changed(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let place = dice.below(letters.len() + 1);
    match letters.get(place) {
        None => letters.push('0'),
        Some('0') => letters[place] = '1',
        Some(_) if dice.below(2) == 0 => drop(letters.remove(place)),
        Some(_) => letters[place] = '0',
    }
    letters.into_iter().collect()
}

fn delete(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.rows.len());
    let row = page.rows.remove(place);
    seal_of(page, &row)
}

/// A copy of a row, at its place or at one that no row has.
fn insert(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.rows.len());
    let mut row = page.rows[place].clone();
    row.0[1] = Some("0198c0de-0000-7000-8000-000000000000".to_owned());
    let position = row.position().unwrap_or_default();
    let next = page.rows.get(place + 1).and_then(SealedRow::position);
    let sealed = page
        .seals
        .last()
        .is_some_and(|seal| position < seal.last_position);
    if sealed && next.is_none_or(|next| next > position + 1) {
        row.0[SealedRow::POSITION] = Some((position + 1).to_string());
    }
    let number = page
        .seals
        .iter()
        .find(|seal| Some(seal.last_position) >= row.position())
        .map_or(0, |seal| seal.seal_number);
    page.rows.insert(place + 1, row);
    number
}

/// Two rows trade their places.
fn reorder(page: &mut Page, dice: &mut Dice) -> i64 {
    let (one, other) = dice.pair(page.rows.len());
    let number = seal_of(page, &page.rows[one]);
    let first = page.rows[one].0[SealedRow::POSITION].take();
    let second = page.rows[other].0[SealedRow::POSITION].take();
    page.rows[one].0[SealedRow::POSITION] = second;
    page.rows[other].0[SealedRow::POSITION] = first;
    page.rows.swap(one, other);
    number
}

/// No rows from here on.
fn truncate(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.rows.len());
    let number = seal_of(page, &page.rows[place]);
    page.rows.truncate(place);
    number
}

/// Neither seals nor rows from here on.
fn cut(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.seals.len());
    let number = page.seals[place].seal_number;
    page.seals.truncate(place);
    let end = page
        .seals
        .last()
        .map_or(i64::MIN, |seal| seal.last_position);
    page.rows.retain(|row| row.position() <= Some(end));
    number
}

/// Another row, and all seals from its own on made to fit: only the published one differs.
fn rewrite(page: &mut Page, dice: &mut Dice) -> i64 {
    let place = dice.below(page.rows.len());
    let number = seal_of(page, &page.rows[place]);
    page.rows[place].0[2] = Some("rewritten".to_owned());
    let mut before = page.previous.clone();
    for seal in &mut page.seals {
        if seal.seal_number >= number {
            let own = page.rows.iter().filter(|row| {
                (seal.after_position + 1..=seal.last_position)
                    .contains(&row.position().unwrap_or_default())
                    && row.month() == Some(&seal.month)
            });
            seal.merkle_root = merkle_root(own);
            if let Some(before) = &before {
                seal.previous_hash.clone_from(&before.seal_hash);
            }
            seal.seal_hash = seal.expected_hash();
        }
        before = Some(seal.clone());
    }
    page.seals.last().map_or(0, |seal| seal.seal_number)
}
