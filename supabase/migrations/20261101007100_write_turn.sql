create function private.results_of(execution_ids uuid[])
returns table (execution_id uuid, outputs jsonb, errors jsonb)
language sql stable set search_path = ''
as $$
  select execution.execution_id, (
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
    where plan.version_id = execution.version_id
  ), (
    select coalesce(jsonb_agg(jsonb_build_object(
      'nodeId', step.node_id, 'actionId', step.action_id,
      'code', run.error -> 'code', 'message', run.error -> 'message') order by run.step), '[]')
    from public.action_runs as run
    join private.plan_steps as step on step.version_id = execution.version_id and step.step = run.step
    where run.execution_id = execution.execution_id and run.status = 'failed' and step.kind = 'action'
  )
  from public.workflow_executions as execution
  where execution.execution_id = any (results_of.execution_ids)
$$;

comment on function private.results_of(uuid[]) is
  'What runs produced and what failed for good in them: the outputs of the steps that their plans name, objects merged in that order, other values under the action''s name.';

create function private.end_runs(turn private.turn) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_run_ends private.run_end[] := turn.run_ends;
  v_drafts private.event_draft[];
begin
  with ended as (
    select run_end.execution_id, run_end.status, result.outputs,
           coalesce(run_end.errors, '[]') || result.errors as errors, run_end.place
    from unnest(v_run_ends) with ordinality as run_end (execution_id, status, outputs, errors, place)
    join private.results_of(array(select run_end.execution_id from unnest(v_run_ends) as run_end)) as result
      on result.execution_id = run_end.execution_id
  ), counted as (
    select step_end.execution_id,
           count(*) filter (where step_end.container_status = 'completed') as completed,
           count(*) filter (where step_end.container_status = 'failed') as failed,
           count(*) filter (where step_end.container_status = 'skipped') as skipped
    from unnest(turn.ends) as step_end
    group by 1
  ), told as (
    select ended.place, row(
      ended.execution_id,
      case ended.status when 'completed' then 'WorkflowExecutionCompleted' else 'WorkflowExecutionFailed' end, null,
      case ended.status
        when 'completed' then jsonb_build_object(
          'outputs', ended.outputs, 'completedAt', turn.at,
          'completedNodes', execution.completed_nodes + coalesce(counted.completed, 0))
        else jsonb_build_object(
          'errors', ended.errors, 'failedAt', turn.at,
          'failedNodes', execution.failed_nodes + coalesce(counted.failed, 0),
          'skippedNodes', execution.skipped_nodes + coalesce(counted.skipped, 0)) end
      || jsonb_build_object('durationMs', private.milliseconds(now() - coalesce(execution.started_at, now())))
    )::private.event_draft as draft
    from ended
    join public.workflow_executions as execution on execution.execution_id = ended.execution_id
    left join counted on counted.execution_id = ended.execution_id
    where ended.status <> 'cancelled'
  )
  select (select array_agg(row(ended.execution_id, ended.status, ended.outputs, ended.errors)::private.run_end
                           order by ended.place) from ended),
         (select array_agg(told.draft order by told.place) from told)
    into v_run_ends, v_drafts;
  turn.run_ends := v_run_ends;
  turn.drafts := turn.drafts || v_drafts;

  with gone as (
    delete from private.live_executions as live
    using unnest(v_run_ends) as ended
    where live.execution_id = ended.execution_id
  ), moved as (
    delete from private.group_cursors as moved
    using unnest(v_run_ends) as ended
    where moved.execution_id = ended.execution_id
  )
  -- The parent's row is never touched from here: its own claim will see this
  -- run's end, so locks are only ever taken from parent to child.
  insert into private.ready (priority, due_at, execution_id, step)
  select 1, now(), execution.parent_execution_id, execution.parent_step
  from unnest(v_run_ends) as ended
  join public.workflow_executions as execution on execution.execution_id = ended.execution_id
  where execution.parent_execution_id is not null;
  return turn;
end
$$;

comment on function private.end_runs(private.turn) is
  'Ends runs with their outputs and errors, and wakes the steps of the parent runs that wait for them.';

create function private.message_of(execution public.workflow_executions, at text, changes jsonb) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'topic', 'execution:' || execution.execution_id,
    'event', 'progress',
    'payload', jsonb_build_object(
      'type', 'execution',
      'executionId', execution.execution_id,
      'modelId', execution.model_id,
      'status', execution.status,
      'progress', public.progress(execution),
      -- A message is a hint and stays small; who wants all reads the run.
      'actions', coalesce(jsonb_path_query_array(changes, '$[0 to 99]'), '[]'),
      'revision', execution.revision,
      'occurredAt', message_of.at));
end
$$;

comment on function private.message_of(public.workflow_executions, text, jsonb) is
  'The broadcast of a run that a turn changed, with up to a hundred of its changes.';

create function private.write_turn(turn private.turn, broadcasts boolean default false) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_request jsonb := private.current_request();
  v_messages jsonb[];
