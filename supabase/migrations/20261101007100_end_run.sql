create function private.outputs_of(execution public.workflow_executions) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(part.key, part.value order by named.place), '{}')
    from private.plans as plan
    cross join unnest(plan.outputs) with ordinality as named (step, place)
    join public.action_runs as run
      on run.execution_id = execution.execution_id and run.step = named.step and run.status = 'completed'
    join private.plan_steps as step on step.version_id = plan.version_id and step.step = named.step
    cross join lateral (
      select object.key, object.value
      from jsonb_each(case jsonb_typeof(run.output) when 'object' then run.output else '{}' end) as object
      union all
      select step.event ->> 'actionName', run.output
      where jsonb_typeof(run.output) not in ('object', 'null')
    ) as part
    where plan.version_id = execution.version_id);
end
$$;

comment on function private.outputs_of(public.workflow_executions) is
  'What a run produced: the outputs of the steps its plan names, objects merged in that order, other values under the action''s name.';

create function private.errors_of(execution public.workflow_executions) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'nodeId', step.node_id, 'actionId', step.action_id,
      'code', run.error -> 'code', 'message', run.error -> 'message') order by run.step), '[]')
    from public.action_runs as run
    join private.plan_steps as step on step.version_id = execution.version_id and step.step = run.step
    where run.execution_id = execution.execution_id and run.status = 'failed' and step.kind = 'action');
end
$$;

comment on function private.errors_of(public.workflow_executions) is 'The final failures of a run''s actions.';

create function private.end_run(turn private.turn, status public.execution_status, errors jsonb default null) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_duration bigint := private.milliseconds(now() - coalesce((turn.execution).started_at, now()));
begin
  turn.execution.status := end_run.status;
  turn.execution.completed_at := now();
  turn.execution.outputs := private.outputs_of(turn.execution);
  turn.execution.errors := coalesce(end_run.errors, '[]') || private.errors_of(turn.execution);

  if end_run.status = 'completed' then
    turn := private.draft_event(turn, 'WorkflowExecutionCompleted', jsonb_build_object(
      'outputs', (turn.execution).outputs, 'durationMs', v_duration,
      'completedNodes', (turn.execution).completed_nodes, 'completedAt', turn.at));
  elsif end_run.status = 'failed' then
    turn := private.draft_event(turn, 'WorkflowExecutionFailed', jsonb_build_object(
      'errors', (turn.execution).errors, 'failedNodes', (turn.execution).failed_nodes,
      'skippedNodes', (turn.execution).skipped_nodes, 'durationMs', v_duration,
      'failedAt', turn.at));
  end if;

  delete from private.live_executions as live where live.execution_id = (turn.execution).execution_id;
  delete from private.group_cursors as moved where moved.execution_id = (turn.execution).execution_id;
  if (turn.execution).parent_execution_id is not null then
    -- The parent's row is never touched from here: its own claim will see this
    -- run's end, so locks are only ever taken from parent to child.
    insert into private.ready (priority, due_at, execution_id, step)
    values (1, now(), (turn.execution).parent_execution_id, (turn.execution).parent_step);
  end if;
  return turn;
end
$$;

comment on function private.end_run(private.turn, public.execution_status, jsonb) is
  'Ends a run with its outputs and errors, and wakes the step of the parent run that waits for it.';

create function private.close_turn(turn private.turn) returns private.turn
language plpgsql set search_path = ''
as $$
begin
  if (turn.execution).status = 'running' and (turn.execution).remaining_steps = 0 then
    turn := private.end_run(
      turn, case when (turn.execution).failed_nodes = 0 then 'completed' else 'failed' end::public.execution_status);
  end if;
  turn.execution.revision := (turn.execution).revision + 1;
  update public.workflow_executions as execution
  set status = (turn.execution).status,
      remaining_steps = (turn.execution).remaining_steps,
      completed_nodes = (turn.execution).completed_nodes,
      failed_nodes = (turn.execution).failed_nodes,
      skipped_nodes = (turn.execution).skipped_nodes,
      stream_version = (turn.execution).stream_version,
      revision = (turn.execution).revision,
      started_at = (turn.execution).started_at,
      completed_at = (turn.execution).completed_at,
      outputs = (turn.execution).outputs,
      errors = (turn.execution).errors
  where execution.execution_id = (turn.execution).execution_id;
  return turn;
end
$$;

comment on function private.close_turn(private.turn) is
  'Ends the run when nothing of it remains, and writes its row.';

revoke all on function private.outputs_of(public.workflow_executions) from public;
revoke all on function private.errors_of(public.workflow_executions) from public;
revoke all on function private.end_run(private.turn, public.execution_status, jsonb) from public;
revoke all on function private.close_turn(private.turn) from public;
grant execute on function private.outputs_of(public.workflow_executions) to fm_engine;
grant execute on function private.errors_of(public.workflow_executions) to fm_engine;
grant execute on function private.end_run(private.turn, public.execution_status, jsonb) to fm_engine;
grant execute on function private.close_turn(private.turn) to fm_engine;
