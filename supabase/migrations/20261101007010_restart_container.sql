-- A container that failed is tried again as a whole when the outcome of the action
-- that failed says so: the pause is noted on the container's first step, and when
-- all of it has ended it is set back to its start instead of closing. So nothing
-- of it is under way then. Attempts count on, since a late reply names them.

create function private.note_restart(run public.action_runs, step private.plan_steps, pause interval) returns void
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as opened
  set due_at = now() + note_restart.pause
  where opened.execution_id = run.execution_id and opened.step = private.opening_step(note_restart.step);
end
$$;

comment on function private.note_restart(public.action_runs, private.plan_steps, interval) is
  'Notes that the container of a failed action is tried again after a pause.';

create function private.opening_step(step private.plan_steps) returns integer
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(step.opened_by, (
    select max(opening.step)
    from private.plan_steps as opening
    where opening.version_id = opening_step.step.version_id and opening.step < opening_step.step.step
      and opening.kind = 'open'));
end
$$;

comment on function private.opening_step(private.plan_steps) is 'The step that opens the container of an action.';

create function private.restarts(execution_id uuid, step private.plan_steps) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return exists (
    select from public.action_runs as opened
    where opened.execution_id = restarts.execution_id and opened.step = restarts.step.opened_by
      and opened.due_at is not null);
end
$$;

comment on function private.restarts(uuid, private.plan_steps) is
  'Whether the container that a step closes is tried again.';

create function private.restart_container(turn private.turn, step private.plan_steps) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_execution_id uuid := (turn.execution).execution_id;
  v_opened public.action_runs;
  v_ended integer;
begin
  select * into strict v_opened
  from public.action_runs as run
  where run.execution_id = v_execution_id and run.step = restart_container.step.opened_by;

  select count(*) into v_ended
  from public.action_runs as run
  where run.execution_id = v_execution_id and run.finished_at is not null
    and run.step between v_opened.step and restart_container.step.step;
  turn.execution.remaining_steps := (turn.execution).remaining_steps + v_ended;

  update public.action_runs as run
  set status = 'pending', waiting = greatest(planned.indegree, 1), failures = 0, lets_others_go_on = false,
      lease_token = null, child_execution_id = null, skip_reason = null, due_at = null, started_at = null,
      finished_at = null, output = null, error = null
  from private.plan_steps as planned
  where planned.version_id = restart_container.step.version_id and planned.step = run.step
    and run.execution_id = v_execution_id
    and run.step > v_opened.step and run.step <= restart_container.step.step;
  update public.action_runs as run
  set status = 'ready', waiting = 1, failures = v_opened.failures + 1, due_at = null, started_at = null, finished_at = null
  where run.execution_id = v_execution_id and run.step = v_opened.step;
  delete from private.group_cursors as moved
  where moved.execution_id = v_execution_id and moved.group_id in (
    select planned.group_id
    from private.plan_steps as planned
    where planned.version_id = restart_container.step.version_id
      and planned.step between v_opened.step and restart_container.step.step);

  perform private.enqueue(turn.execution, v_opened.step, greatest(v_opened.due_at - now(), '0'));
  return turn;
end
$$;

comment on function private.restart_container(private.turn, private.plan_steps) is
  'Sets the container that a step closes back to its start, which is queued; its failures count the tries.';

revoke all on function private.note_restart(public.action_runs, private.plan_steps, interval) from public;
revoke all on function private.opening_step(private.plan_steps) from public;
revoke all on function private.restarts(uuid, private.plan_steps) from public;
revoke all on function private.restart_container(private.turn, private.plan_steps) from public;
grant execute on function private.note_restart(public.action_runs, private.plan_steps, interval) to fm_engine;
grant execute on function private.opening_step(private.plan_steps) to fm_engine;
grant execute on function private.restarts(uuid, private.plan_steps) to fm_engine;
grant execute on function private.restart_container(private.turn, private.plan_steps) to fm_engine;
