-- Functions are open to exactly those who are meant to call them, and carry the clauses that keep them safe.
create view test.functions as
  select function.oid, function.oid::regprocedure::text as name, namespace.nspname as schema, function.prosrc,
         function.prosecdef, function.prokind, function.proacl, function.prorettype,
         coalesce(function.proconfig, '{}') as settings
  from pg_proc as function
  join pg_namespace as namespace on namespace.oid = function.pronamespace
  where namespace.nspname in ('public', 'private') and function.prokind in ('f', 'p')
    and not exists (select from pg_depend where objid = function.oid and deptype = 'e');

select test.equal(
  array(select name from test.functions where schema = 'public' and has_function_privilege('authenticated', oid, 'execute') order by 1),
  array['action_nodes(function_models)', 'aggregate_type(execution_events)', 'data(execution_events)', 'event_data(audit_logs)',
        'nodes(function_models)', 'progress(workflow_executions)', 'read_states(uuid,timestamp with time zone)',
        'search_function_models(text)', 'size(function_models)'],
  'functions that users may call: computed fields, and reads as the user');

select test.equal(
  array(select name from test.functions where schema = 'private' and has_function_privilege('authenticated', oid, 'execute') order by 1),
  array['private.actor_id()', 'private.find_words_in_models(text)', 'private.is_service()', 'private.my_organizations(text[])', 'private.sees_agent(uuid)',
        'private.sees_coordination(uuid)', 'private.sees_link(uuid)', 'private.sees_schedule(uuid)', 'private.topic_id(text)',
        'private.wire_time(timestamp with time zone)'],
  'helpers that policies and computed fields need as the user');

select test.equal(
  array(select name from test.functions where has_function_privilege('anon', oid, 'execute') order by 1),
  '{}', 'functions that anon may call');

select test.equal(
  array(select name from test.functions where proacl is null or exists (
    select from aclexplode(proacl) as entry where entry.grantee = 0) order by 1),
  '{}', 'functions that everybody may call');

select test.equal(
  array(
    select name from test.functions
    where has_function_privilege('service_role', oid, 'execute')
      and not settings && array['role=fm_writer', 'role=fm_engine']
    order by 1),
  '{}', 'functions of the service that would run with its rights');

select test.equal(
  array(select name from test.functions where not 'search_path=""' = any (settings) order by 1),
  '{}', 'functions without an empty search path');

select test.equal(
  array(select name from test.functions where prosecdef and schema <> 'private' order by 1),
  '{}', 'definer functions that are exposed');

select test.equal(
  array(
    select name from test.functions
    where prosecdef and (
      has_function_privilege('authenticated', oid, 'execute') or has_function_privilege('service_role', oid, 'execute'))
    order by 1),
  array['private.find_words_in_models(text)', 'private.my_organizations(text[])', 'private.sees_link(uuid)',
        'private.sees_schedule(uuid)'], 'definer functions that a role of the API may call');

select test.equal(
  array(select name from test.functions where prosrc ~ '40001|serialization_failure' order by 1),
  '{}', 'functions that raise 40001, which PostgREST would repeat for ever');

select test.equal(
  array(
    select name from test.functions
    where prosrc ~* '\m(set\s+(local\s+|session\s+)?role|reset\s+role|set_config\(\s*''role)'
    order by 1),
  '{}', 'functions that change their role in the body');

select test.equal(
  array(select name from test.functions where prosrc ~* '\mexecute\s+(format|''|\$)' order by 1),
  array['private.make_audit_partitions(integer)', 'private.make_event_partitions(integer)',
        'private.retire_audit_month(text,interval)'],
  'functions that run statements made at run time');

select test.equal(
  array(
    select name from test.functions
    where not prosecdef and prosrc ~* '\mauth\.' and settings && array['role=fm_writer', 'role=fm_engine']
    order by 1),
  '{}', 'functions of our roles that name the schema auth, which those roles cannot use');
