create function private.begin_executions(execution_ids uuid[], worker jsonb, want integer) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_turn private.turn := private.open_turn(v_token, greatest(coalesce(begin_executions.want, 0), 0), '{}');
  v_due uuid[];
begin
  if v_token is not null then
    perform private.renew_lease(worker);
    if worker ? 'held' then
      perform private.return_steps(array[v_token], worker -> 'held');
    end if;
  end if;
  with live as (
    insert into private.live_executions (execution_id, deadline)
    select started.execution_id, started.deadline
    from public.workflow_executions as started
    where started.execution_id = any (begin_executions.execution_ids)
  )
  select array_agg(started.execution_id order by started.execution_id) into v_due
  from public.workflow_executions as started
  where started.execution_id = any (begin_executions.execution_ids)
    and (started.start_at is null or started.start_at <= now());

  if v_turn.want > 0 and v_due is not null then
    v_turn.touched := v_due[: v_turn.want];
    v_turn := private.arrive(private.begin_runs(v_turn, v_turn.touched));
    -- No broadcast: nobody can be listening to a run that does not exist yet.
    v_turn := private.close_turn(v_turn, broadcasts => false);
  end if;
  insert into private.ready (priority, due_at, execution_id, step)
  select private.queue_priority(started.priority), greatest(started.start_at, now()), started.execution_id, -1
  from public.workflow_executions as started
  where started.execution_id = any (begin_executions.execution_ids)
    and not started.execution_id = any (v_turn.touched)
  order by started.execution_id;
  return private.claims_of(v_turn);
end
$$;

comment on function private.begin_executions(uuid[], jsonb, integer) is
  'Begins new runs for a worker that wants so many steps, and queues the rest and those of a later time; answers the claims.';

create function public.start_executions(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
  set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' set enable_hashjoin = 'off'
  set enable_mergejoin = 'off' set jit = 'off'
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_ids uuid[];
  v_claims jsonb;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  v_ids := private.insert_executions(command -> 'executions', null, null);
  v_claims := private.begin_executions(v_ids, command -> 'worker', (command ->> 'want')::integer);
  return jsonb_build_object(
    'executions', (
      select jsonb_agg(jsonb_build_object(
        'executionId', started.execution_id, 'status', started.status,
        'createdAt', private.wire_time(started.created_at)) order by started.execution_id)
      from public.workflow_executions as started
      where started.execution_id = any (v_ids)),
    'claims', v_claims);
end
$$;

comment on function public.start_executions(jsonb, jsonb, jsonb) is
  'Starts runs {executions, worker?, want?} as the actor and hands their first actions to the worker. Answers {executions, claims}.';

revoke all on function private.begin_executions(uuid[], jsonb, integer) from public;
revoke all on function public.start_executions(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.begin_executions(uuid[], jsonb, integer) to fm_writer;
grant execute on function public.start_executions(jsonb, jsonb, jsonb) to service_role;
