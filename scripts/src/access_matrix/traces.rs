//! What a write leaves behind: a row in the audit trail, a message, or a refusal that nobody is spared.

use anyhow::Context;
use tokio_postgres::Client;

use super::attempts::{added, place};
use super::document::{Document, Letters, Part, Row};
use super::scene::Scene;

/// Adds, changes and removes a row and empties its table, as the superuser; tells what each left behind.
const TRACES: &str = r#"
create function pg_temp.traces(object text, added text, change text) returns text language plpgsql as $$
declare
  v_class pg_class := (select c from pg_class as c where c.oid = object::regclass);
  v_found text := '';
  v_at tid;
  v_letter text;
  v_audited bigint;
  v_told bigint;
  v_detail text;
begin
  perform set_config('request.jwt.claims', '', true), set_config('fm.request', '', true);
  foreach v_letter in array '{i,u,d,t}'::text[] loop
    begin
      select count(*) into v_audited from public.audit_logs
        where changed_at = now() and table_name = v_class.relname;
      select count(*) into v_told from realtime.messages where inserted_at = now();
      case v_letter
        when 'i' then execute added || ' returning ctid' into v_at;
        when 'u' then execute format('update %s set %s where ctid = %L returning ctid', object, change, v_at) into v_at;
        when 'd' then execute format('delete from %s where ctid = %L', object, v_at);
        else execute format('truncate %s cascade', object);
      end case;
      if v_letter = 't' then
        -- Everything is undone at the end; what a cascade empties belongs to other rows of the document.
        continue;
      end if;
      if (select count(*) from public.audit_logs where changed_at = now() and table_name = v_class.relname) > v_audited then
        v_found := v_found || ' audited:' || v_letter;
      end if;
      if (select count(*) from realtime.messages where inserted_at = now()) > v_told then
        v_found := v_found || ' told:' || v_letter;
      end if;
    exception when others then
      get stacked diagnostics v_detail = pg_exception_detail;
      if v_detail like format('%% on %s.%s', v_class.relnamespace::regnamespace, v_class.relname)
        or (v_letter <> 't' and exists (
          select from pg_inherits where inhparent = v_class.oid and v_detail like '% on ' || inhrelid::regclass)) then
        v_found := v_found || ' kept:' || v_letter;
      elsif v_letter <> 't' then
        v_found := v_found || ' failed:' || sqlstate || sqlerrm;
      end if;
    end;
  end loop;
  raise exception using errcode = 'TT000', message = v_found;
exception when sqlstate 'TT000' then
  return sqlerrm;
end
$$;"#;

/// Makes a connection able to try.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn prepare(client: &Client) -> anyhow::Result<()> {
    client
        .batch_execute(TRACES)
        .await
        .context("preparing to look for traces")
}

/// What differs from the document for one table; and how many attempts it took.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn differences(
    client: &Client,
    scene: &Scene,
    row: &Row,
) -> anyhow::Result<(Vec<String>, usize)> {
    let place = place(scene, &row.object)?;
    let fresh = place.fresh.as_deref().unwrap_or("{}");
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(fresh)?;
    let columns: Vec<String> = keys.keys().cloned().collect();
    let owner = scene
        .named
        .get("owner")
        .map(String::as_str)
        .unwrap_or_default();
    let add = added(&row.object, fresh, owner, &columns);
    let change = place
        .change
        .clone()
        .unwrap_or_else(|| format!("{0} = {0}", place.key));
    let query = "select pg_temp.traces($1, $2, $3)";
    let found: String = client
        .query_one(query, &[&row.object, &add, &change])
        .await?
        .get(0);
    let mut differences = Vec::new();
    if found.contains("failed:") {
        differences.push(found.clone());
    }
    for (column, expected) in &row.cells {
        let prefix = format!("{column}:");
        let marks = found
            .split(' ')
            .filter_map(|mark| mark.strip_prefix(&prefix));
        let seen: Letters = marks.flat_map(str::chars).collect();
        if seen != *expected {
            differences.push(format!(
                "{column}: {expected:?} is expected, {seen:?} is so"
            ));
        }
    }
    Ok((differences, 4))
}

/// The row about an object, of a partition that of its parent.
pub(super) fn row_of<'a>(document: &'a Document, object: &str) -> Option<&'a Row> {
    document
        .rows
        .iter()
        .find(|row| row.part == Part::Traces && row.object == object)
}
