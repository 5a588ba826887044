//! `cargo xtask access-matrix`: who may do what, asked for every cell of `docs/access-matrix.md`, and whether it would be noticed if a policy, a grant or a guard were gone.
//!
//! Straight at PostgREST and Realtime first, with each caller's own token; then the same in SQL, which has to agree; then in SQL for every mutant, until a cell of its object notices.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use local_stack::Details;
use tokio_postgres::Client;

use crate::interrupt;
use crate::tally::{Count, Tally};

mod attempts;
mod catalogue;
mod cells;
mod channels;
mod document;
mod http;
mod mutants;
mod scene;
mod singles;
mod sql;
mod traces;

use attempts::Ground;
use cells::Cell;
use document::{Document, Letters, Part, shown};
use http::Api;
use scene::{Caller, Scene};

/// What a filter has to be part of.
pub(crate) const NAME: &str = "access-matrix";

/// What was found, beside the count.
#[derive(Default)]
struct Sums {
    cells: usize,
    attempts: usize,
    mutants: usize,
    killed: usize,
}

/// Runs all of it on a stack of its own and prints the table.
///
/// # Errors
/// When a cell is not as the document says, or a mutant lives.
pub(crate) async fn run() -> anyhow::Result<()> {
    crate::setup::run().await?;
    crate::wasm_module().await?;
    let mut tally = Tally::default();
    crate::test::with_stack(async |stack| {
        tally
            .part("access matrix", check(stack.details(), true))
            .await;
        Ok(())
    })
    .await?;
    let sum = tally.close();
    ensure!(sum.failed == 0, "{} failed", sum.failed);
    Ok(())
}

/// Asks for every cell and tries every mutant.
///
/// # Errors
/// When a part of the stack does not answer.
pub(crate) async fn check(details: &Details, print: bool) -> anyhow::Result<Count> {
    let document = document::read()?;
    let client = scene::connect(&details.admin_db_url).await?;
    let matrix = Matrix::prepare(details, &client, &document).await?;
    let mut sums = Sums::default();
    let mut count = catalogue::compare(&client, &document).await?;
    count = count.and(matrix.over_http(details, &mut sums, print).await?);
    client.batch_execute("begin").await?;
    matrix.leave_messages().await?;
    count = count.and(matrix.in_sql(&mut sums, print).await?);
    client.batch_execute("rollback").await?;
    count = count.and(matrix.mutate(&mut sums).await?);
    println!(
        "access matrix: {} cells of {} attempts tried, {} of {} mutants noticed",
        sums.cells, sums.attempts, sums.killed, sums.mutants
    );
    Ok(count)
}

/// Everything that is needed to ask.
struct Matrix<'a> {
    client: &'a Client,
    document: &'a Document,
    scene: Scene,
    cells: Vec<Cell>,
    singles: Vec<singles::Trial>,
}

impl<'a> Matrix<'a> {
    async fn prepare(
        details: &Details,
        client: &'a Client,
        document: &'a Document,
    ) -> anyhow::Result<Self> {
        let scene = scene::set(details, client).await?;
        sql::prepare(client).await?;
        traces::prepare(client).await?;
        let functions = attempts::functions(client).await?;
        let columns = attempts::Columns::read(client).await?;
        let cells = attempts::all(&Ground {
            document,
            scene: &scene,
            functions: &functions,
            columns: &columns,
        })?;
        Ok(Self {
            client,
            document,
            singles: singles::all(client, document, &scene).await?,
            scene,
            cells,
        })
    }

    /// The cells from outside, as their callers would ask.
    async fn over_http(
        &self,
        details: &Details,
        sums: &mut Sums,
        print: bool,
    ) -> anyhow::Result<Count> {
        let api = Api::of(details);
        let parts = [Part::TablesOutside, Part::FunctionsOutside];
        let asked = self.cells.iter().filter(|cell| parts.contains(&cell.part));
        let asked: Vec<(&Cell, &Caller)> = asked
            .filter_map(|cell| Some((cell, self.caller(&cell.column)?)))
            .collect();
        let answers = api.ask(&asked).await?;
        let mut seen = Vec::new();
        for ((cell, _), answers) in asked.iter().zip(&answers) {
            sums.attempts += cell.attempts.len();
            seen.push((*cell, cells::observed(cell, answers)));
        }
        for cell in self.cells.iter().filter(|cell| cell.part == Part::Channels) {
            let caller = self.caller(&cell.column).context("nobody")?;
            let topics = channels::topics(&self.scene, &cell.object)?;
            let (letters, attempts) = channels::observed(details, &api, caller, &topics).await?;
            sums.attempts += attempts;
            seen.push((cell, letters));
        }
        sums.cells += seen.len();
        if print {
            table(&seen);
        }
        Ok(compared("over HTTP", &seen))
    }

    fn caller(&self, column: &str) -> Option<&Caller> {
        self.scene
            .callers
            .iter()
            .find(|caller| caller.name == column)
    }

    /// A message on each channel, so that there is something to hear.
    async fn leave_messages(&self) -> anyhow::Result<()> {
        let kinds = self
            .document
            .rows
            .iter()
            .filter(|row| row.part == Part::Channels);
        for row in kinds {
            let topics = channels::topics(&self.scene, &row.object)?;
            let leave = "insert into realtime.messages (topic, extension) select topic, 'broadcast' from unnest($1::text[]) as topic";
            self.client.execute(leave, &[&topics.to_vec()]).await?;
        }
        Ok(())
    }

