//! Cells in SQL, as PostgREST would ask: the role, the claims, the statement, and everything undone.

use anyhow::Context;
use tokio_postgres::Client;

use super::cells::{Answer, Cell};

/// Tries a statement as a role, and undoes it.
const ATTEMPT: &str = r#"
create function pg_temp.attempt(role text, claims text, setting text, value text, statement text) returns text language plpgsql as $$
declare
  v_rows bigint;
begin
  begin
    perform set_config('request.jwt.claims', claims, true), set_config('fm.request', '', true), set_config('realtime.topic', '', true);
    if setting is not null then
      perform set_config(setting, value, true);
    end if;
    execute format('set local role %I', role);
    execute statement;
    get diagnostics v_rows = row_count;
    raise exception using errcode = 'TT000', message = v_rows::text;
  exception
    when sqlstate 'TT000' then
      return 'rows ' || sqlerrm;
    when others then
      return sqlstate || ' ' || sqlerrm;
  end;
end
$$;"#;

/// Makes a connection able to try.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn prepare(client: &Client) -> anyhow::Result<()> {
    client
        .batch_execute(ATTEMPT)
        .await
        .context("preparing to try")
}

/// The answers to all attempts of some cells, cell by cell.
/// A cell whose caller never gets so far has none.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn ask(client: &Client, cells: &[&Cell]) -> anyhow::Result<Vec<Vec<Answer>>> {
    let (mut roles, mut claims, mut statements) = (vec![], vec![], vec![]);
    let (mut settings, mut values) = (vec![], vec![]);
    for cell in cells {
        let Some(role) = cell.role.as_deref() else {
            continue;
        };
        for attempt in &cell.attempts {
            roles.push(role);
            claims.push(cell.claims.as_str());
            settings.push(attempt.setting.as_ref().map(|(name, _)| *name));
            values.push(attempt.setting.as_ref().map(|(_, value)| value.as_str()));
            statements.push(attempt.sql.as_str());
        }
    }
    let query = "select pg_temp.attempt(role, claims, setting, value, statement)
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
          as t (role, claims, setting, value, statement)";
    let rows = client
        .query(query, &[&roles, &claims, &settings, &values, &statements])
        .await
        .context("trying")?;
    let mut answers = rows.iter().map(|row| answer(row.get(0)));
    Ok(cells
        .iter()
        .map(|cell| match cell.role {
            Some(_) => answers.by_ref().take(cell.attempts.len()).collect(),
            None => vec![],
        })
        .collect())
}

/// Reads what an attempt answered.
pub(super) fn answer(text: &str) -> Answer {
    let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
    match (code, rest.parse()) {
        ("rows", Ok(rows)) => Answer::Rows(rows),
        _ => Answer::Failed {
            code: code.to_owned(),
            message: rest.to_owned(),
        },
    }
}
