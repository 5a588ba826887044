-- The one call that drives the engine: records what a worker's steps did and
-- hands out the next ready ones in the same round trip.
--
-- Locks are taken in one order, so that calls never wait for each other in a
-- circle: first the runs that outcomes are about, by id; then, from the queue,
-- only rows and runs that nobody holds. A busy run is passed over too, not just
-- a busy queue row, since handing out a step writes an event of its run.

create function public.exchange(worker jsonb, outcomes jsonb default '[]', want integer default 0) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_want integer := greatest(coalesce(exchange.want, 0), 0);
  v_group record;
  v_outcome jsonb;
  v_run public.action_runs;
  v_turn private.turn;
  v_execution public.workflow_executions;
  v_step integer;
  v_drafts private.event_draft[] := '{}';
  v_messages jsonb[] := '{}';
  v_claims jsonb[] := '{}';
  v_refused jsonb := '[]';
  v_finished jsonb := '[]';
begin
  perform private.renew_lease(worker);
  if worker ? 'held' then
    perform private.return_steps(array[v_token], worker -> 'held' || exchange.outcomes);
  end if;

  for v_group in
    select (outcome ->> 'executionId')::uuid as execution_id, jsonb_agg(outcome order by place) as outcomes
    from jsonb_array_elements(exchange.outcomes) with ordinality as list (outcome, place)
    group by 1
    order by 1
  loop
    select * into v_execution
    from public.workflow_executions as execution
    where execution.execution_id = v_group.execution_id and execution.completed_at is null
    for no key update;
    if not found then
      v_refused := v_refused || private.keys_of(v_group.outcomes);
      continue;
    end if;
    v_turn := private.open_turn(v_execution, v_token, case v_execution.status when 'running' then v_want else 0 end);

    for v_outcome in select outcome from jsonb_array_elements(v_group.outcomes) as outcome loop
      select * into v_run
      from public.action_runs as run
      where run.execution_id = v_group.execution_id and run.step = (v_outcome ->> 'step')::integer
        and run.status = 'executing' and run.lease_token = v_token
        and run.attempt = (v_outcome ->> 'attempt')::integer;
      if found then
        v_turn := private.apply_outcome(v_turn, v_run, v_outcome);
      else
        v_refused := v_refused || private.keys_of(jsonb_build_array(v_outcome));
      end if;
    end loop;

    v_turn := private.close_turn(v_turn);
    if v_execution.status = 'running' then
      v_want := v_turn.want;
    end if;
    v_drafts := v_drafts || v_turn.drafts;
    v_messages := v_messages || private.message_of(v_turn);
    v_claims := v_claims || private.claims_of(v_turn);
    v_finished := v_finished || private.end_of(v_turn);
  end loop;

  if v_want > 0 then
    for v_group in
      with taken as (
        select queued.priority, queued.due_at, queued.ready_id, queued.execution_id, queued.step
        from private.ready as queued
        join public.workflow_executions as execution on execution.execution_id = queued.execution_id
        where queued.due_at <= now()
        order by queued.priority, queued.due_at, queued.ready_id
        limit v_want
        for update of queued skip locked
        for no key update of execution skip locked
      ), gone as (
        delete from private.ready as queued
        using taken
        where queued.priority = taken.priority and queued.due_at = taken.due_at and queued.ready_id = taken.ready_id
      )
      select taken.execution_id, array_agg(distinct taken.step) as steps
      from taken
      group by taken.execution_id
      order by taken.execution_id
    loop
      select * into v_execution
      from public.workflow_executions as execution
      where execution.execution_id = v_group.execution_id;
      -- What a paused run loses here it gets back when it is resumed.
      continue when v_execution.completed_at is not null or v_execution.status = 'paused';
      v_turn := private.open_turn(v_execution, v_token, v_want);
      foreach v_step in array v_group.steps loop
        v_turn := private.take_step(v_turn, v_step);
      end loop;
      -- Nothing happened when the steps had been overtaken by time.
      continue when (v_turn.execution).stream_version = v_execution.stream_version;
      v_turn := private.close_turn(v_turn);
      v_want := v_turn.want;
      v_drafts := v_drafts || v_turn.drafts;
      v_messages := v_messages || private.message_of(v_turn);
      v_claims := v_claims || private.claims_of(v_turn);
      v_finished := v_finished || private.end_of(v_turn);
    end loop;
  end if;

  if cardinality(v_drafts) > 0 or cardinality(v_messages) > 0 then
    perform private.publish_turns(v_drafts, v_messages);
  end if;
  return jsonb_build_object('claims', to_jsonb(v_claims), 'refused', v_refused, 'finished', v_finished)
    || case when v_want > 0 then private.next_due() else '{}' end;
end
$$;

comment on function public.exchange(jsonb, jsonb, integer) is
  'Records outcomes and hands out ready actions to a worker {leaseToken, name, held?}. Answers {claims, refused, finished, nextDueMs?}. Renews the worker''s lease.';

create function private.keys_of(outcomes jsonb) returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'executionId', outcome -> 'executionId', 'step', outcome -> 'step', 'attempt', outcome -> 'attempt')), '[]')
  from jsonb_array_elements(outcomes) as outcome
$$;

comment on function private.keys_of(jsonb) is 'Of outcomes, only what names the attempt.';

create function private.end_of(turn private.turn) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return case when (turn.execution).completed_at is null then '[]'
    else jsonb_build_array(jsonb_build_object(
      'executionId', (turn.execution).execution_id, 'status', (turn.execution).status)) end;
end
$$;

comment on function private.end_of(private.turn) is 'The run of a turn if the turn ended it.';

create function private.next_due() returns jsonb
language plpgsql volatile set search_path = ''
as $$
begin
  return (
    select case when min(soonest.due_at) is null then '{}'::jsonb
      else jsonb_build_object('nextDueMs', greatest(0, private.milliseconds(min(soonest.due_at) - clock_timestamp()))) end
    from generate_series(0, 2) as level (priority)
    cross join lateral (
      select queued.due_at
      from private.ready as queued
      where queued.priority = level.priority
      order by queued.due_at
      limit 1
    ) as soonest);
end
$$;

comment on function private.next_due() is 'When the queue has its next step: {nextDueMs}, or {} when it is empty.';

revoke all on function private.keys_of(jsonb) from public;
revoke all on function private.end_of(private.turn) from public;
revoke all on function private.next_due() from public;
revoke all on function public.exchange(jsonb, jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function private.keys_of(jsonb) to fm_engine;
grant execute on function private.end_of(private.turn) to fm_engine;
grant execute on function private.next_due() to fm_engine;
grant execute on function public.exchange(jsonb, jsonb, integer) to service_role;
