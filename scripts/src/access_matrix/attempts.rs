//! What is tried for each cell: the statement, and what PostgREST is asked for the same.

use std::collections::BTreeMap;

use anyhow::Context;
use tokio_postgres::Client;

use super::cells::{Attempt, Cell, Deed};
use super::channels::topics;
use super::document::{Document, Letters, Part};
use super::scene::{Caller, Place, Scene};

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

/// Which columns a role may add and change, by table.
pub(super) struct Columns(BTreeMap<(String, String), Granted>);

#[derive(Default)]
struct Granted {
    insert: Vec<String>,
    update: Vec<String>,
    delete: bool,
}

impl Columns {
    /// Reads them for the roles of the command functions.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn read(client: &Client) -> anyhow::Result<Self> {
        let query = "
            select format('%s.%s', n.nspname, c.relname), role,
              array(select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and has_column_privilege(role, c.oid, a.attnum, 'insert') order by a.attnum)::text[],
              array(select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and has_column_privilege(role, c.oid, a.attnum, 'update') order by a.attnum)::text[],
              has_table_privilege(role, c.oid, 'delete')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            cross join unnest('{fm_writer,fm_engine}'::text[]) as role
            where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition";
        let rows = client
            .query(query, &[])
            .await
            .context("reading the grants")?;
        Ok(Self(
            rows.iter()
                .map(|row| {
                    let granted = Granted {
                        insert: row.get(2),
                        update: row.get(3),
                        delete: row.get(4),
                    };
                    ((row.get(0), row.get(1)), granted)
                })
                .collect(),
        ))
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
                for (column, expected) in &row.cells {
                    let caller = caller(ground.scene, column)?;
                    let attempts = match row.part {
                        Part::TablesOutside => outside(place(ground.scene, &row.object)?),
                        _ => calls(ground, &row.object)?,
                    };
                    cells.push(Cell {
                        part: row.part,
                        object: row.object.clone(),
                        column: column.clone(),
                        expected: expected.clone(),
                        role: caller.role.map(str::to_owned),
                        claims: caller.claims.clone(),
                        attempts,
                    });
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
    cells.extend(helpers(ground));
    Ok(cells)
}

fn caller<'a>(scene: &'a Scene, column: &str) -> anyhow::Result<&'a Caller> {
    let caller = scene.callers.iter().find(|caller| caller.name == column);
    caller.with_context(|| format!("nobody is called {column}"))
}

