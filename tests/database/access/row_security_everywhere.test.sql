-- Every table is under row level security, partitions included, and every policy names its roles.
select test.equal(
  array(
    select class.oid::regclass::text
    from pg_class as class
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and class.relkind in ('r', 'p') and not class.relrowsecurity
    order by 1),
  '{}', 'tables without row level security');

select test.equal(
  array(
    select format('%s: %s', policy.polrelid::regclass, policy.polname)
    from pg_policy as policy
    where policy.polroles = '{0}'
      or 'anon'::regrole = any (policy.polroles) or 'service_role'::regrole = any (policy.polroles)
    order by 1),
  '{cron.job: cron_job_policy,cron.job_run_details: cron_job_run_details_policy}'::text[]
    -- The scheduler's own, where it is a stand-in.
    ,
  'policies for everybody, for anon or for the service');

select test.equal(
  array(
    select format('%s: %s', policy.polrelid::regclass, policy.polname)
    from pg_policy as policy
    join pg_class as class on class.oid = policy.polrelid
    where policy.polcmd <> 'r' and 'authenticated'::regrole = any (policy.polroles)
      and class.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'realtime'::regnamespace)
    order by 1),
  '{}', 'policies that let users write');
