-- Every UPDATE and DELETE in a function has a WHERE, as the platform demands of the API.
select test.equal(
  array(
    select function.oid::regprocedure::text || ': ' || left(statement.text[1], 60)
    from pg_proc as function
    cross join lateral regexp_matches(function.prosrc, '\m(?:update\s+(?:public|private|cron)\.|delete\s+from\s)[^;]*', 'gi') as statement (text)
    where function.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and statement.text[1] !~* '\mwhere\M'),
  '{}', 'changes without a condition');
