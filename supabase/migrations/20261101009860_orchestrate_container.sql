-- The service runs a container of a run here and now: what is ready of it goes to
-- the caller's worker, attempts that wait for their time too; what was left out
-- is skipped. All else follows as the plan says.

create function private.take_container(command jsonb, worker jsonb, want integer) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_steps integer[] := array(select step::integer from jsonb_array_elements_text(command -> 'steps') as step);
  v_skipped integer[] := array(select step::integer from jsonb_array_elements_text(command -> 'skip') as step);
  v_options jsonb := nullif(command -> 'options', '{}');
  v_execution public.workflow_executions;
  v_turn private.turn;
  v_taken private.arrival[];
begin
  perform private.renew_lease(worker);
  select execution.* into v_execution
  from public.workflow_executions as execution
  where execution.execution_id = (command ->> 'executionId')::uuid and execution.completed_at is null
  for no key update;
  if not found or v_execution.status <> 'running' or exists (
    select from public.action_runs as run
    where run.execution_id = v_execution.execution_id and run.step = any (v_steps)
      and run.status in ('executing', 'waiting'))
  then
    raise exception using errcode = 'FM008', message = 'The container runs already, or the run does not';
  end if;
  v_turn := private.open_turn(v_token, want, array[v_execution.execution_id]);

  -- Steps that nobody has heard of learn what holds for them.
  insert into public.action_runs as known (execution_id, step, status, waiting, options, skip_reason)
  select v_execution.execution_id, planned.step, 'pending', greatest(planned.indegree, 1),
         case when planned.step = any (v_steps) then v_options end,
         case when planned.step = any (v_skipped) then 'NOT_SELECTED' end
  from private.plan_steps as planned
  where planned.version_id = v_execution.version_id
    and (planned.step = any (v_skipped) or (planned.step = any (v_steps) and v_options is not null))
  on conflict on constraint action_runs_pkey do update
    set options = coalesce(excluded.options, known.options), skip_reason = coalesce(known.skip_reason, excluded.skip_reason)
    where known.status in ('pending', 'ready');

  v_turn := private.arrive(private.skip_ready(v_turn, v_execution.execution_id, v_skipped, 'NOT_SELECTED'));
  with taken as (
    select run.step
    from public.action_runs as run
    where run.execution_id = v_execution.execution_id and run.status = 'ready' and run.step = any (v_steps)
    order by run.step
    limit v_turn.want
  ), gone as (
    delete from private.ready as queued
    using taken
    where queued.execution_id = v_execution.execution_id and queued.step = taken.step
  )
  select array_agg(row(v_execution.execution_id, v_execution.version_id, taken.step)::private.arrival order by taken.step)
    into v_taken
  from taken;
  v_turn := private.close_turn(private.take_steps(v_turn, coalesce(v_taken, '{}')));
  return private.claims_of(v_turn);
end
$$;

comment on function private.take_container(jsonb, jsonb, integer) is
  'Hands what is ready of some steps to a worker {leaseToken, name}; FM008 when one of them is under way.';

create function public.orchestrate_container(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform private.begin_command(actor, request);
  if not private.is_service() then
    raise exception using errcode = '42501', message = 'Only the service runs containers', detail = 'service';
  end if;
  return private.take_container(command -> 'order', command -> 'worker', (command ->> 'want')::integer);
end
$$;

comment on function public.orchestrate_container(jsonb, jsonb, jsonb) is
  'Runs what is ready of a container {order: {executionId, steps, skip, options}, worker, want}. Answers the claims.';

revoke all on function private.take_container(jsonb, jsonb, integer) from public;
revoke all on function public.orchestrate_container(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.take_container(jsonb, jsonb, integer) to fm_writer;
grant execute on function public.orchestrate_container(jsonb, jsonb, jsonb) to service_role;
