-- One more attempt at an action, by hand. On a failed run this takes the run up
-- again: the domain says which steps are done again, and how many predecessors
-- each step still has to wait for; here rows are set back and counted on.

create function private.take_up_run(
  turn private.turn, execution public.workflow_executions, target integer, resumption jsonb, actor_id uuid
) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_execution_id uuid := take_up_run.execution.execution_id;
  v_version_id uuid := take_up_run.execution.version_id;
  v_again integer[] := array(select again::integer from jsonb_array_elements_text(resumption -> 'again') as again);
  v_release integer[] := array(select released::integer from jsonb_array_elements_text(resumption -> 'release') as released);
  v_done record;
begin
  -- Attempts count on: a late outcome names one, and must not meet its number again.
  with gone as (
    delete from public.action_runs as run
    where run.execution_id = v_execution_id and run.step <> target
      and (run.step = any (v_again) or run.status = 'cancelled')
    returning run.step, run.attempt
  )
  insert into public.action_runs (execution_id, step, status, waiting, attempt)
  select v_execution_id, gone.step, 'pending', greatest(planned.indegree, 1), gone.attempt
  from gone
  join private.plan_steps as planned on planned.version_id = v_version_id and planned.step = gone.step
  where gone.attempt > 0;
  insert into public.action_runs as run (execution_id, step, status, waiting)
  select v_execution_id, (entry ->> 0)::integer, 'pending'::public.step_status, (entry ->> 1)::integer
  from jsonb_array_elements(resumption -> 'waiting') as entry
  union all
  select v_execution_id, released, 'pending'::public.step_status, 1 from unnest(v_release) as released
  on conflict on constraint action_runs_pkey do update set waiting = excluded.waiting;
  insert into private.group_cursors (execution_id, group_id, next)
  select v_execution_id, (entry ->> 0)::integer, (entry ->> 1)::integer
  from jsonb_array_elements(resumption -> 'cursors') as entry;
  -- What is left of an interrupted container has its time anew.
  update public.action_runs as opened
  set started_at = now()
  from private.plan_steps as planned
  where planned.version_id = v_version_id and planned.kind = 'close' and planned.step = any (v_again)
    and opened.execution_id = v_execution_id and opened.step = planned.opened_by;

  select count(*) as steps,
         count(*) filter (where step.kind in ('pass', 'close') and run.status = 'completed') as completed,
         count(*) filter (where step.kind in ('pass', 'close') and run.status = 'failed') as failed,
         count(*) filter (where step.kind in ('pass', 'close') and run.status = 'skipped') as skipped
    into v_done
  from public.action_runs as run
  join private.plan_steps as step on step.version_id = v_version_id and step.step = run.step
  where run.execution_id = v_execution_id and run.step <> target
    and run.status in ('completed', 'failed', 'skipped');

  update public.workflow_executions as taken_up
  set status = 'running', completed_at = null, outputs = null, errors = null,
      remaining_steps = taken_up.total_steps - v_done.steps, completed_nodes = v_done.completed,
      failed_nodes = v_done.failed, skipped_nodes = v_done.skipped,
      deadline = case when taken_up.deadline > now() then taken_up.deadline end,
      revision = taken_up.revision + 1
  where taken_up.execution_id = v_execution_id;
  insert into private.live_executions (execution_id, deadline)
  select taken_up.execution_id, taken_up.deadline
  from public.workflow_executions as taken_up
  where taken_up.execution_id = v_execution_id;

  turn := private.draft_event(turn, v_execution_id, 'WorkflowExecutionResumed',
    jsonb_build_object('by', take_up_run.actor_id, 'at', turn.at), take_up_run.actor_id);
  turn.arrivals := turn.arrivals || array(
    select row(v_execution_id, v_version_id, released)::private.arrival from unnest(v_release) as released);
  return private.arrive(turn);
end
$$;

comment on function private.take_up_run(private.turn, public.workflow_executions, integer, jsonb, uuid) is
  'Takes a failed run to running again {again, release, waiting: [[step, count]], cursors: [[group, released]]}; a deadline that has passed is over.';

