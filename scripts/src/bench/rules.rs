//! The rules over models of every size: in WebAssembly, and the same in TypeScript with graphology.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;
use wasm_bindgen_cli_support::Bindgen;

use super::load::{median, ratio};
use super::report::{Row, Section};
use crate::command::Program;
use crate::places;
use crate::wasm;

/// What the plan of a model of 10,000 nodes may take.
const PLAN_MS: f64 = 20.0;

/// What `tests/load/rules/measure.ts` prints about one rule over one model.
#[derive(Deserialize)]
struct Figures {
    rule: String,
    /// Nodes.
    size: u32,
    /// Dependencies.
    edges: u32,
    /// Microseconds, one figure per round.
    wasm: Vec<f64>,
    typescript: Vec<f64>,
}

impl Figures {
    fn in_wasm(&self) -> f64 {
        median(self.wasm.iter().copied())
    }

    /// Microseconds per node and dependency.
    fn per_part(&self) -> f64 {
        self.in_wasm() / f64::from(self.size + self.edges)
    }
}

/// Every rule over every size.
///
/// # Errors
/// When the module cannot be built, or the two sides disagree.
pub(super) async fn measure(rounds: usize) -> anyhow::Result<Section> {
    let folder = build()?;
    let here = places::root().join("tests/load/rules");
    let script = here.join("measure.ts");
    let arguments = [
        "run",
        "--quiet",
        "--frozen",
        "--allow-read",
        &script.to_string_lossy(),
        &folder.to_string_lossy(),
        &rounds.to_string(),
    ]
    .map(str::to_owned);
    let program = Program::new(places::deno()?, arguments).directory(here);
    let printed = program.read().await?;
    let figures: Vec<Figures> = serde_json::from_str(&printed).context(printed)?;
    Ok(Section {
        title: "The rules over models of every size",
        note: "Half of the nodes are containers with ten dependencies each, half actions: the structure is validated, the plan compiled, cycles sought, two versions compared. Both sides begin with the same values in memory, build their graph anew each time and find the same; TypeScript uses graphology with its library for acyclic graphs (`tests/load/rules`), which says whether there is a cycle and not which. The last row of each rule is the growth of the time per node and dependency from models of 1,000 nodes to those of 10,000: 1 is linear.".to_owned(),
        rows: rows(&figures),
    })
}

fn rows(figures: &[Figures]) -> Vec<Row> {
    let mut rows = Vec::new();
    for rule in ["validate", "plan", "cycles", "compare"] {
        let of_rule = figures.iter().filter(|figure| figure.rule == rule);
        rows.extend(of_rule.clone().map(row));
        let per_part = |size: u32| {
            let figure = of_rule.clone().find(|figure| figure.size == size);
            figure.map_or(f64::NAN, Figures::per_part) * 1000.0
        };
        let (small, large) = (per_part(1_000), per_part(10_000));
        let figure = format!("{large:.0} ns per node and dependency");
        let against = format!("{small:.0} ns, of 1,000 nodes");
        rows.push(Row::new(format!("{rule}: growth"), figure).against(against, large / small));
    }
    rows
}

fn row(figures: &Figures) -> Row {
    let (own, other) = (
        figures.in_wasm(),
        median(figures.typescript.iter().copied()),
    );
    let what = format!("{}: {} nodes", figures.rule, figures.size);
    let ratio = ratio(
        figures.wasm.iter().copied(),
        figures.typescript.iter().copied(),
    );
    let row = Row::new(what, time(own)).against(format!("{}, TypeScript", time(other)), ratio);
    match (figures.rule.as_str(), figures.size) {
        ("plan", 10_000) => row.at_most(own / 1000.0, PLAN_MS, " ms"),
        _ => row,
    }
}

fn time(us: f64) -> String {
    match us {
        us if us < 1000.0 => format!("{us:.1} µs"),
        us => format!("{:.2} ms", us / 1000.0),
    }
}

/// Builds the module of the benchmark as the shipped one is built, and answers its folder.
fn build() -> anyhow::Result<PathBuf> {
    let root = places::root();
    let compiled = wasm::compile(&root, "rules")?;
    let folder = places::target().join("rules");
    fs::create_dir_all(&folder)?;
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .generate(&folder)?;
    wasm::shrink(&root, &folder.join("rules_bg.wasm"))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_a_fitting_unit() {
        assert_eq!(time(12.34), "12.3 µs");
        assert_eq!(time(12_340.0), "12.34 ms");
    }
}
