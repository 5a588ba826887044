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
  v_execution public.workflow_executions;
  v_turn private.turn;
  v_drafts private.event_draft[] := '{}';
  v_messages jsonb[] := '{}';
  v_cancelled private.plan_steps;
  v_is_root boolean;
begin
  for v_execution in
    select execution.*
    from public.workflow_executions as execution
    where execution.execution_id = any (private.lock_tree(stop_runs.root_ids))
    order by execution.execution_id
  loop
    v_is_root := v_execution.execution_id = any (stop_runs.root_ids);
    v_turn := private.open_turn(v_execution, null, 0);
    for v_cancelled in
      with stopped as (
        update public.action_runs as run
        set status = 'cancelled', lease_token = null, finished_at = now()
        where run.execution_id = v_execution.execution_id
          and run.status in ('pending', 'ready', 'executing', 'waiting')
        returning run.step
      )
      select planned.*
      from stopped
      join private.plan_steps as planned
        on planned.version_id = v_execution.version_id and planned.step = stopped.step and planned.kind = 'action'
      order by planned.step
    loop
      v_turn := private.note_change(v_turn, v_cancelled, 'cancelled', 0);
    end loop;

    if stop_runs.status = 'failed' and v_is_root then
      v_turn := private.end_run(v_turn, 'failed', jsonb_build_array(jsonb_build_object(
        'code', 'EXECUTION_TIMEOUT', 'message', stop_runs.reason, 'category', 'timeout')));
    else
      v_turn := private.draft_event(v_turn, 'WorkflowExecutionCancelled', jsonb_strip_nulls(jsonb_build_object(
        'by', stop_runs.actor_id, 'at', v_turn.at, 'reason', stop_runs.reason)), stop_runs.actor_id);
      v_turn := private.end_run(v_turn, 'cancelled');
    end if;
    v_turn := private.close_turn(v_turn);
    v_drafts := v_drafts || v_turn.drafts;
    v_messages := v_messages || private.message_of(v_turn);
  end loop;
  if cardinality(v_drafts) > 0 then
    perform private.publish_turns(v_drafts, v_messages);
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
