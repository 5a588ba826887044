//! The contract of the ports: one suite, run on the world in memory and on PostgREST against a real
//! database. What the use cases are tested with must behave like what they run on.
//!
//! To add a check: an async function over a [`Home`] in the file of its collection, and its name
//! in the list below.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "all of this is a test, and it is the clock and the ids of the ports it tries"
)]

mod agents;
mod built_in;
mod contexts;
mod executions;
mod function_models;
mod home;
mod migrations;
mod node_links;
mod organizations;
mod records;
mod rest;
mod schedules;
mod secrets;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures::FutureExt;
use home::Memory;
use local_stack::{Data, Options, Ports, Stack};

/// What passed and what did not.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    async fn run(&mut self, home: &str, name: &str, check: impl Future<Output = ()>) {
        let outcome = AssertUnwindSafe(check).catch_unwind().await;
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} on {home} ... {word}");
        match outcome {
            Ok(()) => self.passed += 1,
            Err(_) => self.failed += 1,
        }
    }
}

/// Runs every check on a home; a fresh one for each.
macro_rules! every_check {
    ($tally:ident, $name:literal, $home:expr, $($check:path),+ $(,)?) => {
        $({
            let home = $home;
            $tally.run($name, stringify!($check), $check(&home)).await;
        })+
    };
    ($tally:ident, $name:literal, $home:expr) => {
        every_check!(
            $tally, $name, $home,
            organizations::founders_own_them_and_strangers_see_none,
            organizations::lists_are_pages,
            function_models::what_is_saved_is_read_back,
            function_models::names_and_revisions_are_guarded,
            function_models::hidden_models_are_missing,
            function_models::an_answer_is_kept_under_its_key,
            executions::a_run_is_driven_to_its_end,
            executions::late_outcomes_are_refused,
            executions::paused_runs_rest,
            executions::failed_runs_are_taken_up_again,
            executions::runs_of_a_later_time_wait_for_it,
            executions::limited_groups_are_taken_up_again,
            executions::cancelled_runs_stay,
            executions::nested_runs_are_found,
            schedules::schedules_are_kept_and_changed,
            schedules::a_time_is_settled_once,
            contexts::trees_are_kept_and_guarded,
            node_links::links_are_seen_by_who_sees_an_end,
            node_links::links_are_unique_and_guarded,
            node_links::the_history_of_links_outlives_them,
            node_links::a_batch_runs_once_at_a_time,
            built_in::tasks_are_kept_and_guarded,
            built_in::documents_are_kept_and_guarded,
            built_in::documents_are_found_by_all_their_words,
            agents::agents_follow_their_entity,
            agents::agents_are_guarded,
            agents::tasks_wait_by_priority_and_count_once,
            agents::stages_follow_each_other,
            agents::nodes_are_described_and_found,
            secrets::they_are_kept_and_guarded,
            records::a_stream_is_read_in_its_order,
            records::every_change_leaves_rows_of_audit,
            records::a_thing_is_reported_and_told_as_it_was,
            records::rows_are_what_events_say,
            records::versions_are_frozen_and_listed,
            migrations::old_events_are_read_in_the_newest_shape,
            migrations::migrations_go_on_after_an_interruption,
        );
    };
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, run())
    }) {
        Ok(Tally { passed, failed }) => {
            let word = if failed == 0 { "ok" } else { "FAILED" };
            println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored");
            ExitCode::from(u8::from(failed > 0))
        }
        Err(error) => {
            println!("{error:#}\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    every_check!(tally, "memory", Memory::new());
    let stack = Stack::start(Options {
        root: std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
        data: Data::Throwaway,
        ports: Ports::Random,
        function_env: Vec::new(),
        quiet: true,
    });
    let stack = stack.await?;
    let details = stack.details().clone();
    every_check!(tally, "PostgREST", rest::Rest::new(&details).await?);
    stack.stop().await?;
    Ok(tally)
}
