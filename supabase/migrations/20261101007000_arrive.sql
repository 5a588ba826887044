-- The counting down, in waves. Steps that ended set off others; those that wait
-- for nothing more are ready. Ready actions are handed to the worker at hand or
-- queued, everything else ends at once and sets off the next wave.

create function private.hand_over(turn private.turn, steps private.step_run[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_claimed private.arrival[];
  v_changes private.step_change[];
  v_drafts private.event_draft[];
begin
  select array_agg(row(handed.execution_id, handed.version_id, handed.step)::private.arrival),
         array_agg(private.change_of(handed, 'executing')),
         array_agg(row(handed.execution_id, 'ActionNodeExecutionStarted', null, handed.event || jsonb_build_object(
           'startedAt', turn.at, 'triggeredBy', execution.started_by))::private.event_draft)
    into v_claimed, v_changes, v_drafts
  from unnest(hand_over.steps) as handed
  join public.workflow_executions as execution on execution.execution_id = handed.execution_id;
  turn.want := turn.want - coalesce(cardinality(v_claimed), 0);
  turn.claimed := turn.claimed || v_claimed;
  turn.changes := turn.changes || v_changes;
  turn.drafts := turn.drafts || v_drafts;
  return turn;
end
$$;

comment on function private.hand_over(private.turn, private.step_run[]) is
  'Notes that the worker of this turn was given these actions.';

create function private.enqueue(execution public.workflow_executions, step integer, delay interval default '0')
returns void
language plpgsql set search_path = ''
as $$
begin
  insert into private.ready (priority, due_at, execution_id, step)
  values (private.queue_priority(execution.priority), now() + delay, execution.execution_id, enqueue.step);
end
$$;

comment on function private.enqueue(public.workflow_executions, integer, interval) is
  'Puts a step into the queue, due after a delay.';

create function private.queue_priority(priority public.execution_priority) returns smallint
language plpgsql immutable set search_path = ''
as $$
begin
  return case priority when 'high' then 0 when 'low' then 2 else 1 end;
end
$$;

comment on function private.queue_priority(public.execution_priority) is 'Where a run stands in the queue.';

create function private.arrive(turn private.turn) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_arrivals private.arrival[];
  v_ended private.step_run[];
  v_handed private.step_run[];
  v_passed private.step_run[];
  v_restarted private.step_run[];
  v_step private.step_run;
begin
  while cardinality(turn.arrivals) > 0 loop
    v_arrivals := turn.arrivals;
    turn.arrivals := '{}';

    with arrived as (
      select arrival.execution_id, arrival.version_id, arrival.step,
             count(*)::integer as times, min(arrival.place) as place
      from unnest(v_arrivals) with ordinality as arrival (execution_id, version_id, step, place)
      group by 1, 2, 3
    ), met as (
      -- A row exists when other predecessors came before, or a failure has flagged
      -- the step; else this is the first that the run hears of it.
      select arrived.*, planned.kind, planned.opened_by, planned.group_id, planned.successors, planned.action_id,
             planned.event, run.step is not null as known, run.finished_at, run.skip_reason,
             coalesce(run.attempt, 0) as attempt, coalesce(run.failures, 0) as failures,
             coalesce(run.waiting, greatest(planned.indegree, 1)) - arrived.times as waiting
      from arrived
      join private.plan_steps as planned
        on planned.version_id = arrived.version_id and planned.step = arrived.step
      left join public.action_runs as run
        on run.execution_id = arrived.execution_id and run.step = arrived.step
    ), judged as (
      -- In a failed run that was taken up again, what ended before lets through.
      select met.*, case
        when met.waiting > 0 then 'waits'
        when met.finished_at is not null then 'passes'
        when met.skip_reason is not null then 'skipped'
        when met.kind = 'close' then private.container_end(met.execution_id, met.opened_by, met.step)
        when met.kind <> 'action' then 'completed'
        when turn.want > 0 and not met.execution_id = any (turn.resting) then 'may execute'
        else 'ready' end as fate
      from met
    ), decided as (
      select judged.*, case
        when judged.fate = 'may execute' then
          case when row_number() over (partition by judged.fate order by judged.place) <= turn.want
            then 'executing' else 'ready' end
        when judged.fate not in ('waits', 'passes', 'restarts') then judged.fate
        end::public.step_status as status
      from judged
    ), moved as (
      update public.action_runs as run
      set waiting = decided.waiting,
          status = coalesce(decided.status, run.status),
          attempt = run.attempt + (decided.status is not distinct from 'executing')::integer,
          lease_token = case when decided.status is null then run.lease_token
            when decided.status = 'executing' then turn.lease_token end,
          started_at = case when decided.status is null then run.started_at
            when decided.status in ('executing', 'completed', 'failed') then now() end,
          finished_at = case when decided.status is null then run.finished_at
            when decided.status in ('completed', 'failed', 'skipped') then now() end
      from decided
      where decided.known and run.execution_id = decided.execution_id and run.step = decided.step
    ), made as (
      insert into public.action_runs (
        execution_id, step, status, waiting, attempt, lease_token, started_at, finished_at)
      select decided.execution_id, decided.step, coalesce(decided.status, 'pending'), decided.waiting,
             (decided.status is not distinct from 'executing')::integer,
             case decided.status when 'executing' then turn.lease_token end,
             case when decided.status in ('executing', 'completed', 'failed') then now() end,
             case when decided.status in ('completed', 'failed', 'skipped') then now() end
      from decided
      where not decided.known
    ), queued as (
      insert into private.ready (priority, due_at, execution_id, step)
      select private.queue_priority(execution.priority), now(), decided.execution_id, decided.step
      from decided
      join public.workflow_executions as execution on execution.execution_id = decided.execution_id
      where decided.status = 'ready'
      order by decided.place
    ), described as (
      select decided.fate, decided.status, decided.place, row(
        decided.execution_id, decided.version_id, decided.step, decided.kind, decided.status,
        case decided.status when 'executing' then decided.attempt + 1 else 0 end, decided.failures, now(),
        decided.opened_by, decided.group_id, decided.successors, decided.action_id, decided.event)::private.step_run as step
      from decided
      where decided.fate <> 'waits'
    )
    select array_agg(described.step order by described.place)
             filter (where described.status in ('completed', 'failed', 'skipped')),
           array_agg(described.step order by described.place) filter (where described.status = 'executing'),
           array_agg(described.step order by described.place) filter (where described.fate = 'passes'),
           array_agg(described.step order by described.place) filter (where described.fate = 'restarts')
      into v_ended, v_handed, v_passed, v_restarted
    from described;

    if v_ended is not null then
      turn := private.end_steps(turn, v_ended);
    end if;
    if v_handed is not null then
      turn := private.hand_over(turn, v_handed);
    end if;
    if v_passed is not null then
      turn := private.set_off(turn, v_passed);
    end if;
    foreach v_step in array coalesce(v_restarted, '{}') loop
      turn := private.restart_container(turn, v_step);
    end loop;

    -- A long row of empty containers ends within one call: its events are written
    -- on the way, since the turn is copied with each wave.
    if cardinality(turn.drafts) >= 200 and cardinality(turn.arrivals) > 0 then
      turn := private.write_turn(turn);
    end if;
  end loop;
  return turn;
end
$$;

comment on function private.arrive(private.turn) is
  'Counts down what the steps that arrived wait for, and carries on with all that become ready.';

revoke all on function private.hand_over(private.turn, private.step_run[]) from public;
revoke all on function private.enqueue(public.workflow_executions, integer, interval) from public;
revoke all on function private.queue_priority(public.execution_priority) from public;
revoke all on function private.arrive(private.turn) from public;
grant execute on function private.hand_over(private.turn, private.step_run[]) to fm_engine;
grant execute on function private.enqueue(public.workflow_executions, integer, interval) to fm_engine;
grant execute on function private.queue_priority(public.execution_priority) to fm_engine;
grant execute on function private.arrive(private.turn) to fm_engine;
