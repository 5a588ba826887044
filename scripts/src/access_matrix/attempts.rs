//! What is tried for each cell: the statement, and what PostgREST is asked for the same.

use anyhow::Context;
use serde_json::Value;
use tokio_postgres::Client;

use super::cells::{Attempt, Cell, Deed};
use super::channels::{LETTERS, topics};
use super::document::{Document, Letters, Part};
use super::inside::{Columns, inside};
use super::scene::{Body, Caller, Place, Scene};

/// A function of the schema that is served, or of `private`.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Name and types of arguments, as the catalogue prints them.
    pub(super) signature: String,
    /// The schema it is in.
    pub(super) schema: String,
    /// Its bare name.
    pub(super) name: String,
    /// Names and types of its arguments.
    pub(super) arguments: Vec<(String, String)>,
    /// The table whose rows it takes, of a computed field.
    pub(super) row_of: Option<String>,
}

/// Reads which functions there are.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn functions(client: &Client) -> anyhow::Result<Vec<Function>> {
    let query = "
        select p.oid::regprocedure::text, n.nspname, p.proname,
               coalesce((select array_agg(coalesce(p.proargnames[i], '') order by i)
                 from generate_series(1, p.pronargs) as i), '{}'),
               coalesce((select array_agg(format_type(p.proargtypes[i], null) order by i)
                 from generate_series(0, p.pronargs - 1) as i), '{}'),
               (select t.typrelid::regclass::text from pg_type t join pg_class c on c.oid = t.typrelid
                where t.oid = p.proargtypes[0] and c.relkind in ('r', 'p') and n.nspname = 'public')
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('public', 'private') and p.prokind in ('f', 'p')
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        order by 1";
    let rows = client
        .query(query, &[])
        .await
        .context("reading the functions")?;
    let function = |row: &tokio_postgres::Row| {
        let names: Vec<String> = row.get(3);
        let types: Vec<String> = row.get(4);
        Function {
            signature: row.get(0),
            schema: row.get(1),
            name: row.get(2),
            arguments: names.into_iter().zip(types).collect(),
            row_of: row
                .get::<_, Option<String>>(5)
                .map(|table| qualified(&table)),
        }
    };
    Ok(rows.iter().map(function).collect())
}

fn qualified(table: &str) -> String {
    match table.contains('.') {
        true => table.to_owned(),
        false => format!("public.{table}"),
    }
}

/// What the cells are made from.
pub(super) struct Ground<'a> {
    /// The expected answers.
    pub(super) document: &'a Document,
    /// People and rows.
    pub(super) scene: &'a Scene,
    /// What can be called.
    pub(super) functions: &'a [Function],
    /// What the inner roles may write.
    pub(super) columns: &'a Columns,
}

/// Every cell that is tried letter by letter; traces are looked for elsewhere.
///
/// # Errors
/// When a row of the document has no object.
pub(super) fn all(ground: &Ground<'_>) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for row in &ground.document.rows {
        match row.part {
            Part::TablesOutside | Part::FunctionsOutside => {
                let attempts = match row.part {
                    Part::TablesOutside => outside(place(ground.scene, &row.object)?),
                    _ => calls(ground, &row.object)?,
                };
                for (column, expected) in &row.cells {
                    let caller = caller(ground.scene, column)?;
                    cells.push(cell_outside(
                        row.part,
                        &row.object,
                        caller,
                        expected,
                        &attempts,
                    ));
                }
            }
            Part::Commands => {
                let attempts = calls(ground, &row.object)?;
                for caller in &ground.scene.callers {
                    let expected = row.cells.iter().find(|(column, _)| column == caller.name);
                    let expected = expected
                        .map(|(_, letters)| letters.clone())
                        .unwrap_or_default();
                    cells.push(cell_outside(
                        row.part,
                        &row.object,
                        caller,
                        &expected,
                        &attempts,
                    ));
                }
            }
            Part::TablesInside => {
                for (column, expected) in &row.cells {
                    cells.push(inside(ground, &row.object, column, expected)?);
                }
            }
            Part::Channels => {
                for (column, expected) in &row.cells {
                    cells.push(channel(ground.scene, &row.object, column, expected)?);
                }
            }
            Part::Helpers | Part::Traces => {}
        }
    }
    cells.extend(unserved(ground.scene));
    cells.extend(helpers(ground));
    Ok(cells)
}

