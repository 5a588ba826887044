//! Objects against rows: what is there without a row, and what has a row without being there.

use std::collections::BTreeSet;

use anyhow::Context;
use tokio_postgres::Client;

use super::document::{Document, Part};
use crate::tally::Count;

const TABLES: &str = "select format('%s.%s', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition";

const FUNCTIONS: &str = "select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')";

const HELPERS: &str = "select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace = 'private'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')";

/// Kinds of topics: those a policy knows, and those anything is sent to.
const CHANNELS: &str = r"select found[1] from pg_policies, regexp_matches(qual, $$WHEN '(\w+)'::text$$, 'g') as found
    where schemaname = 'realtime' and tablename = 'messages'
    union
    select found[1] from pg_proc, regexp_matches(prosrc, $$'topic',(.*?)'event'$$, 'g') as message,
      regexp_matches(message[1], $$'([a-z_]+):'$$, 'g') as found
    where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    union
    select 'anything_else'";

/// What no part of the document speaks of yet: files.
const BUCKETS: &str = "select format('the bucket %s', id) from storage.buckets";

/// Compares each part of the document with the catalogue.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn compare(client: &Client, document: &Document) -> anyhow::Result<Count> {
    let parts = [
        (Part::TablesOutside, TABLES),
        (Part::TablesInside, TABLES),
        (Part::Traces, TABLES),
        (Part::FunctionsOutside, FUNCTIONS),
        (Part::Helpers, HELPERS),
        (Part::Channels, CHANNELS),
    ];
    let mut count = Count::default();
    for (part, query) in parts {
        let rows = client
            .query(query, &[])
            .await
            .context("reading the catalogue")?;
        let objects: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        let rows = document.rows.iter().filter(|row| row.part == part);
        let rows: BTreeSet<String> = rows.map(|row| row.object.clone()).collect();
        for object in objects.difference(&rows) {
            println!(
                "docs/access-matrix.md has no row for {object} under “{}”",
                part.heading()
            );
        }
        for row in rows.difference(&objects) {
            println!(
                "docs/access-matrix.md has a row for {row} under “{}”, which is not there",
                part.heading()
            );
        }
        count = count.and(Count::one(objects == rows));
    }
    let buckets = client
        .query(BUCKETS, &[])
        .await
        .context("reading the buckets")?;
    for bucket in &buckets {
        println!(
            "docs/access-matrix.md has no rows for {}",
            bucket.get::<_, String>(0)
        );
    }
    Ok(count.and(Count::one(buckets.is_empty())))
}
