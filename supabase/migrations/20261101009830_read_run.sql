create function public.read_run(execution_id uuid) returns jsonb
language plpgsql stable set role = 'fm_engine' set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'execution', jsonb_strip_nulls(jsonb_build_object(
        'executionId', execution.execution_id, 'modelId', execution.model_id, 'versionId', execution.version_id,
        'versionNumber', execution.version_number, 'organizationId', execution.organization_id,
        'status', execution.status, 'environment', execution.environment, 'sessionId', execution.session_id,
        'mode', execution.mode, 'priority', execution.priority, 'maxDepth', execution.max_depth,
        'approvedActions', execution.approved_actions,
        'startAt', private.wire_time(execution.start_at), 'deadline', private.wire_time(execution.deadline),
        'progress', public.progress(execution), 'parentExecutionId', execution.parent_execution_id,
        'parentStep', execution.parent_step, 'scheduleId', execution.schedule_id,
        'scheduledFor', private.wire_time(execution.scheduled_for), 'depth', execution.depth, 'startedBy', execution.started_by,
        'createdAt', private.wire_time(execution.created_at), 'startedAt', private.wire_time(execution.started_at),
        'completedAt', private.wire_time(execution.completed_at), 'revision', execution.revision))
        || jsonb_build_object(
          'parameters', execution.parameters, 'outputs', execution.outputs,
          'errors', coalesce(execution.errors, '[]')),
      'steps', (
        select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
          'step', run.step, 'status', run.status, 'attempt', run.attempt, 'failures', run.failures,
          'letsOthersGoOn', run.lets_others_go_on, 'skipReason', run.skip_reason, 'error', run.error,
          'dueAt', private.wire_time(run.due_at), 'startedAt', private.wire_time(run.started_at),
          'finishedAt', private.wire_time(run.finished_at))) || jsonb_build_object('output', run.output)
          order by run.step), '[]')
        from public.action_runs as run
        where run.execution_id = execution.execution_id))
    from public.workflow_executions as execution
    where execution.execution_id = read_run.execution_id);
end
$$;

comment on function public.read_run(uuid) is
  'A run and its steps in wire form {execution, steps}, or null; for the service, which may read no table.';

revoke all on function public.read_run(uuid) from public, anon, authenticated, service_role;
grant execute on function public.read_run(uuid) to service_role;

create function public.read_nested_runs(execution_ids uuid[]) returns jsonb
language plpgsql stable set role = 'fm_engine' set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(public.read_run(nested.execution_id) -> 'execution' order by nested.execution_id), '[]')
    from public.workflow_executions as nested
    where nested.parent_execution_id = any (read_nested_runs.execution_ids));
end
$$;

comment on function public.read_nested_runs(uuid[]) is
  'The runs nested directly in some others, in wire form; for the service, which may read no table.';

revoke all on function public.read_nested_runs(uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.read_nested_runs(uuid[]) to service_role;
grant execute on function public.read_run(uuid) to fm_engine;