begin
  with counted as (
    select step_end.execution_id, sum(step_end.steps) as steps,
           count(*) filter (where step_end.container_status = 'completed') as completed,
           count(*) filter (where step_end.container_status = 'failed') as failed,
           count(*) filter (where step_end.container_status = 'skipped') as skipped
    from unnest(turn.ends) as step_end
    group by 1
  ), numbered as (
    select draft.*, row_number() over (partition by draft.aggregate_id order by draft.place) as number
    from unnest(turn.drafts) with ordinality as draft (aggregate_id, event_type, actor_id, facts, place)
  ), told as (
    select numbered.aggregate_id, count(*) as events from numbered group by 1
  ), changed as (
    select change.execution_id, jsonb_agg(change.change order by change.place) as changes
    from unnest(turn.changes) with ordinality as change (execution_id, change, place)
    group by 1
  ), written as (
    update public.workflow_executions as execution
    set status = coalesce(ended.status, case when moved.begins then 'running' else execution.status end),
        remaining_steps = execution.remaining_steps - coalesce(counted.steps, 0),
        completed_nodes = execution.completed_nodes + coalesce(counted.completed, 0),
        failed_nodes = execution.failed_nodes + coalesce(counted.failed, 0),
        skipped_nodes = execution.skipped_nodes + coalesce(counted.skipped, 0),
        stream_version = execution.stream_version + coalesce(told.events, 0),
        revision = execution.revision + 1,
        started_at = case when moved.begins then now() else execution.started_at end,
        completed_at = case when ended.status is null then execution.completed_at else now() end,
        outputs = coalesce(ended.outputs, execution.outputs),
        errors = coalesce(ended.errors, execution.errors)
    from (
      select touched.execution_id, touched.execution_id = any (turn.begun) as begins
      from unnest(turn.touched) as touched (execution_id)
    ) as moved
    left join counted on counted.execution_id = moved.execution_id
    left join told on told.aggregate_id = moved.execution_id
    left join changed on changed.execution_id = moved.execution_id
    left join unnest(turn.run_ends) as ended on ended.execution_id = moved.execution_id
    where execution.execution_id = moved.execution_id
    returning execution.execution_id, execution.organization_id,
      execution.stream_version - coalesce(told.events, 0) as events_before,
      case when write_turn.broadcasts then private.message_of(execution, turn.at, changed.changes) end as message
  ), appended as (
    insert into public.execution_events (
      aggregate_id, aggregate_version, event_type, organization_id, actor_id, correlation_id, traceparent, facts)
    select numbered.aggregate_id, written.events_before + numbered.number, numbered.event_type,
           written.organization_id, numbered.actor_id, v_request ->> 'requestId', v_request ->> 'traceparent',
           numbered.facts
    from numbered
    join written on written.execution_id = numbered.aggregate_id
    order by numbered.place
  )
  select array_agg(written.message order by written.execution_id) into v_messages from written;

  if write_turn.broadcasts and v_messages is not null then
    perform private.broadcast(v_messages);
  end if;
  turn.begun := '{}';
  turn.ends := '{}';
  turn.drafts := '{}';
  return turn;
end
$$;

comment on function private.write_turn(private.turn, boolean) is
  'Writes what the turn counted and told so far: the rows of its runs, their events, and the broadcasts.';

create function private.close_turn(turn private.turn, broadcasts boolean default true) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_run_ends private.run_end[];
begin
  select array_agg(row(
           execution.execution_id,
           case when execution.failed_nodes + coalesce(counted.failed, 0) = 0 then 'completed' else 'failed' end,
           null, null)::private.run_end order by execution.execution_id)
    into v_run_ends
  from unnest(turn.touched) as touched (execution_id)
  join public.workflow_executions as execution on execution.execution_id = touched.execution_id
  left join (
    select step_end.execution_id, sum(step_end.steps) as steps,
           count(*) filter (where step_end.container_status = 'failed') as failed
    from unnest(turn.ends) as step_end
    group by 1
  ) as counted on counted.execution_id = touched.execution_id
  where (execution.status = 'running' or touched.execution_id = any (turn.begun))
    and execution.remaining_steps = coalesce(counted.steps, 0)
    and not exists (
      select from unnest(turn.run_ends) as known where known.execution_id = touched.execution_id);
  turn.run_ends := turn.run_ends || v_run_ends;
  if turn.run_ends <> '{}' then
    turn := private.end_runs(turn);
  end if;
  return private.write_turn(turn, close_turn.broadcasts);
end
$$;

comment on function private.close_turn(private.turn, boolean) is
  'Ends the runs of which nothing remains, and writes all of the turn.';

revoke all on function private.results_of(uuid[]) from public;
revoke all on function private.end_runs(private.turn) from public;
revoke all on function private.message_of(public.workflow_executions, text, jsonb) from public;
revoke all on function private.write_turn(private.turn, boolean) from public;
revoke all on function private.close_turn(private.turn, boolean) from public;
grant execute on function private.results_of(uuid[]) to fm_engine;
grant execute on function private.end_runs(private.turn) to fm_engine;
grant execute on function private.message_of(public.workflow_executions, text, jsonb) to fm_engine;
grant execute on function private.write_turn(private.turn, boolean) to fm_engine;
grant execute on function private.close_turn(private.turn, boolean) to fm_engine;
