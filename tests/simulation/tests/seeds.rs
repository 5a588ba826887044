//! The engine under many seeds, and whether planted faults are found.

use simulation::{Options, Report, simulate};

#[test]
fn explore() {
    let from: u64 = std::env::var("FROM").map_or(0, |text| text.parse().unwrap());
    let count: u64 = std::env::var("COUNT").map_or(20, |text| text.parse().unwrap());
    let begin = std::time::Instant::now();
    for seed in from..from + count {
        let begin = std::time::Instant::now();
        let Report {
            history,
            findings,
            runs,
            kills,
            polls,
            digest,
        } = simulate(Options::of_seed(seed));
        if findings.is_empty() {
            continue;
        }
        println!(
            "{seed}: {} entries, {runs} runs, {kills} kills, {polls} polls, {:?} {} {}",
            history.len(),
            begin.elapsed(),
            &digest[..8],
            findings.len()
        );
        for finding in findings.iter().take(4) {
            println!("   {finding}");
        }
    }
    println!("{:?}", begin.elapsed());
}

#[test]
fn dump() {
    let seed: u64 = std::env::var("SEED").map_or(0, |text| text.parse().unwrap());
    for entry in simulate(Options::of_seed(seed)).history {
        println!("{}", serde_json::to_string(&entry).unwrap());
    }
}

#[test]
fn mutants() {
    let from: u64 = std::env::var("FROM").map_or(0, |text| text.parse().unwrap());
    let count: u64 = std::env::var("COUNT").map_or(100, |text| text.parse().unwrap());
    for mutant in use_cases::in_memory::Mutant::ALL {
        let begin = std::time::Instant::now();
        let found = (from..from + count).find_map(|seed| {
            let report = simulate(Options {
                mutant: Some(mutant),
                ..Options::of_seed(seed)
            });
            Some((seed, report.findings.first()?.clone()))
        });
        match found {
            Some((seed, finding)) => {
                println!("{mutant:?}: seed {seed}, {finding} {:?}", begin.elapsed())
            }
            None => println!("{mutant:?}: NOT FOUND {:?}", begin.elapsed()),
        }
    }
}
