//! What is tried as the roles of the command functions, should a command forget to ask.

use std::collections::BTreeMap;

use anyhow::Context;
use tokio_postgres::Client;

use super::attempts::{Ground, place};
use super::cells::{Attempt, Cell, Deed};
use super::document::{Letters, Part};
use super::scene::{Place, SERVICE_COLUMN};

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

/// The cell of a table and a column from inside.
///
/// # Errors
/// When the document names somebody who is not there.
pub(super) fn inside(
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
    // The service and the engine work for everybody, whatever belongs to whom.
    let alone = place
        .alone
        .as_ref()
        .filter(|_| !engine && column != SERVICE_COLUMN);
    if let Some(value) = alone {
        let wherever = format!("where {} = '{value}'", place.key);
        let model = ground.scene.named.get("alone model");
        let model = model.filter(|_| place.saved_with_model);
        let saving = model.map(|id| ("fm.request", format!(r#"{{"modelId": "{id}"}}"#)));
        let change = changed(place, &granted.update);
        let change = change.map(|set| format!("update {object} set {set} {wherever}"));
        let remove = granted
            .delete
            .then(|| format!("delete from {object} {wherever}"));
        let read = format!("select 1 from {object} {wherever} limit 1");
        let writes = [change, remove].into_iter().flatten();
        let writes = writes.map(|sql| (sql, saving.clone()));
        let tried = std::iter::once((read, None)).chain(writes);
        attempts.extend(tried.map(|(sql, setting)| Attempt {
            letter: 'a',
            deed: Deed::Inside,
            sql,
            setting,
        }));
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
