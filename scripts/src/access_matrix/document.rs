//! `docs/access-matrix.md`: the expected answers, written by hand and read from there.

use std::collections::BTreeSet;

use anyhow::{Context, bail, ensure};

use crate::places;

/// What a cell allows, one letter per act.
pub(super) type Letters = BTreeSet<char>;

/// A part of the document with a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Tables, by each caller's own token.
    TablesOutside,
    /// Functions that are served.
    FunctionsOutside,
    /// Functions that are not served, as far as users may call them.
    Helpers,
    /// Private channels of Realtime.
    Channels,
    /// Tables, by the roles of the command functions.
    TablesInside,
    /// What writes leave behind, and which nobody may do.
    Traces,
}

impl Part {
    const ALL: [(Part, &str); 6] = [
        (Part::TablesOutside, "Tables, from outside"),
        (Part::FunctionsOutside, "Functions, from outside"),
        (Part::Helpers, "Helpers"),
        (Part::Channels, "Channels"),
        (Part::TablesInside, "Tables, from inside"),
        (Part::Traces, "What a write leaves behind"),
    ];

    /// The heading over its table.
    pub(super) fn heading(self) -> &'static str {
        Part::ALL
            .iter()
            .find(|(part, _)| *part == self)
            .map_or("", |(_, heading)| heading)
    }
}

/// Every letter there is, in the order in which they are shown; the last stands for what should not be.
const ORDER: &str = "sinudxhtSINUDXHT0!";

const ATTEMPTS: &str = "Single attempts";

/// One object with its cells.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Where it stands.
    pub(super) part: Part,
    /// The object, as the catalogue calls it.
    pub(super) object: String,
    /// The column's name and what it allows.
    pub(super) cells: Vec<(String, Letters)>,
}

/// One attempt that no letter describes.
#[derive(Clone, Debug)]
pub(super) struct Single {
    /// The object it is about.
    pub(super) object: String,
    /// Who tries.
    pub(super) who: String,
    /// The statement, with names for identifiers.
    pub(super) statement: String,
    /// `rows`, `nothing` or a SQLSTATE.
    pub(super) answer: String,
}

/// The document.
pub(super) struct Document {
    /// Every row of every table of letters.
    pub(super) rows: Vec<Row>,
    /// The attempts at its end.
    pub(super) singles: Vec<Single>,
}

/// Reads the document.
///
/// # Errors
/// When it is missing, or a table of it is not as it should be.
pub(super) fn read() -> anyhow::Result<Document> {
    let file = places::root().join("docs/access-matrix.md");
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    parse(&text)
}

fn parse(text: &str) -> anyhow::Result<Document> {
    let mut rows = Vec::new();
    for (part, heading) in Part::ALL {
        let (columns, lines) = table(text, heading)?;
        for mut line in lines {
            let object = line.remove(0);
            let cells = columns.iter().skip(1).cloned().zip(line);
            let cells = cells
                .map(|(column, cell)| Ok((column, letters(&cell)?)))
                .collect::<anyhow::Result<_>>();
            let cells = cells.with_context(|| format!("{heading}: {object}"))?;
            rows.push(Row {
                part,
                object,
                cells,
            });
        }
    }
    let (_, lines) = table(text, ATTEMPTS)?;
    let singles = lines
        .into_iter()
        .map(|line| match <[String; 4]>::try_from(line) {
            Ok([object, who, statement, answer]) => Ok(Single {
                object,
                who,
                statement: statement.trim_matches('`').to_owned(),
                answer,
            }),
            Err(line) => bail!("{ATTEMPTS}: four cells are expected: {line:?}"),
        });
    Ok(Document {
        rows,
        singles: singles.collect::<anyhow::Result<_>>()?,
    })
}

/// The head and the lines of the only table under a heading.
fn table(text: &str, heading: &str) -> anyhow::Result<(Vec<String>, Vec<Vec<String>>)> {
    let under = text
        .lines()
        .skip_while(|line| line.strip_prefix("## ") != Some(heading));
    let mut lines = under
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .map(cells);
    let head = lines
        .next()
        .with_context(|| format!("no table under “{heading}”"))?;
    // The line between head and body.
    let lines: Vec<_> = lines.skip(1).collect();
    for line in &lines {
        ensure!(
            line.len() == head.len(),
            "{heading}: {line:?} has another width than its head"
        );
    }
    Ok((head, lines))
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner
        .split(" | ")
        .map(|cell| cell.trim().to_owned())
        .collect()
}

fn letters(cell: &str) -> anyhow::Result<Letters> {
    let letters: Letters = cell.chars().filter(|letter| *letter != '·').collect();
    let unknown = letters
        .iter()
        .find(|letter| !ORDER.contains(**letter) || **letter == '!');
    ensure!(unknown.is_none(), "{cell} is no cell");
    ensure!(!cell.is_empty(), "an empty cell says nothing; a dot does");
    Ok(letters)
}

/// Letters as the document shows them.
pub(super) fn shown(letters: &Letters) -> String {
    match letters.is_empty() {
        true => "·".to_owned(),
        false => ORDER
            .chars()
            .filter(|letter| letters.contains(letter))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "## One\n\n| table | nobody | viewer |\n| --- | --- | --- |\n| a | · | sS |\n\n## Two\n| x |\n| - |\n";

    #[test]
    fn a_table_is_found_by_its_heading() {
        let (head, lines) = table(TABLES, "One").unwrap();
        assert_eq!(head, ["table", "nobody", "viewer"]);
        assert_eq!(lines, [["a", "·", "sS"]]);
        assert!(table(TABLES, "Three").is_err());
    }

    #[test]
    fn a_line_of_another_width_is_refused() {
        assert!(table("## One\n| a | b |\n| - | - |\n| 1 |", "One").is_err());
    }

    #[test]
    fn cells_are_letters_or_a_dot() {
        assert_eq!(letters("·").unwrap(), Letters::new());
        assert_eq!(letters("sU").unwrap(), Letters::from(['s', 'U']));
        assert!(letters("q").is_err() && letters("").is_err());
    }

    #[test]
    fn the_document_is_read_whole() {
        let document = read().unwrap();
        assert!(document.rows.len() > 100 && !document.singles.is_empty());
    }
}
