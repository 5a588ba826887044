create function private.begin_runs(turn private.turn, execution_ids uuid[]) returns private.turn
language plpgsql set search_path = ''
as $$
declare
  v_drafts private.event_draft[];
  v_arrivals private.arrival[];
begin
  select array_agg(row(
           execution.execution_id, 'WorkflowExecutionStarted', execution.started_by,
           jsonb_build_object(
             'version', execution.version_number, 'environment', execution.environment,
             'startedBy', execution.started_by, 'startedAt', turn.at)
           || case when execution.parent_execution_id is null then '{}' else jsonb_build_object(
             'parentExecutionId', execution.parent_execution_id) end
         )::private.event_draft order by begun.place)
    into v_drafts
  from unnest(begin_runs.execution_ids) with ordinality as begun (execution_id, place)
  join public.workflow_executions as execution on execution.execution_id = begun.execution_id;
  select array_agg(row(execution.execution_id, execution.version_id, root.step)::private.arrival
                   order by begun.place, root.place)
    into v_arrivals
  from unnest(begin_runs.execution_ids) with ordinality as begun (execution_id, place)
  join public.workflow_executions as execution on execution.execution_id = begun.execution_id
  join private.plans as plan on plan.version_id = execution.version_id
  cross join unnest(plan.roots) with ordinality as root (step, place);
  turn.begun := turn.begun || begin_runs.execution_ids;
  turn.drafts := turn.drafts || v_drafts;
  turn.arrivals := turn.arrivals || v_arrivals;
  return turn;
end
$$;

comment on function private.begin_runs(private.turn, uuid[]) is
  'Takes pending runs to running and sets off their roots.';

revoke all on function private.begin_runs(private.turn, uuid[]) from public;
grant execute on function private.begin_runs(private.turn, uuid[]) to fm_engine;