fn cell_outside(
    part: Part,
    object: &str,
    caller: &Caller,
    expected: &Letters,
    attempts: &[Attempt],
) -> Cell {
    Cell {
        part,
        object: object.to_owned(),
        column: caller.name.to_owned(),
        expected: expected.clone(),
        role: caller.role.map(str::to_owned),
        claims: caller.claims.clone(),
        attempts: attempts.to_vec(),
    }
}

/// From outside nobody has anything on a table of `private`: one rule for all of them, which takes no rows.
fn unserved(scene: &Scene) -> Vec<Cell> {
    let private = scene
        .places
        .values()
        .filter(|place| place.object.starts_with("private."));
    let cells = private.flat_map(|place| {
        let attempts = outside(place);
        let nothing = Letters::new();
        let cell = move |caller| {
            cell_outside(
                Part::TablesOutside,
                &place.object,
                caller,
                &nothing,
                &attempts,
            )
        };
        scene.callers.iter().map(cell)
    });
    cells.collect()
}

fn caller<'a>(scene: &'a Scene, column: &str) -> anyhow::Result<&'a Caller> {
    let caller = scene.callers.iter().find(|caller| caller.name == column);
    caller.with_context(|| format!("nobody is called {column}"))
}

/// A channel as Realtime asks about it: a message is looked for, or left.
fn channel(scene: &Scene, kind: &str, column: &str, expected: &Letters) -> anyhow::Result<Cell> {
    let caller = caller(scene, column)?;
    let mut attempts = Vec::new();
    for (topic, letters) in topics(scene, kind)?.into_iter().zip(LETTERS) {
        let sql = ["broadcast", "presence"].into_iter().flat_map(|extension| {
            [
                format!("select 1 from realtime.messages where topic = '{topic}' and extension = '{extension}' limit 1"),
                format!("insert into realtime.messages (topic, extension) values ('{topic}', '{extension}')"),
            ]
        });
        for (letter, sql) in letters.into_iter().zip(sql) {
            let setting = Some(("realtime.topic", topic.clone()));
            attempts.push(Attempt {
                letter,
                deed: Deed::Inside,
                sql,
                setting,
            });
        }
    }
    Ok(Cell {
        part: Part::Channels,
        object: kind.to_owned(),
        column: column.to_owned(),
        expected: expected.clone(),
        role: caller.role.map(str::to_owned),
        claims: caller.claims.clone(),
        attempts,
    })
}

/// The rows of a table.
///
/// # Errors
/// When the scene has none.
pub(super) fn place<'a>(scene: &'a Scene, object: &str) -> anyhow::Result<&'a Place> {
    let place = scene.places.get(object);
    place.with_context(|| format!("tests/access-matrix/scene.sql has no rows of {object}"))
}

fn outside(place: &Place) -> Vec<Attempt> {
    let Place { object, key, .. } = place;
    let mut attempts = vec![Attempt {
        letter: 'i',
        deed: Deed::Add,
        sql: format!("insert into {object} default values"),
        setting: None,
    }];
    // Without a condition nothing has to be read.
    for (letter, deed, sql) in [
        (
            'u',
            Deed::ChangeAll { key: key.clone() },
            format!("update {object} set {key} = null where true"),
        ),
        (
            'd',
            Deed::RemoveAll,
            format!("delete from {object} where true"),
        ),
    ] {
        attempts.push(Attempt {
            letter,
            deed,
            sql,
            setting: None,
        });
    }
    for (value, letters) in [
        (&place.own, ['s', 'u', 'd']),
        (&place.foreign, ['S', 'U', 'D']),
    ] {
        let [read, change, remove] = letters;
        let (key, value) = (key.clone(), value.clone());
        let wherever = format!("where {key} = '{value}'");
        let sql = [
            format!("select 1 from {object} {wherever} limit 1"),
            format!("update {object} set {key} = {key} {wherever}"),
            format!("delete from {object} {wherever}"),
        ];
        let deeds = [
            Deed::Read {
                key: key.clone(),
                value: value.clone(),
                columns: key.clone(),
            },
            Deed::Change {
                key: key.clone(),
                value: value.clone(),
            },
            Deed::Remove { key, value },
        ];
        for ((letter, deed), sql) in [read, change, remove].into_iter().zip(deeds).zip(sql) {
            attempts.push(Attempt {
                letter,
                deed,
                sql,
                setting: None,
            });
        }
    }
    if let Some(value) = &place.alone {
        attempts.push(Attempt {
            letter: 'a',
            deed: Deed::Read {
                key: key.clone(),
                value: value.clone(),
                columns: key.clone(),
            },
            sql: format!("select 1 from {object} where {key} = '{value}' limit 1"),
            setting: None,
        });
    }
    attempts
}

