create function private.results_before(execution_id uuid, version_id uuid, step integer) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case when former.output is null
        then jsonb_build_object('step', former.step, 'status', former.status)
        else jsonb_build_object('step', former.step, 'status', former.status, 'output', former.output) end
      order by former.step), '[]')
    from public.action_runs as former
    join private.plan_steps as planned
      on planned.version_id = results_before.version_id and planned.step = former.step and planned.kind = 'action'
    where former.execution_id = results_before.execution_id and former.step < results_before.step
      and former.status in ('completed', 'failed', 'skipped'));
end
$$;

comment on function private.results_before(uuid, uuid, integer) is
  'What the actions with a lower number came to.';

create function private.claims_of(turn private.turn) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  if cardinality(turn.claimed) = 0 then
    return '[]';
  end if;
  return (
    select jsonb_agg(jsonb_build_object(
        'executionId', execution.execution_id, 'modelId', execution.model_id,
        'versionId', execution.version_id, 'versionNumber', execution.version_number,
        'startedBy', execution.started_by, 'environment', execution.environment,
        'parameters', execution.parameters, 'sessionId', execution.session_id,
        'depth', execution.depth, 'maxDepth', execution.max_depth,
        'approvedActions', execution.approved_actions,
        'step', run.step, 'attempt', run.attempt, 'failures', run.failures,
        'results', private.results_before(run.execution_id, claim.version_id, run.step))
      || case when execution.organization_id is null then '{}' else jsonb_build_object(
           'organizationId', execution.organization_id) end
      || case when execution.deadline is null then '{}' else jsonb_build_object(
           'deadline', private.wire_time(execution.deadline)) end
      || case when execution.traceparent is null then '{}' else jsonb_build_object(
           'traceparent', execution.traceparent) end
      || case when planned.opened_by is null then '{}' else jsonb_build_object(
           'containerElapsedMs', private.milliseconds(now() - opened.started_at)) end
      || case when execution.recovery is null then '{}' else jsonb_build_object(
           'recovery', execution.recovery, 'containerRestarts', opened.failures) end
      || case when run.options is null then '{}' else jsonb_build_object('options', run.options) end
      || case when child.execution_id is null then '{}' else jsonb_build_object(
           'child', jsonb_build_object(
             'executionId', child.execution_id, 'status', child.status,
             'outputs', coalesce(child.outputs, '{}'), 'errors', coalesce(child.errors, '[]'))) end
      order by claim.place)
    from unnest(turn.claimed) with ordinality as claim (execution_id, version_id, step, place)
    join public.workflow_executions as execution on execution.execution_id = claim.execution_id
    join public.action_runs as run on run.execution_id = claim.execution_id and run.step = claim.step
    join private.plan_steps as planned on planned.version_id = claim.version_id and planned.step = claim.step
    left join public.workflow_executions as child on child.execution_id = run.child_execution_id
    left join public.action_runs as opened
      on opened.execution_id = claim.execution_id
      and opened.step = case when planned.opened_by is not null or execution.recovery is not null
        then private.opening_step(claim.version_id, claim.step, planned.opened_by) end);
end
$$;

comment on function private.claims_of(private.turn) is
  'All that a turn handed over, as the worker gets it: the run, the results of the actions before, the nested run that ended for it, containerElapsedMs where the container has a time limit, recovery and containerRestarts where it is tried again.';

revoke all on function private.results_before(uuid, uuid, integer) from public;
revoke all on function private.claims_of(private.turn) from public;
grant execute on function private.results_before(uuid, uuid, integer) to fm_engine;
grant execute on function private.claims_of(private.turn) to fm_engine;
