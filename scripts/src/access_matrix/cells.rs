//! The cells: who tries what on an object, how a single answer is judged, and what a whole cell shows.

use super::document::{Letters, Part};

/// What came of an attempt, whichever way it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// So many rows were read or written.
    Rows(u64),
    /// A refusal or a failure.
    Failed {
        /// The SQLSTATE, or what stands for it over HTTP.
        code: String,
        /// What was said.
        message: String,
    },
}

/// One attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// The letter it stands for.
    pub(super) letter: char,
    /// What it does.
    pub(super) deed: Deed,
    /// The same in SQL.
    pub(super) sql: String,
    /// What is set meanwhile: the model that is being saved, or the topic that is asked for.
    pub(super) setting: Option<(&'static str, String)>,
}

/// What an attempt does, in terms of PostgREST.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Reads a row, with these columns.
    Read {
        key: String,
        value: String,
        columns: String,
    },
    /// Adds an empty row.
    Add,
    /// Sets the key of a row to itself.
    Change { key: String, value: String },
    /// Removes a row.
    Remove { key: String, value: String },
    /// Sets the key of every row to nothing.
    ChangeAll { key: String },
    /// Removes every row.
    RemoveAll,
    /// Calls a function with a body and a filter.
    Call { body: String, filter: String },
    /// Nothing that PostgREST could be asked.
    Inside,
}

/// A cell: who tries what on an object, and what that may come to.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Where it stands.
    pub(super) part: Part,
    /// The object.
    pub(super) object: String,
    /// The column.
    pub(super) column: String,
    /// What is allowed.
    pub(super) expected: Letters,
    /// The role in SQL; none where the caller never gets so far.
    pub(super) role: Option<String>,
    /// The claims in SQL.
    pub(super) claims: String,
    /// Everything that is tried.
    pub(super) attempts: Vec<Attempt>,
}

/// What an attempt showed: a letter, `0` for an answer about nothing, `!` for what should not be.
pub(super) fn letter(cell: &Cell, attempt: &Attempt, answer: &Answer) -> Option<char> {
    let letter = attempt.letter;
    match cell.part {
        Part::TablesInside => match answer {
            Answer::Rows(0) => None,
            Answer::Rows(_) => Some(letter),
            // A constraint is asked after the policies.
            Answer::Failed { code, .. } if code.starts_with("23") => Some(letter),
            Answer::Failed { code, .. } if code == "42501" => None,
            Answer::Failed { .. } => Some('!'),
        },
        Part::TablesOutside => match (answer, letter) {
            (Answer::Rows(0), 's' | 'S') => Some('0'),
            (Answer::Rows(_), 's' | 'S') => Some(letter),
            (Answer::Failed { code, message }, _) if refused(cell, code, message) => None,
            _ => Some('!'),
        },
        Part::Channels => matches!(answer, Answer::Rows(rows) if *rows > 0).then_some(letter),
        _ if letter == '0' => match answer {
            Answer::Failed { code, message } if refused(cell, code, message) => None,
            _ => Some('0'),
        },
        _ => match answer {
            Answer::Rows(0) if is_about_rows(cell) => Some('0'),
            Answer::Failed { code, message } if refused(cell, code, message) => None,
            _ => Some(letter),
        },
    }
}

fn is_about_rows(cell: &Cell) -> bool {
    cell.attempts.iter().any(|attempt| attempt.letter == 'X')
}

/// A refusal at the object itself, before any row is looked at: not one by something that it uses in turn.
fn refused(cell: &Cell, code: &str, message: &str) -> bool {
    if code == "401" || code == "PGRST106" {
        return true;
    }
    let bare = cell.object.split('(').next().unwrap_or_default();
    let bare = bare.split_once('.').map_or(bare, |(_, name)| name);
    let doors = match cell.part {
        Part::TablesOutside => vec![format!("permission denied for table {bare}")],
        // Who may not read a table cannot ask for what is computed of its rows.
        Part::FunctionsOutside if is_about_rows(cell) => {
            let table = cell
                .object
                .split_once('(')
                .map_or("", |(_, table)| table.trim_end_matches(')'));
            let table = format!("permission denied for table {table}");
            vec![format!("permission denied for function {bare}"), table]
        }
        _ => vec![format!("permission denied for function {bare}")],
    };
    let private =
        cell.object.starts_with("private.") && message == "permission denied for schema private";
    code == "42501" && (private || doors.iter().any(|door| door == message))
}

/// All that the attempts of a cell showed. To be told of something outweighs to be told of nothing.
pub(super) fn observed(cell: &Cell, answers: &[Answer]) -> Letters {
    let shown = cell.attempts.iter().zip(answers);
    let mut letters: Letters = shown
        .filter_map(|(attempt, answer)| letter(cell, attempt, answer))
        .collect();
    if letters.len() > 1 {
        letters.remove(&'0');
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(part: Part, object: &str, letters: &str) -> Cell {
        let attempt = |letter| Attempt {
            letter,
            deed: Deed::Inside,
            sql: String::new(),
            setting: None,
        };
        Cell {
            part,
            object: object.to_owned(),
            column: "viewer".to_owned(),
            expected: Letters::new(),
            role: None,
            claims: String::new(),
            attempts: letters.chars().map(attempt).collect(),
        }
    }

    fn failed(code: &str, message: &str) -> Answer {
        Answer::Failed {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    #[track_caller]
    fn check(cell: &Cell, answers: &[Answer], letters: &str) {
        assert_eq!(observed(cell, answers), letters.chars().collect());
    }

    #[test]
    fn to_be_told_of_nothing_is_not_to_be_refused() {
        let table = cell(Part::TablesOutside, "public.nodes", "sS");
        let door = failed("42501", "permission denied for table nodes");
        check(&table, &[Answer::Rows(0), Answer::Rows(0)], "0");
        check(&table, &[door.clone(), door], "");
        check(&table, &[Answer::Rows(1), Answer::Rows(0)], "s");
    }

    #[test]
    fn a_write_that_only_a_policy_stops_is_one_too_many() {
        let table = cell(Part::TablesOutside, "public.nodes", "iu");
        let policy = failed("42501", "new row violates row-level security policy");
        let door = failed("42501", "permission denied for table nodes");
        check(&table, &[policy, door.clone()], "!");
        check(&table, &[door, Answer::Rows(0)], "!");
    }

    #[test]
    fn a_refusal_by_what_a_function_uses_means_that_it_was_called() {
        let function = cell(Part::FunctionsOutside, "save(jsonb)", "x");
        check(
            &function,
            &[failed("42501", "permission denied for function save")],
            "",
        );
        check(
            &function,
            &[failed("42501", "permission denied for table nodes")],
            "x",
        );
        check(&function, &[failed("401", "JWT expired")], "");
        check(&function, &[failed("22004", "a command needs a user")], "x");
    }

    #[test]
    fn inside_a_constraint_speaks_after_the_policies() {
        let table = cell(Part::TablesInside, "public.nodes", "iud");
        let answers = [
            failed("23505", "twice"),
            Answer::Rows(0),
            failed("42501", "no"),
        ];
        check(&table, &answers, "i");
        check(
            &table,
            &[
                failed("42P01", "no table"),
                Answer::Rows(2),
                Answer::Rows(0),
            ],
            "u!",
        );
    }
}
