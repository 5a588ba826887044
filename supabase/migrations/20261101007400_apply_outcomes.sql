-- What workers say became of steps. The domain has decided which kind each is;
-- here it is only written down and counted.

create type private.accepted_outcome as (step private.step_run, outcome jsonb);

comment on type private.accepted_outcome is 'What became of an attempt that is under way.';

create function private.complete_steps(turn private.turn, accepted private.accepted_outcome[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_drafts private.event_draft[];
  v_ended private.step_run[];
begin
  with written as (
    update public.action_runs as run
    set status = 'completed', output = nullif(told.outcome -> 'output', 'null'), lease_token = null, finished_at = now()
    from unnest(complete_steps.accepted) as told
    where run.execution_id = (told.step).execution_id and run.step = (told.step).step
  ), completed as (
    select (told.step).*, told.outcome, told.place
    from unnest(complete_steps.accepted) with ordinality as told (step, outcome, place)
  )
  select array_agg(row(
           completed.execution_id, 'ActionNodeExecutionCompleted', null, jsonb_build_object(
             'actionId', completed.action_id, 'actionName', completed.event -> 'actionName',
             'executionResult', jsonb_build_object(
               'success', true, 'output', nullif(completed.outcome -> 'output', 'null'),
               'durationMs', private.milliseconds(now() - completed.started_at)),
             'startedAt', private.wire_time(completed.started_at), 'completedAt', turn.at)
         )::private.event_draft order by completed.place),
         array_agg(row(
           completed.execution_id, completed.version_id, completed.step, completed.kind, 'completed',
           completed.attempt, completed.failures, completed.started_at, completed.opened_by, completed.group_id,
           completed.successors, completed.action_id, completed.event)::private.step_run order by completed.place)
    into v_drafts, v_ended
  from completed;
  turn.drafts := turn.drafts || v_drafts;
  return private.end_steps(turn, v_ended);
end
$$;

comment on function private.complete_steps(private.turn, private.accepted_outcome[]) is
  'Outcomes completed {output}.';

create function private.fail_step(turn private.turn, step private.step_run, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_error jsonb := outcome -> 'error';
begin
  update public.action_runs as written
  set status = 'failed', lease_token = null, finished_at = now(), failures = step.failures + 1, error = v_error,
      lets_others_go_on = not coalesce((outcome ->> 'containerFailed')::boolean, true)
  where written.execution_id = step.execution_id and written.step = step.step;
  turn := private.draft_event(turn, step.execution_id, 'ActionNodeExecutionFailed', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName', 'error', v_error,
    'retryAttempt', step.failures, 'willRetry', false,
    'startedAt', private.wire_time(step.started_at), 'failedAt', turn.at));
  step.status := 'failed';
  turn := private.end_steps(turn, array[step]);
  if outcome ? 'restartAfterMs' then
    perform private.note_restart(step, (outcome ->> 'restartAfterMs')::bigint * interval '1 millisecond');
  end if;

  -- Steps that have not begun only learn why they will be skipped; each ends when
  -- its turn comes. One that was ready already ends now.
  insert into public.action_runs as flagged (execution_id, step, status, waiting, skip_reason)
  select step.execution_id, planned.step, 'pending', greatest(planned.indegree, 1), outcome ->> 'reason'
  from private.plan_steps as planned
  where planned.version_id = fail_step.step.version_id
    and planned.step in (select skipped::integer from jsonb_array_elements_text(outcome -> 'skip') as skipped)
  on conflict on constraint action_runs_pkey do update
    set skip_reason = excluded.skip_reason
    where flagged.status = 'pending' and flagged.skip_reason is null;
  return private.skip_ready(turn, step.execution_id, array(
    select skipped::integer from jsonb_array_elements_text(outcome -> 'skip') as skipped), outcome ->> 'reason');
end
$$;

comment on function private.fail_step(private.turn, private.step_run, jsonb) is
  'Outcome failed {error, skip: [steps], reason, containerFailed?, restartAfterMs?}: for good; what it takes along is skipped.';

create function private.skip_ready(turn private.turn, execution_id uuid, steps integer[], reason text)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_skipped private.step_run[];
begin
  with ended as (
    update public.action_runs as queued
    set status = 'skipped', skip_reason = coalesce(queued.skip_reason, skip_ready.reason), finished_at = now()
    where queued.execution_id = skip_ready.execution_id and queued.status = 'ready' and queued.started_at is null
      and queued.step = any (skip_ready.steps)
    returning queued as run
  )
  select array_agg(private.step_run_of(ended.run, planned) order by planned.step) into v_skipped
  from ended
  join public.workflow_executions as execution on execution.execution_id = (ended.run).execution_id
  join private.plan_steps as planned on planned.version_id = execution.version_id and planned.step = (ended.run).step;
  return private.end_steps(turn, coalesce(v_skipped, '{}'));
end
$$;

comment on function private.skip_ready(private.turn, uuid, integer[], text) is
  'Ends those of the steps that are ready and were never begun.';

create function private.step_run_of(run public.action_runs, planned private.plan_steps) returns private.step_run
language plpgsql immutable set search_path = ''
as $$
begin
  return row(
    run.execution_id, planned.version_id, run.step, planned.kind, run.status, run.attempt, run.failures, run.started_at,
    planned.opened_by, planned.group_id, planned.successors, planned.action_id, planned.event)::private.step_run;
end
$$;

comment on function private.step_run_of(public.action_runs, private.plan_steps) is 'A step in a run.';

create function private.retry_step(turn private.turn, step private.step_run, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_error jsonb := outcome -> 'error';
  v_delay bigint := coalesce((outcome ->> 'delayMs')::bigint, 0);
begin
  update public.action_runs as written
  set status = 'ready', lease_token = null, failures = step.failures + 1, error = v_error, child_execution_id = null,
      due_at = now() + v_delay * interval '1 millisecond'
  where written.execution_id = step.execution_id and written.step = step.step;
  perform private.enqueue(execution, step.step, v_delay * interval '1 millisecond')
  from public.workflow_executions as execution
  where execution.execution_id = retry_step.step.execution_id;
  turn.changes := turn.changes || private.change_of(step, 'retrying');
  turn := private.draft_event(turn, step.execution_id, 'ActionNodeExecutionFailed', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName', 'error', v_error,
    'retryAttempt', step.failures, 'willRetry', true,
    'startedAt', private.wire_time(step.started_at), 'failedAt', turn.at));
  return private.draft_event(turn, step.execution_id, 'ActionNodeExecutionRetried', jsonb_build_object(
    'actionId', step.action_id, 'actionName', step.event -> 'actionName',
    'retryAttempt', step.failures + 1,
    'maxRetries', coalesce(step.event -> 'executionContext' -> 'retryPolicy' -> 'maxAttempts', '0'),
    'retryDelayMs', v_delay, 'reason', v_error -> 'message', 'retriedAt', turn.at));
end
$$;

comment on function private.retry_step(private.turn, private.step_run, jsonb) is
  'Outcome retry {error, delayMs}: the step is ready again after the delay.';

create function private.nest_step(turn private.turn, step private.step_run, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_parent public.workflow_executions;
  v_child jsonb;
  v_execution public.workflow_executions;
begin
  select * into strict v_parent
  from public.workflow_executions as parent
  where parent.execution_id = nest_step.step.execution_id;
  v_child := outcome -> 'child' || jsonb_build_object('priority', v_parent.priority);
  begin
    perform private.insert_nested_execution(v_parent, step.step, v_child);
  exception when insufficient_privilege or sqlstate 'FM004' then
    -- The right was withdrawn a moment ago: the next attempt will see that.
    return private.release_step(turn, step, interval '1 second');
  end;
  select * into strict v_execution
  from public.workflow_executions as nested
  where nested.execution_id = (v_child ->> 'executionId')::uuid;
  insert into private.live_executions (execution_id, deadline) values (v_execution.execution_id, v_execution.deadline);
  perform private.enqueue(v_execution, -1);

  update public.action_runs as written
  set status = 'waiting', lease_token = null, child_execution_id = v_execution.execution_id
  where written.execution_id = step.execution_id and written.step = step.step;
  return private.draft_event(turn, step.execution_id, 'FractalOrchestrationLevelChanged', jsonb_build_object(
    'nestedModelId', v_execution.model_id, 'oldLevel', v_parent.depth,
    'newLevel', v_execution.depth, 'changedAt', turn.at));
end
$$;

comment on function private.nest_step(private.turn, private.step_run, jsonb) is
  'Outcome child {child}: starts the nested run, whose end makes the step ready again.';

create function private.release_step(turn private.turn, step private.step_run, delay interval default '0')
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as written
  set status = 'ready', lease_token = null
  where written.execution_id = step.execution_id and written.step = step.step;
  perform private.enqueue(execution, step.step, release_step.delay)
  from public.workflow_executions as execution
  where execution.execution_id = release_step.step.execution_id;
  return turn;
end
$$;

comment on function private.release_step(private.turn, private.step_run, interval) is
  'Outcome released {delayMs?}: the step is ready again for anybody, as if nothing had been tried.';

create function private.skip_step(turn private.turn, step private.step_run, outcome jsonb)
returns private.turn
language plpgsql set search_path = ''
as $$
begin
  update public.action_runs as written
  set status = 'skipped', skip_reason = outcome ->> 'reason', lease_token = null, finished_at = now()
  where written.execution_id = step.execution_id and written.step = step.step;
  step.status := 'skipped';
  return private.end_steps(turn, array[step]);
end
$$;

comment on function private.skip_step(private.turn, private.step_run, jsonb) is
  'Outcome skipped {reason}.';

create function private.write_logs(accepted private.accepted_outcome[]) returns void
language sql set search_path = ''
as $$
  insert into public.execution_logs (execution_id, at, level, node_id, action_id, message)
  select (told.step).execution_id, now() + log.place * interval '1 microsecond', log.line ->> 'level', planned.node_id,
         planned.action_id, log.line ->> 'message'
  from unnest(write_logs.accepted) as told
  join private.plan_steps as planned
    on planned.version_id = (told.step).version_id and planned.step = (told.step).step
  cross join jsonb_array_elements(coalesce(told.outcome -> 'logs', '[]')) with ordinality as log (line, place)
$$;

comment on function private.write_logs(private.accepted_outcome[]) is 'Keeps what attempts logged.';

create function private.apply_outcomes(turn private.turn, accepted private.accepted_outcome[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_completed private.accepted_outcome[];
  v_others private.accepted_outcome[];
  v_told private.accepted_outcome;
  v_logged boolean;
begin
  select array_agg(told order by told.place) filter (where told.outcome ->> 'kind' = 'completed'),
         array_agg(told order by told.place) filter (where told.outcome ->> 'kind' <> 'completed'),
         bool_or(told.outcome ? 'logs')
    into v_completed, v_others, v_logged
  from (
    select row(told.step, told.outcome)::private.accepted_outcome as told, told.outcome, told.place
    from unnest(apply_outcomes.accepted) with ordinality as told (step, outcome, place)
  ) as told;
  if v_logged then
    perform private.write_logs(apply_outcomes.accepted);
  end if;
  if v_completed is not null then
    turn := private.complete_steps(turn, v_completed);
  end if;
  foreach v_told in array coalesce(v_others, '{}') loop
    turn := case v_told.outcome ->> 'kind'
      when 'retry' then private.retry_step(turn, v_told.step, v_told.outcome)
      when 'failed' then private.fail_step(turn, v_told.step, v_told.outcome)
      when 'skipped' then private.skip_step(turn, v_told.step, v_told.outcome)
      when 'child' then private.nest_step(turn, v_told.step, v_told.outcome)
      when 'released' then private.release_step(
        turn, v_told.step, coalesce((v_told.outcome ->> 'delayMs')::bigint, 0) * interval '1 millisecond')
    end;
  end loop;
  return private.arrive(turn);
end
$$;

comment on function private.apply_outcomes(private.turn, private.accepted_outcome[]) is
  'Writes down accepted outcomes and all that follows from them.';

revoke all on function private.complete_steps(private.turn, private.accepted_outcome[]) from public;
revoke all on function private.fail_step(private.turn, private.step_run, jsonb) from public;
revoke all on function private.skip_ready(private.turn, uuid, integer[], text) from public;
revoke all on function private.step_run_of(public.action_runs, private.plan_steps) from public;
revoke all on function private.retry_step(private.turn, private.step_run, jsonb) from public;
revoke all on function private.nest_step(private.turn, private.step_run, jsonb) from public;
revoke all on function private.release_step(private.turn, private.step_run, interval) from public;
revoke all on function private.skip_step(private.turn, private.step_run, jsonb) from public;
revoke all on function private.write_logs(private.accepted_outcome[]) from public;
revoke all on function private.apply_outcomes(private.turn, private.accepted_outcome[]) from public;
grant execute on function private.complete_steps(private.turn, private.accepted_outcome[]) to fm_engine;
grant execute on function private.fail_step(private.turn, private.step_run, jsonb) to fm_engine;
grant execute on function private.skip_ready(private.turn, uuid, integer[], text) to fm_engine;
grant execute on function private.step_run_of(public.action_runs, private.plan_steps) to fm_engine;
grant execute on function private.retry_step(private.turn, private.step_run, jsonb) to fm_engine;
grant execute on function private.nest_step(private.turn, private.step_run, jsonb) to fm_engine;
grant execute on function private.release_step(private.turn, private.step_run, interval) to fm_engine;
grant execute on function private.skip_step(private.turn, private.step_run, jsonb) to fm_engine;
grant execute on function private.write_logs(private.accepted_outcome[]) to fm_engine;
grant execute on function private.apply_outcomes(private.turn, private.accepted_outcome[]) to fm_engine;