    /// All cells in SQL; those from outside have to come out as they did over HTTP, which is as the document says.
    async fn in_sql(&self, sums: &mut Sums, print: bool) -> anyhow::Result<Count> {
        let cells: Vec<&Cell> = self
            .cells
            .iter()
            .filter(|cell| cell.role.is_some())
            .collect();
        let mut count = Count::default();
        let mut inside = Vec::new();
        for some in cells.chunks(50) {
            let answers = sql::ask(self.client, some).await?;
            let seen = some.iter().zip(&answers).map(|(cell, answers)| {
                sums.attempts += cell.attempts.len();
                (*cell, cells::observed(cell, answers))
            });
            let seen: Vec<_> = seen.collect();
            sums.cells += seen.len();
            count = count.and(compared("in SQL", &seen));
            inside.extend(
                seen.into_iter()
                    .filter(|(cell, _)| cell.part == Part::TablesInside),
            );
        }
        if print {
            table(&inside);
        }
        for row in self
            .document
            .rows
            .iter()
            .filter(|row| row.part == Part::Traces)
        {
            let (differences, attempts) =
                traces::differences(self.client, &self.scene, row).await?;
            for difference in &differences {
                println!("{}: {difference}", row.object);
            }
            sums.cells += 1;
            sums.attempts += attempts;
            count = count.and(Count::one(differences.is_empty()));
        }
        for single in &self.singles {
            let difference = singles::difference(self.client, single).await?;
            if let Some(difference) = &difference {
                println!("{}: {}: {difference}", single.object, single.statement);
            }
            sums.cells += 1;
            sums.attempts += 1;
            count = count.and(Count::one(difference.is_none()));
        }
        Ok(count)
    }

    /// Every mutant against the cells of its object.
    async fn mutate(&self, sums: &mut Sums) -> anyhow::Result<Count> {
        let mut count = Count::default();
        for mutant in mutants::all(self.client).await? {
            if interrupt::happened() {
                break;
            }
            self.client.batch_execute("begin").await?;
            if mutant
                .objects
                .iter()
                .any(|object| object == "realtime.messages")
            {
                self.leave_messages().await?;
            }
            let changed = self.client.batch_execute(&mutant.statement).await;
            changed.with_context(|| mutant.statement.clone())?;
            let noticed = self.any_notices(&mutant.objects).await;
            self.client.batch_execute("rollback").await?;
            let noticed = noticed.with_context(|| mutant.statement.clone())?;
            if !noticed {
                println!("no cell notices ({}): {}", mutant.kind, mutant.statement);
            }
            sums.mutants += 1;
            sums.killed += usize::from(noticed);
            count = count.and(Count::one(noticed));
        }
        Ok(count)
    }

    async fn any_notices(&self, objects: &[String]) -> anyhow::Result<bool> {
        for object in objects {
            if self.notices(object).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether any cell of an object is not as the document says.
    async fn notices(&self, object: &str) -> anyhow::Result<bool> {
        let channels = object == "realtime.messages";
        let about = |cell: &&Cell| {
            cell.role.is_some()
                && (cell.object == object || (channels && cell.part == Part::Channels))
        };
        let cells: Vec<&Cell> = self.cells.iter().filter(about).collect();
        let answers = sql::ask(self.client, &cells).await?;
        let differs =
            |(cell, answers): (&&Cell, &Vec<_>)| cells::observed(cell, answers) != cell.expected;
        if cells.iter().zip(&answers).any(differs) {
            return Ok(true);
        }
        if let Some(row) = traces::row_of(self.document, object) {
            let (differences, _) = traces::differences(self.client, &self.scene, row).await?;
            if !differences.is_empty() {
                return Ok(true);
            }
        }
        for single in self.singles.iter().filter(|single| single.object == object) {
            if singles::difference(self.client, single).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Tells which cells are not as the document says.
fn compared(how: &str, seen: &[(&Cell, Letters)]) -> Count {
    let mut count = Count::default();
    for (cell, letters) in seen {
        let as_expected = *letters == cell.expected;
        if !as_expected {
            println!(
                "{how}: {}: {}, {}: {} is expected, {} is so",
                cell.part.heading(),
                cell.object,
                cell.column,
                shown(&cell.expected),
                shown(letters)
            );
        }
        count = count.and(Count::one(as_expected));
    }
    count
}

/// Prints what was seen as the document shows it.
fn table(seen: &[(&Cell, Letters)]) {
    let parts: BTreeSet<Part> = seen.iter().map(|(cell, _)| cell.part).collect();
    for part in parts {
        println!("\n{}\n", part.heading());
        let of_part = seen.iter().filter(|(cell, _)| cell.part == part);
        let first = of_part.clone().next().map_or("", |(cell, _)| &cell.object);
        print!("{:52}", "");
        for (cell, _) in of_part.take_while(|(cell, _)| cell.object == first) {
            print!(" {:>12}", cell.column);
        }
        println!();
        let mut last = "";
        for (cell, letters) in seen.iter().filter(|(cell, _)| cell.part == part) {
            if cell.object != last {
                print!(
                    "{}{:52}",
                    if last.is_empty() { "" } else { "\n" },
                    cell.object
                );
                last = &cell.object;
            }
            print!(" {:>12}", shown(letters));
        }
        println!();
    }
    println!();
}
