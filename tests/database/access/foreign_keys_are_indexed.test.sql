-- Every foreign key has an index that begins with its columns, so that a change of the other side never scans.
select test.equal(
  array(
    select format('%s.%s', key.conrelid::regclass, key.conname)
    from pg_constraint as key
    where key.contype = 'f' and key.connamespace in ('public'::regnamespace, 'private'::regnamespace)
      and not exists (
        select from pg_index as index
        where index.indrelid = key.conrelid
          and (string_to_array(index.indkey::text, ' ')::smallint[])[1 : cardinality(key.conkey)] @> key.conkey)
    order by 1),
  '{}', 'foreign keys without an index');
