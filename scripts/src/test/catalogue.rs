//! What must hold for the whole schema and the advisors do not see, read from the catalogue.

use anyhow::Context;
use tokio_postgres::Client;

use super::database;
use crate::tally::Count;

/// A rule, and a query for whatever breaks it.
struct Rule {
    holds: &'static str,
    broken_by: &'static str,
}

const RULES: [Rule; 16] = [
    Rule {
        holds: "every foreign key has an index",
        broken_by: "select format('%s on %s', c.conname, c.conrelid::regclass)
            from pg_constraint c join pg_class t on t.oid = c.conrelid
            where c.contype = 'f' and c.connamespace in ('public'::regnamespace, 'private'::regnamespace)
              and not t.relispartition
              and not exists (
                select from pg_index i
                where i.indrelid = c.conrelid
                  and coalesce(pg_get_expr(i.indpred, i.indrelid), '(x IS NOT NULL)') ~ '^\\(\\w+ IS NOT NULL\\)$'
                  and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)",
    },
    Rule {
        holds: "every table of public has row level security, partitions and their parents too",
        broken_by: "select oid::regclass::text from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity",
    },
    Rule {
        holds: "no function is executable by everybody",
        broken_by: "select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
              and exists (
                select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                where a.grantee = 0 and a.privilege_type = 'EXECUTE')",
    },
    Rule {
        holds: "the anonymous role may do nothing",
        broken_by: "select format('%s on %s', a.privilege_type, c.oid::regclass)
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee in (0, 'anon'::regrole)
            union all
            select format('%s on %s', a.privilege_type, p.oid::regprocedure)
            from pg_proc p, aclexplode(p.proacl) a
            where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee = 'anon'::regrole",
    },
    Rule {
        holds: "users hold nothing but SELECT on tables",
        broken_by: "select format('%s on %s', a.privilege_type, c.oid::regclass)
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee = 'authenticated'::regrole and a.privilege_type <> 'SELECT'",
    },
    Rule {
        holds: "the service role holds nothing on tables",
        broken_by: "select format('%s on %s', a.privilege_type, c.oid::regclass)
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee = 'service_role'::regrole",
    },
    Rule {
        holds: "users execute no function that could write",
        broken_by: "select p.oid::regprocedure::text
            from pg_proc p, aclexplode(p.proacl) a
            where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole) and p.provolatile = 'v'",
    },
    Rule {
        holds: "every function pins an empty search path",
        broken_by: "select oid::regprocedure::text from pg_proc
            where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
              and not coalesce(proconfig && array['search_path=\"\"', 'search_path='], false)",
    },
    Rule {
        holds: "no function raises what PostgREST repeats for ever",
        broken_by: "select oid::regprocedure::text from pg_proc
            where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
              and prosrc ~* '40001|serialization_failure'",
    },
    Rule {
        holds: "every policy says whom it is for",
        broken_by: "select format('%s on %s.%s', policyname, schemaname, tablename) from pg_policies
            where schemaname in ('public', 'private', 'realtime', 'storage') and roles = '{public}'",
    },
    Rule {
        holds: "every table says what it is for",
        broken_by: "select oid::regclass::text from pg_class
            where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and relkind in ('r', 'p') and not relispartition and obj_description(oid, 'pg_class') is null",
    },
    Rule {
        holds: "who may write a table may read it",
        broken_by: "select format('%s on %s', a.privilege_type, c.oid::regclass)
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v')
              and a.grantee <> c.relowner and a.privilege_type in ('UPDATE', 'DELETE')
              and not has_any_column_privilege(a.grantee, c.oid, 'SELECT')",
    },
    Rule {
        holds: "nobody but its owner empties, refers to, triggers on or maintains a table",
        broken_by: "select format('%s on %s for %s', a.privilege_type, c.oid::regclass, a.grantee::regrole)
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee <> c.relowner and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')",
    },
    Rule {
        holds: "the anonymous role may not enter our schema, nor use a sequence or a column",
        broken_by: "select 'schema ' || n.nspname from pg_namespace n
            where n.nspname = 'private' and has_schema_privilege('anon', n.oid, 'USAGE, CREATE')
            union all
            select format('column %s of %s', t.attname, t.attrelid::regclass)
            from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and a.grantee in (0, 'anon'::regrole)",
    },
    Rule {
        holds: "tables and functions say who may use them, so that no default of the platform decides",
        broken_by: "select c.oid::regclass::text from pg_class c
            where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
              and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and c.relacl is null
            union all
            select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and p.proacl is null",
    },
    Rule {
        holds: "every schema but the platform's is one of ours, and nobody but their owner makes things there",
        broken_by: "select format('%s on %s for %s', a.privilege_type, n.nspname, a.grantee::regrole)
            from pg_namespace n, aclexplode(n.nspacl) a
            where n.nspname in ('public', 'private') and a.privilege_type = 'CREATE'
              and a.grantee not in (n.nspowner, 'postgres'::regrole)",
    },
];

/// Breaks every rule at once; always rolled back.
const VIOLATIONS: &str = "
    create table public.planted (id int primary key, other int references public.planted);
    grant insert on public.planted to anon, authenticated, service_role;
    create policy planted on public.planted using (true);
    create function public.planted() returns int language plpgsql
        as $$ begin raise sqlstate '40001'; end $$;
    grant execute on function public.planted() to authenticated;
    create table private.planted_silently (id int);
    create role planted; grant delete on public.planted to planted; grant create on schema private to planted;
    grant truncate on public.planted to planted; grant select (id) on public.planted to anon;";

/// Asks for whatever breaks a rule, and whether each rule would notice.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn run(url: &str) -> anyhow::Result<Count> {
    let client = database::connect(url).await?;
    let mut sum = Count::default();
    for Rule { holds, broken_by } in RULES {
        let found = ask(&client, broken_by).await.context(holds)?;
        for object in &found {
            println!("it does not hold that {holds}: {object}");
        }
        sum = sum.and(Count::one(found.is_empty()));
    }
    client.batch_execute("begin").await?;
    client
        .batch_execute(VIOLATIONS)
        .await
        .context("planting violations")?;
    for Rule { holds, broken_by } in RULES {
        let found = ask(&client, broken_by).await.context(holds)?;
        let noticed = found.iter().any(|object| object.contains("planted"));
        if !noticed {
            println!("it would not be noticed when it did not hold that {holds}");
        }
        sum = sum.and(Count::one(noticed));
    }
    client.batch_execute("rollback").await?;
    Ok(sum)
}

async fn ask(client: &Client, query: &str) -> anyhow::Result<Vec<String>> {
    let rows = client.query(query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
