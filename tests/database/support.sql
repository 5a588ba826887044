-- Helpers for the tests in this folder, loaded before each file into the same
-- transaction, which is rolled back: nothing of them outlives a test.

create schema test;
grant usage on schema test to public;

-- People -------------------------------------------------------------------

create function test.user(email text) returns uuid language sql as $$
  insert into auth.users (id, aud, role, email, created_at, updated_at)
  values (gen_random_uuid(), 'authenticated', 'authenticated', email, now(), now())
  returning id
$$;

create function test.actor(user_id uuid) returns jsonb language sql as $$
  select jsonb_build_object('sub', user_id, 'role', 'authenticated')
$$;

-- A member of an organization that somebody else founded.
create function test.join_organization(organization_id uuid, user_id uuid, role text) returns void language sql as $$
  insert into public.organization_members (organization_id, user_id, role) values ($1, $2, $3)
$$;

-- What a query answers for a user who asks the API with their own token.
create function test.seen_by(user_id uuid, query text) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  perform set_config('request.jwt.claims', test.actor(user_id)::text, true);
  set local role authenticated;
  execute format('select coalesce(jsonb_agg(answer), ''[]'') from (%s) as answer', query) into v_answer;
  reset role;
  return v_answer;
end
$$;

-- Runs a statement as a role of the API, with a user's claims.
create function test.run_as(role_name text, user_id uuid, statement text) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', user_id, 'role', role_name)::text, true);
  execute format('set local role %I', role_name);
  execute statement;
  reset role;
end
$$;

-- Calls a command the way the edge function does: as service_role, for an actor.
create function test.command(name text, user_id uuid, command jsonb, request jsonb default '{"requestId": "test"}')
returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  execute format('select public.%I($1, $2, $3)', name) into v_answer using test.actor(user_id), request, command;
  reset role;
  perform set_config('request.jwt.claims', '', true);
  perform set_config('fm.request', '', true);
  return v_answer;
end
$$;

-- Claims -------------------------------------------------------------------

create function test.equal(actual anyelement, expected anyelement, claim text) returns void language plpgsql as $$
begin
  if equal.actual is distinct from equal.expected then
    raise exception e'%\n  actual:   %\n  expected: %', equal.claim, equal.actual, equal.expected;
  end if;
end
$$;

create function test.holds(claim_holds boolean, claim text) returns void language plpgsql as $$
begin
  if claim_holds is not true then
    raise exception 'does not hold: %', claim;
  end if;
end
$$;

-- The SQLSTATE a statement fails with; null when it passes. What it did is undone.
create function test.refusal(statement text) returns text language plpgsql as $$
begin
  begin
    execute statement;
    raise exception using errcode = 'TT000';
  exception
    when sqlstate 'TT000' then
      return null;
    when others then
      return sqlstate;
  end;
end
$$;

create function test.refused(statement text, expected text, claim text) returns void language plpgsql as $$
begin
  perform test.equal(coalesce(test.refusal(statement), 'passed'), expected, claim);
end
$$;

-- The SQLSTATE of a command; null when it passes. What it did is undone.
create function test.command_refusal(
  name text, user_id uuid, command jsonb, request jsonb default '{"requestId": "test"}'
) returns text language sql as $$
  select test.refusal(format('select test.command(%L, %L, %L, %L)', name, user_id, command, request))
$$;

-- Plans ---------------------------------------------------------------------

-- How the database would answer a query of a user, asked under a role.
create function test.plan_of(role_name text, user_id uuid, query text) returns jsonb language plpgsql as $$
declare
  v_plan json;
begin
  perform set_config('request.jwt.claims', test.actor(user_id)::text, true);
  execute format('set local role %I', role_name);
  execute 'explain (format json) ' || query into v_plan;
  reset role;
  return v_plan::jsonb;
end
$$;

-- The tables that a plan reads from the first row to the last.
create function test.scanned(plan jsonb) returns text[] language sql as $$
  select array(
    select distinct node ->> 'Relation Name'
    from jsonb_path_query(plan, 'strict $.** ? (@.type() == "object" && @."Node Type" == "Seq Scan")', silent => true) as node
    order by 1)
$$;

-- Models -------------------------------------------------------------------

create function test.event(event_type text, data jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('eventType', event_type, 'eventVersion', 1, 'data', data))
$$;

create function test.model(user_id uuid, name text, fields jsonb default '{}') returns uuid language plpgsql as $$
declare
  v_model_id uuid := gen_random_uuid();
