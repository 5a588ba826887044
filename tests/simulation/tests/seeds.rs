//! The engine under many seeds, and whether planted faults are found.

use simulation::checker::{self, Rule};
use simulation::history::Entry;
use simulation::{Mutant, Options, Report, simulate};

/// Seeds under which nothing may be wrong.
const SEEDS: u64 = 200;
/// Seeds within which every planted fault has to be found.
const SEEDS_OF_MUTANTS: u64 = 400;

/// What is wrong under a seed, with the way back to it.
fn told(report: &Report, seed: u64) -> String {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    format!(
        "cargo xtask simulate --seed {seed}\n{}",
        findings.join("\n")
    )
}

#[test]
fn nothing_is_wrong_under_any_seed() {
    let (mut runs, mut kills) = (0, 0);
    for seed in 0..SEEDS {
        let report = simulate(Options::of_seed(seed));
        assert!(report.findings.is_empty(), "{}", told(&report, seed));
        runs += report.runs;
        kills += report.kills;
    }
    assert!(runs > 1000 && kills > 200, "{runs} runs, {kills} kills");
}

/// The first seed under which a planted fault is found.
fn first_seed(mutant: Mutant) -> Option<(u64, Rule)> {
    (0..SEEDS_OF_MUTANTS).find_map(|seed| {
        let options = Options {
            mutant: Some(mutant),
            ..Options::of_seed(seed)
        };
        Some((seed, simulate(options).findings.first()?.rule))
    })
}

fn check_mutants(half: usize) {
    let mutants = Mutant::ALL.iter().skip(half).step_by(2);
    let survivors: Vec<&Mutant> = mutants
        .filter(|mutant| {
            let found = first_seed(**mutant);
            println!("{mutant:?}: {found:?}");
            found.is_none()
        })
        .collect();
    assert!(
        survivors.is_empty(),
        "not found within {SEEDS_OF_MUTANTS} seeds: {survivors:?}"
    );
}

#[test]
fn every_second_mutant_is_found() {
    check_mutants(0);
}

#[test]
fn every_other_mutant_is_found() {
    check_mutants(1);
}

#[test]
fn a_seed_replays_to_the_last_entry() {
    for seed in [3, 29, 1_000_003] {
        let (first, second) = (
            simulate(Options::of_seed(seed)),
            simulate(Options::of_seed(seed)),
        );
        assert_eq!(first.digest, second.digest);
        assert_eq!(first, second);
    }
    let other = simulate(Options::of_seed(4));
    assert_ne!(simulate(Options::of_seed(3)).digest, other.digest);
}

#[test]
fn a_history_can_be_written_down_and_judged_later() {
    let report = simulate(Options {
        mutant: Some(Mutant::JoinCountsTwice),
        ..Options::of_seed(0)
    });
    let lines: Vec<String> = report
        .history
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    let read: Vec<Entry> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(read, report.history);
    assert!(!report.findings.is_empty());
    assert_eq!(checker::check(&read), report.findings);
}

#[test]
fn what_takes_too_many_steps_is_found() {
    let report = simulate(Options {
        steps: 100,
        ..Options::of_seed(9)
    });
    let unended = |rule| rule == Rule::RunsEnd;
    assert!(report.findings.iter().any(|finding| unended(finding.rule)));
}