create function private.retry_by_hand(execution_id uuid, command jsonb, actor_id uuid) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_turn private.turn;
  v_run public.action_runs;
  v_step private.plan_steps;
  v_max integer;
begin
  select execution.* into strict v_execution
  from public.workflow_executions as execution
  where execution.execution_id = retry_by_hand.execution_id;
  select run.* into v_run
  from public.action_runs as run
  where run.execution_id = v_execution.execution_id and run.step = (command ->> 'step')::integer
    and run.attempt = (command ->> 'attempt')::integer
    and run.status = case v_execution.status when 'failed' then 'failed' else 'ready' end::public.step_status;
  if not found or v_execution.status not in ('running', 'failed')
    or (v_execution.status = 'failed') <> (command ? 'resumption')
  then
    raise exception using errcode = 'FM008', message = 'The run or the action moved on', detail = v_execution.status::text;
  end if;
  select planned.* into strict v_step
  from private.plan_steps as planned
  where planned.version_id = v_execution.version_id and planned.step = v_run.step;
  v_max := coalesce((v_step.event -> 'executionContext' -> 'retryPolicy' ->> 'maxAttempts')::integer, 0);

  v_turn := private.open_turn(null, 0, array[v_execution.execution_id]);
  v_turn := private.draft_event(v_turn, v_execution.execution_id, 'ActionNodeExecutionRetried', jsonb_build_object(
    'actionId', v_step.action_id, 'actionName', v_step.event -> 'actionName', 'retryAttempt', v_run.failures,
    'maxRetries', v_max, 'retryDelayMs', 0, 'reason', 'asked for by hand', 'retriedAt', v_turn.at),
    retry_by_hand.actor_id);
  -- After one more failure the policy decides as it did before the last one.
  update public.action_runs as run
  set status = 'ready', lease_token = null, child_execution_id = null, finished_at = null, due_at = null,
      lets_others_go_on = false, waiting = 0, failures = least(run.failures, v_max)
  where run.execution_id = v_run.execution_id and run.step = v_run.step;
  delete from private.ready as queued
  where queued.execution_id = v_run.execution_id and queued.step = v_run.step;
  v_turn.changes := v_turn.changes || private.change_of(private.step_run_of(v_run, v_step), 'retrying');
  if command ? 'resumption' then
    v_turn := private.take_up_run(v_turn, v_execution, v_run.step, command -> 'resumption', retry_by_hand.actor_id);
  end if;
  perform private.enqueue(v_execution, v_run.step);
  perform private.close_turn(v_turn);
end
$$;

comment on function private.retry_by_hand(uuid, jsonb, uuid) is
  'Makes an action ready again in a run that a command has judged and locked; FM008 when it moved on meanwhile.';

create function public.retry_action(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
declare
  v_replayed jsonb := private.begin_command(actor, request);
  v_execution public.workflow_executions;
begin
  if v_replayed is not null then
    return v_replayed;
  end if;
  v_execution := private.lock_execution(
    (command ->> 'executionId')::uuid, (command ->> 'expectedRevision')::integer);
  perform private.retry_by_hand(v_execution.execution_id, command, private.actor_id());
  return jsonb_build_object('status', 'running');
end
$$;

comment on function public.retry_action(jsonb, jsonb, jsonb) is
  'One more attempt at an action {executionId, step, attempt, resumption?, expectedRevision?}; with a resumption it takes a failed run up again. Answers {status}.';

revoke all on function private.take_up_run(private.turn, public.workflow_executions, integer, jsonb, uuid) from public;
revoke all on function private.retry_by_hand(uuid, jsonb, uuid) from public;
revoke all on function public.retry_action(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.take_up_run(private.turn, public.workflow_executions, integer, jsonb, uuid) to fm_engine;
grant execute on function private.retry_by_hand(uuid, jsonb, uuid) to fm_writer;
grant execute on function public.retry_action(jsonb, jsonb, jsonb) to service_role;
