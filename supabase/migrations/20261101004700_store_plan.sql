-- Steps find their containers by hashing, however many there are.

create function private.store_plan(version_id uuid, plan jsonb) returns void
language plpgsql set search_path = '' set enable_nestloop = 'off' set jit = 'off'
as $$
declare
  v_version_id uuid := store_plan.version_id;
begin
  insert into private.plans (version_id, plan, total_steps, total_nodes, roots, outputs)
  select v_version_id, store_plan.plan,
         jsonb_array_length(store_plan.plan -> 'steps'), jsonb_array_length(store_plan.plan -> 'containers'),
         coalesce((
           -- A member beyond a group's limit waits for a place, not for a step.
           select array_agg((step ->> 'step')::integer order by (step ->> 'step')::integer)
           from jsonb_array_elements(store_plan.plan -> 'steps') as step
           where (step ->> 'indegree')::integer = 0
             and step.value -> 'step' not in (
               select member.step
               from jsonb_array_elements(store_plan.plan -> 'groups') as limited,
                 jsonb_array_elements(limited -> 'members') with ordinality as member (step, place)
               where member.place > (limited ->> 'concurrency')::integer)), '{}'),
         coalesce((select array_agg(output::integer)
                   from jsonb_array_elements_text(store_plan.plan -> 'outputs') as output), '{}');

  insert into private.plan_steps (
    version_id, step, kind, indegree, successors, group_id, opened_by, node_id, action_id, event)
  select v_version_id, step.step, step.kind, step.indegree,
         coalesce((select array_agg(next::integer) from jsonb_array_elements_text(step.successors) as next), '{}'),
         step."group",
         case when step.kind = 'close' or step.kind = 'action' and container.described ? 'timeoutMs'
           then (container.described ->> 'first')::integer end,
         (container.described ->> 'nodeId')::uuid,
         step."actionId",
         coalesce(step.event, case when step.kind in ('open', 'close', 'pass') then jsonb_build_object(
           'nodeId', container.described -> 'nodeId', 'nodeName', container.described -> 'name',
           'actionCount', coalesce(container.described -> 'actionCount', '0')) end, '{}')
  from jsonb_to_recordset(store_plan.plan -> 'steps') as step (
    step integer, kind text, indegree integer, successors jsonb, "group" integer, container integer,
    "actionId" uuid, event jsonb)
  left join jsonb_array_elements(store_plan.plan -> 'containers') with ordinality as container (described, place)
    on container.place = step.container + 1;

  insert into private.plan_groups (version_id, group_id, members, concurrency)
  select v_version_id, (limited.place - 1)::integer,
         (select array_agg(member::integer) from jsonb_array_elements_text(limited.described -> 'members') as member),
         (limited.described ->> 'concurrency')::integer
  from jsonb_array_elements(store_plan.plan -> 'groups') with ordinality as limited (described, place);
end
$$;

comment on function private.store_plan(uuid, jsonb) is
  'Stores the plan of a version as a document and as rows.';

revoke all on function private.store_plan(uuid, jsonb) from public;
grant execute on function private.store_plan(uuid, jsonb) to fm_writer;

create function public.read_plan(version_id uuid) returns jsonb
language sql stable set role = 'fm_engine' set search_path = ''
as $$
  select stored.plan from private.plans as stored where stored.version_id = read_plan.version_id
$$;

comment on function public.read_plan(uuid) is
  'The plan of a version as the domain compiled it; null when there is none.';

revoke all on function public.read_plan(uuid) from public, anon, authenticated, service_role;
grant execute on function public.read_plan(uuid) to service_role, fm_engine;
