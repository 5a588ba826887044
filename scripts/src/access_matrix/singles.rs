//! Attempts that no letter describes, and those that every partition has in common.

use anyhow::bail;
use serde_json::json;
use tokio_postgres::Client;

use super::cells::Answer;
use super::document::{Document, Part};
use super::scene::Scene;
use super::sql;

/// One of them, with everything it needs.
pub(super) struct Trial {
    /// The object it is about.
    pub(super) object: String,
    /// What is tried.
    pub(super) statement: String,
    role: String,
    claims: String,
    expected: String,
}

/// Those of the document, that every table is guarded, and that nobody empties a partition.
///
/// # Errors
/// When the document names somebody or something that is not there.
pub(super) async fn all(
    client: &Client,
    document: &Document,
    scene: &Scene,
) -> anyhow::Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for single in &document.singles {
        let (role, claims) = whoever(scene, &single.who)?;
        trials.push(Trial {
            object: single.object.clone(),
            statement: filled(&single.statement, scene),
            role,
            claims,
            expected: single.answer.clone(),
        });
    }
    let query = "select format('%s.%s', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'private') and c.relispartition and c.relkind = 'r'";
    let partitions = client.query(query, &[]).await?;
    let tables = document
        .rows
        .iter()
        .filter(|row| row.part == Part::TablesInside);
    // Where only one role has grants, its policies alone would not show that the table is guarded.
    trials.extend(tables.map(|row| Trial {
        object: row.object.clone(),
        statement: format!(
            "select from pg_class where oid = '{}'::regclass and relrowsecurity",
            row.object
        ),
        role: "supabase_admin".to_owned(),
        claims: String::new(),
        expected: "rows".to_owned(),
    }));
    trials.extend(partitions.iter().map(|row| {
        let partition: String = row.get(0);
        Trial {
            statement: format!("truncate {partition} cascade"),
            object: partition,
            role: "supabase_admin".to_owned(),
            claims: String::new(),
            expected: "42501".to_owned(),
        }
    }));
    Ok(trials)
}

/// The role and the claims of somebody.
fn whoever(scene: &Scene, who: &str) -> anyhow::Result<(String, String)> {
    match who {
        "superuser" => return Ok(("supabase_admin".to_owned(), String::new())),
        "engine" => return Ok(("fm_engine".to_owned(), String::new())),
        _ => {}
    }
    let person = who
        .strip_prefix("inside ")
        .and_then(|name| scene.named.get(name));
    if let Some(id) = person {
        let claims = json!({"sub": id, "role": "authenticated"});
        return Ok(("fm_writer".to_owned(), claims.to_string()));
    }
    let (inside, name) = match who.strip_prefix("inside ") {
        Some(name) => (true, name),
        None => (false, who),
    };
    let caller = scene.callers.iter().find(|caller| caller.name == name);
    let Some((caller, role)) = caller.and_then(|caller| Some((caller, caller.role?))) else {
        bail!("nobody is called {who}");
    };
    let role = if inside { "fm_writer" } else { role };
    Ok((role.to_owned(), caller.claims.clone()))
}

/// A statement with identifiers instead of names.
fn filled(statement: &str, scene: &Scene) -> String {
    let named = scene.named.iter();
    named.fold(statement.to_owned(), |statement, (name, id)| {
        statement.replace(&format!("{{{name}}}"), &format!("'{id}'"))
    })
}

/// What is not as expected, if anything.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn difference(client: &Client, trial: &Trial) -> anyhow::Result<Option<String>> {
    let query = "select pg_temp.attempt($1, $2, null, null, $3)";
    let row = client
        .query_one(query, &[&trial.role, &trial.claims, &trial.statement])
        .await?;
    let seen = match sql::answer(row.get(0)) {
        Answer::Rows(0) => "nothing".to_owned(),
        Answer::Rows(_) => "rows".to_owned(),
        Answer::Failed { code, .. } if code == trial.expected => code,
        Answer::Failed { code, message } => format!("{code} {message}"),
    };
    Ok((seen != trial.expected).then(|| format!("{} is expected, {seen} is so", trial.expected)))
}
