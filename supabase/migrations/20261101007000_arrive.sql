-- The counting down. A step that ended sets off its successors and, in a limited
-- group, the next member; a step that nothing waits for any more is ready. Ready
-- actions are handed to the worker at hand or queued, everything else ends at
-- once and sets off its own successors, all in this loop.

create function private.set_off_by(execution_id uuid, step private.plan_steps) returns integer[]
language plpgsql set search_path = ''
as $$
declare
  v_group private.plan_groups;
  v_place integer;
begin
  if step.group_id is null then
    return step.successors;
  end if;
  select * into strict v_group
  from private.plan_groups as limited
  where limited.version_id = step.version_id and limited.group_id = step.group_id;
  insert into private.group_cursors as moved (execution_id, group_id, next)
  values (set_off_by.execution_id, step.group_id, v_group.concurrency + 1)
  on conflict on constraint group_cursors_pkey do update set next = moved.next + 1
  returning moved.next into v_place;
  return step.successors || v_group.members[v_place : v_place];
end
$$;

comment on function private.set_off_by(uuid, private.plan_steps) is
  'Steps that an ended step sets off: its successors, and the next member of its limited group.';

create function private.hand_over(turn private.turn, step private.plan_steps, attempt integer)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  turn.want := turn.want - 1;
  turn.claimed := turn.claimed || step.step;
  turn := private.note_change(turn, step, 'executing', attempt);
  return private.draft_event(turn, 'ActionNodeExecutionStarted',
    step.event || jsonb_build_object(
      'startedAt', turn.at, 'triggeredBy', (turn.execution).started_by));
end
$$;

comment on function private.hand_over(private.turn, private.plan_steps, integer) is
  'Notes that the worker of this turn was given an action.';

create function private.enqueue(execution public.workflow_executions, step integer, delay interval default '0')
returns void
language plpgsql set search_path = ''
as $$
begin
  insert into private.ready (priority, due_at, execution_id, step)
  values (
    case execution.priority when 'high' then 0 when 'low' then 2 else 1 end,
    now() + delay, execution.execution_id, enqueue.step);
end
$$;

comment on function private.enqueue(public.workflow_executions, integer, interval) is
  'Puts a step into the queue, due after a delay.';

create function private.arrive(turn private.turn, steps integer[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_execution_id uuid := (turn.execution).execution_id;
  v_queue integer[] := steps;
  v_place integer := 1;
  v_step private.plan_steps;
  v_run public.action_runs;
  v_known boolean;
  v_status public.step_status;
  v_lease uuid;
  v_started_at timestamptz;
  v_finished_at timestamptz;
begin
  while v_place <= coalesce(cardinality(v_queue), 0) loop
    select * into strict v_step
    from private.plan_steps as planned
    where planned.version_id = (turn.execution).version_id and planned.step = v_queue[v_place];
    v_place := v_place + 1;
    -- A row exists when other predecessors came before, or a failure has flagged
    -- the step; else this is the first the run hears of it.
    update public.action_runs as run set waiting = run.waiting - 1
    where run.execution_id = v_execution_id and run.step = v_step.step
    returning * into v_run;
    v_known := found;
    if not v_known and v_step.indegree > 1 then
      insert into public.action_runs (execution_id, step, status, waiting)
      values (v_execution_id, v_step.step, 'pending', v_step.indegree - 1);
      continue;
    end if;
    continue when v_known and v_run.waiting > 0;
    -- In a failed run that was taken up again, what ended before lets through.
    if v_known and v_run.finished_at is not null then
      v_queue := v_queue || private.set_off_by(v_execution_id, v_step);
      continue;
    end if;

    v_status := case
      when v_known and v_run.skip_reason is not null then 'skipped'
      when v_step.kind = 'close' then private.container_status(v_execution_id, v_step)
      when v_step.kind <> 'action' then 'completed'
      when turn.want > 0 and turn.lease_token is not null then 'executing'
      else 'ready' end;
    if v_step.kind = 'close' and v_status = 'failed' and private.restarts(v_execution_id, v_step) then
      turn := private.restart_container(turn, v_step);
      continue;
    end if;
    v_lease := case v_status when 'executing' then turn.lease_token end;
    v_started_at := case when v_status in ('executing', 'completed', 'failed') then now() end;
    v_finished_at := case when v_status in ('completed', 'failed', 'skipped') then now() end;
    if v_known then
      update public.action_runs as run
      set status = v_status, attempt = v_run.attempt + (v_lease is not null)::integer, lease_token = v_lease,
          started_at = v_started_at, finished_at = v_finished_at
      where run.execution_id = v_execution_id and run.step = v_step.step;
    else
      insert into public.action_runs (execution_id, step, status, attempt, lease_token, started_at, finished_at)
      values (v_execution_id, v_step.step, v_status, (v_lease is not null)::integer, v_lease, v_started_at, v_finished_at);
    end if;

    case v_status
      when 'executing' then
        turn := private.hand_over(turn, v_step, case when v_known then v_run.attempt else 0 end + 1);
      when 'ready' then
        perform private.enqueue(turn.execution, v_step.step);
      else
        turn := private.end_step(turn, v_step, v_status);
        v_queue := v_queue || private.set_off_by(v_execution_id, v_step);
    end case;

    -- A long row of empty containers ends within one call: its events are written
    -- on the way, since the turn is copied with each of them.
    if cardinality(turn.drafts) >= 200 then
      perform private.publish_turns(turn.drafts, '{}');
      turn.drafts := '{}';
    end if;
  end loop;
  return turn;
end
$$;

comment on function private.arrive(private.turn, integer[]) is
  'One predecessor of each of these steps has ended: counts down, and carries on with all that become ready.';

revoke all on function private.set_off_by(uuid, private.plan_steps) from public;
revoke all on function private.hand_over(private.turn, private.plan_steps, integer) from public;
revoke all on function private.enqueue(public.workflow_executions, integer, interval) from public;
revoke all on function private.arrive(private.turn, integer[]) from public;
grant execute on function private.set_off_by(uuid, private.plan_steps) to fm_engine;
grant execute on function private.hand_over(private.turn, private.plan_steps, integer) to fm_engine;
grant execute on function private.enqueue(public.workflow_executions, integer, interval) to fm_engine;
grant execute on function private.arrive(private.turn, integer[]) to fm_engine;
