-- A container that failed is tried again as a whole when the outcome of the action
-- that failed says so: the pause is noted on the container's first step, and when
-- all of it has ended it is set back to its start instead of closing. So nothing
-- of it is under way then. Attempts count on, since a late reply names them.

create function private.note_restart(step private.step_run, pause interval) returns void
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as opened
  set due_at = now() + note_restart.pause
  where opened.execution_id = note_restart.step.execution_id
    and opened.step = private.opening_step(note_restart.step.version_id, note_restart.step.step, note_restart.step.opened_by);
end
$$;

comment on function private.note_restart(private.step_run, interval) is
  'Notes that the container of a failed action is tried again after a pause.';

create function private.opening_step(version_id uuid, step integer, opened_by integer) returns integer
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(opening_step.opened_by, (
    select max(opening.step)
    from private.plan_steps as opening
    where opening.version_id = opening_step.version_id and opening.step < opening_step.step
      and opening.kind = 'open'));
end
$$;

comment on function private.opening_step(uuid, integer, integer) is 'The step that opens the container of an action.';

create function private.container_end(execution_id uuid, opened_by integer, closed_by integer) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return case
    when not exists (
      select from public.action_runs as run
      where run.execution_id = container_end.execution_id
        and run.step > container_end.opened_by and run.step < container_end.closed_by
        and run.status = 'failed' and not run.lets_others_go_on)
    then 'completed'
    when exists (
      select from public.action_runs as opened
      where opened.execution_id = container_end.execution_id and opened.step = container_end.opened_by
        and opened.due_at is not null)
    then 'restarts'
    else 'failed' end;
end
$$;

comment on function private.container_end(uuid, integer, integer) is
  'How a container ends: it failed when one of its actions failed and did not let the others go on, unless it is tried again.';

create function private.restart_container(turn private.turn, step private.step_run) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_opened public.action_runs;
  v_execution public.workflow_executions;
begin
  select * into strict v_execution
  from public.workflow_executions as execution
  where execution.execution_id = restart_container.step.execution_id;
  select * into strict v_opened
  from public.action_runs as run
  where run.execution_id = restart_container.step.execution_id and run.step = restart_container.step.opened_by;

  turn.ends := turn.ends || row(v_opened.execution_id, (
    select -count(*)
    from public.action_runs as run
    where run.execution_id = v_opened.execution_id and run.finished_at is not null
      and run.step between v_opened.step and restart_container.step.step), null)::private.step_end;

  update public.action_runs as run
  set status = 'pending', waiting = greatest(planned.indegree, 1), failures = 0, lets_others_go_on = false,
      lease_token = null, child_execution_id = null, skip_reason = null, due_at = null, started_at = null,
      finished_at = null, output = null, error = null
  from private.plan_steps as planned
  where planned.version_id = restart_container.step.version_id and planned.step = run.step
    and run.execution_id = v_opened.execution_id
    and run.step > v_opened.step and run.step <= restart_container.step.step;
  update public.action_runs as run
  set status = 'ready', waiting = 1, failures = v_opened.failures + 1, due_at = null, started_at = null, finished_at = null
  where run.execution_id = v_opened.execution_id and run.step = v_opened.step;
  delete from private.group_cursors as moved
  where moved.execution_id = v_opened.execution_id and moved.group_id in (
    select planned.group_id
    from private.plan_steps as planned
    where planned.version_id = restart_container.step.version_id
      and planned.step between v_opened.step and restart_container.step.step);

  perform private.enqueue(v_execution, v_opened.step, greatest(v_opened.due_at - now(), '0'));
  return turn;
end
$$;

comment on function private.restart_container(private.turn, private.step_run) is
  'Sets the container that a step closes back to its start, which is queued; its failures count the tries.';

revoke all on function private.note_restart(private.step_run, interval) from public;
revoke all on function private.opening_step(uuid, integer, integer) from public;
revoke all on function private.container_end(uuid, integer, integer) from public;
revoke all on function private.restart_container(private.turn, private.step_run) from public;
grant execute on function private.note_restart(private.step_run, interval) to fm_engine;
grant execute on function private.opening_step(uuid, integer, integer) to fm_engine;
grant execute on function private.container_end(uuid, integer, integer) to fm_engine;
grant execute on function private.restart_container(private.turn, private.step_run) to fm_engine;
