-- What a worker says became of a step. The domain has decided which kind it is;
-- here it is only written down and counted.

create function private.complete_step(turn private.turn, run public.action_runs, step private.plan_steps, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_output jsonb := nullif(outcome -> 'output', 'null');
begin
  update public.action_runs as written
  set status = 'completed', output = v_output, lease_token = null, finished_at = now()
  where written.execution_id = run.execution_id and written.step = run.step;
  turn := private.draft_event(turn, 'ActionNodeExecutionCompleted', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName',
    'executionResult', jsonb_build_object(
      'success', true, 'output', v_output, 'durationMs', private.milliseconds(now() - run.started_at)),
    'startedAt', private.wire_time(run.started_at), 'completedAt', turn.at));
  turn := private.end_step(turn, step, 'completed', run.attempt);
  return private.arrive(turn, private.set_off_by(run.execution_id, step));
end
$$;

comment on function private.complete_step(private.turn, public.action_runs, private.plan_steps, jsonb) is
  'Outcome completed {output}.';

create function private.fail_step(turn private.turn, run public.action_runs, step private.plan_steps, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_error jsonb := outcome -> 'error';
  v_skipped private.plan_steps;
begin
  update public.action_runs as written
  set status = 'failed', lease_token = null, finished_at = now(), failures = run.failures + 1, error = v_error,
      lets_others_go_on = not coalesce((outcome ->> 'containerFailed')::boolean, true)
  where written.execution_id = run.execution_id and written.step = run.step;
  turn := private.draft_event(turn, 'ActionNodeExecutionFailed', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName', 'error', v_error,
    'retryAttempt', run.failures, 'willRetry', false,
    'startedAt', private.wire_time(run.started_at), 'failedAt', turn.at));
  turn := private.end_step(turn, step, 'failed', run.attempt);
  if outcome ? 'restartAfterMs' then
    perform private.note_restart(run, step, (outcome ->> 'restartAfterMs')::bigint * interval '1 millisecond');
  end if;

  -- Steps that have not begun only learn why they will be skipped; each ends when
  -- its turn comes. One that was ready already ends now.
  insert into public.action_runs as flagged (execution_id, step, status, waiting, skip_reason)
  select run.execution_id, planned.step, 'pending', greatest(planned.indegree, 1), outcome ->> 'reason'
  from private.plan_steps as planned
  where planned.version_id = step.version_id
    and planned.step in (select skipped::integer from jsonb_array_elements_text(outcome -> 'skip') as skipped)
  on conflict on constraint action_runs_pkey do update
    set skip_reason = excluded.skip_reason
    where flagged.status = 'pending' and flagged.skip_reason is null;

  turn := private.arrive(turn, private.set_off_by(run.execution_id, step));

  for v_skipped in
    with ended as (
      update public.action_runs as queued
      set status = 'skipped', skip_reason = outcome ->> 'reason', finished_at = now()
      where queued.execution_id = run.execution_id and queued.status = 'ready' and queued.started_at is null
        and queued.step in (select skipped::integer from jsonb_array_elements_text(outcome -> 'skip') as skipped)
      returning queued.step
    )
    select planned.*
    from ended
    join private.plan_steps as planned on planned.version_id = fail_step.step.version_id and planned.step = ended.step
    order by planned.step
  loop
    turn := private.end_step(turn, v_skipped, 'skipped');
    turn := private.arrive(turn, private.set_off_by(run.execution_id, v_skipped));
  end loop;
  return turn;
end
$$;

comment on function private.fail_step(private.turn, public.action_runs, private.plan_steps, jsonb) is
  'Outcome failed {error, skip: [steps], reason, containerFailed?, restartAfterMs?}: for good; what it takes along is skipped.';

create function private.retry_step(turn private.turn, run public.action_runs, step private.plan_steps, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_error jsonb := outcome -> 'error';
  v_delay bigint := coalesce((outcome ->> 'delayMs')::bigint, 0);
begin
  update public.action_runs as written
  set status = 'ready', lease_token = null, failures = run.failures + 1, error = v_error, child_execution_id = null,
      due_at = now() + v_delay * interval '1 millisecond'
  where written.execution_id = run.execution_id and written.step = run.step;
  perform private.enqueue(turn.execution, run.step, v_delay * interval '1 millisecond');
  turn := private.note_change(turn, step, 'retrying', run.attempt);
  turn := private.draft_event(turn, 'ActionNodeExecutionFailed', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName', 'error', v_error,
    'retryAttempt', run.failures, 'willRetry', true,
    'startedAt', private.wire_time(run.started_at), 'failedAt', turn.at));
  return private.draft_event(turn, 'ActionNodeExecutionRetried', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName',
    'retryAttempt', run.failures + 1,
    'maxRetries', coalesce(step.event -> 'executionContext' -> 'retryPolicy' -> 'maxAttempts', '0'),
    'retryDelayMs', v_delay, 'reason', v_error -> 'message', 'retriedAt', turn.at));
end
$$;

comment on function private.retry_step(private.turn, public.action_runs, private.plan_steps, jsonb) is
  'Outcome retry {error, delayMs}: the step is ready again after the delay.';

