-- A paused run starts nothing new: what workers hold ends and is recorded, what
-- becomes ready meanwhile waits for the run to be resumed. Runs nested in it
-- pause and resume with it. The queue is only a list of hints: rows of paused
-- runs are dropped when their time comes, and made anew here.

create function private.turn_runs(
  root_id uuid, from_status public.execution_status, to_status public.execution_status, event_type text, reason text,
  actor_id uuid
) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
declare
  v_execution public.workflow_executions;
  v_turn private.turn := private.open_turn(null, 0, '{}');
begin
  for v_execution in
    select execution.*
    from public.workflow_executions as execution
    where execution.execution_id = any (private.lock_tree(array[root_id])) and execution.status in (from_status, 'pending')
    order by execution.execution_id
  loop
    if to_status = 'running' then
      perform private.queue_again(v_execution);
    end if;
    continue when v_execution.status = 'pending';
    update public.workflow_executions as execution
    set status = to_status, revision = execution.revision + 1
    where execution.execution_id = v_execution.execution_id;
    v_turn.touched := v_turn.touched || v_execution.execution_id;
    v_turn := private.draft_event(v_turn, v_execution.execution_id, event_type, jsonb_strip_nulls(jsonb_build_object(
      'by', turn_runs.actor_id, 'at', v_turn.at, 'reason', turn_runs.reason)), turn_runs.actor_id);
  end loop;
  perform private.close_turn(v_turn);
end
$$;

comment on function private.turn_runs(uuid, public.execution_status, public.execution_status, text, text, uuid) is
  'Pauses or resumes a run that a command has judged and locked, and the runs nested in it. A run whose last action ended meanwhile ends when it is resumed.';

create function private.queue_again(execution public.workflow_executions) returns void
language plpgsql set search_path = ''
as $$
declare
  v_step integer;
begin
  for v_step in
    select -1 where execution.status = 'pending'
    union all
    select run.step
    from public.action_runs as run
    where run.execution_id = execution.execution_id
      and (run.status = 'ready' or run.status = 'waiting' and exists (
        select from public.workflow_executions as nested
        where nested.execution_id = run.child_execution_id and nested.completed_at is not null))
  loop
    if not exists (
      select from private.ready as queued
      where queued.execution_id = execution.execution_id and queued.step = v_step)
    then
      perform private.enqueue(execution, v_step);
    end if;
  end loop;
end
$$;

comment on function private.queue_again(public.workflow_executions) is
  'Puts back into the queue what a paused run lost from it; what waits for a later attempt is still there.';

create function public.pause_execution(actor jsonb, request jsonb, command jsonb) returns jsonb
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
  if v_execution.status <> 'running' then
    raise exception using errcode = 'FM008', message = 'Execution not running', detail = v_execution.status::text;
  end if;
  perform private.turn_runs(
    v_execution.execution_id, 'running', 'paused', 'WorkflowExecutionPaused', command ->> 'reason', private.actor_id());
  return jsonb_build_object('status', 'paused');
end
$$;

comment on function public.pause_execution(jsonb, jsonb, jsonb) is
  'Pauses a run {executionId, reason?, expectedRevision?} and the runs nested in it. Answers {status}; FM008 when it is not running.';

create function public.resume_execution(actor jsonb, request jsonb, command jsonb) returns jsonb
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
  if v_execution.status <> 'paused' then
    raise exception using errcode = 'FM008', message = 'Execution not paused', detail = v_execution.status::text;
  end if;
  perform private.turn_runs(
    v_execution.execution_id, 'paused', 'running', 'WorkflowExecutionResumed', command ->> 'reason', private.actor_id());
  return jsonb_build_object('status', 'running');
end
$$;

comment on function public.resume_execution(jsonb, jsonb, jsonb) is
  'Resumes a paused run {executionId, reason?, expectedRevision?} and the runs nested in it. Answers {status}; FM008 when it is not paused.';

revoke all on function private.turn_runs(uuid, public.execution_status, public.execution_status, text, text, uuid) from public;
revoke all on function private.queue_again(public.workflow_executions) from public;
revoke all on function public.pause_execution(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.resume_execution(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.turn_runs(uuid, public.execution_status, public.execution_status, text, text, uuid) to fm_writer;
grant execute on function private.queue_again(public.workflow_executions) to fm_engine;
grant execute on function public.pause_execution(jsonb, jsonb, jsonb) to service_role;
grant execute on function public.resume_execution(jsonb, jsonb, jsonb) to service_role;
