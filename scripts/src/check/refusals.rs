//! Every refusal that a request can get is got by a request of the end-to-end tests.
//!
//! `docs/use-cases.md` says by which: its table of refusals names, for each use case, the codes
//! and the tests that get them; its table of exceptions names the codes no request gets, and why.
//! This finds a code that neither table knows, a row whose tests do not name its codes, and an
//! exception that a test names all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, bail};

use crate::places;

/// Where the codes are declared: lines such as `NodeNotFound => "NODE_NOT_FOUND",`.
const CODES: &str = "crates/domain/src/error.rs";
/// The page with both tables.
const PAGE: &str = "docs/use-cases.md";
/// The heading above the table of refusals.
const REFUSALS: &str = "## Refusals";
/// The heading above the table of exceptions.
const EXCEPTIONS: &str = "## Refusals that no request gets";
/// The folder of the tests; the page names them below `tests/`.
const TESTS: &str = "tests/end-to-end";

/// Compares the codes, the page and the tests.
///
/// # Errors
/// One line per finding.
pub(crate) async fn run() -> anyhow::Result<()> {
    let root = places::root();
    let read = |path: &str| fs::read_to_string(root.join(path)).context(path.to_owned());
    let mut tests = BTreeMap::new();
    for entry in fs::read_dir(root.join(TESTS))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.ts") {
            let text = read(&format!("{TESTS}/{name}"))?;
            tests.insert(format!("end-to-end/{name}"), text);
        }
    }
    let codes = declared(&read(CODES)?);
    let page = read(PAGE)?;
    let found = findings(&codes, &page, &tests);
    if found.is_empty() {
        return Ok(());
    }
    bail!("{}", found.join("\n"));
}

/// The codes that the domain declares.
fn declared(source: &str) -> BTreeSet<String> {
    let lines = source
        .lines()
        .filter_map(|line| line.trim().split_once(" => "));
    lines
        .filter_map(|(_, text)| text.strip_prefix('"')?.strip_suffix("\","))
        .filter(|text| is_code(text))
        .map(str::to_owned)
        .collect()
}

/// One row of a table: what stands in backticks, by column.
type Row = Vec<Vec<String>>;

/// The rows of the table below a heading, without its head.
fn table(page: &str, heading: &str) -> Vec<Row> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    let section = below.take_while(|line| !line.starts_with("## "));
    let rows = section.filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(quoted).collect())
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn is_code(text: &str) -> bool {
    let parts = |c: char| c.is_ascii_uppercase() || c == '_';
    !text.is_empty() && text.chars().all(parts)
}

/// What is not as the page says.
fn findings(codes: &BTreeSet<String>, page: &str, tests: &BTreeMap<String, String>) -> Vec<String> {
    let names = |file: &String, code: &str| {
        let text = tests.get(file);
        text.is_some_and(|text| text.contains(&format!("\"{code}\"")))
    };
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for row in table(page, REFUSALS) {
        let (asked, files) = (column(&row, 1), column(&row, 2));
        for file in files.iter().filter(|file| !tests.contains_key(*file)) {
            found.push(format!("{PAGE}: there is no test {file}"));
        }
        for code in asked {
            if !files.iter().any(|file| names(file, code)) {
                found.push(format!("{PAGE}: none of {} names {code}", files.join(", ")));
            }
            known.insert(code.clone());
        }
    }
    for code in table(page, EXCEPTIONS)
        .iter()
        .flat_map(|row| column(row, 0))
    {
        if let Some(file) = tests.keys().find(|file| names(file, code)) {
            found.push(format!(
                "{PAGE}: {code} is an exception, but {file} names it"
            ));
        }
        known.insert(code.clone());
    }
    for code in codes.difference(&known) {
        found.push(format!("{PAGE}: no row knows {code}"));
    }
    found
}

fn column(row: &Row, index: usize) -> &[String] {
    row.get(index).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Use cases\n\n## Refusals\n\n\
        | use case | codes | tests |\n| --- | --- | --- |\n\
        | UC-001 | `A_B`, `C` | `end-to-end/a.test.ts` |\n\n\
        ## Refusals that no request gets\n\n\
        | code | why |\n| --- | --- |\n| `D` | never |\n";

    fn check(codes: &[&str], test: &str, expected: &[&str]) {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        let tests = [("end-to-end/a.test.ts".to_owned(), test.to_owned())];
        let found = findings(&codes, PAGE, &tests.into());
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} for {expected}");
        }
    }

    #[test]
    fn every_code_stands_in_a_row_whose_tests_name_it() {
        let all = ["A_B", "C", "D"];
        check(&all, r#"refused(422, "A_B"); refused(404, "C")"#, &[]);
        check(&all, r#"refused(422, "A_B")"#, &["names C"]);
        check(&all, r#""A_B" "C" "D""#, &["D is an exception"]);
        check(&["A_B", "E"], r#""A_B" "C""#, &["no row knows E"]);
    }

    #[test]
    fn codes_are_read_where_they_are_declared() {
        let source = "codes! {\n    NodeNotFound => \"NODE_NOT_FOUND\",\n    // No => \"X\"\n}\n\
            match x { Self::A => \"lower\", }";
        assert_eq!(declared(source), ["NODE_NOT_FOUND".to_owned()].into());
    }

    #[test]
    fn tests_that_are_not_there_are_told() {
        let found = findings(&BTreeSet::new(), super::tests::PAGE, &BTreeMap::new());
        assert!(
            found[0].contains("no test end-to-end/a.test.ts"),
            "{found:?}"
        );
    }
}