create function private.nest_step(turn private.turn, run public.action_runs, step private.plan_steps, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_child jsonb := outcome -> 'child' || jsonb_build_object('priority', (turn.execution).priority);
  v_execution public.workflow_executions;
begin
  begin
    perform private.insert_nested_execution(turn.execution, run.step, v_child);
  exception when insufficient_privilege or sqlstate 'FM004' then
    -- The right was withdrawn a moment ago: the next attempt will see that.
    return private.release_step(turn, run, interval '1 second');
  end;
  select * into strict v_execution
  from public.workflow_executions as nested
  where nested.execution_id = (v_child ->> 'executionId')::uuid;
  insert into private.live_executions (execution_id, deadline) values (v_execution.execution_id, v_execution.deadline);
  perform private.enqueue(v_execution, -1);

  update public.action_runs as written
  set status = 'waiting', lease_token = null, child_execution_id = v_execution.execution_id
  where written.execution_id = run.execution_id and written.step = run.step;
  return private.draft_event(turn, 'FractalOrchestrationLevelChanged', jsonb_build_object(
    'nestedModelId', v_execution.model_id, 'oldLevel', (turn.execution).depth,
    'newLevel', v_execution.depth, 'changedAt', turn.at));
end
$$;

comment on function private.nest_step(private.turn, public.action_runs, private.plan_steps, jsonb) is
  'Outcome child {child}: starts the nested run, whose end makes the step ready again.';

create function private.release_step(turn private.turn, run public.action_runs, delay interval default '0')
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as written
  set status = 'ready', lease_token = null
  where written.execution_id = run.execution_id and written.step = run.step;
  perform private.enqueue(turn.execution, run.step, release_step.delay);
  return turn;
end
$$;

comment on function private.release_step(private.turn, public.action_runs, interval) is
  'Outcome released {delayMs?}: the step is ready again for anybody, as if nothing had been tried.';

create function private.skip_step(turn private.turn, run public.action_runs, step private.plan_steps, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as written
  set status = 'skipped', skip_reason = outcome ->> 'reason', lease_token = null, finished_at = now()
  where written.execution_id = run.execution_id and written.step = run.step;
  turn := private.end_step(turn, step, 'skipped', run.attempt);
  return private.arrive(turn, private.set_off_by(run.execution_id, step));
end
$$;

comment on function private.skip_step(private.turn, public.action_runs, private.plan_steps, jsonb) is
  'Outcome skipped {reason}.';

create function private.apply_outcome(turn private.turn, run public.action_runs, outcome jsonb) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_step private.plan_steps;
begin
  select * into strict v_step
  from private.plan_steps as planned
  where planned.version_id = (turn.execution).version_id and planned.step = run.step;

  if jsonb_array_length(coalesce(outcome -> 'logs', '[]')) > 0 then
    insert into public.execution_logs (execution_id, at, level, node_id, action_id, message)
    select run.execution_id, now() + log.place * interval '1 microsecond', log.line ->> 'level', v_step.node_id,
           v_step.action_id, log.line ->> 'message'
    from jsonb_array_elements(outcome -> 'logs') with ordinality as log (line, place);
  end if;

  return case outcome ->> 'kind'
    when 'completed' then private.complete_step(turn, run, v_step, outcome)
    when 'retry' then private.retry_step(turn, run, v_step, outcome)
    when 'failed' then private.fail_step(turn, run, v_step, outcome)
    when 'skipped' then private.skip_step(turn, run, v_step, outcome)
    when 'child' then private.nest_step(turn, run, v_step, outcome)
    when 'released' then private.release_step(
      turn, run, coalesce((outcome ->> 'delayMs')::bigint, 0) * interval '1 millisecond')
  end;
end
$$;

comment on function private.apply_outcome(private.turn, public.action_runs, jsonb) is
  'Writes down one accepted outcome and all that follows from it.';

revoke all on function private.complete_step(private.turn, public.action_runs, private.plan_steps, jsonb) from public;
revoke all on function private.fail_step(private.turn, public.action_runs, private.plan_steps, jsonb) from public;
revoke all on function private.retry_step(private.turn, public.action_runs, private.plan_steps, jsonb) from public;
revoke all on function private.nest_step(private.turn, public.action_runs, private.plan_steps, jsonb) from public;
revoke all on function private.release_step(private.turn, public.action_runs, interval) from public;
revoke all on function private.skip_step(private.turn, public.action_runs, private.plan_steps, jsonb) from public;
revoke all on function private.apply_outcome(private.turn, public.action_runs, jsonb) from public;
grant execute on function private.complete_step(private.turn, public.action_runs, private.plan_steps, jsonb) to fm_engine;
grant execute on function private.fail_step(private.turn, public.action_runs, private.plan_steps, jsonb) to fm_engine;
grant execute on function private.retry_step(private.turn, public.action_runs, private.plan_steps, jsonb) to fm_engine;
grant execute on function private.nest_step(private.turn, public.action_runs, private.plan_steps, jsonb) to fm_engine;
grant execute on function private.release_step(private.turn, public.action_runs, interval) to fm_engine;
grant execute on function private.skip_step(private.turn, public.action_runs, private.plan_steps, jsonb) to fm_engine;
grant execute on function private.apply_outcome(private.turn, public.action_runs, jsonb) to fm_engine;
