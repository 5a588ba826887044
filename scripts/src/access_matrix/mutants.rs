//! Each policy, grant and guard taken away or loosened in turn, in a transaction that is undone.

use anyhow::Context;
use tokio_postgres::Client;

/// One change for the worse.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    /// What is changed: a policy, what it asks, a grant or a guard.
    pub(super) kind: String,
    /// The objects of whose cells one has to notice.
    pub(super) objects: Vec<String>,
    /// The change.
    pub(super) statement: String,
}

/// Our policies: taken away, then each of their conditions loosened; and row level security as a whole.
const POLICIES: &str = "
    with policies as (
      select policyname, format('%I on %I.%I', policyname, schemaname, tablename) as name,
             format('%s.%s', schemaname, tablename) as object, qual, with_check
      from pg_policies where schemaname in ('public', 'private', 'realtime'))
    select 'policy', object, 'drop policy ' || name from policies
    union all
    select 'policy', object, 'alter policy ' || name || ' using (true)' from policies where qual <> 'true'
    union all
    select 'policy', object, 'alter policy ' || name || ' with check (true)' from policies where with_check <> 'true'
    union all
    select 'policy', format('%s.%s', n.nspname, c.relname), format('alter table %I.%I disable row level security', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
    union all
    select 'policy', 'realtime.messages',
           'create policy planted on realtime.messages for insert to authenticated with check (true)'";

/// What policies ask: a question that is always answered with yes, and membership everywhere.
const QUESTIONS: &str = "
    select 'question', string_agg(distinct format('%s.%s', n.nspname, c.relname), ' '),
           format('create or replace function %s(%s) returns %s language sql security definer set search_path = %L as %L',
             p.oid::regproc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), '',
             case when p.proretset then 'select organization_id from public.organizations' else 'select true' end)
    from pg_depend d
    join pg_proc p on p.oid = d.refobjid
    join pg_policy policy on policy.oid = d.objid
    join pg_class c on c.oid = policy.polrelid join pg_namespace n on n.oid = c.relnamespace
    where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_proc'::regclass
      and p.pronamespace = 'private'::regnamespace
      and (p.prorettype = 'boolean'::regtype or (p.proretset and p.prorettype = 'uuid'::regtype))
    group by p.oid";

/// Grants on tables: what the roles of the API lack is given, what any role has is taken.
const TABLE_GRANTS: &str = "
    select 'grant', format('%s.%s', n.nspname, c.relname),
           format(case when held then 'revoke %s on %I.%I from %I' else 'grant %s on %I.%I to %I' end,
             privilege, n.nspname, c.relname, role)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join unnest('{anon,authenticated,service_role,fm_writer,fm_engine}'::text[]) as role
    cross join unnest('{select,insert,update,delete}'::text[]) as privilege
    cross join lateral (select case privilege
        when 'delete' then has_table_privilege(role, c.oid, privilege)
        else has_any_column_privilege(role, c.oid, privilege) end as held) as held
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
      and (held or role not like 'fm%')
      -- Nobody without a user may as much as look into this schema.
      and not (role = 'anon' and n.nspname = 'private')";

/// Grants on functions, the same way.
const FUNCTION_GRANTS: &str = "
    select 'grant', p.oid::regprocedure::text,
           format(case when has_function_privilege(role, p.oid, 'execute')
             then 'revoke execute on function %s from %I' else 'grant execute on function %s to %I' end,
             p.oid::regprocedure, role)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    cross join unnest('{anon,authenticated,service_role}'::text[]) as role
    where n.nspname in ('public', 'private') and p.prokind = 'f'
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
      and not (role = 'anon' and n.nspname = 'private')";

/// Guards: triggers.
const GUARDS: &str = "
    select 'guard', format('%s.%s', n.nspname, c.relname), format('alter table %I.%I disable trigger %I', n.nspname, c.relname, t.tgname)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and not t.tgisinternal and t.tgparentid = 0";

/// Every mutant there is.
///
/// # Errors
/// When the catalogue cannot be read.
pub(super) async fn all(client: &Client) -> anyhow::Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for query in [POLICIES, QUESTIONS, TABLE_GRANTS, FUNCTION_GRANTS, GUARDS] {
        let rows = client
            .query(query, &[])
            .await
            .context("reading what could be loosened")?;
        mutants.extend(rows.iter().map(|row| Mutant {
            kind: row.get(0),
            objects: objects(row.get(0), row.get(1)),
            statement: row.get(2),
        }));
    }
    Ok(mutants)
}

/// Questions are asked by several tables; a signature may have blanks in it.
fn objects(kind: &str, listed: &str) -> Vec<String> {
    match kind {
        "question" => listed.split(' ').map(str::to_owned).collect(),
        _ => vec![listed.to_owned()],
    }
}
