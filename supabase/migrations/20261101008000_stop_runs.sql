-- Ending runs from outside: a cancellation by a person, a deadline by the clock.
-- Nested runs end with the run above them. The whole tree is locked by id before
-- anything is written; no nested run can appear below a locked one.

create function private.lock_tree(root_ids uuid[]) returns uuid[]
language plpgsql set search_path = ''
as $$
declare
  v_locked uuid[] := '{}';
  v_tree uuid[];
begin
  loop
    with recursive tree as (
      select execution.execution_id
      from public.workflow_executions as execution
      where execution.execution_id = any (lock_tree.root_ids) and execution.completed_at is null
      union
      select nested.execution_id
      from tree
      join public.workflow_executions as nested on nested.parent_execution_id = tree.execution_id
      where nested.completed_at is null
    )
    select coalesce(array_agg(tree.execution_id order by tree.execution_id), '{}') into v_tree from tree;
    exit when v_tree <@ v_locked;
    perform from public.workflow_executions as execution
    where execution.execution_id = any (v_tree)
    order by execution.execution_id
    for no key update;
    v_locked := v_tree;
  end loop;
  return v_tree;
end
$$;

comment on function private.lock_tree(uuid[]) is 'Locks runs and all runs nested in them that have not ended; answers their ids.';

create function private.stop_runs(root_ids uuid[], status text, reason text, actor_id uuid) returns void
language plpgsql set search_path = ''
as $$
declare
  v_tree uuid[] := private.lock_tree(stop_runs.root_ids);
  v_turn private.turn := private.open_turn(null, 0, v_tree);
  v_changes private.step_change[];
  v_drafts private.event_draft[];
  v_run_ends private.run_end[];
begin
  with stopped as (
    update public.action_runs as run
    set status = 'cancelled', lease_token = null, finished_at = now()
    where run.execution_id = any (v_tree) and run.status in ('pending', 'ready', 'executing', 'waiting')
    returning run.execution_id, run.step
  )
  select array_agg(row(stopped.execution_id, jsonb_build_object(
           'actionId', planned.action_id, 'name', planned.event -> 'actionName', 'status', 'cancelled', 'attempt', 0
         ))::private.step_change order by stopped.execution_id, stopped.step)
    into v_changes
  from stopped
  join public.workflow_executions as execution on execution.execution_id = stopped.execution_id
  join private.plan_steps as planned
    on planned.version_id = execution.version_id and planned.step = stopped.step and planned.kind = 'action';

  with judged as (
    select stopped.execution_id, stop_runs.status = 'failed' and stopped.execution_id = any (stop_runs.root_ids) as fails
    from unnest(v_tree) as stopped (execution_id)
  )
  select array_agg(row(judged.execution_id, 'WorkflowExecutionCancelled', stop_runs.actor_id,
           jsonb_strip_nulls(jsonb_build_object(
             'by', stop_runs.actor_id, 'at', v_turn.at, 'reason', stop_runs.reason)))::private.event_draft)
             filter (where not judged.fails),
         array_agg(row(
           judged.execution_id, case when judged.fails then 'failed' else 'cancelled' end, null,
           case when judged.fails then jsonb_build_array(jsonb_build_object(
             'code', 'EXECUTION_TIMEOUT', 'message', stop_runs.reason, 'category', 'timeout')) end)::private.run_end)
    into v_drafts, v_run_ends
  from judged;
  v_turn.changes := v_changes;
  v_turn.drafts := v_drafts;
  v_turn.run_ends := v_run_ends;
  if cardinality(v_tree) > 0 then
    perform private.close_turn(v_turn);
  end if;
end
$$;

comment on function private.stop_runs(uuid[], text, text, uuid) is
  'Ends runs as failed (deadline) or cancelled, and the runs nested in them as cancelled.';

create function private.cancel_runs(root_ids uuid[], reason text, actor_id uuid) returns void
language plpgsql set role = 'fm_engine' set search_path = ''
as $$
begin
  perform private.stop_runs(cancel_runs.root_ids, 'cancelled', cancel_runs.reason, cancel_runs.actor_id);
end
$$;

comment on function private.cancel_runs(uuid[], text, uuid) is
  'Cancels runs that a command has judged and locked.';

revoke all on function private.lock_tree(uuid[]) from public;
revoke all on function private.stop_runs(uuid[], text, text, uuid) from public;
revoke all on function private.cancel_runs(uuid[], text, uuid) from public;
grant execute on function private.lock_tree(uuid[]) to fm_engine;
grant execute on function private.stop_runs(uuid[], text, text, uuid) to fm_engine;
grant execute on function private.cancel_runs(uuid[], text, uuid) to fm_writer;
