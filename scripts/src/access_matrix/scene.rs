//! Two tenants with the same rows in every table, and the people who try things on them.

use std::collections::BTreeMap;

use anyhow::Context;
use local_stack::Details;
use local_stack::keys::Keys;
use serde_json::{Map, Value, json};
use tokio_postgres::{Client, NoTls};

use crate::places;

/// Whom the service names when it acts for nobody.
const SERVICE: &str = "00000000-0000-4000-8000-000000000001";

/// The column of whoever has the secret key.
pub(super) const SERVICE_COLUMN: &str = "service";

/// A column of the matrix from outside.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The column's name.
    pub(super) name: &'static str,
    /// What is sent beside the key, if anything.
    pub(super) token: Option<String>,
    /// The role PostgREST takes on for it; none when it never gets so far.
    pub(super) role: Option<&'static str>,
    /// The claims PostgREST passes on.
    pub(super) claims: String,
    /// Who acts inside in its name.
    pub(super) person: Option<String>,
}

/// A row of a table that belongs to the organization under test, and one that does not.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The table.
    pub(super) object: String,
    /// The column that tells the rows apart.
    pub(super) key: String,
    /// Its value of the own row.
    pub(super) own: String,
    /// Its value of the foreign row.
    pub(super) foreign: String,
    /// The own row turned into a new one, with `:actor` and `:new` in it.
    pub(super) fresh: Option<String>,
    /// The same of the foreign row.
    pub(super) fresh_foreign: Option<String>,
    /// A change it can bear; none means that the first column one may change is set to itself.
    pub(super) change: Option<String>,
    /// Whether its rows are written while their model is saved.
    pub(super) saved_with_model: bool,
}

/// Everything the cells are made of.
pub(super) struct Scene {
    /// The columns.
    pub(super) callers: Vec<Caller>,
    /// The rows, by table.
    pub(super) places: BTreeMap<String, Place>,
    /// Identifiers by name.
    pub(super) named: BTreeMap<String, String>,
}

/// Connects as the superuser.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .context("connecting to the database")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Puts the rows there and signs everybody's token.
///
/// # Errors
/// When the rows cannot be written.
pub(super) async fn set(details: &Details, client: &Client) -> anyhow::Result<Scene> {
    let tests = places::root().join("tests");
    let support = std::fs::read_to_string(tests.join("database/support.sql"))?;
    let scene = std::fs::read_to_string(tests.join("access-matrix/scene.sql"))?;
    let script = format!("begin; {support}\n{scene}\ndrop schema test cascade; commit;");
    client
        .batch_execute(&script)
        .await
        .context("setting the scene")?;
    let named = client
        .query("select name, id::text from named", &[])
        .await?;
    let named: BTreeMap<String, String> =
        named.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(Scene {
        callers: callers(details, &named)?,
        places: places_of(client).await?,
        named,
    })
}

async fn places_of(client: &Client) -> anyhow::Result<BTreeMap<String, Place>> {
    // A table whose rows are wanted but missing would make every refusal look right.
    let query = "select object, key, own, \"foreign\", \
            pg_temp.made(object, key, own, fresh), pg_temp.made(object, key, \"foreign\", fresh_foreign), \
            coalesce(change, pg_temp.usual_change(object)), saved_with_model \
        from places";
    client.batch_execute(HELPERS).await?;
    let rows = client.query(query, &[]).await.context("reading the rows")?;
    let place = |row: &tokio_postgres::Row| Place {
        object: row.get(0),
        key: row.get(1),
        own: row.get(2),
        foreign: row.get(3),
        fresh: row.get(4),
        fresh_foreign: row.get(5),
        change: row.get(6),
        saved_with_model: row.get(7),
    };
    Ok(rows.iter().map(|row| (row.get(0), place(row))).collect())
}

/// Finds a row and turns it into a new one; fails when there is none.
const HELPERS: &str = r#"
create function pg_temp.made(object text, key text, value text, fresh jsonb) returns text language plpgsql as $$
declare
  v_row jsonb;
begin
  execute format('select to_jsonb(t) from %s as t where %I = %L limit 1', object, key, value) into strict v_row;
  return (
    select jsonb_object_agg(field.key, field.value)
    from jsonb_each(v_row || made.fresh) as field
    join pg_attribute as a on a.attrelid = object::regclass and a.attname = field.key
    where a.attgenerated = '' and a.attidentity <> 'a' and (made.fresh -> field.key) is distinct from 'null')::text;
end
$$;
create function pg_temp.usual_change(object text) returns text language sql as $$
  select case attname when 'revision' then 'revision = revision + 1' else format('%I = now()', attname) end
  from pg_attribute
  where attrelid = object::regclass and attname in ('revision', 'updated_at', 'created_at', 'begun_at')
  order by array_position('{revision,updated_at,begun_at,created_at}', attname::text)
  limit 1
$$;"#;

fn callers(details: &Details, named: &BTreeMap<String, String>) -> anyhow::Result<Vec<Caller>> {
    let keys = Keys::load_or_create(&details.data.join("key.pem"))?;
    let elsewhere = tempfile::tempdir()?;
    let others = Keys::load_or_create(&elsewhere.path().join("key.pem"))?;
    let person = |name: &str| {
        named
            .get(name)
            .with_context(|| format!("nobody is called {name}"))
    };
    let claims = |id: &str, lasts: i64| -> anyhow::Result<Map<String, Value>> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let now = i64::try_from(now.as_secs())?;
        let claims = json!({"sub": id, "role": "authenticated", "aud": "authenticated",
            "iat": now - 7200, "exp": now + lasts});
        Ok(claims.as_object().cloned().unwrap_or_default())
    };
    let refused = |name, token| Caller {
        name,
        token: Some(token),
        role: None,
        claims: String::new(),
        person: None,
    };
    let owner = person("owner")?;
    let mut callers = vec![
        Caller {
            name: "nobody",
            token: None,
            role: Some("anon"),
            claims: r#"{"role": "anon"}"#.to_owned(),
            person: None,
        },
        refused("expired", keys.sign(&claims(owner, -3600)?)?),
        refused("forged", others.sign(&claims(owner, 3600)?)?),
    ];
    let people = [
        ("other tenant", "stranger"),
        ("viewer", "viewer"),
        ("editor", "editor"),
        ("owner", "owner"),
        ("org admin", "admin"),
        ("removed", "removed"),
    ];
    for (column, name) in people {
        let id = person(name)?;
        let claims = claims(id, 3600)?;
        callers.push(Caller {
            name: column,
            token: Some(keys.sign(&claims)?),
            role: Some("authenticated"),
            claims: Value::Object(claims).to_string(),
            person: Some(id.clone()),
        });
    }
    callers.push(Caller {
        name: SERVICE_COLUMN,
        token: Some(details.service_role_key.clone()),
        role: Some("service_role"),
        claims: json!({"sub": SERVICE, "role": "service_role"}).to_string(),
        person: Some(SERVICE.to_owned()),
    });
    Ok(callers)
}