begin
  perform test.command('save_function_model', user_id, jsonb_build_object(
    'modelId', v_model_id, 'expectedRevision', 0,
    'model', jsonb_build_object('name', name, 'permissions', jsonb_build_object('owner', user_id)) || fields,
    'events', test.event('FunctionModelCreated', jsonb_build_object('modelId', v_model_id, 'name', name))));
  return v_model_id;
end
$$;

create function test.revision(model_id uuid) returns integer language sql as $$
  select revision from public.function_models as model where model.model_id = $1
$$;

-- One action step of a plan.
create function test.action_step(step integer, successors jsonb, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object(
    'step', step, 'kind', 'action', 'container', 0, 'indegree', 1, 'successors', successors,
    'actionId', lpad(to_hex(step), 32, '0')::uuid, 'name', 'Action ' || step, 'actionType', 'kbNode',
    'event', jsonb_build_object(
      'actionId', lpad(to_hex(step), 32, '0')::uuid, 'actionType', 'kbNode', 'actionName', 'Action ' || step,
      'parentNodeId', '00000000-0000-0000-0000-0000000000aa',
      'executionContext', jsonb_build_object(
        'executionMode', 'sequential', 'priority', 5, 'retryPolicy', jsonb_build_object('maxAttempts', 3))))
    || more
$$;

create function test.plain_step(step integer, kind text, indegree integer, successors jsonb, container integer default 0)
returns jsonb language sql as $$
  select jsonb_build_object(
    'step', step, 'kind', kind, 'container', container, 'indegree', indegree, 'successors', successors)
$$;

create function test.container(name text, first integer, last integer, action_count integer) returns jsonb language sql as $$
  select jsonb_build_object(
    'nodeId', md5(name)::uuid, 'name', name, 'nodeType', 'stageNode', 'dependencies', '[]'::jsonb,
    'first', first, 'last', last, 'actionCount', action_count, 'critical', false)
$$;

-- One container with a chain of so many actions.
create function test.chain_plan(actions integer) returns jsonb language sql as $$
  select jsonb_build_object(
    'planVersion', 1,
    'steps', jsonb_build_array(test.plain_step(0, 'open', 0, '[1]'))
      || (select jsonb_agg(test.action_step(step, to_jsonb(array[step + 1])) order by step)
          from generate_series(1, actions) as step)
      || jsonb_build_array(test.plain_step(actions + 1, 'close', 1, '[]')),
    'groups', '[]'::jsonb,
    'containers', jsonb_build_array(test.container('Stage', 0, actions + 1, actions)),
    'outputs', jsonb_build_array(actions))
$$;

-- One container with so many parallel actions of which a few run at once.
create function test.parallel_plan(actions integer, concurrency integer) returns jsonb language sql as $$
  select jsonb_build_object(
    'planVersion', 1,
    'steps', jsonb_build_array(test.plain_step(0, 'open', 0, (
          select jsonb_agg(step) from generate_series(1, least(actions, concurrency)) as step)))
      || (select jsonb_agg(test.action_step(
            step, to_jsonb(array[actions + 1]),
            jsonb_build_object('indegree', case when step <= concurrency then 1 else 0 end)
              || case when concurrency < actions then '{"group": 0}'::jsonb else '{}' end) order by step)
          from generate_series(1, actions) as step)
      || jsonb_build_array(test.plain_step(actions + 1, 'close', actions, '[]')),
    'groups', case when concurrency < actions then jsonb_build_array(jsonb_build_object(
      'members', (select jsonb_agg(step) from generate_series(1, actions) as step),
      'concurrency', concurrency)) else '[]'::jsonb end,
    'containers', jsonb_build_array(test.container('Stage', 0, actions + 1, actions)),
    'outputs', (select jsonb_agg(step) from generate_series(1, actions) as step))
$$;

-- A model whose published version has this plan; answers the version.
create function test.published(user_id uuid, name text, plan jsonb, fields jsonb default '{}')
returns public.function_model_versions language plpgsql as $$
declare
  v_model_id uuid := test.model(user_id, name, fields);
  v_version public.function_model_versions;
begin
  perform test.command('save_function_model', user_id, jsonb_build_object(
    'modelId', v_model_id, 'expectedRevision', 1, 'model', '{"status": "published"}'::jsonb,
    'version', jsonb_build_object(
      'versionId', gen_random_uuid(), 'versionNumber', '1.0.0', 'versionData', '{}'::jsonb,
      'isPublished', true, 'plan', plan),
    'events', test.event('FunctionModelPublished')));
  select * into v_version from public.function_model_versions as version where version.model_id = v_model_id;
  return v_version;
end
$$;

-- Runs ---------------------------------------------------------------------

create function test.worker(number integer default 1) returns jsonb language sql as $$
  select jsonb_build_object('leaseToken', md5('worker ' || number)::uuid, 'name', 'worker ' || number)
$$;

-- Starts a run; with a number wanted, its first actions go to the worker at once.
create function test.start(
  user_id uuid, version public.function_model_versions, want integer default 0, fields jsonb default '{}',
  worker jsonb default test.worker()
) returns jsonb language sql as $$
  select test.command('start_executions', user_id, jsonb_build_object(
    'executions', jsonb_build_array(jsonb_build_object(
      'executionId', gen_random_uuid(), 'modelId', version.model_id, 'versionId', version.version_id,
      'environment', 'test', 'parameters', '{}'::jsonb, 'sessionId', 'session', 'mode', 'async',
      'priority', 'normal', 'maxDepth', 10, 'approvedActions', '[]'::jsonb) || fields),
    'worker', worker, 'want', want))
$$;

create function test.exchange(outcomes jsonb default '[]', want integer default 0, worker jsonb default test.worker())
returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  set local role service_role;
  v_answer := public.exchange(worker, outcomes, want);
  reset role;
  return v_answer;
end
$$;

-- An outcome of a claim.
create function test.outcome(claim jsonb, kind text, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object(
    'executionId', claim -> 'executionId', 'step', claim -> 'step', 'attempt', claim -> 'attempt', 'kind', kind) || more
$$;

create function test.steps(claims jsonb) returns integer[] language sql as $$
  select coalesce(array_agg((claim ->> 'step')::integer order by (claim ->> 'step')::integer), '{}')
  from jsonb_array_elements(claims) as claim
$$;

create function test.run_status(execution_id uuid, step integer) returns text language sql as $$
  select status::text from public.action_runs as run where run.execution_id = $1 and run.step = $2
$$;

create function test.event_types(aggregate_id uuid) returns text[] language sql as $$
  select array_agg(event.event_type order by event.aggregate_version)
  from (
    select aggregate_version, event_type from public.execution_events as run where run.aggregate_id = $1
    union all
    select aggregate_version, event_type from public.domain_events as model where model.aggregate_id = $1
  ) as event
$$;

-- Organizations --------------------------------------------------------------

create function test.organization(user_id uuid, name text) returns uuid language plpgsql as $$
declare
  v_organization_id uuid := gen_random_uuid();
begin
  perform test.command('create_organization', user_id, jsonb_build_object(
    'organizationId', v_organization_id, 'name', name, 'events', test.event('OrganizationCreated')));
  return v_organization_id;
end
$$;

-- Saves a change of a model at its current revision.
create function test.save(user_id uuid, model_id uuid, change jsonb) returns jsonb language sql as $$
  select test.command('save_function_model', user_id, jsonb_build_object(
    'modelId', model_id, 'expectedRevision', test.revision(model_id), 'events', '[]'::jsonb) || change)
$$;

create function test.save_refusal(user_id uuid, model_id uuid, change jsonb) returns text language sql as $$
  select test.refusal(format('select test.save(%L, %L, %L)', user_id, model_id, change))
$$;

create function test.node(node_id uuid, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object(
    'nodeId', node_id, 'nodeType', 'stageNode', 'name', 'Stage', 'position', '{"x": 1, "y": 2.5}'::jsonb,
    'executionType', 'sequential', 'status', 'draft', 'metadata', '{}'::jsonb, 'visualProperties', '{}'::jsonb,
    'typeSpecificData', '{}'::jsonb) || more
$$;

create function test.action(action_id uuid, parent_node_id uuid, execution_order integer, more jsonb default '{}')
returns jsonb language sql as $$
  select jsonb_build_object(
    'actionId', action_id, 'parentNodeId', parent_node_id, 'actionType', 'kbNode', 'name', 'Read',
    'executionMode', 'sequential', 'executionOrder', execution_order, 'status', 'draft', 'priority', 5,
    'raci', '{"responsible": ["System"]}'::jsonb, 'actionSpecificData', '{"kbReferenceId": "x"}'::jsonb,
    'metadata', '{}'::jsonb) || more
$$;
