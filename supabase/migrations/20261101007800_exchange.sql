-- The one call that drives the engine: records what a worker's steps did and
-- hands out the next ready ones in the same round trip.
--
-- Locks are taken in one order, so that calls never wait for each other in a
-- circle: first the runs that outcomes are about, by id; then, from the queue,
-- only rows and runs that nobody holds. A busy run is passed over too, not just
-- a busy queue row, since handing out a step writes an event of its run.
--
-- The engine's statements are large, its calls short, and what they look for is
-- always found by a key: each is planned once, for any values, by index.

create function public.exchange(worker jsonb, outcomes jsonb default '[]', want integer default 0) returns jsonb
language plpgsql set role = 'fm_engine' set search_path = ''
  set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' set enable_hashjoin = 'off'
  set enable_mergejoin = 'off' set jit = 'off'
as $$
declare
  v_token uuid := (worker ->> 'leaseToken')::uuid;
  v_turn private.turn;
  v_accepted private.accepted_outcome[];
  v_refused jsonb := '[]';
  v_claims jsonb := '[]';
  v_finished jsonb := '[]';
  v_taken private.arrival[];
begin
  perform private.renew_lease(worker);
  if worker ? 'held' then
    perform private.return_steps(array[v_token], worker -> 'held' || exchange.outcomes);
  end if;

  v_turn := private.open_turn(v_token, greatest(coalesce(exchange.want, 0), 0), '{}');
  if exchange.outcomes <> '[]' then
    v_turn.resting := private.lock_runs_of(exchange.outcomes);
    select outcome.accepted, outcome.refused, outcome.touched
      into v_accepted, v_refused, v_turn.touched
    from private.sort_outcomes(v_token, exchange.outcomes) as outcome;
    if cardinality(v_accepted) > 0 then
      v_turn := private.close_turn(private.apply_outcomes(v_turn, v_accepted));
      v_claims := private.claims_of(v_turn);
      v_finished := private.ends_of(v_turn);
    end if;
  end if;
  -- Runs that have just ended may have made steps of the runs above them ready.
  if v_turn.want > 0 then
    v_turn := private.open_turn(v_token, v_turn.want, '{}');
    v_taken := private.take_from_queue(v_turn.want);
    if cardinality(v_taken) > 0 then
      v_turn := private.close_turn(private.take_steps(v_turn, v_taken));
      v_claims := v_claims || private.claims_of(v_turn);
      v_finished := v_finished || private.ends_of(v_turn);
    end if;
  end if;
  return jsonb_build_object('claims', v_claims, 'refused', v_refused, 'finished', v_finished)
    || case when v_turn.want > 0 then private.next_due() else '{}' end;
end
$$;

comment on function public.exchange(jsonb, jsonb, integer) is
  'Records outcomes and hands out ready actions to a worker {leaseToken, name, held?}. Answers {claims, refused, finished, nextDueMs?}. Renews the worker''s lease.';

create function private.lock_runs_of(outcomes jsonb) returns uuid[]
language plpgsql set search_path = ''
as $$
declare
  v_ids uuid[] := array(
    select (outcome ->> 'executionId')::uuid from jsonb_array_elements(lock_runs_of.outcomes) as outcome);
begin
  -- A statement of its own: a condition on what it locks would be asked before.
  perform from public.workflow_executions as execution
  where execution.execution_id = any (v_ids) and execution.completed_at is null
  order by execution.execution_id
  for no key update;
  return array(
    select execution.execution_id
    from public.workflow_executions as execution
    where execution.execution_id = any (v_ids) and execution.status <> 'running');
end
$$;

comment on function private.lock_runs_of(jsonb) is
  'Locks the runs that outcomes are about, by id, and answers those of them that rest.';

