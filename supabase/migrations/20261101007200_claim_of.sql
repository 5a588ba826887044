create function private.claim_of(execution public.workflow_executions, step integer) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
      'executionId', execution.execution_id, 'step', run.step, 'attempt', run.attempt, 'failures', run.failures,
      'modelId', execution.model_id, 'versionId', execution.version_id, 'versionNumber', execution.version_number,
      'startedBy', execution.started_by, 'environment', execution.environment,
      'parameters', execution.parameters, 'sessionId', execution.session_id,
      'depth', execution.depth, 'maxDepth', execution.max_depth, 'approvedActions', execution.approved_actions,
      'results', (
        select coalesce(jsonb_agg(
          jsonb_build_object('step', former.step, 'status', former.status)
          || case when former.output is null then '{}' else jsonb_build_object('output', former.output) end
          order by former.step), '[]')
        from public.action_runs as former
        join private.plan_steps as planned
          on planned.version_id = execution.version_id and planned.step = former.step and planned.kind = 'action'
        where former.execution_id = execution.execution_id and former.step < run.step
          and former.status in ('completed', 'failed', 'skipped')))
    || jsonb_strip_nulls(jsonb_build_object(
      'organizationId', execution.organization_id, 'deadline', private.wire_time(execution.deadline)))
    || coalesce((
      select jsonb_build_object('child', jsonb_build_object(
        'executionId', child.execution_id, 'status', child.status,
        'outputs', coalesce(child.outputs, '{}'), 'errors', coalesce(child.errors, '[]')))
      from public.workflow_executions as child
      where child.execution_id = run.child_execution_id and child.completed_at is not null), '{}')
  from public.action_runs as run
  where run.execution_id = execution.execution_id and run.step = claim_of.step
$$;

comment on function private.claim_of(public.workflow_executions, integer) is
  'What a worker is given with an action: the run, the results of the actions before it, and the nested run that ended for it.';

revoke all on function private.claim_of(public.workflow_executions, integer) from public;
grant execute on function private.claim_of(public.workflow_executions, integer) to fm_engine;
