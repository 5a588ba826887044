//! The table that a benchmark leaves behind.

use std::fmt::Write as _;
use std::path::Path;

/// One measured fact.
pub(super) struct Row {
    /// What was measured.
    pub(super) what: String,
    /// The figure, with its unit.
    pub(super) figure: String,
    /// What it is compared with, measured in the same rounds.
    pub(super) against: String,
    /// The ratio of the two, or the budget when there is nothing to compare with.
    pub(super) ratio: String,
    /// What the architecture asks for.
    pub(super) budget: String,
}

impl Row {
    /// A row of the table.
    pub(super) fn new(
        what: impl Into<String>,
        figure: impl Into<String>,
        against: impl Into<String>,
        ratio: impl Into<String>,
        budget: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            figure: figure.into(),
            against: against.into(),
            ratio: ratio.into(),
            budget: budget.into(),
        }
    }
}

/// Writes and prints the table.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(file: &Path, circumstances: &str, rows: &[Row]) -> anyhow::Result<()> {
    let mut text = String::from("# Measured\n\n");
    let _ = writeln!(text, "{circumstances}\n");
    text.push_str(
        "| what | figure | against | ratio | budget |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            row.what, row.figure, row.against, row.ratio, row.budget
        );
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, &text)?;
    println!("{text}");
    Ok(())
}
