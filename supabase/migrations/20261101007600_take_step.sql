create function private.take_step(turn private.turn, step integer) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_run public.action_runs;
  v_step private.plan_steps;
  v_resumed boolean;
begin
  if take_step.step = -1 then
    return case
      when (turn.execution).status <> 'pending' or private.waits_for_resume(turn.execution) then turn
      else private.begin_run(turn) end;
  end if;

  select * into v_run
  from public.action_runs as run
  where run.execution_id = (turn.execution).execution_id and run.step = take_step.step;
  v_resumed := v_run.status = 'waiting' and exists (
    select from public.workflow_executions as child
    where child.execution_id = v_run.child_execution_id and child.completed_at is not null);
  if v_run.status is distinct from 'ready' and not coalesce(v_resumed, false) then
    return turn;
  end if;
  select * into strict v_step
  from private.plan_steps as planned
  where planned.version_id = (turn.execution).version_id and planned.step = take_step.step;
  if v_step.kind = 'open' then
    return private.arrive(turn, array[take_step.step]);
  end if;
  if turn.want <= 0 then
    perform private.enqueue(turn.execution, take_step.step);
    return turn;
  end if;

  update public.action_runs as run
  set status = 'executing', attempt = v_run.attempt + 1, lease_token = turn.lease_token,
      started_at = case when v_resumed then v_run.started_at else now() end
  where run.execution_id = v_run.execution_id and run.step = v_run.step;

  if v_resumed then
    turn.want := turn.want - 1;
    turn.claimed := turn.claimed || v_step.step;
    return private.draft_event(turn, 'FractalOrchestrationLevelChanged', jsonb_build_object(
      'nestedModelId', (
        select child.model_id from public.workflow_executions as child
        where child.execution_id = v_run.child_execution_id),
      'oldLevel', (turn.execution).depth + 1, 'newLevel', (turn.execution).depth,
      'changedAt', turn.at));
  end if;
  return private.hand_over(turn, v_step, v_run.attempt + 1);
end
$$;

comment on function private.take_step(private.turn, integer) is
  'Hands a queued step to the worker of the turn if it still is ready; a nested run''s end resumes its step.';

create function private.waits_for_resume(execution public.workflow_executions) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return execution.parent_execution_id is not null and exists (
    select from public.workflow_executions as parent
    where parent.execution_id = execution.parent_execution_id and parent.status = 'paused');
end
$$;

comment on function private.waits_for_resume(public.workflow_executions) is
  'Whether a nested run may not begin because the run above is paused; resuming that queues it again.';

revoke all on function private.waits_for_resume(public.workflow_executions) from public;
grant execute on function private.waits_for_resume(public.workflow_executions) to fm_engine;
revoke all on function private.take_step(private.turn, integer) from public;
grant execute on function private.take_step(private.turn, integer) to fm_engine;
