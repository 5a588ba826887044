//! The tables that a benchmark leaves behind.

use std::fmt::Write as _;
use std::path::Path;

/// Facts that belong together.
pub(super) struct Section {
    /// Its heading.
    pub(super) title: &'static str,
    /// What a reader has to know to understand the figures.
    pub(super) note: String,
    /// The figures.
    pub(super) rows: Vec<Row>,
}

/// One measured fact.
#[derive(Default)]
pub(super) struct Row {
    what: String,
    figure: String,
    against: String,
    ratio: Option<f64>,
    budget: String,
    kept: Option<bool>,
}

impl Row {
    /// A figure, with its unit.
    pub(super) fn new(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            figure: figure.into(),
            ..Self::default()
        }
    }

    /// What it is compared with, measured in the same rounds, and the ratio of the two.
    pub(super) fn against(mut self, other: impl Into<String>, ratio: f64) -> Self {
        self.against = other.into();
        self.ratio = Some(ratio);
        self
    }

    /// What the architecture asks for: `figure` may be `limit` at most.
    pub(super) fn at_most(self, figure: f64, limit: f64, unit: &str) -> Self {
        self.held_to(format!("≤ {limit}{unit}"), figure <= limit)
    }

    /// What the architecture asks for: `figure` must be `limit` at least.
    pub(super) fn at_least(self, figure: f64, limit: f64, unit: &str) -> Self {
        self.held_to(format!("≥ {limit}{unit}"), figure >= limit)
    }

    fn held_to(mut self, budget: String, kept: bool) -> Self {
        self.budget = budget;
        self.kept = Some(kept);
        self
    }

    fn line(&self) -> String {
        let ratio = self.ratio.map_or(String::new(), |it| format!("{it:.2}"));
        let kept = match self.kept {
            None => "",
            Some(true) => "kept",
            Some(false) => "**missed**",
        };
        format!(
            "| {} | {} | {} | {ratio} | {} | {kept} |",
            self.what, self.figure, self.against, self.budget
        )
    }
}

/// Writes and prints the tables.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(file: &Path, head: &str, sections: &[Section]) -> anyhow::Result<()> {
    let text = document(head, sections);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, &text)?;
    println!("{text}\nwritten to {}", file.display());
    Ok(())
}

fn document(head: &str, sections: &[Section]) -> String {
    let mut text = format!("# Measured\n\n{}\n", head.trim());
    for section in sections {
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n",
            section.title,
            section.note.trim()
        );
        text.push_str("| what | figure | against | ratio | budget | |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- |\n");
        for row in &section.rows {
            text.push_str(&row.line());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_budget_is_said_so() {
        let slow = Row::new("reads", "3 ms").against("2 ms", 1.5);
        let rows = vec![slow.at_most(1.5, 1.0, " ×"), Row::new("size", "1 kB")];
        let note = "Of one kind.".to_owned();
        let title = "Things";
        let text = document("By hand.", &[Section { title, note, rows }]);
        assert!(
            text.contains("| reads | 3 ms | 2 ms | 1.50 | ≤ 1 × | **missed** |"),
            "{text}"
        );
        assert!(text.contains("| size | 1 kB |  |  |  |  |"), "{text}");
    }

    #[test]
    fn a_budget_just_reached_is_kept() {
        let row = Row::new("rate", "3").at_least(3.0, 3.0, "/s");
        assert!(row.line().ends_with("| ≥ 3/s | kept |"), "{}", row.line());
    }
}