create function private.sort_outcomes(
  lease_token uuid, outcomes jsonb, out accepted private.accepted_outcome[], out refused jsonb, out touched uuid[]
)
language plpgsql stable set search_path = ''
as $$
begin
  select
    coalesce(array_agg(row(heard.step, heard.outcome)::private.accepted_outcome order by heard.place)
      filter (where heard.known), '{}'),
    coalesce(jsonb_agg(jsonb_build_object(
      'executionId', heard.outcome -> 'executionId', 'step', heard.outcome -> 'step', 'attempt', heard.outcome -> 'attempt'
    ) order by heard.place) filter (where not heard.known), '[]'),
    coalesce(array_agg(distinct (heard.step).execution_id) filter (where heard.known), '{}')
    into sort_outcomes.accepted, sort_outcomes.refused, sort_outcomes.touched
  from (
    select told.outcome, told.place,
           -- One that is told twice in a call counts once.
           planned.step is not null and row_number() over (
             partition by run.execution_id, run.step order by told.place) = 1 as known,
           row(run.execution_id, planned.version_id, run.step, planned.kind, run.status, run.attempt, run.failures,
             run.started_at, planned.opened_by, planned.group_id, planned.successors, planned.action_id,
             planned.event)::private.step_run as step
    from jsonb_array_elements(sort_outcomes.outcomes) with ordinality as told (outcome, place)
    left join public.workflow_executions as execution
      on execution.execution_id = (told.outcome ->> 'executionId')::uuid and execution.completed_at is null
    left join public.action_runs as run
      on run.execution_id = execution.execution_id and run.step = (told.outcome ->> 'step')::integer
      and run.attempt = (told.outcome ->> 'attempt')::integer
      and run.status = 'executing' and run.lease_token = sort_outcomes.lease_token
    left join private.plan_steps as planned
      on planned.version_id = execution.version_id and planned.step = run.step
  ) as heard;
end
$$;

comment on function private.sort_outcomes(uuid, jsonb) is
  'Which outcomes are of attempts that a lease still holds; of the others, what names the attempt.';

create function private.take_from_queue(want integer) returns private.arrival[]
language plpgsql set search_path = ''
as $$
declare
  v_taken private.arrival[];
begin
  with taken as (
    select queued.priority, queued.due_at, queued.ready_id, queued.step,
           execution.execution_id, execution.version_id, execution.status, execution.completed_at
    from private.ready as queued
    join public.workflow_executions as execution on execution.execution_id = queued.execution_id
    where queued.due_at <= now()
    order by queued.priority, queued.due_at, queued.ready_id
    limit take_from_queue.want
    for update of queued skip locked
    for no key update of execution skip locked
  ), gone as (
    delete from private.ready as queued
    using taken
    where queued.priority = taken.priority and queued.due_at = taken.due_at and queued.ready_id = taken.ready_id
  )
  select array_agg(row(taken.execution_id, taken.version_id, taken.step)::private.arrival
                   order by taken.priority, taken.due_at, taken.ready_id)
    into v_taken
  from taken
  -- What a paused run loses here it gets back when it is resumed.
  where taken.completed_at is null and taken.status <> 'paused';
  return v_taken;
end
$$;

comment on function private.take_from_queue(integer) is
  'Takes what is due from the queue, most urgent first, of runs that nobody holds, and locks them.';

create function private.ends_of(turn private.turn) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  if cardinality(turn.run_ends) = 0 then
    return '[]';
  end if;
  return (
    select jsonb_agg(jsonb_build_object('executionId', ended.execution_id, 'status', ended.status))
    from unnest(turn.run_ends) as ended);
end
$$;

comment on function private.ends_of(private.turn) is 'The runs that a turn ended.';

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

revoke all on function private.lock_runs_of(jsonb) from public;
revoke all on function private.ends_of(private.turn) from public;
revoke all on function private.sort_outcomes(uuid, jsonb) from public;
revoke all on function private.take_from_queue(integer) from public;
revoke all on function private.next_due() from public;
revoke all on function public.exchange(jsonb, jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function private.lock_runs_of(jsonb) to fm_engine;
grant execute on function private.ends_of(private.turn) to fm_engine;
grant execute on function private.sort_outcomes(uuid, jsonb) to fm_engine;
grant execute on function private.take_from_queue(integer) to fm_engine;
grant execute on function private.next_due() to fm_engine;
grant execute on function public.exchange(jsonb, jsonb, integer) to service_role;
