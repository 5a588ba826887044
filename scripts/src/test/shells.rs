//! The tests of the functions' shells: how they load the built module, and what they do when it breaks.

use crate::command::Program;
use crate::places;
use crate::tally::Count;

/// Runs them; they need the module and no stack.
///
/// # Errors
/// When they do not start.
pub(super) async fn run() -> anyhow::Result<Count> {
    let arguments = ["test", "--allow-net", "--allow-env", "--allow-read"];
    let program = Program::new(places::deno()?, arguments);
    let program = program.directory(places::root().join("supabase/functions"));
    super::end_to_end::deno_test(program, true).await
}
