create function private.begin_run(turn private.turn) returns private.turn
language plpgsql set search_path = ''
as $$
begin
  turn.execution.status := 'running';
  turn.execution.started_at := now();
  turn := private.draft_event(turn, 'WorkflowExecutionStarted',
    jsonb_build_object(
      'version', (turn.execution).version_number, 'environment', (turn.execution).environment,
      'startedBy', (turn.execution).started_by, 'startedAt', turn.at)
    || jsonb_strip_nulls(jsonb_build_object('parentExecutionId', (turn.execution).parent_execution_id)),
    (turn.execution).started_by);
  return private.arrive(turn, (
    select plan.roots from private.plans as plan where plan.version_id = (turn.execution).version_id));
end
$$;

comment on function private.begin_run(private.turn) is
  'Takes a pending run to running and sets off its roots.';

revoke all on function private.begin_run(private.turn) from public;
grant execute on function private.begin_run(private.turn) to fm_engine;
