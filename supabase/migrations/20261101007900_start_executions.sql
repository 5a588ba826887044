create function private.begin_executions(execution_ids uuid[], worker jsonb, want integer) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_want integer := case when v_token is null then 0 else greatest(coalesce(begin_executions.want, 0), 0) end;
  v_execution public.workflow_executions;
  v_turn private.turn;
  v_drafts private.event_draft[] := '{}';
  v_claims jsonb[] := '{}';
begin
  if v_token is not null then
    perform private.renew_lease(worker);
    if worker ? 'held' then
      perform private.return_steps(array[v_token], worker -> 'held');
    end if;
  end if;
  insert into private.live_executions (execution_id, deadline)
  select started.execution_id, started.deadline
  from public.workflow_executions as started
  where started.execution_id = any (begin_executions.execution_ids);

  for v_execution in
    select started.*
    from public.workflow_executions as started
    where started.execution_id = any (begin_executions.execution_ids)
    order by started.execution_id
  loop
    if v_want = 0 or v_execution.start_at > now() then
      perform private.enqueue(v_execution, -1, greatest(v_execution.start_at - now(), interval '0'));
      continue;
    end if;
    v_turn := private.begin_run(private.open_turn(v_execution, v_token, v_want));
    v_turn := private.close_turn(v_turn);
    v_want := v_turn.want;
    v_drafts := v_drafts || v_turn.drafts;
    v_claims := v_claims || private.claims_of(v_turn);
  end loop;

  if cardinality(v_drafts) > 0 then
    -- No broadcast: nobody can be listening to a run that does not exist yet.
    perform private.publish_turns(v_drafts, '{}');
  end if;
  return to_jsonb(v_claims);
end
$$;

comment on function private.begin_executions(uuid[], jsonb, integer) is
  'Begins new runs for a worker that wants so many steps, and queues the rest and those of a later time; answers the claims.';

create function public.start_executions(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
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