/// A channel as Realtime asks about it: a message is looked for, or left.
fn channel(scene: &Scene, kind: &str, column: &str, expected: &Letters) -> anyhow::Result<Cell> {
    let caller = caller(scene, column)?;
    let mut attempts = Vec::new();
    for (topic, [hear, talk]) in topics(scene, kind)?
        .into_iter()
        .zip([['h', 't'], ['H', 'T']])
    {
        let sql = [
            format!(
                "select 1 from realtime.messages where topic = '{topic}' and extension = 'broadcast' limit 1"
            ),
            format!(
                "insert into realtime.messages (topic, extension) values ('{topic}', 'broadcast')"
            ),
        ];
        for (letter, sql) in [hear, talk].into_iter().zip(sql) {
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
    if let Some(search) = searched(function) {
        let place = place(ground.scene, "public.function_models")?;
        let sides = [('x', &place.own), ('X', &place.foreign)];
        return Ok(sides
            .into_iter()
            .map(|(letter, value)| Attempt {
                letter,
                deed: Deed::Call {
                    body: format!(r#"{{"{search}": "matrix"}}"#),
                    filter: format!("?{}=eq.{value}", place.key),
                },
                sql: format!(
                    "select from public.{name}('matrix') as t where t.{} = '{value}'",
                    place.key
                ),
                setting: None,
            })
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
            filter: String::new(),
        },
        sql: called_with_nothing(function),
        setting: None,
    }
}

/// The argument of a search over models.
fn searched(function: &Function) -> Option<&str> {
    match function.arguments.as_slice() {
        [(query, kind)] if query == "query" && kind == "text" => Some(query),
        _ => None,
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

fn inside(
    ground: &Ground<'_>,
    object: &str,
    column: &str,
    expected: &Letters,
) -> anyhow::Result<Cell> {
    let engine = column == "engine";
    let role = if engine { "fm_engine" } else { "fm_writer" };
    let caller = ground
        .scene
        .callers
        .iter()
        .find(|caller| caller.name == column);
    let place = place(ground.scene, object)?;
    let person = caller.and_then(|caller| caller.person.clone());
    anyhow::ensure!(engine || person.is_some(), "nobody is called {column}");
    let other = ground
        .scene
        .named
        .get("founder")
        .cloned()
        .unwrap_or_default();
    let key = (object.to_owned(), role.to_owned());
    let nothing = Granted::default();
    let granted = ground.columns.0.get(&key).unwrap_or(&nothing);
    let mut attempts = Vec::new();
    let sides = [
        ("own", &place.own, &place.fresh, ['s', 'i', 'n', 'u', 'd']),
        (
            "foreign",
            &place.foreign,
            &place.fresh_foreign,
            ['S', 'I', 'N', 'U', 'D'],
        ),
    ];
    for (side, value, fresh, [read, add, name, change, remove]) in sides {
        let wherever = format!("where {} = '{value}'", place.key);
        let model = ground.scene.named.get(&format!("{side} model")).cloned();
        let model = model.filter(|_| place.saved_with_model);
        let saving = model.map(|id| ("fm.request", format!(r#"{{"modelId": "{id}"}}"#)));
        let mut attempt = |letter, sql, setting| {
            attempts.push(Attempt {
                letter,
                deed: Deed::Inside,
                sql,
                setting,
            });
        };
        attempt(
            read,
            format!("select 1 from {object} {wherever} limit 1"),
            None,
        );
        if let (Some(fresh), false) = (fresh, granted.insert.is_empty()) {
            let own_name = person.as_deref().unwrap_or(&other);
            attempt(
                add,
                added(object, fresh, own_name, &granted.insert),
                saving.clone(),
            );
            if fresh.contains(":actor") && !engine {
                attempt(
                    name,
                    added(object, fresh, &other, &granted.insert),
                    saving.clone(),
                );
            }
        }
        // Who has no right to any row changes none without reading either.
        let blind = column == "removed";
        if let Some(set) = changed(place, &granted.update).filter(|_| blind) {
            let set = unread(&set);
            attempt(
                change,
                format!("update {object} set {set} where true"),
                saving.clone(),
            );
        }
        if blind && granted.delete {
            attempt(
                remove,
                format!("delete from {object} where true"),
                saving.clone(),
            );
        }
        if let Some(set) = changed(place, &granted.update) {
            attempt(
                change,
                format!("update {object} set {set} {wherever}"),
                saving.clone(),
            );
        }
        if granted.delete {
            attempt(
                remove,
                format!("delete from {object} {wherever}"),
                saving.clone(),
            );
        }
    }
    Ok(Cell {
        part: Part::TablesInside,
        object: object.to_owned(),
        column: column.to_owned(),
        expected: expected.clone(),
        role: Some(role.to_owned()),
        claims: match engine {
            true => String::new(),
            false => caller
                .map(|caller| caller.claims.clone())
                .unwrap_or_default(),
        },
        attempts,
    })
}

/// A statement that adds a row as somebody may: with the columns they are granted.
pub(super) fn added(object: &str, fresh: &str, actor: &str, columns: &[String]) -> String {
    let mut row = fresh.replace(":actor", actor).replace('\'', "''");
    while row.contains(":new") {
        row = row.replacen(":new", &uuid::Uuid::new_v4().to_string(), 1);
    }
    let keys: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(fresh).unwrap_or_default();
    let columns: Vec<&str> = columns
        .iter()
        .map(String::as_str)
        .filter(|column| keys.contains_key(*column))
        .collect();
    let columns = columns.join(", ");
    format!(
        "insert into {object} ({columns}) select {columns} from jsonb_populate_record(null::{object}, '{row}')"
    )
}

/// A change that reads nothing of the row.
fn unread(set: &str) -> String {
    let parts = set.split(", ").map(|part| match part.split_once(" = ") {
        Some((column, "now()")) => format!("{column} = now()"),
        Some((column, value)) if value.starts_with(column) => format!("{column} = default"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The change a table can bear, as far as the columns may be changed.
fn changed(place: &Place, granted: &[String]) -> Option<String> {
    let usual = place.change.as_deref().filter(|change| {
        let columns = change.split(", ").filter_map(|set| set.split(" = ").next());
        columns
            .into_iter()
            .all(|column| granted.iter().any(|name| name == column))
    });
    let first = granted.first().map(|column| format!("{column} = {column}"));
    usual.map(str::to_owned).or(first)
}
