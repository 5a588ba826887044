//! The engine under many seeds, and whether planted faults are found.

use simulation::{Options, Report, simulate};

#[test]
fn explore() {
    let from: u64 = std::env::var("FROM").map_or(0, |text| text.parse().unwrap());
    let count: u64 = std::env::var("COUNT").map_or(20, |text| text.parse().unwrap());
    let begin = std::time::Instant::now();
    for seed in from..from + count {
        let begin = std::time::Instant::now();
        let Report { history, findings, runs, kills, polls, digest } = simulate(Options::of_seed(seed));
        println!("{seed}: {} entries, {runs} runs, {kills} kills, {polls} polls, {:?} {} {}", history.len(), begin.elapsed(), &digest[..8], findings.len());
        for finding in findings.iter().take(4) { println!("   {finding}"); }
    }
    println!("{:?}", begin.elapsed());
}