fn calls(ground: &Ground<'_>, signature: &str) -> anyhow::Result<Vec<Attempt>> {
    let function = ground
        .functions
        .iter()
        .find(|function| function.signature == signature);
    let function = function.with_context(|| format!("there is no function {signature}"))?;
    let name = &function.name;
    if let Some(table) = &function.row_of {
        let place = place(ground.scene, table)?;
        let sides = [('x', &place.own), ('X', &place.foreign)];
        let fields = sides.into_iter().map(|(letter, value)| Attempt {
            letter,
            deed: Deed::Read {
                key: place.key.clone(),
                value: value.clone(),
                columns: name.clone(),
            },
            sql: format!(
                "select public.{name}(t) from {table} as t where t.{} = '{value}' limit 1",
                place.key
            ),
            setting: None,
        });
        // No table stands before a row that the caller made up.
        return Ok(fields.chain([with_nothing(function, '0')]).collect());
    }
    let bodies = ground.scene.calls.get(signature);
    if let Some(bodies) = bodies {
        let sides = ['x', 'X'].into_iter().zip(bodies);
        return Ok(sides
            .map(|(letter, body)| with(function, letter, body))
            .collect());
    }
    Ok(vec![with_nothing(function, 'x')])
}

/// A call whose arguments are all null.
fn with_nothing(function: &Function, letter: char) -> Attempt {
    let nulls = function
        .arguments
        .iter()
        .map(|(argument, _)| format!(r#""{argument}": null"#));
    let nulls: Vec<String> = nulls.collect();
    Attempt {
        letter,
        deed: Deed::Call {
            body: format!("{{{}}}", nulls.join(", ")),
        },
        sql: called_with_nothing(function),
        setting: None,
    }
}

/// A call with a body; an argument it does not name is left to its default.
fn with(function: &Function, letter: char, body: &Body) -> Attempt {
    let named = function.arguments.iter().filter_map(|(name, kind)| {
        let value = match body.get(name)? {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        Some(format!("{name} => '{}'::{kind}", value.replace('\'', "''")))
    });
    let named: Vec<String> = named.collect();
    Attempt {
        letter,
        deed: Deed::Call {
            body: Value::Object(body.clone()).to_string(),
        },
        sql: format!(
            "select from {}.{}({})",
            function.schema,
            function.name,
            named.join(", ")
        ),
        setting: None,
    }
}

fn called_with_nothing(function: &Function) -> String {
    let nulls = function
        .arguments
        .iter()
        .map(|(_, kind)| format!("null::{kind}"));
    let nulls: Vec<String> = nulls.collect();
    format!(
        "select {}.{}({})",
        function.schema,
        function.name,
        nulls.join(", ")
    )
}

/// Every function of `private`, whether the document names it or not.
fn helpers(ground: &Ground<'_>) -> Vec<Cell> {
    let listed = |signature: &str| {
        let rows = ground.document.rows.iter();
        rows.filter(|row| row.part == Part::Helpers)
            .any(|row| row.object == signature)
    };
    let private = ground
        .functions
        .iter()
        .filter(|function| function.schema == "private");
    let mut cells = Vec::new();
    for function in private {
        for caller in &ground.scene.callers {
            // One user stands for all: a grant does not tell them apart.
            let user = caller.name == "owner";
            let (Some(role), true) = (
                caller.role,
                user || caller.name == "service" || caller.name == "nobody",
            ) else {
                continue;
            };
            let expected = match user && listed(&function.signature) {
                true => Letters::from(['x']),
                false => Letters::new(),
            };
            cells.push(Cell {
                part: Part::Helpers,
                object: function.signature.clone(),
                column: caller.name.to_owned(),
                expected,
                role: Some(role.to_owned()),
                claims: caller.claims.clone(),
                attempts: vec![Attempt {
                    letter: 'x',
                    deed: Deed::Inside,
                    sql: called_with_nothing(function),
                    setting: None,
                }],
            });
        }
    }
    cells
}
